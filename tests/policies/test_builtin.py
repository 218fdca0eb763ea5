"""The built-in policies: each does what its docstring says, on exactly the lines that it says."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from gategit.bundled import policies_folder
from gategit.checks.policy.builtin import BUILTIN, PACKS
from gategit.checks.policy.documentation import parse
from gategit.checks.policy.examples import run_examples
from gategit.checks.policy.load import PolicyInfo, builtin_policies, builtin_sources
from gategit.checks.policy.rules import policy_rule
from gategit.checks.policy.run import Runner, start

POLICIES = builtin_policies()


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    """A worker with every built-in policy."""
    with start(builtin_sources()) as started:
        yield started


each_policy = pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.id)


@each_policy
def test_a_policy_does_what_its_examples_say(runner: Runner, policy: PolicyInfo) -> None:
    """Every marked line is flagged, and no other line is."""
    results = run_examples(runner, [policy])

    assert [result.title for result in results if result.problems] == []
    assert {result.title.partition(" ")[0] for result in results} == {"Fails", "Passes"}


@each_policy
def test_a_policy_says_what_a_rule_page_needs(policy: PolicyInfo) -> None:
    """A summary that fits a line, prose below each heading, and references that can be followed."""
    page = parse(policy.doc)
    rule = policy_rule(policy)

    assert (rule.id, rule.summary) == (policy.id, policy.summary)
    assert len(rule.summary) <= 120
    assert rule.summary.endswith(".")
    assert all(len(text) > 40 for text in (page.asks, page.why, page.fix))
    assert rule.references
    assert all(url.startswith("https://") for url in rule.references)
    assert "# <-" in rule.example_fail
    assert "# <-" not in rule.example_pass


@each_policy
def test_a_policy_is_in_packs_that_there_are(policy: PolicyInfo) -> None:
    """`strict` holds everything, so that it alone is enough."""
    assert set(policy.packs) <= set(PACKS)
    assert policy.packs[-1] == "strict"


def test_the_index_names_every_policy_file() -> None:
    """No file is forgotten, and none is named that is not there."""
    found = (path.relative_to(policies_folder()).with_suffix("") for path in policies_folder().rglob("*.py"))
    assert sorted(path.as_posix() for path in found) == list(BUILTIN)


def test_the_worker_and_the_gate_read_the_same_declarations(runner: Runner) -> None:
    """What the policies declare is the same whether a worker or the gate itself asks them."""
    assert runner.policies() == POLICIES


@each_policy
def test_a_policy_imports_the_api_and_the_standard_library(policy: PolicyInfo) -> None:
    """A policy file can be copied into another repository as it is."""
    with open(policy.source.path, encoding="utf-8") as file:  # noqa: PTH123  the path is text
        tree = ast.parse(file.read())

    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name for name in imported if name and name.startswith("gategit")} == {"gategit.checks.policy.api"}
