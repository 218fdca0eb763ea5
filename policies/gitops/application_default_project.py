"""Built-in policy: application-default-project."""

from __future__ import annotations

from gategit.checks.policy.api import APPLICATIONS, Manifest, Violation, Violations, application_spec, policy


@policy(level="warning", kinds=APPLICATIONS, security_severity=4.0)
def application_default_project(manifest: Manifest) -> Violations:
    """An Argo CD Application belongs to a project of its own, not to `default`.

    What it asks:
        `spec.project` of an Application, and of the template of an ApplicationSet, names a project other than
        `default`. A field that is empty counts as `default`, as it does to Argo CD.

    Why:
        The project decides what an Application may deploy, and where to. Argo CD creates `default` so that it allows
        every repository, every cluster and every kind: an Application in it is held by nothing.

    How to fix:
        Make an AppProject for the team or the purpose, with the repositories, namespaces and kinds that it needs,
        and name it in `spec.project`.

    Fails:
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: web, namespace: argocd}
        spec:
          project: default  # <-
          source: {repoURL: "https://git.example.com/shop.git", path: web, targetRevision: v1.4.2}
          destination: {name: in-cluster, namespace: shop}

    Passes:
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: web, namespace: argocd}
        spec:
          project: shop
          source: {repoURL: "https://git.example.com/shop.git", path: web, targetRevision: v1.4.2}
          destination: {name: in-cluster, namespace: shop}

    References:
        https://argo-cd.readthedocs.io/en/stable/user-guide/projects/#the-default-project
    """
    spec = application_spec(manifest)
    if spec and spec.get("project") in (None, "", "default"):
        yield Violation(spec.field("project"), f"{manifest} is in the project default, which allows everything")
