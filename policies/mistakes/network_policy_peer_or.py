"""Built-in policy: network-policy-peer-or."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy


@policy(level="warning", kinds=("networking.k8s.io/NetworkPolicy",), security_severity=5.3)
def network_policy_peer_or(network_policy: Manifest) -> Violations:
    """A NetworkPolicy's peer does not fall apart into a namespace and a pod by one dash.

    What it asks:
        In `from` and `to`, a peer that holds only a `namespaceSelector` is not followed by one that holds only a
        `podSelector`. Together in one peer the two mean pods of these namespaces; in two peers they mean every
        pod of these namespaces, and besides them pods of the policy's own namespace.

    Why:
        One dash makes the difference, and both are valid. With the dash the whole namespace gets in, where one
        workload of it was meant, and nobody sees it in a review.

    How to fix:
        Remove the dash before `podSelector`, so that both stand in one peer. Where both are meant, write the
        `podSelector` first, or the two as rules of their own.

    Fails:
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: web, namespace: shop}
        spec:
          podSelector: {matchLabels: {app: web}}
          ingress:
            - from:
                - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}
                - podSelector:  # <-
                    matchLabels: {app: prometheus}

    Passes:
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: web, namespace: shop}
        spec:
          podSelector: {matchLabels: {app: web}}
          ingress:
            - from:
                - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}
                  podSelector:
                    matchLabels: {app: prometheus}
                - podSelector:
                    matchLabels: {app: proxy}

    References:
        https://kubernetes.io/docs/concepts/services-networking/network-policies/#behavior-of-to-and-from-selectors
    """
    for direction, key in (("ingress", "from"), ("egress", "to")):
        for rule in network_policy.items("spec", direction):
            before: object = None
            for peer in rule.items(key):
                keys = list(peer.value) if isinstance(peer.value, dict) else []
                # An empty podSelector means the whole own namespace: nobody writes that below a namespaceSelector.
                if keys == ["podSelector"] and before == ["namespaceSelector"] and peer.get("podSelector"):
                    problem = (
                        f"{network_policy} lets in or out whole namespaces, and pods of its own: one dash too many?"
                    )
                    yield Violation(peer.field("podSelector"), problem)
                before = keys
