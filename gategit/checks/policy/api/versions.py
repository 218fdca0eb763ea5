"""Version numbers as tags and charts carry them, compared as far as that can be done honestly."""

from __future__ import annotations

import re

# Plain text: re compiles and keeps them when a policy first asks, and most runs never do.
_SHAPE = r"[vV]?([0-9]{1,9}(?:\.[0-9]{1,9}){0,3})(?:[-+_](.*))?"
_UNSTABLE = r"(alpha|beta|pre|rc)[-.]?([0-9]{0,9})(?![a-z])"
_STABLE = ("~", 0)  # stands behind every word of _UNSTABLE
_FIRST_BUILD = 100  # a single number this large counts builds
_FIRST_YEAR = 1000  # a first number this large is a date or a build, and no neighbour of a small one


class Version:
    """A version number, taken apart.

    Attributes:
        text: as written.
        numbers: such as ``(1, 27, 4)`` for ``v1.27.4-alpine``.
        unstable: the word and number of a version before the stable one: ``("rc", 2)`` for ``1.0.0-rc.2``; None.
    """

    __slots__ = ("numbers", "text", "unstable")

    def __init__(self, text: str, numbers: tuple[int, ...], unstable: tuple[str, int] | None) -> None:
        self.text = text
        self.numbers = numbers
        self.unstable = unstable

    def __repr__(self) -> str:
        return f"Version({self.text!r})"

    @property
    def major(self) -> int:
        """The first number."""
        return self.numbers[0]

    def is_like(self, other: Version) -> bool:
        """Whether the two seem to count in the same way: a date and a version number do not."""
        return (self.major >= _FIRST_YEAR) is (other.major >= _FIRST_YEAR)

    def is_major_upgrade_of(self, other: Version) -> bool:
        """Whether the first number rises, where it is one that says something: dates and builds do not."""
        is_build = len(self.numbers) == 1 and self.major >= _FIRST_BUILD
        return other.major < self.major < _FIRST_YEAR and not is_build

    def is_older_than(self, other: Version) -> bool:
        """Whether this one surely comes before the other.

        What follows the numbers counts only where it says that the version is none yet (``-rc.1``). A tag that names
        fewer numbers (``1.27`` beside ``1.27.4``) stands for the newest of its kind, and is not older.
        """
        if not self.is_like(other):
            return False
        both = min(len(self.numbers), len(other.numbers))
        if self.numbers[:both] != other.numbers[:both]:
            return self.numbers < other.numbers
        return self.numbers == other.numbers and (self.unstable or _STABLE) < (other.unstable or _STABLE)


def parse_version(text: str) -> Version | None:
    """Take a version number apart (``1.27.4``, ``v2.0.0-rc.1``, ``16.2-alpine``); None where it is none."""
    found = re.fullmatch(_SHAPE, text.strip())
    if found is None:
        return None
    numbers = tuple(int(number) for number in found[1].split("."))
    unstable = re.match(_UNSTABLE, (found[2] or "").lower())
    return Version(text, numbers, None if unstable is None else (unstable[1], int(unstable[2] or 0)))


def is_open_range(constraint: str) -> bool:
    """Whether a range of versions, as Helm and Flux write them, takes every later version too.

    That is an empty one, ``*``, ``>=1.2`` and their like; ``^1.2``, ``~1.2``, ``1.x`` and ``>=1.2 <2`` have an end.
    """
    return any(_is_open(alternative.strip()) for alternative in constraint.split("||"))


def _is_open(span: str) -> bool:
    if "<" in span or " - " in span:
        return False
    parts = re.sub(r"([>=!]) +", r"\1", span.replace(",", " ")).split()
    return all(part.startswith((">", "=>", "!", "*", "x", "X")) or part.lower() == "latest" for part in parts)
