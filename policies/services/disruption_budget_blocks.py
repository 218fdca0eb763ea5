"""Built-in policy: disruption-budget-blocks."""

from __future__ import annotations

from gategit.checks.policy.api import Inventory, Manifest, Violation, Violations, policy

_NONE = (0, "0", "0%")


@policy(
    level="warning",
    kinds=("policy/PodDisruptionBudget",),
    inventory=(
        "apps/Deployment",
        "apps/StatefulSet",
        "autoscaling/HorizontalPodAutoscaler",
        "keda.sh/ScaledObject",
    ),
)
def disruption_budget_blocks(budget: Manifest, inventory: Inventory) -> Violations:
    """A PodDisruptionBudget lets at least one pod be evicted.

    What it asks:
        `maxUnavailable` is not zero, and `minAvailable` is neither `100%` nor as many pods as the chosen workloads
        have replicas. Replicas count where `spec.replicas` says them and no autoscaler changes them.

    Why:
        A budget that allows no eviction blocks the drain of every node on which such a pod runs: upgrades of the
        cluster and of its nodes hang until somebody deletes the budget by hand.

    How to fix:
        Set `maxUnavailable: 1`, or run more replicas than `minAvailable`. For a workload that must never be
        evicted without asking, say so in a waiver.

    Fails:
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: {name: web, namespace: shop}
        spec:
          maxUnavailable: 0  # <-
          selector: {matchLabels: {app: web}}

    Fails (as many as there are):
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: {name: web, namespace: shop}
        spec:
          minAvailable: 2  # <-
          selector: {matchLabels: {app: web}}
        --- # inventory
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          replicas: 2
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}

    Passes:
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: {name: web, namespace: shop}
        spec:
          minAvailable: 1
          selector: {matchLabels: {app: web}}
        --- # inventory
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          replicas: 2
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}

    References:
        https://kubernetes.io/docs/tasks/run-application/configure-pdb/
    """
    if budget.get("spec", "maxUnavailable") in _NONE and not budget.is_false("spec", "maxUnavailable"):
        yield Violation(budget.field("spec", "maxUnavailable"), f"{budget} lets no pod be evicted (maxUnavailable)")
    least = budget.get("spec", "minAvailable")
    if least == "100%":
        yield Violation(budget.field("spec", "minAvailable"), f"{budget} lets no pod be evicted (minAvailable)")
    wanted = budget.integer("spec", "minAvailable")
    selector = budget.get("spec", "selector")
    if wanted is None or not selector:
        return
    workloads = inventory.workloads(selector, budget.namespace)
    counts = [one.integer("spec", "replicas") for one in workloads]
    known = [count for count in counts if count is not None]
    if len(known) < len(counts) or not 0 < sum(known) <= wanted or any(map(inventory.autoscalers, workloads)):
        return
    problem = f"{budget} keeps {wanted} available, and {workloads[0]} has {sum(known)}: no pod can be evicted"
    yield Violation(budget.field("spec", "minAvailable"), problem)
