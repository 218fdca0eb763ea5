"""Built-in policy: service-exposed."""

from __future__ import annotations

from gategit.checks.policy.api import Change, Manifest, Violation, Violations, policy

_OPEN = ("LoadBalancer", "NodePort")
_INTERNAL = (
    ("service.beta.kubernetes.io/aws-load-balancer-internal", ("true", "0.0.0.0/0")),
    ("service.beta.kubernetes.io/aws-load-balancer-scheme", ("internal",)),
    ("service.beta.kubernetes.io/azure-load-balancer-internal", ("true",)),
    ("networking.gke.io/load-balancer-type", ("internal",)),
    ("cloud.google.com/load-balancer-type", ("internal",)),
)  # annotations that keep a load balancer away from the internet, and the values with which they do


@policy(level="warning", kinds=("Service",), security_severity=5.8)
def service_exposed(change: Change) -> Violations:
    """A change does not open a Service to those outside of the cluster.

    What it asks:
        A Service that was reached from inside of the cluster does not become a `NodePort` or `LoadBalancer`. One that
        is a load balancer keeps its `loadBalancerSourceRanges`, gets no range that was not there, and stays internal
        where an annotation of the cloud made it so. No `externalIPs` are added.

    Why:
        A cloud gives a load balancer a public address within a minute, and scanners find it within the hour. What was
        never meant to be seen often asks for no password.

    How to fix:
        Expose the application through the Ingress or Gateway that has TLS and authentication. Where the load balancer
        is meant, make it internal or limit its source ranges, and say so in a waiver.

    Fails:
        --- # old
        apiVersion: v1
        kind: Service
        metadata: {name: admin, namespace: shop}
        spec: {ports: [{port: 80}]}
        --- # new
        apiVersion: v1
        kind: Service
        metadata: {name: admin, namespace: shop}
        spec:
          type: LoadBalancer  # <-
          ports: [{port: 80}]

    Fails (open to everyone):
        --- # old
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec: {type: LoadBalancer, loadBalancerSourceRanges: [10.0.0.0/8]}
        --- # new
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec:
          type: LoadBalancer
          loadBalancerSourceRanges:
            - 10.0.0.0/8
            - 0.0.0.0/0  # <-

    Passes:
        --- # old
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec: {type: LoadBalancer, loadBalancerSourceRanges: [10.0.0.0/8, 192.168.0.0/16]}
        --- # new
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec: {type: LoadBalancer, loadBalancerSourceRanges: [10.0.0.0/8]}

    References:
        https://kubernetes.io/docs/concepts/services-networking/service/#publishing-services-service-types
        https://kubernetes.io/docs/concepts/services-networking/service/#internal-load-balancer
    """
    old, new = change.old, change.new
    if old is None or new is None:
        return
    before, after = old.text("spec", "type"), new.text("spec", "type")
    if after in _OPEN and before not in _OPEN:
        yield Violation(new.field("spec", "type"), f"{new} becomes a {after}, reached from outside of the cluster")
    addresses = old.get("spec", "externalIPs")
    for address in new.items("spec", "externalIPs"):
        if not isinstance(addresses, list) or address.value not in addresses:
            yield Violation(address, f"{new} takes the address {address.text()} from outside of the cluster")
    if before == after == "LoadBalancer":
        yield from _load_balancer(old, new)


def _load_balancer(old: Manifest, new: Manifest) -> Violations:
    ranges, known = new.field("spec", "loadBalancerSourceRanges"), old.get("spec", "loadBalancerSourceRanges")
    if isinstance(known, list) and known:
        if not ranges.items():
            yield Violation(ranges, f"{new} no longer limits who may reach its load balancer")
        for one in ranges.items():
            if one.value not in known:
                yield Violation(one, f"{new} lets {one.text()} reach its load balancer")
    marks = old.annotations
    for mark, values in _INTERNAL:
        field = new.field("metadata", "annotations", mark)
        if marks.get(mark, "").lower() in values and field.text().lower() not in values:
            yield Violation(field, f"the load balancer of {new} is no longer internal")
