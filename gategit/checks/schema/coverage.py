"""Which kinds of a repository have a schema: what was counted, as text for people, Markdown and JSON."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from gategit.checks.schema.known_text import table
from gategit.report.escaping import line_start, shorten, visible, well_formed, xml
from gategit.report.json_report import dump
from gategit.report.parts import unchecked_data, unchecked_lines
from gategit.report.summary import plural

if TYPE_CHECKING:
    from gategit.checks.schema.known import Where
    from gategit.model import Unchecked

VERSION: Final = 1
"""Of the JSON. Raised when a key changes its meaning or goes away; new keys do not raise it."""

ADD: Final = "gategit schema add FILE"

IN_FILE: Final = "the CustomResourceDefinition in "
"""Begins the words for a definition in the tree; in a table the file's name is enough."""

NO_SCHEMA: Final = "no schema"
"""The reason where no source has the kind at all."""

_MAX_TEXT: Final = 500
_HEAD: Final = ("OBJECTS", "FILES", "KIND", "API VERSION", "SCHEMA FROM")
_NUMBERS: Final = frozenset({0, 1})
_MARKS: Final = frozenset("|*_`[]\\@~")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the schema of some objects of a kind comes from.

    Attributes:
        where: the sort of source.
        words: the source, such as ``Argo CD 3.6.1``.
        targets: the targets that it holds for; () where that is all of them.
        objects: how many objects it judges.
    """

    where: Where
    words: str
    targets: tuple[str, ...]
    objects: int


@dataclass(frozen=True, slots=True)
class Lack:
    """Why objects of a kind have no schema; ``can_add`` is whether adding one would help."""

    reason: str
    targets: tuple[str, ...]
    objects: int
    can_add: bool


@dataclass(frozen=True, slots=True)
class KindCoverage:
    """One kind in one API version.

    Attributes:
        api_version: as manifests write it.
        kind: its name.
        objects: how many there are.
        files: in how many files.
        missing: how many objects have no schema, for one of the targets or versions that they are checked for.
        origins: where the schemas of the others come from.
        lacks: why some have none.
    """

    api_version: str
    kind: str
    objects: int
    files: int
    missing: int
    origins: tuple[Origin, ...]
    lacks: tuple[Lack, ...]

    @property
    def group(self) -> str:
        """The API group, "" for the core group."""
        return self.api_version.rpartition("/")[0]

    @property
    def command(self) -> str:
        """What adds the schema that is missing; "" where nothing is, or adding one would not help."""
        if not self.missing or not any(lack.can_add for lack in self.lacks):
            return ""
        name = f"{self.kind}.{self.group}" if self.group else self.kind
        return f"{ADD} --kind {shlex.quote(visible(name))}"


@dataclass(frozen=True, slots=True)
class Coverage:
    """What was counted.

    Attributes:
        kinds: every kind, those that lack a schema first.
        unread: files that could not be read, so that nobody knows what they declare.
        templates: how many templates there are that nothing renders.
        unrendered: what could not be rendered, so that nobody knows what it brings.
    """

    kinds: tuple[KindCoverage, ...]
    unread: tuple[Unchecked, ...]
    templates: int
    unrendered: tuple[Unchecked, ...] = ()

    @property
    def missing(self) -> tuple[KindCoverage, ...]:
        """The kinds with objects that have no schema."""
        return tuple(one for one in self.kinds if one.missing)

    @property
    def objects(self) -> int:
        """How many objects there are."""
        return sum(one.objects for one in self.kinds)

    @property
    def covered(self) -> int:
        """How many of them have a schema."""
        return self.objects - sum(one.missing for one in self.kinds)

    @property
    def total(self) -> str:
        """In one line."""
        share = f" ({100 * self.covered / self.objects:.1f} %)" if self.objects else ""
        kinds = f"{len(self.kinds) - len(self.missing):,} of {len(self.kinds):,} kinds"
        unread = f"; {plural(len(self.unread), 'file')} could not be read" if self.unread else ""
        return f"{self.covered:,} of {self.objects:,} objects{share} and {kinds} have a schema{unread}"


def to_text(coverage: Coverage, *, missing_only: bool) -> str:
    """A line for each kind, those without a schema first and how to add it; the total comes last."""
    kinds = coverage.missing if missing_only else coverage.kinds
    rows = [(f"{one.objects:,}", f"{one.files:,}", one.kind, one.api_version, _sources(one)) for one in kinds]
    parts = [table([_HEAD, *rows], _NUMBERS)] if rows else []
    commands = [one.command for one in coverage.missing if one.command]
    if commands:
        head = "To add what is missing, where FILE defines it or is a snapshot of a cluster that has it:\n"
        parts.append(head + "".join(f"  {command}\n" for command in commands))
    parts.append("".join(f"{line}\n" for line in _notes(coverage)) + f"{coverage.total}\n")
    return "\n".join(parts)


def _notes(coverage: Coverage) -> Iterator[str]:
    yield from (line_start(line) for line in unchecked_lines(coverage.unread))
    yield from (line_start(line) for line in unchecked_lines(coverage.unrendered))
    if coverage.templates:
        yield f"{plural(coverage.templates, 'template')}: what they declare is known only when they are rendered"


def _sources(one: KindCoverage) -> str:
    """Where the schemas come from, and what is missing, with the targets where these differ."""
    parts = [f"{lack.reason}{_for(lack.targets)}" for lack in one.lacks]
    parts += [f"{origin.words.removeprefix(IN_FILE)}{_for(origin.targets)}" for origin in one.origins]
    return shorten("; ".join(parts), _MAX_TEXT)


def _for(targets: Sequence[str]) -> str:
    return f" (for {', '.join(targets)})" if targets else ""


def to_markdown(coverage: Coverage, *, missing_only: bool) -> str:
    """The same as a table for a comment or a page."""
    kinds = coverage.missing if missing_only else coverage.kinds
    lines = [f"**{coverage.total}**", ""]
    if kinds:
        lines += ["| objects | files | kind | API version | schema from |", "|--:|--:|---|---|---|"]
    for one in kinds:
        sources = _cell(_sources(one))
        cells = [f"{one.objects:,}", f"{one.files:,}", _code(one.kind), _code(one.api_version)]
        lines.append(f"| {' | '.join([*cells, f'**{sources}**' if one.missing else sources])} |")
    commands = [one.command for one in coverage.missing if one.command]
    if commands:
        lines += ["", "To add what is missing, where `FILE` defines it or is a snapshot of a cluster that has it:", ""]
        lines += [f"- {_code(command)}" for command in commands]
    notes = list(_notes(coverage))
    if notes:
        lines += ["", *(f"- {_code(note)}" for note in notes)]
    return "\n".join(lines).rstrip() + "\n"


def _cell(text: str) -> str:
    """Text that neither ends a cell nor is read as Markdown."""
    return "".join(f"&#{ord(letter)};" if letter in _MARKS else letter for letter in xml(visible(text)))


def _code(text: str) -> str:
    return f"<code>{_cell(text)}</code>"


def to_json(coverage: Coverage, *, missing_only: bool) -> str:
    """The same as one JSON object. ``schemas/schema-coverage.schema.json`` describes it."""
    kinds = coverage.missing if missing_only else coverage.kinds
    return dump(
        {
            "version": VERSION,
            "objects": {"total": coverage.objects, "covered": coverage.covered},
            "kinds": {"total": len(coverage.kinds), "covered": len(coverage.kinds) - len(coverage.missing)},
            "coverage": [_kind_data(one) for one in kinds],
            "templates": coverage.templates,
            "unrendered": unchecked_data(coverage.unrendered),
            "unread": unchecked_data(coverage.unread),
        }
    )


def _kind_data(one: KindCoverage) -> dict[str, Any]:
    return {
        "apiVersion": well_formed(one.api_version),
        "kind": well_formed(one.kind),
        "objects": one.objects,
        "files": one.files,
        "missing": one.missing,
        "origins": [
            {
                "from": origin.where.value,
                "origin": well_formed(origin.words),
                "targets": [well_formed(name) for name in origin.targets],
                "objects": origin.objects,
            }
            for origin in one.origins
        ],
        "reasons": [
            {
                "reason": well_formed(lack.reason),
                "targets": [well_formed(name) for name in lack.targets],
                "objects": lack.objects,
            }
            for lack in one.lacks
        ],
        "command": well_formed(one.command) or None,
    }
