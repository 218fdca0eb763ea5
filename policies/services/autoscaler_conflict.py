"""Built-in policy: autoscaler-conflict."""

from __future__ import annotations

from gategit.checks.policy.api import Field, Inventory, Manifest, Violation, Violations, policy

_KINDS = ("autoscaling/HorizontalPodAutoscaler", "keda.sh/ScaledObject")


@policy(level="warning", kinds=_KINDS, inventory=_KINDS)
def autoscaler_conflict(autoscaler: Manifest, inventory: Inventory) -> Violations:
    """No workload is scaled by two autoscalers.

    What it asks:
        No other HorizontalPodAutoscaler or ScaledObject in the folder of an autoscaler has the same target. In folders
        apart from each other the same target is common: they are often for different clusters.

    Why:
        Each of the two sets the replicas that it wants, again and again: the workload goes up and down for ever. KEDA
        makes a HorizontalPodAutoscaler of its own for a ScaledObject, so one written beside it is a second one.

    How to fix:
        Keep one, and give it the metrics of both: an autoscaler takes the highest of what its metrics ask for.

    Fails:
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {name: web, namespace: shop}
        spec:
          maxReplicas: 5
          scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}  # <-
        --- # inventory
        apiVersion: keda.sh/v1alpha1
        kind: ScaledObject
        metadata: {name: web, namespace: shop}
        spec:
          scaleTargetRef: {name: web}

    Passes:
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {name: web, namespace: shop}
        spec:
          maxReplicas: 5
          scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
        --- # inventory
        apiVersion: keda.sh/v1alpha1
        kind: ScaledObject
        metadata: {name: worker, namespace: shop}
        spec:
          scaleTargetRef: {name: worker}

    References:
        https://keda.sh/docs/latest/concepts/scaling-deployments/
        https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/
    """
    target = autoscaler.field("spec", "scaleTargetRef")
    what = _target(target)
    if not what[1]:
        return
    identity = (autoscaler.group_kind, autoscaler.name)
    for other in inventory.beside(autoscaler):
        is_another = (other.group_kind, other.name) != identity and other.namespace == autoscaler.namespace
        if is_another and _target(other.field("spec", "scaleTargetRef")) == what:
            yield Violation(target, f"{autoscaler} and {other} both scale {what[0]} {what[1]}")
            return


def _target(reference: Field) -> tuple[str, str]:
    """Kind and name; without a kind KEDA takes a Deployment."""
    return reference.text("kind") or "Deployment", reference.text("name")
