"""Built-in policy: dangling-pod-disruption-budget."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Inventory, Manifest, Violation, Violations, policy


@policy(level="warning", kinds=("policy/PodDisruptionBudget",), inventory=WORKLOADS)
def dangling_pod_disruption_budget(budget: Manifest, inventory: Inventory) -> Violations:
    """A PodDisruptionBudget chooses the pods of some workload in the repository.

    What it asks:
        The labels of `spec.selector` are the labels of some workload's pods. It is asked where the folder of the
        budget holds a workload too: what a chart or an operator makes cannot be seen in the repository.

    Why:
        A budget that chooses no pods protects none: when nodes are drained for an upgrade, all pods of the workload
        may go at the same time. Nothing tells of it before that day.

    How to fix:
        Copy the labels from `spec.template.metadata.labels` of the workload into `spec.selector.matchLabels`.

    Fails:
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: {name: web, namespace: shop}
        spec:
          minAvailable: 1
          selector:  # <-
            matchLabels: {app: wbe}
        --- # inventory
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}

    Passes:
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: {name: web, namespace: shop}
        spec:
          minAvailable: 1
          selector:
            matchLabels: {app: web}
        --- # inventory
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}

    References:
        https://kubernetes.io/docs/tasks/run-application/configure-pdb/
    """
    if inventory.chooses_nothing(budget, "spec", "selector"):
        place = budget.field("spec", "selector")
        yield Violation(place, f"{budget} chooses the pods of no workload, so it protects none")
