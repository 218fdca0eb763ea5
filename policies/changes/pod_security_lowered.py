"""Built-in policy: pod-security-lowered."""

from __future__ import annotations

from gategit.checks.policy.api import Change, Violation, Violations, policy

_LABEL = "pod-security.kubernetes.io/enforce"
_LEVELS = ("privileged", "baseline", "restricted")


@policy(level="error", kinds=("Namespace",), security_severity=7.2)
def pod_security_lowered(change: Change) -> Violations:
    """A change does not lower the Pod Security level that a Namespace enforces.

    What it asks:
        The label `pod-security.kubernetes.io/enforce` does not go from `restricted` to `baseline`, nor from either to
        `privileged` or away.

    Why:
        The label is what keeps privileged pods out of the Namespace. Without it everyone who may create a pod there may
        take over the node that it runs on.

    How to fix:
        Keep the level. A workload that needs more belongs into a Namespace of its own, where few may create pods.

    Fails:
        --- # old
        apiVersion: v1
        kind: Namespace
        metadata: {name: shop, labels: {pod-security.kubernetes.io/enforce: restricted}}
        --- # new
        apiVersion: v1
        kind: Namespace
        metadata:
          name: shop
          labels:
            pod-security.kubernetes.io/enforce: privileged  # <-

    Fails (the label is gone):
        --- # old
        apiVersion: v1
        kind: Namespace
        metadata: {name: shop, labels: {team: shop, pod-security.kubernetes.io/enforce: baseline}}
        --- # new
        apiVersion: v1
        kind: Namespace
        metadata:
          name: shop
          labels:  # <-
            team: shop

    Passes:
        --- # old
        apiVersion: v1
        kind: Namespace
        metadata: {name: shop, labels: {pod-security.kubernetes.io/enforce: baseline}}
        --- # new
        apiVersion: v1
        kind: Namespace
        metadata: {name: shop, labels: {pod-security.kubernetes.io/enforce: restricted}}

    References:
        https://kubernetes.io/docs/concepts/security/pod-security-admission/#pod-security-admission-labels-for-namespaces
    """
    if change.old is None or change.new is None:
        return
    field = change.new.field("metadata", "labels", _LABEL)
    before, after = change.old.labels.get(_LABEL, _LEVELS[0]), field.value or _LEVELS[0]
    if before in _LEVELS and after in _LEVELS and _LEVELS.index(after) < _LEVELS.index(before):
        yield Violation(field, f"{change.new} enforces the Pod Security level {after} instead of {before}")
