"""Built-in policy: memory-volume-size."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, policy


@policy(level="note", kinds=WORKLOADS)
def memory_volume_size(workload: Workload) -> Violations:
    """A volume in memory has a size.

    What it asks:
        An `emptyDir` volume with `medium: Memory` sets `sizeLimit`.

    Why:
        What is written there counts as memory of the containers that write it. Without a size the volume can grow to
        all the memory that the pod may use, and a file too many ends the process instead of failing the write.

    How to fix:
        Set `sizeLimit` to what is to be stored, and add it to the containers' memory limits.

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
                - name: shm
                  emptyDir:  # <-
                    medium: Memory

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
              volumes:
                - name: shm
                  emptyDir: {medium: Memory, sizeLimit: 128Mi}
                - name: tmp
                  emptyDir: {}

    References:
        https://kubernetes.io/docs/concepts/storage/volumes/#emptydir
    """
    volumes = workload.pod.get("volumes")
    for index, volume in enumerate(volumes if isinstance(volumes, list) else ()):
        folder = volume.get("emptyDir") if isinstance(volume, dict) else None
        if isinstance(folder, dict) and folder.get("medium") == "Memory" and folder.get("sizeLimit") is None:
            where = workload.pod.field("volumes", index, "emptyDir", "sizeLimit")
            yield Violation(where, f"the volume {str(volume.get('name'))[:80]} is in memory and has no size")
