"""Which fields applying an object takes away from another manager.

The server is asked with force, since it judges nothing of an apply that it refuses for a conflict. What the apply takes
shows all the same: the others own it in the live object, and no longer do in the result.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gategit.checks.dry_run.managers import taken_over
from gategit.checks.dry_run.owned import Entry, entries, find, lost
from gategit.checks.dry_run.values import Problem

FIELD_CONFLICT = "field-conflict"
_MOST = 20


def conflicts(
    listed: Sequence[Entry], after: Mapping[str, Any], manifest: Mapping[str, Any], manager: str
) -> tuple[Problem, ...]:
    """The fields that others lose, each at its place in the manifest.

    Args:
        listed: the entries of the live object.
        after: what server-side apply makes of it.
        manifest: what is applied.
        manager: as whom.
    """
    others = [entry for entry in listed if not taken_over(manager, entry) and entry.subresource != "status"]
    if not others:
        return ()
    left = {entry.key: entry for entry in entries(after)}
    found = [problem for entry in others for problem in _taken(entry, left.get(entry.key), manifest)]
    found.sort(key=lambda problem: ([str(step) for step in problem.path], problem.message))
    if len(found) > _MOST:
        rest = f"applying the manifest takes over {len(found) - _MOST:,} more fields that other managers set last"
        found[_MOST:] = [Problem(FIELD_CONFLICT, rest)]
    return tuple(found)


def _taken(entry: Entry, left: Entry | None, manifest: Mapping[str, Any]) -> Iterator[Problem]:
    if left is not None and left.fields == entry.fields:
        return
    through = f" (through the subresource {entry.subresource})" if entry.subresource else ""
    for steps in lost(entry.fields, left.fields if left is not None else {}):
        path = find(manifest, steps)
        if path:
            yield Problem(
                FIELD_CONFLICT,
                f"the manager {entry.manager or 'without a name'}{through} set this field last, "
                "and applying the manifest takes it over",
                path,
            )
