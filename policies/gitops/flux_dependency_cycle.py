"""Built-in policy: flux-dependency-cycle."""

from __future__ import annotations

from gategit.checks.policy.api import Inventory, Manifest, Violation, Violations, policy

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
    own = (manifest.namespace, manifest.name)
    for dependency in manifest.items("spec", "dependsOn"):
        way = _way_back(manifest.group_kind, _target(dependency.value, manifest.namespace), own, inventory)
        if way:
            names = " -> ".join([manifest.name, *way])
            yield Violation(dependency.field("name"), f"{manifest} depends on itself: {names[:300]}")


def _target(dependency: object, namespace: str) -> tuple[str, str]:
    """The namespace and name that an entry of ``dependsOn`` stands for."""
    if not isinstance(dependency, dict):
        return namespace, ""
    name, other = dependency.get("name"), dependency.get("namespace")
    return (
        other if isinstance(other, str) and other else namespace,
        name if isinstance(name, str) else "",
    )


def _way_back(kind: str, start: tuple[str, str], goal: tuple[str, str], inventory: Inventory) -> list[str]:
    """The names on the way from one object back to another; none where there is no way."""
    waiting = [(start, [start[1]])]
    seen = {start}
    while waiting:
        here, way = waiting.pop()
        if here == goal:
            return way
        found = [one for one in inventory.of_kind(kind) if (one.namespace, one.name) == here]
        if len(found) != 1:
            continue  # two of one name are those of two clusters, and it is not known which one is meant
        for entry in found[0].items("spec", "dependsOn"):
            following = _target(entry.value, here[0])
            if following not in seen:
                seen.add(following)
                waiting.append((following, [*way, following[1]]))
    return []
