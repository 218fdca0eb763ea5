"""Built-in policy: rbac-api-group-version."""

from __future__ import annotations

import re

from gategit.checks.policy.api import Manifest, Violation, Violations, is_filled_in_later, policy

_VERSION = re.compile(r"v[1-9]\d?(?:(?:alpha|beta)\d{1,2})?")


@policy(level="error", kinds=("rbac.authorization.k8s.io/Role", "rbac.authorization.k8s.io/ClusterRole"))
def rbac_api_group_version(role: Manifest) -> Violations:
    """The API groups of a role are groups, without versions.

    What it asks:
        No entry of `apiGroups` holds a version (`apps/v1`, `v1`), and none is `core`: the core group is the empty
        string.

    Why:
        Nothing is refused, and the rule grants nothing: no request is ever for a group of that name. The workload
        then fails at run time with a 403, though its role looks as if it allowed everything that it needs.

    How to fix:
        Write the group alone: `apps` for `apps/v1`, and `""` for `v1`.

    Fails:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata: {name: deployer, namespace: shop}
        rules:
          - apiGroups:
              - apps/v1  # <-
            resources: [deployments]
            verbs: [get]
          - apiGroups:
              - v1  # <-
            resources: [pods]
            verbs: [get]

    Passes:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata: {name: deployer, namespace: shop}
        rules:
          - apiGroups:
              - apps
            resources: [deployments]
            verbs: [get]
          - apiGroups:
              - ""
            resources: [pods]
            verbs: [get]

    References:
        https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-resources
    """
    for rule in role.items("rules"):
        groups = rule.get("apiGroups")
        if not isinstance(groups, list):
            continue
        for index, group in enumerate(groups):
            if not isinstance(group, str) or is_filled_in_later(group):
                continue
            base, slash, _ = group.partition("/")
            if slash or _VERSION.fullmatch(group) or group == "core":
                right = "" if base == group else base
                problem = (
                    f"{role} names the API group {group}, which there is not; it grants nothing ({right!r} is one)"
                )
                yield Violation(rule.field("apiGroups", index), problem.replace("'", '"'))
