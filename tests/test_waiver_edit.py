"""Waivers are written without touching anything else: comments, layout and data stay, or the edit is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gategit.config import load_config
from gategit.errors import ConfigError, UsageError
from gategit.inline_waivers import read_inline
from gategit.manifests.decode import decode
from gategit.manifests.file import read_file
from gategit.model import Finding, Level, Location, ObjectRef, Region, Stage
from gategit.waiver_edit import Promise, add_comment, add_entry, add_waivers_key, entry_for, entry_lines
from gategit.waivers import Waiver, load_waivers

FILE = "gate/waivers.yaml"
PROMISE = Promise("team-shop", "soon", date(2027, 1, 31))
WEB = ObjectRef("apps/v1", "Deployment", "shop", "web")
FINDING = Finding(
    rule="image-digest",
    stage=Stage.POLICY,
    level=Level.ERROR,
    message="no digest",
    location=Location("apps/web.yaml", Region(3, 1, 3, 5)),
    object=WEB,
)
LINES = (
    "rule: image-digest",
    "object: {kind: Deployment, namespace: shop, name: web}",
    "paths: [apps/web.yaml]",
    "owner: team-shop",
    "reason: soon",
    "expires: 2027-01-31",
)


def entry(finding: Finding = FINDING, promise: Promise = PROMISE) -> Waiver:
    return entry_for(finding, promise)


def test_entry() -> None:
    """It names the rule, the object and the file, so that it excepts as little else as it can."""
    assert tuple(entry_lines(entry())) == LINES
    assert entry().matches(FINDING)
    assert not entry().matches(replace(FINDING, location=Location("apps/other/web.yaml")))


@pytest.mark.parametrize(
    ("finding", "promise", "expected"),
    [
        (replace(FINDING, target="prod"), PROMISE, "target: prod"),
        (replace(FINDING, location=Location("web.yaml")), PROMISE, "paths: [/web.yaml]"),
        (replace(FINDING, location=Location("a [1]/*b.yaml")), PROMISE, r'paths: ["a \\[1\\]/\\*b.yaml"]'),
        (replace(FINDING, object=replace(WEB, namespace=None)), PROMISE, "object: {kind: Deployment, name: web}"),
        (replace(FINDING, object=replace(WEB, namespace=None, name="")), PROMISE, "object: {kind: Deployment}"),
        (
            replace(FINDING, object=replace(WEB, name="web-*")),
            PROMISE,
            r'object: {kind: Deployment, namespace: shop, name: "web-\\*"}',
        ),
        (
            replace(FINDING, object=replace(WEB, name="1")),
            PROMISE,
            'object: {kind: Deployment, namespace: shop, name: "1"}',
        ),
        (FINDING, replace(PROMISE, owner="on"), 'owner: "on"'),
        (FINDING, replace(PROMISE, reason="wait: see #12"), 'reason: "wait: see #12"'),
        (FINDING, replace(PROMISE, reason='a "b" \\ c'), r'reason: "a \"b\" \\ c"'),
    ],
)
def test_entry_is_written_as_yaml_reads_it(finding: Finding, promise: Promise, expected: str) -> None:
    """What YAML or a glob would read otherwise is quoted or escaped; the entry matches what it was written for."""
    written = entry(finding, promise)
    assert expected in entry_lines(written)
    assert written.matches(finding)
    [read] = load_waivers(add_entry(None, FILE, written).content, FILE)
    assert replace(read, location=written.location) == written


def test_entry_without_an_object() -> None:
    """A finding about a file is excepted in that file."""
    assert not [line for line in entry_lines(entry(replace(FINDING, object=None))) if line.startswith("object")]


def test_path_that_no_pattern_names() -> None:
    """A file's name of bytes that are no text is left to a person."""
    with pytest.raises(UsageError, match="cannot be written as a pattern"):
        entry(replace(FINDING, location=Location("a\udcff/b.yaml")))


def item(indent: str) -> str:
    return f"{indent}- {LINES[0]}\n" + "".join(f"{indent}  {line}\n" for line in LINES[1:])


