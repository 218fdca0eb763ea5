"""Built-in policy: broad-group-binding."""

from __future__ import annotations

from gategit.checks.policy.api import ROLE_BINDINGS, Manifest, Violation, Violations, policy

_BROAD = {
    "system:authenticated": "user and service account",
    "system:serviceaccounts": "service account of the cluster",
}
_BOUND_BY_KUBERNETES = (
    "system:basic-user",
    "system:discovery",
    "system:public-info-viewer",
    "system:service-account-issuer-discovery",
)


@policy(level="warning", kinds=ROLE_BINDINGS, security_severity=7.5)
def broad_group_binding(manifest: Manifest) -> Violations:
    """Nothing is granted to everyone who has logged in, nor to every service account.

    What it asks:
        No RoleBinding or ClusterRoleBinding has `system:authenticated` or `system:serviceaccounts` among its subjects.
        (`system:serviceaccounts:shop`, the service accounts of one namespace, passes.) The roles that Kubernetes itself
        binds to them (`system:basic-user`, `system:discovery`, `system:public-info-viewer`,
        `system:service-account-issuer-discovery`) pass.

    Why:
        `system:authenticated` is everyone with any valid credential; with some cloud providers that is every account of
        the provider, of any customer. `system:serviceaccounts` is every pod of the cluster.

    How to fix:
        Bind the group of people, or the service accounts, that need it.

    Fails:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata:
          name: everyone
        roleRef:
          apiGroup: rbac.authorization.k8s.io
          kind: ClusterRole
          name: view
        subjects:
          - apiGroup: rbac.authorization.k8s.io
            kind: Group
            name: "system:authenticated"  # <-

    Passes:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata:
          name: shop
          namespace: shop
        roleRef:
          apiGroup: rbac.authorization.k8s.io
          kind: ClusterRole
          name: view
        subjects:
          - apiGroup: rbac.authorization.k8s.io
            kind: Group
            name: "system:serviceaccounts:shop"

    References:
        https://kubernetes.io/docs/concepts/security/rbac-good-practices/
        https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-subjects
    """
    for subject in manifest.items("subjects"):
        if subject.text("kind") != "Group" or subject.text("name") not in _BROAD:
            continue
        role = manifest.text("roleRef", "name")
        if role not in _BOUND_BY_KUBERNETES:
            everyone = _BROAD[subject.text("name")]
            yield Violation(subject.field("name"), f"{manifest} gives the role {role} to every {everyone}")
