"""Built-in policy: invalid-resource."""

from __future__ import annotations

from gategit.checks.policy.api import (
    WORKLOADS,
    Container,
    Field,
    Violation,
    Violations,
    Workload,
    is_filled_in_later,
    policy,
    quantity,
)

_KNOWN = ("cpu", "memory", "ephemeral-storage")


@policy(level="error", kinds=WORKLOADS)
def invalid_resource(workload: Workload) -> Violations:
    """Containers request resources that there are, in amounts that there are.

    What it asks:
        Each name below `resources.requests` and `resources.limits` is `cpu`, `memory`, `ephemeral-storage`, huge pages,
        or an extended resource with a domain in front, such as `nvidia.com/gpu`. No amount is negative, and that of an
        extended resource is whole.

    Why:
        The API server refuses the object. A name with a typing mistake looks as if there were a limit.

    How to fix:
        Correct the name: `memory`, not `mem` or `Memory`; `ephemeral-storage`, not `storage`.

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
                    limits:
                      mem: 256Mi  # <-
                      nvidia.com/gpu: 500m  # <-

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
                      hugepages-2Mi: 4Mi
                      nvidia.com/gpu: 1

    References:
        https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/
    """
    if workload.pod.has("resources"):
        yield from _problems(workload.pod)
    for container in workload.containers:
        yield from _problems(container)


def _problems(holder: Field) -> Violations:
    resources = holder.get("resources")
    if not isinstance(resources, dict):
        return
    for group in ("requests", "limits"):
        amounts = resources.get(group)
        for name, amount in amounts.items() if isinstance(amounts, dict) else ():
            problem = _problem(name, amount)
            if problem:
                who = str(holder) if isinstance(holder, Container) else "the pod"
                yield Violation(holder.field("resources", group, name), f"the {group} of {who} {problem}")


def _problem(name: object, amount: object) -> str:
    """What is wrong with one amount, "" where nothing is."""
    if not isinstance(name, str) or is_filled_in_later(name):
        return ""
    if name not in _KNOWN and "/" not in name and not name.startswith("hugepages-"):
        return f"name {name[:80]}, which is no resource of a container"
    if isinstance(amount, str) and amount[:1].isdecimal() and name in _KNOWN:
        return ""  # nearly all of them
    number = quantity(amount)
    if number is not None and number < 0:
        return f"hold a negative amount of {name[:80]}"
    if number is not None and number % 1 and "/" in name and "kubernetes.io/" not in name:
        return f"hold part of one {name[:80]}, and these come whole"
    return ""
