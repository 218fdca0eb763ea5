"""Built-in policy: ingress-path."""

from __future__ import annotations

from gategit.checks.policy.api import Field, Manifest, Violation, Violations, is_filled_in_later, policy

_FORBIDDEN = ("//", "/./", "/../", "%2f", "%2F")
_FORBIDDEN_ENDINGS = ("/..", "/.")


@policy(level="error", kinds=("networking.k8s.io/Ingress",))
def ingress_path(ingress: Manifest) -> Violations:
    """The paths and ports of an Ingress are such that the API server takes them.

    What it asks:
        A path begins with `/`; one of type `Exact` or `Prefix` is there, and holds no `//`, `/./`, `/../` or encoded
        slash. A backend's port has a name or a number, not both, and not neither.

    Why:
        The API server refuses such an Ingress. The schema lets it pass, so nothing says it before the agent's sync
        stops there.

    How to fix:
        Begin the path with `/`, and name one port: `port: {number: 80}` or `port: {name: http}`.

    Fails:
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: shop, namespace: shop}
        spec:
          rules:
            - host: shop.example.com
              http:
                paths:
                  - path: api  # <-
                    pathType: Prefix
                    backend:
                      service:
                        name: web
                        port: {number: 80}
                  - path: /
                    pathType: Prefix
                    backend:
                      service:
                        name: web
                        port: {number: 80, name: http}  # <-

    Passes:
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: shop, namespace: shop}
        spec:
          rules:
            - host: shop.example.com
              http:
                paths:
                  - path: /api
                    pathType: Prefix
                    backend:
                      service:
                        name: web
                        port: {number: 80}

    References:
        https://kubernetes.io/docs/concepts/services-networking/ingress/#path-types
    """
    yield from _port(ingress, ingress.field("spec", "defaultBackend", "service"))
    for rule in ingress.items("spec", "rules"):
        for path in rule.items("http", "paths"):
            text, kind = path.text("path"), path.text("pathType")
            if not is_filled_in_later(text):
                problem = _problem(text, kind)
                if problem:
                    yield Violation(path.field("path"), f"{ingress} has a path that {problem}")
            yield from _port(ingress, path.field("backend", "service"))


def _problem(path: str, kind: str) -> str:
    if not path:
        return "is empty" if kind in ("Exact", "Prefix") else ""
    if not path.startswith("/"):
        return f"does not begin with /: {path[:80]}"
    if kind in ("Exact", "Prefix"):
        wrong = next((part for part in _FORBIDDEN if part in path), "")
        wrong = wrong or next((part for part in _FORBIDDEN_ENDINGS if path.endswith(part)), "")
        return f"holds {wrong}: {path[:80]}" if wrong else ""
    return ""


def _port(ingress: Manifest, service: Field) -> Violations:
    port = service.get("port")
    if not isinstance(service.value, dict) or not (port is None or isinstance(port, dict)):
        return
    name, number = service.has("port", "name"), service.has("port", "number")
    if name == number:
        what = "both by name and by number" if name else "neither by name nor by number"
        problem = f"{ingress} names the port of Service {service.text('name')} {what}"
        yield Violation(service.field("port"), problem)
