"""Built-in policy: anonymous-binding."""

from __future__ import annotations

from gategit.checks.policy.api import ROLE_BINDINGS, Manifest, Violation, Violations, policy

_NOT_LOGGED_IN = (("User", "system:anonymous"), ("Group", "system:unauthenticated"))


@policy(level="error", kinds=ROLE_BINDINGS, security_severity=9.8)
def anonymous_binding(manifest: Manifest) -> Violations:
    """Nothing is granted to those who have not logged in.

    What it asks:
        No RoleBinding or ClusterRoleBinding has the user `system:anonymous` or the group `system:unauthenticated` among
        its subjects. The binding to `system:public-info-viewer`, which Kubernetes itself makes, passes.

    Why:
        It counts for everyone who reaches the API server, without any credential. Whole clusters were taken over this
        way.

    How to fix:
        Bind the service account, user or group that needs it. For a probe of the API server `/livez` and `/readyz` are
        open already.

    Fails:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata:
          name: dashboard
        roleRef:
          apiGroup: rbac.authorization.k8s.io
          kind: ClusterRole
          name: view
        subjects:
          - apiGroup: rbac.authorization.k8s.io
            kind: User
            name: "system:anonymous"  # <-
          - apiGroup: rbac.authorization.k8s.io
            kind: Group
            name: "system:unauthenticated"  # <-

    Passes:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata:
          name: dashboard
        roleRef:
          apiGroup: rbac.authorization.k8s.io
          kind: ClusterRole
          name: view
        subjects:
          - kind: ServiceAccount
            name: dashboard
            namespace: tools

    References:
        https://kubernetes.io/docs/concepts/security/rbac-good-practices/
        https://kubernetes.io/docs/reference/access-authn-authz/authentication/#anonymous-requests
    """
    if manifest.text("roleRef", "name") == "system:public-info-viewer":
        return
    for subject in manifest.items("subjects"):
        if (subject.text("kind"), subject.text("name")) in _NOT_LOGGED_IN:
            role = manifest.text("roleRef", "name")
            yield Violation(subject.field("name"), f"{manifest} gives the role {role} to everyone, without a login")
