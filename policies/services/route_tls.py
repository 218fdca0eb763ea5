"""Built-in policy: route-tls."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy


@policy(level="warning", kinds=("route.openshift.io/Route",), security_severity=5.9)
def route_tls(route: Manifest) -> Violations:
    """Every Route of OpenShift uses TLS.

    What it asks:
        A Route sets `spec.tls`. How it ends (`edge`, `reencrypt`, `passthrough`) does not matter.

    Why:
        Without TLS, passwords and session cookies cross the network readable to everyone on the way.

    How to fix:
        Set `tls: {termination: edge}`; the router has a certificate for the cluster's own domain. Add
        `insecureEdgeTerminationPolicy: Redirect` for those who still come without.

    Fails:
        apiVersion: route.openshift.io/v1
        kind: Route
        metadata: {name: web, namespace: shop}
        spec:  # <-
          host: shop.example.com
          to: {kind: Service, name: web}

    Passes:
        apiVersion: route.openshift.io/v1
        kind: Route
        metadata: {name: web, namespace: shop}
        spec:
          host: shop.example.com
          to: {kind: Service, name: web}
          tls:
            termination: edge
            insecureEdgeTerminationPolicy: Redirect

    References:
        https://docs.redhat.com/en/documentation/openshift_container_platform/4.17/html/networking/configuring-routes
    """
    if not route.has("spec", "tls"):
        yield Violation(route.field("spec", "tls"), f"{route} has no TLS")
