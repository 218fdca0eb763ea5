"""Built-in policy: helm-release-checks-off."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy

_SWITCHES = {
    "disableOpenAPIValidation": "its objects are not validated",
    "disableSchemaValidation": "its values are not validated",
    "disableWait": "it is ready before its pods run",
    "disableHooks": "the chart's hooks, such as migrations, do not run",
}


@policy(level="warning", kinds=("helm.toolkit.fluxcd.io/HelmRelease",))
def helm_release_checks_off(manifest: Manifest) -> Violations:
    """A Flux HelmRelease leaves Helm's checks on.

    What it asks:
        In `spec.install`, `spec.upgrade` and `spec.rollback` none of `disableOpenAPIValidation`,
        `disableSchemaValidation`, `disableWait` and `disableHooks` is true.

    Why:
        Each was set to get a broken chart through, and lets the next mistake through too: misspelt values are ignored,
        a release counts as good while its pods crash, and so is never rolled back.

    How to fix:
        Mend the chart or the values, and take the switch out. Where the chart cannot be mended, waive the finding and
        say why.

    Fails:
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: {name: web, namespace: shop}
        spec:
          interval: 1h
          install:
            disableWait: true  # <-
          upgrade:
            disableOpenAPIValidation: true  # <-

    Passes:
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: {name: web, namespace: shop}
        spec:
          interval: 1h
          upgrade:
            disableWaitForJobs: true

    References:
        https://fluxcd.io/flux/components/helm/helmreleases/#install-configuration
        https://fluxcd.io/flux/components/helm/helmreleases/#upgrade-configuration
    """
    for action in ("install", "upgrade", "rollback"):
        options = manifest.get("spec", action)
        if not isinstance(options, dict):
            continue
        for switch, what in _SWITCHES.items():
            if options.get(switch) is True:
                yield Violation(manifest.field("spec", action, switch), f"on {action} of {manifest} {what}")
