"""Built-in policy: service-type-conflict."""

from __future__ import annotations

from gategit.checks.policy.api import Field, Manifest, Violation, Violations, policy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_TYPES = ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName")
_ONLY_LOAD_BALANCER = ("loadBalancerSourceRanges", "loadBalancerClass", "allocateLoadBalancerNodePorts")
_WITH_A_TYPE = frozenset({*_ONLY_LOAD_BALANCER, "externalTrafficPolicy"})


@policy(level="error", kinds=("Service",))
def service_type_conflict(service: Manifest) -> Violations:
    """A Service sets no field that its type cannot have.

    What it asks:
        A `nodePort` goes with the types NodePort and LoadBalancer; `clusterIP: None` with ClusterIP;
        `loadBalancerSourceRanges`, `loadBalancerClass` and `allocateLoadBalancerNodePorts` with LoadBalancer; an
        `externalTrafficPolicy` with NodePort, LoadBalancer or `externalIPs`; and ExternalName with an `externalName`.

    Why:
        The API server refuses such a Service. The schema lets it pass, so nothing says it before the agent's sync
        stops there. It comes from a `type` that was changed while the rest stayed.

    How to fix:
        Remove the field, or set the type that it belongs to.

    Fails:
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec:
          type: ClusterIP
          externalTrafficPolicy: Local  # <-
          ports:
            - port: 80
              nodePort: 30080  # <-

    Fails (no address):
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec:
          type: LoadBalancer
          clusterIP: None  # <-
          ports: [{port: 80}]

    Passes:
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec:
          type: NodePort
          externalTrafficPolicy: Local
          ports:
            - port: 80
              nodePort: 30080

    References:
        https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/
    """
    spec = service.get("spec")
    if not isinstance(spec, dict):
        return
    kind = spec.get("type") or "ClusterIP"
    if kind not in _TYPES or (kind == "ClusterIP" and _is_plain(spec)):
        return
    for place, types in _misplaced(service, kind):
        yield Violation(place, f"{service} of type {kind} sets {place.path[-1]}, which goes with {types}")
    if kind in ("NodePort", "LoadBalancer") and spec.get("clusterIP") == "None":
        yield Violation(service.field("spec", "clusterIP"), f"{service} of type {kind} cannot be without a cluster IP")
    if kind == "ExternalName" and not spec.get("externalName"):
        yield Violation(service.field("spec", "externalName"), f"{service} of type ExternalName has no externalName")


def _is_plain(spec: dict[str, Any]) -> bool:
    """Whether a Service without a type sets nothing that needs one: nearly all are such."""
    ports = spec.get("ports")
    return _WITH_A_TYPE.isdisjoint(spec) and not any(
        isinstance(port, dict) and "nodePort" in port for port in (ports if isinstance(ports, list) else ())
    )


def _misplaced(service: Manifest, kind: str) -> Iterator[tuple[Field, str]]:
    """The fields that the type cannot have, each with the types that can."""
    if kind != "LoadBalancer":
        for key in _ONLY_LOAD_BALANCER:
            if service.get("spec", key) not in (None, []):
                yield service.field("spec", key), "LoadBalancer"
    policy_field = service.field("spec", "externalTrafficPolicy")
    if kind in ("ClusterIP", "ExternalName") and policy_field.value and not service.get("spec", "externalIPs"):
        yield policy_field, "NodePort or LoadBalancer"
    for port in service.items("spec", "ports") if kind == "ClusterIP" else ():
        if port.get("nodePort"):
            yield port.field("nodePort"), "NodePort or LoadBalancer"
