"""Built-in policy: exec-access."""

from __future__ import annotations

from gategit.checks.policy.api import ROLES, Manifest, Violation, Violations, grants, policy

_WAYS = (
    (("create", "get"), ("pods/exec", "pods/attach", "pods/portforward")),
    (("update", "patch"), ("pods/ephemeralcontainers",)),
)


@policy(level="warning", kinds=ROLES, security_severity=7.0)
def exec_access(manifest: Manifest) -> Violations:
    """No role lets its subjects run commands in pods, attach to them or reach into their network.

    What it asks:
        No Role or ClusterRole allows `create` or `get` on `pods/exec`, `pods/attach` or `pods/portforward`, nor
        `update` or `patch` on `pods/ephemeralcontainers`. Wildcards count. `get` is enough for these where a WebSocket
        is used.

    Why:
        A shell in a pod has the pod's service account, its mounted Secrets and its network. What is done there stands
        in no repository, and no review has seen it.

    How to fix:
        Take the subresource out of the role. For emergencies bind a role of its own for a limited time, outside of the
        branch.

    Fails:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata:
          name: support
          namespace: shop
        rules:
          - apiGroups:
              - ""
            resources:
              - pods
              - pods/exec  # <-
              - pods/portforward  # <-
            verbs:
              - get
              - create

    Passes:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata:
          name: support
          namespace: shop
        rules:
          - apiGroups:
              - ""
            resources:
              - pods
              - pods/log
            verbs:
              - get
              - list

    References:
        https://kubernetes.io/docs/concepts/security/rbac-good-practices/
        https://kubernetes.io/docs/tasks/debug/debug-application/get-shell-running-container/
    """
    reported = set()
    for verbs, resources in _WAYS:
        for grant in grants(manifest, verbs, resources):
            if grant.field.path not in reported:
                reported.add(grant.field.path)
                yield Violation(grant.field, f"{manifest} may {grant}")
