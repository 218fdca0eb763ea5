"""Built-in policy: unhealthy-pod-eviction."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy


@policy(level="note", kinds=("policy/PodDisruptionBudget",))
def unhealthy_pod_eviction(budget: Manifest) -> Violations:
    """A PodDisruptionBudget lets pods go that are not ready anyway.

    What it asks:
        `spec.unhealthyPodEvictionPolicy` is `AlwaysAllow`. Asked from Kubernetes 1.27 on.

    Why:
        Otherwise a pod that crashes again and again counts as one that is missing: the budget then lets none be
        evicted, and one broken workload stops the upgrade of the whole cluster.

    How to fix:
        Set `unhealthyPodEvictionPolicy: AlwaysAllow`. Leave it out for a workload that must repair itself first, such
        as a database that copies its data to a new member.

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

    References:
        https://kubernetes.io/docs/tasks/run-application/configure-pdb/#unhealthy-pod-eviction-policy
    """
    if budget.get("spec", "unhealthyPodEvictionPolicy") == "AlwaysAllow" or not isinstance(budget.get("spec"), dict):
        return
    if budget.target.at_least("1.27"):
        place = budget.field("spec", "unhealthyPodEvictionPolicy")
        yield Violation(place, f"{budget} keeps pods that are not ready")
