"""Built-in policy: role-widened."""

from __future__ import annotations

from itertools import islice, product

from gategit.checks.policy.api import ROLES, Change, Field, Manifest, Violation, Violations, policy

_MOST = 20_000  # how many combinations of one rule are looked at
_MOST_FINDINGS = 50  # how many rules of one role are shown: after that many it is another role

_Rule = tuple[frozenset[str], frozenset[str], frozenset[str], frozenset[str]]


@policy(level="warning", kinds=ROLES, security_severity=6.5)
def role_widened(change: Change) -> Violations:
    """A change does not let a Role or ClusterRole do more than before.

    What it asks:
        Every verb on every resource that the changed role allows, it allowed before. Wildcards count: a rule that is
        split up or written out in full is no wider, and one that drops `resourceNames` is.

    Why:
        Everyone who is bound to the role has the new rights as soon as the change is merged, also those who were bound
        years ago for something small. The bindings are not in the diff.

    How to fix:
        Look at who is bound to the role. Give the new right by a role of its own, to the one who needs it; or say in a
        waiver why everyone bound may have it.

    Fails:
        --- # old
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata: {name: reader, namespace: shop}
        rules:
          - {apiGroups: [""], resources: [pods], verbs: [get, list]}
        --- # new
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata: {name: reader, namespace: shop}
        rules:
          - apiGroups: [""]
            resources:
              - pods
              - secrets  # <-
            verbs: [get, list]

    Fails (no longer by name):
        --- # old
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata: {name: settings, namespace: shop}
        rules:
          - {apiGroups: [""], resources: [configmaps], resourceNames: [settings], verbs: [update]}
        --- # new
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata: {name: settings, namespace: shop}
        rules:
          - apiGroups: [""]
            resources: [configmaps]
            verbs: [update]  # <-

    Passes:
        --- # old
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata: {name: operator}
        rules:
          - {apiGroups: [apps], resources: ["*"], verbs: [get, list, watch]}
        --- # new
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata: {name: operator}
        rules:
          - {apiGroups: [apps], resources: [deployments], verbs: [get]}
          - {apiGroups: [apps], resources: [deployments/status], verbs: [list]}

    References:
        https://kubernetes.io/docs/concepts/security/rbac-good-practices/
        https://kubernetes.io/docs/reference/access-authn-authz/rbac/
    """
    old, new = change.old, change.new
    if old is None or new is None or old.get("rules") == new.get("rules"):
        return
    yield from islice(_widened(old, new), _MOST_FINDINGS)


def _widened(old: Manifest, new: Manifest) -> Violations:
    known = old.get("rules")
    before = [_rule(rule) for rule in old.items("rules")]
    for rule in new.items("rules"):
        if isinstance(known, list) and rule.value in known:
            continue
        added = _added(_rule(rule), before)
        if added:
            yield Violation(_place(rule, added), f"{new} now allows to {_described(added)}")
        urls = [
            url
            for url in _strings(rule, "nonResourceURLs")
            if not any(_has_url(one, url, rule) for one in old.items("rules"))
        ]
        if urls:
            yield Violation(rule.field("nonResourceURLs"), f"{new} now allows requests to {_few(urls)}")


def _strings(rule: Field, key: str) -> list[str]:
    members = rule.get(key)
    return [one for one in members if isinstance(one, str)] if isinstance(members, list) else []


def _rule(rule: Field) -> _Rule:
    """A rule's groups, resources, names and verbs; no names stand for all."""
    groups, resources, verbs = (frozenset(_strings(rule, key)) for key in ("apiGroups", "resources", "verbs"))
    return groups, resources, frozenset(_strings(rule, "resourceNames")) or frozenset("*"), verbs


def _added(rule: _Rule, before: list[_Rule]) -> list[tuple[str, str, str, str]]:
    """What a rule allows that none of the old ones did."""
    groups, resources, names, verbs = map(sorted, rule)
    wanted = islice(product(groups, resources, names, verbs), _MOST)
    return [one for one in wanted if not any(_covers(old, one) for old in before)]


def _covers(rule: _Rule, wanted: tuple[str, str, str, str]) -> bool:
    groups, resources, names, verbs = rule
    group, resource, name, verb = wanted
    _, slash, subresource = resource.partition("/")
    return (
        (verb in verbs or "*" in verbs)
        and (group in groups or "*" in groups)
        and (name in names or "*" in names)
        and (resource in resources or "*" in resources or (bool(slash) and f"*/{subresource}" in resources))
    )


def _has_url(rule: Field, url: str, wanted: Field) -> bool:
    """Whether an old rule allows a URL with all verbs that the new one does."""
    verbs = _strings(rule, "verbs")
    if "*" not in verbs and not set(_strings(wanted, "verbs")) <= set(verbs):
        return False
    return any(
        url == known or (known.endswith("*") and url.startswith(known[:-1]))
        for known in _strings(rule, "nonResourceURLs")
    )


def _place(rule: Field, added: list[tuple[str, str, str, str]]) -> Field:
    """The one entry that makes the rule wider, or the rule."""
    for position, key in ((3, "verbs"), (1, "resources"), (0, "apiGroups")):
        wider = {one[position] for one in added}
        members = rule.items(key)
        if len(wider) == 1 and len(members) > 1:
            return next((one for one in members if isinstance(one.value, str) and one.value in wider), rule)
    return rule.field("verbs", 0) if len(rule.items("verbs")) == 1 else rule


def _described(added: list[tuple[str, str, str, str]]) -> str:
    verbs, resources = sorted({verb for *_, verb in added}), sorted({resource for _, resource, *_ in added})
    return f"{_few(verbs)} {_few(resources)}"


def _few(words: list[str]) -> str:
    shown = ", ".join(word if word != "*" else "everything (*)" for word in words[:4])
    return f"{shown} and {len(words) - 4} more" if len(words) > 4 else shown
