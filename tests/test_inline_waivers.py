"""Waivers in comments: what is one, what it says, and what it covers. Nothing but a YAML comment is ever one."""

from __future__ import annotations

import json
from datetime import date
from random import Random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gategit.inline_waivers import (
    MAX_INLINE,
    Inline,
    NotAWaiverError,
    Words,
    decode_inline,
    encode_inline,
    parse,
    read_inline,
)
from gategit.manifests.decode import decode
from gategit.manifests.file import read_file
from gategit.manifests.positions import SourceMap
from gategit.manifests.text import Lines
from gategit.model import FieldPath, ObjectRef
from gategit.waivers import MALFORMED, Scope, inline_identity

WAIVE = "# gategit: waive some-rule by team-shop until 2027-01-31 -- soon"
DAY = date(2027, 1, 31)

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
  labels:
    app: web
    tier: front
spec:
  template:
    spec:
      containers:
        - name: web
          image: web:1.4
        - name: proxy
          image: proxy:2
          args: ["-v"]
"""


def read(text: str, path: str = "web.yaml") -> Inline:
    """The waivers of a file with this text."""
    return read_inline(read_file(path, text.encode()))


def scopes(text: str) -> list[tuple[int, int, int]]:
    """The line of each waiver, and the first and last line that it covers."""
    found = []
    for waiver in read(text).waivers:
        assert waiver.scope is not None
        assert waiver.location.region is not None
        found.append((waiver.location.region.line, waiver.scope.first, waiver.scope.last))
    return found


def problems(text: str) -> list[tuple[int, str]]:
    """The line of each comment that is no waiver, and what is said of it."""
    found = []
    for problem in read(text).problems:
        assert problem.location.region is not None
        found.append((problem.location.region.line, problem.message.removeprefix("this comment is no waiver: ")))
    return found


def above(line: str, comment: str = WAIVE, text: str = DEPLOYMENT) -> str:
    """The text with a comment on a line of its own above the one line that reads so."""
    assert text.count(f"\n{line}\n") + text.startswith(f"{line}\n") == 1
    indent = line[: len(line) - len(line.lstrip())]
    return f"\n{text}".replace(f"\n{line}\n", f"\n{indent}{comment}\n{line}\n")[1:]


def after(line: str, comment: str = WAIVE, text: str = DEPLOYMENT) -> str:
    """The text with a comment at the end of the one line that reads so."""
    assert text.count(f"\n{line}\n") + text.startswith(f"{line}\n") == 1
    return f"\n{text}".replace(f"\n{line}\n", f"\n{line}  {comment}\n")[1:]


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        (WAIVE, Words(("some-rule",), "team-shop", DAY, "soon")),
        ("# gategit: waive some-rule until 2027-01-31 -- soon", Words(("some-rule",), "", DAY, "soon")),
        ("#gategit:waive a until 2027-01-31 -- b", Words(("a",), "", DAY, "b")),
        ("## gategit:\twaive a,b ,c , d until 2027-01-31 -- e", Words(("a", "b", "c", "d"), "", DAY, "e")),
        ("# gategit: waive a, a until 2027-01-31 -- e", Words(("a",), "", DAY, "e")),
        ("# gategit: waive a by Shop Team until 2027-01-31 -- e", Words(("a",), "Shop Team", DAY, "e")),
        ("# gategit: waive a until 2027-01-31 -- until 2028 -- by us", Words(("a",), "", DAY, "until 2028 -- by us")),
        ("# a comment", None),
        ("# gategit: the gate in front of this branch", None),
        ("# see gategit: it says more", None),
    ],
)
def test_parse(comment: str, expected: Words | None) -> None:
    """A comment says which rules, by whom, until when and why; one that is not addressed to gategit says nothing."""
    assert parse(comment) == expected


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("# gategit: waive", "it gives no reason after --"),
        ("# gategit: waive a until 2027-01-31", "it gives no reason after --"),
        ("# gategit: waive a until 2027-01-31 --", "it gives no reason after --"),
        ("# gategit: waive a until 2027-01-31 --soon", "it gives no reason after --"),
        ("# gategit: waive a until 2027-01-31 - soon", "it gives no reason after --"),
        ("# gategit: waive a -- soon", "it does not say until when"),
        ("# gategit: waive a by us -- soon", "it does not say until when"),
        ("# gategit: waive until 2027-01-31 -- soon", "it names no rule"),
        ("# gategit: waive a, until 2027-01-31 -- soon", "it names no rule"),
        ("# gategit: waive by us until 2027-01-31 -- soon", "it names no rule"),
        ("# gategit: waive a by until 2027-01-31 -- soon", "it names no owner after by"),
        ("# gategit: waive a b until 2027-01-31 -- soon", "a b is no rule's id; rules are separated by commas"),
        ("# gategit: waive * until 2027-01-31 -- soon", "* is no rule's id"),
        ("# gategit: waive Image until 2027-01-31 -- soon", "Image is no rule's id"),
        ("# gategit: waive a until 2027-02-30 -- soon", "there is no day 2027-02-30"),
        (
            "# gategit: waive a until tomorrow -- soon",
            "until must be followed by a date such as 2027-01-31, and then by -- and the reason",
        ),
        (
            "# gategit: waive a until 2027-1-31 -- soon",
            "until must be followed by a date such as 2027-01-31, and then by -- and the reason",
        ),
        (
            "# gategit: waive a until 2027-01-31 by us -- soon",
            "until must be followed by a date such as 2027-01-31, and then by -- and the reason",
        ),
        ("# gategit: wave a until 2027-01-31 -- soon", "it says wave, and the word is waive"),
        ("# gategit: Waive a until 2027-01-31 -- soon", "it says Waive, and the word is waive"),
        ("# later; gategit: waive a until 2027-01-31 -- soon", "a waiver must be the whole comment"),
    ],
)
def test_malformed(comment: str, message: str) -> None:
    """Each slip of the pen is named."""
    with pytest.raises(NotAWaiverError) as caught:
        parse(comment)
    assert str(caught.value) == message


def test_malformed_is_a_finding() -> None:
    """It stands on the comment, from its # to its end, and says what a waiver looks like."""
    text = after("          image: web:1.4", "# gategit: waive image-digest -- soon")
    inline = read(text)
    [problem] = inline.problems
    region = problem.location.region
    assert inline.waivers == ()
    assert region is not None
    assert (region.line, region.column, region.end_line, region.end_column) == (14, 27, 14, 64)
    assert (problem.rule, problem.level) == ("waiver-malformed", MALFORMED.level)
    assert problem.message == "this comment is no waiver: it does not say until when"
    assert problem.help == (
        "write # gategit: waive RULE by OWNER until 2027-01-31 -- REASON, at the field that it is about"
    )


