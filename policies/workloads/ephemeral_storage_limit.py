"""Built-in policy: ephemeral-storage-limit."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, policy


@policy(level="note", kinds=WORKLOADS)
def ephemeral_storage_limit(workload: Workload) -> Violations:
    """Every container limits how much it writes to its node's disk.

    What it asks:
        Each container and init container sets `resources.limits.ephemeral-storage`. It covers the container's own
        file system, its logs and its `emptyDir` volumes.

    Why:
        A container that fills its node's disk brings the node to evict pods, its neighbours among them. With a limit
        it is evicted alone.

    How to fix:
        Measure what the container writes and set the limit above it; the request is then the same unless it is set.

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
                  resources:
                    limits:  # <-
                      memory: 256Mi

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
                  resources:
                    limits:
                      memory: 256Mi
                      ephemeral-storage: 1Gi

    References:
        https://kubernetes.io/docs/concepts/storage/ephemeral-storage/
    """
    for container in workload.containers:
        if container.get("resources", "limits", "ephemeral-storage") is None and not container.is_ephemeral:
            where = container.field("resources", "limits", "ephemeral-storage")
            yield Violation(where, f"{container} has no limit for what it writes to the node's disk")
