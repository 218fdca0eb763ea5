"""Built-in policy: resource-range."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Field, Violation, Violations, Workload, policy, quantity


@policy(level="warning", kinds=WORKLOADS)
def resource_range(
    workload: Workload,
    *,
    least_cpu: str = "",
    most_cpu: str = "",
    least_memory: str = "",
    most_memory: str = "",
) -> Violations:
    """What containers request and are limited to lies in the range that the cluster is made for.

    What it asks:
        Each request and limit for `cpu` and `memory` of a container or pod is at least the parameter `least_…` and at
        most `most_…`. Without parameters nothing is judged, and what a container does not set is not either.

    Why:
        A pod that requests more than the largest node has is never scheduled. One with a few bytes of memory is
        ended as soon as it starts. Both are usually a wrong unit.

    How to fix:
        Correct the amount, or its unit: `512m` of memory is half a byte, `512Mi` was meant. Where so much is really
        needed, ask the owners of the cluster to widen the range.

    Parameters:
        least_cpu: the smallest amount of processor time, such as 10m
        most_cpu: the largest amount of processor time, such as 8
        least_memory: the smallest amount of memory, such as 16Mi
        most_memory: the largest amount of memory, such as 32Gi

    Fails:
        --- # parameters
        least_memory: 16Mi
        most_cpu: "8"
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
                    requests:
                      cpu: 500  # <-
                    limits:
                      memory: 512m  # <-

    Passes:
        --- # parameters
        least_memory: 16Mi
        most_cpu: "8"
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
                    requests: {cpu: 500m}
                    limits: {memory: 512Mi}

    References:
        https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#resource-units-in-kubernetes
        https://kubernetes.io/docs/concepts/policy/limit-range/
    """
    bounds = [("cpu", least_cpu, most_cpu), ("memory", least_memory, most_memory)]
    wanted = [(name, least, most) for name, least, most in bounds if least or most]
    if not wanted:
        return
    yield from _outside(workload.pod, "the pod", wanted)
    for container in workload.containers:
        yield from _outside(container, str(container), wanted)


def _outside(holder: Field, who: str, wanted: list[tuple[str, str, str]]) -> Violations:
    for group in ("requests", "limits"):
        for name, least, most in wanted:
            written = holder.get("resources", group, name)
            amount = quantity(written)
            lowest, highest = quantity(least), quantity(most)
            if amount is None:
                continue
            what = f"{name} of {str(written)[:40]} in the {group} of {who}"
            where = holder.field("resources", group, name)
            if lowest is not None and amount < lowest:
                yield Violation(where, f"{what} is less than {least}")
            elif highest is not None and amount > highest:
                yield Violation(where, f"{what} is more than {most}")
