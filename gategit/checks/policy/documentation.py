"""Takes a policy's docstring apart: the prose, and the examples, which run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from inspect import cleandoc

from gategit.checks.policy.api.declare import HEADINGS, PARAMETERS

_HEADING = re.compile(rf"({'|'.join((*HEADINGS, PARAMETERS))})(?: \((.+)\))?:\Z")
_SECTION = re.compile(r"---\s*#\s*(old|new|inventory|parameters|pull request|target)(?:\s+(\S+))?\s*\Z")
_PARAMETER = re.compile(r"([a-z_][a-z0-9_]*): (.*)")
_MARK = re.compile(r"\s*#\s*<-\s*\Z")


@dataclass(frozen=True, slots=True)
class Section:
    """A part of an example.

    Attributes:
        kind: ``old`` or ``new`` objects, the ``inventory`` around them, the policy's ``parameters``, the
            ``pull request``, or a ``target``.
        file: for objects, the path that they are said to stand at; "" where the example does not care.
        text: the YAML, without the marks.
        marks: the flagged lines, 1-based.
    """

    kind: str
    file: str
    text: str
    marks: frozenset[int]


@dataclass(frozen=True, slots=True)
class Example:
    """A change, or an object as it stands, and where the policy must speak up.

    Attributes:
        title: what the heading says in parentheses, "" where it says nothing.
        passes: True where the policy must be silent.
        sections: its parts, in order.
        line: the 1-based line in the docstring where the example starts.
    """

    title: str
    passes: bool
    sections: tuple[Section, ...]
    line: int

    @property
    def is_change(self) -> bool:
        """Whether it has an old side, if an empty one."""
        return any(section.kind == "old" for section in self.sections)

    @property
    def is_empty(self) -> bool:
        """Whether it holds no objects."""
        return not any(section.text.strip() for section in self.sections if section.kind in ("old", "new"))

    @property
    def marks(self) -> frozenset[tuple[int, int]]:
        """The flagged lines: the section's number, and the 1-based line in it."""
        return frozenset((number, line) for number, section in enumerate(self.sections) for line in section.marks)

    @property
    def text(self) -> str:
        """The example as a page shows it, with the marks."""
        lines: list[str] = []
        for section in self.sections:
            if len(self.sections) > 1 or section.kind != "new":
                lines.append(f"--- # {section.kind} {section.file}".rstrip())
            lines += [
                f"{line}  # <-" if number in section.marks else line
                for number, line in enumerate(section.text.splitlines(), 1)
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
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def fails(self) -> tuple[Example, ...]:
        """The examples that the policy must flag."""
        return tuple(example for example in self.examples if not example.passes)

    @property
    def passes(self) -> tuple[Example, ...]:
        """The examples that the policy must let through."""
        return tuple(example for example in self.examples if example.passes)


@cache
def parse(doc: str) -> Documentation:
    """Take a docstring apart. The decorator has seen to it that each heading is there."""
    lines = cleandoc(doc).splitlines()
    prose: dict[str, list[str]] = {heading: [] for heading in (*HEADINGS, PARAMETERS)}
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
            examples.append(parse_example(body, title, passes=name == "Passes", line=start + 1))
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
        _parameters(text[PARAMETERS]),
    )


def _parameters(text: str) -> dict[str, str]:
    """What each parameter is for; a description may go on in lines that are indented."""
    found: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        match = _PARAMETER.match(line)
        if match is not None:
            name = match.group(1)
            found[name] = match.group(2).strip()
        elif name:
            found[name] = f"{found[name]} {line.strip()}".rstrip()
    return found


def parse_example(body: str, title: str, *, passes: bool, line: int) -> Example:
    """Split an example into its sections, and take the marks out of the text.

    Args:
        body: the example's lines, with nothing before the first column.
        title: what tells it from others.
        passes: whether the policy must be silent.
        line: where it starts in its file or docstring, 1-based.
    """
    parts: list[tuple[str, str, list[str], set[int]]] = []
    for source in body.splitlines():
        separator = _SECTION.match(source)
        if separator is not None:
            parts.append((separator.group(1), separator.group(2) or "", [], set()))
            continue
        if not parts:
            parts.append(("new", "", [], set()))
        _, _, lines, marks = parts[-1]
        plain = _MARK.sub("", source)
        lines.append(plain)
        if plain != source:
            marks.add(len(lines))
    sections = tuple(
        Section(kind, file, "\n".join(lines) + "\n" if lines else "", frozenset(marks))
        for kind, file, lines, marks in parts
    )
    return Example(title, passes, sections, line)
