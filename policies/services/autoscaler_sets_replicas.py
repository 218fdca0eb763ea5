"""Built-in policy: autoscaler-sets-replicas."""

from __future__ import annotations

from gategit.checks.policy.api import SCALABLE, Inventory, Manifest, Violation, Violations, policy


@policy(
    level="warning",
    kinds=SCALABLE,
    inventory=("autoscaling/HorizontalPodAutoscaler", "keda.sh/ScaledObject"),
    within_namespace=True,
)
def autoscaler_sets_replicas(workload: Manifest, inventory: Inventory) -> Violations:
    """A workload that an autoscaler scales does not set spec.replicas.

    What it asks:
        Where a HorizontalPodAutoscaler or a ScaledObject of the repository names a workload, the workload's manifest
        leaves `spec.replicas` out.

    Why:
        Two write the same field. Each time the agent applies the manifest, it sets the replicas back to the number
        in git, under load too, and the autoscaler needs minutes to bring the pods back.

    How to fix:
        Remove `spec.replicas` from the manifest; the autoscaler's `minReplicas` is the number to start from.

    Fails:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          replicas: 3  # <-
        --- # inventory
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {name: web, namespace: shop}
        spec:
          maxReplicas: 9
          scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}

    Passes:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec: {}
        --- # inventory
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {name: web, namespace: shop}
        spec:
          maxReplicas: 9
          scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}

    References:
        https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/
        https://argo-cd.readthedocs.io/en/stable/user-guide/best_practices/#leaving-room-for-imperativeness
    """
    replicas = workload.get("spec", "replicas")
    if replicas is None or (isinstance(replicas, int) and replicas == 0):
        return  # zero switches the autoscaler off
    autoscalers = inventory.autoscalers(workload)
    if autoscalers:
        yield Violation(workload.field("spec", "replicas"), f"{workload} sets replicas, which {autoscalers[0]} scales")
