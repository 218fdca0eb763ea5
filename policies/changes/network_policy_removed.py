"""Built-in policy: network-policy-removed."""

from __future__ import annotations

from gategit.checks.policy.api import Change, Violation, Violations, policy


@policy(
    level="error",
    kinds=(
        "networking.k8s.io/NetworkPolicy",
        "policy.networking.k8s.io/AdminNetworkPolicy",
        "policy.networking.k8s.io/BaselineAdminNetworkPolicy",
        "cilium.io/CiliumNetworkPolicy",
        "cilium.io/CiliumClusterwideNetworkPolicy",
        "projectcalico.org/NetworkPolicy",
        "projectcalico.org/GlobalNetworkPolicy",
        "security.istio.io/AuthorizationPolicy",
    ),
    security_severity=6.8,
)
def network_policy_removed(change: Change) -> Violations:
    """A change does not remove a NetworkPolicy.

    What it asks:
        No NetworkPolicy is removed from the repository, nor one of Cilium, Calico or Istio (AuthorizationPolicy). To
        rename one is to remove it.

    Why:
        Pods that no policy chooses any more accept every connection, and may open any. Nothing breaks, so nobody
        notices that the wall is gone.

    How to fix:
        Keep the policy while the pods that it protects are there. Where another one takes its place, or the pods go as
        well, say so in a waiver.

    Fails:
        --- # old
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata:
          name: default-deny  # <-
          namespace: shop
        spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
        --- # new

    Passes:
        --- # old
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: default-deny, namespace: shop}
        spec: {podSelector: {}, policyTypes: [Ingress]}
        --- # new
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: default-deny, namespace: shop}
        spec: {podSelector: {}, policyTypes: [Ingress, Egress]}

    References:
        https://kubernetes.io/docs/concepts/services-networking/network-policies/#the-two-sorts-of-pod-isolation
    """
    old = change.deleted
    if old is not None:
        yield Violation(old, f"the change removes {old}, and what it forbids is allowed then")
