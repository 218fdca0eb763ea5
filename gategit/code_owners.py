"""GitHub's CODEOWNERS: who must approve a change to a path.

Only what is needed to compare two of them is read here: for a path, the owners that the last matching line names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gategit.globs import GlobError, path_matcher

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
"""Where GitHub looks for the file; the first one that is there counts."""

_MOST_LINES = 5_000


@dataclass(frozen=True, slots=True)
class CodeOwners:
    """The lines of a CODEOWNERS file: a path pattern and its owners, the last one that matches counts."""

    lines: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def of(self, path: str) -> tuple[str, ...]:
        """The owners of a path; () where it has none."""
        for pattern, owners in reversed(self.lines):
            if _matches(pattern, path):
                return owners
        return ()


def _matches(pattern: str, path: str) -> bool:
    # GitHub passes over a pattern that it cannot read, and so does whoever compares what it does.
    try:
        return bool(path_matcher((pattern,))(path))
    except GlobError:
        return False


def read_code_owners(text: str) -> CodeOwners:
    """Read a CODEOWNERS file. A line is a pattern, then owners; ``#`` begins a comment."""
    lines: list[tuple[str, tuple[str, ...]]] = []
    for line in text.splitlines()[:_MOST_LINES]:
        pattern, *owners = line.split("#", 1)[0].split() or [""]
        if pattern:
            lines.append((pattern, tuple(owners)))
    return CodeOwners(tuple(lines))


def place_of(files: Mapping[str, object]) -> str | None:
    """Which of a tree's files GitHub takes for its CODEOWNERS, None where it has none."""
    return next((place for place in PLACES if place in files), None)
