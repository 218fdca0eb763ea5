from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gategit.report.escaping import is_unseen, line_start, safe_lines, shorten, visible, well_formed, xml


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain é 店 🚀", "plain é 店 🚀"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("a\tb\nc\rd\0", r"a\tb\nc\rd\x00"),
        ("\x7f\x85\x9b", r"\x7f\x85\x9b"),
        ("\u202eevil\u2066\u200f", r"\u202eevil\u2066\u200f"),
        ("zero\u200bwidth\ufeff\u00ad", r"zero\u200bwidth\ufeff\xad"),
        ("\u2028\u2029", r"\u2028\u2029"),
        ("\U000e0041", r"\U000e0041"),
        ("a\xa0b\u2003c\u3000d", "a\\xa0b\\u2003c\u3000d"),
        ("\u3164", r"\u3164"),
        ("caf\udce9 \ud800", r"caf\xe9 \ud800"),
        (
            "##[add-mask]a ##vso[task.x]b ##Teamcity[c] ## [d",
            r"\x23#[add-mask]a \x23#vso[task.x]b \x23#Teamcity[c] ## [d",
        ),
    ],
)
def test_what_would_not_be_seen_is_written_as_an_escape(text: str, expected: str) -> None:
    """Controls, bidirectional overrides, zero-width characters, bytes that are not UTF-8, and log commands."""
    assert visible(text) == expected


@given(st.text(st.characters()))
def test_visible_text_is_stable_and_holds_nothing_unseen(text: str) -> None:
    """Escaping what is escaped changes nothing, so passing it twice does no harm."""
    once = visible(text)
    assert not any(is_unseen(character) for character in once)
    assert visible(once) == once
    assert once.encode().decode() == once


def test_well_formed_text_changes_lone_surrogates_alone() -> None:
    """Data for machines keeps its control characters; only what UTF-8 cannot say is escaped."""
    assert well_formed("a\x1bé\udcff\n") == "a\x1bé\\xff\n"


def test_xml_text_has_no_markup_and_no_character_that_xml_forbids() -> None:
    """XML 1.0 allows neither control characters nor U+FFFE, not even as references."""
    assert xml('<a b="c">&\x00\ufffe]]>') == "&lt;a b=&quot;c&quot;&gt;&amp;\\x00\\ufffe]]&gt;"


def test_no_line_begins_with_a_workflow_command() -> None:
    """GitHub's runner looks for :: after the white space at a line's start."""
    assert line_start("::error::x") == r"\x3a:error::x"
    assert line_start("a::b") == "a::b"
    assert safe_lines(" one\n  ::stop-commands::t\n") == ("one", r"\x3a:stop-commands::t")


def test_shortened_text_ends_with_an_ellipsis() -> None:
    """The limit includes the ellipsis."""
    assert shorten("abcdef", 6) == "abcdef"
    assert shorten("abcdefg", 6) == "abcde…"
