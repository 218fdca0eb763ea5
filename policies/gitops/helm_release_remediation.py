"""Built-in policy: helm-release-remediation."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy


@policy(level="note", kinds=("helm.toolkit.fluxcd.io/HelmRelease",))
def helm_release_remediation(manifest: Manifest) -> Violations:
    """A Flux HelmRelease says what happens when an upgrade fails.

    What it asks:
        `spec.upgrade.remediation.retries` is not zero, or `spec.upgrade.strategy` is `RetryOnFailure`, and the same for
        `spec.install`. Both default to no retry at all.

    Why:
        A failed installation or upgrade stays as it is: half of the new version runs, and Flux does not try again
        until the HelmRelease or the chart changes. A registry that was away for a minute is enough.

    How to fix:
        Set `install: {remediation: {retries: 3}}` and
        `upgrade: {remediation: {retries: 3, remediateLastFailure: true}}`; the failed upgrade is then rolled back.

    Fails:
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: {name: web, namespace: shop}
        spec:
          interval: 1h
          install:
            remediation:
              retries: 3
          upgrade:  # <-
            cleanupOnFail: true

    Passes:
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: {name: web, namespace: shop}
        spec:
          interval: 1h
          install:
            strategy:
              name: RetryOnFailure
          upgrade:
            remediation:
              retries: 3

    References:
        https://fluxcd.io/flux/components/helm/helmreleases/#configuring-failure-handling
    """
    missing = [
        action
        for action in ("install", "upgrade")
        if manifest.get("spec", action, "remediation", "retries") in (None, 0)
        and manifest.get("spec", action, "strategy", "name") != "RetryOnFailure"
    ]
    if len(missing) == 2:
        yield Violation(manifest.field("spec"), f"{manifest} does not try again when an install or an upgrade fails")
    elif missing:
        field = manifest.field("spec", missing[0], "remediation", "retries")
        yield Violation(field, f"{manifest} does not try again when an {missing[0]} fails")
