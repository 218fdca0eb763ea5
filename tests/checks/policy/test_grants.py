"""What the rules of a role allow, as policies are told."""

from __future__ import annotations

from typing import Any

import pytest

from gategit.checks.policy.api import Manifest, grants, is_open_range


def role(*rules: Any) -> Manifest:
    return Manifest({"kind": "Role", "rules": list(rules)})


def rule(group: Any, resources: Any, verbs: Any) -> dict[str, Any]:
    return {"apiGroups": [group], "resources": resources, "verbs": verbs}


@pytest.mark.parametrize(
    ("entry", "covered"),
    [
        ("*", ("pods", "pods/exec", "nodes/exec")),
        ("*/exec", ("pods/exec", "nodes/exec")),
        ("pods", ("pods",)),
        ("pods/exec", ("pods/exec",)),
        ("pods/*", ()),
        ("*/", ()),
        ("", ()),
        ("PODS", ()),
    ],
)
def test_what_an_entry_stands_for(entry: str, covered: tuple[str, ...]) -> None:
    """Wildcards stand where the API server knows them, and nowhere else."""
    found = [grant.resources for grant in grants(role(rule("", [entry], ["get"])), ("get",), _ASKED)]

    assert found == ([covered] if covered else [])


_ASKED = ("pods", "pods/exec", "nodes/exec")


def test_a_grant_says_what_is_allowed_and_where() -> None:
    """The verbs in the order in which they were asked for, the entry, the rule."""
    manifest = role(rule("apps", ["pods"], ["get"]), rule("", ["nodes", "pods"], ["list", "create", "get"]))
    (grant,) = grants(manifest, ("get", "list", "watch"), ("pods",))

    assert (str(grant), grant.field.path) == ("get and list pods", ("rules", 1, "resources", 1))
    assert grant.rule.path == ("rules", 1)
    assert not grant.is_named_only


def test_a_group_must_be_the_one_that_is_asked_for() -> None:
    """Or every one."""
    wanted = [rule("", ["pods"], ["get"]), rule("*", ["pods"], ["*"])]
    manifest = role(*wanted, rule("apps", ["pods"], ["get"]), rule(None, ["pods"], ["get"]))

    assert [grant.rule.path[-1] for grant in grants(manifest, ("get",), ("pods",))] == [0, 1]
    assert [grant.rule.path[-1] for grant in grants(manifest, ("get",), ("pods",), "apps")] == [1, 2]


def test_a_rule_with_names_is_for_those_alone() -> None:
    """An empty list of names is none."""
    named = {**rule("", ["pods"], ["get"]), "resourceNames": ["a"]}
    unnamed = {**rule("", ["pods"], ["get"]), "resourceNames": []}

    assert [grant.is_named_only for grant in grants(role(named, unnamed), ("get",), ("pods",))] == [True, False]


@pytest.mark.parametrize("constraint", ["", "*", "x", ">=1", ">1", "> 1", ">=1, !=1.5", "1.2 || >=2", "*-0", "latest"])
def test_a_range_that_takes_every_later_version(constraint: str) -> None:
    """One alternative without an end is enough."""
    assert is_open_range(constraint)


@pytest.mark.parametrize("constraint", ["1", "1.2.3", "^1", "~1.2", "1.x", "1.*", ">=1 <2", ">= 1, < 2", "1 - 2", "<3"])
def test_a_range_that_ends(constraint: str) -> None:
    """An upper bound, a caret, a tilde, or numbers with a wildcard behind them."""
    assert not is_open_range(constraint)