def test_every_part() -> None:
    """What the comment says arrives in the waiver; two rules are two waivers of one place."""
    text = after("          image: web:1.4", "# gategit: waive a, b by team-shop until 2027-01-31 -- it's pinned soon")
    first, second = read(text).waivers
    assert (first.rule, second.rule) == ("a", "b")
    assert (first.owner, first.reason, first.expires) == ("team-shop", "it's pinned soon", DAY)
    assert first.location == second.location
    assert first.scope is not None
    assert first.scope.object == ObjectRef("apps/v1", "Deployment", "shop", "web")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (after("          image: web:1.4"), (14, 14, 14)),
        (after("  labels:"), (6, 6, 8)),
        (after("spec:"), (9, 9, 17)),
        (after("apiVersion: apps/v1"), (1, 1, 1)),
        (after("        - name: web"), (13, 13, 13)),
        (above("          image: web:1.4"), (14, 15, 15)),
        (above("  labels:"), (6, 7, 9)),
        (above("    app: web"), (7, 8, 8)),
        (above("        - name: web"), (13, 14, 15)),
        (above("        - name: proxy"), (15, 16, 18)),
        (above("spec:"), (9, 10, 18)),
        (above("apiVersion: apps/v1"), (1, 2, 18)),
        (f"{WAIVE}\n\n# The shop's front.\n---\n{DEPLOYMENT}", (1, 5, 21)),
        (f"# The shop's front.\n{WAIVE}\n\n{DEPLOYMENT}", (2, 4, 20)),
        (f"--- {WAIVE}\n{DEPLOYMENT}", (1, 2, 18)),
        (f"a: b\n---\n{WAIVE}\nc: d\ne: f\n", (3, 4, 5)),
        (f"a: b\n--- {WAIVE}\nc: d\n", (2, 3, 3)),
        (f"a: b\n...\n---\n{WAIVE}\nc: d\n", (4, 5, 5)),
        (f"a:\n  - {WAIVE}\n    b: c\n    d: e\n  - f\n", (2, 3, 4)),
        (f"a:\n  {WAIVE}\n  -\n    b: c\n    d: e\n  - f\n", (2, 4, 5)),
        (f"a:\n  {WAIVE}\n  - # the first\n\n    b: c\n  - f\n", (2, 5, 5)),
        (f'a: ["b", {WAIVE}\n    "c"]\n', (1, 1, 1)),
        (f'a: [\n  {WAIVE}\n  "b", "c",\n  "d"]\n', (2, 3, 3)),
        (f"a: &anchor {WAIVE}\n  b: c\n  d: e\nf: g\n", (1, 1, 3)),
        (f"a: | {WAIVE}\n  # b\n  c\nd: e\n", (1, 1, 1)),
        (f"a: &x !!str >- {WAIVE}\n  b\n", (1, 1, 1)),
        (f"a: b\nc: 'd' {WAIVE}\n", (2, 2, 2)),
        (f"a: b\nc: {WAIVE}\nd: e\n", (2, 2, 2)),
        (f"a:\n  b: c\n  {WAIVE}\nd: e\n", (3, 4, 4)),
        (f"a: b\n{WAIVE}\n# more\nc:\n  d: |\n    e\n    f\n\n\n# g\nh: i\n", (2, 4, 7)),
        (f"a: b\r\n{WAIVE}\r\nc:\r\n  d: e\r\nf: g\r\n", (2, 3, 4)),
    ],
)
def test_scope(text: str, expected: tuple[int, int, int]) -> None:
    """A comment covers what begins on its line, or on the line below it; before the first key, the whole document."""
    assert (scopes(text), problems(text)) == ([expected], [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"a: b\n{WAIVE}\n\nc: d\n", (2, "it stands above no field")),
        (f"a: b\n{WAIVE}\n", (2, "it stands above no field")),
        (f"a: b\n{WAIVE}\n---\nc: d\n", (2, "it stands above no field")),
        (f"a: [\n  b\n] {WAIVE}\n", (3, "no field begins on its line")),
    ],
)
def test_no_place(text: str, expected: tuple[int, str]) -> None:
    """A comment that is about nothing excepts nothing, and is told so."""
    assert (scopes(text), problems(text)) == ([], [expected])


