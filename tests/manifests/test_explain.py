"""Broken text is explained in plain words, at the place to mend."""

from __future__ import annotations

import pytest

from gategit.manifests.decode import decode

CASES = [
    ("url: host: x\n", 'the value of "url" holds a second ": " on the same line', (1, 10)),
    (
        "apiVersion: v1\n  kind: X\n",
        '"kind" is indented deeper than "apiVersion" in line 1, which already has a value',
        (2, 3),
    ),
    (
        "a:\n  b: 1\n c: 2\n",
        "this line is indented by 1 space, the keys of the mapping that begins in line 1 by 0",
        (3, 2),
    ),
    (
        "a:\n  - x\n  y: 1\n",
        "this line stands among the items of the list that begins in line 2, but does not begin with a dash",
        (3, 3),
    ),
    (
        "a:\n    - x\n   - y\n",
        "this list item is indented by 3 spaces, the one in line 2 by 4",
        (3, 4),
    ),
    ("a: 1\n- b\n", "a list item stands among the keys of the mapping that begins in line 1", (2, 1)),
    ("a:\n\tb: 1\n", "a tab is used to indent this line; YAML allows spaces only", (2, 1)),
    ("a: x\n\ty: 2\n", "a tab is used to indent this line; YAML allows spaces only", (2, 1)),
    ('a: "x\nb: 1\n', "the double quote that is opened here is not closed before the end of the file", (1, 4)),
    (
        "a: 'x\n---\nb: 1\n",
        "the single quote that is opened here is not closed before the end of the file",
        (1, 4),
    ),
    ("a: [1, 2\nb: 3\n", "the [ opened in line 1, column 4, is never closed", (1, 4)),
    ("a: {x: {y: 1}\n", "the { opened in line 1, column 4, is never closed", (1, 4)),
    ("a: ['x' y]\n", 'a comma or the closing ] of the [ opened in line 1 is expected before "y]"', (1, 9)),
    ("a: [1,,2]\n", "a value is expected before ,2]", (1, 7)),
    ("a: }\n", "a value is expected before }", (1, 4)),
    ("a: *nope\n", "*nope repeats the value marked &nope, and there is none above it in this document", (1, 4)),
    ("a: &x [*x]\n", "*x stands inside the value that it repeats", (1, 8)),
    ("a: *.example.com\n", "a value that begins with * repeats a marked value, and a name must follow", (1, 4)),
    ("a: & b\n", "a value that begins with & marks a value to repeat, and a name must follow", (1, 4)),
    ("a: %x\n", "a value cannot begin with %", (1, 4)),
    ("a: @x\n", "a value cannot begin with @", (1, 4)),
    ("a: `x`\n", "a value cannot begin with `", (1, 4)),
    ('a: "\\d"\n', "\\d is no escape sequence; in double quotes a backslash begins one", (1, 5)),
    ('a: "\\uZZ"\n', "the escape sequence names no character", (1, 7)),
    ("a: - b\n", 'a list item ("- ") stands on the line of its key', (1, 4)),
    ("{}\nfoo\n", "text follows the end of the document: foo", (2, 1)),
    ("a: | text\n  x\n", "nothing but a comment may follow | or > on its line: text", (1, 6)),
    ("a: |0\n x\n", "the indentation after | or > is a number from 1 to 9", (1, 5)),
    ("%foo\na: 1\n", "a line that begins with % is a directive to YAML: %foo", (1, 1)),
    ("a: \x07b\n", "a control character (U+0007) stands here, which no editor shows", (1, 4)),
    ("a: 'it's'\n", "text follows the closing quote: s'", (1, 8)),
    ("a: [x]y\n", "text follows the closing bracket: y", (1, 7)),
    ("a: 1\nb\nc: 2\n", "this line is no key, since no colon follows: b", (2, 1)),
    ("a: 1\nb:2\nc: 2\n", "a space is missing after the colon", (2, 1)),
    ("a:b\nc: 2\n", "a space is missing after the colon", (1, 1)),
    ("--\na: 1\n", "a document begins with a line ---, this one reads --", (1, 1)),
    ("a b\nc: 1\n", "the line above has no colon, so this one reads as its continuation: a b", (2, 1)),
    (": x\n", "a colon without a key before it", (1, 1)),
    ("a: !<x\n", "a value that begins with ! is a YAML tag, and this one is not complete", (1, 4)),
    (
        "a: {{ x }}-y\n",
        "a template expression stands here without quotes: {{ x }}-y",
        (1, 4),
    ),
]


@pytest.mark.parametrize(("text", "message", "place"), CASES, ids=[text for text, _, _ in CASES])
def test_messages(text: str, message: str, place: tuple[int, int]) -> None:
    """The message names what stands there and what was expected; the help says how to mend it."""
    found = decode(text.encode(), "a.yaml").problems[0]
    assert (found.rule, found.message, (found.region.line, found.region.column)) == ("yaml-syntax", message, place)
    assert found.help


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ('{"a": 1,}', "a comma stands before the closing }", "remove the comma"),
        ('{\n  // why\n  "a": 1}', "JSON knows no comments", "remove the comment"),
        ('{"a": [1', "the file ends before every bracket is closed", "add the missing } or ]"),
        (
            '{"a": NaN}',
            "not valid JSON: NaN is a number that JSON cannot carry",
            "mend it at this place; JSON knows no comments, and every key and text is in double quotes",
        ),
        (
            "{a: 1}",
            "not valid JSON: expecting property name enclosed in double quotes",
            "mend it at this place; JSON knows no comments, and every key and text is in double quotes",
        ),
    ],
)
def test_json_messages(text: str, message: str, hint: str) -> None:
    """JSON's own frequent mistakes are named."""
    (found,) = decode(text.encode(), "a.json").problems
    assert (found.rule, found.message, found.help) == ("yaml-syntax", message, hint)


def test_the_subject_holds_no_line_number() -> None:
    """A fingerprint must survive lines that are added above."""
    (before,) = decode(b"a: b: c\n", "a.yaml").problems
    (after,) = decode(b"x: 1\n\na: b: c\n", "a.yaml").problems
    assert before.subject == after.subject
    assert before.region.line != after.region.line
