"""What a change does to objects, as a section of the Markdown report: counts, then each object, the riskiest first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from gategit.report.effect_fields import field_lines
from gategit.report.effect_text import effect_total
from gategit.report.effect_view import (
    Section,
    Shared,
    change_counts,
    counts_text,
    object_place,
    sections,
    shared_changes,
)
from gategit.report.escaping import fence_for, shorten, xml
from gategit.report.markdown_parts import first, prose, size, unchecked_section
from gategit.report.summary import plural

if TYPE_CHECKING:
    from gategit.model import Effect, Risk

_MAX_LINES: Final = 200  # of one object's fields
_MAX_NAME: Final = 300
_MAX_REASON: Final = 300
_MAX_RISKS: Final = 5
_ROOM_FOR_COUNTS: Final = 1024  # bytes for what is not shown
_COLUMNS: Final = ("Where", "Namespace", "Added", "Modified", "Removed", "At risk")
_TABLE: Final = f"<table>\n<tr>{''.join(f'<th>{name}</th>' for name in _COLUMNS)}</tr>\n"


class EffectSection:
    """The section, at most ``limit`` bytes of each part, so that its size is known before its room is."""

    def __init__(self, effect: Effect, limit: int) -> None:
        self._changes = shared_changes(effect)
        parts = sections(self._changes)
        self._total = effect_total(effect)
        self._head = f"<h3>What this change does</h3>\n\n<p>{self._total}</p>\n\n" + _unknown(effect)
        self._rows = _rows(parts)
        self._objects = first(map(_object, self._changes), limit)

    @property
    def size(self) -> int:
        """Bytes of the whole section."""
        return sum(map(size, (self._head, _TABLE, *self._rows, *self._objects))) + _ROOM_FOR_COUNTS

    def within(self, room: int) -> str:
        """As much of the section as there is room for, and how much is not shown."""
        room -= _ROOM_FOR_COUNTS + size(self._head) + size(_TABLE)
        if room < 0:
            return f"<p>What this change does is not shown for lack of room: {self._total}.</p>\n\n"
        rows = first(self._rows, room // 3)
        objects = first(self._objects, room - sum(map(size, rows)))
        text = self._head
        if rows:
            more = len(self._rows) - len(rows)
            last = f"<tr><td>{plural(more, 'row')} more</td></tr>\n" if more else ""
            text += f"{_TABLE}{''.join(rows)}{last}</table>\n\n"
        return text + "".join(objects) + _not_shown(self._changes[len(objects) :])


def _not_shown(rest: Sequence[Shared]) -> str:
    if not rest:
        return ""
    counts = change_counts(rest)
    where = len({(name, namespace) for shared in rest for name, namespace, _ in shared.by_place()})
    return (
        f"<p>{plural(sum(counts.values()), 'object')} more in {plural(where, 'namespace')} not shown for lack of room: "
        f"{counts_text(counts)}. The report <code>diff</code> holds all of them.</p>\n\n"
    )


def _unknown(effect: Effect) -> str:
    if not effect.unknown:
        return ""
    return unchecked_section(effect.unknown, "Not known", opened=True)


def _rows(parts: Sequence[Section]) -> list[str]:
    """A row for each place; what is shared counts in each of its places."""
    counts: dict[tuple[str, str], Counter[str]] = {}
    for shared in (shared for part in parts for shared in part.changes):
        for name, namespace, one in shared.by_place():
            own = counts.setdefault((name, namespace), Counter())
            own[one.change] += 1
            own["at risk"] += one.is_grave
    return [_row(name, namespace, own) for (name, namespace), own in sorted(counts.items())]


def _row(name: str, namespace: str, counts: Counter[str]) -> str:
    numbers = "".join(f"<td>{counts[kind]:,}</td>" for kind in ("added", "modified", "removed", "at risk"))
    where = f"<code>{xml(shorten(namespace, _MAX_NAME))}</code>" if namespace else ""
    return f"<tr><td><code>{xml(shorten(name, _MAX_NAME))}</code></td><td>{where}</td>{numbers}</tr>\n"


def _object(shared: Shared) -> str:
    """One object, folded away where nothing of it is risky, its fields in a fence of their own."""
    one = shared.first
    head = f"<b>{one.change}</b> <code>{xml(shorten(shared.name, _MAX_NAME))}</code>"
    head += f" for <code>{xml(shorten(shared.title, _MAX_NAME))}</code>" if shared.title else ""
    head += f" at <code>{xml(shorten(object_place(shared), _MAX_NAME))}</code>"
    risks = _risks(shared.risks)
    body = "\n".join(field_lines(shared, _MAX_LINES))
    if not body:
        return f"<p>{head}</p>\n{risks}\n"
    fence = fence_for(body)
    opened = " open" if one.is_grave else ""
    return f"<details{opened}><summary>{head}</summary>\n{risks}\n{fence}diff\n{body}\n{fence}\n\n</details>\n\n"


def _risks(risks: Sequence[Risk]) -> str:
    items = [
        f"<li><b>{risk.kind}</b>: {prose(shorten(risk.reason, _MAX_REASON))}</li>\n" for risk in risks[:_MAX_RISKS]
    ]
    if len(risks) > _MAX_RISKS:
        items.append(f"<li>{plural(len(risks) - _MAX_RISKS, 'more reason')}</li>\n")
    return f"<ul>\n{''.join(items)}</ul>\n" if items else ""
