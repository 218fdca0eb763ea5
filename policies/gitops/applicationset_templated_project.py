"""Built-in policy: applicationset-templated-project."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, generators, policy

_FROM_OUTSIDE = ("git", "scmProvider", "pullRequest", "plugin", "clusterDecisionResource")


@policy(level="warning", kinds=("argoproj.io/ApplicationSet",), security_severity=7.5)
def applicationset_templated_project(manifest: Manifest) -> Violations:
    """An Argo CD ApplicationSet does not take the project from a template that others fill in.

    What it asks:
        `spec.template.spec.project` holds no `{{ }}` where a generator reads from outside: from a Git repository,
        a Git host, pull requests, a plugin. A list and the clusters that Argo CD knows are let through.

    Why:
        The project is the fence around an Application. Whoever writes the file, the folder or the branch that the
        generator reads picks the project then, also one that allows everything.

    How to fix:
        Write the project's name out. Make one ApplicationSet for each team.

    Fails:
        apiVersion: argoproj.io/v1alpha1
        kind: ApplicationSet
        metadata: {name: apps, namespace: argocd}
        spec:
          goTemplate: true
          generators:
            - git:
                repoURL: https://git.example.com/apps.git
                revision: main
                files: [{path: "*/app.yaml"}]
          template:
            metadata: {name: "{{.name}}"}
            spec:
              project: "{{.project}}"  # <-

    Passes:
        apiVersion: argoproj.io/v1alpha1
        kind: ApplicationSet
        metadata: {name: apps, namespace: argocd}
        spec:
          goTemplate: true
          generators:
            - git:
                repoURL: https://git.example.com/apps.git
                revision: main
                files: [{path: "*/app.yaml"}]
          template:
            metadata: {name: "{{.name}}"}
            spec:
              project: shop

    References:
        https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Security/
    """
    project = manifest.field("spec", "template", "spec", "project")
    if "{{" not in project.text():
        return
    if any(generator.has(name) for generator in generators(manifest.field("spec")) for name in _FROM_OUTSIDE):
        yield Violation(project, f"what {manifest} reads picks the project of its Applications")
