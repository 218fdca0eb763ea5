"""Built-in policy: network-policy-ip-block."""

from __future__ import annotations

import re

from gategit.checks.policy.api import Field, Manifest, Violation, Violations, is_filled_in_later, policy

_CIDR = re.compile(
    r"(?:\d{1,3}(?:\.\d{1,3}){3}/(?:3[0-2]|[12]?\d)|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*/(?:12[0-8]|1[01]\d|\d?\d))"
)


@policy(level="error", kinds=("networking.k8s.io/NetworkPolicy",))
def network_policy_ip_block(network_policy: Manifest) -> Violations:
    """The peers and ports of a NetworkPolicy are such that the API server takes them.

    What it asks:
        A peer names something: a selector or an `ipBlock`, and an `ipBlock` stands alone. Its `cidr` and `except` are
        networks with a prefix length, as in `192.0.2.0/24`. An `endPort` goes with a number in `port` that is not
        above it.

    Why:
        The API server refuses such a policy. The schema lets it pass, so nothing says it before the agent's sync stops
        there, and what the policy was to shield stays open.

    How to fix:
        Write the prefix length (`/32` for one address), and give selectors and blocks peers of their own.

    Fails:
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: web, namespace: shop}
        spec:
          podSelector: {}
          ingress:
            - from:
                - ipBlock:
                    cidr: 192.0.2.10  # <-
                - podSelector: {}
                  ipBlock:  # <-
                    cidr: 192.0.2.0/24

    Passes:
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: web, namespace: shop}
        spec:
          podSelector: {}
          ingress:
            - from:
                - ipBlock:
                    cidr: 192.0.2.0/24
                    except: [192.0.2.10/32]
              ports:
                - port: 8000
                  endPort: 8010

    References:
        https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/
    """
    for direction, key in (("ingress", "from"), ("egress", "to")):
        for rule in network_policy.items("spec", direction):
            for peer in rule.items(key):
                yield from _peer(network_policy, peer)
            for port in rule.items("ports"):
                first, last = port.get("port"), port.integer("endPort")
                if last is not None and (not isinstance(first, int) or first > last):
                    problem = f"{network_policy} has a range of ports that ends at {last} and starts nowhere below it"
                    yield Violation(port.field("endPort"), problem)


def _peer(network_policy: Manifest, peer: Field) -> Violations:
    if not isinstance(peer.value, dict):
        return
    if not any(value is not None for value in peer.value.values()):
        yield Violation(peer, f"{network_policy} has a peer that names nothing")
    block = peer.get("ipBlock")
    if not isinstance(block, dict):
        return
    if peer.has("podSelector") or peer.has("namespaceSelector"):
        yield Violation(peer.field("ipBlock"), f"{network_policy} has a peer with both an ipBlock and a selector")
    for network in (peer.field("ipBlock", "cidr"), *peer.items("ipBlock", "except")):
        text = network.text()
        if text and not is_filled_in_later(text) and not _CIDR.fullmatch(text):
            yield Violation(network, f"{network_policy} has the network {text[:60]}, which has no valid prefix length")
