"""The effect of a change as text: for whom, each object with its file and line, each field with its values."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from difflib import unified_diff
from typing import TYPE_CHECKING, Final

from gategit.report.effect_fields import is_secret_change, is_whole, whole_lines
from gategit.report.effect_view import (
    HIDDEN,
    Shared,
    counts_text,
    object_place,
    places,
    sections,
    shared_changes,
    unknown_text,
)
from gategit.report.escaping import line_start, shorten, visible
from gategit.report.parts import unchecked_lines

if TYPE_CHECKING:
    from collections.abc import Callable

    from gategit.model import Effect, EffectField, Json, Location

_WIDTH: Final = 80  # columns of a terminal
_VALUE_WIDTH: Final = 100
_TEXT_LINES: Final = 500
_TEXT_DIFF_LINES: Final = 30
_MAX_REASON: Final = 1000

_BOLD, _DIM, _RED, _GREEN, _YELLOW = "1", "2", "31", "32", "33"
_CODES: Final = {"added": _GREEN, "removed": _RED, "modified": _YELLOW}


def effect_lines(
    effect: Effect, *, whole: bool = False, paint: Callable[[str, str], str] = lambda text, _: text
) -> list[str]:
    """Write what a change does to objects, those at risk first.

    Args:
        effect: from ``gategit.effect``.
        whole: every value in full, and what is in objects that come or go.
        paint: colours a text.
    """
    lines: list[str] = []
    changes = shared_changes(effect)
    for section in sections(changes):
        head = f"{line_start(section.title)}, {section.namespace}"
        lines += [f"{paint(head, _BOLD)}: {counts_text(section.counts())}", ""]
        for shared in section.changes:
            lines += [*_object(shared, whole=whole, paint=paint), ""]
    if effect.unknown:
        lines += [*unchecked_lines(effect.unknown, "not known"), ""]
    return lines


def effect_total(effect: Effect) -> str:
    """Write ``2 added, 1 modified, 0 removed, 1 of them at risk; 1 not known``."""
    counts = Counter(one.change for one in effect.objects)
    total = ", ".join(f"{counts[kind]:,} {kind}" for kind in ("added", "modified", "removed"))
    grave = sum(1 for one in effect.objects if one.is_grave)
    return (f"{total}, {grave:,} of them at risk" if grave else total) + unknown_text(effect)


def _object(shared: Shared, *, whole: bool, paint: Callable[[str, str], str]) -> Iterator[str]:
    first = shared.first
    many = f"  in {len(shared.places):,} places" if len(shared.places) > 1 else ""
    name = f"{shared.name} ({visible(first.object.api_version)})"
    yield f"  {paint(first.change, _CODES.get(first.change, _BOLD))} {paint(name, _BOLD)}{many}"
    yield f"      {paint(line_start(object_place(shared)), _DIM)}"
    for risk in shared.risks:
        code = _RED if risk.kind.is_grave else _DIM
        yield f"    {paint('!', code)} {paint(risk.kind.value, code)}: {visible(shorten(risk.reason, _MAX_REASON))}"
    for index, field in enumerate(first.fields):
        if not is_whole(field):
            yield from _field(field, shared.field_locations(index), first.new or first.old, whole=whole)
        elif whole:
            yield from (f"    {line}" for line in whole_lines(field))


def _field(field: EffectField, locations: tuple[Location, ...], own: Location | None, *, whole: bool) -> Iterator[str]:
    """A field: the number of its line where it stands in the object's own file, the place itself where not."""
    number, where = "", ""
    if len(locations) == 1 and own is not None and locations[0].file == own.file:
        region = locations[0].region
        number = str(region.line) if region is not None else ""
    elif locations:
        where = places(locations)
    gone = field.difference.change == "removed"
    where += ", in the base" if gone and where else ""
    first, *more = _values(field, whole=whole)
    last = " (line in the base)" if gone and number else ""
    name = line_start(f"{visible(field.difference.path)}:")
    head = f"  {number:>5}  {name}"
    compared = field.difference.change in {"modified", "reordered"} and " → " in first
    if compared and len(head) + len(first) >= _WIDTH:
        old, new = _both(field, whole=whole)
        first, more = "", [f"- {old}", f"+ {new}"]
    yield f"{head} {first}{last}".rstrip()
    yield from (f"         {line}" for line in more)
    if where:
        yield f"           ({where})"


def _values(field: EffectField, *, whole: bool) -> list[str]:
    one = field.difference
    if one.change == "added":
        return [f"added {_short(one.new, whole=whole)}"]
    if one.change == "removed":
        return [f"removed {_short(one.old, whole=whole)}"]
    if is_secret_change(field):
        return ["(secret value changed)"]
    if isinstance(one.old, str) and isinstance(one.new, str) and "\n" in one.old + one.new:
        return ["", *_text_diff(one.old, one.new, whole=whole)]
    return [" → ".join(_both(field, whole=whole))]


def _both(field: EffectField, *, whole: bool) -> tuple[str, str]:
    one = field.difference
    order = "order " if one.change == "reordered" else ""
    return f"{order}{_short(one.old, whole=whole)}", _short(one.new, whole=whole)


def _text_diff(old: str, new: str, *, whole: bool) -> list[str]:
    """A small unified diff of two texts, without its header; of long ones both in full, or no more than a sentence."""
    one, two = old.split("\n"), new.split("\n")
    if max(len(one), len(two)) <= _TEXT_LINES:
        found = list(unified_diff(one, two, n=1, lineterm=""))[2:]
    elif whole:
        # To compare long texts line by line takes quadratic time at worst.
        found = [*(f"-{line}" for line in one), *(f"+{line}" for line in two)]
    else:
        return [f"(a text of {len(one):,} lines became one of {len(two):,} lines)"]
    limit = len(found) if whole else _TEXT_DIFF_LINES
    shown = [_cut(_inert(visible(line)), whole=whole) for line in found[:limit]]
    if len(found) > limit:
        shown.append(f"… {len(found) - limit:,} more lines")
    return shown


def _inert(line: str) -> str:
    """A safe line that begins no command, however far it is indented."""
    content = line.lstrip()
    return f"{line[: len(line) - len(content)]}{line_start(content)}"


def _short(value: Json, *, whole: bool) -> str:
    if value == HIDDEN:
        return HIDDEN
    return _cut(visible(json.dumps(value, ensure_ascii=False, default=str)), whole=whole)


def _cut(text: str, *, whole: bool) -> str:
    return text if whole or len(text) <= _VALUE_WIDTH else f"{text[:_VALUE_WIDTH]}… ({len(text):,} characters)"
