"""Built-in policy: network-policy-allows-all."""

from __future__ import annotations

from gategit.checks.policy.api import Field, Manifest, Violation, Violations, policy


@policy(level="warning", kinds=("networking.k8s.io/NetworkPolicy",), security_severity=5.3)
def network_policy_allows_all(network_policy: Manifest) -> Violations:
    """No rule of a NetworkPolicy allows everything where others restrict.

    What it asks:
        A list of rules does not hold an empty rule beside others, and no rule spells out an empty `from: []` or
        `to: []`. One lone empty rule (`ingress: [{}]`) passes: that is how a policy says that it allows everything.

    Why:
        Rules add up. An empty rule allows every connection, and the other rules of the list do nothing. An empty list
        of peers reads like nobody and means everybody.

    How to fix:
        Remove the empty rule. To deny everything leave the list itself empty: `ingress: []`.

    Fails:
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: web, namespace: shop}
        spec:
          podSelector: {matchLabels: {app: web}}
          ingress:
            - from:
                - podSelector: {matchLabels: {app: proxy}}
            - {}  # <-

    Fails (nobody is everybody):
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: web, namespace: shop}
        spec:
          podSelector: {matchLabels: {app: web}}
          ingress:
            - from: []  # <-

    Passes:
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: web, namespace: shop}
        spec:
          podSelector: {matchLabels: {app: web}}
          policyTypes: [Ingress, Egress]
          ingress:
            - from:
                - podSelector: {matchLabels: {app: proxy}}
          egress:
            - {}

    References:
        https://kubernetes.io/docs/concepts/services-networking/network-policies/#default-policies
    """
    for direction, key in (("ingress", "from"), ("egress", "to")):
        rules = network_policy.items("spec", direction)
        for rule in rules:
            if _is_empty(rule, key) and len(rules) > 1:
                problem = f"{network_policy} has an empty {direction} rule, which makes the others do nothing"
                yield Violation(rule, problem)
            elif rule.get(key) == [] and not rule.get("ports"):
                yield Violation(rule.field(key), f"{network_policy} has an empty list {key}, which allows everything")


def _is_empty(rule: Field, key: str) -> bool:
    return isinstance(rule.value, dict) and not rule.get(key) and not rule.get("ports")
