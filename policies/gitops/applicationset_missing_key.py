"""Built-in policy: applicationset-missing-key."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy


@policy(level="warning", kinds=("argoproj.io/ApplicationSet",))
def applicationset_missing_key(manifest: Manifest) -> Violations:
    """An Argo CD ApplicationSet with Go templates stops where a value is missing.

    What it asks:
        Where `spec.goTemplate` is true, `spec.goTemplateOptions` holds `missingkey=error`.

    Why:
        Without it a misspelt or missing value becomes the text `<no value>`, or nothing, in the Application: in its
        name, its path or its namespace. Applications that are wrong are created, and right ones deleted.

    How to fix:
        Set `goTemplateOptions: ["missingkey=error"]`. Where a value may be missing, say so in the template:
        `{{ dig "size" "small" . }}`.

    Fails:
        apiVersion: argoproj.io/v1alpha1
        kind: ApplicationSet
        metadata: {name: apps, namespace: argocd}
        spec:
          goTemplate: true  # <-
          generators:
            - clusters: {}

    Passes:
        apiVersion: argoproj.io/v1alpha1
        kind: ApplicationSet
        metadata: {name: apps, namespace: argocd}
        spec:
          goTemplate: true
          goTemplateOptions: [missingkey=error]
          generators:
            - clusters: {}

    References:
        https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/GoTemplate/
    """
    if not manifest.is_true("spec", "goTemplate"):
        return
    options = manifest.get("spec", "goTemplateOptions")
    if not isinstance(options, list) or "missingkey=error" not in options:
        yield Violation(manifest.field("spec", "goTemplate"), f"{manifest} goes on where a template's value is missing")
