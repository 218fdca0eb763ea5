"""Who brings what where: objects that two owners bring, and destinations that no target describes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from gategit.checks.references.sources import text_at
from gategit.model import Level, Location, ObjectRef
from gategit.render.argocd_application import IN_CLUSTER, IN_CLUSTER_NAME
from gategit.render.values import Owner, Rendered, RenderedObject, RenderProblem, RenderSettings, Unit
from gategit.render.wiring_rules import DESTINATION_UNKNOWN, DUPLICATE_OWNER
from gategit.render.world import ref_of

if TYPE_CHECKING:
    from gategit.render.scopes import IsNamespaced

_HOOKS: Final = ("argocd.argoproj.io/hook", "helm.sh/hook")


class _Key(NamedTuple):
    """What names one object of one cluster."""

    target: str | None
    cluster: str
    group: str
    kind: str
    namespace: str
    name: str


def check_owners(rendered: Sequence[Rendered], is_namespaced: IsNamespaced) -> tuple[RenderProblem, ...]:
    """Find objects that two owners bring to one cluster.

    A namespace that several bring is only warned of, and so is everything where no target says which cluster it is:
    two Applications for "the cluster that Argo CD runs in" may be meant for two. Hooks are nobody's in the end.

    Args:
        rendered: what came of the units of one tree.
        is_namespaced: which kinds live in namespaces.
    """
    return tuple(_duplicates(rendered, is_namespaced))


def _duplicates(rendered: Sequence[Rendered], is_namespaced: IsNamespaced) -> Iterator[RenderProblem]:
    first: dict[_Key, tuple[str, Owner]] = {}
    said: set[tuple[_Key, ObjectRef]] = set()
    for one in rendered:
        unit, owner = one.unit, one.unit.owner
        if owner is None or unit.suspended:
            continue
        for item in one.objects:
            key = _key(unit, item, is_namespaced)
            if key is None:
                continue
            name, other = first.setdefault(key, (unit.name, owner))
            if other.ref != owner.ref and (key, owner.ref) not in said:
                said.add((key, owner.ref))
                where = Location(item.trace.file) if item.trace.file else owner.location
                yield _problem(item, key, where, f"{unit.name} and by {name}")


def _key(unit: Unit, item: RenderedObject, is_namespaced: IsNamespaced) -> _Key | None:
    data = item.data
    name, kind, api_version = text_at(data, "metadata", "name"), text_at(data, "kind"), text_at(data, "apiVersion")
    if not name or not kind or any(text_at(data, "metadata", "annotations", hook) for hook in _HOOKS):
        return None
    namespaced = is_namespaced(api_version, kind)
    namespace = "" if namespaced is False else text_at(data, "metadata", "namespace") or unit.namespace
    cluster = "" if unit.cluster in (IN_CLUSTER, IN_CLUSTER_NAME) else unit.cluster
    return _Key(unit.target, "" if unit.target else cluster, api_version.rpartition("/")[0], kind, namespace, name)


def _problem(item: RenderedObject, key: _Key, location: Location, owners: str) -> RenderProblem:
    where = f" in the namespace {key.namespace}" if key.namespace else ""
    mild = key.target is None or key.kind == "Namespace"
    return RenderProblem(
        DUPLICATE_OWNER.id,
        f"{key.kind} {key.name}{where} is brought by {owners}",
        location,
        "Let one of them bring it, or give the two different names."
        + ("" if key.target else " Where they go to two clusters, describe those as targets in the config."),
        level=Level.WARNING if mild else None,
        object=ref_of(item.data, key.namespace),
        path=("metadata", "name"),
        fatal=False,
    )


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
            owner.location,
            "Correct the destination, or describe the cluster under targets in the config.",
            object=owner.ref,
            path=("spec", "destination"),
            fatal=False,
        )
