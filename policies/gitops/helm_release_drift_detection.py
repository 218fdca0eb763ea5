"""Built-in policy: helm-release-drift-detection."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy


@policy(level="note", kinds=("helm.toolkit.fluxcd.io/HelmRelease",))
def helm_release_drift_detection(manifest: Manifest) -> Violations:
    """A Flux HelmRelease mends what was changed by hand.

    What it asks:
        `spec.driftDetection.mode` is `enabled`, or `warn`, which tells of the drift without mending it. API versions
        before `v2beta2` have no such field and are not judged.

    Why:
        A Kustomization puts back what somebody changed in the cluster. A HelmRelease does not, unless it is asked
        to: the change stays until the next upgrade, which may be months away.

    How to fix:
        Set `driftDetection: {mode: enabled}`, and `ignore` the fields that an autoscaler sets.

    Fails:
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: {name: web, namespace: shop}
        spec:  # <-
          interval: 1h

    Passes:
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: {name: web, namespace: shop}
        spec:
          interval: 1h
          driftDetection:
            mode: enabled
            ignore:
              - paths: [/spec/replicas]
                target: {kind: Deployment}

    References:
        https://fluxcd.io/flux/components/helm/helmreleases/#drift-detection
    """
    if manifest.api_version.endswith("/v2beta1"):
        return
    if manifest.get("spec", "driftDetection", "mode") not in ("enabled", "warn"):
        yield Violation(manifest.field("spec", "driftDetection", "mode"), f"{manifest} leaves drift as it is")
