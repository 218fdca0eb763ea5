"""Built-in policy: single-writer-volume."""

from __future__ import annotations

from gategit.checks.policy.api import Inventory, Violation, Violations, Workload, policy

_ONE = ({"ReadWriteOnce"}, {"ReadWriteOncePod"}, {"ReadWriteOnce", "ReadWriteOncePod"})


@policy(level="warning", kinds=("apps/Deployment",), inventory=("PersistentVolumeClaim",), within_namespace=True)
def single_writer_volume(workload: Workload, inventory: Inventory) -> Violations:
    """A Deployment with a volume for one node does not need it on two.

    What it asks:
        Where a Deployment mounts a PersistentVolumeClaim of the tree whose only access mode is `ReadWriteOnce` or
        `ReadWriteOncePod`, it has at most one replica, and updates do not start a new pod before the old one has
        ended: `strategy.type` is `Recreate`, or `maxSurge` is 0. Claims that are elsewhere are not judged.

    Why:
        The new pod waits for a volume that the old one holds, and the old one waits for the new one to get ready. If
        they land on different nodes, the update never ends; if on the same one, both write to the same files.

    How to fix:
        Set `strategy.type: Recreate`. For several replicas, use a StatefulSet with `volumeClaimTemplates`, or a volume
        with `ReadWriteMany`.

    Fails:
        --- # inventory
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: data, namespace: shop}
        spec:
          accessModes: [ReadWriteOnce]
          resources: {requests: {storage: 10Gi}}
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
              volumes:
                - name: data
                  persistentVolumeClaim:
                    claimName: data  # <-

    Passes:
        --- # inventory
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: data, namespace: shop}
        spec:
          accessModes: [ReadWriteOnce]
          resources: {requests: {storage: 10Gi}}
        --- # new
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
                  persistentVolumeClaim: {claimName: data}

    References:
        https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes
        https://kubernetes.io/docs/tasks/run-application/run-single-instance-stateful-application/
    """
    volumes = workload.pod.get("volumes")
    if not isinstance(volumes, list):
        return
    for index, volume in enumerate(volumes):
        claim = volume.get("persistentVolumeClaim") if isinstance(volume, dict) else None
        if not isinstance(claim, dict) or claim.get("readOnly") is True:
            continue
        name = claim.get("claimName")
        if isinstance(name, str) and _needs_two(workload) and _is_for_one(inventory, name, workload.namespace):
            where = workload.pod.field("volumes", index, "persistentVolumeClaim", "claimName")
            yield Violation(
                where, f"{workload} may need the claim {name[:80]}, which is for one node, on two at a time"
            )


def _needs_two(workload: Workload) -> bool:
    """Whether two pods may run at a time: as replicas, or during an update."""
    replicas = workload.get("spec", "replicas")
    if isinstance(replicas, int) and replicas > 1:
        return True
    strategy = workload.field("spec", "strategy")
    return strategy.get("type") != "Recreate" and strategy.get("rollingUpdate", "maxSurge") not in (0, "0", "0%")


def _is_for_one(inventory: Inventory, name: str, namespace: str) -> bool:
    claim = inventory.get("PersistentVolumeClaim", name, namespace)
    modes = claim.get("spec", "accessModes") if claim is not None else None
    return isinstance(modes, list) and {str(mode) for mode in modes} in _ONE
