"""Built-in policy: dangling-ingress-backend."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Inventory, Manifest, Violation, Violations, is_filled_in_later, policy

_IN_ANNOTATION = "use-annotation"  # AWS's controller finds in an annotation what the name stands for


@policy(level="warning", kinds=("networking.k8s.io/Ingress",), inventory=("Service", *WORKLOADS))
def dangling_ingress_backend(ingress: Manifest, inventory: Inventory) -> Violations:
    """An Ingress leads to Services of the repository.

    What it asks:
        Each Service that an Ingress names in `spec.rules` or `spec.defaultBackend` is in the repository. It is asked
        where the folder of the Ingress holds a Service or a workload too: what a chart or an operator makes cannot be
        seen in the repository.

    Why:
        The Ingress is accepted, the host answers, and every request for the path is a 503. Most often the Service was
        renamed, or lives in another namespace, where an Ingress cannot reach.

    How to fix:
        Write the `metadata.name` of a Service in the namespace of the Ingress.

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
                        name: wbe  # <-
                        port: {number: 80}
        --- # inventory
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec:
          ports: [{port: 80}]

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
                        port: {number: 80}
        --- # inventory
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec:
          ports: [{port: 80}]

    References:
        https://kubernetes.io/docs/concepts/services-networking/ingress/#the-ingress-resource
    """
    if not inventory.beside(ingress):
        return
    backends = [ingress.field("spec", "defaultBackend", "service")]
    for rule in ingress.items("spec", "rules"):
        backends += [path.field("backend", "service") for path in rule.items("http", "paths")]
    for service in backends:
        name = service.text("name")
        if not name or is_filled_in_later(name) or service.text("port", "name") == _IN_ANNOTATION:
            continue
        if inventory.get("Service", name, ingress.namespace):
            continue
        yield Violation(service.field("name"), f"{ingress} leads to Service {name}, which is not in the repository")