@pytest.mark.parametrize(
    "text",
    [
        f'a: "{WAIVE}"\n',
        f"a: '{WAIVE}'\n",
        f"a: b{WAIVE}\n",
        f"a: |\n  {WAIVE}\n  b\n",
        f"a: >-\n  b {WAIVE}\n",
        f"a: |2\n\n    {WAIVE}\nb: c\n",
        f'a: "b\n  {WAIVE}\n  c"\n',
        f"a: 'it''s {WAIVE}'\n",
        f'"{WAIVE}": a\n',
        f'- ["{WAIVE}"]\n',
        f"--- |\n {WAIVE}\n",
        f"a: &x '{WAIVE}'\nb: *x\n",
        f"a: b\n\tc: {WAIVE}\n",
        f"{{{{- if .a }}}}\na: b {WAIVE}\n{{{{- end }}}}\n",
        "",
    ],
)
def test_no_comment(text: str) -> None:
    """What stands in a string, in a block scalar or in a text that YAML cannot read is no comment."""
    assert read(text) == Inline((), ())


def test_json_has_no_comments() -> None:
    """A file of JSON is not searched."""
    assert read(f'{{"a": 1}} {WAIVE}\n', "web.json") == Inline((), ())


def test_a_file_of_another_encoding() -> None:
    """A file that is not text has no waivers."""
    assert read_inline(read_file("web.yaml", b"\xff" + WAIVE.encode())) == Inline((), ())


