"""Patterns after ``#`` and ``%`` in Flux's expressions: shell patterns whose ``*`` takes a slash too.

They are read byte by byte as ``github.com/fluxcd/pkg/envsubst/path`` does it, and cost no more than is allowed: a
pattern and a value of a stranger can be made to fit in very many ways.
"""

from __future__ import annotations

from typing import Final

_STEPS: Final = 400_000
"""How many characters may be compared for all patterns of one text."""


class BadPatternError(ValueError):
    """A pattern that is not well formed."""


class TooMuchWorkError(ValueError):
    """The patterns of a text take too long."""


class Work:
    """What may still be spent."""

    def __init__(self, steps: int = _STEPS) -> None:
        self._left = steps

    def spend(self, steps: int = 1) -> None:
        """Count steps.

        Raises:
            TooMuchWorkError: there are none left.
        """
        self._left -= steps
        if self._left < 0:
            raise TooMuchWorkError


def matches(pattern: bytes, name: bytes, work: Work) -> bool:
    """Whether a pattern matches the whole of a name.

    Raises:
        BadPatternError: the pattern is not well formed, as far as it was read.
        TooMuchWorkError: it takes too long.
    """
    while pattern:
        star, chunk, pattern = _next_chunk(pattern, work)
        if star and not chunk:
            return True
        rest = _match_chunk(chunk, name, work)
        if rest is not None and (not rest or pattern):
            name = rest
            continue
        after = _after_star(chunk, name, pattern, work) if star else None
        if after is None:
            return False
        name = after
    return not name


def _after_star(chunk: bytes, name: bytes, pattern: bytes, work: Work) -> bytes | None:
    """What is left of a name where a chunk matches somewhere behind its first byte."""
    for start in range(1, len(name) + 1):
        rest = _match_chunk(chunk, name[start:], work)
        if rest is not None and (pattern or not rest):
            return rest
    return None


def _next_chunk(pattern: bytes, work: Work) -> tuple[bool, bytes, bytes]:
    """Whether stars come first, what stands up to the next star, and the rest."""
    stripped = pattern.lstrip(b"*")
    star = len(stripped) < len(pattern)
    in_range = False
    index = 0
    while index < len(stripped):
        work.spend()
        sign = stripped[index : index + 1]
        if sign == b"\\":
            index += 1 if index + 1 < len(stripped) else 0
        elif sign == b"[":
            in_range = True
        elif sign == b"]":
            in_range = False
        elif sign == b"*" and not in_range:
            break
        index += 1
    return star, stripped[:index], stripped[index:]


def _match_chunk(chunk: bytes, name: bytes, work: Work) -> bytes | None:
    """What is left of a name that starts as the chunk says, None for one that does not."""
    at = 0
    index = 0
    work.spend(1 + len(name) // 64)
    while index < len(chunk):
        work.spend()
        if at >= len(name):
            return None
        sign = chunk[index : index + 1]
        if sign == b"[":
            rune, width = _rune(name, at)
            at += width
            fits, index = _match_class(chunk, index + 1, rune)
            if not fits:
                return None
            continue
        if sign == b"?":
            at += _rune(name, at)[1]
            index += 1
            continue
        if sign == b"\\":
            index += 1
            if index >= len(chunk):
                raise BadPatternError
        if chunk[index] != name[at]:
            return None
        at += 1
        index += 1
    return name[at:]


def _match_class(chunk: bytes, index: int, rune: int) -> tuple[bool, int]:
    """Whether a character is in the class that starts at an index, and where the class ends."""
    negated = chunk[index : index + 1] == b"^"
    index += negated
    found = False
    ranges = 0
    while True:
        if ranges and chunk[index : index + 1] == b"]":
            return found != negated, index + 1
        low, index = _escaped(chunk, index)
        high = low
        if chunk[index : index + 1] == b"-":
            high, index = _escaped(chunk, index + 1)
        found = found or low <= rune <= high
        ranges += 1


def _escaped(chunk: bytes, index: int) -> tuple[int, int]:
    sign = chunk[index : index + 1]
    if sign in {b"", b"-", b"]"}:
        raise BadPatternError
    if sign == b"\\":
        index += 1
        if index >= len(chunk):
            raise BadPatternError
    rune, width = _rune(chunk, index)
    index += width
    if index >= len(chunk) or (rune == 0xFFFD and width == 1):
        raise BadPatternError
    return rune, index


def _rune(text: bytes, index: int) -> tuple[int, int]:
    """The character at an index and how many bytes it takes; one byte that is no UTF-8 is U+FFFD."""
    first = text[index]
    if first < 0x80:
        return first, 1
    for width in (2, 3, 4):
        try:
            return ord(text[index : index + width].decode("utf-8")), width
        except (UnicodeDecodeError, TypeError):
            continue
    return 0xFFFD, 1
