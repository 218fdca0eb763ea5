"""Which remembered value became a field of a rendered object, and whether that is sure."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gategit.model import FieldPath
from gategit.render.provenance_nodes import Node, Origin, plain

_ITEM_NAMES: Final = (
    *("name", "containerPort", "mountPath", "devicePath", "ip", "topologyKey", "key", "port", "host", "path", "type"),
    *("resource", "uid", "id", "kind"),
)
"""By what an item of a list is told from the others, the best first."""

_VARIABLE: Final = re.compile(r"\$\{(?:[^{}]|\$\{[^{}]*\})*\}|\$\([^)]*\)")
_HASH: Final = re.compile(r"-[a-z0-9]{10}\Z")


@dataclass(frozen=True, slots=True)
class Match:
    """What became a field.

    Attributes:
        node: the value, or the nearest one around it.
        missing: the steps from there that lead to nothing.
        gone: what removed the first of them, if that is known.
    """

    node: Node
    missing: FieldPath = ()
    gone: Origin | None = None


def follow(node: Node, data: Any, path: FieldPath) -> Match | None:
    """Find what became a field of a rendered object; None where something on the way came otherwise.

    Args:
        node: what became the object.
        data: the object.
        path: the field; it may be missing.
    """
    for depth, step in enumerate(path):
        if isinstance(data, dict) and step in data:
            found = node.step(step)
            data = data[step]
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            found = _item(node, data, step)
            data = data[step]
        else:
            gone = node.gone.get(step) if isinstance(step, str) else None
            return Match(node, path[depth:], gone)
        if found is None:
            return None
        node = found
    return Match(node)


def _item(node: Node, data: list[Any], index: int) -> Node | None:
    """The item of a list that became an item of the rendered one."""
    items = node.value
    if not isinstance(items, list):
        return None
    wanted = data[index]
    if len(items) == len(data) and plain(items[index]) == wanted:
        return items[index]
    same = [item for item in items if plain(item) == wanted]
    if len(same) == 1 and data.count(wanted) == 1:
        return same[0]
    if isinstance(wanted, dict):
        for name in _ITEM_NAMES:
            value = wanted.get(name)
            if not isinstance(value, str | int):
                continue
            named = [item for item in items if (one := item.step(name)) is not None and one.value == value]
            if len(named) == 1:
                return named[0]
    return items[index] if len(items) == len(data) else None


def is_same(node: Node, value: Any, names: Collection[str] = ()) -> bool:
    """Whether a remembered value came out as it is, or only filled in and renamed as its line says.

    Args:
        node: the value.
        value: what was rendered.
        names: the names of all rendered objects, for a value may have been such a name.
    """
    if isinstance(node.value, dict | list):
        return isinstance(value, type(node.value))
    if texted(node.value) == texted(value):
        return True
    if not isinstance(node.value, str):
        return False
    if _VARIABLE.search(node.value):
        return stands_in_order(_VARIABLE.split(node.value), texted(value))
    return isinstance(value, str) and bool(node.value) and value in names and node.value in value


def is_named(node: Node, name: str) -> bool:
    """Whether an object of this name became one that is called so: generated ones get a hash."""
    own = node.text("metadata", "name")
    if own == name or (name.startswith(own) and _HASH.fullmatch(name[len(own) :])):
        return True
    return bool(_VARIABLE.search(own)) and is_same(Node(own, None), name)


def stands_in_order(pieces: Sequence[str], text: str) -> bool:
    """Whether a text is these pieces in their order, with anything between them."""
    first, last = pieces[0], pieces[-1]
    if len(pieces) == 1:
        return text == first
    if not text.startswith(first) or not text.endswith(last) or len(text) < len(first) + len(last):
        return False
    position, end = len(first), len(text) - len(last)
    for piece in pieces[1:-1]:
        found = text.find(piece, position, end)
        if found < 0:
            return False
        position = found + len(piece)
    return True


def texted(value: Any) -> str:
    """A scalar as YAML has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
