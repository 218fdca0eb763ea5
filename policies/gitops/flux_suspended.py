"""Built-in policy: flux-suspended."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy

_KINDS = (
    "helm.toolkit.fluxcd.io/HelmRelease",
    "image.toolkit.fluxcd.io/ImageRepository",
    "image.toolkit.fluxcd.io/ImageUpdateAutomation",
    "kustomize.toolkit.fluxcd.io/Kustomization",
    "notification.toolkit.fluxcd.io/Alert",
    "notification.toolkit.fluxcd.io/Provider",
    "notification.toolkit.fluxcd.io/Receiver",
    "source.toolkit.fluxcd.io/Bucket",
    "source.toolkit.fluxcd.io/GitRepository",
    "source.toolkit.fluxcd.io/HelmChart",
    "source.toolkit.fluxcd.io/HelmRepository",
    "source.toolkit.fluxcd.io/OCIRepository",
)


@policy(level="warning", kinds=_KINDS)
def flux_suspended(manifest: Manifest) -> Violations:
    """No Flux object is left suspended.

    What it asks:
        `spec.suspend` is not true, in Kustomizations, HelmReleases, sources, image automation and notifications.

    Why:
        Flux skips a suspended object without a word: later merges change nothing, drift is not mended, alerts are not
        sent. It is set for an hour of trouble, committed with the rest, and forgotten.

    How to fix:
        Take `suspend` out. To suspend for a while use `flux suspend`; to stop for good, delete the object. Where it
        must stay, waive the finding with a date.

    Fails:
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: {name: web, namespace: shop}
        spec:
          suspend: true  # <-
          interval: 1h

    Passes:
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: {name: web, namespace: shop}
        spec:
          suspend: false
          interval: 1h

    References:
        https://fluxcd.io/flux/components/kustomize/kustomizations/#suspend
        https://fluxcd.io/flux/components/helm/helmreleases/#suspend
    """
    if manifest.is_true("spec", "suspend"):
        yield Violation(manifest.field("spec", "suspend"), f"{manifest} is suspended, so Flux does not look at it")
