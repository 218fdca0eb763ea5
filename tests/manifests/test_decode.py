"""Bytes to data, as kubectl would send it; and what is said of bytes that cannot be read."""

from __future__ import annotations

import codecs
from typing import Any

import pytest

from gategit.manifests.decode import Decoded, Limits, Problem, decode
from gategit.model import Region


def data(text: str | bytes, path: str = "a.yaml") -> list[Any]:
    """The data of each document of a text without problems."""
    decoded = decode(text if isinstance(text, bytes) else text.encode(), path)
    assert decoded.problems == ()
    return [document.data for document in decoded.documents]


def problem(text: str | bytes, path: str = "a.yaml", limits: Limits | None = None) -> Problem:
    """The one problem of a text."""
    (found,) = decode(text if isinstance(text, bytes) else text.encode(), path, limits or Limits()).problems
    return found


def test_documents_keep_their_numbers() -> None:
    """Empty documents are left out, and counted."""
    decoded = decode(b"# head\n---\n---\na: 1\n---\n~\n---\n# only this\n---\nb: 2\n...\n---\nc: 3\n", "a.yaml")
    assert [(one.index, one.line, one.data) for one in decoded.documents] == [
        (1, 4, {"a": 1}),
        (4, 10, {"b": 2}),
        (5, 13, {"c": 3}),
    ]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"# nothing\n", b"---\n", b"~\n", codecs.BOM_UTF8])
def test_nothing_is_no_document(content: bytes) -> None:
    """Empty files and files of comments hold nothing, and nothing is wrong with them."""
    assert decode(content, "a.yaml") == Decoded((), ())


@pytest.mark.parametrize(
    "content",
    [
        b"a: \xc3\xa9\nb: 1\n",
        b"a: \xc3\xa9\r\nb: 1\r\n",
        codecs.BOM_UTF8 + b"a: \xc3\xa9\nb: 1\n",
        codecs.BOM_UTF16_LE + "a: é\nb: 1\n".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + "a: é\r\nb: 1\r\n".encode("utf-16-be"),
    ],
)
def test_encodings(content: bytes) -> None:
    """UTF-8 and UTF-16, with their marks and either line end, hold the same."""
    assert data(content) == [{"a": "é", "b": 1}]


def test_merge_keys() -> None:
    """Explicit keys win over merged ones, earlier sources over later ones."""
    text = "x: &x {a: 1, b: 1}\nw: &y {b: 2, c: 2}\nz:\n  <<: [*x, *y]\n  c: 3\nv: {c: 4, <<: *y}\nq: {'<<': 1}\n"
    assert data(text) == [
        {
            "x": {"a": 1, "b": 1},
            "w": {"b": 2, "c": 2},
            "z": {"c": 3, "a": 1, "b": 1},
            "v": {"c": 4, "b": 2},
            "q": {"<<": 1},
        },
    ]


def test_anchors_may_be_set_again() -> None:
    """An alias means the last anchor of its name before it, within its document."""
    assert data("a: &x 1\nb: *x\nc: &x 2\nd: *x\n") == [{"a": 1, "b": 1, "c": 2, "d": 2}]


def test_keys_become_text() -> None:
    """Keys that are no text reach the cluster as text."""
    assert data('1: a\nyes: b\n0x10: c\n1.5: d\n"2": e\n') == [{"1": "a", "true": "b", "16": "c", "1.5": "d", "2": "e"}]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("!!str 12", "12"),
        ("! 12", 12),
        ("!!int '12'", 12),
        ("!!float 1", 1),
        ("!!bool 'yes'", True),
        ("!!null ''", None),
        ("!!binary aGk=", "hi"),
        ("!!timestamp 2024-01-31", "2024-01-31"),
        ("!Ref 12", "12"),
        ("!custom {a: 1}", {"a": 1}),
        ("!!set {a, b}", {"a": None, "b": None}),
    ],
)
def test_tags(text: str, value: object) -> None:
    """Core tags are enforced; unknown ones make a scalar text and are ignored on collections."""
    assert data(f"a: {text}\n") == [{"a": value}]


def test_urls_in_brackets() -> None:
    """A colon inside a value in brackets is part of it unless a space follows."""
    assert data("args: [--url=http://a:80/, b]\nenv: {url: https://x/}\n") == [
        {"args": ["--url=http://a:80/", "b"], "env": {"url": "https://x/"}},
    ]


