"""Plain data of which every value knows where it is written, and the ways in which Kustomize changes such data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gategit.model import FieldPath, Location

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value is written.

    Attributes:
        file: a path of the tree.
        document: the document of it.
        path: the field that holds the value; None where the value is the whole file.
        inner: where the field holds YAML as text, the document and the field of that text.
        line: for a file that is no YAML, the line; 0 for all of it.
        location: the place itself, where somebody knows it already.
        chart: for what a chart of a kustomization renders to, which chart and which of its objects; the path is the
            field of that object.
    """

    file: str
    document: int = 0
    path: FieldPath | None = ()
    inner: tuple[int, FieldPath] | None = None
    line: int = 0
    location: Location | None = None
    chart: tuple[int, int] | None = None

    def at(self, *steps: str | int) -> Origin:
        """The origin of a value inside of this one."""
        if self.inner is not None:
            return Origin(self.file, self.document, self.path, (self.inner[0], (*self.inner[1], *steps)))
        if self.path is None or self.location is not None:
            return self
        return Origin(self.file, self.document, (*self.path, *steps), chart=self.chart)


class Node:
    """A value and where it is written; nobody knows where that is if the origin is None.

    ``value`` is a scalar, a list of nodes, or a dict of nodes; ``gone`` says what removed keys of a dict; ``before`` is
    the value before a change of which only the outcome tells whether it was made.
    """

    __slots__ = ("before", "gone", "origin", "value")

    def __init__(self, value: Scalar | list[Node] | dict[str, Node], origin: Origin | None) -> None:
        self.value = value
        self.origin = origin
        self.gone: dict[str, Origin | None] = {}
        self.before: Node | None = None

    def get(self, *path: str | int) -> Node | None:
        """The value at a path, None where there is none."""
        node: Node | None = self
        for step in path:
            node = node.step(step) if node is not None else None
        return node

    def step(self, step: str | int) -> Node | None:
        """The value of a key or index, None where there is none."""
        if isinstance(self.value, dict):
            return self.value.get(step) if isinstance(step, str) else None
        if isinstance(self.value, list) and isinstance(step, int) and 0 <= step < len(self.value):
            return self.value[step]
        return None

    def text(self, *path: str | int) -> str:
        """The text at a path, "" where there is none."""
        found = self.get(*path)
        return found.value if found is not None and isinstance(found.value, str) else ""

    def remove(self, key: str, by: Origin | None) -> None:
        """Remove a key of a dict."""
        if isinstance(self.value, dict):
            self.value.pop(key, None)
            self.gone[key] = by


def load(data: Any, origin: Origin | None) -> Node:
    """Plain data as nodes. The decoder limits how deep data may nest."""
    if isinstance(data, dict):
        return Node({str(key): load(value, origin and origin.at(str(key))) for key, value in data.items()}, origin)
    if isinstance(data, list):
        return Node([load(value, origin and origin.at(index)) for index, value in enumerate(data)], origin)
    return Node(data, origin)


def plain(node: Node) -> Any:
    """Nodes as plain data."""
    if isinstance(node.value, dict):
        return {key: plain(child) for key, child in node.value.items()}
    if isinstance(node.value, list):
        return [plain(child) for child in node.value]
    return node.value


def copied(node: Node) -> Node:
    """A copy that may be changed."""
    value = node.value
    if isinstance(value, dict):
        copy = Node({key: copied(child) for key, child in value.items()}, node.origin)
        copy.gone = dict(node.gone)
        return copy
    return Node([copied(child) for child in value] if isinstance(value, list) else value, node.origin)


_DIRECTIVE: Final = "$patch"
_MERGE_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "containers": ("name",),
    "initContainers": ("name",),
    "ephemeralContainers": ("name",),
    "volumes": ("name",),
    "env": ("name",),
    "imagePullSecrets": ("name",),
    "secrets": ("name",),
    "volumeMounts": ("mountPath",),
    "volumeDevices": ("devicePath",),
    "ports": ("containerPort", "port"),
    "hostAliases": ("ip",),
    "topologySpreadConstraints": ("topologyKey",),
    "resourceClaims": ("name",),
}
"""The lists that a strategic merge patch merges, in the kinds that Kustomize knows, and by what."""

_MERGED_TEXTS: Final = frozenset({"finalizers"})


