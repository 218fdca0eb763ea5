"""Built-in policy: ingress-snippet."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy

_PREFIXES = ("nginx.ingress.kubernetes.io/", "nginx.org/")
_SNIPPETS = frozenset(
    {
        "configuration-snippet",
        "server-snippet",
        "server-snippets",
        "location-snippets",
        "stream-snippet",
        "stream-snippets",
        "auth-snippet",
        "modsecurity-snippet",
    }
)


@policy(level="warning", kinds=("networking.k8s.io/Ingress",), security_severity=7.6)
def ingress_snippet(ingress: Manifest) -> Violations:
    """No Ingress writes its own lines into the controller's configuration.

    What it asks:
        None of the annotations that put text into the configuration of nginx as it is (`configuration-snippet`,
        `server-snippet`, `auth-snippet` and their like) is set.

    Why:
        The controller reads Secrets of all namespaces. Who can write a snippet can make it hand them out
        (CVE-2021-25742), so newer controllers refuse the annotation unless they are told to allow it.

    How to fix:
        Use the annotation that is made for the purpose: for headers, redirects, limits and authentication there is one.

    Fails:
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata:
          name: shop
          namespace: shop
          annotations:
            nginx.ingress.kubernetes.io/configuration-snippet: |  # <-
              more_set_headers "X-Frame-Options: DENY";

    Passes:
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata:
          name: shop
          namespace: shop
          annotations:
            nginx.ingress.kubernetes.io/ssl-redirect: "true"

    References:
        https://nvd.nist.gov/vuln/detail/CVE-2021-25742
        https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/
    """
    for key, field in ingress.entries("metadata", "annotations"):
        prefix, _, name = key.partition("/")
        if name in _SNIPPETS and f"{prefix}/" in _PREFIXES and field.value:
            yield Violation(field, f"{ingress} puts its own lines into the controller's configuration ({name})")
