"""Built-in policy: dangling-service-monitor."""

from __future__ import annotations

from gategit.checks.policy.api import Inventory, Manifest, Violation, Violations, is_filled_in_later, policy, selects


@policy(level="warning", kinds=("monitoring.coreos.com/ServiceMonitor",), inventory=("Service",))
def dangling_service_monitor(monitor: Manifest, inventory: Inventory) -> Violations:
    """A ServiceMonitor chooses some Service of the repository.

    What it asks:
        The labels of `spec.selector` are the labels (`metadata.labels`) of some Service. It is asked where the folder
        of the monitor holds a Service too, and where no `namespaceSelector` points elsewhere: what a chart or an
        operator makes cannot be seen in the repository.

    Why:
        Prometheus says nothing about a monitor without targets. The metrics are missing, the alerts on them stay
        silent, and the outage that they were meant for is found by the customers. A common cause: the labels of the
        pods were written, where those of the Service count.

    How to fix:
        Give the Service the labels that the monitor asks for, in `metadata.labels`, not in `spec.selector`.

    Fails:
        apiVersion: monitoring.coreos.com/v1
        kind: ServiceMonitor
        metadata: {name: web, namespace: shop}
        spec:
          selector:  # <-
            matchLabels: {app: web}
          endpoints: [{port: metrics}]
        --- # inventory
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec:
          selector: {app: web}
          ports: [{name: metrics, port: 9090}]

    Passes:
        apiVersion: monitoring.coreos.com/v1
        kind: ServiceMonitor
        metadata: {name: web, namespace: shop}
        spec:
          selector:
            matchLabels: {app: web}
          endpoints: [{port: metrics}]
        --- # inventory
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop, labels: {app: web}}
        spec:
          selector: {app: web}
          ports: [{name: metrics, port: 9090}]

    References:
        https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.ServiceMonitor
        https://prometheus-operator.dev/docs/platform/troubleshooting/
    """
    selector = monitor.get("spec", "selector")
    if not selector or monitor.has("spec", "namespaceSelector") or not inventory.beside(monitor):
        return
    labels = monitor.strings("spec", "selector", "matchLabels")
    if any(is_filled_in_later(value) for value in labels.values()):
        return
    services = inventory.of_kind("Service", monitor.namespace)
    if not any(selects(selector, service.labels) for service in services):
        yield Violation(monitor.field("spec", "selector"), f"{monitor} chooses no Service, so nothing is measured")
