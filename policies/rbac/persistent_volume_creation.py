"""Built-in policy: persistent-volume-creation."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, grants, policy


@policy(level="note", kinds=("rbac.authorization.k8s.io/ClusterRole",), security_severity=5.0)
def persistent_volume_creation(manifest: Manifest) -> Violations:
    """Only the storage provisioner creates PersistentVolumes.

    What it asks:
        No ClusterRole allows `create` on `persistentvolumes`. Wildcards count. Claims (`persistentvolumeclaims`) are
        what workloads need; they are not asked about.

    Why:
        A PersistentVolume can be any folder of a node (`hostPath`), the root folder too. A pod that claims it reads and
        writes that folder, also where a Pod Security Standard forbids `hostPath` to the pod itself.

    How to fix:
        Let workloads claim volumes from a StorageClass. For a provisioner, a waiver with an owner says that it is
        meant.

    Fails:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata:
          name: storage
        rules:
          - apiGroups:
              - ""
            resources:
              - persistentvolumes  # <-
              - persistentvolumeclaims
            verbs:
              - get
              - create

    Passes:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata:
          name: storage
        rules:
          - apiGroups:
              - ""
            resources:
              - persistentvolumeclaims
            verbs:
              - get
              - create

    References:
        https://kubernetes.io/docs/concepts/security/rbac-good-practices/
        https://kubernetes.io/docs/concepts/storage/persistent-volumes/
    """
    for grant in grants(manifest, ("create",), ("persistentvolumes",)):
        yield Violation(grant.field, f"{manifest} may create PersistentVolumes, on any folder of a node too")
