"""Waivers except what they name until their day, hide nothing, and are findings themselves when they are of no use."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gategit.errors import ConfigError
from gategit.model import AppliedWaiver, Finding, Level, Location, ObjectRef, Region, Rule, Stage, State
from gategit.waivers import EXPIRED, RULES, UNUSED, ObjectSelector, Waiver, apply_waivers, load_waivers

TODAY = date(2026, 11, 21)
FILE = "gate/waivers.yaml"

FULL = b"""\
version: 1
waivers:
  - rule: image-digest
    object: {apiVersion: apps/*, kind: Deployment, namespace: shop, name: "web-*"}
    paths: ["apps/**"]
    target: prod
    owner: team-shop
    reason: vendor publishes no digests
    expires: 2027-01-31
  - rule: image-latest-tag
    owner: team-shop
    reason: soon
    expires: "2026-11-21"
"""

LINES = ("rule: image-digest", "owner: team-shop", "reason: soon", "expires: 2027-01-31")


def waivers_text(*lines: str) -> str:
    """A waivers file with one waiver of these lines."""
    return "version: 1\nwaivers:\n  - " + "\n    ".join(lines) + "\n"


def error_of(text: str) -> ConfigError:
    """The error that a waivers text ends in."""
    with pytest.raises(ConfigError) as caught:
        load_waivers(text.encode(), FILE)
    return caught.value


WEB = ObjectRef("apps/v1", "Deployment", "shop", "web-1")


def finding(rule: str = "image-digest", *, file: str = "apps/web.yaml", target: str | None = "prod") -> Finding:
    """A finding that the first waiver of FULL excepts."""
    return Finding(
        rule=rule,
        stage=Stage.POLICY,
        level=Level.ERROR,
        message="no digest",
        location=Location(file, Region(3, 1, 3, 5)),
        object=WEB,
        target=target,
    )


def rules(*, waivable: bool = True) -> dict[str, Rule]:
    """An index of the rules that these tests use."""
    return {
        name: Rule(name, Level.ERROR, Stage.POLICY, "A rule.", "Because.", "Mend it.", waivable=waivable)
        for name in ("image-digest", "image-latest-tag")
    }


def waiver(**changes: Any) -> Waiver:
    """A waiver for image-digest that excepts every object."""
    plain = Waiver(
        rule="image-digest",
        owner="team-shop",
        reason="soon",
        expires=date(2027, 1, 31),
        object=ObjectSelector(),
        paths=(),
        target=None,
        location=Location(FILE, Region(3, 5, 9, 1)),
    )
    return replace(plain, **changes)


def test_every_key() -> None:
    """Every key arrives in the value; dates may stand with or without quotes."""
    first, second = load_waivers(FULL, FILE)
    assert first == Waiver(
        rule="image-digest",
        owner="team-shop",
        reason="vendor publishes no digests",
        expires=date(2027, 1, 31),
        object=ObjectSelector("apps/*", "Deployment", "shop", "web-*"),
        paths=("apps/**",),
        target="prod",
        location=first.location,
    )
    assert first.location.file == FILE
    assert first.location.region is not None
    assert (first.location.region.line, first.location.region.column) == (3, 5)
    assert second.expires == date(2026, 11, 21)
    assert second.object == ObjectSelector()


def test_empty_list() -> None:
    """A file without waivers is one."""
    assert load_waivers(b"version: 1\n", FILE) == ()
    assert load_waivers(b"version: 1\nwaivers: []\n", FILE) == ()


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "1:1: the key version is missing", "add version: 1"),
        (
            waivers_text(*LINES[:1], *LINES[2:]),
            "3:5: the key owner is missing in waivers[0]",
            "add owner: team-shop",
        ),
        (
            waivers_text(*LINES[:2], *LINES[3:]),
            "3:5: the key reason is missing in waivers[0]",
            "add reason: vendor publishes no digests before Q1",
        ),
        (waivers_text(*LINES[:3]), "3:5: the key expires is missing in waivers[0]", "add expires: 2027-01-31"),
        (waivers_text(*LINES[1:]), "3:5: the key rule is missing in waivers[0]", "add rule: image-digest"),
        (
            waivers_text(*LINES[:3], "expires: next year"),
            '6:14: waivers[0].expires must be a date such as 2027-01-31, not "next year"',
            "",
        ),
        (
            waivers_text(*LINES[:3], "expires: 2027-02-30"),
            '6:14: waivers[0].expires cannot be "2027-02-30": there is no such day',
            "",
        ),
        (
            waivers_text(*LINES, "expire: 2027-01-31"),
            "7:5: unknown key expire in waivers[0]; did you mean expires?",
            "keys in waivers[0]: rule, object, paths, target, owner, reason, expires",
        ),
        (
            waivers_text(*LINES, "object: {}"),
            "7:13: waivers[0].object must have at least one of the keys apiVersion, kind, namespace, name",
            "",
        ),
        (
            waivers_text(*LINES, "object: {Kind: Pod}"),
            "7:14: unknown key Kind in waivers[0].object; did you mean kind?",
            "keys in waivers[0].object: apiVersion, kind, namespace, name",
        ),
        (
            waivers_text(*LINES, "object: {name: '[a'}"),
            '7:20: waivers[0].object.name cannot be "[a": a [ has no ]; write \\[ for the character itself',
            "",
        ),
        (waivers_text(*LINES, "paths: []"), "7:12: waivers[0].paths must not be an empty list", ""),
        (
            waivers_text("rule: image-digest", "owner: ''", *LINES[2:]),
            "4:12: waivers[0].owner must be who answers for the exception, not empty",
            "",
        ),
        (
            waivers_text("rule: '*'", *LINES[1:]),
            '3:11: waivers[0].rule must be a rule\'s id such as image-digest, not "*"',
            "",
        ),
        ("version: 1\nwaivers: {}\n", "2:10: waivers must be a list, not a mapping", ""),
    ],
)
def test_error(text: str, message: str, hint: str) -> None:
    """Each wrong file is answered with the place, what is wrong, and how to mend it."""
    error = error_of(text)
    assert (str(error), error.hint) == (f"{FILE}:{message}", hint)


def test_too_many() -> None:
    """A list that is no list of exceptions any more is refused."""
    text = "version: 1\nwaivers:\n" + "  - {rule: a, owner: a, reason: a, expires: 2027-01-01}\n" * 10_001
    assert error_of(text).message == "waivers has 10001 entries; at most 10000 are read"


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=200))
def test_any_bytes(text: bytes) -> None:
    """Whatever the bytes, the result is waivers or a ConfigError."""
    try:
        load_waivers(text, FILE)
    except ConfigError as error:
        named = error.file
    else:
        named = FILE
    assert named == FILE


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"rule": "image-latest-tag"}, False),
        ({"object": ObjectSelector(kind="Deployment")}, True),
        ({"object": ObjectSelector(kind="deployment")}, False),
        ({"object": ObjectSelector(name="web-*", namespace="s?op")}, True),
        ({"object": ObjectSelector(name="web-*", namespace="other")}, False),
        ({"object": ObjectSelector(api_version="apps/*")}, True),
        ({"paths": ("apps/**",)}, True),
        ({"paths": ("clusters/**", "*.yaml")}, True),
        ({"paths": ("clusters/**",)}, False),
        ({"target": "prod"}, True),
        ({"target": "pr*"}, True),
        ({"target": "dev"}, False),
    ],
)
def test_matches(changes: dict[str, object], *, expected: bool) -> None:
    """A waiver matches what fits everything that it gives."""
    assert waiver(**changes).matches(finding()) is expected


def test_matches_what_is_there() -> None:
    """A part that a waiver gives does not match where the finding has none."""
    plain = replace(finding(), object=None, target=None)
    assert waiver().matches(plain)
    assert not waiver(object=ObjectSelector(name="*")).matches(plain)
    assert not waiver(target="*").matches(plain)
    unnamed = replace(finding(), object=replace(WEB, namespace=None))
    assert not waiver(object=ObjectSelector(namespace="*")).matches(unnamed)


def test_waived() -> None:
    """A waived finding stays, marked with the waiver that holds longest; others are as they were."""
    shorter = waiver(owner="other", expires=date(2026, 12, 1))
    outcome = apply_waivers([finding(), finding("image-latest-tag")], [shorter, waiver()], TODAY, rules())
    first, second = outcome.findings
    assert first == replace(finding(), state=State.WAIVED, waiver=AppliedWaiver("team-shop", "soon", "2027-01-31"))
    assert second == finding("image-latest-tag")
    assert (outcome.problems, outcome.expired, outcome.unused) == ((), (), ())


def test_last_day() -> None:
    """A waiver holds through the day that it names."""
    last = waiver(expires=TODAY)
    assert apply_waivers([finding()], [last], TODAY, rules()).findings[0].state is State.WAIVED
    assert apply_waivers([finding()], [last], date(2026, 11, 22), rules()).findings[0].state is State.NEW


@pytest.mark.parametrize(
    ("count", "message", "mend"),
    [
        (
            0,
            "the waiver for image-digest expired on 2026-11-20: it excepts nothing",
            "delete it",
        ),
        (
            1,
            "the waiver for image-digest expired on 2026-11-20: the finding that it excepted counts again",
            "mend what it was for, or have team-shop agree to a new date",
        ),
        (
            2,
            "the waiver for image-digest expired on 2026-11-20: the 2 findings that it excepted count again",
            "mend what it was for, or have team-shop agree to a new date",
        ),
    ],
)
def test_expired(count: int, message: str, mend: str) -> None:
    """An expired waiver excepts nothing and is a warning on its own line."""
    old = waiver(expires=date(2026, 11, 20))
    outcome = apply_waivers([finding()] * count, [old], TODAY, rules())
    assert [found.state for found in outcome.findings] == [State.NEW] * count
    problem = outcome.problems[0]
    assert (problem.rule, problem.level, problem.location) == ("waiver-expired", Level.WARNING, old.location)
    assert (problem.message, problem.help) == (message, mend)
    assert outcome.expired == (old,)


def test_unused() -> None:
    """A waiver that excepts nothing is a note, where everything was looked at."""
    outcome = apply_waivers([], [waiver()], TODAY, rules())
    assert [(found.rule, found.level, found.message) for found in outcome.problems] == [
        ("waiver-unused", Level.NOTE, "the waiver for image-digest excepts nothing")
    ]
    partly = apply_waivers([], [waiver()], TODAY, rules(), complete=False)
    assert (partly.problems, partly.unused) == ((), (waiver(),))


def test_not_waivable() -> None:
    """No waiver excepts a rule that says it cannot be; the waiver is told so."""
    outcome = apply_waivers([finding()], [waiver()], TODAY, rules(waivable=False))
    assert outcome.findings == (finding(),)
    assert [(found.rule, found.message) for found in outcome.problems] == [
        ("waiver-unused", "no waiver can except image-digest")
    ]
    assert apply_waivers([finding()], [waiver()], TODAY, {}).findings == (finding(),)


def test_problems_tell_waivers_apart() -> None:
    """Two useless waivers for one rule are two findings, named without line numbers."""
    other = waiver(paths=("a/**",), location=Location(FILE, Region(9, 5, 9, 6)))
    subjects = [found.subject for found in apply_waivers([], [waiver(), other], TODAY, rules()).problems]
    assert subjects == ["image-digest|||||", "image-digest|||||a/**|"]


def test_rules() -> None:
    """Both rules about waivers are complete, and no waiver hides them."""
    assert RULES == (EXPIRED, UNUSED)
    assert not any(rule.waivable for rule in RULES)
    assert all(rule.rationale and rule.help and len(rule.summary) <= 120 for rule in RULES)
