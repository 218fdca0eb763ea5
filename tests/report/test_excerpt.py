from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gategit.model import Region
from gategit.report.excerpt import Excerpt, excerpt, mark, marked_parts, width_of


@pytest.mark.parametrize(
    ("text", "start", "end", "expected"),
    [
        ("spec:", 1, 5, ("spec:", "^^^^")),
        ("\treplicas: 3", 2, 10, ("    replicas: 3", "    ^^^^^^^^")),
        ("a\tb: 3", 3, 4, ("a   b: 3", "    ^")),
        ("name: 店舗 x", 7, 9, ("name: 店舗 x", "      ^^^^")),
        ("店: x", 4, 5, ("店: x", "    ^")),
        ("e\u0301: x", 5, 6, ("e\u0301: x", "   ^")),
        ("\x1bab", 2, 3, (r"\x1bab", "    ^")),
        ("ab", 3, 3, ("ab", "  ^")),
        ("ab", 9, 12, ("ab", "  ^")),
        ("", 1, 1, ("", "^")),
        ("a: ##[x]", 4, 9, (r"a: \x23#[x]", "   ^^^^^^^^")),
        ("ab\r", 2, 9, ("ab", " ^")),
    ],
)
def test_marker_stands_under_the_characters(text: str, start: int, end: int, expected: tuple[str, str]) -> None:
    """Tabs, wide and combining characters and escapes are counted as they are drawn."""
    assert mark(text, start, end, 80) == expected


def test_long_line_is_shortened_around_the_marker() -> None:
    """The marked characters are seen whole, with what is near them."""
    text = "a" * 300 + "MARKED" + "b" * 300
    line, marker = mark(text, 301, 307, 60)
    assert line == "…" + "a" * 27 + "MARKED" + "b" * 25 + "…"
    assert line[marker.index("^") : len(marker)] == "MARKED"


def test_marker_longer_than_the_line_is_cut() -> None:
    """A region wider than the terminal is marked from its start to the edge."""
    line, marker = mark("x: " + "v" * 500, 4, 504, 40)
    assert line == "x: " + "v" * 36 + "…"
    assert marker == "   " + "^" * 37


@given(st.text(st.characters()), st.integers(1, 60), st.integers(1, 60), st.integers(40, 60))
@settings(max_examples=300, deadline=None)
def test_drawn_line_and_marker_fit_the_width(text: str, start: int, length: int, width: int) -> None:
    """No line of any content is wider than asked, and its marker points into it or right behind it."""
    line, marker = mark(text.replace("\n", ""), start, start + length, width)
    assert width_of(line) <= width
    assert len(marker) <= width + 1
    assert marker.strip(" ").strip("^") == ""
    assert "^" in marker


def test_region_of_many_lines_shows_its_first_and_last_ones() -> None:
    """A long block is cut in the middle; the indentation is not marked."""
    lines = {number: f"  line{number}" for number in range(1, 30)}
    assert excerpt(lines, Region(3, 5, 20, 4), 80) == [
        Excerpt(2, "  line2"),
        Excerpt(3, "  line3", "    ^^^"),
        Excerpt(4, "  line4", "  ^^^^^"),
        Excerpt(5, "  line5", "  ^^^^^"),
        Excerpt(None, "…"),
        Excerpt(20, "  line20", "  ^"),
    ]


def test_region_that_ends_at_a_line_break_does_not_show_the_next_line() -> None:
    """Column 1 of the next line is the end of this one."""
    assert excerpt({1: "a", 2: "b"}, Region(1, 1, 2, 1), 80) == [Excerpt(1, "a", "^")]


def test_unknown_lines_are_not_made_up() -> None:
    """Where the source is not known there is no excerpt."""
    assert excerpt({}, Region(1, 1, 1, 2), 80) == []
    assert excerpt({1: "a: b"}, Region(1, 1, 3, 2), 80) == [Excerpt(1, "a: b", "^^^^")]


@given(st.text("abcdefgh", min_size=1, max_size=300), st.data(), st.integers(40, 60))
@settings(max_examples=300, deadline=None)
def test_marker_begins_under_the_first_marked_character(text: str, data: st.DataObject, width: int) -> None:
    """However the line is shortened, the marker stands under what it marks."""
    start = data.draw(st.integers(1, len(text)))
    end = data.draw(st.integers(start + 1, len(text) + 1))
    line, marker = mark(text, start, end, width)
    first = marker.index("^")
    count = marker.count("^")
    assert (
        line[first : first + count].rstrip("…")
        == text[start - 1 : end - 1][: len(line[first : first + count].rstrip("…"))]
    )
    assert count == end - start or line.endswith("…")


@pytest.mark.parametrize(
    ("text", "start", "end", "expected"),
    [
        ("name: 店舗 x", 7, 9, ("name: ", "店舗", " x")),
        ("\tab", 2, 3, ("    ", "a", "b")),
        ("e\u0301a: x", 1, 3, ("", "e\u0301", "a: x")),
        ("ab", 3, 3, ("ab", "", "")),
    ],
)
def test_marked_text_is_what_the_marker_stands_under(
    text: str, start: int, end: int, expected: tuple[str, str, str]
) -> None:
    """A format that underlines marks the same characters as one that draws a marker."""
    line, marker = mark(text, start, end, 80)
    assert marked_parts(Excerpt(1, line, marker)) == expected


def test_line_without_a_marker_has_nothing_marked() -> None:
    """A line of context is whole."""
    assert marked_parts(Excerpt(1, "a: b")) == ("a: b", "", "")
