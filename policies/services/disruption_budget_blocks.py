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
    within_namespace=True,
)
def disruption_budget_blocks(budget: Manifest, inventory: Inventory) -> Violations:
    """A PodDisruptionBudget lets at least one pod be evicted.

    What it asks:
        `maxUnavailable` is not zero, and `minAvailable` is neither `100%` nor as many pods as the chosen workloads
        have in `spec.replicas`. Where an autoscaler scales them, `minAvailable` is not above its `minReplicas`.

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

    Fails (more than the autoscaler keeps):
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: {name: web, namespace: shop}
        spec:
          minAvailable: 3  # <-
          selector: {matchLabels: {app: web}}
        --- # inventory
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
        ---
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {name: web, namespace: shop}
        spec:
          minReplicas: 2
          maxReplicas: 9
          scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}

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
    least = budget.text("spec", "minAvailable")
    if least.endswith("%") and least[:-1].isdecimal() and int(least[:-1][:9]) >= 100:
        yield Violation(budget.field("spec", "minAvailable"), f"{budget} lets no pod be evicted (minAvailable)")
    wanted = budget.integer("spec", "minAvailable")
    selector = budget.get("spec", "selector")
    if not wanted or not selector:
        return
    workloads = inventory.workloads(selector, budget.namespace)
    floors = [_floor(one, inventory) for one in workloads]
    known = [count for count, _ in floors if count is not None]
    if len(known) < len(floors) or sum(known) <= 0:
        return
    # An autoscaler that is at its minimum may go up again, so only a budget above it is sure to be wrong.
    too_much = sum(known) + any(is_scaled for _, is_scaled in floors)
    if wanted >= too_much:
        problem = f"{budget} keeps {wanted} available, and {workloads[0]} has {sum(known)}: no pod can be evicted"
        yield Violation(budget.field("spec", "minAvailable"), problem)


def _floor(workload: Manifest, inventory: Inventory) -> tuple[int | None, bool]:
    """How many replicas a workload has at least, None where it is not known; and whether an autoscaler says so."""
    autoscalers = inventory.autoscalers(workload)
    if not autoscalers:
        return workload.integer("spec", "replicas"), False
    one = autoscalers[0]
    return one.integer("spec", "minReplicas") or one.integer("spec", "minReplicaCount"), True
