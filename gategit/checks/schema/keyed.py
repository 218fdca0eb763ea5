"""Lists whose entries are told apart by some of their fields: two entries with the same ones are refused.

JSON Schema has no word for that, so it is looked at beside the validator, along the few paths of a kind that lead to
such lists.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from gategit.checks.schema.node import KEYS
from gategit.model import FieldPath

Schema = dict[str, Any]

_DEEPEST: Final = 100


@dataclass(slots=True)
class Keyed:
    """The paths from one value to keyed lists. ``entries`` is for the entries of a list, ``values`` of a mapping."""

    keys: tuple[tuple[str, Any], ...] = ()
    fields: dict[str, Keyed] = field(default_factory=dict)
    entries: Keyed | None = None
    values: Keyed | None = None

    @property
    def leads_anywhere(self) -> bool:
        """Whether there is a keyed list here or below."""
        return bool(self.keys or self.fields or self.entries or self.values)


def keyed_lists(schema: Schema) -> Keyed | None:
    """The keyed lists of a kind; None where it has none."""
    definitions = schema.get("$defs", {})
    known: dict[str, Keyed | None] = {}

    def read(node: Any, depth: int) -> Keyed | None:
        if not isinstance(node, dict) or depth > _DEEPEST:
            return None
        reference = node.get("$ref")
        if isinstance(reference, str):
            if reference not in known:
                known[reference] = None  # a definition that holds itself is entered once
                known[reference] = read(definitions.get(reference.removeprefix("#/$defs/")), depth + 1)
            return known[reference]
        found = Keyed(tuple((name, default) for name, default in node.get(KEYS, ())))
        for name, child in node.get("properties", {}).items():
            below = read(child, depth + 1)
            if below is not None:
                found.fields[name] = below
        found.entries = read(node.get("items"), depth + 1)
        found.values = read(node.get("additionalProperties"), depth + 1)
        for branch in node.get("anyOf", ()):  # how a field that may be null is written
            below = read(branch, depth + 1)
            if below is not None and not found.leads_anywhere:
                found = below
        return found if found.leads_anywhere else None

    return read(schema, 0)


def repeated(keyed: Keyed, data: Any, path: FieldPath = ()) -> Iterator[tuple[FieldPath, str]]:
    """Each entry that repeats an earlier one's keys, with the keys in words."""
    if isinstance(data, list):
        if keyed.keys and len(data) > 1:
            yield from _repeated_entries(keyed.keys, data, path)
        if keyed.entries is not None:
            for index, entry in enumerate(data):
                yield from repeated(keyed.entries, entry, (*path, index))
    elif isinstance(data, dict):
        for name, below in keyed.fields.items():
            value = data.get(name)
            if value:
                yield from repeated(below, value, (*path, name))
        if keyed.values is not None:
            for name, value in data.items():
                yield from repeated(keyed.values, value, (*path, name))


def _repeated_entries(
    keys: tuple[tuple[str, Any], ...], data: list[Any], path: FieldPath
) -> Iterator[tuple[FieldPath, str]]:
    seen: set[tuple[Any, ...]] = set()
    for index, entry in enumerate(data):
        if not isinstance(entry, dict):
            continue
        values = tuple(entry.get(name, default) for name, default in keys)
        if any(isinstance(value, dict | list) for value in values) or all(value is None for value in values):
            continue
        typed = tuple((type(value), value) for value in values)
        if typed in seen:
            words = ", ".join(
                f"{name} {value}" for (name, _), value in zip(keys, values, strict=True) if value is not None
            )
            yield (*path, index), words
        seen.add(typed)
