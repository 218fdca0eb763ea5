"""Built-in policy: binding-subject-namespace."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy


@policy(level="warning", kinds=("rbac.authorization.k8s.io/ClusterRoleBinding",))
def binding_subject_namespace(manifest: Manifest) -> Violations:
    """A ClusterRoleBinding says in which namespace each service account is.

    What it asks:
        Each ServiceAccount among the subjects of a ClusterRoleBinding has a `namespace`, and no API group.

    Why:
        The API server refuses the binding otherwise, and the sync stops there. (A RoleBinding may leave the namespace
        out: its own counts.)

    How to fix:
        Add `namespace` to the subject, and take `apiGroup` away from it. Where Kustomize's `namespace` sets it, write
        it down all the same, so that the base alone can be applied.

    Fails:
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
            name: ci  # <-

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
            namespace: tools

    References:
        https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/cluster-role-binding-v1/
    """
    for subject in manifest.items("subjects"):
        if subject.text("kind") != "ServiceAccount":
            continue
        if not subject.text("namespace"):
            who = f"ServiceAccount {subject.text('name')}"
            yield Violation(subject.field("name"), f"{manifest} does not say in which namespace {who} is")
        if subject.text("apiGroup"):
            yield Violation(
                subject.field("apiGroup"), f"{manifest} names an API group for a ServiceAccount, which has none"
            )
