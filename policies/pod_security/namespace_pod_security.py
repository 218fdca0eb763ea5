"""Built-in policy: namespace-pod-security."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, is_filled_in_later, policy

_LABEL = "pod-security.kubernetes.io/enforce"
_LEVELS = ("privileged", "baseline", "restricted")


@policy(level="warning", kinds=("Namespace",), security_severity=4.3)
def namespace_pod_security(manifest: Manifest, *, least: str = "baseline") -> Violations:
    """Every Namespace says which Pod Security Standard its pods must keep.

    What it asks:
        A Namespace has the label `pod-security.kubernetes.io/enforce`, with `baseline` or `restricted`. `kube-system`,
        `kube-public` and `kube-node-lease` are not asked, nor is a level of `privileged`, which
        `namespace-privileged` judges.

    Why:
        Without the label nothing holds a pod to any standard (unless the API server is configured otherwise), so
        whoever may create a pod in the namespace may take over its node.

    How to fix:
        Add the label. Try the level first with `pod-security.kubernetes.io/warn`, which refuses nothing.

    Parameters:
        least: the least strict level that is enough, baseline or restricted.

    Fails:
        apiVersion: v1
        kind: Namespace
        metadata:
          name: shop
          labels:  # <-
            team: shop

    Fails (not strict enough):
        --- # parameters
        least: restricted
        --- # new
        apiVersion: v1
        kind: Namespace
        metadata:
          name: shop
          labels:
            pod-security.kubernetes.io/enforce: baseline  # <-

    Passes:
        apiVersion: v1
        kind: Namespace
        metadata:
          name: shop
          labels:
            pod-security.kubernetes.io/enforce: baseline
            pod-security.kubernetes.io/warn: restricted

    References:
        https://kubernetes.io/docs/concepts/security/pod-security-admission/
        https://kubernetes.io/docs/tasks/configure-pod-container/enforce-standards-namespace-labels/
    """
    if manifest.name in ("kube-system", "kube-public", "kube-node-lease"):
        return
    where = manifest.field("metadata", "labels", _LABEL)
    level = where.text()
    if not level:
        yield Violation(where, f"{manifest} enforces no Pod Security Standard")
    elif level not in _LEVELS:
        if not is_filled_in_later(level):
            yield Violation(where, f"{manifest} enforces {level}, which is no Pod Security Standard")
    elif level == "baseline" and least == "restricted":
        yield Violation(where, f"{manifest} enforces baseline, which is less than restricted")
