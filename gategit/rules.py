"""The index of all rules: one line for each room that has some. Modules are imported when a rule is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import import_module

from gategit.model import Rule

_ROOMS = (
    "gategit.checks.syntax",
    "gategit.checks.embedded",
    "gategit.links",
    "gategit.checks.schema.rules",
    "gategit.checks.references.rules",
    "gategit.render.rules",
    "gategit.checks.policy.rules",
    "gategit.checks.dry_run.rules",
    "gategit.waivers",
    "gategit.judge",
    "gategit.gate_changes",
)


@cache
def check_rules() -> dict[str, Rule]:
    """The rules of gategit's own checks by id, without the policies."""
    found: dict[str, Rule] = {}
    for room in _ROOMS:
        rules: Iterable[Rule] = import_module(room).RULES
        found.update((rule.id, rule) for rule in rules)
    return found


def all_rules() -> tuple[Rule, ...]:
    """Every rule, the built-in policies included, sorted by id."""
    from gategit.checks.policy.rules import built_in_rules  # noqa: PLC0415  reads every policy's docstring

    together = check_rules() | {rule.id: rule for rule in built_in_rules()}
    return tuple(together[rule_id] for rule_id in sorted(together))


def known_ids() -> frozenset[str]:
    """The id of every rule, the built-in policies included."""
    return frozenset(rule.id for rule in all_rules())


def by_id(rule_id: str) -> Rule:
    """One rule.

    Raises:
        KeyError: there is no such rule.
    """
    found = check_rules().get(rule_id)
    if found is not None:
        return found
    for rule in all_rules():
        if rule.id == rule_id:
            return rule
    raise KeyError(rule_id)
