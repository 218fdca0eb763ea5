"""Parts that the outputs of the cluster commands have in common: places, objects, what was not looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from gategit.model import Location, ObjectRef, Unchecked
from gategit.report.escaping import shorten, visible, well_formed
from gategit.report.summary import grouped_unchecked

_MAX_NAMES = 5
_MAX_TEXT = 2000


def place_text(location: Location) -> str:
    """``file:line``, or the file alone, safe to print."""
    line = f":{location.region.line}" if location.region is not None else ""
    if location.was is not None:
        line = f" (line {location.was.line} of the base)"
    return f"{visible(location.file)}{line}"


def unchecked_lines(unchecked: Iterable[Unchecked], what: str = "not looked at") -> Iterator[str]:
    """A line for each reason, with the first names that it holds for."""
    for reason, names in grouped_unchecked(unchecked).items():
        few = ", ".join(visible(name) for name in names[:_MAX_NAMES])
        more = f" and {len(names) - _MAX_NAMES:,} more" if len(names) > _MAX_NAMES else ""
        yield f"{what}: {few}{more}: {visible(shorten(reason, _MAX_TEXT))}"


def unchecked_data(unchecked: Iterable[Unchecked]) -> list[dict[str, str]]:
    """What was not looked at as plain data."""
    return [{"what": well_formed(item.what), "reason": well_formed(item.reason)} for item in unchecked]


def object_data(found: ObjectRef) -> dict[str, Any]:
    """Which object as plain data."""
    return {
        "apiVersion": well_formed(found.api_version),
        "kind": well_formed(found.kind),
        "namespace": text_data(found.namespace),
        "name": well_formed(found.name),
    }


def place_data(location: Location | None) -> dict[str, Any]:
    """File and line as plain data, both null where there is no place."""
    if location is None:
        return {"file": None, "line": None}
    return {"file": well_formed(location.file), "line": location.region and location.region.line}


def text_data(value: str | None) -> str | None:
    """A text as plain data, or null."""
    return None if value is None else well_formed(value)
