"""The fields that a change gives other values, as lines of a diff: those of each line of a file below its place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Final

from gategit.report.dry_run_view import diff_lines
from gategit.report.effect_view import HIDDEN, Shared, places
from gategit.report.escaping import line_start, visible

if TYPE_CHECKING:
    from gategit.model import EffectField

_EVERY_LINE: Final = 1_000_000


def is_whole(field: EffectField) -> bool:
    """Whether a field stands for the whole object, which comes or goes."""
    return not field.difference.path


def is_secret_change(field: EffectField) -> bool:
    """Whether no more may be said of a field than that it changes."""
    one = field.difference
    return one.change == "modified" and HIDDEN in (one.old, one.new)


def whole_lines(field: EffectField) -> list[str]:
    """A whole object, which comes or goes, as lines of a diff."""
    shown = field.difference.new if field.difference.change == "added" else field.difference.old
    if not isinstance(shown, dict):
        return diff_lines([field.difference], _EVERY_LINE)
    return [f"{line[:2]}{line[4:]}" for line in diff_lines([field.difference], _EVERY_LINE)[1:]]


def field_lines(shared: Shared, limit: int) -> list[str]:
    """The fields as lines of a diff, those of each line of a file below its place."""
    lines = [line for place, fields in _by_place(shared) for line in _hunk(place, fields, shared)]
    return [*lines[:limit], f"  … {len(lines) - limit:,} more lines"] if len(lines) > limit else lines


def _by_place(shared: Shared) -> Iterator[tuple[str, list[int]]]:
    numbers = range(len(shared.first.fields))
    for where, own in groupby(numbers, key=lambda index: _place(shared, index)):
        yield where, list(own)


def _place(shared: Shared, index: int) -> str:
    """The lines that set a field, "" where nobody knows; of one that is gone, those that did."""
    where = places(shared.field_locations(index))
    is_gone = shared.first.fields[index].difference.change == "removed"
    return f"{where}, in the base" if where and is_gone else where


def _hunk(where: str, fields: Sequence[int], shared: Shared) -> Iterator[str]:
    own = [shared.first.fields[index] for index in fields]
    if is_whole(own[0]):
        yield from whole_lines(own[0])
        return
    if where:
        yield f"@@ {where} @@"
    for field in own:
        if is_secret_change(field):
            yield f"  {line_start(visible(field.difference.path))}: (secret value changed)"
        else:
            yield from diff_lines([field.difference], _EVERY_LINE)
