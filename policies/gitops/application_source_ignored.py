"""Built-in policy: application-source-ignored."""

from __future__ import annotations

from gategit.checks.policy.api import (
    APPLICATIONS,
    Manifest,
    Violation,
    Violations,
    application_sources,
    application_spec,
    policy,
)


@policy(level="error", kinds=APPLICATIONS)
def application_source_ignored(manifest: Manifest) -> Violations:
    """An Argo CD Application has a source or sources, and a source a chart or a path, not both.

    What it asks:
        `spec.source` is absent where `spec.sources` lists any. A source with a `chart` has no `path`.

    Why:
        As soon as `sources` is there, Argo CD does not read `source`. A revision raised in it, or a parameter set
        in it, changes nothing, and nothing says so. Nor does it read the `path` of a source that names a `chart`.

    How to fix:
        Move what is wanted of `source` into the list `sources`, and delete `source`. Delete a `path`
        beside a `chart`, or the `chart` where the path of a git repository was meant.

    Fails:
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: web, namespace: argocd}
        spec:
          project: shop
          source:  # <-
            repoURL: https://git.example.com/shop.git
            path: web
            targetRevision: v1.4.2
          sources:
            - repoURL: https://git.example.com/shop.git
              path: web
              targetRevision: v1.4.1

    Fails (a path beside a chart):
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: web, namespace: argocd}
        spec:
          project: shop
          source:
            repoURL: https://charts.example.com
            chart: web
            path: charts/web  # <-
            targetRevision: 1.4.2

    Passes:
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: web, namespace: argocd}
        spec:
          project: shop
          sources:
            - repoURL: https://git.example.com/shop.git
              path: web
              targetRevision: v1.4.2

    References:
        https://argo-cd.readthedocs.io/en/stable/user-guide/multiple_sources/
    """
    spec = application_spec(manifest)
    if spec.get("source") and spec.items("sources"):
        yield Violation(spec.field("source"), f"{manifest} has sources too, so Argo CD ignores source")
    for source in application_sources(spec):
        if source.text("chart") and source.text("path") not in ("", "."):
            yield Violation(source.field("path"), f"{manifest} names a chart, so Argo CD ignores path")
