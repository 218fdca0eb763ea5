"""Built-in policy: chart-major-upgrade."""

from __future__ import annotations

from gategit.checks.policy.api import Change, Violation, Violations, chart_versions, parse_version, policy


@policy(
    level="note",
    kinds=(
        "helm.toolkit.fluxcd.io/HelmRelease",
        "source.toolkit.fluxcd.io/HelmChart",
        "argoproj.io/Application",
        "argoproj.io/ApplicationSet",
    ),
)
def chart_major_upgrade(change: Change) -> Violations:
    """A change that takes a Helm chart to a new major version says so to its readers.

    What it asks:
        Where the chart of a Flux HelmRelease or HelmChart, or of an Argo CD Application or ApplicationSet, stays the
        same, and both versions are exact, the first number does not rise. Ranges (`1.x`, `>=1.2`) are not judged.

    Why:
        A new major version of a chart breaks something by its own account: values are renamed and then silently
        ignored, selectors change and the upgrade is refused, volumes get other names and come up empty.

    How to fix:
        Read the chart's notes on upgrading, and upgrade a major version by itself, not among other changes. This is a
        reminder: it blocks only where the config gives it a higher level.

    Fails:
        --- # old
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: {name: db, namespace: shop}
        spec: {chart: {spec: {chart: postgresql, version: 15.5.38}}}
        --- # new
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: {name: db, namespace: shop}
        spec:
          chart:
            spec:
              chart: postgresql
              version: 16.0.0  # <-

    Fails (Argo CD):
        --- # old
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: db, namespace: argocd}
        spec: {source: {repoURL: "https://charts.example.com", chart: postgresql, targetRevision: 15.5.38}}
        --- # new
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: db, namespace: argocd}
        spec:
          source:
            repoURL: https://charts.example.com
            chart: postgresql
            targetRevision: 16.0.0  # <-

    Passes:
        --- # old
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: {name: db, namespace: shop}
        spec: {chart: {spec: {chart: postgresql, version: 15.5.38}}}
        --- # new
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: {name: db, namespace: shop}
        spec: {chart: {spec: {chart: postgresql, version: 15.6.0}}}

    References:
        https://semver.org/#spec-item-8
        https://fluxcd.io/flux/components/helm/helmreleases/#chart-template
    """
    if change.old is None or change.new is None:
        return
    before = chart_versions(change.old)
    for chart, field in chart_versions(change.new).items():
        if chart not in before or before[chart].value == field.value:
            continue
        was, becomes = parse_version(before[chart].text()), parse_version(field.text())
        if was is not None and becomes is not None and becomes.is_major_upgrade_of(was):
            yield Violation(field, f"chart {chart} goes to a new major version, from {was.text} to {becomes.text}")
