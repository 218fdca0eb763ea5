"""Built-in policy: dangling-role-ref."""

from __future__ import annotations

from gategit.checks.policy.api import (
    Inventory,
    Manifest,
    Violation,
    Violations,
    is_filled_in_later,
    policy,
)


@policy(
    level="warning",
    kinds=("rbac.authorization.k8s.io/RoleBinding",),
    inventory=("rbac.authorization.k8s.io/Role",),
    within_namespace=True,
)
def dangling_role_ref(manifest: Manifest, inventory: Inventory) -> Violations:
    """A binding to a Role refers to one that is in the repository, in its own namespace.

    What it asks:
        The Role that a RoleBinding refers to is in the same tree, in the binding's namespace. ClusterRoles are not
        asked about: they often come with an operator. Names that something fills in later are not judged.

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

    Passes (a ClusterRole):
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
    name = manifest.text("roleRef", "name")
    if manifest.get("roleRef", "kind") != "Role" or not name or is_filled_in_later(name):
        return
    namespace = manifest.namespace
    if is_filled_in_later(namespace):
        return
    if inventory.get("rbac.authorization.k8s.io/Role", name, namespace) is None:
        where = f" of namespace {namespace}" if namespace else ""
        yield Violation(
            manifest.field("roleRef", "name"), f"{manifest} refers to Role {name}{where}, which is not there"
        )
