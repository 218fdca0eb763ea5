"""Built-in policy: security-context-constraint."""

from __future__ import annotations

from gategit.checks.policy.api import Field, Manifest, Violation, Violations, policy

_GROUP = "rbac.authorization.k8s.io"
_ROLE_PREFIX = "system:openshift:scc:"
_DANGEROUS = frozenset(
    (
        "anyuid",
        "hostaccess",
        "hostmount-anyuid",
        "hostmount-anyuid-v2",
        "hostnetwork",
        "hostnetwork-v2",
        "node-exporter",
        "privileged",
    )
)
_RESOURCE = "securitycontextconstraints"


@policy(
    level="warning",
    kinds=tuple(f"{_GROUP}/{kind}" for kind in ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")),
    security_severity=7.5,
)
def security_context_constraint(manifest: Manifest) -> Violations:
    """On OpenShift, nobody is let use a constraint that allows root or the node.

    What it asks:
        No Role or ClusterRole grants `use` of one of OpenShift's own SecurityContextConstraints `anyuid`,
        `privileged`, `hostaccess`, `hostnetwork`, `hostmount-anyuid` and `node-exporter`, or of all of them, and no
        binding refers to the ClusterRoles `system:openshift:scc:…` that do.

    Why:
        The constraint is what keeps a pod of OpenShift from running as root and from reaching its node. Whoever is let
        use one of these can create a pod that does either, and `privileged` is the node itself.

    How to fix:
        Run the workload under `restricted-v2` or `nonroot-v2`. Where it cannot, write a constraint of your own that
        allows the one thing that it needs, for its service account alone.

    Fails:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata: {name: web, namespace: shop}
        rules:
          - apiGroups: [security.openshift.io]
            resources: [securitycontextconstraints]
            resourceNames:
              - anyuid  # <-
            verbs: [use]

    Fails (a binding):
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: {name: web, namespace: shop}
        roleRef:
          apiGroup: rbac.authorization.k8s.io
          kind: ClusterRole
          name: system:openshift:scc:privileged  # <-
        subjects:
          - {kind: ServiceAccount, name: web, namespace: shop}

    Passes:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata: {name: web, namespace: shop}
        rules:
          - apiGroups: [security.openshift.io]
            resources: [securitycontextconstraints]
            resourceNames: [nonroot-v2]
            verbs: [use]

    References:
        https://docs.redhat.com/en/documentation/openshift_container_platform/4.17/html/authentication_and_authorization/managing-pod-security-policies
    """
    if manifest.kind.endswith("Binding"):
        role = manifest.text("roleRef", "name")
        if role.startswith(_ROLE_PREFIX) and role[len(_ROLE_PREFIX) :] in _DANGEROUS:
            name = role[len(_ROLE_PREFIX) :]
            yield Violation(
                manifest.field("roleRef", "name"), f"{manifest} lets its subjects use the constraint {name}"
            )
        return
    for rule in manifest.items("rules"):
        yield from _rule(manifest, rule)


def _rule(manifest: Manifest, rule: Field) -> Violations:
    if not _has(rule, "resources", _RESOURCE) or not (_has(rule, "verbs", "use") or _has(rule, "verbs", "*")):
        return
    names = rule.items("resourceNames")
    if not names:
        yield Violation(rule.field("resources"), f"{manifest} grants the use of every security context constraint")
    for name in names:
        if name.text() in _DANGEROUS:
            yield Violation(name, f"{manifest} grants the use of the constraint {name.text()}")


def _has(rule: Field, key: str, value: str) -> bool:
    found = rule.get(key)
    return isinstance(found, list) and value in found
