"""Built-in policy: replicas-drop."""

from __future__ import annotations

from gategit.checks.policy.api import SCALABLE, Change, Violation, Violations, policy


@policy(level="warning", kinds=SCALABLE)
def replicas_drop(change: Change, *, percent: int = 50) -> Violations:
    """A change does not halve a workload's replicas, nor scale it to zero.

    What it asks:
        `spec.replicas` of a Deployment, StatefulSet, ReplicaSet or ReplicationController does not fall to half of
        what it was or less, and not to zero. A field that is absent counts as 1, as it does to the cluster; a
        change that takes the field away is not judged, because then an autoscaler may set it.

    Why:
        The agent removes the pods as soon as the change is merged, all at once. What is left may not carry the
        load, and zero is an outage. In a diff it is one digit.

    How to fix:
        Scale down in smaller steps and watch the load in between. Where the drop is meant (a workload is being
        retired), say so in a waiver.

    Fails:
        --- # old
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          replicas: 10
        --- # new
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          replicas: 1  # <-

    Fails (an outage):
        --- # old
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: db, namespace: shop}
        spec: {serviceName: db}
        --- # new
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: db, namespace: shop}
        spec:
          serviceName: db
          replicas: 0  # <-

    Passes:
        --- # old
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          replicas: 10
        --- # new
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          replicas: 6

    Passes (an autoscaler takes over):
        --- # old
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          replicas: 10
        --- # new
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec: {}

    Fails (a stricter config):
        --- # parameters
        percent: 80
        --- # old
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          replicas: 10
        --- # new
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          replicas: 8  # <-

    Parameters:
        percent: a change that leaves this share of the replicas, or less, is a drop.

    References:
        https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#replicas
    """
    if change.old is None or change.new is None:
        return
    before = _replicas(change.old.get("spec", "replicas"))
    after = change.new.integer("spec", "replicas")
    if before is None or after is None or after >= before or after * 100 > before * percent:
        return
    what = (
        f"from {before} to zero"
        if after == 0
        else f"from {before} to {after}, {'half' if percent == 50 else f'{percent} %'} of it or less"
    )
    yield Violation(change.new.field("spec", "replicas"), f"replicas fall {what}")


def _replicas(value: object) -> int | None:
    """What the cluster makes of the field."""
    if value is None:
        return 1
    return value if isinstance(value, int) else None
