"""Built-in policy: dangling-network-policy."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Inventory, Manifest, Violation, Violations, policy


@policy(
    level="warning",
    kinds=("networking.k8s.io/NetworkPolicy",),
    inventory=WORKLOADS,
    security_severity=5.3,
)
def dangling_network_policy(network_policy: Manifest, inventory: Inventory) -> Violations:
    """A NetworkPolicy chooses the pods of some workload in the repository.

    What it asks:
        The labels of `spec.podSelector` are the labels of some workload's pods. An empty selector chooses every pod
        of the namespace and passes. It is asked where the folder of the policy holds a workload too: what a chart or
        an operator makes cannot be seen in the repository.

    Why:
        A NetworkPolicy that chooses no pods restricts nothing. Whoever wrote it believes that the workload is
        shielded, and it is open to the whole cluster.

    How to fix:
        Copy the labels from `spec.template.metadata.labels` of the workload into `spec.podSelector.matchLabels`.

    Fails:
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: web, namespace: shop}
        spec:
          podSelector:  # <-
            matchLabels: {app: wbe}
          policyTypes: [Ingress]
        --- # inventory
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}

    Passes:
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: web, namespace: shop}
        spec:
          podSelector:
            matchLabels: {app: web}
          policyTypes: [Ingress]
        --- # inventory
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}

    Passes (every pod):
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: deny-all, namespace: shop}
        spec:
          podSelector: {}
          policyTypes: [Ingress]
        --- # inventory
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}

    References:
        https://kubernetes.io/docs/concepts/services-networking/network-policies/
    """
    if inventory.chooses_nothing(network_policy, "spec", "podSelector"):
        place = network_policy.field("spec", "podSelector")
        yield Violation(place, f"{network_policy} chooses the pods of no workload, so it restricts nothing")
