"""A docstring is taken apart into prose and examples, and the examples run."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from inspect import cleandoc

import pytest

from gategit.checks.policy.documentation import Example, Section, parse
from gategit.checks.policy.examples import failures, run_examples
from gategit.checks.policy.load import PolicySource
from gategit.checks.policy.run import start

MakePolicy = Callable[..., PolicySource]

DOC = """Nothing is called bad.

    What it asks:
        One.

        Two.

    Why:
        Because.

    How to fix:
        Rename it.

    Fails:
        kind: ConfigMap
        metadata:
          name: bad  # <-

    Fails (twice):
        kind: ConfigMap
        metadata: {name: bad}  # <-
        ---
        kind: ConfigMap
        metadata: {name: bad}   # <-

    Passes (a change):
        --- # old
        kind: ConfigMap
        --- # new
        kind: ConfigMap
        data: {}

    References:
        https://example.com/a
        https://example.com/b
    """


def _example(title: str, old: str | None, new: str, marks: set[tuple[str, int]], line: int) -> Example:
    sides = [("old", old)] if old is not None else []
    sections = tuple(
        Section(side, "", text, frozenset(number for kind, number in marks if kind == side))
        for side, text in [*sides, ("new", new)]
        if text is not None
    )
    return Example(title, passes=not marks, sections=sections, line=line)


@pytest.mark.parametrize("doc", [DOC, cleandoc(DOC)], ids=["as written", "dedented, as Python 3.13 keeps it"])
def test_a_docstring_is_taken_apart(doc: str) -> None:
    """Prose keeps its paragraphs; marks are taken out of the YAML and kept as lines; sides are told apart."""
    page = parse(doc)

    assert (page.summary, page.asks, page.why, page.fix) == (
        "Nothing is called bad.",
        "One.\n\nTwo.",
        "Because.",
        "Rename it.",
    )
    assert page.references == ("https://example.com/a", "https://example.com/b")
    twice = "kind: ConfigMap\nmetadata: {name: bad}\n---\nkind: ConfigMap\nmetadata: {name: bad}\n"
    assert page.examples == (
        _example("", None, "kind: ConfigMap\nmetadata:\n  name: bad\n", {("new", 3)}, 15),
        _example("twice", None, twice, {("new", 2), ("new", 5)}, 20),
        _example("a change", "kind: ConfigMap\n", "kind: ConfigMap\ndata: {}\n", set(), 27),
    )
    assert page.fails == page.examples[:2]
    assert page.passes == page.examples[2:]


def test_an_example_is_shown_as_it_was_written() -> None:
    """With its marks and its sides."""
    page = parse(DOC)

    assert page.examples[0].text == "kind: ConfigMap\nmetadata:\n  name: bad  # <-\n"
    assert page.examples[2].text == "--- # old\nkind: ConfigMap\n--- # new\nkind: ConfigMap\ndata: {}\n"


BY_NAME = 'if thing.name == "bad":\n    yield Violation(thing.field("metadata", "name"), "it is bad")'


def problems(source: PolicySource) -> dict[str, tuple[str, ...]]:
    """What is wrong with each failing example of a policy."""
    with start([source]) as runner:
        return {result.title: result.problems for result in failures(run_examples(runner, runner.policies()))}


def with_examples(source: PolicySource, fails: str, passes: str) -> PolicySource:
    """The policy with other examples."""
    text = (source.content or b"").decode()
    before, after = text.split("    Fails:\n")[0], text.split("    References:\n")[1]
    for heading, example in (("Fails", fails), ("Passes", passes)):
        before += f"    {heading}:\n{textwrap.indent(textwrap.dedent(example), '        ')}\n\n"
    return PolicySource(source.id, source.path, f"{before}    References:\n{after}".encode())


def test_a_policy_that_does_what_it_says_is_good(make_policy: MakePolicy) -> None:
    """Every marked line is flagged and no other."""
    assert problems(make_policy("good", BY_NAME)) == {}


def test_a_policy_that_is_silent_fails_its_example(make_policy: MakePolicy) -> None:
    """The difference is shown on the line."""
    assert problems(make_policy("silent", "return\nyield")) == {
        "Fails": ("  apiVersion: v1", "  kind: ConfigMap", "  metadata:", "-   name: bad  # <- not flagged")
    }


def test_a_policy_that_says_too_much_fails_its_example(make_policy: MakePolicy) -> None:
    """With what it says."""
    assert problems(make_policy("loud", 'yield Violation(thing.field("kind"), "no")')) == {
        "Fails": (
            "  apiVersion: v1",
            "+ kind: ConfigMap  # <- no",
            "  metadata:",
            "-   name: bad  # <- not flagged",
        ),
        "Passes": ("  apiVersion: v1", "+ kind: ConfigMap  # <- no", "  metadata: {name: good}"),
    }


@pytest.mark.parametrize(
    ("fails", "passes", "expected"),
    [
        ("", "", {"Fails": "there is no example below Fails:", "Passes": "there is no example below Passes:"}),
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bad}",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}  # <-",
            {
                "Fails": "no line is marked # <-; mark those that the policy flags",
                "Passes": "a line is marked # <-, but the example is one that passes",
            },
        ),
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bad}  # <-",
            "just: data",
            {"Passes": "the example holds no object: an object has apiVersion, kind and metadata.name"},
        ),
    ],
)
def test_an_example_that_is_none_is_said(
    make_policy: MakePolicy, fails: str, passes: str, expected: dict[str, str]
) -> None:
    """Missing, unmarked, marked where it must not be, or holding nothing to judge."""
    found = problems(with_examples(make_policy("poor", BY_NAME), fails, passes))

    assert {title: lines[0] for title, lines in found.items()} == expected


def test_an_example_that_is_no_yaml_is_said(make_policy: MakePolicy) -> None:
    """With the line of the example and the words of the syntax check."""
    source = with_examples(make_policy("broken", BY_NAME), "a: [  # <-", "apiVersion: v1\nkind: A\nmetadata: {name: x}")

    assert problems(source)["Fails"][0].startswith("new.yaml, line ")


def test_a_policy_that_compares_needs_both_sides(make_policy: MakePolicy) -> None:
    """One object alone is no change."""
    source = make_policy("change", "return\nyield", view="Change")

    expected = ("the policy compares old and new: write --- # old above the one and --- # new above the other",)
    assert problems(source) == {"Fails": expected, "Passes": expected}


def test_a_policy_that_crashes_fails_its_examples(make_policy: MakePolicy) -> None:
    """The message is the crash's."""
    expected = ("the policy crashed: ValueError: no",)

    assert problems(make_policy("bad", "raise ValueError('no')")) == {"Fails": expected, "Passes": expected}