OLD = "rule: a, owner: b, reason: c, expires: 2027-01-01"
OLD_FOLDED = "rule: a\n    owner: b\n    expires: 2027-01-01\n    reason: >-\n      c"
OLD_BLOCK = "rule: a\n    owner: b\n    reason: c\n    expires: 2027-01-01"


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (None, f"version: 1\nwaivers:\n{item('  ')}"),
        ("version: 1\n", f"version: 1\nwaivers:\n{item('  ')}"),
        ("version: 1", f"version: 1\nwaivers:\n{item('  ')}"),
        ("version: 1\nwaivers: []\n", f"version: 1\nwaivers:\n{item('  ')}"),
        ("waivers: []  # none yet\nversion: 1\n", f"waivers:  # none yet\n{item('  ')}version: 1\n"),
        ("version: 1\nwaivers: [\n]\n", f"version: 1\nwaivers:\n{item('  ')}"),
        (
            f"# ours\nversion: 1\nwaivers:\n  # one\n  - {OLD_BLOCK}  # date\n\n# the end\n",
            f"# ours\nversion: 1\nwaivers:\n  # one\n  - {OLD_BLOCK}  # date\n{item('  ')}\n# the end\n",
        ),
        (
            f"waivers:\n- {{{OLD}}}\nversion: 1\n",
            f"waivers:\n- {{{OLD}}}\n{item('')}version: 1\n",
        ),
        (
            f"version: 1\nwaivers:\n      - {{{OLD}}}",
            f"version: 1\nwaivers:\n      - {{{OLD}}}\n{item('      ')}",
        ),
        (
            f"version: 1\nwaivers:\n  - {OLD_FOLDED}\n\n\n",
            f"version: 1\nwaivers:\n  - {OLD_FOLDED}\n{item('  ')}\n\n",
        ),
        (
            f"version: 1\nwaivers: [{{{OLD}}}, ]  # x\n",
            f"version: 1\nwaivers: [{{{OLD}}}, {{{', '.join(LINES)}}}, ]  # x\n",
        ),
        ("\ufeffversion: 1\nwaivers: []\n", f"\ufeffversion: 1\nwaivers:\n{item('  ')}"),
        ("version: 1\r\nwaivers: []\r\n", f"version: 1\nwaivers:\n{item('  ')}".replace("\n", "\r\n")),
    ],
)
def test_add_entry(before: str | None, expected: str) -> None:
    """The entry comes last; every other byte stays."""
    edited = add_entry(None if before is None else before.encode(), FILE, entry())
    assert edited.content.decode() == expected
    first = load_waivers(edited.content, FILE)[-1].location.region
    assert first is not None
    assert edited.line == first.line


@pytest.mark.parametrize(
    "before",
    [
        '{"version": 1}\n',
        "--- {version: 1, waivers: []}\n...\n",
        f"version: 1\nwaivers: &w\n  - {OLD_BLOCK}\n...\n",
    ],
)
def test_add_entry_by_hand(before: str) -> None:
    """A file that cannot be edited safely is left alone, and the lines are shown."""
    with pytest.raises(ConfigError, match="cannot be edited safely") as caught:
        add_entry(before.encode(), FILE, entry())
    assert caught.value.hint == f"add this to its list by hand:\n{item('  ')}".rstrip("\n")


def test_add_entry_to_a_broken_file() -> None:
    """A file that cannot be used is not edited."""
    with pytest.raises(ConfigError, match="unknown key waivres"):
        add_entry(b"version: 1\nwaivres: []\n", FILE, entry())


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (None, "version: 1\nwaivers: gate/waivers.yaml\n"),
        ("version: 1\n# the end", "version: 1\n# the end\nwaivers: gate/waivers.yaml\n"),
        ("version: 1\npolicies:\n  packs: []\n", "version: 1\npolicies:\n  packs: []\nwaivers: gate/waivers.yaml\n"),
    ],
)
def test_add_waivers_key(before: str | None, expected: str) -> None:
    """The config gets one line more."""
    edited = add_waivers_key(None if before is None else before.encode(), ".gategit.yaml", FILE)
    assert edited.decode() == expected
    assert load_config(edited, ".gategit.yaml").waivers == FILE


@pytest.mark.parametrize("before", ["{version: 1}\n", "version: 1\n...\n"])
def test_add_waivers_key_by_hand(before: str) -> None:
    """A config that cannot be edited safely is left alone, and the line is shown."""
    with pytest.raises(ConfigError) as caught:
        add_waivers_key(before.encode(), ".gategit.yaml", FILE)
    assert caught.value.hint == "add this key by hand, and run again: waivers: gate/waivers.yaml"


