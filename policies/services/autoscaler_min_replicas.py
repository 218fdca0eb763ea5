"""Built-in policy: autoscaler-min-replicas."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy


@policy(level="note", kinds=("autoscaling/HorizontalPodAutoscaler",))
def autoscaler_min_replicas(autoscaler: Manifest, *, least: int = 2) -> Violations:
    """An autoscaler keeps at least two replicas running.

    What it asks:
        `minReplicas` is at least 2, or what the parameter `least` says. Where it is absent, it is 1.

    Why:
        In quiet hours the autoscaler goes down to the least number. With one pod left, each drain of a node, each
        crash and each eviction is an outage.

    How to fix:
        Set `minReplicas: 2` or more, and let the two run on different nodes.

    Parameters:
        least: the least number of replicas that passes.

    Fails:
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {name: web, namespace: shop}
        spec:
          minReplicas: 1  # <-
          maxReplicas: 5
          scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}

    Fails (more are wanted):
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {name: web, namespace: shop}
        spec:
          minReplicas: 2  # <-
          maxReplicas: 5
          scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
        --- # parameters
        least: 3

    Passes:
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {name: web, namespace: shop}
        spec:
          minReplicas: 2
          maxReplicas: 5
          scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}

    References:
        https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/
    """
    value = autoscaler.get("spec", "minReplicas")
    if value is None:
        if least > 1:
            yield Violation(autoscaler.field("spec", "minReplicas"), f"{autoscaler} may go down to 1 replica")
    elif isinstance(value, int) and value < least:
        what = "1 replica" if value == 1 else f"{value} replicas"
        yield Violation(autoscaler.field("spec", "minReplicas"), f"{autoscaler} may go down to {what}")
