"""Built-in policy: request-above-limit."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Container, Field, Violation, Violations, Workload, policy, quantity


@policy(level="error", kinds=WORKLOADS)
def request_above_limit(workload: Workload) -> Violations:
    """No container requests more of a resource than its limit lets it have.

    What it asks:
        Each amount below `resources.requests` is at most the one below `resources.limits`, of a container or of the
        whole pod. Huge pages and extended resources such as `nvidia.com/gpu` cannot be shared: their request must
        have a limit, and be equal to it.

    Why:
        The API server refuses the object. Where a pod template holds the mistake, a Deployment is refused at once,
        and everything that is applied together with it waits.

    How to fix:
        Raise the limit to what is requested, or lower the request. Look at the overlay's patch too: the two numbers
        often come from different files.

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
                    requests:
                      memory: 1Gi  # <-
                      cpu: 200m
                    limits:
                      memory: 512Mi

    Fails (a resource that cannot be shared):
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
                    requests:
                      nvidia.com/gpu: 1  # <-
                    limits:
                      nvidia.com/gpu: 2

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
                    requests: {cpu: 1000m, memory: 512Mi}
                    limits: {cpu: "1", memory: 1Gi}

    References:
        https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#requests-and-limits
        https://kubernetes.io/docs/tasks/configure-pod-container/extended-resource/
    """
    if workload.pod.has("resources"):
        yield from _above(workload.pod)
    for container in workload.containers:
        yield from _above(container)


def _above(holder: Field) -> Violations:
    requests = holder.get("resources", "requests")
    limits = holder.get("resources", "limits") or {}
    if not isinstance(requests, dict) or not isinstance(limits, dict):
        return
    for name, amount in requests.items():
        limit = limits.get(name)
        if amount == limit or not isinstance(name, str):
            continue
        problem = _problem(name, amount, limit)
        if problem:
            who = str(holder) if isinstance(holder, Container) else "the pod"
            where = holder.field("resources", "requests", name)
            yield Violation(where, f"{who} requests {str(amount)[:40]} of {name}, {problem}")


def _problem(name: str, request: object, limit: object) -> str:
    """What is wrong with a request, "" where nothing is or one of the two cannot be read."""
    cannot_be_shared = name.startswith("hugepages-") or ("/" in name and "kubernetes.io/" not in name)
    if limit is None:
        return "and has no limit for it, which this resource needs" if cannot_be_shared else ""
    amount, most = quantity(request), quantity(limit)
    if amount is None or most is None or amount == most:
        return ""
    if amount > most:
        return f"more than its limit of {str(limit)[:40]}"
    return f"and its limit is {str(limit)[:40]}: for this resource the two must be equal" if cannot_be_shared else ""
