"""Built-in policy: quota-relaxed."""

from __future__ import annotations

from gategit.checks.policy.api import Change, Violation, Violations, policy, quantity


@policy(level="warning", kinds=("ResourceQuota", "LimitRange"))
def quota_relaxed(change: Change) -> Violations:
    """A change does not remove or raise what a namespace may use.

    What it asks:
        No ResourceQuota and no LimitRange is removed, and no amount of a ResourceQuota's `spec.hard` is raised or taken
        away.

    Why:
        The quota is what keeps one team's mistake, or its bill, from becoming everyone's. A team that can raise its own
        quota has none.

    How to fix:
        Ask those who own the cluster, and let them make the change or say in a waiver that it is agreed.

    Fails:
        --- # old
        apiVersion: v1
        kind: ResourceQuota
        metadata: {name: quota, namespace: shop}
        spec: {hard: {requests.cpu: "10", limits.memory: 64Gi, pods: "50"}}
        --- # new
        apiVersion: v1
        kind: ResourceQuota
        metadata: {name: quota, namespace: shop}
        spec:
          hard:  # <-
            requests.cpu: "20"  # <-
            limits.memory: 65536Mi

    Fails (a LimitRange is gone):
        --- # old
        apiVersion: v1
        kind: LimitRange
        metadata:
          name: defaults  # <-
          namespace: shop
        spec: {limits: [{type: Container, default: {memory: 256Mi}}]}
        --- # new

    Passes:
        --- # old
        apiVersion: v1
        kind: ResourceQuota
        metadata: {name: quota, namespace: shop}
        spec: {hard: {requests.cpu: "10"}}
        --- # new
        apiVersion: v1
        kind: ResourceQuota
        metadata: {name: quota, namespace: shop}
        spec: {hard: {requests.cpu: 8000m, pods: "50"}}

    References:
        https://kubernetes.io/docs/concepts/policy/resource-quotas/
        https://kubernetes.io/docs/concepts/policy/limit-range/
    """
    old, new = change.old, change.new
    if change.deleted is not None:
        yield Violation(change.deleted, f"the change removes {old}, and what it limits is free then")
    if old is None or new is None or new.kind != "ResourceQuota":
        return
    for name, before in old.entries("spec", "hard"):
        after = new.field("spec", "hard", name)
        was, becomes = quantity(before.value), quantity(after.value)
        if before and not after:
            yield Violation(after, f"{new} no longer limits {name}")
        elif was is not None and becomes is not None and becomes > was:
            yield Violation(after, f"{new} raises {name} from {before.value} to {after.value}")
