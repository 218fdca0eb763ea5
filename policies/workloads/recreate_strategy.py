"""Built-in policy: recreate-strategy."""

from __future__ import annotations

from gategit.checks.policy.api import Violation, Violations, Workload, policy


@policy(level="note", kinds=("apps/Deployment",))
def recreate_strategy(workload: Workload) -> Violations:
    """A Deployment that nothing keeps from it is updated without an outage.

    What it asks:
        `spec.strategy.type` of a Deployment is not `Recreate`, unless its pods use what only one of them can have: a
        PersistentVolumeClaim, a folder or port of the node, or the node's network.

    Why:
        With `Recreate` all pods end before the first new one starts. Each merge is an outage, and a new version that
        does not start makes it a long one.

    How to fix:
        Remove the strategy, or set it to `RollingUpdate`. Where two versions must never run beside
        each other, the outage is the price: write a waiver that says why.

    Fails:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          strategy:
            type: Recreate  # <-
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
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2

    Passes (a volume for one pod):
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          strategy: {type: Recreate}
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2
              volumes:
                - name: data
                  persistentVolumeClaim: {claimName: web}

    References:
        https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#strategy
    """
    if workload.get("spec", "strategy", "type") != "Recreate" or _can_only_run_once(workload):
        return
    where = workload.field("spec", "strategy", "type")
    yield Violation(where, f"{workload} ends all of its pods before it starts new ones")


def _can_only_run_once(workload: Workload) -> bool:
    pod = workload.pod
    return (
        pod.is_true("hostNetwork")
        or any(volume.has("persistentVolumeClaim") or volume.has("hostPath") for volume in pod.items("volumes"))
        or any(port.has("hostPort") for container in workload.containers for port in container.ports)
    )
