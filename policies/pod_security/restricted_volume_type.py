"""Built-in policy: restricted-volume-type."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, policy

_ALLOWED = frozenset(
    (
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    )
)
_IMAGE_SINCE = "1.33"
_JUDGED_ELSEWHERE = "hostPath"


@policy(level="error", kinds=WORKLOADS, security_severity=4.3)
def restricted_volume_type(workload: Workload) -> Violations:
    """Pods mount storage through claims, and no network or cloud disk directly.

    What it asks:
        Each volume of a pod is a `configMap`, `csi`, `downwardAPI`, `emptyDir`, `ephemeral`, `persistentVolumeClaim`,
        `projected` or `secret`; for clusters of Kubernetes 1.33 or newer also an `image`. A `hostPath` is the
        business of `host-path-volume`.

    Why:
        A pod that names an NFS server or a cloud disk itself reaches storage past the quotas, the access modes and
        the people who look after storage. Most of these volume types run old code in the kernel, and many are gone
        from newer releases.

    How to fix:
        Make a PersistentVolume for the storage, claim it with a PersistentVolumeClaim, and mount the claim.

    Fails:
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          containers:
            - name: web
              image: registry.example.com/web:1.4.2
          volumes:
            - name: data
              nfs:  # <-
                server: files.example.com
                path: /data

    Passes:
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          containers:
            - name: web
              image: registry.example.com/web:1.4.2
          volumes:
            - name: data
              persistentVolumeClaim: {claimName: web}
            - name: scratch
              emptyDir: {}
            - name: models
              image: {reference: "registry.example.com/models:1.4.2"}

    References:
        https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
        https://kubernetes.io/docs/concepts/storage/persistent-volumes/
    """
    if not workload.pod.get("volumes"):
        return
    for volume in workload.pod.items("volumes"):
        sources = {key for key, value in volume.entries() if value and key != "name"}
        if not sources or _JUDGED_ELSEWHERE in sources:
            continue
        allowed = sources & _ALLOWED
        if not allowed or (allowed == {"image"} and not workload.target.at_least(_IMAGE_SINCE)):
            kind = min(sources)
            yield Violation(volume.field(kind), f"volume {volume.text('name')} has the type {kind}")
