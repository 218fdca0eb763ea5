"""The order in which Argo CD syncs an Application: phases of hooks, waves, and what must be there before what."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from gategit.checks.references.sources import text_at
from gategit.model import Location, ObjectRef
from gategit.render.argocd_rules import SYNC_ORDER
from gategit.render.declared_at import declared_at
from gategit.render.values import Rendered, RenderedObject, RenderProblem, Unit
from gategit.render.world import World, ref_of

Position = tuple[int, int]
"""A phase and a wave; what is smaller comes first."""

_PHASES: Final = {"PreSync": 0, "Sync": 1, "PostSync": 2}
_NAMES: Final = {number: name for name, number in _PHASES.items()}
_HELM_PHASES: Final = {
    "pre-install": "PreSync",
    "pre-upgrade": "PreSync",
    "post-install": "PostSync",
    "post-upgrade": "PostSync",
}
_WAVE: Final = "argocd.argoproj.io/sync-wave"
_NUMBER: Final = re.compile(r"[+-]?\d{1,9}")


def position_of(data: Mapping[str, Any]) -> Position | None:
    """When Argo CD syncs an object first; None where no sync does (hooks of failures, of deletions, or none)."""
    hooks = text_at(data, "metadata", "annotations", "argocd.argoproj.io/hook")
    helm = text_at(data, "metadata", "annotations", "helm.sh/hook")
    weight = ""
    names = [name.strip() for name in hooks.split(",")]
    if not hooks and helm:
        asked = [name.strip() for name in helm.split(",")]
        # Argo CD knows no hook for definitions: they are applied as everything else is.
        names = ["Sync" if name == "crd-install" else _HELM_PHASES.get(name, "") for name in asked]
        weight = text_at(data, "metadata", "annotations", "helm.sh/hook-weight")
    elif not hooks:
        names = ["Sync"]
    phases = [_PHASES[name] for name in names if name in _PHASES]
    if not phases:
        return None
    text = text_at(data, "metadata", "annotations", _WAVE) or weight
    return min(phases), int(text) if _NUMBER.fullmatch(text) else 0


def check_order(rendered: Sequence[Rendered], world: World | None = None) -> tuple[RenderProblem, ...]:
    """Find what Argo CD syncs before its namespace or its definition, in one and the same Application.

    What several Applications bring in the same way is said once.

    Args:
        rendered: what came of the units of one tree.
        world: the tree, where the lines of objects are wanted.
    """
    together: dict[tuple[ObjectRef, str | None, str], list[Rendered]] = {}
    for one in rendered:
        if one.unit.project and one.unit.owner is not None:
            key = (one.unit.owner.ref, one.unit.target, one.unit.name.partition(", source ")[0])
            together.setdefault(key, []).append(one)
    found = [problem for several in together.values() for problem in _of_application(several, world)]
    return tuple(dict.fromkeys(found))


def _of_application(several: Sequence[Rendered], world: World | None) -> Iterator[RenderProblem]:
    items = [(one.unit, item, position_of(item.data)) for one in several for item in one.objects]
    namespaces: dict[str, Position] = {}
    kinds: dict[tuple[str, str], Position] = {}
    for _, item, position in items:
        kind = text_at(item.data, "kind")
        if position is None:
            continue
        if kind == "Namespace":
            name = text_at(item.data, "metadata", "name")
            namespaces[name] = min(position, namespaces.get(name, position))
        elif kind == "CustomResourceDefinition":
            names = text_at(item.data, "spec", "group"), text_at(item.data, "spec", "names", "kind")
            kinds[names] = min(position, kinds.get(names, position))
    said: set[tuple[str, str]] = set()
    for unit, item, position in items:
        if position is None or unit.owner is None:
            continue
        for key, message, later in _needs(unit, item, namespaces, kinds):
            if later > position and key not in said:
                said.add(key)
                where = declared_at(item, unit.owner, world, ("metadata", "annotations", _WAVE))
                yield _problem(item, where, position, message, later)


def _needs(
    unit: Unit, item: RenderedObject, namespaces: Mapping[str, Position], kinds: Mapping[tuple[str, str], Position]
) -> Iterator[tuple[tuple[str, str], str, Position]]:
    """What an object needs, and when that comes."""
    group = text_at(item.data, "apiVersion").rpartition("/")[0]
    kind = text_at(item.data, "kind")
    if (group, kind) in kinds:
        yield (group, kind), f"the definition of {kind}", kinds[group, kind]
    named = text_at(item.data, "metadata", "namespace")
    made = "CreateNamespace=true" in unit.sync_options and named == unit.namespace
    if named in namespaces and not made:
        yield ("", named), f"its namespace {named}", namespaces[named]


def _problem(item: RenderedObject, where: Location, position: Position, message: str, later: Position) -> RenderProblem:
    ref = ref_of(item.data)
    return RenderProblem(
        SYNC_ORDER.id,
        f"{ref} is synced in {_shown(position)}, before {message} in {_shown(later)}",
        where,
        f"Give {message} a lower {_WAVE}, or {ref} a higher one.",
        object=ref,
        path=("metadata", "annotations", _WAVE),
        fatal=False,
    )


def _shown(position: Position) -> str:
    phase, wave = position
    return f"wave {wave}" if phase == _PHASES["Sync"] else f"wave {wave} of {_NAMES[phase]}"
