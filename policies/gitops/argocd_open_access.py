"""Built-in policy: argocd-open-access."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy


@policy(level="error", kinds=("ConfigMap", "argoproj.io/ArgoCD"), security_severity=8.8)
def argocd_open_access(manifest: Manifest) -> Violations:
    """Argo CD does not let everybody in, nor make everybody an administrator.

    What it asks:
        `users.anonymous.enabled` in the ConfigMap `argocd-cm` is not true. In the ConfigMap `argocd-rbac-cm`,
        `policy.default` is not `role:admin`, and `policy.csv` does not give it to all who are logged in. The same holds
        for `spec.rbac` of the operator's ArgoCD objects.

    Why:
        Argo CD's administrator deploys anything to every cluster that Argo CD knows. With these settings that is
        everybody who has an account, or everybody who reaches the page.

    How to fix:
        Leave `policy.default` empty or set it to `role:readonly`, and give `role:admin` to a small group by
        its name.

    Fails:
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: argocd-rbac-cm, namespace: argocd}
        data:
          policy.default: role:admin  # <-

    Fails (nobody needs to log in):
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: argocd-cm, namespace: argocd}
        data:
          users.anonymous.enabled: "true"  # <-

    Fails (the operator):
        apiVersion: argoproj.io/v1beta1
        kind: ArgoCD
        metadata: {name: argocd, namespace: argocd}
        spec:
          rbac:
            policy: g, system:authenticated, role:admin  # <-

    Passes:
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: argocd-rbac-cm, namespace: argocd}
        data:
          policy.default: role:readonly
          policy.csv: |
            g, example:platform, role:admin

    References:
        https://argo-cd.readthedocs.io/en/stable/operator-manual/rbac/
        https://argo-cd.readthedocs.io/en/stable/operator-manual/security/
    """
    if manifest.kind == "ArgoCD":
        yield from _rules(manifest, ("spec", "rbac", "defaultPolicy"), ("spec", "rbac", "policy"))
        if manifest.is_true("spec", "usersAnonymousEnabled"):
            yield Violation(
                manifest.field("spec", "usersAnonymousEnabled"), "Argo CD lets everybody in without a login"
            )
        return
    name = manifest.get("metadata", "name")
    if name == "argocd-cm" and manifest.get("data", "users.anonymous.enabled") == "true":
        yield Violation(manifest.field("data", "users.anonymous.enabled"), "Argo CD lets everybody in without a login")
    elif name == "argocd-rbac-cm":
        yield from _rules(manifest, ("data", "policy.default"), ("data", "policy.csv"))


def _rules(manifest: Manifest, default: tuple[str, ...], csv: tuple[str, ...]) -> Violations:
    if manifest.get(*default) == "role:admin":
        yield Violation(manifest.field(*default), "whoever has no role of their own is an administrator of Argo CD")
    for line in manifest.text(*csv).splitlines():
        parts = [part.strip() for part in line.split(",")]
        if parts[0] == "g" and parts[1:] in (["system:authenticated", "role:admin"], ["*", "role:admin"]):
            yield Violation(manifest.field(*csv), f"{parts[1]} makes everybody an administrator of Argo CD")
