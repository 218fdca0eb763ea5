"""Built-in policy: dangling-volume-claim."""

from __future__ import annotations

from gategit.checks.policy.api import (
    WORKLOADS,
    Inventory,
    Violation,
    Violations,
    Workload,
    is_filled_in_later,
    policy,
)


@policy(level="note", kinds=WORKLOADS, inventory=("PersistentVolumeClaim",), within_namespace=True)
def dangling_volume_claim(workload: Workload, inventory: Inventory, *, elsewhere: tuple[str, ...] = ()) -> Violations:
    """Every PersistentVolumeClaim that a pod mounts is in the repository.

    What it asks:
        The tree has each claim that a volume names in `persistentVolumeClaim.claimName`, in the namespace of the
        workload. It is advice, because a chart or a backup tool in the cluster may make the claim.

    Why:
        A pod whose claim is missing is not scheduled: it waits, and the roll-out with it. Nothing refuses it before.

    How to fix:
        Add the claim, or correct the name. Name those that something else makes in the parameter.

    Parameters:
        elsewhere: the names of claims that are there without standing in the repository

    Fails:
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
                    claimName: web-data  # <-

    Passes:
        --- # inventory
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: web-data, namespace: shop}
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
                  persistentVolumeClaim: {claimName: web-data}

    References:
        https://kubernetes.io/docs/concepts/storage/persistent-volumes/#claims-as-volumes
    """
    volumes = workload.pod.get("volumes")
    for index, volume in enumerate(volumes if isinstance(volumes, list) else ()):
        claim = volume.get("persistentVolumeClaim") if isinstance(volume, dict) else None
        name = claim.get("claimName") if isinstance(claim, dict) else None
        if not isinstance(name, str) or name in elsewhere or is_filled_in_later(name):
            continue
        if inventory.get("PersistentVolumeClaim", name, workload.namespace) is None:
            where = workload.pod.field("volumes", index, "persistentVolumeClaim", "claimName")
            yield Violation(where, f"the tree has no claim {name[:80]}, which {workload} mounts")
