"""The order in which Argo CD syncs an Application: phases of hooks, waves, and what must be there before what."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gategit.checks.references.sources import text_at
from gategit.model import Level, Location, ObjectRef
from gategit.render.argocd_application import IN_CLUSTER, IN_CLUSTER_NAME
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
_ALWAYS_THERE: Final = frozenset({"default", "kube-system", "kube-public", "kube-node-lease"})
_OPTIONS: Final = "argocd.argoproj.io/sync-options"
_SKIP: Final = "SkipDryRunOnMissingResource=true"
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


There = tuple[str | None, str, str]
"""A target, and the kind and name of a Namespace or CustomResourceDefinition that it has."""


def there_of(target: str | None, kind: str, name: str) -> There | None:
    """How an object is named that others need to be there; None for one that nothing waits for."""
    return (target, kind, name) if kind in {"Namespace", "CustomResourceDefinition"} and name else None


def check_order(
    rendered: Sequence[Rendered], world: World | None = None, there: Collection[There] | None = None
) -> tuple[RenderProblem, ...]:
    """Find what Argo CD syncs before its namespace or its definition, in one and the same Application.

    What several Applications bring in the same way is said once. What may be there already is only warned of: the sync
    fails in a new cluster, and in no other.

    Args:
        rendered: what came of the units of one tree.
        world: the tree, where the lines of objects are wanted.
        there: what the clusters have before the change, by ``there_of``; None where nobody knows.
    """
    together: dict[tuple[ObjectRef, str | None, str], list[Rendered]] = {}
    for one in rendered:
        if one.unit.project and one.unit.owner is not None:
            key = (one.unit.owner.ref, one.unit.target, one.unit.name.partition(", source ")[0])
            together.setdefault(key, []).append(one)
    found = [problem for several in together.values() for problem in _of_application(several, world, there)]
    found += _from_others(rendered, world, there) if there is not None else ()
    return tuple(dict.fromkeys(found))


def _from_others(
    rendered: Sequence[Rendered], world: World | None, there: Collection[There]
) -> Iterator[RenderProblem]:
    """Custom resources whose definition is new, and another Application's: nobody says which of both is synced first.

    Before it applies anything Argo CD asks the server to try it all; it leaves out what has its definition in the same
    sync, and what has an option that says so.
    """
    items = [(one.unit, item) for one in rendered if one.unit.project for item in one.objects]
    brought: dict[tuple[str, str, str], dict[ObjectRef, str]] = {}
    for unit, item in items:
        name = text_at(item.data, "metadata", "name")
        is_definition = text_at(item.data, "kind") == "CustomResourceDefinition"
        if is_definition and unit.owner is not None and (unit.target, "CustomResourceDefinition", name) not in there:
            group, kind = text_at(item.data, "spec", "group"), text_at(item.data, "spec", "names", "kind")
            brought.setdefault((unit.target or unit.cluster, group, kind), {})[unit.owner.ref] = name
    said: set[tuple[ObjectRef, str, str]] = set()
    for unit, item in items:
        group, kind = text_at(item.data, "apiVersion").rpartition("/")[0], text_at(item.data, "kind")
        owners = brought.get((unit.target or unit.cluster, group, kind), {})
        if unit.owner is None or not owners or unit.owner.ref in owners or _skips_dry_run(unit, item):
            continue
        if (unit.owner.ref, group, kind) not in said:
            said.add((unit.owner.ref, group, kind))
            ref = ref_of(item.data, unit.namespace)
            yield RenderProblem(
                SYNC_ORDER.id,
                f"{ref} needs the definition of {kind}, which {next(iter(owners))} brings: without {_SKIP} its sync "
                "fails until that one is done",
                declared_at(item, unit.owner, world, ("kind",)),
                f"Set the annotation {_OPTIONS}: {_SKIP}, or the sync option of its Application.",
                level=Level.WARNING,
                object=ref,
                path=("kind",),
                fatal=False,
            )


def _skips_dry_run(unit: Unit, item: RenderedObject) -> bool:
    own = text_at(item.data, "metadata", "annotations", _OPTIONS).split(",")
    return _SKIP in (*(one.strip() for one in own), *unit.sync_options)


@dataclass(frozen=True, slots=True)
class _Brought:
    """When a sync brings what others need, and under which name."""

    position: Position
    kind: str
    name: str


def _of_application(
    several: Sequence[Rendered], world: World | None, there: Collection[There] | None
) -> Iterator[RenderProblem]:
    items = [(one.unit, item, position_of(item.data)) for one in several for item in one.objects]
    brought: dict[tuple[str, str], _Brought] = {}
    for _, item, position in items:
        kind, name = text_at(item.data, "kind"), text_at(item.data, "metadata", "name")
        if position is None or there_of(None, kind, name) is None:
            continue
        key = ("", name)
        if kind == "CustomResourceDefinition":
            key = text_at(item.data, "spec", "group"), text_at(item.data, "spec", "names", "kind")
        if key not in brought or position < brought[key].position:
            brought[key] = _Brought(position, kind, name)
    said: set[tuple[str, str]] = set()
    for unit, item, position in items:
        if position is None or unit.owner is None:
            continue
        for key, message in _needs(unit, item):
            needed = brought.get(key)
            if needed is not None and needed.position > position and key not in said:
                said.add(key)
                where = declared_at(item, unit.owner, world, ("metadata", "annotations", _WAVE))
                is_new = there is not None and (unit.target, needed.kind, needed.name) not in there
                yield _problem(item, where, position, message, needed.position, is_new=is_new)


def _needs(unit: Unit, item: RenderedObject) -> Iterator[tuple[tuple[str, str], str]]:
    """What an object needs to be there."""
    group = text_at(item.data, "apiVersion").rpartition("/")[0]
    kind = text_at(item.data, "kind")
    yield (group, kind), f"the definition of {kind}"
    named = text_at(item.data, "metadata", "namespace")
    made = "CreateNamespace=true" in unit.sync_options and named == unit.namespace
    # Argo CD itself runs in the namespace of its Applications.
    own = unit.owner is not None and named == unit.owner.ref.namespace and unit.cluster in {IN_CLUSTER, IN_CLUSTER_NAME}
    if named and not made and not own and named not in _ALWAYS_THERE:
        yield ("", named), f"its namespace {named}"


def _problem(  # noqa: PLR0913  what a finding says, in its order
    item: RenderedObject, where: Location, position: Position, message: str, later: Position, *, is_new: bool
) -> RenderProblem:
    ref = ref_of(item.data)
    return RenderProblem(
        SYNC_ORDER.id,
        f"{ref} is synced in {_shown(position)}, before {message} in {_shown(later)}",
        where,
        f"Give {message} a lower {_WAVE}, or {ref} a higher one.",
        level=None if is_new else Level.WARNING,
        object=ref,
        path=("metadata", "annotations", _WAVE),
        fatal=False,
    )


def _shown(position: Position) -> str:
    phase, wave = position
    return f"wave {wave}" if phase == _PHASES["Sync"] else f"wave {wave} of {_NAMES[phase]}"