def identity(text: str) -> str:
    """What names the one waiver of a text."""
    [waiver] = read(text).waivers
    return inline_identity(waiver)


CONTAINER = "        - name: web"
IMAGE = "          image: web:1.4"


@pytest.mark.parametrize(
    "text",
    [
        f"# a line more\n{after(IMAGE)}",
        after(IMAGE).replace("- name: web\n", "- name: first\n        - name: web\n"),
        after(IMAGE).replace("image: web:1.4", "image: web:1.5"),
        after(IMAGE).replace("apps/v1", "apps/v1beta1"),
        f"a: b\n---\n{after(IMAGE)}",
        after(IMAGE).replace("  # gategit: waive", " #  gategit:  waive"),
    ],
)
def test_the_same_waiver(text: str) -> None:
    """Lines and siblings that move, and values that change, leave a waiver what it is."""
    assert identity(text) == identity(after(IMAGE))


@pytest.mark.parametrize(
    "text",
    [
        after("          image: proxy:2"),
        after(CONTAINER),
        above(CONTAINER),
        after(IMAGE, WAIVE.replace("some-rule", "other-rule")),
        after(IMAGE, WAIVE.replace("2027-01-31", "2027-02-28")),
        after(IMAGE, WAIVE.replace("team-shop", "team-other")),
        after(IMAGE, f"{WAIVE}er"),
        after(IMAGE).replace("  name: web\n", "  name: other\n", 1),
        after(IMAGE).replace("namespace: shop", "namespace: prod"),
        after(IMAGE).replace("kind: Deployment", "kind: StatefulSet"),
        after(IMAGE).replace("- name: web\n", "- name: other\n"),
    ],
)
def test_another_waiver(text: str) -> None:
    """Another rule, reason, owner, date, object, field or item makes another waiver."""
    assert identity(text) != identity(after(IMAGE))


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (
            f"a:\n  - b:  {WAIVE}\n      c: d\n    e: f\n",
            f"a:\n  {WAIVE}\n  - b:\n      c: d\n    e: f\n",
        ),
        (f"a:\n  - name: b  {WAIVE}\n    c: d\n", f"a:\n  - {{name: b, c: d}}  {WAIVE}\n"),
        (f"a: {{  {WAIVE}\n  b: c}}\n", f"a: {{b: c}}  {WAIVE}\n"),
    ],
)
def test_a_waiver_that_covers_more_is_another_one(before: str, now: str) -> None:
    """The same comment at the same field is another waiver where the layout makes it cover more."""
    assert identity(before) != identity(now)


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (after(IMAGE), above(IMAGE)),
        (after("  labels:"), above("  labels:")),
        (f"z: y\na: {{b: c}}  {WAIVE}\n", f"z: y\n{WAIVE}\na:\n  b: c\n"),
    ],
)
def test_a_waiver_that_covers_the_same_is_the_same(before: str, now: str) -> None:
    """Above its field or beside it: what is covered counts."""
    assert identity(before) == identity(now)


RULES = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: r}
rules:
  - verbs: [get]
  - verbs: ["*"]
