"""Built-in policy: autoscaler-bounds."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy

_KEYS = {
    "autoscaling/HorizontalPodAutoscaler": ("minReplicas", "maxReplicas"),
    "keda.sh/ScaledObject": ("minReplicaCount", "maxReplicaCount"),
}


@policy(level="error", kinds=("autoscaling/HorizontalPodAutoscaler", "keda.sh/ScaledObject"))
def autoscaler_bounds(autoscaler: Manifest) -> Violations:
    """An autoscaler's least number of replicas is not above its greatest.

    What it asks:
        `minReplicas` is at most `maxReplicas`, and `maxReplicas` at least 1; for KEDA's ScaledObject `minReplicaCount`
        is at most `maxReplicaCount`.

    Why:
        The API server refuses such a HorizontalPodAutoscaler, and the agent's sync stops there. It comes from a
        change that raised one of the two numbers alone.

    How to fix:
        Raise `maxReplicas`, or lower `minReplicas`.

    Fails:
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {name: web, namespace: shop}
        spec:
          minReplicas: 6  # <-
          maxReplicas: 5
          scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}

    Passes:
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {name: web, namespace: shop}
        spec:
          minReplicas: 2
          maxReplicas: 5
          scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}

    References:
        https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/horizontal-pod-autoscaler-v2/
        https://keda.sh/docs/latest/reference/scaledobject-spec/
    """
    least_key, most_key = _KEYS[autoscaler.group_kind]
    least, most = autoscaler.integer("spec", least_key), autoscaler.integer("spec", most_key)
    if most is None:
        return
    if most < 1:
        yield Violation(
            autoscaler.field("spec", most_key), f"{autoscaler} has {most_key} {most}; it must be at least 1"
        )
    elif least is not None and least > most:
        problem = f"{autoscaler} has {least_key} {least} above {most_key} {most}"
        yield Violation(autoscaler.field("spec", least_key), problem)
