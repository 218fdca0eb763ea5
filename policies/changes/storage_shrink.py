"""Built-in policy: storage-shrink."""

from __future__ import annotations

from gategit.checks.policy.api import Change, Field, Manifest, Violation, Violations, policy, quantity

_REQUEST = ("spec", "resources", "requests", "storage")


@policy(level="error", kinds=("PersistentVolumeClaim", "apps/StatefulSet", "postgresql.cnpg.io/Cluster"))
def storage_shrink(change: Change) -> Violations:
    """A change does not ask for less storage than there is.

    What it asks:
        `spec.resources.requests.storage` of a PersistentVolumeClaim does not fall, nor that of a StatefulSet's
        `volumeClaimTemplates`, nor `spec.storage.size` and `spec.walStorage.size` of a CloudNativePG Cluster.

    Why:
        Volumes grow, they do not shrink: the cluster refuses the change, and the agent fails at it again and again.
        Whoever deletes the claim to get on deletes the data.

    How to fix:
        Keep the size. To get a smaller volume, make a new claim, copy the data, and switch over. To take back an
        expansion that has failed, which the cluster allows, say so in a waiver.

    Fails:
        --- # old
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: data, namespace: shop}
        spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 20Gi}}}
        --- # new
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: data, namespace: shop}
        spec:
          accessModes: [ReadWriteOnce]
          resources:
            requests:
              storage: 2Gi  # <-

    Fails (a StatefulSet's claims):
        --- # old
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: db, namespace: shop}
        spec:
          volumeClaimTemplates:
            - metadata: {name: data}
              spec: {resources: {requests: {storage: 1Ti}}}
        --- # new
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: db, namespace: shop}
        spec:
          volumeClaimTemplates:
            - metadata: {name: data}
              spec:
                resources:
                  requests:
                    storage: 100Gi  # <-

    Passes:
        --- # old
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: data, namespace: shop}
        spec: {resources: {requests: {storage: 1Gi}}}
        --- # new
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: data, namespace: shop}
        spec: {resources: {requests: {storage: 1024Mi}}}

    References:
        https://kubernetes.io/docs/concepts/storage/persistent-volumes/#expanding-persistent-volumes-claims
        https://cloudnative-pg.io/documentation/current/storage/
    """
    if change.old is None or change.new is None:
        return
    before = _sizes(change.old)
    for what, field in _sizes(change.new).items():
        if what not in before:
            continue
        old, new = before[what].value, field.value
        old_bytes, new_bytes = quantity(old), quantity(new)
        if old_bytes is not None and new_bytes is not None and new_bytes < old_bytes:
            yield Violation(field, f"{what} shrinks from {old} to {new}")


def _sizes(manifest: Manifest) -> dict[str, Field]:
    """The fields that hold sizes, by what they are the size of."""
    if manifest.kind == "PersistentVolumeClaim":
        return {str(manifest): manifest.field(*_REQUEST)}
    if manifest.kind == "Cluster":
        return {
            "the storage of the database": manifest.field("spec", "storage", "size"),
            "the storage of the write-ahead log": manifest.field("spec", "walStorage", "size"),
        }
    return {
        f"volume claim {template.text('metadata', 'name')}": template.field(*_REQUEST)
        for template in manifest.items("spec", "volumeClaimTemplates")
    }
