"""Built-in policy: argocd-build-plugins."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy

_OPTIONS = {
    "--enable-alpha-plugins": "runs programs that a repository names",
    "--enable-exec": "runs programs that a repository names",
    "--enable_alpha_plugins": "runs programs that a repository names",
    "LoadRestrictionsNone": "lets a kustomization read every file of Argo CD's repository server",
}


@policy(level="warning", kinds=("ConfigMap", "argoproj.io/ArgoCD"), security_severity=7.0)
def argocd_build_plugins(manifest: Manifest) -> Violations:
    """Argo CD does not let repositories run programs, or read outside of themselves, while it builds them.

    What it asks:
        `kustomize.buildOptions` in the ConfigMap `argocd-cm`, and the options of single versions beside it, turn on
        neither plugins nor exec functions, and do not lift the restriction of paths.

    Why:
        Argo CD builds what is in a repository before anybody has looked at it, on a server that holds the credentials
        of all repositories. With plugins, a pull request runs its own program there.

    How to fix:
        Take the option out. Where Helm charts are inflated, `--enable-helm` alone is enough.

    Fails:
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: argocd-cm, namespace: argocd}
        data:
          kustomize.buildOptions: --enable-helm --enable-alpha-plugins --enable-exec  # <-

    Passes:
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: argocd-cm, namespace: argocd}
        data:
          kustomize.buildOptions: --enable-helm

    References:
        https://argo-cd.readthedocs.io/en/stable/user-guide/kustomize/#kustomize-build-optionsparameters
        https://argo-cd.readthedocs.io/en/stable/operator-manual/security/
    """
    if manifest.kind == "ArgoCD":
        fields = [manifest.field("spec", "kustomizeBuildOptions")]
    elif manifest.get("metadata", "name") == "argocd-cm":
        fields = [field for key, field in manifest.entries("data") if key.startswith("kustomize.buildOptions")]
    else:
        return
    for field in fields:
        text = field.text()
        what = next((what for option, what in _OPTIONS.items() if option in text), "")
        if what:
            yield Violation(field, f"Argo CD {what}")
