"""What a repository writes cannot break out of the table that it is counted in."""

from __future__ import annotations

import json

from gategit.checks.schema.coverage import NO_SCHEMA, Coverage, KindCoverage, Lack, to_json, to_markdown, to_text
from gategit.model import Unchecked

HOSTILE = KindCoverage(
    api_version="$(rm).io/v1",
    kind="A|<b>`@x\x1b[2J",
    objects=1,
    files=1,
    missing=1,
    origins=(),
    lacks=(Lack(NO_SCHEMA, ("t|*x*",), 1, can_add=True),),
)
COVERAGE = Coverage((HOSTILE,), (Unchecked("::error::x", "it is not text"),), 2)


def test_text_cannot_command_a_terminal() -> None:
    """What is not seen is escaped, and the command is one word for a shell."""
    assert to_text(COVERAGE, missing_only=True) == (
        "OBJECTS  FILES  KIND             API VERSION  SCHEMA FROM\n"
        "      1      1  A|<b>`@x\\x1b[2J  $(rm).io/v1  no schema (for t|*x*)\n"
        "\n"
        "To add what is missing, where FILE defines it or is a snapshot of a cluster that has it:\n"
        "  gategit schema add FILE --kind 'A|<b>`@x\\x1b[2J.$(rm).io'\n"
        "\n"
        "not looked at: ::error::x: it is not text\n"
        "2 templates: what they declare is known only when they are rendered\n"
        "0 of 1 objects (0.0 %) and 0 of 1 kinds have a schema; 1 file could not be read\n"
    )


def test_markdown_cannot_leave_its_cell() -> None:
    """Nothing of it is Markdown, HTML, or a mention."""
    lines = to_markdown(COVERAGE, missing_only=True).splitlines()
    assert lines[4] == (
        "| 1 | 1 | <code>A&#124;&lt;b&gt;&#96;&#64;x&#92;x1b&#91;2J</code> | <code>$(rm).io/v1</code> | "
        "**no schema (for t&#124;&#42;x&#42;)** |"
    )
    assert not [line for line in lines if "\x1b" in line or "@" in line]


def test_json_is_complete_and_plain() -> None:
    """In ASCII, with everything as it is."""
    text = to_json(COVERAGE, missing_only=False)
    assert text.isascii()
    assert json.loads(text)["coverage"][0]["kind"] == "A|<b>`@x\x1b[2J"


def test_nothing_at_all() -> None:
    """An empty repository has no share."""
    empty = Coverage((), (), 0)
    assert to_text(empty, missing_only=False) == "0 of 0 objects and 0 of 0 kinds have a schema\n"
    assert to_markdown(empty, missing_only=False) == "**0 of 0 objects and 0 of 0 kinds have a schema**\n"
