"""Built-in policy: wildcard-host."""

from __future__ import annotations

from gategit.checks.policy.api import Field, Manifest, Violation, Violations, policy

_GATEWAY = "gateway.networking.k8s.io"


@policy(
    level="warning",
    kinds=(
        f"{_GATEWAY}/GRPCRoute",
        f"{_GATEWAY}/HTTPRoute",
        f"{_GATEWAY}/TLSRoute",
        "networking.istio.io/VirtualService",
        "networking.k8s.io/Ingress",
    ),
)
def wildcard_host(manifest: Manifest) -> Violations:
    """A route takes single hosts, not whole domains.

    What it asks:
        No host of an Ingress, of a route of the Gateway API or of an Istio VirtualService holds a `*`. (A rule of an
        Ingress without any host is the business of `ingress-without-host`.)

    Why:
        With `*.example.com` a route gets every name of the domain that no other route names, also those of teams that
        have not deployed yet, and a mistyped name answers with somebody else's page.

    How to fix:
        Name the hosts. A program that serves one name for each of its customers deserves a waiver with an owner.

    Fails:
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: web, namespace: shop}
        spec:
          rules:
            - host: "*.example.com"  # <-
            - host: shop.example.com

    Fails (a route of the Gateway API):
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: {name: web, namespace: shop}
        spec:
          hostnames:
            - "*.example.com"  # <-

    Passes:
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: web, namespace: shop}
        spec:
          rules:
            - host: shop.example.com

    References:
        https://kubernetes.io/docs/concepts/services-networking/ingress/#hostname-wildcards
        https://gateway-api.sigs.k8s.io/reference/spec/#hostname
    """
    for host in _hosts(manifest):
        if "*" in host.text():
            yield Violation(host, f"{manifest} takes every host of {host.text()}")


def _hosts(manifest: Manifest) -> list[Field]:
    if manifest.kind == "Ingress":
        hosts = [rule.field("host") for rule in manifest.items("spec", "rules")]
        return [host for host in hosts if host.text() != "*"]
    return manifest.items("spec", "hosts" if manifest.kind == "VirtualService" else "hostnames")