COMMENT = "# gategit: waive image-digest by team-shop until 2027-01-31 -- soon"


def at(line: int) -> Finding:
    """A finding on a line of a file of no object."""
    return replace(FINDING, object=None, location=Location("a.yaml", Region(line, 1, line, 2)))


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("a: b\nc: d\n", 2, f"a: b\nc: d  {COMMENT}\n"),
        ("a: b", 1, f"a: b  {COMMENT}"),
        ("a:\n  b: c\n", 1, f"a:  {COMMENT}\n  b: c\n"),
        ("a:\n  b: c  # pinned\n", 2, f"a:\n  {COMMENT}\n  b: c  # pinned\n"),
        ("a: |\n  b\nc: d\n", 1, f"a: |  {COMMENT}\n  b\nc: d\n"),
        ('a: b\nc: "d\n  e"\n', 2, f'a: b\n{COMMENT}\nc: "d\n  e"\n'),
        ("a: b\r\nc: d  \r\n", 2, f"a: b\r\nc: d  {COMMENT}\r\n"),
        ('{"a": "b"}\n', 1, f'{{"a": "b"}}  {COMMENT}\n'),
    ],
)
def test_add_comment(text: str, line: int, expected: str) -> None:
    """It stands at the end of the line, or above where the line holds no comment, and changes no data."""
    edited = add_comment(text.encode(), at(line), PROMISE)
    assert edited.content.decode() == expected
    assert expected.splitlines()[edited.line - 1].endswith(COMMENT)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: |\n  b\n  c\n", 3),
        ('a: "b\n  c"\n', 2),
        ("a: b\n", 7),
        ("a: [b\n", 1),
        ("a: [\n  b\n]\n", 3),
    ],
)
def test_add_comment_nowhere(text: str, line: int) -> None:
    """Inside of a string, or in a text that YAML cannot read, there is no comment to be."""
    with pytest.raises(UsageError, match="no comment can stand"):
        add_comment(text.encode(), at(line), PROMISE)


@pytest.mark.parametrize(
    ("finding", "message"),
    [
        (replace(FINDING, location=Location("a.yaml")), "the finding is about the whole file"),
        (replace(FINDING, location=Location("a.json", Region(1, 1, 1, 2))), "JSON has no comments"),
    ],
)
def test_add_comment_refuses(finding: Finding, message: str) -> None:
    """What has no line, or no comments, is told so."""
    with pytest.raises(UsageError, match=message):
        add_comment(b"{}", finding, PROMISE)


@pytest.mark.parametrize("promise", [replace(PROMISE, owner="until we know"), replace(PROMISE, owner="a -- b")])
def test_add_comment_never_says_something_else(promise: Promise) -> None:
    """Words that the comment would read otherwise are refused."""
    with pytest.raises(UsageError, match="no comment can stand"):
        add_comment(b"a: b\n", at(1), promise)


WORDS = st.text(
    st.characters(min_codepoint=32, max_codepoint=0x2FFF, categories=("L", "N", "P", "S", "Zs")), min_size=1
)


@settings(deadline=None, max_examples=200)
@given(WORDS.filter(str.strip).filter(str.isprintable), WORDS.filter(str.strip).filter(str.isprintable))
def test_any_words(owner: str, reason: str) -> None:
    """Whatever is promised is what is read again."""
    promise = Promise(owner.strip(), reason.strip(), date(2027, 1, 31))
    [waiver] = load_waivers(add_entry(None, FILE, entry(FINDING, promise)).content, FILE)
    assert (waiver.owner, waiver.reason) == (promise.owner, promise.reason)


@settings(deadline=None, max_examples=300)
@given(st.text(st.sampled_from("ab-:#|>[]{},'\"&* \n"), max_size=40), st.integers(1, 6))
def test_any_file(text: str, line: int) -> None:
    """A comment changes no data of any file, or is not written."""
    try:
        edited = add_comment(text.encode(), at(line), PROMISE)
    except UsageError:
        return
    was, now = (
        [(one.index, one.data) for one in decode(content, "a.yaml").documents]
        for content in (text.encode(), edited.content)
    )
    assert was == now
    assert COMMENT in edited.content.decode()
    assert len(read_inline(read_file("a.yaml", edited.content)).waivers) == 1
