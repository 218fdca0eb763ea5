"""Built-in policy: nodes-proxy."""

from __future__ import annotations

from gategit.checks.policy.api import ROLES, Manifest, Violation, Violations, grants, policy


@policy(level="warning", kinds=ROLES, security_severity=8.0)
def nodes_proxy(manifest: Manifest) -> Violations:
    """No role lets its subjects talk to the kubelet through nodes/proxy.

    What it asks:
        No Role or ClusterRole allows anything on `nodes/proxy`. Wildcards count. `nodes/metrics`, `nodes/stats`,
        `nodes/log`, `nodes/configz`, `nodes/healthz` and `nodes/pods` are not asked about.

    Why:
        `nodes/proxy` is the kubelet's whole API: it runs commands in every pod of the node, and goes around admission
        control and the audit log. `get` alone is enough for that over a WebSocket. It is often given for metrics, which
        need far less.

    How to fix:
        Allow `nodes/metrics` and `nodes/stats` for metrics. From Kubernetes 1.33 on the kubelet asks for such
        fine-grained rights by default, and monitoring agents can do without `nodes/proxy`.

    Fails:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata:
          name: metrics
        rules:
          - apiGroups:
              - ""
            resources:
              - nodes/metrics
              - nodes/proxy  # <-
            verbs:
              - get

    Passes:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata:
          name: metrics
        rules:
          - apiGroups:
              - ""
            resources:
              - nodes/metrics
              - nodes/stats
            verbs:
              - get

    References:
        https://kubernetes.io/docs/concepts/security/rbac-good-practices/
        https://kubernetes.io/docs/reference/access-authn-authz/kubelet-authn-authz/
    """
    for grant in grants(manifest, ("get", "create", "update", "patch", "delete"), ("nodes/proxy",)):
        yield Violation(grant.field, f"{manifest} may use nodes/proxy, which runs commands in every pod of a node")
