"""Built-in policy: helm-release-crds."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy

_WORDS = ("Skip", "Create", "CreateReplace")


@policy(level="note", kinds=("helm.toolkit.fluxcd.io/HelmRelease",))
def helm_release_crds(manifest: Manifest, *, upgrade: tuple[str, ...] = _WORDS) -> Violations:
    """A Flux HelmRelease says what an upgrade does to the chart's CRDs.

    What it asks:
        `spec.upgrade.crds` is set, and is one of the words that the config allows.

    Why:
        Helm installs the CRDs of a chart once and never touches them again: that is `Skip`, the default. The new
        version of an operator then runs with old CRDs, and its new fields are dropped. `CreateReplace` updates them,
        and so can take away a field that is in use. Either may be right; not knowing is wrong.

    How to fix:
        Set `upgrade: {crds: CreateReplace}` for charts that bring CRDs and `Skip` where they are kept elsewhere.

    Parameters:
        upgrade: the words that are let through: any of `Skip`, `Create` and `CreateReplace`

    Fails:
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: {name: operator, namespace: data}
        spec:  # <-
          interval: 1h

    Fails (a word that the config does not allow):
        --- # new
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: {name: operator, namespace: data}
        spec:
          upgrade:
            crds: CreateReplace  # <-
        --- # parameters
        upgrade: [Skip, Create]

    Passes:
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: {name: operator, namespace: data}
        spec:
          interval: 1h
          upgrade:
            crds: CreateReplace

    References:
        https://fluxcd.io/flux/components/helm/helmreleases/#controlling-the-lifecycle-of-custom-resource-definitions
    """
    crds = manifest.field("spec", "upgrade", "crds")
    if not crds:
        yield Violation(crds, f"{manifest} does not say what an upgrade does to the chart's CRDs")
    elif crds.text() and crds.text() not in upgrade:
        yield Violation(crds, f"an upgrade of {manifest} treats CRDs as {crds.text()[:40]}")
