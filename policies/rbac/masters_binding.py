"""Built-in policy: masters-binding."""

from __future__ import annotations

from gategit.checks.policy.api import ROLE_BINDINGS, Manifest, Violation, Violations, policy


@policy(level="error", kinds=ROLE_BINDINGS, security_severity=9.0)
def masters_binding(manifest: Manifest) -> Violations:
    """No binding names the group system:masters.

    What it asks:
        No RoleBinding or ClusterRoleBinding has the group `system:masters` among its subjects. The binding
        `cluster-admin`, which Kubernetes itself makes, passes.

    Why:
        The API server lets that group do everything without asking RBAC, so the binding gives it nothing. Who writes it
        takes `system:masters` for a group to work with, but its members can be limited by no rule, and their
        certificates cannot be revoked.

    How to fix:
        Make a group of your own for administrators and bind that to the roles which it needs.

    Fails:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata:
          name: ops
        roleRef:
          apiGroup: rbac.authorization.k8s.io
          kind: ClusterRole
          name: edit
        subjects:
          - apiGroup: rbac.authorization.k8s.io
            kind: Group
            name: "system:masters"  # <-

    Passes:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata:
          name: ops
        roleRef:
          apiGroup: rbac.authorization.k8s.io
          kind: ClusterRole
          name: edit
        subjects:
          - apiGroup: rbac.authorization.k8s.io
            kind: Group
            name: ops

    References:
        https://kubernetes.io/docs/concepts/security/rbac-good-practices/
    """
    if manifest.name == "cluster-admin" and manifest.kind == "ClusterRoleBinding":
        return
    for subject in manifest.items("subjects"):
        if subject.text("kind") == "Group" and subject.text("name") == "system:masters":
            yield Violation(subject.field("name"), f"{manifest} binds system:masters, which no rule can limit")
