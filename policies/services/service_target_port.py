"""Built-in policy: service-target-port."""

from __future__ import annotations

from gategit.checks.policy.api import (
    WORKLOADS,
    Inventory,
    Manifest,
    Violation,
    Violations,
    Workload,
    is_filled_in_later,
    policy,
)


@policy(level="error", kinds=("Service",), inventory=WORKLOADS, within_namespace=True)
def service_target_port(service: Manifest, inventory: Inventory) -> Violations:
    """A Service's named target port is a port of the containers behind it.

    What it asks:
        Where `targetPort` is a name, some container of the workloads that the Service chooses declares a port of that
        name and protocol. Numbers pass: a container can listen on ports that it does not declare. A Service whose
        workloads are not in the repository passes too.

    Why:
        Kubernetes looks the name up in the pods. Where no container has it, the Service has no endpoints for that
        port, and every connection is refused. Nothing complains when it is created.

    How to fix:
        Write the `name` of one of the container's `ports`, or the number itself.

    Fails:
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec:
          selector: {app: web}
          ports:
            - port: 80
              targetPort: web  # <-
        --- # inventory
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
                  ports: [{name: http, containerPort: 8080}]

    Passes:
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec:
          selector: {app: web}
          ports:
            - name: http
              port: 80
              targetPort: http
            - name: metrics
              port: 9090
              targetPort: 9090
        --- # inventory
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
                  ports: [{name: http, containerPort: 8080}]

    References:
        https://kubernetes.io/docs/concepts/services-networking/service/#field-spec-ports
    """
    ports = service.get("spec", "ports")
    selector = service.get("spec", "selector")
    names = [
        (index, port)
        for index, port in enumerate(ports if isinstance(ports, list) else ())
        if isinstance(port, dict) and _is_name(port.get("targetPort"))
    ]
    if not names or not selector:
        return
    workloads = [one for one in inventory.workloads(selector, service.namespace) if one.containers]
    for index, port in names if workloads else ():
        name, protocol = port["targetPort"], port.get("protocol") or "TCP"
        if not any(_has_port(one, name, protocol) for one in workloads):
            others = f" and {len(workloads) - 1} more" if len(workloads) > 1 else ""
            problem = f"no container of {workloads[0]}{others} declares a port {name}, to which {service} leads"
            yield Violation(service.field("spec", "ports", index, "targetPort"), problem)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and not value.isdecimal() and not is_filled_in_later(value)


def _has_port(workload: Workload, name: str, protocol: object) -> bool:
    """Whether a container that goes on running declares the port."""
    for container in workload.containers:
        ports = container.get("ports")
        for port in ports if isinstance(ports, list) and not container.is_init else ():
            if isinstance(port, dict) and port.get("name") == name and (port.get("protocol") or "TCP") == protocol:
                return True
    return False
