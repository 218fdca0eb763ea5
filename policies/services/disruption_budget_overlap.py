"""Built-in policy: disruption-budget-overlap."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Inventory, Manifest, Violation, Violations, policy, selects

_KIND = "policy/PodDisruptionBudget"


@policy(level="warning", kinds=(_KIND,), inventory=(_KIND, *WORKLOADS))
def disruption_budget_overlap(budget: Manifest, inventory: Inventory) -> Violations:
    """No pod is chosen by two PodDisruptionBudgets.

    What it asks:
        No other budget in the folder of a PodDisruptionBudget chooses the pods of a workload that it chooses too. In
        folders apart from each other the same pods are common: they are often for different clusters.

    Why:
        A pod with two budgets cannot be evicted at all: the API server answers with an error, whatever the budgets
        allow. Draining its node hangs.

    How to fix:
        Remove one of the two, or narrow its selector.

    Fails:
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: {name: web, namespace: shop}
        spec:
          maxUnavailable: 1
          selector:  # <-
            matchLabels: {app: web}
        --- # inventory
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: {name: all, namespace: shop}
        spec:
          maxUnavailable: 1
          selector: {matchLabels: {team: shop}}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          template:
            metadata: {labels: {app: web, team: shop}}

    Passes:
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: {name: web, namespace: shop}
        spec:
          maxUnavailable: 1
          selector:
            matchLabels: {app: web}
        --- # inventory
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: {name: db, namespace: shop}
        spec:
          maxUnavailable: 1
          selector: {matchLabels: {app: db}}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          template:
            metadata: {labels: {app: web, team: shop}}

    References:
        https://kubernetes.io/docs/tasks/run-application/configure-pdb/#arbitrary-controllers-and-selectors
    """
    identity = (budget.namespace, budget.name)
    others = [
        one
        for one in inventory.beside(budget)
        if one.group_kind == _KIND and (one.namespace, one.name) != identity and one.namespace == budget.namespace
    ]
    if not others:
        return
    for workload in inventory.workloads(budget.get("spec", "selector"), budget.namespace):
        other = next((one for one in others if selects(one.get("spec", "selector"), workload.pod_labels)), None)
        if other is not None:
            problem = f"{budget} and {other} both choose the pods of {workload}, which then cannot be evicted"
            yield Violation(budget.field("spec", "selector"), problem)
            return
