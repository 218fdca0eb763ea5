"""Patterns for names, as parameters of policies hold them."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def matches(text: str, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns fits the whole text.

    A star stands for any characters, slashes too, or for none; everything else for itself, so that ``renovate[bot]``
    and ``docker.io/*`` mean what they seem to.
    """
    return any(_fits(text, pattern) for pattern in patterns)


def _fits(text: str, pattern: str) -> bool:
    first, *others = pattern.split("*")
    if not others:
        return text == pattern
    *between, last = others
    end = len(text) - len(last)
    if not text.startswith(first) or not text.endswith(last) or end < len(first):
        return False
    position = len(first)
    for part in between:
        position = text.find(part, position, end)
        if position < 0:
            return False
        position += len(part)
    return True
