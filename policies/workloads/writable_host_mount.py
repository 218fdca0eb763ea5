"""Built-in policy: writable-host-mount."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, policy


@policy(level="warning", kinds=WORKLOADS, security_severity=5.9)
def writable_host_mount(workload: Workload) -> Violations:
    """No container can write to a folder of its node.

    What it asks:
        Every mount of a `hostPath` volume is read-only (`readOnly: true`). Devices (`type: CharDevice` and
        `BlockDevice`) and sockets (`type: Socket`) are not judged: there it changes nothing.

    Why:
        What a container writes to its node outlives it, and others that mount the same folder read it. Where the
        node runs or trusts what stands there, the container takes the node over.

    How to fix:
        Set `readOnly: true` on the mount. For data that must be kept, use a PersistentVolumeClaim, and for scratch
        space an `emptyDir`.

    Fails:
        apiVersion: apps/v1
        kind: DaemonSet
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
                    - name: logs  # <-
                      mountPath: /logs
              volumes:
                - name: logs
                  hostPath: {path: /var/log}

    Passes:
        apiVersion: apps/v1
        kind: DaemonSet
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
                    - {name: logs, mountPath: /logs, readOnly: true}
                    - {name: cache, mountPath: /cache}
              volumes:
                - name: logs
                  hostPath: {path: /var/log}
                - name: cache
                  emptyDir: {}

    References:
        https://kubernetes.io/docs/concepts/storage/volumes/#hostpath
    """
    volumes = workload.pod.get("volumes")
    if not isinstance(volumes, list):
        return
    paths: dict[str, str] = {}
    for volume in volumes:
        host = volume.get("hostPath") if isinstance(volume, dict) else None
        if isinstance(host, dict) and host.get("type") not in ("CharDevice", "BlockDevice", "Socket"):
            paths[str(volume.get("name"))] = str(host.get("path"))
    if not paths:
        return
    for container in workload.containers:
        for mount in container.items("volumeMounts"):
            path = paths.get(mount.text("name"))
            if path is not None and not mount.is_true("readOnly"):
                yield Violation(mount.field("readOnly"), f"{container} can write to the node's folder {path[:80]}")
