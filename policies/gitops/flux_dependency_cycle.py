"""Built-in policy: flux-dependency-cycle."""

from __future__ import annotations

from gategit.checks.policy.api import Inventory, Manifest, Violation, Violations, policy

TYPE_CHECKING = False
if TYPE_CHECKING:
    Key = tuple[str, str, str]  # kind, namespace, name

_KINDS = ("kustomize.toolkit.fluxcd.io/Kustomization", "helm.toolkit.fluxcd.io/HelmRelease")


@policy(level="error", kinds=_KINDS, inventory=_KINDS)
def flux_dependency_cycle(manifest: Manifest, inventory: Inventory) -> Violations:
    """A Flux object does not depend on itself, not even by way of others.

    What it asks:
        Following `spec.dependsOn` from a Kustomization or a HelmRelease never leads back to it. Where several
        objects of one name are declared, as for several clusters, the way ends there.

    Why:
        Flux waits for what an object depends on until that is ready. In a circle each waits for the other: none of them
        is ever applied again, on a fresh cluster not even once.

    How to fix:
        Take the weaker of the dependencies out, or move what both need into a third object.

    Fails:
        --- # new
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: ingress, namespace: flux-system}
        spec:
          dependsOn:
            - name: certificates  # <-
        --- # inventory
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: certificates, namespace: flux-system}
        spec:
          dependsOn:
            - name: ingress

    Fails (itself):
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: {name: web, namespace: shop}
        spec:
          dependsOn:
            - name: web  # <-

    Passes:
        --- # new
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: ingress, namespace: flux-system}
        spec:
          dependsOn:
            - name: certificates
        --- # inventory
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: certificates, namespace: flux-system}

    References:
        https://fluxcd.io/flux/components/kustomize/kustomizations/#dependencies
        https://fluxcd.io/flux/components/helm/helmreleases/#dependencies
    """
    dependencies = manifest.items("spec", "dependsOn")
    if not dependencies:
        return
    graph = inventory.once(_graph)
    own = (manifest.kind, manifest.namespace, manifest.name)
    for dependency in dependencies:
        way = _way_back(_target(dependency.value, manifest), own, graph)
        if way:
            names = " -> ".join([manifest.name, *way])
            yield Violation(dependency.field("name"), f"{manifest} depends on itself: {names[:300]}")


def _graph(inventory: Inventory) -> dict[Key, list[Key]]:
    """What each object depends on. Two of one name are those of two clusters: which one is meant is not known."""
    graph: dict[Key, list[Key]] = {}
    for group_kind in _KINDS:
        for one in inventory.of_kind(group_kind):
            key = (one.kind, one.namespace, one.name)
            entries = one.get("spec", "dependsOn")
            is_first = key not in graph and isinstance(entries, list)
            graph[key] = [_target(entry, one) for entry in entries] if is_first else []
    return graph


def _target(dependency: object, holder: Manifest) -> Key:
    """The object that an entry of ``dependsOn`` stands for."""
    if not isinstance(dependency, dict):
        return holder.kind, holder.namespace, ""
    name, namespace = dependency.get("name"), dependency.get("namespace")
    return (
        holder.kind,
        namespace if isinstance(namespace, str) and namespace else holder.namespace,
        name if isinstance(name, str) else "",
    )


def _way_back(start: Key, goal: Key, graph: dict[Key, list[Key]]) -> list[str]:
    """The names on the way from one object back to another; none where there is no way."""
    waiting = [start]
    came_from: dict[Key, Key | None] = {start: None}
    while waiting:
        here = waiting.pop()
        if here == goal:
            way: list[str] = []
            step: Key | None = here
            while step is not None:
                way.append(step[2])
                step = came_from[step]
            return way[::-1]
        for following in graph.get(here, ()):
            if following not in came_from:
                came_from[following] = here
                waiting.append(following)
    return []
