"""Built-in policy: rbac-full-access."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy

_EVERY_VERB = ("get", "list", "watch", "create", "update", "patch", "delete")


@policy(level="error", kinds=("rbac.authorization.k8s.io/ClusterRole",), security_severity=8.8)
def rbac_full_access(manifest: Manifest) -> Violations:
    """No ClusterRole of the repository may do everything.

    What it asks:
        No rule of a ClusterRole allows every verb on every resource of every API group: `*` three times, or `*` for
        groups and resources with all of `get`, `list`, `watch`, `create`, `update`, `patch` and `delete`.

    Why:
        Such a role is `cluster-admin` under another name: it reads every Secret and rewrites every RBAC rule. Whoever
        takes over one of its subjects has the cluster, and a search for `cluster-admin` does not find it.

    How to fix:
        List the API groups, resources and verbs that are needed. The API server's audit log tells which are used. For
        the GitOps agent itself a waiver, with an owner, says that it is meant.

    Fails:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata:
          name: deployer
        rules:
          - apiGroups:
              - "*"
            resources:
              - "*"  # <-
            verbs:
              - "*"

    Fails (every verb by name):
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata:
          name: deployer
        rules:
          - apiGroups:
              - "*"
            resources:
              - "*"  # <-
            verbs:
              - get
              - list
              - watch
              - create
              - update
              - patch
              - delete

    Passes:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata:
          name: deployer
        rules:
          - apiGroups:
              - apps
            resources:
              - deployments
            verbs:
              - get
              - list
              - patch

    Passes (reading everything):
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata:
          name: inventory
        rules:
          - apiGroups:
              - "*"
            resources:
              - "*"
            verbs:
              - get
              - list
              - watch

    References:
        https://kubernetes.io/docs/concepts/security/rbac-good-practices/
    """
    for rule in manifest.items("rules"):
        if not _has_wildcard(rule.get("apiGroups")) or not _has_wildcard(rule.get("resources")):
            continue
        verbs = rule.get("verbs")
        if isinstance(verbs, list) and ("*" in verbs or all(verb in verbs for verb in _EVERY_VERB)):
            where = next(entry for entry in rule.items("resources") if entry.value == "*")
            yield Violation(where, f"{manifest} may do everything to every object of the cluster")


def _has_wildcard(entries: object) -> bool:
    return isinstance(entries, list) and "*" in entries
