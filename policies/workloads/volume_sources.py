"""Built-in policy: volume-sources."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Field, Violation, Violations, Workload, policy


@policy(level="error", kinds=WORKLOADS)
def volume_sources(workload: Workload) -> Violations:
    """A volume is of one kind.

    What it asks:
        An entry of a pod's `volumes` has one source besides its name, such as `emptyDir` or `configMap`. One without
        any is an `emptyDir` to the cluster, and passes. An entry of a projected volume's `sources` has one as well.

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
        if not isinstance(volume, dict):
            continue
        if "projected" in volume:
            yield from _projected(workload.pod.field("volumes", index, "projected"), str(volume.get("name"))[:80])
        if len(volume) > 2:
            sources = [str(key)[:40] for key, value in volume.items() if key != "name" and value is not None]
            if len(sources) > 1:
                where = workload.pod.field("volumes", index, "name")
                yield Violation(where, f"volume {str(volume.get('name'))[:80]} is {' and '.join(sources)} at once")


def _projected(field: Field, name: str) -> Violations:
    for part in field.items("sources"):
        kinds = [str(key)[:40] for key, value in part.entries() if value.value is not None]
        if len(kinds) > 1:
            yield Violation(part, f"an entry of the volume {name} is {' and '.join(kinds)} at once")
