"""Built-in policy: pod-disruption-budget."""

from __future__ import annotations

from gategit.checks.policy.api import Inventory, Violation, Violations, Workload, policy


@policy(
    level="note",
    kinds=("apps/Deployment", "apps/StatefulSet"),
    inventory=("policy/PodDisruptionBudget",),
    within_namespace=True,
)
def pod_disruption_budget(workload: Workload, inventory: Inventory, *, least: int = 2) -> Violations:
    """A workload with several replicas has a PodDisruptionBudget.

    What it asks:
        Where a Deployment or StatefulSet has two replicas or more, or as many as the parameter says, some
        PodDisruptionBudget of the repository chooses its pods. A `spec.replicas` that is absent stands for 1. With one
        replica a budget has nothing to keep, unless each eviction is to wait for a person.

    Why:
        Nodes are drained for upgrades, by autoscalers and by hand. Without a budget all pods of a workload may be
        evicted at once, though it has replicas so that some always run.

    How to fix:
        Add a PodDisruptionBudget with `maxUnavailable: 1` and the labels of the pods as its selector.

    Parameters:
        least: from how many replicas on a budget is asked for

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
    replicas = workload.get("spec", "replicas")
    replicas = 1 if replicas is None else replicas
    if not isinstance(replicas, int) or replicas < max(least, 1):
        return
    if not inventory.selecting("policy/PodDisruptionBudget", workload.pod_labels, workload.namespace):
        place = workload.field("spec", "replicas")
        what = "1 replica" if replicas == 1 else f"{replicas} replicas"
        yield Violation(place, f"{workload} has {what}, and no PodDisruptionBudget keeps any of them")
