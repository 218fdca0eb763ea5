"""Kinds that have a schema, as aligned columns for people and as JSON for scripts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from gategit.report.escaping import line_start, visible, well_formed
from gategit.report.json_report import dump

if TYPE_CHECKING:
    from gategit.checks.schema.known import KnownKind

VERSION: Final = 1
"""Of the JSON. Raised when a key changes its meaning or goes away; new keys do not raise it."""

_CORE: Final = "(core)"
_SCOPES: Final = {True: "Namespaced", False: "Cluster", None: None}


def to_text(kinds: Sequence[KnownKind]) -> str:
    """One line for each kind and source."""
    head = ("KIND", "GROUP", "VERSIONS", "SCHEMA FROM")
    rows = [
        (one.name.kind, one.name.group or _CORE, " ".join(one.versions), f"{one.origin}{_project(one)}")
        for one in kinds
    ]
    return table([head, *rows])


def _project(one: KnownKind) -> str:
    return f" [{one.source}]" if one.source else ""


def table(rows: Sequence[Sequence[str]], right: frozenset[int] = frozenset()) -> str:
    """Rows as aligned columns; those of ``right`` are flush right."""
    shown = [[visible(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in shown) for column in range(len(shown[0]))]
    lines = [
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in shown
    ]
    return "".join(f"{line_start(line)}\n" for line in lines)


def to_json(kinds: Sequence[KnownKind]) -> str:
    """The same as one JSON object. ``schemas/schema-list.schema.json`` describes it."""
    return dump(
        {
            "version": VERSION,
            "kinds": [
                {
                    "group": well_formed(one.name.group),
                    "kind": well_formed(one.name.kind),
                    "plural": well_formed(one.name.plural),
                    "scope": _SCOPES[one.namespaced],
                    "versions": [well_formed(version) for version in one.versions],
                    "from": one.where.value,
                    "origin": well_formed(one.origin),
                    "source": one.source or None,
                }
                for one in kinds
            ],
        }
    )
