"""Built-in policy: volume-reclaim-delete."""

from __future__ import annotations

from gategit.checks.policy.api import Change, Violation, Violations, policy

_RETENTION = ("spec", "persistentVolumeClaimRetentionPolicy")


@policy(level="warning", kinds=("PersistentVolume", "apps/StatefulSet"))
def volume_reclaim_delete(change: Change) -> Violations:
    """A change does not give up that volumes are retained.

    What it asks:
        `spec.persistentVolumeReclaimPolicy` of a PersistentVolume does not go from `Retain` to `Delete`, and neither do
        `whenDeleted` and `whenScaled` of a StatefulSet's `persistentVolumeClaimRetentionPolicy`, which are `Retain`
        where nothing is said.

    Why:
        The policy looks harmless on the day of the change, and deletes the data on the day when the claim, the
        StatefulSet or one of its replicas goes.

    How to fix:
        Keep `Retain`, and delete volumes by hand when their data is not needed any more.

    Fails:
        --- # old
        apiVersion: v1
        kind: PersistentVolume
        metadata: {name: archive}
        spec:
          persistentVolumeReclaimPolicy: Retain
        --- # new
        apiVersion: v1
        kind: PersistentVolume
        metadata: {name: archive}
        spec:
          persistentVolumeReclaimPolicy: Delete  # <-

    Fails (a StatefulSet that scales down):
        --- # old
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: db, namespace: shop}
        spec: {serviceName: db}
        --- # new
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: db, namespace: shop}
        spec:
          serviceName: db
          persistentVolumeClaimRetentionPolicy:
            whenDeleted: Retain
            whenScaled: Delete  # <-

    Passes:
        --- # old
        apiVersion: v1
        kind: PersistentVolume
        metadata: {name: archive}
        spec:
          persistentVolumeReclaimPolicy: Delete
        --- # new
        apiVersion: v1
        kind: PersistentVolume
        metadata: {name: archive}
        spec:
          persistentVolumeReclaimPolicy: Retain

    References:
        https://kubernetes.io/docs/concepts/storage/persistent-volumes/#reclaim-policy
        https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#persistentvolumeclaim-retention
    """
    old, new = change.old, change.new
    if old is None or new is None:
        return
    if new.kind == "PersistentVolume":
        field = new.field("spec", "persistentVolumeReclaimPolicy")
        if field.value == "Delete" and old.get("spec", "persistentVolumeReclaimPolicy") == "Retain":
            yield Violation(field, "the volume and its data are no longer retained when the claim goes")
        return
    for when, what in (("whenDeleted", "the StatefulSet is deleted"), ("whenScaled", "the StatefulSet scales down")):
        field = new.field(*_RETENTION, when)
        if field.value == "Delete" and old.get(*_RETENTION, when) in ("Retain", None):
            yield Violation(field, f"the volumes and their data are no longer retained when {what}")
