"""Built-in policy: rbac-escalation."""

from __future__ import annotations

from gategit.checks.policy.api import ROLES, Manifest, Violation, Violations, grants, policy

_WAYS = (
    (("bind", "escalate"), ("clusterroles", "roles"), "rbac.authorization.k8s.io"),
    (("impersonate",), ("users", "groups", "serviceaccounts"), ""),
)


@policy(level="warning", kinds=ROLES, security_severity=8.0)
def rbac_escalation(manifest: Manifest) -> Violations:
    """No role lets its subjects take more rights than it gives them.

    What it asks:
        No Role or ClusterRole allows `escalate` or `bind` on roles and cluster roles, or `impersonate` on users, groups
        and service accounts, unless the rule lists in `resourceNames` which ones. Wildcards count.

    Why:
        The API server refuses to let anyone hand out rights that they do not have. These three verbs are the way
        around: with `escalate` a role can be given more than its writer has, with `bind` any role can be bound, with
        `impersonate` one acts as `system:masters`.

    How to fix:
        Take the verb away, or list in `resourceNames` the roles that may be bound and the users that may be
        impersonated.

    Fails:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata:
          name: operator
        rules:
          - apiGroups:
              - rbac.authorization.k8s.io
            resources:
              - clusterroles  # <-
            verbs:
              - get
              - bind
              - escalate

    Fails (acting as others):
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata:
          name: support
        rules:
          - apiGroups:
              - ""
            resources:
              - users  # <-
              - groups  # <-
            verbs:
              - impersonate

    Passes:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata:
          name: operator
        rules:
          - apiGroups:
              - rbac.authorization.k8s.io
            resources:
              - clusterroles
            resourceNames:
              - shop-reader
            verbs:
              - bind

    References:
        https://kubernetes.io/docs/concepts/security/rbac-good-practices/
        https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping
    """
    for verbs, resources, group in _WAYS:
        for grant in grants(manifest, verbs, resources, group):
            if not grant.is_named_only:
                yield Violation(grant.field, f"{manifest} may {grant}, which is a way to more rights")
