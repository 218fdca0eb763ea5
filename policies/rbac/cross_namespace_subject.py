"""Built-in policy: cross-namespace-subject."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, is_filled_in_later, policy


@policy(level="note", kinds=("rbac.authorization.k8s.io/RoleBinding",), security_severity=4.0)
def cross_namespace_subject(manifest: Manifest) -> Violations:
    """A RoleBinding gives rights to service accounts of its own namespace.

    What it asks:
        No RoleBinding with a namespace names a ServiceAccount of another one. ClusterRoleBindings are not asked about,
        and neither are bindings whose namespace is set elsewhere.

    Why:
        Whoever may make pods in the other namespace acts in this one. Who reviews the other namespace does not see it,
        and who is responsible for this one cannot stop it.

    How to fix:
        Run the controller in this namespace, or accept it in a waiver that names the other namespace's owner.

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
            name: ci
            namespace: tools  # <-

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
    namespace = manifest.namespace
    if not namespace or is_filled_in_later(namespace):
        return
    for subject in manifest.items("subjects"):
        other = subject.text("namespace")
        if subject.text("kind") == "ServiceAccount" and other not in ("", namespace) and not is_filled_in_later(other):
            who = f"ServiceAccount {subject.text('name')} of namespace {other}"
            yield Violation(subject.field("namespace"), f"{manifest} gives rights in namespace {namespace} to {who}")
