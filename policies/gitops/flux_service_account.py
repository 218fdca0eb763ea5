"""Built-in policy: flux-service-account."""

from __future__ import annotations

from gategit.checks.policy.api import Inventory, Manifest, Violation, Violations, matches, policy

_TENANT = "toolkit.fluxcd.io/tenant"


@policy(
    level="warning",
    kinds=("kustomize.toolkit.fluxcd.io/Kustomization", "helm.toolkit.fluxcd.io/HelmRelease"),
    inventory=("Namespace",),
    security_severity=7.5,
)
def flux_service_account(
    manifest: Manifest,
    inventory: Inventory,
    *,
    tenants: tuple[str, ...] = (),
    platform: tuple[str, ...] = ("flux-system",),
) -> Violations:
    """A tenant's Kustomizations and HelmReleases are applied with the tenant's own account.

    What it asks:
        `spec.serviceAccountName` is set in the namespaces of tenants: those that have the label
        `toolkit.fluxcd.io/tenant`, as `flux create tenant` sets it, and those that the config names.

    Why:
        Without an account of its own, Flux applies the object with its controller's rights, and these are
        cluster-admin. The tenant can then create anything anywhere, also rights of their own.

    How to fix:
        Make a ServiceAccount in the tenant's namespace, bind it to what the tenant may do there, and name it in
        `spec.serviceAccountName`.

    Parameters:
        tenants: namespaces of tenants besides those that the label shows; a `*` stands for any text
        platform: namespaces that are never taken for a tenant's

    Fails:
        --- # new
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: web, namespace: shop}
        spec:  # <-
          interval: 10m
          path: ./apps/web
          prune: true
        --- # inventory
        apiVersion: v1
        kind: Namespace
        metadata:
          name: shop
          labels: {toolkit.fluxcd.io/tenant: shop}

    Fails (every namespace but the platform's):
        --- # new
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: {name: web, namespace: billing}
        spec:  # <-
          interval: 10m
        --- # parameters
        tenants: ["*"]

    Passes:
        --- # new
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: web, namespace: shop}
        spec:
          interval: 10m
          path: ./apps/web
          prune: true
          serviceAccountName: shop
        --- # inventory
        apiVersion: v1
        kind: Namespace
        metadata:
          name: shop
          labels: {toolkit.fluxcd.io/tenant: shop}

    References:
        https://fluxcd.io/flux/installation/configuration/multitenancy/
        https://fluxcd.io/flux/components/kustomize/kustomizations/#service-account-reference
    """
    if manifest.get("spec", "serviceAccountName"):
        return
    namespace = manifest.namespace
    if not namespace or namespace in platform:
        return
    if not matches(namespace, tenants):
        declared = inventory.get("Namespace", namespace)
        if declared is None or _TENANT not in declared.labels:
            return
    yield Violation(
        manifest.field("spec", "serviceAccountName"),
        f"{manifest} of the tenant namespace {namespace} is applied with the rights of Flux itself",
    )
