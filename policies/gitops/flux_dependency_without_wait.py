"""Built-in policy: flux-dependency-without-wait."""

from __future__ import annotations

from gategit.checks.policy.api import Inventory, Manifest, Violation, Violations, policy

_KUSTOMIZATION = "kustomize.toolkit.fluxcd.io/Kustomization"


@policy(level="note", kinds=(_KUSTOMIZATION,), inventory=(_KUSTOMIZATION,))
def flux_dependency_without_wait(manifest: Manifest, inventory: Inventory) -> Violations:
    """A Flux Kustomization that others depend on says when it is healthy.

    What it asks:
        A Kustomization that another one of the repository names in `dependsOn` has `wait: true`, `healthChecks` or
        `healthCheckExprs`.

    Why:
        Without them a Kustomization is ready as soon as its objects are applied, not when they run. What depends
        on it starts too early: before the CRDs are served, before the webhook answers.

    How to fix:
        Set `wait: true`, or list in `healthChecks` the objects that the others need.

    Fails:
        --- # new
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: certificates, namespace: flux-system}
        spec:
          wait: false  # <-
        --- # inventory
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: ingress, namespace: flux-system}
        spec:
          dependsOn:
            - name: certificates

    Passes:
        --- # new
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: certificates, namespace: flux-system}
        spec:
          wait: true
        --- # inventory
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: ingress, namespace: flux-system}
        spec:
          dependsOn:
            - name: certificates

    References:
        https://fluxcd.io/flux/components/kustomize/kustomizations/#wait
        https://fluxcd.io/flux/components/kustomize/kustomizations/#dependencies
    """
    spec = manifest.get("spec")
    if (
        not isinstance(spec, dict)
        or spec.get("wait") is True
        or spec.get("healthChecks")
        or spec.get("healthCheckExprs")
    ):
        return
    dependent = inventory.once(_dependents).get((manifest.namespace, manifest.name))
    if dependent:
        message = f"{manifest} is ready as soon as it is applied, and {dependent} depends on it"
        yield Violation(manifest.field("spec", "wait"), message)


def _dependents(inventory: Inventory) -> dict[tuple[str, str], str]:
    """For each Kustomization that others depend on, by namespace and name, the first of them."""
    found: dict[tuple[str, str], str] = {}
    for one in inventory.of_kind(_KUSTOMIZATION):
        for entry in one.items("spec", "dependsOn"):
            found.setdefault((entry.text("namespace") or one.namespace, entry.text("name")), one.name)
    return found
