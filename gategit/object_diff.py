"""An object-level change as lines of text or as JSON. Values of Secrets never leave this module.

Everything that is shown comes from a pull request: control characters, and characters that would reorder the line,
are escaped; long values are cut; long texts are summed up.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any

from gategit.change import ABSENT, ChangeKind, FieldDifference, ObjectChange, field_differences
from gategit.disk import show_path
from gategit.manifests.manifest import Manifest
from gategit.manifests.secrecy import mask
from gategit.model import FieldPath, Location, Unchecked, format_path

Locate = Callable[[Manifest, FieldPath], Location]
"""Finds the place of a manifest's field."""

_VALUE_WIDTH = 100
_TEXT_LINES = 500
_TEXT_DIFF_LINES = 30


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a field: where it stands and its value, already safe to show; ``hidden`` values are not given."""

    location: Location
    value: Any
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class FieldView:
    """A field that differs, ready to be shown."""

    path: FieldPath
    old: Side | None
    new: Side | None
    reordered: bool = False


@dataclass(frozen=True, slots=True)
class ObjectView:
    """An object that differs, ready to be shown."""

    kind: ChangeKind
    manifest: Manifest
    old: Location | None
    new: Location | None
    fields: tuple[FieldView, ...]


@dataclass(frozen=True, slots=True)
class ObjectDiff:
    """The object-level change between two trees.

    Attributes:
        base: the base's commit, or None where the change starts from nothing.
        head: the head's name.
        objects: what differs, in the order of the files.
        unchecked: files that differ and were not read as manifests.
        incomplete: whether one of them should have been readable.
    """

    base: str | None
    head: str
    objects: tuple[ObjectView, ...]
    unchecked: tuple[Unchecked, ...] = ()
    incomplete: bool = False


def view(changes: Iterable[ObjectChange], locate_old: Locate, locate_new: Locate) -> tuple[ObjectView, ...]:
    """Work out what is to be shown of each change, and hide what must not be."""
    return tuple(_view_object(change, locate_old, locate_new) for change in changes)


def _view_object(change: ObjectChange, locate_old: Locate, locate_new: Locate) -> ObjectView:
    old, new = change.old, change.new
    fields: tuple[FieldView, ...] = ()
    if old is not None and new is not None:
        fields = tuple(
            _view_field(difference, old, new, locate_old, locate_new)
            for difference in field_differences(old.data, new.data)
        )
    return ObjectView(
        change.kind,
        change.manifest,
        locate_old(old, ()) if old is not None else None,
        locate_new(new, ()) if new is not None else None,
        fields,
    )


def _view_field(
    difference: FieldDifference, old: Manifest, new: Manifest, locate_old: Locate, locate_new: Locate
) -> FieldView:
    path = difference.path

    def side(manifest: Manifest, locate: Locate, value: Any) -> Side | None:
        if value is ABSENT:
            return None
        shown = order_of(value) if difference.reordered else value
        masked, hidden = mask(manifest.kind, path, shown, lambda _path, _value: _HIDDEN)
        return Side(locate(manifest, path), masked, hidden)

    return FieldView(
        path, side(old, locate_old, difference.old), side(new, locate_new, difference.new), difference.reordered
    )


def order_of(items: Sequence[dict[str, Any]]) -> list[Any]:
    """What tells the items of a reordered list apart: their names, or whatever their key is."""
    return [next((item[key] for key in ("name", "mountPath", "key", "port") if key in item), "…") for item in items]


_HIDDEN = "(secret value)"


def to_text(diff: ObjectDiff) -> str:
    """The change for people: each object with its file and line, each field with its old and new value."""
    lines: list[str] = []
    for item in diff.objects:
        lines.append(_object_line(item))
        for field in item.fields:
            lines.extend(_field_lines(field))
        if item.kind is ChangeKind.MODIFIED:
            lines.append("")
    if lines and lines[-1]:
        lines.append("")
    lines.extend(f"not looked at: {item.what}: {item.reason}" for item in diff.unchecked)
    counts = summary(diff)
    total = ", ".join(f"{counts[kind]} {kind}" for kind in ChangeKind)
    lines.append(f"objects: {total}" + (f"; {len(diff.unchecked)} not looked at" if diff.unchecked else ""))
    return "\n".join(lines) + "\n"


def summary(diff: ObjectDiff) -> dict[str, int]:
    """How many objects are added, modified and removed."""
    return {kind.value: sum(1 for item in diff.objects if item.kind is kind) for kind in ChangeKind}


def _object_line(item: ObjectView) -> str:
    manifest = item.manifest
    place = " from ".join(
        dict.fromkeys(
            [_place(location) for location in (item.new, item.old) if location is not None]
            if item.new is None or item.old is None or item.new.file != item.old.file
            else [_place(item.new)]
        )
    )
    return f"{item.kind} {show_path(str(manifest.ref))} ({show_path(manifest.api_version)})  {place}"


def _place(location: Location) -> str:
    line = f":{location.region.line}" if location.region else ""
    return f"{show_path(location.file)}{line}"


def _field_lines(field: FieldView) -> list[str]:
    side = field.new or field.old
    line = side.location.region.line if side and side.location.region else 0
    head = f"  {line:>5}  {show_path(format_path(field.path))}:"
    old, new = field.old, field.new
    if old and new:
        first, *more = _both(old, new, reordered=field.reordered)
        return [f"{head} {first}".rstrip(), *(f"         {text}" for text in more)]
    if new:
        return [f"{head} added {_HIDDEN if new.hidden else _short(new.value)}"]
    return [f"{head} removed {_HIDDEN if old is None or old.hidden else _short(old.value)} (line in the base)"]


def _both(old: Side, new: Side, *, reordered: bool) -> list[str]:
    """What is shown of a field that both sides have; more than one line for texts of several lines."""
    if old.hidden or new.hidden:
        return ["(secret value changed)"]
    if isinstance(old.value, str) and isinstance(new.value, str) and "\n" in old.value + new.value:
        return ["", *_text_diff(old.value, new.value)]
    order = "order " if reordered else ""
    return [f"{order}{_short(old.value)} → {_short(new.value)}"]


def _text_diff(old: str, new: str) -> list[str]:
    """A small unified diff of two texts, without its header."""
    one, two = old.split("\n"), new.split("\n")
    if max(len(one), len(two)) > _TEXT_LINES:
        return [f"(a text of {len(one):,} lines became one of {len(two):,} lines)"]
    found = list(unified_diff(one, two, n=1, lineterm=""))[2:]
    shown = [_cut(show_path(line)) for line in found[:_TEXT_DIFF_LINES]]
    if len(found) > _TEXT_DIFF_LINES:
        shown.append(f"… {len(found) - _TEXT_DIFF_LINES} more lines")
    return shown


def _short(value: Any) -> str:
    return _cut(show_path(json.dumps(value, ensure_ascii=False, default=str)))


def _cut(text: str) -> str:
    return text if len(text) <= _VALUE_WIDTH else f"{text[:_VALUE_WIDTH]}… ({len(text):,} characters)"


def to_json(diff: ObjectDiff) -> str:
    """The change for scripts: one JSON object, sorted as the objects stand in their files."""
    document = {
        "version": 1,
        "base": diff.base,
        "head": diff.head,
        "summary": summary(diff),
        "objects": [_object_json(item) for item in diff.objects],
        "unchecked": [{"what": item.what, "reason": item.reason} for item in diff.unchecked],
    }
    return json.dumps(document, indent=2, default=str) + "\n"


def _object_json(item: ObjectView) -> dict[str, Any]:
    manifest = item.manifest
    return {
        "change": item.kind.value,
        "object": {
            "apiVersion": manifest.api_version,
            "kind": manifest.kind,
            "namespace": manifest.namespace,
            "name": manifest.name,
        },
        "old": _location_json(item.old),
        "new": _location_json(item.new),
        "fields": [_field_json(field) for field in item.fields],
    }


def _field_json(field: FieldView) -> dict[str, Any]:
    change = "reordered" if field.reordered else "added" if not field.old else "modified" if field.new else "removed"
    found: dict[str, Any] = {"path": format_path(field.path), "change": change}
    for name, side in (("old", field.old), ("new", field.new)):
        if side is not None:
            found[name] = {"value": None if side.hidden else side.value, **(_location_json(side.location) or {})}
            if side.hidden:
                found[name]["hidden"] = True
    return found


def _location_json(location: Location | None) -> dict[str, Any] | None:
    if location is None:
        return None
    region = location.region
    return {"file": show_path(location.file), "line": region.line if region else None}
