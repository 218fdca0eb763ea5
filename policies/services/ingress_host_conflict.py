"""Built-in policy: ingress-host-conflict."""

from __future__ import annotations

from gategit.checks.policy.api import Field, Inventory, Manifest, Violation, Violations, is_filled_in_later, policy

_CLASS = "kubernetes.io/ingress.class"


@policy(level="warning", kinds=("networking.k8s.io/Ingress",), inventory=("networking.k8s.io/Ingress",))
def ingress_host_conflict(ingress: Manifest, inventory: Inventory) -> Violations:
    """No two Ingresses in a folder serve the same host and path.

    What it asks:
        Each host and path is served by one Ingress of a class among those in the folder of the Ingress and in its
        other objects: two Ingresses of different names that both claim it are flagged. In folders apart from each
        other the same host is common: they are often for different clusters.

    Why:
        Which of the two gets the requests depends on the controller: mostly the older one wins, and the newer one
        does nothing. After a restore or a move the order is another one, and so is the answer.

    How to fix:
        Remove one of the two, or give it a host or path of its own.

    Fails:
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: shop, namespace: shop}
        spec:
          ingressClassName: nginx
          rules:
            - host: shop.example.com
              http:
                paths:
                  - path: /  # <-
                    pathType: Prefix
        --- # inventory
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: shop-old, namespace: shop}
        spec:
          ingressClassName: nginx
          rules:
            - host: shop.example.com
              http:
                paths:
                  - path: /
                    pathType: Prefix

    Passes:
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: shop, namespace: shop}
        spec:
          ingressClassName: nginx
          rules:
            - host: shop.example.com
              http:
                paths:
                  - path: /
                    pathType: Prefix
        --- # inventory
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: shop-api, namespace: shop}
        spec:
          ingressClassName: nginx
          rules:
            - host: shop.example.com
              http:
                paths:
                  - path: /api
                    pathType: Prefix

    References:
        https://kubernetes.io/docs/concepts/services-networking/ingress/#ingress-rules
    """
    own = _routes(ingress)
    if not own:
        return
    identity, kind = (ingress.namespace, ingress.name), _class(ingress)
    for other in inventory.beside(ingress):
        if (other.namespace, other.name) == identity or _class(other) != kind or _is_canary(other):
            continue
        for route in _routes(other):
            place = own.get(route)
            if place is not None and not _is_canary(ingress):
                host, path, _ = route
                yield Violation(place, f"{ingress} and {other} both serve {host}{path}")


def _class(ingress: Manifest) -> str:
    return ingress.text("spec", "ingressClassName") or ingress.text("metadata", "annotations", _CLASS)


def _is_canary(ingress: Manifest) -> bool:
    """Whether it takes a share of another's requests, which is meant."""
    return any(key.endswith("/canary") for key in ingress.annotations)


def _routes(ingress: Manifest) -> dict[tuple[str, str, str], Field]:
    """Host, path and type of path, each with the field that says the path."""
    found: dict[tuple[str, str, str], Field] = {}
    for rule in ingress.items("spec", "rules"):
        host = rule.text("host")
        if host and not is_filled_in_later(host):
            for path in rule.items("http", "paths"):
                found.setdefault((host, path.text("path") or "/", path.text("pathType")), path.field("path"))
    return found