def merge(target: Node, patch: Node, *, known: bool) -> None:
    """Lay a strategic merge patch over an object.

    Args:
        target: the object; it is changed.
        patch: the patch.
        known: whether Kustomize knows the kind, and so which of its lists are merged.
    """
    if not isinstance(target.value, dict) or not isinstance(patch.value, dict):
        return
    for key, new in patch.value.items():
        if key.startswith("$"):
            continue
        old = target.value.get(key)
        directive = new.text(_DIRECTIVE) if isinstance(new.value, dict) else ""
        if new.value is None or directive == "delete":
            target.remove(key, new.origin)
        elif old is None or directive == "replace" or type(old.value) is not type(new.value):
            target.value[key] = _clean(new)
        elif isinstance(old.value, dict):
            merge(old, new, known=known)
        elif isinstance(old.value, list) and isinstance(new.value, list):
            target.value[key] = _merged_list(key, old, new) if known else _clean(new)
        else:
            target.value[key] = copied(new)


def _clean(patch: Node) -> Node:
    """What a patch brings where nothing is."""
    node = copied(patch)
    if isinstance(node.value, dict):
        node.value = {
            key: _clean(child)
            for key, child in node.value.items()
            if not key.startswith("$") and child.value is not None
        }
    elif isinstance(node.value, list):
        node.value = [_clean(child) for child in node.value if child.text(_DIRECTIVE) != "delete"]
    return node


def _merged_list(key: str, old: Node, new: Node) -> Node:
    mine, theirs = old.value, new.value
    if not isinstance(mine, list) or not isinstance(theirs, list):
        return _clean(new)
    if key in _MERGED_TEXTS:
        known = [one.value for one in mine]
        return Node([*mine, *(copied(one) for one in theirs if one.value not in known)], old.origin)
    names = _MERGE_KEYS.get(key)
    if names is None or not all(isinstance(one.value, dict) for one in (*mine, *theirs)):
        return _clean(new)
    if any(one.text(_DIRECTIVE) == "replace" for one in theirs):
        return Node([_clean(one) for one in theirs if one.text(_DIRECTIVE) != "replace"], new.origin)
    result = list(mine)
    added: list[Node] = []
    for one in theirs:
        index = next((i for i, item in enumerate(result) if _same_item(item, one, names)), None)
        if one.text(_DIRECTIVE) == "delete":
            if index is not None:
                del result[index]
        elif index is None:
            added.append(_clean(one))
        else:
            merge(result[index], one, known=True)
    return Node([*added, *result], old.origin)


def _same_item(one: Node, other: Node, names: Sequence[str]) -> bool:
    for name in names:
        mine, theirs = one.step(name), other.step(name)
        if mine is not None and theirs is not None:
            return mine.value == theirs.value
    return False


def apply_operation(target: Node, operation: Node) -> None:
    """Do what one operation of a JSON patch says (RFC 6902); nothing where its path leads nowhere."""
    kind = operation.text("op")
    steps = _pointer(operation.text("path"))
    if not steps:
        return
    value = operation.step("value")
    if kind in {"add", "replace"} and value is not None:
        _put(target, steps, copied(value), insert=kind == "add")
    elif kind == "remove":
        _take(target, steps, operation.origin)
    elif kind in {"move", "copy"}:
        start = _pointer(operation.text("from"))
        found = _resolve(target, start)
        if found is not None and start:
            moved = copied(found)
            if kind == "move":
                _take(target, start, operation.origin)
            _put(target, steps, moved, insert=True)


def _pointer(text: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in text.split("/")[1:]]


def _resolve(node: Node, steps: Sequence[str]) -> Node | None:
    found: Node | None = node
    for step in steps:
        if found is None:
            return None
        found = found.step(int(step) if isinstance(found.value, list) and step.isdecimal() else step)
    return found


def _put(target: Node, steps: Sequence[str], value: Node, *, insert: bool) -> None:
    parent = _resolve(target, steps[:-1])
    last = steps[-1]
    if parent is None:
        return
    if isinstance(parent.value, dict):
        parent.value[last] = value
        parent.gone.pop(last, None)
    elif isinstance(parent.value, list):
        if last == "-":
            parent.value.append(value)
        elif last.isdecimal() and int(last) <= len(parent.value):
            if insert:
                parent.value.insert(int(last), value)
            elif int(last) < len(parent.value):
                parent.value[int(last)] = value


def _take(target: Node, steps: Sequence[str], by: Origin | None) -> None:
    parent = _resolve(target, steps[:-1])
    last = steps[-1]
    if parent is None:
        return
    if isinstance(parent.value, dict):
        parent.remove(last, by)
    elif isinstance(parent.value, list) and last.isdecimal() and int(last) < len(parent.value):
        del parent.value[int(last)]
