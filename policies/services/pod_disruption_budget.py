"""Built-in policy: pod-disruption-budget."""

from __future__ import annotations

from gategit.checks.policy.api import Inventory, Violation, Violations, Workload, policy


@policy(level="note", kinds=("apps/Deployment", "apps/StatefulSet"), inventory=("policy/PodDisruptionBudget",))
def pod_disruption_budget(workload: Workload, inventory: Inventory) -> Violations:
    """A workload with several replicas has a PodDisruptionBudget.

    What it asks:
        Where a Deployment or StatefulSet sets `spec.replicas` to two or more, some PodDisruptionBudget of the
        repository chooses its pods. With one replica a budget has nothing to keep.

    Why:
        Nodes are drained for upgrades, by autoscalers and by hand. Without a budget all pods of a workload may be
        evicted at once, though it has replicas so that some always run.

    How to fix:
        Add a PodDisruptionBudget with `maxUnavailable: 1` and the labels of the pods as its selector.

    Fails:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          replicas: 3  # <-
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}

    Passes:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          replicas: 3
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
        --- # inventory
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: {name: web, namespace: shop}
        spec:
          maxUnavailable: 1
          selector: {matchLabels: {app: web}}

    Passes (one replica):
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          replicas: 1
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}

    References:
        https://kubernetes.io/docs/concepts/workloads/pods/disruptions/
    """
    replicas = workload.integer("spec", "replicas")
    if replicas is None or replicas < 2:
        return
    if not inventory.selecting("policy/PodDisruptionBudget", workload.pod_labels, workload.namespace):
        place = workload.field("spec", "replicas")
        yield Violation(place, f"{workload} has {replicas} replicas, and no PodDisruptionBudget keeps any of them")
