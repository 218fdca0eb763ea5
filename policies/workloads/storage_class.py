"""Built-in policy: storage-class."""

from __future__ import annotations

from gategit.checks.policy.api import Field, Manifest, Violation, Violations, policy


@policy(level="note", kinds=("PersistentVolumeClaim", "apps/StatefulSet"))
def storage_class(manifest: Manifest) -> Violations:
    """Every claim for storage says which class of storage it wants.

    What it asks:
        `spec.storageClassName` is set in each PersistentVolumeClaim, and in each of a StatefulSet's
        `volumeClaimTemplates`. A claim that names its volume (`volumeName`) is not asked, and `""`, which asks for no
        class, is an answer.

    Why:
        Without it the claim gets whatever the cluster calls its default at that moment: another disk in another
        cluster, or after somebody changed the default. It cannot be changed afterwards.

    How to fix:
        Set `storageClassName` to the class whose speed, backups and reclaim policy the data needs.

    Fails:
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: data, namespace: shop}
        spec:  # <-
          accessModes: [ReadWriteOnce]
          resources: {requests: {storage: 10Gi}}

    Fails (a template):
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: db, namespace: shop}
        spec:
          serviceName: db
          volumeClaimTemplates:
            - metadata: {name: data}
              spec:  # <-
                accessModes: [ReadWriteOnce]

    Passes:
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: data, namespace: shop}
        spec:
          storageClassName: fast-encrypted
          accessModes: [ReadWriteOnce]
          resources: {requests: {storage: 10Gi}}

    References:
        https://kubernetes.io/docs/concepts/storage/persistent-volumes/#class-1
    """
    if manifest.kind == "PersistentVolumeClaim":
        yield from _claim(manifest, str(manifest))
        return
    for template in manifest.items("spec", "volumeClaimTemplates"):
        yield from _claim(template, f"the claim template {template.text('metadata', 'name')}")


def _claim(claim: Field, name: str) -> Violations:
    annotated = "volume.beta.kubernetes.io/storage-class" in claim.strings("metadata", "annotations")
    if not (claim.has("spec", "storageClassName") or claim.has("spec", "volumeName") or annotated):
        yield Violation(claim.field("spec", "storageClassName"), f"{name} names no storage class")
