"""Built-in policy: memory-overcommit."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Container, Field, Violation, Violations, Workload, policy, quantity


@policy(level="note", kinds=WORKLOADS)
def memory_overcommit(workload: Workload, *, factor: float = 1.0) -> Violations:
    """A container requests the memory that its limit lets it use.

    What it asks:
        Where a container, or the pod as a whole, sets both, `limits.memory` is at most the parameter's multiple of
        `requests.memory`. By default the two must be equal.

    Why:
        The scheduler counts requests only. When containers use more than they requested, the node runs out of memory
        although each is within its limit, and the kernel ends processes, those far above their request first. Memory,
        unlike processor time, cannot be taken back.

    How to fix:
        Request what is needed at the peak, and set the limit to the same. Where some overcommitment is wanted, allow
        it with the parameter.

    Parameters:
        factor: how many times the request the limit may be

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
                    requests: {memory: 128Mi}
                    limits:
                      memory: 1Gi  # <-

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
                    requests: {cpu: 100m, memory: 256Mi}
                    limits: {cpu: "1", memory: 256Mi}

    Passes (twice the request is allowed):
        --- # parameters
        factor: 2.0
        --- # new
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
                    requests: {memory: 256Mi}
                    limits: {memory: 512Mi}

    References:
        https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/
        https://kubernetes.io/docs/tasks/configure-pod-container/quality-service-pod/
    """
    if workload.pod.has("resources"):
        yield from _beyond(workload.pod, factor)
    for container in workload.containers:
        yield from _beyond(container, factor)


def _beyond(holder: Field, factor: float) -> Violations:
    limit = holder.get("resources", "limits", "memory")
    if limit is None:
        return
    request = holder.get("resources", "requests", "memory")
    if request is None or limit == request:
        return
    most, least = quantity(limit), quantity(request)
    if most is not None and least is not None and most > least * factor:
        who = str(holder) if isinstance(holder, Container) else "the pod"
        where = holder.field("resources", "limits", "memory")
        yield Violation(where, f"{who} requests {str(request)[:40]} of memory, but may use {str(limit)[:40]}")
