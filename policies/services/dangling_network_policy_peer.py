"""Built-in policy: dangling-network-policy-peer."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Inventory, Manifest, Violation, Violations, policy


@policy(level="note", kinds=("networking.k8s.io/NetworkPolicy",), inventory=WORKLOADS)
def dangling_network_policy_peer(network_policy: Manifest, inventory: Inventory) -> Violations:
    """The pods that a NetworkPolicy lets in or out are some workload's in the repository.

    What it asks:
        Each `podSelector` of a peer without a `namespaceSelector` has the labels of some workload's pods. It is asked
        where the folder of the policy holds a workload too: what a chart or an operator makes cannot be seen in the
        repository.

    Why:
        A peer that no pod has the labels of opens nothing. The connection that it was written for times out, though
        the policy reads as if it were allowed.

    How to fix:
        Copy the labels from `spec.template.metadata.labels` of the workload on the other side.

    Fails:
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: web, namespace: shop}
        spec:
          podSelector: {}
          ingress:
            - from:
                - podSelector:  # <-
                    matchLabels: {app: porxy}
        --- # inventory
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: proxy, namespace: shop}
        spec:
          template:
            metadata: {labels: {app: proxy}}

    Passes:
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: web, namespace: shop}
        spec:
          podSelector: {}
          ingress:
            - from:
                - podSelector:
                    matchLabels: {app: proxy}
                - namespaceSelector: {}
                  podSelector:
                    matchLabels: {app: prometheus}
        --- # inventory
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: proxy, namespace: shop}
        spec:
          template:
            metadata: {labels: {app: proxy}}

    References:
        https://kubernetes.io/docs/concepts/services-networking/network-policies/#behavior-of-to-and-from-selectors
    """
    for direction, key in (("ingress", "from"), ("egress", "to")):
        for rule in network_policy.items("spec", direction):
            for peer in rule.items(key):
                if not peer.get("podSelector") or peer.has("namespaceSelector"):
                    continue
                if inventory.chooses_nothing(network_policy, *peer.path, "podSelector"):
                    problem = f"{network_policy} names as a peer pods that no workload has"
                    yield Violation(peer.field("podSelector"), problem)
