"""Built-in policy: volume-claim-removed."""

from __future__ import annotations

from gategit.checks.policy.api import Change, Violation, Violations, policy


@policy(
    level="error",
    kinds=("PersistentVolumeClaim", "PersistentVolume", "apps/StatefulSet"),
)
def volume_claim_removed(change: Change) -> Violations:
    """A change does not remove what holds data.

    What it asks:
        No PersistentVolumeClaim, PersistentVolume or StatefulSet with `volumeClaimTemplates` is removed by the
        change. To move one to another namespace or to rename it is to remove it. An object that tells the agent to
        keep it (`argocd.argoproj.io/sync-options: Prune=false`, `kustomize.toolkit.fluxcd.io/prune: disabled`,
        `helm.sh/resource-policy: keep`) may go from the repository.

    Why:
        The agent deletes what the repository no longer declares. With most storage classes the data goes with the
        claim, at once and for good; a revert brings back an empty volume.

    How to fix:
        Keep the object. If it has to go: make sure of a backup, mark it to be kept by the agent in one pull request,
        remove it in the next, and delete it by hand; or say in a waiver that the data may be lost.

    Fails:
        --- # old
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata:
          name: data  # <-
          namespace: shop
        spec:
          accessModes: [ReadWriteOnce]
          resources: {requests: {storage: 10Gi}}
        --- # new

    Fails (a StatefulSet's claims):
        --- # old
        apiVersion: apps/v1
        kind: StatefulSet
        metadata:
          name: db  # <-
          namespace: shop
        spec:
          serviceName: db
          volumeClaimTemplates:
            - metadata: {name: data}
              spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 10Gi}}}
        --- # new

    Passes:
        --- # old
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata:
          name: data
          namespace: shop
          annotations:
            kustomize.toolkit.fluxcd.io/prune: disabled
        spec:
          accessModes: [ReadWriteOnce]
          resources: {requests: {storage: 10Gi}}
        --- # new

    Passes (nothing is removed):
        --- # old
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: data, namespace: shop}
        spec:
          accessModes: [ReadWriteOnce]
          resources: {requests: {storage: 10Gi}}
        --- # new
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: data, namespace: shop}
        spec:
          accessModes: [ReadWriteOnce]
          resources: {requests: {storage: 20Gi}}

    References:
        https://kubernetes.io/docs/concepts/storage/persistent-volumes/#reclaiming
        https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#persistentvolumeclaim-retention
    """
    old = change.deleted
    if old is None:
        return
    if old.kind != "StatefulSet":
        yield Violation(old, f"the change removes {old}, and the data in it may go with it")
    elif old.items("spec", "volumeClaimTemplates"):
        yield Violation(old, f"the change removes {old}, which holds data in volumes")
