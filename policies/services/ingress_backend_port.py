"""Built-in policy: ingress-backend-port."""

from __future__ import annotations

from gategit.checks.policy.api import Inventory, Manifest, Violation, Violations, is_filled_in_later, policy

_IN_ANNOTATION = "use-annotation"  # AWS's controller finds in an annotation what the name stands for


@policy(level="error", kinds=("networking.k8s.io/Ingress",), inventory=("Service",), within_namespace=True)
def ingress_backend_port(ingress: Manifest, inventory: Inventory) -> Violations:
    """An Ingress names ports that its Services have.

    What it asks:
        Where an Ingress leads to a Service of the repository, `port.number` is the `port` of one of the Service's
        ports, and `port.name` the `name` of one. The port of the container does not count: the Service may map it.

    Why:
        The Ingress is accepted, the host answers, and every request for the path is a 503. Writing the container's
        port where the Service's belongs is the usual cause.

    How to fix:
        Write a `port` or `name` from `spec.ports` of the Service.

    Fails:
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: shop, namespace: shop}
        spec:
          rules:
            - host: shop.example.com
              http:
                paths:
                  - path: /
                    pathType: Prefix
                    backend:
                      service:
                        name: web
                        port:
                          number: 8080  # <-
        --- # inventory
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec:
          ports: [{name: http, port: 80, targetPort: 8080}]

    Passes:
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: shop, namespace: shop}
        spec:
          rules:
            - host: shop.example.com
              http:
                paths:
                  - path: /
                    pathType: Prefix
                    backend:
                      service:
                        name: web
                        port:
                          number: 80
                  - path: /metrics
                    pathType: Prefix
                    backend:
                      service:
                        name: web
                        port:
                          name: http
        --- # inventory
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec:
          ports: [{name: http, port: 80, targetPort: 8080}]

    References:
        https://kubernetes.io/docs/concepts/services-networking/ingress/#the-ingress-resource
    """
    backends = [ingress.field("spec", "defaultBackend", "service")]
    for rule in ingress.items("spec", "rules"):
        backends += [path.field("backend", "service") for path in rule.items("http", "paths")]
    for backend in backends:
        key = "name" if backend.text("port", "name") else "number"
        wanted = backend.get("port", key)
        if not isinstance(wanted, str | int) or is_filled_in_later(wanted) or wanted == _IN_ANNOTATION:
            continue
        services = inventory.named("Service", backend.text("name"), ingress.namespace)
        if services and not any(_has_port(service, key, wanted) for service in services):
            problem = f"Service {backend.text('name')} has no port {wanted}, to which {ingress} leads"
            yield Violation(backend.field("port", key), problem)


def _has_port(service: Manifest, key: str, wanted: str | int) -> bool:
    ports = service.get("spec", "ports")
    if not isinstance(ports, list) or service.text("spec", "type") == "ExternalName":
        return True  # a patch may add them
    own = "name" if key == "name" else "port"
    return any(
        not isinstance(port, dict) or port.get(own) == wanted or is_filled_in_later(port.get(own)) for port in ports
    )
