"""Built-in policy: service-port-names."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy


@policy(level="error", kinds=("Service",))
def service_port_names(service: Manifest) -> Violations:
    """The ports of a Service can be told apart by their names.

    What it asks:
        Where a Service has more than one port, each has a `name`, and no two have the same.

    Why:
        The API server refuses such a Service. The schema lets it pass, so nothing says it before the agent's sync
        stops there. It comes from a second port that is added to a Service which had one.

    How to fix:
        Give each port a name, such as `http` and `metrics`.

    Fails:
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec:
          ports:  # <-
            - port: 80
            - name: metrics
              port: 9090

    Fails (the same name):
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec:
          ports:
            - name: http
              port: 80
            - name: http  # <-
              port: 8080

    Passes:
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec:
          ports:
            - name: http
              port: 80
            - name: metrics
              port: 9090

    References:
        https://kubernetes.io/docs/concepts/services-networking/service/#multi-port-services
    """
    ports = service.get("spec", "ports")
    if not isinstance(ports, list) or len(ports) < 2:
        return
    seen: set[str] = set()
    nameless = [index for index, port in enumerate(ports) if isinstance(port, dict) and not port.get("name")]
    if nameless:
        number = ports[nameless[0]].get("port")
        problem = f"{service} has {len(ports)} ports, and the one with number {number} has no name"
        yield Violation(service.field("spec", "ports"), problem)
    for port in service.items("spec", "ports"):
        name = port.text("name")
        if name and name in seen:
            yield Violation(port.field("name"), f"{service} has two ports with the name {name}")
        seen.add(name)
