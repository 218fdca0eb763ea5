"""Built-in policy: rbac-verb-unknown."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, is_filled_in_later, policy

_VERBS = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")
_MEANT = {
    "read": "get, list and watch",
    "view": "get, list and watch",
    "write": "create, update and patch",
    "edit": "update and patch",
    "modify": "update and patch",
    "add": "create",
    "remove": "delete",
    "put": "update",
    "post": "create",
    "all": "*",
    "any": "*",
}


@policy(level="warning", kinds=("rbac.authorization.k8s.io/Role", "rbac.authorization.k8s.io/ClusterRole"))
def rbac_verb_unknown(role: Manifest) -> Violations:
    """The verbs of a role are verbs of the API.

    What it asks:
        No verb has capital letters, and none is a word of everyday language for what the API calls otherwise:
        `read`, `write`, `edit`, `add`, `remove`, `all`. Verbs of extensions pass, and rules on URLs are not judged.

    Why:
        Nothing is refused, and the verb grants nothing: no request is ever of that name. The workload then fails at run
        time with a 403, though its role looks as if it allowed everything that it needs.

    How to fix:
        Write the API's verbs: `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`.

    Fails:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata: {name: reader, namespace: shop}
        rules:
          - apiGroups: [""]
            resources: [pods]
            verbs:
              - GET  # <-
              - read  # <-

    Passes:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata: {name: reader, namespace: shop}
        rules:
          - apiGroups: [""]
            resources: [pods]
            verbs:
              - get
              - list

    References:
        https://kubernetes.io/docs/reference/access-authn-authz/authorization/#determine-the-request-verb
    """
    for rule in role.items("rules"):
        verbs = rule.get("verbs")
        if not isinstance(verbs, list) or not rule.get("resources"):
            continue
        for index, verb in enumerate(verbs):
            if not isinstance(verb, str) or verb in _VERBS:
                continue
            lower = verb.lower()
            meant = _MEANT.get(lower) or (lower if lower != verb else "")
            if meant and not is_filled_in_later(verb):
                problem = f"{role} names the verb {verb[:60]}, which there is not; the API has {meant[:60]}"
                yield Violation(rule.field("verbs", index), problem)
