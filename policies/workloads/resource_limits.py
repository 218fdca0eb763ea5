"""Built-in policy: resource-limits."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Container, Violation, Violations, Workload, policy


@policy(level="warning", kinds=WORKLOADS)
def resource_limits(workload: Workload) -> Violations:
    """Every container limits its memory, and requests memory and processor time.

    What it asks:
        Each container and init container sets `resources.limits.memory`, and a request for `cpu` and `memory` (a
        limit counts as a request, as it does to the cluster). A limit for `cpu` is not asked for: it slows a
        container down even where its node is idle. Resources set for the whole pod count for its containers.

    Why:
        A container without a memory limit can take all of its node's memory, and the kernel then ends processes of
        others. Without requests the scheduler takes the container for free, and puts too many on one node.

    How to fix:
        Measure what the container uses, request that, and limit memory somewhat above it.

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
                - image: registry.example.com/web:1.4.2
                  name: web  # <-
                - name: proxy
                  image: registry.example.com/proxy:1.4.2
                  resources:
                    limits:  # <-
                      cpu: "1"
                    requests:
                      memory: 64Mi

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
                    requests:
                      cpu: 100m

    References:
        https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/
    """
    whole_pod = _amounts(workload.pod.value)
    for container in workload.containers:
        if container.role == "ephemeral container":
            continue  # it can have no resources
        yield from _missing(container, whole_pod)


def _missing(container: Container, whole_pod: set[tuple[str, str]]) -> Violations:
    found = _amounts(container.value) | whole_pod
    if ("limits", "memory") not in found:
        yield Violation(container.field("resources", "limits", "memory"), f"{container} has no memory limit")
    wanted = [name for name in ("cpu", "memory") if not {("limits", name), ("requests", name)} & found]
    if wanted:
        yield Violation(container.field("resources", "requests"), f"{container} requests no {' and no '.join(wanted)}")


def _amounts(holder: object) -> set[tuple[str, str]]:
    """Which amounts a container or pod sets, as (limits or requests, cpu or memory)."""
    resources = holder.get("resources") if isinstance(holder, dict) else None
    if not isinstance(resources, dict):
        return set()
    return {
        (group, name)
        for group in ("limits", "requests")
        if isinstance(resources.get(group), dict)
        for name in ("cpu", "memory")
        if resources[group].get(name) is not None
    }
