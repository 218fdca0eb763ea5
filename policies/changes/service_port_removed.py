"""Built-in policy: service-port-removed."""

from __future__ import annotations

from gategit.checks.policy.api import Change, Field, Violation, Violations, policy


@policy(level="warning", kinds=("Service",))
def service_port_removed(change: Change) -> Violations:
    """A change does not take away or rename a port of a Service.

    What it asks:
        Each port of the Service, by number and protocol, is still there after the change, and so is each port's name.

    Why:
        Others call the port: other repositories, Ingresses, monitoring. They get no answer as soon as the agent has
        applied the change, and nothing in this repository shows that they exist.

    How to fix:
        Add the new port beside the old one, move the callers, and remove the old one in a later change.

    Fails:
        --- # old
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec: {ports: [{name: http, port: 80}, {name: metrics, port: 9090}]}
        --- # new
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec:
          ports:  # <-
            - {name: http, port: 80}

    Passes:
        --- # old
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec: {ports: [{name: http, port: 80, targetPort: 8080}]}
        --- # new
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec:
          ports:
            - {name: https, port: 443}
            - {name: http, port: 80, protocol: TCP, targetPort: web}

    References:
        https://kubernetes.io/docs/concepts/services-networking/service/#field-spec-ports
    """
    old, new = change.old, change.new
    if old is None or new is None or old.get("spec", "ports") == new.get("spec", "ports"):
        return
    ports = new.field("spec", "ports")
    after = {_key(port): port for port in ports.items()}
    names = {port.text("name") for port in ports.items()}
    for port in old.items("spec", "ports"):
        number, protocol = _key(port)
        now = after.get((number, protocol))
        if number is not None and now is None:
            yield Violation(ports, f"port {number} ({protocol}) of {new} is gone")
        elif now is not None and port.text("name") not in names:
            yield Violation(now.field("name"), f"port {number} of {new} is no longer called {port.text('name')}")


def _key(port: Field) -> tuple[int | None, str]:
    return port.integer("port"), port.text("protocol") or "TCP"