def test_json() -> None:
    """One JSON value or several; whole floats stay what JSON readers take them for."""
    assert data(b'{"a": [1, null, "\\u00e9\\/"]}\n', "a.json") == [{"a": [1, None, "é/"]}]
    assert data(b'{"a": 1}\n{"b": 2}', "a.json") == [{"a": 1}, {"b": 2}]
    assert data(codecs.BOM_UTF8 + b"[]", "a.json") == [[]]
    assert data(b'{"a": "\\ud83d\\ude00 \\ud800"}', "a.json") == [{"a": "😀 \ufffd"}]
    assert data(b"", "a.json") == []


def test_every_duplicate_key_is_named_with_both_places() -> None:
    """At any depth, and after keys have become text."""
    decoded = decode(b"a: 1\nb:\n- c: 1\n  d: 2\n  c: 3\ntrue: 1\nyes: 2\na: 4\n", "a.yaml")
    assert [(one.rule, one.message, one.region, one.related[0][0].line) for one in decoded.problems] == [
        (
            "duplicate-key",
            'the key "c" is already set in line 3, column 3; only one of the two counts',
            Region(5, 3, 5, 4),
            3,
        ),
        (
            "duplicate-key",
            'the key "true" is already set in line 6, column 1; only one of the two counts',
            Region(7, 1, 7, 4),
            6,
        ),
        (
            "duplicate-key",
            'the key "a" is already set in line 1, column 1; only one of the two counts',
            Region(8, 1, 8, 2),
            1,
        ),
    ]
    assert decoded.documents[0].data["a"] == 4


def test_duplicate_keys_in_json() -> None:
    """JSON readers keep the last of two keys without a word."""
    found = problem(b'{\n  "a": 1,\n  "b": {"c": 1, "c": 2}\n}\n', "a.json")
    assert (found.rule, found.region) == ("duplicate-key", Region(3, 17, 3, 20))
    assert found.message == 'the key "c" is already set in line 3, column 9; only one of the two counts'


def test_one_broken_document_does_not_hide_the_others() -> None:
    """Each broken document has its own problem, the others are read and keep their numbers."""
    decoded = decode(b"# head\n---\na: 1\n---\nb: c: d\n---\n---\ne: [\n...\n---\nf: 2\n", "a.yaml")
    assert [(one.index, one.line, one.data) for one in decoded.documents] == [(0, 3, {"a": 1}), (4, 11, {"f": 2})]
    assert [(one.rule, one.region.line) for one in decoded.problems] == [("yaml-syntax", 5), ("yaml-syntax", 8)]


def test_merge_conflict() -> None:
    """The markers are named as such; documents outside are read."""
    text = "a: 1\n---\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> feature\n---\nc: 3\n"
    decoded = decode(text.encode(), "a.yaml")
    assert [one.data for one in decoded.documents] == [{"a": 1}, {"c": 3}]
    (found,) = decoded.problems
    assert found.rule == "merge-conflict-marker"
    assert found.message == (
        "a merge conflict between HEAD and feature was committed unresolved: the line <<<<<<< HEAD is not YAML"
    )
    assert found.region == Region(3, 1, 3, 13)


def test_indented_markers_are_text() -> None:
    """Inside a text block the same signs are content."""
    assert data("a: |\n  <<<<<<< HEAD\n  =======\n  >>>>>>> x\n") == [{"a": "<<<<<<< HEAD\n=======\n>>>>>>> x\n"}]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: \xff\n", "the file is not text: byte 4 (0xff) is not valid UTF-8"),
        (b"a: 1\n\x00", "the file is not text: character 6 is NUL, as in a binary file"),
        (b"\xff\xfea\x00:", "the file is not text: byte 5 (0x3a) is not valid UTF-16"),
        (b"\x1f\x8b\x08\x00\x00", "the file is not text: byte 2 (0x8b) is not valid UTF-8"),
    ],
)
def test_not_text(content: bytes, message: str) -> None:
    """Binary files say at which byte they stop being text."""
    found = problem(content)
    assert (found.rule, found.message) == ("not-text", message)
    assert (
        found.help
        == "save it as UTF-8; a file that is not YAML or JSON needs another extension, or an entry under exclude"
    )


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 1_000_000, "values nest deeper than 100 levels"),
        ("- " * 500_000, "values nest deeper than 100 levels"),
        ("{a: " * 250_000, "values nest deeper than 100 levels"),
        ("? " * 500_000, "values nest deeper than 100 levels"),
        ("\n".join(" " * depth + "a:" for depth in range(1000)), "values nest deeper than 100 levels"),
        ("a:\n" + "\n".join("  " * depth + "- a:" for depth in range(800)), "values nest deeper than 100 levels"),
        ("- x\n" * 400_000, "a document holds more than 300,000 values"),
        ("a: " + "x" * 1_600_000, "one value has 1,600,000 characters; gategit reads at most 1,572,864"),
        (BOMB, "the file grows beyond 300,000 values when its aliases are written out"),
        ("---\n" * 20_000, "the file holds more than 10,000 documents"),
    ],
    ids=["brackets", "dashes", "braces", "questions", "indents", "lists", "items", "scalar", "aliases", "documents"],
)
def test_bombs_end_in_a_finding(text: str, message: str) -> None:
    """What asks for too much is refused before it is built."""
    found = problem(text)
    assert (found.rule, found.message) == ("yaml-limit", message)


