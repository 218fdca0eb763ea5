"""Built-in policy: dangling-role-ref."""

from __future__ import annotations

from gategit.checks.policy.api import (
    ROLE_BINDINGS,
    ROLES,
    Inventory,
    Manifest,
    Violation,
    Violations,
    is_filled_in_later,
    policy,
)


@policy(level="warning", kinds=ROLE_BINDINGS, inventory=ROLES)
def dangling_role_ref(manifest: Manifest, inventory: Inventory) -> Violations:
    """A binding refers to a role that is in the repository, or that Kubernetes brings.

    What it asks:
        The Role that a RoleBinding refers to is in the same tree, in the binding's namespace. A ClusterRole is, too,
        unless it is a built-in one (`cluster-admin`, `admin`, `edit`, `view`, `system:…`). Names that something fills
        in later are not judged.

    Why:
        The API server takes a binding to a role that does not exist, and it grants nothing. A Role of the same name in
        another namespace is another one.

    How to fix:
        Correct the name, the kind (`Role` or `ClusterRole`) or the namespace. For a role that a Helm chart or an
        operator installs, a waiver says where it comes from.

    Fails:
        --- # inventory
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata:
          name: reader
          namespace: tools
        rules: []
        --- # new
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata:
          name: ci
          namespace: shop
        roleRef:
          apiGroup: rbac.authorization.k8s.io
          kind: Role
          name: reader  # <-
        subjects:
          - kind: ServiceAccount
            name: ci
            namespace: shop

    Passes:
        --- # inventory
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata:
          name: reader
          namespace: shop
        rules: []
        --- # new
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata:
          name: ci
          namespace: shop
        roleRef:
          apiGroup: rbac.authorization.k8s.io
          kind: Role
          name: reader
        subjects:
          - kind: ServiceAccount
            name: ci
            namespace: shop

    Passes (a role that Kubernetes brings):
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
        https://kubernetes.io/docs/reference/access-authn-authz/rbac/#rolebinding-and-clusterrolebinding
    """
    kind, name = manifest.text("roleRef", "kind"), manifest.text("roleRef", "name")
    if kind not in ("Role", "ClusterRole") or not name or is_filled_in_later(name) or name.startswith("system:"):
        return
    if kind == "ClusterRole" and name in ("cluster-admin", "admin", "edit", "view"):
        return
    namespace = manifest.namespace if kind == "Role" else ""
    if inventory.get(f"rbac.authorization.k8s.io/{kind}", name, namespace) is None:
        where = f" of namespace {namespace}" if namespace else ""
        yield Violation(
            manifest.field("roleRef", "name"), f"{manifest} refers to {kind} {name}{where}, which is not there"
        )
