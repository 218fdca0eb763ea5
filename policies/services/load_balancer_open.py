"""Built-in policy: load-balancer-open."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy

_INTERNAL = (
    ("service.beta.kubernetes.io/aws-load-balancer-scheme", ("internal",)),
    ("service.beta.kubernetes.io/aws-load-balancer-internal", ("true", "0.0.0.0/0")),
    ("networking.gke.io/load-balancer-type", ("Internal",)),
    ("cloud.google.com/load-balancer-type", ("Internal",)),
    ("service.beta.kubernetes.io/azure-load-balancer-internal", ("true",)),
    ("service.beta.kubernetes.io/oci-load-balancer-internal", ("true",)),
    ("service.beta.kubernetes.io/openstack-internal-load-balancer", ("true",)),
    ("service.kubernetes.io/ibm-load-balancer-cloud-provider-ip-type", ("private",)),
)
_SOURCE_RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges"


@policy(level="note", kinds=("Service",), security_severity=4.3)
def load_balancer_open(service: Manifest) -> Violations:
    """A Service of type LoadBalancer says who may reach it.

    What it asks:
        It lists `loadBalancerSourceRanges` that are not the whole internet, or it is internal by the annotation of its
        cloud (AWS, Google, Azure, Oracle, OpenStack, IBM).

    Why:
        On most clouds a load balancer gets a public address, and everybody can connect to the pods behind it,
        whatever the Ingress asks for.

    How to fix:
        List the networks in `spec.loadBalancerSourceRanges`, or set the annotation that makes it internal. For one
        that is meant for everybody, say so in a waiver.

    Fails:
        apiVersion: v1
        kind: Service
        metadata: {name: db, namespace: shop}
        spec:
          type: LoadBalancer  # <-
          ports: [{port: 5432}]

    Fails (the whole internet):
        apiVersion: v1
        kind: Service
        metadata: {name: db, namespace: shop}
        spec:
          type: LoadBalancer
          loadBalancerSourceRanges: [0.0.0.0/0]  # <-
          ports: [{port: 5432}]

    Passes:
        apiVersion: v1
        kind: Service
        metadata: {name: db, namespace: shop}
        spec:
          type: LoadBalancer
          loadBalancerSourceRanges: [192.0.2.0/24]
          ports: [{port: 5432}]

    Passes (internal):
        apiVersion: v1
        kind: Service
        metadata:
          name: db
          namespace: shop
          annotations:
            service.beta.kubernetes.io/aws-load-balancer-scheme: internal
        spec:
          type: LoadBalancer
          ports: [{port: 5432}]

    References:
        https://kubernetes.io/docs/concepts/services-networking/service/#internal-load-balancer
    """
    if service.get("spec", "type") != "LoadBalancer":
        return
    annotations = service.annotations
    if any(annotations.get(key) in values for key, values in _INTERNAL) or annotations.get(_SOURCE_RANGES):
        return
    ranges = service.items("spec", "loadBalancerSourceRanges")
    if not ranges:
        yield Violation(service.field("spec", "type"), f"{service} is open to everybody who reaches its load balancer")
    for one in ranges:
        if one.text().endswith("/0"):
            yield Violation(one, f"{service} is open to the whole internet ({one.text()})")
