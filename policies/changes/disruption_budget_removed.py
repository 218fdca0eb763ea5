"""Built-in policy: disruption-budget-removed."""

from __future__ import annotations

from gategit.checks.policy.api import Change, Inventory, Violation, Violations, policy


@policy(level="warning", kinds=("policy/PodDisruptionBudget",), inventory=("apps/Deployment", "apps/StatefulSet"))
def disruption_budget_removed(change: Change, inventory: Inventory) -> Violations:
    """A change does not remove the PodDisruptionBudget of a workload that stays.

    What it asks:
        No PodDisruptionBudget is removed while a Deployment or StatefulSet whose pods it chose is still there.

    Why:
        Without the budget, upgrading the nodes may take down all pods of the workload at the same moment. That shows on
        the day of the upgrade, not on the day of the change.

    How to fix:
        Keep the budget as long as the workload is there. Where another one takes its place, say so in a waiver.

    Fails:
        --- # inventory
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec: {template: {metadata: {labels: {app: web}}}}
        --- # old
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata:
          name: web  # <-
          namespace: shop
        spec: {maxUnavailable: 1, selector: {matchLabels: {app: web}}}
        --- # new

    Passes:
        --- # old
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: {name: web, namespace: shop}
        spec: {maxUnavailable: 1, selector: {matchLabels: {app: web}}}
        --- # new

    References:
        https://kubernetes.io/docs/tasks/run-application/configure-pdb/
    """
    old = change.deleted
    if old is None:
        return
    left = inventory.workloads(old.get("spec", "selector"), old.namespace)
    if left:
        yield Violation(old, f"the change removes {old}, and {left[0]} is left without a budget")
