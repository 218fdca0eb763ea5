"""Built-in policy: flux-force."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy

_KUSTOMIZATION = "kustomize.toolkit.fluxcd.io/Kustomization"


@policy(level="warning", kinds=(_KUSTOMIZATION, "helm.toolkit.fluxcd.io/HelmRelease"))
def flux_force(manifest: Manifest) -> Violations:
    """Flux does not remake or overwrite by force what it deploys.

    What it asks:
        `spec.force` of a Kustomization is not true, nor is `spec.upgrade.force` or `spec.rollback.force` of a
        HelmRelease.

    Why:
        With it, a Kustomization's change to an immutable field no longer fails: the object is deleted and made anew.
        For a workload that is an outage; for a claim of a volume it can be the data. Helm replaces each object
        instead of patching it, and what autoscalers and operators have set is lost. It holds for every
        later change too.

    How to fix:
        Take it out. Mark the one object that may be made anew with the annotation
        `kustomize.toolkit.fluxcd.io/force: enabled`, such as a Job.

    Fails:
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: web, namespace: flux-system}
        spec:
          interval: 10m
          path: ./apps/web
          prune: true
          force: true  # <-

    Fails (a HelmRelease):
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: {name: web, namespace: shop}
        spec:
          interval: 10m
          upgrade:
            force: true  # <-

    Passes:
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: web, namespace: flux-system}
        spec:
          interval: 10m
          path: ./apps/web
          prune: true

    References:
        https://fluxcd.io/flux/components/kustomize/kustomizations/#force
        https://fluxcd.io/flux/components/helm/helmreleases/#upgrade-configuration
    """
    if manifest.group_kind == _KUSTOMIZATION:
        if manifest.is_true("spec", "force"):
            field = manifest.field("spec", "force")
            yield Violation(field, f"{manifest} deletes and remakes objects that it cannot update")
        return
    for action in ("upgrade", "rollback"):
        if manifest.is_true("spec", action, "force"):
            field = manifest.field("spec", action, "force")
            yield Violation(
                field, f"on {action} {manifest} replaces its objects, with all that others have set in them"
            )
