"""Built-in policy: autoscaler-without-requests."""

from __future__ import annotations

from gategit.checks.policy.api import Container, Field, Inventory, Manifest, Violation, Violations, Workload, policy

_TARGETS = ("apps/Deployment", "apps/StatefulSet")


@policy(
    level="warning",
    kinds=("autoscaling/HorizontalPodAutoscaler",),
    inventory=(*_TARGETS, "LimitRange"),
    within_namespace=True,
)
def autoscaler_without_requests(autoscaler: Manifest, inventory: Inventory) -> Violations:
    """What is scaled by its utilization requests the resource that is measured.

    What it asks:
        Where a HorizontalPodAutoscaler looks at the utilization of `cpu` or `memory`, each container of its target
        requests (or limits) that resource. A LimitRange in the namespace, which sets a default, lets all pass, and so
        does a target that is not in the repository.

    Why:
        Utilization is a share of the request. If one container of the pod has no request, the autoscaler has no
        number for the whole pod, and never scales. Only its status and its events say so.

    How to fix:
        Set `resources.requests` of every container, sidecars too, or measure one container (`ContainerResource`) or
        an absolute amount (`AverageValue`).

    Fails:
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {name: web, namespace: shop}
        spec:
          maxReplicas: 5
          scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
          metrics:
            - type: Resource
              resource:
                name: cpu  # <-
                target: {type: Utilization, averageUtilization: 80}
        --- # inventory
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          template:
            spec:
              containers:
                - name: web
                  resources: {requests: {cpu: 100m}}
                - name: proxy
                  resources: {requests: {memory: 64Mi}}

    Passes:
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {name: web, namespace: shop}
        spec:
          maxReplicas: 5
          scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
          metrics:
            - type: Resource
              resource:
                name: cpu
                target: {type: Utilization, averageUtilization: 80}
        --- # inventory
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          template:
            spec:
              containers:
                - name: web
                  resources: {requests: {cpu: 100m}}
                - name: proxy
                  resources: {limits: {cpu: 50m}}

    References:
        https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/
    """
    target = autoscaler.field("spec", "scaleTargetRef")
    kind = f"apps/{target.text('kind')}"
    if kind not in _TARGETS or inventory.of_kind("LimitRange", autoscaler.namespace):
        return
    found = inventory.named(kind, target.text("name"), autoscaler.namespace)
    workloads = [one for one in found if isinstance(one, Workload) and one.containers]
    if not workloads or len(workloads) < len(found):
        return
    for place, resource, only in _measured(autoscaler):
        lacking = [_lacking(workload, resource, only) for workload in workloads]
        if all(lacking):
            problem = f"{autoscaler} measures {resource}, and {lacking[0]} of {workloads[0]} requests none"
            yield Violation(place, problem)


def _measured(autoscaler: Manifest) -> list[tuple[Field, str, str]]:
    """What the autoscaler looks at as a share: where it says so, the resource, and the container if it is one."""
    old = autoscaler.field("spec", "targetCPUUtilizationPercentage")
    found = [(old, "cpu", "")] if old else []
    for metric in autoscaler.items("spec", "metrics"):
        resource = metric.field("containerResource" if metric.text("type") == "ContainerResource" else "resource")
        if resource.get("target", "averageUtilization") is not None and resource.text("name") in ("cpu", "memory"):
            found.append((resource.field("name"), resource.text("name"), resource.text("container")))
    return found


def _lacking(workload: Workload, resource: str, only: str) -> Container | None:
    """A container without a request for the resource; None where each that counts has one."""
    if _has(workload.pod, resource):
        return None
    running = (container for container in workload.containers if container.role == "container")
    return next((one for one in running if only in ("", one.name) and not _has(one, resource)), None)


def _has(holder: Field, resource: str) -> bool:
    return holder.has("resources", "requests", resource) or holder.has("resources", "limits", resource)
