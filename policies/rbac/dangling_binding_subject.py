"""Built-in policy: dangling-binding-subject."""

from __future__ import annotations

from gategit.checks.policy.api import (
    ROLE_BINDINGS,
    Inventory,
    Manifest,
    Violation,
    Violations,
    is_filled_in_later,
    policy,
)


@policy(level="note", kinds=ROLE_BINDINGS, inventory=("ServiceAccount",))
def dangling_binding_subject(manifest: Manifest, inventory: Inventory) -> Violations:
    """A binding gives rights to service accounts that are in the repository.

    What it asks:
        Each ServiceAccount among the subjects of a RoleBinding or ClusterRoleBinding is in the same tree, where the
        tree holds any ServiceAccount of that namespace. The service account `default`, which each namespace has, and
        names that something fills in later are not judged.

    Why:
        The API server takes a binding to a service account that does not exist. Whoever may create one of that name
        later has the rights, and the workload that should have had them has none.

    How to fix:
        Correct the name or the namespace, add the ServiceAccount, or take the subject out. For one that a Helm chart or
        an operator makes, a waiver says where it comes from.

    Fails:
        --- # inventory
        apiVersion: v1
        kind: ServiceAccount
        metadata:
          name: web
          namespace: shop
        --- # new
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
            name: ci  # <-
            namespace: shop

    Passes:
        --- # inventory
        apiVersion: v1
        kind: ServiceAccount
        metadata:
          name: ci
          namespace: tools
        --- # new
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
            namespace: tools

    References:
        https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-subjects
    """
    for subject in manifest.items("subjects"):
        name = subject.text("name")
        if subject.text("kind") != "ServiceAccount" or name in ("", "default"):
            continue
        namespace = subject.text("namespace") or manifest.namespace
        if is_filled_in_later(name) or is_filled_in_later(namespace):
            continue
        if not namespace or inventory.get("ServiceAccount", name, namespace) is not None:
            continue
        if any(one.namespace == namespace for one in inventory.of_kind("ServiceAccount", namespace)):
            who = f"ServiceAccount {name} of namespace {namespace}"
            yield Violation(subject.field("name"), f"{manifest} binds {who}, which is not there")
