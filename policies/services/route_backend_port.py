"""Built-in policy: route-backend-port."""

from __future__ import annotations

from gategit.checks.policy.api import (
    Field,
    Inventory,
    Manifest,
    Violation,
    Violations,
    is_filled_in_later,
    policy,
)

_GATEWAY = "gateway.networking.k8s.io"


@policy(
    level="error",
    kinds=(
        f"{_GATEWAY}/HTTPRoute",
        f"{_GATEWAY}/GRPCRoute",
        f"{_GATEWAY}/TLSRoute",
        f"{_GATEWAY}/TCPRoute",
        f"{_GATEWAY}/UDPRoute",
    ),
    inventory=("Service",),
)
def route_backend_port(route: Manifest, inventory: Inventory) -> Violations:
    """A route of the Gateway API names ports that its Services have.

    What it asks:
        Each of the `backendRefs` that is a Service has a `port`, and where the Service is in the repository, it is the
        `port` of one of its ports. The port of the container does not count: the Service may map it.

    Why:
        The API server refuses a route without the port. With a wrong one the route is taken, and every request for it
        is answered with a 500.

    How to fix:
        Write a `port` from `spec.ports` of the Service.

    Fails:
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: {name: shop, namespace: shop}
        spec:
          rules:
            - backendRefs:
                - name: web
                  port: 8080  # <-
                - name: other  # <-
        --- # inventory
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec:
          ports: [{name: http, port: 80, targetPort: 8080}]

    Passes:
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: {name: shop, namespace: shop}
        spec:
          rules:
            - backendRefs:
                - name: web
                  port: 80
        --- # inventory
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec:
          ports: [{name: http, port: 80, targetPort: 8080}]

    References:
        https://gateway-api.sigs.k8s.io/reference/spec/#backendref
    """
    for rule in route.items("spec", "rules"):
        for backend in rule.items("backendRefs"):
            name, port = backend.text("name"), backend.get("port")
            if backend.text("group") or backend.text("kind") not in ("", "Service") or not name:
                continue
            if port is None:
                yield Violation(backend, f"{route} leads to Service {name} without naming a port")
                continue
            services = inventory.named("Service", name, backend.text("namespace") or route.namespace)
            if services and isinstance(port, int) and not any(_has_port(service, port) for service in services):
                yield Violation(backend.field("port"), f"Service {name} has no port {port}, to which {route} leads")


def _has_port(service: Field, wanted: int) -> bool:
    ports = service.get("spec", "ports")
    if not isinstance(ports, list):
        return True  # a patch may add them
    return any(
        not isinstance(port, dict) or port.get("port") == wanted or is_filled_in_later(port.get("port"))
        for port in ports
    )
