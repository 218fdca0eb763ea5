"""Built-in policy: flux-unknown-dependency."""

from __future__ import annotations

from gategit.checks.policy.api import Inventory, Manifest, Violation, Violations, is_filled_in_later, policy

_KINDS = ("kustomize.toolkit.fluxcd.io/Kustomization", "helm.toolkit.fluxcd.io/HelmRelease")


@policy(level="note", kinds=_KINDS, inventory=_KINDS)
def flux_unknown_dependency(manifest: Manifest, inventory: Inventory) -> Violations:
    """What a Flux object depends on is declared in the repository.

    What it asks:
        Each of `spec.dependsOn` names an object of the same kind that the repository declares, in the namespace that it
        names or in the object's own.

    Why:
        Flux waits for a dependency that does not exist for ever, and never applies the object. A renamed
        Kustomization, or one whose namespace was left out, is enough.

    How to fix:
        Correct the name, or add the namespace. If the dependency is declared in another repository, waive the finding.

    Fails:
        --- # new
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: web, namespace: shop}
        spec:
          dependsOn:
            - name: ingress  # <-
        --- # inventory
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: ingress, namespace: flux-system}

    Passes:
        --- # new
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: web, namespace: shop}
        spec:
          dependsOn:
            - name: ingress
              namespace: flux-system
        --- # inventory
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: ingress, namespace: flux-system}

    References:
        https://fluxcd.io/flux/components/kustomize/kustomizations/#dependencies
        https://fluxcd.io/flux/components/helm/helmreleases/#dependencies
    """
    for dependency in manifest.items("spec", "dependsOn"):
        name = dependency.text("name")
        namespace = dependency.text("namespace") or manifest.namespace
        if not name or is_filled_in_later(name) or is_filled_in_later(namespace):
            continue
        if inventory.get(manifest.group_kind, name, namespace) is None:
            where = f" in namespace {namespace[:100]}" if namespace else ""
            yield Violation(
                dependency.field("name"), f"{manifest} waits for {name[:100]}, which is not declared{where}"
            )
