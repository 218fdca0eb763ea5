"""Built-in policy: volume-mount-unknown."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, policy


@policy(level="error", kinds=WORKLOADS)
def volume_mount_unknown(workload: Workload) -> Violations:
    """Every volume that a container mounts is one of its pod's volumes.

    What it asks:
        Each name in a container's `volumeMounts` and `volumeDevices` stands in the pod's `volumes`, or in the
        `volumeClaimTemplates` of the StatefulSet.

    Why:
        The API server refuses the object. The usual cause is a volume that was renamed or removed in one place only,
        or a patch that replaced the list of volumes.

    How to fix:
        Add the volume to the pod, or correct the name in the mount.

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
                  volumeMounts:
                    - name: configs  # <-
                      mountPath: /etc/web
              volumes:
                - name: config
                  configMap: {name: web}

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
                  volumeMounts:
                    - name: config
                      mountPath: /etc/web
              volumes:
                - name: config
                  configMap: {name: web}

    Passes (a StatefulSet's own claim):
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: db, namespace: shop}
        spec:
          serviceName: db
          selector: {matchLabels: {app: db}}
          volumeClaimTemplates:
            - metadata: {name: data}
              spec:
                accessModes: [ReadWriteOnce]
                resources: {requests: {storage: 10Gi}}
          template:
            metadata: {labels: {app: db}}
            spec:
              containers:
                - name: db
                  image: registry.example.com/db:16.4
                  volumeMounts:
                    - name: data
                      mountPath: /data

    References:
        https://kubernetes.io/docs/concepts/storage/volumes/
    """
    names: set[str] | None = None
    for container in workload.containers:
        for key in ("volumeMounts", "volumeDevices"):
            mounts = container.get(key)
            if not isinstance(mounts, list):
                continue
            if names is None:
                names = _names(workload)
            for index, mount in enumerate(mounts):
                name = mount.get("name") if isinstance(mount, dict) else None
                if isinstance(name, str) and name not in names:
                    where = container.field(key, index, "name")
                    yield Violation(where, f"{container} mounts a volume {name[:80]}, which its pod does not have")


def _names(workload: Workload) -> set[str]:
    names = {volume.text("name") for volume in workload.pod.items("volumes")}
    if workload.kind == "StatefulSet":
        names.update(claim.text("metadata", "name") for claim in workload.items("spec", "volumeClaimTemplates"))
    return names
