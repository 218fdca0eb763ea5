"""Built-in policy: helm-chart-pinned."""

from __future__ import annotations

import re

from gategit.checks.policy.api import (
    APPLICATIONS,
    Field,
    Manifest,
    Violation,
    Violations,
    application_sources,
    application_spec,
    is_filled_in_later,
    is_open_range,
    policy,
)

_EXACT = r"=? ?v?\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]*)?"


@policy(
    level="warning",
    kinds=(
        "helm.toolkit.fluxcd.io/HelmRelease",
        "source.toolkit.fluxcd.io/HelmChart",
        "helm.cattle.io/HelmChart",
        *APPLICATIONS,
    ),
    security_severity=5.5,
)
def helm_chart_pinned(manifest: Manifest, *, exact: bool = False) -> Violations:
    """Every Helm chart has a version, or a range of versions that ends.

    What it asks:
        The chart of a HelmRelease, a HelmChart (of Flux or K3s), an Argo CD Application or ApplicationSet names its
        version: one (`1.4.2`), or a range that ends (`~1.4`, `1.x`, `>=1.4 <2`). No version, `*` and `>=1.4` are the
        newest one, whatever it is. Charts out of a Git repository or a bucket have no version of their own; their
        source is pinned.

    Why:
        The agent installs a new version within minutes of its release, with every change that it brings, and no pull
        request shows it. A chart whose repository was taken over is installed the same way.

    How to fix:
        Write the version that is in use. An update bot raises it by pull request, where it can be reviewed.

    Parameters:
        exact: whether a range that ends is refused as well.

    Fails:
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: {name: web, namespace: shop}
        spec:
          interval: 10m
          chart:
            spec:
              chart: web
              version: '>=1.4.0'  # <-
              sourceRef: {kind: HelmRepository, name: charts}

    Fails (no version):
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: {name: web, namespace: shop}
        spec:
          interval: 10m
          chart:
            spec:
              chart: web  # <-
              sourceRef: {kind: HelmRepository, name: charts}

    Fails (a range, where the config wants one version):
        --- # parameters
        exact: true
        --- # new
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: {name: web, namespace: shop}
        spec:
          interval: 10m
          chart:
            spec:
              chart: web
              version: 1.4.x  # <-
              sourceRef: {kind: HelmRepository, name: charts}

    Passes:
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: {name: web, namespace: shop}
        spec:
          interval: 10m
          chart:
            spec:
              chart: web
              version: 1.4.2
              sourceRef: {kind: HelmRepository, name: charts}
        ---
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: web, namespace: argocd}
        spec:
          project: shop
          destination: {namespace: shop, name: prod}
          source:
            repoURL: https://charts.example.com
            chart: web
            targetRevision: ~1.4

    References:
        https://fluxcd.io/flux/components/helm/helmreleases/#chart-template
        https://argo-cd.readthedocs.io/en/stable/user-guide/tracking_strategies/#helm
        https://helm.sh/docs/topics/charts/#charts-and-versioning
    """
    for chart, version in _charts(manifest):
        text = version.text().strip()
        if is_filled_in_later(text):
            continue
        where = version if text else chart
        if is_open_range(text):
            says = f"the version {text[:60]}, which is any later one too" if text else "no version, so it is the newest"
            yield Violation(where, f"the chart {chart.text()[:100]} of {manifest} has {says}")
        elif exact and not re.fullmatch(_EXACT, text):
            yield Violation(
                where, f"the chart {chart.text()[:100]} of {manifest} has the range {text[:60]} for a version"
            )


def _charts(manifest: Manifest) -> list[tuple[Field, Field]]:
    """The charts that the object names, each with its version; those of Git repositories and buckets have none."""
    if manifest.group == "argoproj.io":
        sources = application_sources(application_spec(manifest))
        return [(one.field("chart"), one.field("targetRevision")) for one in sources if one.text("chart")]
    if manifest.group == "helm.cattle.io":
        chart = manifest.text("spec", "chart")
        if not chart or chart.endswith(".tgz"):
            return []
        return [(manifest.field("spec", "chart"), manifest.field("spec", "version"))]
    spec = manifest.field("spec", "chart", "spec") if manifest.kind == "HelmRelease" else manifest.field("spec")
    if not spec.text("chart") or spec.get("sourceRef", "kind") in ("GitRepository", "Bucket"):
        return []
    return [(spec.field("chart"), spec.field("version"))]