"""


def test_nameless_items_are_known_by_their_content() -> None:
    """A waiver that is moved from one nameless item to the next, or kept while its item changes, is another one."""
    first = above("  - verbs: [get]", text=RULES)
    assert identity(first) == identity(first.replace('  - verbs: ["*"]\n', ""))
    swapped = first.replace("[get]", "[put]")
    assert identity(swapped) != identity(first)
    assert identity(above('  - verbs: ["*"]', text=RULES)) != identity(first)


def test_items_of_one_name_are_known_by_their_content() -> None:
    """A name that two items have names neither."""
    twins = "env:\n  - name: A\n    value: x\n  - name: A\n    value: y\n"
    one = after("    value: x", text=twins)
    assert identity(one) != identity(after("    value: y", text=twins))


def test_a_line_with_more_on_it_is_another_place() -> None:
    """What is added to the line that a comment covers was not there when it was written."""
    text = f"a: {{\n  b: c, {WAIVE}\n}}\n"
    assert identity(text) != identity(text.replace("b: c,", "b: c, d: e,"))


def test_items_of_a_list_are_objects() -> None:
    """In a List a waiver belongs to its item."""
    item = "  - apiVersion: v1\n    kind: ConfigMap\n    metadata: {{name: {}}}\n"
    text = f"apiVersion: v1\nkind: List\nitems:\n  {WAIVE}\n{item.format('a')}{item.format('b')}"
    [waiver] = read(text).waivers
    assert waiver.scope is not None
    assert waiver.scope.object == ObjectRef("v1", "ConfigMap", None, "a")
    assert identity(text) != identity(text.replace("name: a", "name: c"))


def test_encoding() -> None:
    """The cache gives back what it got."""
    text = f"{WAIVE}\na: b\n---\n{after(IMAGE)}"
    waivers = read(text).waivers
    assert len(waivers) == 2
    assert tuple(decode_inline("web.yaml", encode_inline(waiver)) for waiver in waivers) == waivers


def test_too_many() -> None:
    """A file with more waivers than anybody reads is read up to the limit, and that is said."""
    text = "".join(f"a{number}: b {WAIVE}\n" for number in range(MAX_INLINE + 5))
    inline = read(text)
    assert len(inline.waivers) == MAX_INLINE
    assert problems(text) == [(MAX_INLINE + 1, "only the first 1,000 of a file are read")]


def test_a_line_with_too_much_on_it() -> None:
    """A line on which a thousand fields begin is no place."""
    text = f"a: [{'b, ' * 1_001}] {WAIVE}\n"
    assert problems(text) == [(1, "more than 1,000 fields begin on the line that it is about")]


def test_hostile_files_end() -> None:
    """Comments in long stacks and on deep, wide and nameless lists cost no more than the file is long."""
    stack = f"a: b\n{(WAIVE + chr(10)) * 20_000}\nc: d\n"
    assert len(problems(stack)) == MAX_INLINE + 1
    deep = "".join(f"{'  ' * depth}- {WAIVE}\n" for depth in range(90))
    wide = "a:\n" + "".join(f"  - b: [{number}] {WAIVE}\n" for number in range(20_000))
    assert len(read(deep).waivers) + len(read(deep).problems) == 90
    assert len(read(wide).waivers) == MAX_INLINE


TEXTS = st.text(st.sampled_from("ab-:#|>[]{},'\"&*!%?~ \n\t\r\u2028\x85"), max_size=60)
PIECES = st.lists(
    st.one_of(TEXTS, st.sampled_from([WAIVE, f" {WAIVE}\n", "a: b\n", "- ", "\n---\n", "  ", "a: |\n  ", "gategit:"])),
    max_size=12,
)


@settings(deadline=None, max_examples=500)
@given(PIECES.map("".join))
@example(f'a: "b\n {WAIVE}\n"')
@example(f"a: |1\n  {WAIVE}\n {WAIVE}\n{WAIVE}\nb: c\n")
@example(f"? |\n {WAIVE}\n: {WAIVE}\n b\n")
def test_any_text(text: str) -> None:
    """Whatever the text, nothing is raised; and what is found can be blanked without a change to the data."""
    inline = read(text)
    lines = Lines(text)
    blank = list(text)
    places = {waiver.location for waiver in inline.waivers} | {problem.location for problem in inline.problems}
    for place in places:
        region = place.region
        assert region is not None
        assert region.line == region.end_line
        start = lines.line_start(region.line) + region.column - 1
        end = start + region.end_column - region.column
        assert text[start] == "#"
        blank[start + 1 : end] = "x" * (end - start - 1)
    for waiver in inline.waivers:
        assert waiver.scope is not None
        assert 1 <= waiver.scope.first <= waiver.scope.last
    assert decode("".join(blank).encode(), "web.yaml").documents == decode(text.encode(), "web.yaml").documents


NAMES = st.sampled_from(["a", "b", "name"])
DATA = st.dictionaries(
    NAMES,
    st.recursive(
        st.sampled_from(["p", "q"]),
        lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(NAMES, inner, min_size=1, max_size=3),
        max_leaves=8,
    ),
    min_size=1,
)


def layout(data: Any, random: Random, indent: str = "") -> list[str]:
    """The data as lines of YAML, in flow or block style by chance."""
    if isinstance(data, str) or (indent and random.random() < 0.3):
        return [json.dumps(data)]
    lines: list[str] = []
    for key, value in data.items() if isinstance(data, dict) else enumerate(data):
        head = f"{indent}{key}:" if isinstance(data, dict) else f"{indent}-"
        below = layout(value, random, f"{indent}  ")
        if below[0].startswith(" ") and (isinstance(data, dict) or random.random() < 0.3):
            lines += [head, *below]
        else:
            lines += [f"{head} {below[0].lstrip()}", *below[1:]]
    return lines


def covered(text: str, data: Any, scope: Scope) -> list[str]:
    """The fields that begin on a waiver's lines, list items by their content."""
    where = SourceMap(text.encode(), "a.yaml")
    found: list[str] = []
    waiting: list[tuple[Any, FieldPath, str]] = [(data, (), "")]
    while waiting:
        value, path, name = waiting.pop()
        line = where.region(0, path, on="key" if path and isinstance(path[-1], str) else "value").line
        if path and scope.first <= line <= scope.last:
            found.append(name)
        if isinstance(value, dict):
            waiting += [(inner, (*path, key), f"{name}/{key}") for key, inner in value.items()]
        elif isinstance(value, list):
            waiting += [
                (inner, (*path, at), f"{name}/{json.dumps(inner, sort_keys=True)}") for at, inner in enumerate(value)
            ]
    return sorted(found)


@settings(deadline=None, max_examples=150)
@given(DATA, st.lists(st.randoms(use_true_random=False), min_size=2, max_size=3))
def test_what_is_the_same_covers_the_same(data: Any, layouts: list[Random]) -> None:
    """However a file is laid out and wherever the comment stands: of one identity, waivers cover the same fields."""
    known: dict[str, list[str]] = {}
    for random in layouts:
        lines = layout(data, random)
        for number, line in enumerate(lines):
            indent = line[: len(line) - len(line.lstrip())]
            for changed in ([f"{indent}{WAIVE}", line], [f"{line}  {WAIVE}"]):
                text = "\n".join([*lines[:number], *changed, *lines[number + 1 :], ""])
                assert [one.data for one in decode(text.encode(), "a.yaml").documents] == [data]
                for waiver in read(text, "a.yaml").waivers:
                    assert waiver.scope is not None
                    fields = covered(text, data, waiver.scope)
                    assert known.setdefault(waiver.scope.identity, fields) == fields
