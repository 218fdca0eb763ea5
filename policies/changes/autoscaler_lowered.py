"""Built-in policy: autoscaler-lowered."""

from __future__ import annotations

from gategit.checks.policy.api import Change, Violation, Violations, policy

_LIMITS = (
    ("maxReplicas", None),
    ("minReplicas", 1),
    ("maxReplicaCount", 100),
    ("minReplicaCount", 0),
)  # the fields of Kubernetes and of KEDA, each with what it counts as where it is absent


@policy(level="warning", kinds=("autoscaling/HorizontalPodAutoscaler", "keda.sh/ScaledObject"))
def autoscaler_lowered(change: Change, *, percent: int = 50) -> Violations:
    """A change does not halve the replicas that an autoscaler may reach or keeps.

    What it asks:
        `maxReplicas` and `minReplicas` of a HorizontalPodAutoscaler, and `maxReplicaCount` and `minReplicaCount` of
        KEDA's ScaledObject, do not fall to half of what they were or less.

    Why:
        The autoscaler removes what is above its maximum at once, under full load too. A lower maximum shows only at the
        next peak, when nobody thinks of this change any more.

    How to fix:
        Look at how many replicas there were at the busiest hour, and leave room above that.

    Fails:
        --- # old
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {name: web, namespace: shop}
        spec: {minReplicas: 4, maxReplicas: 40}
        --- # new
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {name: web, namespace: shop}
        spec:
          minReplicas: 4
          maxReplicas: 4  # <-

    Passes:
        --- # old
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {name: web, namespace: shop}
        spec: {minReplicas: 4, maxReplicas: 40}
        --- # new
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {name: web, namespace: shop}
        spec: {minReplicas: 3, maxReplicas: 30}

    Parameters:
        percent: a change that leaves this share of the replicas, or less, is judged.

    References:
        https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/
        https://keda.sh/docs/latest/reference/scaledobject-spec/
    """
    if change.old is None or change.new is None:
        return
    for name, default in _LIMITS:
        field = change.new.field("spec", name)
        before, after = change.old.integer("spec", name), change.new.integer("spec", name)
        before = default if before is None else before
        if before and after is not None and after < before and after * 100 <= before * percent:
            yield Violation(field, f"{name} falls from {before} to {after}")
