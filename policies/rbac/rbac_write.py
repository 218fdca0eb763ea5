"""Built-in policy: rbac-write."""

from __future__ import annotations

from gategit.checks.policy.api import ROLES, Manifest, Violation, Violations, grants, policy

_RBAC = ("roles", "clusterroles", "rolebindings", "clusterrolebindings")


@policy(level="warning", kinds=ROLES, security_severity=6.5)
def rbac_write(manifest: Manifest) -> Violations:
    """No role lets its subjects write roles and bindings.

    What it asks:
        No Role or ClusterRole allows `create`, `update` or `patch` on roles, cluster roles and their bindings, unless
        the rule lists in `resourceNames` which ones. Wildcards count.

    Why:
        Who writes RBAC rules decides what others may do. The API server lets nobody hand out more than they have, but
        what they have they can give to anyone, and nobody sees it in the repository.

    How to fix:
        Keep roles and bindings in the repository, and let the GitOps agent alone apply them. For an operator that makes
        them for its own workloads, a waiver with an owner says that it is meant.

    Fails:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata:
          name: operator
        rules:
          - apiGroups:
              - rbac.authorization.k8s.io
            resources:
              - roles  # <-
              - rolebindings  # <-
            verbs:
              - get
              - create
              - patch

    Passes:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata:
          name: operator
        rules:
          - apiGroups:
              - rbac.authorization.k8s.io
            resources:
              - roles
              - rolebindings
            verbs:
              - get
              - list

    References:
        https://kubernetes.io/docs/concepts/security/rbac-good-practices/
    """
    for grant in grants(manifest, ("create", "update", "patch"), _RBAC, "rbac.authorization.k8s.io"):
        if not grant.is_named_only:
            yield Violation(grant.field, f"{manifest} may {grant}")
