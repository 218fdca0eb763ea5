"""Built-in policy: long-lived-token."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy


@policy(level="warning", kinds=("Secret",), security_severity=6.0)
def long_lived_token(manifest: Manifest) -> Violations:
    """No service account has a token that never ends.

    What it asks:
        No Secret has the type `kubernetes.io/service-account-token`: the cluster puts a token into it that is valid
        until the Secret is deleted.

    Why:
        Since Kubernetes 1.24 pods and `kubectl create token` get tokens that end by themselves. One that does not end
        is in backups, in logs and in the hands of former colleagues, and works everywhere.

    How to fix:
        Take the Secret away. In a pod use the mounted token, or a projected volume with `serviceAccountToken`; outside
        of the cluster let the identity provider issue a token (`kubectl create token --duration`).

    Fails:
        apiVersion: v1
        kind: Secret
        metadata:
          name: ci-token
          namespace: shop
          annotations:
            kubernetes.io/service-account.name: ci
        type: kubernetes.io/service-account-token  # <-

    Passes:
        apiVersion: v1
        kind: ServiceAccount
        metadata:
          name: ci
          namespace: shop
        ---
        apiVersion: v1
        kind: Secret
        metadata:
          name: ci
          namespace: shop
        type: Opaque

    References:
        https://kubernetes.io/docs/concepts/configuration/secret/#serviceaccount-token-secrets
        https://kubernetes.io/docs/concepts/security/service-accounts/
    """
    if manifest.get("type") == "kubernetes.io/service-account-token":
        yield Violation(manifest.field("type"), f"{manifest} is filled with a token that never ends")
