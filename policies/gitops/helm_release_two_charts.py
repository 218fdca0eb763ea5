"""Built-in policy: helm-release-two-charts."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy


@policy(level="error", kinds=("helm.toolkit.fluxcd.io/HelmRelease",))
def helm_release_two_charts(manifest: Manifest) -> Violations:
    """A Flux HelmRelease has a chart or a chartRef, not both.

    What it asks:
        `spec.chart` and `spec.chartRef` are not set at once.

    Why:
        The API server refuses a HelmRelease with both, and so Flux applies nothing of the folder that it stands in. A
        schema that only knows the fields does not see it.

    How to fix:
        Keep `chartRef` for a chart from an OCIRepository or a HelmChart of its own, `chart` for one from a
        HelmRepository, and delete the other.

    Fails:
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: {name: web, namespace: shop}
        spec:
          interval: 1h
          chart:
            spec:
              chart: web
              version: 1.4.2
              sourceRef: {kind: HelmRepository, name: shop}
          chartRef:  # <-
            kind: OCIRepository
            name: web

    Passes:
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: {name: web, namespace: shop}
        spec:
          interval: 1h
          chartRef:
            kind: OCIRepository
            name: web

    References:
        https://fluxcd.io/flux/components/helm/helmreleases/#chart-reference
    """
    if manifest.has("spec", "chart") and manifest.has("spec", "chartRef"):
        yield Violation(manifest.field("spec", "chartRef"), f"{manifest} has a chart and a chartRef, which is refused")
