"""Source lines with a marker under the exact characters, as wide as a terminal draws them."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from gategit.model import Region
from gategit.report.escaping import LOG_COMMAND, escape_character, is_unseen

_TAB = 4
_MAX_LINES = 4  # of a region of many lines: its first three and its last


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A line as it is drawn: its number (None for a gap), its text, and the marker below it ("" for none)."""

    number: int | None
    text: str
    marker: str = ""


def display_width(character: str) -> int:
    """How many columns a terminal gives to one character (Unicode Standard Annex 11; combining marks take none)."""
    if unicodedata.category(character) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def excerpt(lines: Mapping[int, str], region: Region, width: int) -> list[Excerpt]:
    """Show a region: the line before it for context, its lines with markers.

    Args:
        lines: the file's lines by number, as far as they are known.
        region: what to mark.
        width: columns for the text; longer lines are shortened around the marker.

    Returns:
        Nothing if the region's first line is not known.
    """
    if region.line not in lines:
        return []
    last = region.end_line
    if last > region.line and region.end_column <= 1:
        last -= 1  # the region ends with the line break of the line before
    shown: list[Excerpt] = []
    if region.line - 1 in lines and lines[region.line - 1].strip():
        shown.append(Excerpt(region.line - 1, mark(lines[region.line - 1], 1, 1, width)[0]))
    numbers = list(range(region.line, min(last, region.line + _MAX_LINES) + 1))
    if last - region.line >= _MAX_LINES:
        numbers = [*numbers[: _MAX_LINES - 1], last]
    previous = region.line
    for number in numbers:
        if number not in lines:
            continue
        if number > previous + 1:
            shown.append(Excerpt(None, "…"))
        text = lines[number]
        start = region.column if number == region.line else len(text) - len(text.lstrip()) + 1
        end = region.end_column if number == region.end_line else len(text.rstrip()) + 1
        drawn, marker = mark(text, start, end, width)
        shown.append(Excerpt(number, drawn, marker))
        previous = number
    return shown


def marked_parts(line: Excerpt) -> tuple[str, str, str]:
    """Split a drawn line into what stands before, above and after its marker, for formats that can underline."""
    start = line.marker.find("^") if line.marker else width_of(line.text)
    before = _prefix(line.text, start)
    marked = _prefix(line.text[len(before) :], len(line.marker) - start)
    return before, marked, line.text[len(before) + len(marked) :]


def width_of(text: str) -> int:
    """How many columns a terminal gives to drawn text."""
    return sum(map(display_width, text))


def _prefix(text: str, width: int) -> str:
    """The start of a text that fills ``width`` columns, with the combining marks that follow it."""
    used = 0
    for index, character in enumerate(text):
        size = display_width(character)
        if used + size > width:
            return text[:index]
        used += size
    return text


def mark(text: str, start: int, end: int, width: int) -> tuple[str, str]:
    """Draw one line and the marker below it.

    Args:
        text: the line.
        start: the 1-based column of the first marked character.
        end: the column after the last one.
        width: columns at most.

    Returns:
        The line as drawn, tabs expanded and unseen characters escaped, and a marker of at least one ``^``.
    """
    text = text.rstrip("\r\n")
    start = min(max(start, 1), len(text) + 1)
    end = min(max(end, start), len(text) + 1)
    if len(text) <= width and text.isascii() and text.isprintable() and "##" not in text:
        return text.rstrip(), " " * (start - 1) + "^" * max(end - start, 1)  # nearly every line
    # A line may be megabytes long: only what can be drawn is looked at.
    left = max(0, start - 1 - width)
    cells: list[tuple[str, int]] = []
    column = 0
    for index, character in enumerate(text[left : start + 2 * width], left):
        if character == "#" and LOG_COMMAND.match(text, index):
            drawn, size = "\\x23", 4
        elif character == "\t":
            size = _TAB - column % _TAB
            drawn = " " * size
        elif is_unseen(character):
            drawn = escape_character(character)
            size = len(drawn)
        else:
            drawn, size = character, display_width(character)
        cells.append((drawn, size))
        column += size
    cut_right = start + 2 * width < len(text)
    before = sum(size for _, size in cells[: start - 1 - left])
    marked = sum(size for _, size in cells[start - 1 - left : end - 1 - left])
    if column <= width and not left and not cut_right:
        return "".join(drawn for drawn, _ in cells).rstrip(), " " * before + "^" * max(marked, 1)
    return _clip(cells, (before, max(marked, 1)), width, more_left=left > 0, more_right=cut_right)


def _clip(
    cells: list[tuple[str, int]], marker: tuple[int, int], width: int, *, more_left: bool, more_right: bool
) -> tuple[str, str]:
    """Cut drawn cells to ``width`` columns around the marker, with an ellipsis where something was left out.

    ``marker`` is its first column, counted from 0, and its width.
    """
    before, marked = marker
    first = 0
    if more_left or before + marked > width - 1:
        first = max(before - max((width - min(marked, width)) // 2, width // 4), 1 if more_left else 0)
    drawn = ["…"] if first or more_left else []
    used = len(drawn)
    offset, origin = 0, None
    for text, size in cells:
        if offset >= first:
            if origin is None:
                origin = offset - used
            if used + size > width - 1:
                more_right = True
                break
            drawn.append(text)
            used += size
        offset += size
    line = "".join(drawn).rstrip() + ("…" if more_right else "")
    indent = before - (origin or 0)
    return line, " " * indent + "^" * max(min(marked, width - indent), 1)
