"""Who brings what where: objects that two owners bring, and destinations that no target describes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from gategit.checks.references.sources import text_at
from gategit.model import Level, ObjectRef, RelatedLocation
from gategit.render.argocd_application import IN_CLUSTER, IN_CLUSTER_NAME
from gategit.render.declared_at import declared_at
from gategit.render.values import Owner, Rendered, RenderedObject, RenderProblem, RenderSettings, Unit
from gategit.render.wiring_rules import DESTINATION_UNKNOWN, DUPLICATE_OWNER
from gategit.render.world import World, ref_of

if TYPE_CHECKING:
    from gategit.render.scopes import IsNamespaced

_MOST_RIVALS: Final = 50
"""How many units more than a change reaches are rendered to see who else owns what."""

_HOOKS: Final = ("argocd.argoproj.io/hook", "helm.sh/hook")


class _Key(NamedTuple):
    """What names one object of one cluster."""

    target: str | None
    cluster: str
    group: str
    kind: str
    namespace: str
    name: str


def check_owners(
    rendered: Sequence[Rendered], is_namespaced: IsNamespaced, world: World | None = None
) -> tuple[RenderProblem, ...]:
    """Find objects that two owners bring to one cluster; all that the same two bring is said together.

    A namespace that several bring is only warned of, and so is everything where no target says which cluster it is:
    two Applications for "the cluster that Argo CD runs in" may be meant for two. Hooks are nobody's in the end.

    Args:
        rendered: what came of the units of one tree.
        is_namespaced: which kinds live in namespaces.
        world: the tree, where the lines of objects are wanted.
    """
    return tuple(_duplicates(rendered, is_namespaced, world))


def rivals(
    rendered: Sequence[Rendered],
    before: Sequence[Rendered],
    others: Sequence[Unit],
    is_namespaced: IsNamespaced,
    brings: Callable[[Unit, str, str, str], bool],
) -> tuple[Unit, ...]:
    """Units that are not rendered and may bring what a change newly brings: to be rendered for ``check_owners``.

    Args:
        rendered: what came of the units that the change reaches.
        before: what came of them before it.
        others: the units that it does not reach.
        is_namespaced: which kinds live in namespaces.
        brings: whether a unit's files may make an object of a group, kind and name.
    """
    known = set(_keys(before, is_namespaced))
    new = {key for key in _keys(rendered, is_namespaced) if key not in known}
    found: list[Unit] = []
    for unit in others if new else ():
        if unit.owner is None or unit.suspended or len(found) == _MOST_RIVALS:
            continue
        here = {key for key in new if (key.target, key.cluster) == (unit.target, _cluster(unit))}
        if any(brings(unit, *name) for name in {(key.group, key.kind, key.name) for key in here}):
            found.append(unit)
    return tuple(found)


def _keys(rendered: Sequence[Rendered], is_namespaced: IsNamespaced) -> Iterator[_Key]:
    for one in rendered:
        if one.unit.owner is not None and not one.unit.suspended:
            keys = (_key(one.unit, item, is_namespaced) for item in one.objects)
            yield from (key for key in keys if key is not None)


def _duplicates(
    rendered: Sequence[Rendered], is_namespaced: IsNamespaced, world: World | None
) -> Iterator[RenderProblem]:
    first: dict[_Key, tuple[str, Owner]] = {}
    shared: dict[tuple[Unit, str], dict[_Key, tuple[RenderedObject, Owner, Owner]]] = {}
    for one in rendered:
        unit, owner = one.unit, one.unit.owner
        if owner is None or unit.suspended:
            continue
        for item in one.objects:
            key = _key(unit, item, is_namespaced)
            if key is None:
                continue
            name, other = first.setdefault(key, (unit.name, owner))
            if other.ref != owner.ref:
                shared.setdefault((unit, name), {}).setdefault(key, (item, owner, other))
    for (unit, other_name), objects in shared.items():
        mild = all(key.target is None or key.kind == "Namespace" for key in objects)
        for key in sorted(objects, key=lambda key: key.kind == "Namespace"):
            yield _problem(unit, key, objects[key], other_name, world, mild=mild)


def _key(unit: Unit, item: RenderedObject, is_namespaced: IsNamespaced) -> _Key | None:
    data = item.data
    name, kind, api_version = text_at(data, "metadata", "name"), text_at(data, "kind"), text_at(data, "apiVersion")
    if not name or not kind or any(text_at(data, "metadata", "annotations", hook) for hook in _HOOKS):
        return None
    namespaced = is_namespaced(api_version, kind)
    namespace = "" if namespaced is False else text_at(data, "metadata", "namespace") or unit.namespace
    return _Key(unit.target, _cluster(unit), api_version.rpartition("/")[0], kind, namespace, name)


def _cluster(unit: Unit) -> str:
    """The cluster that a unit goes to, where no target says which that is."""
    return "" if unit.target or unit.cluster in (IN_CLUSTER, IN_CLUSTER_NAME) else unit.cluster


def _problem(  # noqa: PLR0913  who brings what, and how that is said
    unit: Unit,
    key: _Key,
    brought: tuple[RenderedObject, Owner, Owner],
    other: str,
    world: World | None,
    *,
    mild: bool,
) -> RenderProblem:
    """One object that two owners bring: what else the two bring both is said with the first, by the common subject."""
    item, owner, rival = brought
    return RenderProblem(
        DUPLICATE_OWNER.id,
        f"{_shown(key)} is brought by {unit.name} and by {other}",
        declared_at(item, owner, world, ("metadata", "name")),
        "Let one of them bring it, or give the two different names."
        + ("" if key.target else " Where they go to two clusters, describe those as targets in the config."),
        level=Level.WARNING if mild else None,
        object=ref_of(item.data, key.namespace),
        path=("metadata", "name"),
        fatal=False,
        unit=(unit.name, unit.target),
        related=tuple(RelatedLocation(one.location, f"{one.ref} brings it") for one in (owner, rival)),
        subject=" and ".join(sorted((unit.name, other))),
    )


def _shown(key: _Key) -> str:
    return f"{key.kind} {f'{key.namespace}/' if key.namespace else ''}{key.name}"


def check_destinations(units: Sequence[Unit], settings: RenderSettings) -> tuple[RenderProblem, ...]:
    """Find destinations that no target describes.

    Where no target says which cluster it is, nothing can be unknown.

    Args:
        units: the units of one tree.
        settings: with the clusters that the targets are.
    """
    known = {text for cluster in settings.clusters for text in _names(cluster)}
    if not any(text_at(cluster, "server") for cluster in settings.clusters):
        return ()
    return tuple(_unknown(units, known | {IN_CLUSTER, IN_CLUSTER_NAME}))


def _names(cluster: Any) -> Iterator[str]:
    yield from (text for text in (text_at(cluster, "name"), text_at(cluster, "server")) if text)


def _unknown(units: Sequence[Unit], known: set[str]) -> Iterator[RenderProblem]:
    said: set[tuple[ObjectRef, str]] = set()
    for unit in units:
        owner = unit.owner
        if owner is None or not unit.project or not unit.cluster or unit.cluster in known:
            continue
        if (owner.ref, unit.cluster) in said:
            continue
        said.add((owner.ref, unit.cluster))
        yield RenderProblem(
            DESTINATION_UNKNOWN.id,
            f"{owner.ref}: its destination {unit.cluster} is no cluster that a target describes",
            owner.destination() if owner.destination is not None else owner.location,
            "Correct the destination, or describe the cluster under targets in the config.",
            object=owner.ref,
            path=("spec", "destination"),
            fatal=False,
            unit=(unit.name, unit.target),
        )
