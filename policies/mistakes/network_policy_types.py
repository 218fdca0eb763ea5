"""Built-in policy: network-policy-types."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy


@policy(level="error", kinds=("networking.k8s.io/NetworkPolicy",), security_severity=5.3)
def network_policy_types(network_policy: Manifest) -> Violations:
    """The rules of a NetworkPolicy are of the types that it names.

    What it asks:
        Where `policyTypes` is set, it holds `Ingress` if there are rules below `ingress`, and `Egress` if there are
        rules below `egress`.

    Why:
        Rules of a type that is not named are ignored without a word. The list of what a workload may reach looks
        complete, and the workload may reach everything.

    How to fix:
        Name the type in `policyTypes`. Before that is merged, make sure that the rules hold all that is needed: they
        begin to count then.

    Fails:
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: web, namespace: shop}
        spec:
          podSelector: {matchLabels: {app: web}}
          policyTypes: [Ingress]
          ingress:
            - from: [{podSelector: {}}]
          egress:  # <-
            - to: [{podSelector: {matchLabels: {app: db}}}]

    Passes:
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: web, namespace: shop}
        spec:
          podSelector: {matchLabels: {app: web}}
          policyTypes: [Ingress, Egress]
          ingress:
            - from: [{podSelector: {}}]
          egress:
            - to: [{podSelector: {matchLabels: {app: db}}}]

    References:
        https://kubernetes.io/docs/concepts/services-networking/network-policies/#networkpolicy-resource
    """
    types = network_policy.get("spec", "policyTypes")
    if not isinstance(types, list) or not types:
        return
    for key, name in (("ingress", "Ingress"), ("egress", "Egress")):
        if network_policy.get("spec", key) and name not in types:
            problem = f"{network_policy} has {key} rules, which do not count: its policyTypes lack {name}"
            yield Violation(network_policy.field("spec", key), problem)
