"""Built-in policy: token-creation."""

from __future__ import annotations

from gategit.checks.policy.api import ROLES, Manifest, Violation, Violations, grants, policy


@policy(level="warning", kinds=ROLES, security_severity=7.5)
def token_creation(manifest: Manifest) -> Violations:
    """No role lets its subjects make tokens of service accounts, unless it names them.

    What it asks:
        No Role or ClusterRole allows `create` on `serviceaccounts/token`, unless the rule lists the service accounts in
        `resourceNames`. Wildcards count.

    Why:
        Who can ask for a token of any service account is any of them, with all of their rights, for as long as the
        token lasts.

    How to fix:
        List the service accounts in `resourceNames`. A pod needs no such right for its own token: it has one mounted.

    Fails:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata:
          name: ci
          namespace: shop
        rules:
          - apiGroups:
              - ""
            resources:
              - serviceaccounts/token  # <-
            verbs:
              - create

    Passes:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata:
          name: ci
          namespace: shop
        rules:
          - apiGroups:
              - ""
            resources:
              - serviceaccounts/token
            resourceNames:
              - deployer
            verbs:
              - create

    References:
        https://kubernetes.io/docs/concepts/security/rbac-good-practices/
        https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/
    """
    for grant in grants(manifest, ("create",), ("serviceaccounts/token",)):
        if not grant.is_named_only:
            yield Violation(grant.field, f"{manifest} may make tokens of every service account that it reaches")
