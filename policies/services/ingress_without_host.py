"""Built-in policy: ingress-without-host."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy


@policy(level="warning", kinds=("networking.k8s.io/Ingress",), security_severity=4.3)
def ingress_without_host(ingress: Manifest) -> Violations:
    """Every rule of an Ingress names its host.

    What it asks:
        Each rule has a `host`, and it is not the lone wildcard `*`. A wildcard below a domain (`*.example.com`) passes.

    Why:
        A rule without a host takes the requests for every host that reaches the controller, those of other teams
        too where they have no rule of their own for the path.

    How to fix:
        Name the host in `spec.rules[].host`. For a default page use `spec.defaultBackend`.

    Fails:
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: shop, namespace: shop}
        spec:
          rules:
            - http:  # <-
                paths:
                  - path: /
                    pathType: Prefix

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

    References:
        https://kubernetes.io/docs/concepts/services-networking/ingress/#ingress-rules
    """
    for rule in ingress.items("spec", "rules"):
        host = rule.get("host")
        if isinstance(rule.value, dict) and (not host or host == "*"):
            yield Violation(rule.field("host"), f"{ingress} has a rule for every host")
