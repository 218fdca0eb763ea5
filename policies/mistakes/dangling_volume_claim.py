"""Built-in policy: dangling-volume-claim."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Inventory, Violation, Violations, Workload, policy


@policy(level="note", kinds=WORKLOADS, inventory=("PersistentVolumeClaim",))
def dangling_volume_claim(workload: Workload, inventory: Inventory) -> Violations:
    """The volume claims that a workload mounts are in the repository.

    What it asks:
        Each PersistentVolumeClaim that a volume names stands in the repository. It fits repositories that declare all
        of their claims: operators and StatefulSets make some that are not to be seen.

    Why:
        A pod with a claim that does not exist stays `Pending` for ever. The workload itself is taken without a
        complaint.

    How to fix:
        Add the claim, or write the name of the one that is meant.

    Fails:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: db, namespace: shop}
        spec:
          template:
            spec:
              volumes:
                - name: data
                  persistentVolumeClaim:
                    claimName: data  # <-
        --- # inventory
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: db-data, namespace: shop}

    Passes:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: db, namespace: shop}
        spec:
          template:
            spec:
              volumes:
                - name: data
                  persistentVolumeClaim:
                    claimName: db-data
        --- # inventory
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: db-data, namespace: shop}

    References:
        https://kubernetes.io/docs/concepts/storage/persistent-volumes/#claims-as-volumes
    """
    if not workload.pod.get("volumes"):
        return
    for volume in workload.pod.items("volumes"):
        name = volume.text("persistentVolumeClaim", "claimName")
        if not name or "$" in name or "{{" in name:
            continue
        if not inventory.get("PersistentVolumeClaim", name, workload.namespace):
            place = volume.field("persistentVolumeClaim", "claimName")
            yield Violation(place, f"{workload} mounts volume claim {name}, which is not in the repository")
