"""Built-in policy: autoscaler-fixed."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy


@policy(level="note", kinds=("autoscaling/HorizontalPodAutoscaler",))
def autoscaler_fixed(autoscaler: Manifest) -> Violations:
    """An autoscaler has room to scale.

    What it asks:
        `spec.minReplicas` of a HorizontalPodAutoscaler is not the same as `spec.maxReplicas`. (A least number above
        the greatest is the business of `autoscaler-bounds`.)

    Why:
        Such an autoscaler keeps the number of replicas as it is, whatever the load. It looks as if the workload would
        scale, and it does not.

    How to fix:
        Raise `maxReplicas`, or remove the autoscaler and set `replicas` in the workload.

    Fails:
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {name: web, namespace: shop}
        spec:
          scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
          minReplicas: 3
          maxReplicas: 3  # <-

    Passes:
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {name: web, namespace: shop}
        spec:
          scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
          minReplicas: 3
          maxReplicas: 12

    References:
        https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/
    """
    least, most = autoscaler.get("spec", "minReplicas"), autoscaler.integer("spec", "maxReplicas")
    if most is not None and most == (1 if least is None else least):
        yield Violation(autoscaler.field("spec", "maxReplicas"), f"{autoscaler} never scales: it keeps {most} replicas")
