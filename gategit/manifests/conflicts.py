"""Lines that git leaves in a file when a merge stops."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass

_MARKER = re.compile(r"^(?:<{7}(?= )|={7}(?=\r?$)|>{7}(?= ))[^\r\n]*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Conflict:
    """One conflict, from its first marker to the end of its last line."""

    start: int
    end: int
    message: str
    subject: str


def find(text: str) -> list[Conflict]:
    """Every conflict whose markers stand at the beginning of a line, in order."""
    if "<<<<<<< " not in text and ">>>>>>> " not in text:
        return []
    found: list[Conflict] = []
    opened: re.Match[str] | None = None
    for marker in _MARKER.finditer(text):
        kind = marker[0][0]
        if kind == "<":
            if opened is not None:
                found.append(_conflict(text, opened, opened.end()))
            opened = marker
        elif kind == ">":
            first = opened if opened is not None else marker
            found.append(_conflict(text, first, marker.end(), marker[0][8:].strip()))
            opened = None
    if opened is not None:
        found.append(_conflict(text, opened, len(text)))
    return found


def _conflict(text: str, first: re.Match[str], end: int, other: str = "") -> Conflict:
    name = first[0][8:].strip()[:80]
    sides = f" between {name} and {other[:80]}" if other and first[0][0] == "<" else ""
    message = f"a merge conflict{sides} was committed unresolved: the line {first[0].strip()[:100]} is not YAML"
    end_line = text.find("\n", end)
    return Conflict(first.start(), len(text) if end_line < 0 else end_line + 1, message, "conflict")


def touches(conflicts: list[Conflict], start: int, end: int) -> bool:
    """Whether a range of the text shares a character with a conflict; conflicts are in order and do not overlap."""
    after = bisect_left(conflicts, end, key=lambda conflict: conflict.start)
    return after > 0 and conflicts[after - 1].end > start
