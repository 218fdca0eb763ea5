"""Built-in policy: dangling-route-backend."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Inventory, Manifest, Violation, Violations, is_filled_in_later, policy

_GATEWAY = "gateway.networking.k8s.io"


@policy(
    level="warning",
    kinds=(
        f"{_GATEWAY}/HTTPRoute",
        f"{_GATEWAY}/GRPCRoute",
        f"{_GATEWAY}/TLSRoute",
        f"{_GATEWAY}/TCPRoute",
        f"{_GATEWAY}/UDPRoute",
    ),
    inventory=("Service", *WORKLOADS),
)
def dangling_route_backend(route: Manifest, inventory: Inventory) -> Violations:
    """A route of the Gateway API leads to Services of the repository.

    What it asks:
        Each of the `backendRefs` that is a Service in the route's own namespace is in the repository. It is asked
        where the folder of the route holds a Service or a workload too: what a chart or an operator makes cannot be
        seen in the repository.

    Why:
        The route is taken, the host answers, and every request for it is a 500. Most often the Service was renamed.

    How to fix:
        Write the `metadata.name` of a Service in the namespace of the route.

    Fails:
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: {name: shop, namespace: shop}
        spec:
          rules:
            - backendRefs:
                - name: wbe  # <-
                  port: 80
        --- # inventory
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec:
          ports: [{port: 80}]

    Passes:
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: {name: shop, namespace: shop}
        spec:
          rules:
            - backendRefs:
                - name: web
                  port: 80
                - name: elsewhere
                  namespace: other
                  port: 80
        --- # inventory
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec:
          ports: [{port: 80}]

    References:
        https://gateway-api.sigs.k8s.io/reference/spec/#backendref
    """
    if not inventory.beside(route):
        return
    for rule in route.items("spec", "rules"):
        for backend in rule.items("backendRefs"):
            name = backend.text("name")
            if backend.text("group") or backend.text("kind") not in ("", "Service") or backend.has("namespace"):
                continue
            if name and not is_filled_in_later(name) and not inventory.get("Service", name, route.namespace):
                place = backend.field("name")
                yield Violation(place, f"{route} leads to Service {name}, which is not in the repository")
