"""Built-in policy: namespace-privileged."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy

_LABEL = "pod-security.kubernetes.io/enforce"


@policy(level="warning", kinds=("Namespace",), security_severity=5.3)
def namespace_privileged(
    manifest: Manifest, *, allowed: tuple[str, ...] = ("kube-node-lease", "kube-public", "kube-system")
) -> Violations:
    """No Namespace lets its pods do whatever they like.

    What it asks:
        The label `pod-security.kubernetes.io/enforce` of a Namespace is not `privileged`, except in those that the
        parameter `allowed` names.

    Why:
        It switches the Pod Security Standards off for the namespace: each pod in it may be root on its node. One who
        can create pods there has the cluster.

    How to fix:
        Enforce `baseline`. Move the few agents that need the node to a namespace of their own, which nobody else can
        create pods in, and name that in `allowed`.

    Parameters:
        allowed: the names of the namespaces that may be privileged.

    Fails:
        apiVersion: v1
        kind: Namespace
        metadata:
          name: shop
          labels:
            pod-security.kubernetes.io/enforce: privileged  # <-

    Passes:
        apiVersion: v1
        kind: Namespace
        metadata:
          name: shop
          labels:
            pod-security.kubernetes.io/enforce: restricted

    Passes (a namespace that may):
        --- # parameters
        allowed: [network]
        --- # new
        apiVersion: v1
        kind: Namespace
        metadata:
          name: network
          labels:
            pod-security.kubernetes.io/enforce: privileged

    References:
        https://kubernetes.io/docs/concepts/security/pod-security-admission/
    """
    where = manifest.field("metadata", "labels", _LABEL)
    if where.text() == "privileged" and manifest.name not in allowed:
        yield Violation(where, f"{manifest} enforces privileged, which allows everything")
