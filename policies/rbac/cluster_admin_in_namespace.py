"""Built-in policy: cluster-admin-in-namespace."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy


@policy(level="warning", kinds=("rbac.authorization.k8s.io/RoleBinding",), security_severity=6.5)
def cluster_admin_in_namespace(manifest: Manifest) -> Violations:
    """Nobody is bound to cluster-admin, not even in a single namespace.

    What it asks:
        No RoleBinding with subjects refers to the ClusterRole `cluster-admin`. (ClusterRoleBindings are the business
        of `cluster-admin-binding`.)

    Why:
        Bound in a namespace, `cluster-admin` may do everything there: read its Secrets, act as any of its service
        accounts, change its quotas and the namespace itself. One of them with rights elsewhere is a way out.

    How to fix:
        Bind `admin`, which leaves out quotas and the namespace, or a Role that lists what the subject needs.

    Fails:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: {name: ci, namespace: shop}
        roleRef:
          apiGroup: rbac.authorization.k8s.io
          kind: ClusterRole
          name: cluster-admin  # <-
        subjects:
          - {kind: ServiceAccount, name: ci, namespace: ci}

    Passes:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: {name: ci, namespace: shop}
        roleRef:
          apiGroup: rbac.authorization.k8s.io
          kind: ClusterRole
          name: edit
        subjects:
          - {kind: ServiceAccount, name: ci, namespace: ci}

    References:
        https://kubernetes.io/docs/reference/access-authn-authz/rbac/#user-facing-roles
        https://kubernetes.io/docs/concepts/security/rbac-good-practices/
    """
    role = manifest.field("roleRef", "name")
    if role.text() != "cluster-admin" or manifest.text("roleRef", "kind") != "ClusterRole":
        return
    subjects = [f"{who.text('kind')} {who.text('name')}" for who in manifest.items("subjects")]
    if subjects:
        more = f" and {len(subjects) - 1} more" if len(subjects) > 1 else ""
        yield Violation(role, f"{subjects[0]}{more} may do everything in the namespace")