def test_deep_json() -> None:
    """JSON has the same limits."""
    assert problem("[" * 500_000, "a.json").message == "values nest deeper than 100 levels"
    assert problem("[" * 101 + "]" * 101, "a.json").message == "values nest deeper than 100 levels"
    assert data("[" * 100 + "]" * 100, "a.json") != []


def test_large_files_are_not_read() -> None:
    """The size limit is the caller's."""
    found = problem(b"a: 1234567890", limits=Limits(file_bytes=5))
    assert (found.rule, found.message) == ("yaml-limit", "the file has 13 bytes; gategit reads at most 5")
    assert found.help == "split the file, or raise limits.file_size in .gategit.yaml"


def test_the_allowed_depth_is_allowed() -> None:
    """A hundred levels are read, also where aliases add to them; one more is refused."""
    assert data("[" * 100 + "]" * 100) != []
    assert problem("[" * 101 + "]" * 101).rule == "yaml-limit"
    deep = "a: &a " + "[" * 60 + "]" * 60 + "\nb: " + "[" * 60 + "*a" + "]" * 60 + "\n"
    assert problem(deep).message == "values nest deeper than 100 levels when aliases are written out"


@pytest.mark.parametrize(
    ("text", "message", "region"),
    [
        ("a: .nan\n", ".nan is a number that JSON cannot carry, so kubectl refuses it", Region(1, 4, 1, 8)),
        ("a: -.inf\n", "-.inf is a number that JSON cannot carry, so kubectl refuses it", Region(1, 4, 1, 9)),
        ("null: 1\n", "a key is empty (null); a key must be text", Region(1, 1, 1, 5)),
        ("? [a]\n: 1\n", "a key is a mapping or a list; a key must be text", Region(1, 3, 1, 6)),
        ("a: {{ b }}\n", "{{ }} without quotes is a mapping inside a mapping, not text", Region(1, 5, 1, 10)),
        ("a:\n  <<: 1\n", "the merge key << takes a mapping or a list of mappings", Region(2, 7, 2, 8)),
        ("a: !!int x\n", 'the value "x" is tagged !!int, but it is none', Region(1, 4, 1, 11)),
        ("a: !!binary '#'\n", "a value tagged !!binary is not base64", Region(1, 4, 1, 16)),
    ],
)
def test_what_parses_and_is_refused_all_the_same(text: str, message: str, region: Region) -> None:
    """Some YAML has no meaning as JSON, which is what the API server is sent."""
    found = problem(text)
    assert (found.rule, found.message, found.region) == ("yaml-syntax", message, region)


def test_a_fault_that_no_document_shows_is_not_lost() -> None:
    """A stream of directives without a document is broken as a whole."""
    assert [one.rule for one in decode(b"%x\n%x\n", "a.yaml").problems] == ["yaml-syntax"]


def test_problems_are_bounded_and_say_so() -> None:
    """Thousands of problems are cut short, and the cut is a problem of its own."""
    problems = decode(b"<<<<<<< a\n" * 1000, "a.yaml").problems
    assert len(problems) == 201
    assert problems[-1].message == "the file has 1,000 problems; only the first 200 are shown"


@pytest.mark.parametrize("count", [1, 6000])
def test_urls_in_brackets_need_no_quotes(count: int) -> None:
    """However large the file is; what only looks like one stays as it is written."""
    text = (
        'a: {server: https://x.example.com:6443/a?b=c, other: "v:u://w", '
        "list: [oci://r/c, git+ssh://h/p, https://h/p.git?ref=v1], "
        "http://key: 1}\nb: c://d\n---\n"
    )
    found = decode((text * count).encode(), "a.yaml")
    assert found.problems == ()
    assert len(found.documents) == count
    assert found.documents[-1].data == {
        "a": {
            "server": "https://x.example.com:6443/a?b=c",
            "other": "v:u://w",
            "list": ["oci://r/c", "git+ssh://h/p", "https://h/p.git?ref=v1"],
            "http://key": 1,
        },
        "b": "c://d",
    }
