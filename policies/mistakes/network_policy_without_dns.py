"""Built-in policy: network-policy-without-dns."""

from __future__ import annotations

from gategit.checks.policy.api import Field, Inventory, Manifest, Violation, Violations, policy

_KIND = "networking.k8s.io/NetworkPolicy"


@policy(level="warning", kinds=(_KIND,), inventory=(_KIND,), within_namespace=True)
def network_policy_without_dns(network_policy: Manifest, inventory: Inventory) -> Violations:
    """What restricts the ways out of a pod leaves open the one to the name server.

    What it asks:
        Where the rules below `egress` name ports, one of them is 53, or another NetworkPolicy of the namespace lets
        port 53 out. A rule without ports lets it out as well. A policy that allows nothing at all passes: it is one
        half of a pair.

    Why:
        Without the name server a workload finds nobody, not even what it is allowed to reach. It times out on names,
        which looks like a fault of the other side.

    How to fix:
        Add a rule with the ports 53/UDP and 53/TCP to the pods with the label `k8s-app: kube-dns` in `kube-system`.

    Fails:
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: web, namespace: shop}
        spec:
          podSelector: {matchLabels: {app: web}}
          policyTypes: [Egress]
          egress:  # <-
            - to: [{podSelector: {matchLabels: {app: db}}}]
              ports: [{port: 5432}]

    Passes:
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: web, namespace: shop}
        spec:
          podSelector: {matchLabels: {app: web}}
          policyTypes: [Egress]
          egress:
            - to: [{podSelector: {matchLabels: {app: db}}}]
              ports: [{port: 5432}]
            - ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]

    References:
        https://kubernetes.io/docs/concepts/services-networking/network-policies/
    """
    rules = network_policy.items("spec", "egress")
    if not rules or any(map(_lets_names_out, rules)):
        return
    for other in inventory.of_kind(_KIND, network_policy.namespace):
        if any(map(_lets_names_out, other.items("spec", "egress"))):
            return
    yield Violation(network_policy.field("spec", "egress"), f"{network_policy} does not let port 53 out, to find names")


def _lets_names_out(rule: Field) -> bool:
    ports = rule.items("ports")
    return not ports or any(_holds(port) for port in ports)


def _holds(port: Field) -> bool:
    """Whether it is the port of name servers, a range that holds it, or a name that may stand for it."""
    first, last = port.get("port"), port.integer("endPort")
    if first is None or isinstance(first, str):
        return True
    return isinstance(first, int) and first <= 53 <= (last or first)
