"""Built-in policy: rbac-wildcard."""

from __future__ import annotations

from gategit.checks.policy.api import ROLES, Manifest, Violation, Violations, policy

_LISTS = (("apiGroups", "API group"), ("resources", "resource"), ("verbs", "verb"), ("nonResourceURLs", "URL"))


@policy(level="warning", kinds=ROLES, security_severity=5.0)
def rbac_wildcard(manifest: Manifest) -> Violations:
    """A role names the API groups, resources and verbs that it allows, without wildcards.

    What it asks:
        No rule of a Role or ClusterRole has `*` among its `verbs`, `resources`, `apiGroups` or `nonResourceURLs`. Each
        list with a wildcard is one finding.

    Why:
        A wildcard also allows what nobody has thought of: `*` on `deployments` is `deletecollection` too, `*` for
        resources is every kind that a later version of the API group brings, and its subresources.

    How to fix:
        List what is needed. `kubectl api-resources --api-group=GROUP -o wide` prints the resources of a group and their
        verbs, the API server's audit log those that are used.

    Fails:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata:
          name: deployer
          namespace: shop
        rules:
          - apiGroups:
              - apps
            resources:
              - deployments
            verbs:
              - "*"  # <-

    Fails (every resource):
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata:
          name: reader
        rules:
          - apiGroups:
              - "*"  # <-
            resources:
              - "*"  # <-
            verbs:
              - get

    Passes:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata:
          name: deployer
          namespace: shop
        rules:
          - apiGroups:
              - apps
            resources:
              - deployments
            verbs:
              - get
              - patch

    References:
        https://kubernetes.io/docs/concepts/security/rbac-good-practices/
    """
    for rule in manifest.items("rules"):
        for key, every in _LISTS:
            entries = rule.get(key)
            if isinstance(entries, list) and "*" in entries:
                yield Violation(rule.field(key, entries.index("*")), f"a rule of {manifest} allows every {every}")
