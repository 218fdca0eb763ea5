"""What Flux's objects ask for: a unit for each Kustomization and HelmRelease, and what is wrong with their wiring.

A Kustomization may bring others, and changes them on the way: patches, substitution, a namespace. What is declared in
a file that a Kustomization applies is therefore taken from what that one renders, as soon as it is rendered, and not
from the file. A suspended object is rendered like any other: it is what the cluster becomes once it is resumed, and the
unit says that it is suspended.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from gategit.checks.references.sources import text_at
from gategit.disk import show_path
from gategit.render.flux_instances import check_sync, left_out, synced
from gategit.render.flux_kustomizations import Findings, kustomization_unit
from gategit.render.flux_releases import release_unit
from gategit.render.flux_sources import HELM, KUSTOMIZE, Sources
from gategit.render.flux_variables import finish, substitute
from gategit.render.flux_wiring import check_rendered, check_wiring
from gategit.render.values import AgentObject, Discovery, RenderProblem, Unit
from gategit.render.world import World

__all__ = ["check_rendered", "finish", "flux_units", "substitute"]

_LONGEST = 253
_KINDS = ((KUSTOMIZE, "Kustomization"), (HELM, "HelmRelease"))


def flux_units(objects: Sequence[AgentObject], world: World, failed: Collection[str] = ()) -> Discovery:
    """The units that objects ask for.

    Args:
        objects: declared and rendered objects; what is not Flux's is passed over.
        world: everything that they may refer to.
        failed: the names of units that could not be rendered; what is declared in their files is taken as declared.
    """
    # What a file still declares under the name is what the operator takes over.
    made = [one for one in synced(world) if not world.named(*_kind(one), one.namespace, _name(one))]
    if made:
        world = replace(world, objects=(*world.objects, *made))
        objects = (*objects, *made)
    wanted = [one for one in objects if _kind(one) in _KINDS and not _is_rendered(one, world, failed)]
    found = Findings(unchecked=list(left_out(world)))
    if not wanted:
        return Discovery(unchecked=tuple(found.unchecked))
    sources = Sources(world)
    found.problems.extend(check_sync(world, sources))
    units: list[Unit] = []
    for one, name in zip(wanted, _names(wanted), strict=True):
        make = kustomization_unit if _kind(one) == _KINDS[0] else release_unit
        unit, own = make(one, name, world, sources)
        units.extend([unit] if unit else [])
        found.problems.extend(own.problems)
        found.unchecked.extend(own.unchecked)
    problems: list[RenderProblem] = [*found.problems, *check_wiring(wanted, world)]
    return Discovery(tuple(units), tuple(_unique(problems)), tuple(dict.fromkeys(found.unchecked)))


def _kind(one: AgentObject) -> tuple[str, str]:
    return text_at(one.data, "apiVersion").rpartition("/")[0], text_at(one.data, "kind")


def _name(one: AgentObject) -> str:
    return text_at(one.data, "metadata", "name")


def _is_rendered(one: AgentObject, world: World, failed: Collection[str]) -> bool:
    """Whether a declared object is there as a rendered one, too: that is what the cluster gets."""
    if one.parent is not None:
        return False
    return any(
        other.parent is not None
        and other.parent.name not in failed
        and other.file == one.file
        and _name(other) == _name(one)
        for other in world.of_kind(*_kind(one))
    )


def _names(wanted: Sequence[AgentObject]) -> list[str]:
    """A name for each unit, unique: with the target where there is one, and with the file where it needs that."""
    names = []
    for one in wanted:
        namespace, name = show_path(one.namespace), show_path(_name(one))[:_LONGEST]
        whole = f"Flux {_kind(one)[1]} {namespace}/{name}" if namespace else f"Flux {_kind(one)[1]} {name}"
        names.append(f"{whole} of {one.target}" if one.target else whole)
    repeated = {name for name in names if names.count(name) > 1} if len(set(names)) < len(names) else set()
    seen: dict[str, int] = {}
    unique = []
    for one, name in zip(wanted, names, strict=True):
        full = f"{name} in {show_path(one.file)}" if name in repeated else name
        seen[full] = seen.get(full, 0) + 1
        unique.append(full if seen[full] == 1 else f"{full} ({seen[full]})")
    return unique


def _unique(problems: Sequence[RenderProblem]) -> list[RenderProblem]:
    return list({(one.rule, one.message, one.location): one for one in problems}.values())
