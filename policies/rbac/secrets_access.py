"""Built-in policy: secrets-access."""

from __future__ import annotations

from gategit.checks.policy.api import ROLES, Manifest, Violation, Violations, grants, policy


@policy(level="warning", kinds=ROLES, security_severity=7.5)
def secrets_access(manifest: Manifest, *, only_cluster_roles: bool = False) -> Violations:
    """A role reads no Secrets, or only those that it names.

    What it asks:
        No Role or ClusterRole allows `get`, `list` or `watch` on `secrets`, unless the rule lists them in
        `resourceNames`. Wildcards count. Listing is reading: the answer holds the values.

    Why:
        Who reads the Secrets of a namespace is everyone in it: they hold the passwords of its databases and the tokens
        of its service accounts. Cluster-wide it is everyone in the cluster.

    How to fix:
        List the Secrets that are needed in `resourceNames`, with the verb `get` alone, or mount them into the pod: it
        needs no role then.

    Parameters:
        only_cluster_roles: whether a Role, which counts in one namespace, may read all of that namespace's Secrets.

    Fails:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata:
          name: operator
        rules:
          - apiGroups:
              - ""
            resources:
              - configmaps
              - secrets  # <-
            verbs:
              - get
              - list

    Passes:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata:
          name: web
          namespace: shop
        rules:
          - apiGroups:
              - ""
            resources:
              - secrets
            resourceNames:
              - web-tls
            verbs:
              - get

    Passes (a role that counts in one namespace, where the config lets it):
        --- # parameters
        only_cluster_roles: true
        --- # new
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata:
          name: operator
          namespace: shop
        rules:
          - apiGroups:
              - ""
            resources:
              - secrets
            verbs:
              - list

    References:
        https://kubernetes.io/docs/concepts/security/rbac-good-practices/
        https://kubernetes.io/docs/concepts/security/secrets-good-practices/
    """
    if only_cluster_roles and manifest.kind != "ClusterRole":
        return
    for grant in grants(manifest, ("get", "list", "watch"), ("secrets",)):
        if not grant.is_named_only:
            yield Violation(grant.field, f"{manifest} may {grant}")
