"""Where something stands in the files that a chart is made of: fields of YAML files, lines of templates."""

from __future__ import annotations

import re
from typing import Literal

from gategit.checks.references.paths import PathIndex, Place
from gategit.manifests.positions import SourceMap
from gategit.manifests.text import NotText, decode_text
from gategit.model import FieldPath, Location, Region
from gategit.tree import Tree

_ACTION = re.compile(r"\{\{.*?\}\}")
_FEWEST_OWN = 2
"""A template's line with fewer characters of its own than this may have become any line."""


class Places:
    """The texts of a tree's files, read when somebody asks and kept for the next question.

    Args:
        tree: the files.
        index: the same files by path, where somebody has it already.
    """

    def __init__(self, tree: Tree, index: PathIndex | None = None) -> None:
        self.tree = tree
        self.index = index or PathIndex(tree)
        self._maps: dict[str, SourceMap] = {}
        self._lines: dict[str, list[str]] = {}

    def content(self, file: str) -> bytes | None:
        """A file's bytes, links followed; None where the tree has no such file."""
        found = self.index.find(file)
        return self.tree.read(found.path) if found.place is Place.FILE else None

    def size(self, file: str) -> int:
        """A file's size in bytes; -1 where nobody knows without reading it."""
        entry = self.index.entries.get(file)
        return entry.size if entry is not None else -1

    def lines(self, file: str) -> list[str]:
        """A file's lines without their ends; none where it is no text."""
        if file not in self._lines:
            text = decode_text(self.content(file) or b"")
            self._lines[file] = [] if isinstance(text, NotText) else [one.rstrip("\r") for one in text.split("\n")]
        return self._lines[file]

    def field(
        self, file: str, path: FieldPath = (), *, document: int = 0, on: Literal["key", "value"] = "value"
    ) -> Location:
        """The place of a field of a YAML file, or of its nearest ancestor that exists."""
        content = self.content(file)
        if content is None:
            return Location(file)
        if file not in self._maps:
            self._maps[file] = SourceMap(content, file)
        return Location(file, self._maps[file].region(document, path, on=on))

    def line(self, file: str, number: int) -> Location:
        """A line (1-based) of a file, without the blanks at both ends."""
        lines = self.lines(file)
        if not 1 <= number <= len(lines):
            return Location(file)
        text = lines[number - 1]
        stripped = text.strip()
        start = len(text) - len(text.lstrip()) + 1 if stripped else 1
        return Location(file, Region(number, start, number, start + max(1, len(stripped))))

    def expression(self, file: str, number: int, offset: int | None, expression: str) -> Location:
        """A part of a template's line.

        Args:
            file: the template.
            number: the line, 1-based.
            offset: where in the line Go's parser stood, in bytes from 0; None where that is not known.
            expression: what it read there, as far as it shows it, or "".
        """
        whole = self.line(file, number)
        lines = self.lines(file)
        if whole.region is None:
            return whole
        text = lines[number - 1]
        column = len(text.encode()[: offset or 0].decode("utf-8", "ignore"))
        starts = [found.start() for found in re.finditer(re.escape(expression), text)] if expression else []
        if starts:
            # Go points into the middle of a chain of fields: the expression around that place is meant.
            start = min(starts, key=lambda one: (not one <= column <= one + len(expression), abs(one - column)))
            return Location(file, Region(number, start + 1, number, start + 1 + len(expression)))
        if offset is None or column >= len(text):
            return whole
        return Location(file, Region(number, column + 1, number, max(len(text.rstrip()), column + 1) + 1))

    def rendered(self, file: str, line: str) -> Location:
        """The line of a template that became a line of the output, where only one can have; else the template."""
        wanted = line.strip()
        lines = self.lines(file)
        same = [number for number, text in enumerate(lines, 1) if text.strip() == wanted] if wanted else []
        if not same and wanted:
            same = [number for number, text in enumerate(lines, 1) if _may_become(text.strip(), wanted)]
        return self.line(file, same[0]) if len(same) == 1 else Location(file)


def _may_become(template: str, rendered: str) -> bool:
    """Whether a template's line, with anything in place of its actions, is a line of the output."""
    literals = _ACTION.split(template)
    if len(literals) == 1 or len("".join("".join(literals).split())) < _FEWEST_OWN:
        return False
    first, last = literals[0], literals[-1]
    if not (rendered.startswith(first) and rendered.endswith(last)) or len(rendered) < len(first) + len(last):
        return False
    position, end = len(first), len(rendered) - len(last)
    for literal in literals[1:-1]:
        found = rendered.find(literal, position, end)
        if found < 0:
            return False
        position = found + len(literal)
    return True
