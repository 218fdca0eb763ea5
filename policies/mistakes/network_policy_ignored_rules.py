"""Built-in policy: network-policy-ignored-rules."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy


@policy(level="error", kinds=("networking.k8s.io/NetworkPolicy",), security_severity=6.5)
def network_policy_ignored_rules(manifest: Manifest) -> Violations:
    """A NetworkPolicy has rules only for the directions that it is for.

    What it asks:
        A NetworkPolicy with `policyTypes` has rules in `ingress` only where the types hold `Ingress`, and rules in
        `egress` only where they hold `Egress`.

    Why:
        Rules of a direction that `policyTypes` does not name are ignored, and nothing says so. The policy reads as if
        it closed that direction, and every connection is let through.

    How to fix:
        Add the direction to `policyTypes`, or remove the field: then it follows from the rules.

    Fails:
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: web, namespace: shop}
        spec:
          podSelector: {matchLabels: {app: web}}
          policyTypes: [Ingress]
          ingress:
            - from:
                - podSelector: {matchLabels: {app: proxy}}
          egress:  # <-
            - to:
                - podSelector: {matchLabels: {app: db}}

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
            - to:
                - podSelector: {matchLabels: {app: db}}

    Passes (the directions follow from the rules):
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: web, namespace: shop}
        spec:
          podSelector: {matchLabels: {app: web}}
          egress:
            - to:
                - podSelector: {matchLabels: {app: db}}

    References:
        https://kubernetes.io/docs/concepts/services-networking/network-policies/#networkpolicy-resource
    """
    types = manifest.get("spec", "policyTypes")
    if not isinstance(types, list) or not types:
        return
    for direction in ("Ingress", "Egress"):
        if direction not in types and manifest.get("spec", direction.lower()):
            where = manifest.field("spec", direction.lower())
            yield Violation(where, f"{manifest} has {direction.lower()} rules, and its policyTypes hold no {direction}")
