"""Built-in policy: ingress-tls."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, is_filled_in_later, policy

_EMPTY_HOSTS = ("", "*")


@policy(level="warning", kinds=("networking.k8s.io/Ingress",), security_severity=5.9)
def ingress_tls(ingress: Manifest) -> Violations:
    """Every host of an Ingress has a TLS certificate.

    What it asks:
        Each `host` of the rules is named in `spec.tls[].hosts`, itself or by a wildcard. A TLS entry without hosts
        counts for all of them. An Ingress without hosts needs some TLS entry.

    Why:
        Without TLS, passwords and session cookies cross the network readable to everyone on the way.

    How to fix:
        List the host under `spec.tls` with the `secretName` of its certificate; cert-manager issues and renews it
        where the Ingress has the annotation `cert-manager.io/cluster-issuer`.

    Fails:
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: shop, namespace: shop}
        spec:
          tls:
            - hosts: [shop.example.com]
              secretName: shop-tls
          rules:
            - host: shop.example.com
            - host: admin.example.com  # <-

    Fails (no TLS at all):
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: shop, namespace: shop}
        spec:  # <-
          rules:
            - host: shop.example.com

    Passes:
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: shop, namespace: shop}
        spec:
          tls:
            - hosts: ["*.example.com"]
              secretName: wildcard-tls
          rules:
            - host: shop.example.com
            - host: admin.example.com

    References:
        https://kubernetes.io/docs/concepts/services-networking/ingress/#tls
    """
    entries = ingress.items("spec", "tls")
    if not entries:
        if isinstance(ingress.get("spec"), dict):
            yield Violation(ingress.field("spec", "tls"), f"{ingress} has no TLS")
        return
    covered: set[str] = set()
    for entry in entries:
        hosts = [host.text() for host in entry.items("hosts")]
        if not hosts:
            return
        covered.update(hosts)
    for rule in ingress.items("spec", "rules"):
        host = rule.text("host")
        wildcard = f"*.{host.partition('.')[2]}"
        if host in _EMPTY_HOSTS or host in covered or wildcard in covered or is_filled_in_later(host):
            continue
        yield Violation(rule.field("host"), f"{ingress} serves the host {host} without TLS")
