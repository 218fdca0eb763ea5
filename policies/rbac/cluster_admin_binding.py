"""Built-in policy: cluster-admin-binding."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy


@policy(
    level="error",
    kinds=("rbac.authorization.k8s.io/ClusterRoleBinding",),
    security_severity=8.8,
)
def cluster_admin_binding(manifest: Manifest) -> Violations:
    """Nobody is bound to cluster-admin.

    What it asks:
        No ClusterRoleBinding with subjects refers to the ClusterRole `cluster-admin`.

    Why:
        `cluster-admin` may do everything to everything, Secrets and RBAC rules included. Whoever takes over one pod
        that runs as such a subject has the cluster.

    How to fix:
        Bind a ClusterRole that lists what the subject needs, or bind `admin` in one namespace with a RoleBinding.
        For the GitOps agent itself a waiver, with an owner, says that it is meant.

    Fails:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata:
          name: ci
        roleRef:
          apiGroup: rbac.authorization.k8s.io
          kind: ClusterRole
          name: cluster-admin  # <-
        subjects:
          - kind: ServiceAccount
            name: ci
            namespace: ci

    Passes:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata:
          name: ci
        roleRef:
          apiGroup: rbac.authorization.k8s.io
          kind: ClusterRole
          name: view
        subjects:
          - kind: ServiceAccount
            name: ci
            namespace: ci

    References:
        https://kubernetes.io/docs/reference/access-authn-authz/rbac/#user-facing-roles
        https://kubernetes.io/docs/concepts/security/rbac-good-practices/
    """
    if manifest.text("roleRef", "name") != "cluster-admin":
        return
    subjects = [f"{who.text('kind')} {who.text('name')}" for who in manifest.items("subjects")]
    if subjects:
        more = f" and {len(subjects) - 1} more" if len(subjects) > 1 else ""
        yield Violation(manifest.field("roleRef", "name"), f"{subjects[0]}{more} may do everything in the cluster")
