"""Built-in policy: aggregated-view-writes."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, grants, policy


@policy(level="warning", kinds=("rbac.authorization.k8s.io/ClusterRole",), security_severity=6.0)
def aggregated_view_writes(manifest: Manifest) -> Violations:
    """What is added to the role view reads only, and no Secrets.

    What it asks:
        A ClusterRole with the label `rbac.authorization.k8s.io/aggregate-to-view: "true"` allows only `get`, `list` and
        `watch`, and none of them on Secrets. Wildcards count.

    Why:
        The label adds the rules to the built-in role `view`, for everyone who is bound to it anywhere. People are bound
        to it because it can change nothing and see no credentials.

    How to fix:
        Split the role: what reads keeps `aggregate-to-view`, what writes gets `aggregate-to-edit`, and what reaches
        Secrets `aggregate-to-admin`.

    Fails:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata:
          name: shop-view
          labels:
            rbac.authorization.k8s.io/aggregate-to-view: "true"
        rules:
          - apiGroups:
              - shop.example.com
            resources:
              - orders
            verbs:
              - get
              - delete  # <-

    Passes:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata:
          name: shop-view
          labels:
            rbac.authorization.k8s.io/aggregate-to-view: "true"
        rules:
          - apiGroups:
              - shop.example.com
            resources:
              - orders
            verbs:
              - get
              - list
              - watch

    Passes (added to edit):
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata:
          name: shop-edit
          labels:
            rbac.authorization.k8s.io/aggregate-to-edit: "true"
        rules:
          - apiGroups:
              - shop.example.com
            resources:
              - orders
            verbs:
              - get
              - delete

    References:
        https://kubernetes.io/docs/reference/access-authn-authz/rbac/#aggregated-clusterroles
    """
    if manifest.get("metadata", "labels", "rbac.authorization.k8s.io/aggregate-to-view") != "true":
        return
    for rule in manifest.items("rules"):
        for verb in rule.items("verbs"):
            if verb.text() and verb.value not in ("get", "list", "watch"):
                yield Violation(verb, f"{manifest} adds the verb {verb.value} to the role view")
                break
    for grant in grants(manifest, ("get", "list", "watch"), ("secrets",)):
        yield Violation(grant.field, f"{manifest} adds {grant} to the role view")
