"""Built-in policy: default-service-account-binding."""

from __future__ import annotations

from gategit.checks.policy.api import ROLE_BINDINGS, Manifest, Violation, Violations, policy


@policy(level="warning", kinds=ROLE_BINDINGS, security_severity=5.5)
def default_service_account_binding(manifest: Manifest) -> Violations:
    """No role is bound to a namespace's service account default.

    What it asks:
        No RoleBinding or ClusterRoleBinding has a ServiceAccount called `default` among its subjects.

    Why:
        Every pod that names no service account runs as `default`. What is granted to it is granted to all of them, also
        to those that come later and need nothing.

    How to fix:
        Make a ServiceAccount for the workload, set `serviceAccountName` in its pods, and bind that.

    Fails:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata:
          name: ci
          namespace: shop
        roleRef:
          apiGroup: rbac.authorization.k8s.io
          kind: ClusterRole
          name: edit
        subjects:
          - kind: ServiceAccount
            name: default  # <-
            namespace: shop

    Passes:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata:
          name: ci
          namespace: shop
        roleRef:
          apiGroup: rbac.authorization.k8s.io
          kind: ClusterRole
          name: edit
        subjects:
          - kind: ServiceAccount
            name: ci
            namespace: shop

    References:
        https://kubernetes.io/docs/concepts/security/rbac-good-practices/
    """
    for subject in manifest.items("subjects"):
        if subject.text("kind") == "ServiceAccount" and subject.text("name") == "default":
            role = manifest.text("roleRef", "name")
            yield Violation(subject.field("name"), f"{manifest} gives the role {role} to the service account default")
