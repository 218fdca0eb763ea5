"""Built-in policy: rbac-unnamed-verb."""

from __future__ import annotations

from gategit.checks.policy.api import ROLES, Manifest, Violation, Violations, policy


@policy(level="warning", kinds=ROLES)
def rbac_unnamed_verb(manifest: Manifest) -> Violations:
    """No rule limits by name what has no name yet.

    What it asks:
        A rule with `resourceNames` does not allow `create` or `deletecollection` on whole resources: to those the API
        server does not know a name, so the rule allows nothing. Subresources (`serviceaccounts/token`) do have one.

    Why:
        The rule looks as if it allowed creating that one object, and the request is refused all the same: the
        controller fails the first time that the object is not there. `*` is not asked about, since the other verbs of
        it do count.

    How to fix:
        Put `create` into a rule of its own, without `resourceNames`, and leave the other verbs where they are.

    Fails:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata:
          name: leader
          namespace: shop
        rules:
          - apiGroups:
              - coordination.k8s.io
            resources:
              - leases
            resourceNames:
              - web-leader
            verbs:
              - get
              - update
              - create  # <-

    Passes:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata:
          name: leader
          namespace: shop
        rules:
          - apiGroups:
              - coordination.k8s.io
            resources:
              - leases
            resourceNames:
              - web-leader
            verbs:
              - get
              - update
          - apiGroups:
              - coordination.k8s.io
            resources:
              - leases
            verbs:
              - create

    References:
        https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-resources
    """
    allowed_elsewhere = _without_names(manifest)
    for rule in manifest.items("rules"):
        resources = rule.get("resources")
        if not rule.get("resourceNames") or not isinstance(resources, list):
            continue
        if any(isinstance(resource, str) and "/" in resource for resource in resources):
            continue  # those have a name, so the rule counts
        for verb in rule.items("verbs"):
            if verb.value not in ("create", "deletecollection") or (verb.value, str(resources)) in allowed_elsewhere:
                continue
            yield Violation(verb, f"{manifest} limits {verb.value} by resourceNames, which allows nothing")


def _without_names(role: Manifest) -> set[tuple[object, str]]:
    """The verbs that other rules allow on the same resources whatever their name: there the slip does no harm."""
    return {
        (verb.text(), str(rule.get("resources")))
        for rule in role.items("rules")
        if not rule.get("resourceNames")
        for verb in rule.items("verbs")
    }
