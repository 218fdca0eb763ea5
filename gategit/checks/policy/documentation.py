"""Takes a policy's docstring apart: the prose, and the examples, which run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from inspect import cleandoc

from gategit.checks.policy.api import HEADINGS

_HEADING = re.compile(rf"({'|'.join(HEADINGS)})(?: \((.+)\))?:\Z")
_SIDE = re.compile(r"---\s*#\s*(old|new)\s*\Z")
_MARK = re.compile(r"\s*#\s*<-\s*\Z")


@dataclass(frozen=True, slots=True)
class Example:
    """A change, or an object as it stands, and where the policy must speak up.

    Attributes:
        title: what the heading says in parentheses, "" where it says nothing.
        passes: True where the policy must be silent.
        old: the YAML before the change, None where the example is no change.
        new: the YAML after the change, or as it stands; "" where the change removes everything.
        marks: the flagged lines: ``old`` or ``new``, and the 1-based line in that text.
        line: the 1-based line in the docstring where the example starts.
    """

    title: str
    passes: bool
    old: str | None
    new: str
    marks: frozenset[tuple[str, int]]
    line: int

    @property
    def text(self) -> str:
        """The example as a page shows it, with the marks."""
        parts = [("old", self.old), ("new", self.new)] if self.old is not None else [("new", self.new)]
        lines: list[str] = []
        for side, text in parts:
            if self.old is not None:
                lines.append(f"--- # {side}")
            lines += [
                f"{line}  # <-" if (side, number) in self.marks else line
                for number, line in enumerate((text or "").splitlines(), 1)
            ]
        return "\n".join(lines).rstrip() + "\n"


@dataclass(frozen=True, slots=True)
class Documentation:
    """What a policy's docstring says, heading by heading."""

    summary: str
    asks: str
    why: str
    fix: str
    examples: tuple[Example, ...]
    references: tuple[str, ...]

    @property
    def fails(self) -> tuple[Example, ...]:
        """The examples that the policy must flag."""
        return tuple(example for example in self.examples if not example.passes)

    @property
    def passes(self) -> tuple[Example, ...]:
        """The examples that the policy must let through."""
        return tuple(example for example in self.examples if example.passes)


def parse(doc: str) -> Documentation:
    """Take a docstring apart. The decorator has seen to it that each heading is there."""
    lines = cleandoc(doc).splitlines()
    prose: dict[str, list[str]] = {heading: [] for heading in HEADINGS}
    examples: list[Example] = []
    start = 1
    while start < len(lines):
        heading = _HEADING.match(lines[start])
        start += 1
        if heading is None:
            continue
        end = start
        while end < len(lines) and (not lines[end] or lines[end][0].isspace()):
            end += 1
        body = cleandoc("\n" + "\n".join(lines[start:end]))
        name, title = heading.group(1), heading.group(2) or ""
        if name in ("Fails", "Passes"):
            examples.append(_example(body, title, passes=name == "Passes", line=start + 1))
        else:
            prose[name].append(body)
        start = end
    text = {heading: "\n\n".join(parts).strip() for heading, parts in prose.items()}
    return Documentation(
        lines[0].strip() if lines else "",
        text["What it asks"],
        text["Why"],
        text["How to fix"],
        tuple(examples),
        tuple(text["References"].split()),
    )


def _example(body: str, title: str, *, passes: bool, line: int) -> Example:
    """Split an example into its sides, and take the marks out of the text."""
    sides: dict[str, list[str]] = {"new": []}
    marks: set[tuple[str, int]] = set()
    side = "new"
    for source in body.splitlines():
        separator = _SIDE.match(source)
        if separator is not None:
            side = separator.group(1)
            sides.setdefault(side, [])
            continue
        plain = _MARK.sub("", source)
        sides[side].append(plain)
        if plain != source:
            marks.add((side, len(sides[side])))
    texts = {name: "\n".join(lines) + "\n" if lines else "" for name, lines in sides.items()}
    return Example(title, passes, texts.get("old"), texts["new"], frozenset(marks), line)
