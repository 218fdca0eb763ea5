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
from gategit.waivers import (
    RULES,
    ObjectSelector,
    Scope,
    Waiver,
    WaiverContext,
    apply_waivers,
    entry_identity,
    load_waivers,
    new_in,
)

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


def context(today: date = TODAY, *, waivable: bool = True, **changes: Any) -> WaiverContext:
    """A run that looked at everything, and knows the rules of these tests."""
    known = rules(waivable=waivable) | {rule.id: rule for rule in RULES}
    return replace(WaiverContext(today, known.get, known.keys), **changes)


def inline(**changes: Any) -> Waiver:
    """A waiver in a comment of apps/web.yaml that covers lines 3 to 5 of WEB."""
    location = Location("apps/web.yaml", Region(2, 1, 2, 60))
    return waiver(**({"location": location, "scope": Scope(3, 5, WEB, "w")} | changes))


def problems_of(outcome_of: Waiver, *found: Finding, **changes: Any) -> list[tuple[str, Level, str, str]]:
    """What is said of one waiver in a run with these findings."""
    outcome = apply_waivers(found, [outcome_of], context(**changes))
    return [(one.rule, one.level, one.message, one.help) for one in outcome.problems]


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
    outcome = apply_waivers([finding(), finding("image-latest-tag")], [shorter, waiver()], context())
    first, second = outcome.findings
    assert first == replace(finding(), state=State.WAIVED, waiver=AppliedWaiver("team-shop", "soon", "2027-01-31"))
    assert second == finding("image-latest-tag")
    assert (outcome.problems, outcome.expired, outcome.unused) == ((), (), ())


def test_last_day() -> None:
    """A waiver holds through the day that it names."""
    last = waiver(expires=TODAY)
    assert apply_waivers([finding()], [last], context()).findings[0].state is State.WAIVED
    assert apply_waivers([finding()], [last], context(date(2026, 11, 22))).findings[0].state is State.NEW


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
    outcome = apply_waivers([finding()] * count, [old], context())
    assert [found.state for found in outcome.findings] == [State.NEW] * count
    problem = outcome.problems[0]
    assert (problem.rule, problem.level, problem.location) == ("waiver-expired", Level.WARNING, old.location)
    assert (problem.message, problem.help) == (message, mend)
    assert outcome.expired == (old,)


def test_unused() -> None:
    """A waiver that excepts nothing is a note, where everything was looked at."""
    outcome = apply_waivers([], [waiver()], context())
    assert [(found.rule, found.level, found.message) for found in outcome.problems] == [
        ("waiver-unused", Level.NOTE, "the waiver for image-digest excepts nothing")
    ]
    partly = apply_waivers([], [waiver()], context(complete=False))
    assert (partly.problems, partly.unused) == ((), (waiver(),))


def test_not_waivable() -> None:
    """No waiver excepts a rule that says it cannot be; the waiver is told so."""
    outcome = apply_waivers([finding()], [waiver()], context(waivable=False))
    assert outcome.findings == (finding(),)
    assert [(found.rule, found.message) for found in outcome.problems] == [
        ("waiver-unused", "no waiver can except image-digest")
    ]
    nothing = WaiverContext(TODAY, lambda _: None, tuple)
    assert apply_waivers([finding()], [waiver()], nothing).findings == (finding(),)


def test_problems_tell_waivers_apart() -> None:
    """Two useless waivers for one rule are two findings, named without line numbers."""
    other = waiver(paths=("a/**",), location=Location(FILE, Region(9, 5, 9, 6)))
    subjects = [found.subject for found in apply_waivers([], [waiver(), other], context()).problems]
    assert subjects == ["image-digest|||||", "image-digest|||||a/**|"]


def test_unknown_rule() -> None:
    """An entry for a rule that is not there is answered with the nearest one, in every run."""
    assert problems_of(waiver(rule="image-digst"), complete=False) == [
        (
            "waiver-malformed",
            Level.WARNING,
            "the waiver names image-digst, and there is no such rule; did you mean image-digest?",
            "a finding shows its rule's id; gategit explain RULE explains it",
        )
    ]


@pytest.mark.parametrize(
    ("expires", "message"),
    [
        (date(2026, 11, 21), "the waiver for image-digest ends today, on 2026-11-21: 1 finding will count again"),
        (date(2026, 11, 22), "the waiver for image-digest ends tomorrow, on 2026-11-22: 1 finding will count again"),
        (date(2026, 12, 5), "the waiver for image-digest ends in 14 days, on 2026-12-05: 1 finding will count again"),
    ],
)
def test_expiring(expires: date, message: str) -> None:
    """A waiver that is needed warns for its last fourteen days, and still holds."""
    soon = waiver(expires=expires)
    assert apply_waivers([finding()], [soon], context()).findings[0].state is State.WAIVED
    mend = "mend what it is for, or have team-shop agree to a new date"
    assert problems_of(soon, finding(), complete=False) == [("waiver-expiring", Level.WARNING, message, mend)]


def test_not_expiring() -> None:
    """Fifteen days ahead nothing is said; nor of a waiver that a run over a change did not need."""
    assert problems_of(waiver(expires=date(2026, 12, 6)), finding()) == []
    assert problems_of(waiver(expires=date(2026, 11, 22)), complete=False) == []


