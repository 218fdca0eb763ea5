"""Built-in policy: spread-selector-mismatch."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, is_filled_in_later, policy, selects


@policy(level="warning", kinds=WORKLOADS)
def spread_selector_mismatch(workload: Workload) -> Violations:
    """A topology spread constraint counts the pods of its own workload.

    What it asks:
        The `labelSelector` of each of `topologySpreadConstraints` chooses the labels of the pod template itself.

    Why:
        The constraint spreads what its selector counts. If that is not the workload's own pods, the scheduler counts
        zero everywhere and puts them all on one node, which the constraint was to prevent. It comes from a block that
        was copied from another workload.

    How to fix:
        Copy the labels from `spec.template.metadata.labels` into `labelSelector.matchLabels`.

    Fails:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          template:
            metadata: {labels: {app: web}}
            spec:
              topologySpreadConstraints:
                - maxSkew: 1
                  topologyKey: topology.kubernetes.io/zone
                  whenUnsatisfiable: ScheduleAnyway
                  labelSelector:  # <-
                    matchLabels: {app: db}

    Passes:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          template:
            metadata: {labels: {app: web}}
            spec:
              topologySpreadConstraints:
                - maxSkew: 1
                  topologyKey: topology.kubernetes.io/zone
                  whenUnsatisfiable: ScheduleAnyway
                  labelSelector:
                    matchLabels: {app: web}

    References:
        https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/
    """
    if not workload.pod.get("topologySpreadConstraints"):
        return
    labels = workload.pod_labels
    for constraint in workload.pod.items("topologySpreadConstraints"):
        selector = constraint.get("labelSelector")
        if not isinstance(selector, dict) or not selector or not labels or selects(selector, labels):
            continue
        if any(is_filled_in_later(value) for value in constraint.strings("labelSelector", "matchLabels").values()):
            continue
        problem = f"a topology spread constraint of {workload} does not choose its own pods"
        yield Violation(constraint.field("labelSelector"), problem)
