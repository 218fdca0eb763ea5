"""Built-in policy: chart-downgrade."""

from __future__ import annotations

from gategit.checks.policy.api import Change, Violation, Violations, chart_versions, parse_version, policy


@policy(
    level="warning",
    kinds=(
        "helm.toolkit.fluxcd.io/HelmRelease",
        "source.toolkit.fluxcd.io/HelmChart",
        "argoproj.io/Application",
        "argoproj.io/ApplicationSet",
    ),
)
def chart_downgrade(change: Change) -> Violations:
    """A change does not go back to an older version of a Helm chart.

    What it asks:
        Where the chart of a Flux HelmRelease or HelmChart, or of an Argo CD Application or ApplicationSet, stays the
        same, and both versions are exact, the new one is not the older. Ranges (`1.x`, `>=1.2`) are not judged.

    Why:
        A downgrade is seldom meant: it is what a merge conflict or an old branch leaves behind. Charts are not tested
        backwards. An older one may not know the fields that the newer one has set, nor the data that it has migrated.

    How to fix:
        Take the newer version. Where the step back is meant, look at what `helm diff` says to it, and say so in a
        waiver.

    Fails:
        --- # old
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: {name: db, namespace: shop}
        spec: {chart: {spec: {chart: postgresql, version: 16.2.0}}}
        --- # new
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: {name: db, namespace: shop}
        spec:
          chart:
            spec:
              chart: postgresql
              version: 15.5.38  # <-

    Fails (Argo CD):
        --- # old
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: db, namespace: argocd}
        spec: {source: {repoURL: "https://charts.example.com", chart: postgresql, targetRevision: 16.2.0}}
        --- # new
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: db, namespace: argocd}
        spec:
          source:
            repoURL: https://charts.example.com
            chart: postgresql
            targetRevision: 15.5.38  # <-

    Passes:
        --- # old
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: {name: db, namespace: shop}
        spec: {chart: {spec: {chart: postgresql, version: 16.2.0}}}
        --- # new
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: {name: db, namespace: shop}
        spec: {chart: {spec: {chart: postgresql, version: 16.2.1}}}

    References:
        https://semver.org/#spec-item-11
        https://fluxcd.io/flux/components/helm/helmreleases/#chart-template
    """
    if change.old is None or change.new is None:
        return
    before = chart_versions(change.old)
    for chart, field in chart_versions(change.new).items():
        if chart not in before or before[chart].value == field.value:
            continue
        was, becomes = parse_version(before[chart].text()), parse_version(field.text())
        if was is not None and becomes is not None and becomes.is_older_than(was):
            yield Violation(field, f"chart {chart} goes back from {was.text} to {becomes.text}")
