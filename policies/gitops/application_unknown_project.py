"""Built-in policy: application-unknown-project."""

from __future__ import annotations

from gategit.checks.policy.api import (
    APPLICATIONS,
    Inventory,
    Manifest,
    Violation,
    Violations,
    application_spec,
    is_filled_in_later,
    policy,
)


@policy(level="note", kinds=APPLICATIONS, inventory=("argoproj.io/AppProject",))
def application_unknown_project(manifest: Manifest, inventory: Inventory) -> Violations:
    """The project of an Argo CD Application is one that the repository declares.

    What it asks:
        Where the repository declares AppProjects, `spec.project` is the name of one of them, or `default`. A
        repository that declares none is not judged.

    Why:
        An Application whose project does not exist is refused and deploys nothing. A typing error in the name shows
        only after the merge.

    How to fix:
        Correct the name, or declare the AppProject. If the project is declared elsewhere, waive the finding.

    Fails:
        --- # new
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: web, namespace: argocd}
        spec:
          project: shopp  # <-
        --- # inventory
        apiVersion: argoproj.io/v1alpha1
        kind: AppProject
        metadata: {name: shop, namespace: argocd}

    Passes:
        --- # new
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: web, namespace: argocd}
        spec:
          project: shop
        --- # inventory
        apiVersion: argoproj.io/v1alpha1
        kind: AppProject
        metadata: {name: shop, namespace: argocd}

    References:
        https://argo-cd.readthedocs.io/en/stable/user-guide/projects/
    """
    spec = application_spec(manifest)
    name = spec.text("project")
    if name in ("", "default") or is_filled_in_later(name):
        return
    projects = inventory.of_kind("argoproj.io/AppProject")
    if projects and all(project.name != name for project in projects):
        yield Violation(spec.field("project"), f"the repository declares AppProjects, but none is called {name[:100]}")
