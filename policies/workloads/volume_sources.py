"""Built-in policy: volume-sources."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, policy


@policy(level="error", kinds=WORKLOADS)
def volume_sources(workload: Workload) -> Violations:
    """A volume is of one kind.

    What it asks:
        An entry of a pod's `volumes` has one source besides its name, such as `emptyDir` or `configMap`. One without
        any is an `emptyDir` to the cluster, and passes.

    Why:
        The API server refuses the object. Two sources are what Kustomize makes of a base with an `emptyDir` and a
        patch that gives the volume of the same name a claim.

    How to fix:
        Remove one of the two; in a Kustomize patch, set the other to null (`emptyDir: null`).

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
                - name: data  # <-
                  emptyDir: {}
                  persistentVolumeClaim: {claimName: data}

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
                - name: data
                  emptyDir: null
                  persistentVolumeClaim: {claimName: data}
                - name: tmp

    References:
        https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/volume/
    """
    volumes = workload.pod.get("volumes")
    for index, volume in enumerate(volumes if isinstance(volumes, list) else ()):
        if isinstance(volume, dict) and len(volume) > 2:
            sources = [str(key)[:40] for key, value in volume.items() if key != "name" and value is not None]
            if len(sources) > 1:
                where = workload.pod.field("volumes", index, "name")
                yield Violation(where, f"volume {str(volume.get('name'))[:80]} is {' and '.join(sources)} at once")
