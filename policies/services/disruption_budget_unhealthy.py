"""Built-in policy: disruption-budget-unhealthy."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy


@policy(level="note", kinds=("policy/PodDisruptionBudget",))
def disruption_budget_unhealthy(budget: Manifest) -> Violations:
    """A PodDisruptionBudget does not keep pods that do not work.

    What it asks:
        `spec.unhealthyPodEvictionPolicy` of a PodDisruptionBudget is `AlwaysAllow`. Clusters older than Kubernetes
        1.27, where the field did not count yet, are not judged.

    Why:
        By default pods that run but are not ready may be evicted only while the budget is met. When an application
        crashes again and again the budget is never met, and the node with its broken pods cannot be drained.

    How to fix:
        Set `unhealthyPodEvictionPolicy: AlwaysAllow`. Leave it out where a pod that is not ready still holds data
        that must not be moved, and write a waiver.

    Fails:
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: {name: web, namespace: shop}
        spec:  # <-
          maxUnavailable: 1
          selector: {matchLabels: {app: web}}

    Passes:
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: {name: web, namespace: shop}
        spec:
          maxUnavailable: 1
          unhealthyPodEvictionPolicy: AlwaysAllow
          selector: {matchLabels: {app: web}}

    Passes (a cluster that does not have it):
        --- # target
        kubernetes_version: "1.26"
        --- # new
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: {name: web, namespace: shop}
        spec:
          maxUnavailable: 1
          selector: {matchLabels: {app: web}}

    References:
        https://kubernetes.io/docs/tasks/run-application/configure-pdb/#unhealthy-pod-eviction-policy
    """
    if budget.get("spec", "unhealthyPodEvictionPolicy") != "AlwaysAllow" and budget.target.at_least("1.27"):
        where = budget.field("spec", "unhealthyPodEvictionPolicy")
        yield Violation(where, f"{budget} keeps pods that are not ready from being evicted")
