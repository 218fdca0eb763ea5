"""Built-in policy: rbac-subresource-wildcard."""

from __future__ import annotations

from gategit.checks.policy.api import ROLES, Manifest, Violation, Violations, policy


@policy(level="warning", kinds=ROLES)
def rbac_subresource_wildcard(manifest: Manifest) -> Violations:
    """No rule has a wildcard where RBAC knows none.

    What it asks:
        No entry of a rule's `resources` ends with `/*`, as `pods/*` does, and none has `*` inside a word, as `deploy*`
        does. `*` alone, and `*/scale` for one subresource of every resource, are what there is.

    Why:
        RBAC compares such an entry letter by letter, and no resource has that name. The rule reads as if it allowed all
        subresources, and it allows nothing.

    How to fix:
        List the subresources: `pods/log`, `pods/exec`. `kubectl api-resources` does not show them; the API reference
        does.

    Fails:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata:
          name: support
          namespace: shop
        rules:
          - apiGroups:
              - ""
            resources:
              - pods
              - "pods/*"  # <-
            verbs:
              - get

    Passes:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata:
          name: support
          namespace: shop
        rules:
          - apiGroups:
              - ""
            resources:
              - pods
              - pods/log
            verbs:
              - get
          - apiGroups:
              - apps
            resources:
              - "*/scale"
            verbs:
              - get

    References:
        https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-resources
    """
    for rule in manifest.items("rules"):
        for entry in rule.items("resources"):
            text = entry.text()
            if "*" in text and text != "*" and (not text.startswith("*/") or "*" in text[2:]):
                yield Violation(entry, f"the resource {text} in a rule of {manifest} stands for nothing")
