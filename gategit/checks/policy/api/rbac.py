"""What a Role or ClusterRole lets its subjects do, as the API server reads its rules.

Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-resources
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gategit.checks.policy.api.fields import Field

ROLES = ("rbac.authorization.k8s.io/Role", "rbac.authorization.k8s.io/ClusterRole")
"""The kinds that hold rules of what may be done."""

ROLE_BINDINGS = ("rbac.authorization.k8s.io/RoleBinding", "rbac.authorization.k8s.io/ClusterRoleBinding")
"""The kinds that give a role to subjects."""


class Grant:
    """Some of what was asked for, and the rule that allows it; ``str(grant)`` is "get and list secrets".

    Attributes:
        field: the entry of the rule's ``resources`` that makes it so.
        rule: the rule.
        verbs: those of the asked verbs that are allowed.
        resources: those of the asked resources that the entry stands for.
    """

    __slots__ = ("field", "resources", "rule", "verbs")

    def __init__(self, field: Field, rule: Field, verbs: tuple[str, ...], resources: tuple[str, ...]) -> None:
        self.field = field
        self.rule = rule
        self.verbs = verbs
        self.resources = resources

    def __str__(self) -> str:
        return f"{_enumerated(self.verbs)} {_enumerated(self.resources)}"

    @property
    def is_named_only(self) -> bool:
        """Whether it counts only for the objects that the rule lists by name. ``create`` is never one of them."""
        return bool(self.rule.get("resourceNames"))


def grants(role: Field, verbs: tuple[str, ...], resources: tuple[str, ...], group: str = "") -> Iterator[Grant]:
    """What a role's rules allow of what is asked for: one grant for each entry of a rule's ``resources``.

    Wildcards count as they do to the API server: ``*`` is every group, resource and verb, ``*/exec`` is that
    subresource of every resource, and ``pods/*`` is nothing.

    Args:
        role: the Role or ClusterRole.
        verbs: any of which counts.
        resources: in the plural, with a subresource where it is one (``pods/exec``); any of them counts.
        group: the API group of the resources, "" for the core group.
    """
    for rule in role.items("rules"):
        groups, allowed = rule.get("apiGroups"), rule.get("verbs")
        if not isinstance(groups, list) or not isinstance(allowed, list) or not (group in groups or "*" in groups):
            continue
        granted = verbs if "*" in allowed else tuple(verb for verb in verbs if verb in allowed)
        if not granted:
            continue
        entries = rule.items("resources")
        for entry in [one for one in entries if one.value == "*"] or entries:
            covered = _covered(entry.text(), resources)
            if covered:
                yield Grant(entry, rule, granted, covered)


def _covered(entry: str, resources: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the resources that an entry of a rule stands for."""
    if entry == "*":
        return resources
    if entry.startswith("*/"):
        return tuple(resource for resource in resources if resource.partition("/")[1:] == ("/", entry[2:]))
    return (entry,) if entry in resources else ()


def _enumerated(words: tuple[str, ...]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else words[0]
