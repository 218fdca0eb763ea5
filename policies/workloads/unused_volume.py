"""Built-in policy: unused-volume."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, is_filled_in_later, policy


@policy(level="note", kinds=WORKLOADS)
def unused_volume(workload: Workload) -> Violations:
    """Every volume of a pod is mounted by one of its containers.

    What it asks:
        Each entry of the pod's `volumes` is named by a container's `volumeMounts` or `volumeDevices`.

    Why:
        A volume that nothing mounts is still attached, and its ConfigMap, Secret or claim must exist for the pod to
        start. Mostly it is a sign of a mount that was forgotten or lost in a patch.

    How to fix:
        Mount the volume where it was meant to be, or remove it from the pod.

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
                - name: config  # <-
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
                    - {name: config, mountPath: /etc/web}
              volumes:
                - name: config
                  configMap: {name: web}

    References:
        https://kubernetes.io/docs/concepts/storage/volumes/
    """
    volumes = workload.pod.get("volumes")
    if not isinstance(volumes, list) or not volumes:
        return
    mounted = {
        mount.text("name")
        for container in workload.containers
        for key in ("volumeMounts", "volumeDevices")
        for mount in container.items(key)
    }
    for index, volume in enumerate(volumes):
        name = volume.get("name") if isinstance(volume, dict) else None
        if isinstance(name, str) and name not in mounted and not is_filled_in_later(name):
            where = workload.pod.field("volumes", index, "name")
            yield Violation(where, f"no container of {workload} mounts the volume {name[:80]}")
