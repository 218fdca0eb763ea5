"""The Applications that an Argo CD ApplicationSet makes."""

from __future__ import annotations

from dataclasses import dataclass

from gategit.render.argocd_application import Application
from gategit.render.values import AgentObject, RenderProblem
from gategit.render.world import World


@dataclass(frozen=True, slots=True)
class Made:
    """What an ApplicationSet makes, what is wrong with it, and what of it could not be followed."""

    applications: tuple[Application, ...] = ()
    problems: tuple[RenderProblem, ...] = ()
    unchecked: tuple[tuple[str, str], ...] = ()


def applications_of(one: AgentObject, world: World) -> Made:
    return Made()
