"""Who owns which field of a live object: what its ``metadata.managedFields`` says.

The server writes one entry for each manager, operation and subresource. The fields of an entry are a tree whose keys
say what kind of step they are: ``f:`` a field, ``k:`` an item of a list by its keys, ``v:`` a value of a set; and a
``.`` is the place itself. See the Kubernetes documentation of server-side apply.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gategit.model import FieldPath

Fields = Mapping[str, Any]
"""A tree of fields as ``fieldsV1`` writes it. An empty one is a leaf: a value that is owned as a whole."""

APPLY = "Apply"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of managedFields.

    Attributes:
        manager: the field manager's name.
        operation: ``Apply`` (server-side apply) or ``Update`` (everything else).
        subresource: through which the fields were written, "" for the object itself.
        fields: what it owns.
    """

    manager: str
    operation: str
    subresource: str
    fields: Fields

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells the entry from the others of its object."""
        return self.manager, self.operation, self.subresource


def entries(content: Mapping[str, Any]) -> list[Entry]:
    """The entries of an object; what is malformed is left out."""
    metadata = content.get("metadata")
    listed = metadata.get("managedFields") if isinstance(metadata, dict) else None
    return [
        Entry(
            str(entry.get("manager") or ""),
            str(entry.get("operation") or ""),
            str(entry.get("subresource") or ""),
            entry["fieldsV1"],
        )
        for entry in (listed if isinstance(listed, list) else ())
        if isinstance(entry, dict) and isinstance(entry.get("fieldsV1"), dict)
    ]


def combined(trees: Iterable[Fields]) -> dict[str, Any]:
    """All fields that at least one tree has: the shape of the object, which tells how the server merges its lists."""
    shape: dict[str, Any] = {}
    for tree in trees:
        for key, below in tree.items():
            if not isinstance(below, dict):
                continue
            known = shape.get(key)
            shape[key] = combined((known, below)) if known else below
    return shape


def size(fields: Fields) -> int:
    """How many leaves a tree has."""
    return sum(size(below) if isinstance(below, dict) and below else 1 for key, below in fields.items() if key != ".")


def lost(before: Fields, after: Fields) -> Iterator[tuple[str, ...]]:
    """The leaves that the first tree has and the second one has not, each as the steps to it."""
    for key, below in before.items():
        if key == ".":
            continue
        rest = after.get(key)
        if not isinstance(rest, dict):
            rest = None
        if not isinstance(below, dict) or not below:
            if rest is None:
                yield (key,)
        elif rest is None or below != rest:
            yield from ((key, *steps) for steps in lost(below, rest or {}))


def list_keys(shape: Fields) -> tuple[str, ...]:
    """The names of the fields that tell the items of a list apart; none for a list that is no such one."""
    for step in shape:
        if step.startswith("k:"):
            return tuple(item_key(step))
    return ()


def item_key(step: str) -> Mapping[str, Any]:
    """The keys of a list's item that a step names: ``k:{"name":"web"}``."""
    try:
        found = json.loads(step[2:])
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def has_key(item: Any, key: Mapping[str, Any]) -> bool:
    """Whether an item of a list is the one with this key. A part that the item leaves out has its default there."""
    if not isinstance(item, dict):
        return False
    named = [name for name in key if name in item]
    if "protocol" in key and "protocol" not in item and key["protocol"] != "TCP":
        return False  # the one default among Kubernetes' own keys: without it, TCP and UDP of a port are one
    return bool(named) and all(item[name] == key[name] for name in named)


def find(content: Any, steps: Iterable[str]) -> FieldPath | None:
    """The path of the steps in an object, None where it does not have them."""
    path: list[str | int] = []
    for step in steps:
        if step.startswith("f:") and isinstance(content, dict) and step[2:] in content:
            path.append(step[2:])
        elif step.startswith("k:") and isinstance(content, list):
            key = item_key(step)
            index = next((i for i, item in enumerate(content) if has_key(item, key)), None)
            if index is None:
                return None
            path.append(index)
        elif step.startswith("v:") and isinstance(content, list):
            value = _value(step)
            if value not in content:
                return None
            path.append(content.index(value))
        else:
            return None
        content = content[path[-1]]
    return tuple(path)


def _value(step: str) -> Any:
    try:
        return json.loads(step[2:])
    except (ValueError, RecursionError):
        return None