def test_rules_about_waivers_are_excepted_by_none() -> None:
    """A waiver for a warning about waivers is of no use, and is told so."""
    about = waiver(rule="waiver-expiring")
    found = replace(finding(), rule="waiver-expiring")
    assert apply_waivers([found], [about], context()).findings == (found,)
    assert [message for _, _, message, _ in problems_of(about)] == ["no waiver can except waiver-expiring"]


def test_rules_that_were_not_asked() -> None:
    """Where a rule was asked of nothing, a waiver for it is not called unused."""
    assert problems_of(waiver(), judged=lambda _: False) == []
    assert problems_of(inline(), judged=lambda _: False) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"location": Location("apps/web.yaml", Region(5, 1, 9, 1))}, True),
        ({"location": Location("apps/web.yaml", Region(2, 1, 3, 1))}, False),
        ({"location": Location("apps/web.yaml", Region(6, 1, 6, 2))}, False),
        ({"location": Location("apps/web.yaml")}, False),
        ({"location": Location("apps/other.yaml", Region(3, 1, 3, 5))}, False),
        ({"rule": "image-latest-tag"}, False),
        ({"object": None}, True),
        ({"object": replace(WEB, api_version="apps/v1beta1")}, True),
        ({"object": replace(WEB, api_version="example.com/v1")}, False),
        ({"object": replace(WEB, name="other")}, False),
    ],
)
def test_inline_matches(changes: dict[str, Any], *, expected: bool) -> None:
    """A waiver in a comment matches what stands on its lines of its file and is about its object."""
    assert inline().matches(replace(finding(), **changes)) is expected


def test_inline_is_said() -> None:
    """What a comment excepts is marked as excepted in the source."""
    waived = apply_waivers([finding()], [inline()], context()).findings[0]
    assert waived.waiver == AppliedWaiver("team-shop", "soon", "2027-01-31", inline=True)


def test_inline_problems() -> None:
    """A waiver in a comment that is of no use is reported wherever its file was judged."""
    assert problems_of(inline(), complete=False) == [
        (
            "waiver-unused",
            Level.NOTE,
            "the waiver for image-digest excepts nothing",
            "delete it, or put it at its field",
        )
    ]
    assert problems_of(inline(), complete=False, waivable=False) == [
        (
            "waiver-unused",
            Level.NOTE,
            "no waiver can except image-digest",
            "delete it, and mend what it was for",
        )
    ]


def test_inline_too_far_ahead() -> None:
    """A comment excepts nothing for longer than a year; on the last possible day it does."""
    far = inline(expires=date(2027, 11, 23))
    assert apply_waivers([finding()], [far], context()).findings == (finding(),)
    assert problems_of(far, finding()) == [
        (
            "waiver-malformed",
            Level.WARNING,
            "the waiver for image-digest ends on 2027-11-23, more than 366 days ahead",
            "choose a day up to 2027-11-22: until then it excepts nothing",
        )
    ]
    near = inline(expires=date(2027, 11, 22))
    assert apply_waivers([finding()], [near], context()).findings[0].state is State.WAIVED


def test_added() -> None:
    """A waiver that the change adds excepts nothing; the finding says when it will, and a comment is a note."""
    mended = replace(finding(), help="Pin it.")
    outcome = apply_waivers([mended, finding()], [], context(), [inline(), waiver()])
    note = "this change brings a waiver for it along, which counts after the merge: merge the waiver first"
    assert [found.state for found in outcome.findings] == [State.NEW, State.NEW]
    assert [found.help for found in outcome.findings] == [f"Pin it.\n{note}", note]
    assert [(found.rule, found.level, found.message) for found in outcome.problems] == [
        (
            "waiver-added",
            Level.NOTE,
            "this change adds a waiver for image-digest by team-shop until 2027-01-31: soon",
        )
    ]


def test_added_and_of_no_use() -> None:
    """What will never count says so when it is added."""
    outcome = apply_waivers([finding()], [], context(waivable=False), [inline(), waiver(rule="image-digst")])
    assert outcome.findings == (finding(),)
    assert [found.rule for found in outcome.problems] == ["waiver-unused", "waiver-malformed"]
    late = apply_waivers([finding()], [], context(), [inline(expires=date(2026, 11, 20))])
    assert late.findings == (finding(),)
    assert [found.message for found in late.problems] == [
        "the waiver for image-digest expired on 2026-11-20: it excepts nothing"
    ]


def test_new_in() -> None:
    """What the other list has is known, wherever it stands; of a copy nobody can say which one is known."""
    moved = waiver(location=Location(FILE, Region(30, 5, 31, 1)))
    later = waiver(expires=date(2027, 2, 1))
    assert new_in([moved, later], [waiver()], entry_identity) == [later]
    assert new_in([waiver(), moved], [waiver()], entry_identity) == [waiver(), moved]


def test_rules() -> None:
    """Every rule about waivers is complete, and all but the early warning are shown whatever the config says."""
    assert [rule.id for rule in RULES if rule.waivable] == ["waiver-expiring"]
    assert all(rule.rationale and rule.help and len(rule.summary) <= 120 for rule in RULES)
