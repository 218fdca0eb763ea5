"""Built-in policy: node-port-service."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy


@policy(level="note", kinds=("Service",), security_severity=3.1)
def node_port_service(service: Manifest) -> Violations:
    """No Service opens a port on every node.

    What it asks:
        `spec.type` of a Service is not `NodePort`.

    Why:
        The port is open on each node's own address, past the Ingress with its TLS and its authentication. Whether a
        firewall stands before the nodes is seen nowhere in the repository.

    How to fix:
        Use `ClusterIP` and an Ingress or a Gateway; `LoadBalancer` for what is not HTTP.

    Fails:
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec:
          type: NodePort  # <-
          ports: [{port: 80}]

    Passes:
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec:
          type: ClusterIP
          ports: [{port: 80}]

    References:
        https://kubernetes.io/docs/concepts/services-networking/service/#type-nodeport
    """
    if service.get("spec", "type") == "NodePort":
        yield Violation(service.field("spec", "type"), f"{service} opens a port on every node")
