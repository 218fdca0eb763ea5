"""Built-in policy: single-replica."""

from __future__ import annotations

from gategit.checks.policy.api import Inventory, Manifest, Violation, Violations, policy

_SCALERS = ("autoscaling/HorizontalPodAutoscaler", "keda.sh/ScaledObject")


@policy(level="note", kinds=("apps/Deployment",), inventory=_SCALERS, within_namespace=True)
def single_replica(manifest: Manifest, inventory: Inventory, *, least: int = 2) -> Violations:
    """A Deployment has more than one replica.

    What it asks:
        `spec.replicas` of a Deployment is at least 2, or what the parameter says; a field that is absent counts as 1.
        Deployments that are scaled to zero, that an autoscaler of the tree scales, or that must not run twice
        (`strategy.type: Recreate`), are not judged.

    Why:
        The only pod goes with its node: at each upgrade of the cluster, at each eviction, and until it has started
        somewhere else there is no service.

    How to fix:
        Set `replicas: 2` or more, with a PodDisruptionBudget. Where the process must not run twice, say so with
        `strategy.type: Recreate`.

    Parameters:
        least: how many replicas are enough

    Fails:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          replicas: 1  # <-
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2

    Fails (three are asked for):
        --- # parameters
        least: 3
        --- # new
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          replicas: 2  # <-
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2

    Passes:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          replicas: 2
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2

    Passes (an autoscaler says how many):
        --- # inventory
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {name: web, namespace: shop}
        spec:
          scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
          minReplicas: 2
          maxReplicas: 5
        --- # new
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2

    References:
        https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#replicas
    """
    spec = manifest.get("spec")
    if not isinstance(spec, dict):
        return
    replicas = spec.get("replicas", 1)
    if replicas is None:
        replicas = 1
    if not isinstance(replicas, int) or not 0 < replicas < least:
        return
    if manifest.text("spec", "strategy", "type") == "Recreate" or _is_scaled(manifest, inventory):
        return
    message = f"{manifest} has only {replicas} replica{'s' if replicas > 1 else ''}"
    yield Violation(manifest.field("spec", "replicas"), message)


def _is_scaled(manifest: Manifest, inventory: Inventory) -> bool:
    name = manifest.name
    return any(
        scaler.text("spec", "scaleTargetRef", "name") == name
        and scaler.get("spec", "scaleTargetRef", "kind") in (None, manifest.kind)
        for kind in _SCALERS
        for scaler in inventory.of_kind(kind, manifest.namespace)
    )
