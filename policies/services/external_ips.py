"""Built-in policy: external-ips."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy


@policy(level="warning", kinds=("Service",), security_severity=6.3)
def external_ips(service: Manifest) -> Violations:
    """No Service claims external IP addresses.

    What it asks:
        `spec.externalIPs` of a Service is absent or empty, whatever its type.

    Why:
        Nothing checks whose addresses these are. A Service that claims the address of another host gets what the
        cluster's pods send there (CVE-2020-8554), and Kubernetes cannot mend it.

    How to fix:
        Use a Service of type `LoadBalancer`; on bare metal MetalLB or Cilium hand out addresses from pools.

    Fails:
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec:
          externalIPs: [192.0.2.10]  # <-
          ports: [{port: 80}]

    Passes:
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec:
          type: LoadBalancer
          ports: [{port: 80}]

    References:
        https://nvd.nist.gov/vuln/detail/CVE-2020-8554
        https://kubernetes.io/docs/concepts/services-networking/service/#external-ips
    """
    if service.get("spec", "externalIPs"):
        yield Violation(service.field("spec", "externalIPs"), f"{service} claims external IP addresses")
