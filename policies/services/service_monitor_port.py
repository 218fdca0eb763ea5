"""Built-in policy: service-monitor-port."""

from __future__ import annotations

from gategit.checks.policy.api import (
    Inventory,
    Manifest,
    Violation,
    Violations,
    is_filled_in_later,
    policy,
    selects,
)


@policy(level="warning", kinds=("monitoring.coreos.com/ServiceMonitor",), inventory=("Service",), within_namespace=True)
def service_monitor_port(monitor: Manifest, inventory: Inventory) -> Violations:
    """A ServiceMonitor names ports that its Services have by that name.

    What it asks:
        Where a ServiceMonitor chooses Services of the repository, each `port` of its endpoints is the `name` of a port
        of one of them. A monitor whose Services are not in the repository passes.

    Why:
        Prometheus says nothing about a monitor without targets. The metrics are missing, and the alerts on them stay
        silent. A port of the container, or a number in quotes, is the usual cause: only names of the Service count.

    How to fix:
        Write the `name` of the Service's port, and give the port one if it has none.

    Fails:
        apiVersion: monitoring.coreos.com/v1
        kind: ServiceMonitor
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          endpoints:
            - port: "9090"  # <-
        --- # inventory
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop, labels: {app: web}}
        spec:
          ports: [{name: metrics, port: 9090}]

    Passes:
        apiVersion: monitoring.coreos.com/v1
        kind: ServiceMonitor
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          endpoints:
            - port: metrics
        --- # inventory
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop, labels: {app: web}}
        spec:
          ports: [{name: metrics, port: 9090}]

    References:
        https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.Endpoint
    """
    selector = monitor.get("spec", "selector")
    if not selector or monitor.has("spec", "namespaceSelector"):
        return
    candidates = inventory.of_kind("Service", monitor.namespace)
    services = [service for service in candidates if selects(selector, service.labels)]
    names = {port.text("name") for service in services for port in service.items("spec", "ports")}
    for endpoint in monitor.items("spec", "endpoints") if services else ():
        port = endpoint.text("port")
        if port and port not in names and not is_filled_in_later(port):
            problem = f"{monitor} measures the port {port}, and {services[0]} has no port of that name"
            yield Violation(endpoint.field("port"), problem)
