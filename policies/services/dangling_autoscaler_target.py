"""Built-in policy: dangling-autoscaler-target."""

from __future__ import annotations

from gategit.checks.policy.api import SCALABLE, Inventory, Manifest, Violation, Violations, is_filled_in_later, policy


@policy(level="warning", kinds=("autoscaling/HorizontalPodAutoscaler",), inventory=SCALABLE)
def dangling_autoscaler_target(autoscaler: Manifest, inventory: Inventory) -> Violations:
    """A HorizontalPodAutoscaler scales a workload of the repository.

    What it asks:
        The Deployment, StatefulSet, ReplicaSet or ReplicationController that `spec.scaleTargetRef` names is in the
        repository. It is asked where the folder of the autoscaler holds a workload too: what a chart or an operator
        makes cannot be seen in the repository. Other kinds of targets pass.

    Why:
        An autoscaler without its target scales nothing and says so only in its status. The workload keeps the
        replicas that it has, until a busy day shows it.

    How to fix:
        Write the kind and `metadata.name` of the workload into `spec.scaleTargetRef`.

    Fails:
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {name: web, namespace: shop}
        spec:
          maxReplicas: 5
          scaleTargetRef:
            apiVersion: apps/v1
            kind: Deployment
            name: wbe  # <-
        --- # inventory
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec: {}

    Passes:
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {name: web, namespace: shop}
        spec:
          maxReplicas: 5
          scaleTargetRef:
            apiVersion: apps/v1
            kind: Deployment
            name: web
        --- # inventory
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec: {}

    References:
        https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/
    """
    target = autoscaler.field("spec", "scaleTargetRef")
    kind, name = target.text("kind"), target.text("name")
    group = target.text("apiVersion").rpartition("/")[0]
    group_kind = f"{group}/{kind}" if group else kind
    if group_kind not in SCALABLE or not name or is_filled_in_later(name):
        return
    if not inventory.get(group_kind, name, autoscaler.namespace) and inventory.beside(autoscaler):
        yield Violation(target.field("name"), f"{autoscaler} scales {kind} {name}, which is not in the repository")
