"""The fast path: libyaml composes in C, and plain data is built from its nodes with no look at positions.

It takes what nearly every manifest is and refuses, with ``Unusual``, whatever needs care: duplicate and merge keys,
tags, deep nesting. A refusal says nothing about the text; the careful path (``nodes``, ``decode``) judges it.
"""

from __future__ import annotations

from typing import Any, Final

from _ruamel_yaml import CParser
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode
from ruamel.yaml.tag import Tag

from gategit.manifests.nodes import Kind, Node
from gategit.manifests.scalars import key_text, resolve_plain

_PLAIN: Final = Tag(suffix="plain")
_QUOTED: Final = Tag(suffix="quoted")
_COLLECTION: Final = Tag(suffix="collection")

_FLOW_OPENERS: Final = 1000
_LINE_LENGTH: Final = 300
"""libyaml composes by recursion in C. A block collection needs a column of its own on some line (two where a list
stands at its key's column), a flow collection a bracket: so these two bound the depth before composing starts."""

_COUNTED_FROM: Final = 64 * 1024
"""Below this many bytes a document cannot hold so many nodes that it matters."""

_MEMO_ENTRIES: Final = 20_000
_MEMO_LENGTH: Final = 64

_MISSING: Final = object()
_values: dict[str, Any] = {}


class Unusual(Exception):  # noqa: N818  a change of path, not an error that anybody sees
    """The fast path leaves this text to the careful one."""


class _Parser(CParser):  # type: ignore[misc]  # ruamel.yaml.clib has no type information
    """Tells plain scalars from quoted ones by a shared tag, and keeps no resolver state."""

    def resolve(self, kind: Any, _value: Any, implicit: Any) -> Tag:
        if kind is ScalarNode:
            return _PLAIN if implicit[0] else _QUOTED
        return _COLLECTION

    # Called for every node with one and two arguments: a C function that ignores them costs least.
    descend_resolver = staticmethod("".format)
    ascend_resolver = staticmethod("".format)


def fast_documents(content: bytes, *, depth: int, nodes: int, documents: int) -> list[tuple[int, int, Any, Any]]:
    """Index, line and data of each document that is not empty, and libyaml's node that it was built from.

    Raises:
        Unusual: the text needs the careful path.
    """
    try:
        parser = _safe_parser(content, nodes)
        build = _Builder(depth, nodes)
        found = []
        index = 0
        while parser.check_node():
            root = parser.get_node()
            data = build.document(root)
            if data is not None:
                found.append((index, root.start_mark.line + 1, data, root))
            index += 1
            if index > documents:
                raise Unusual
    except YAMLError:
        raise Unusual from None
    return found


def _safe_parser(content: bytes, nodes: int) -> _Parser:
    """A parser for a text of which is known that composing it takes neither much depth nor many nodes.

    Raises:
        Unusual: that is not known.
        YAMLError: the text is no YAML.
    """
    if content.count(b"[") + content.count(b"{") > _FLOW_OPENERS:
        raise Unusual
    if max(map(len, content.split(b"\n"))) > _LINE_LENGTH and _long_indent(content):
        raise Unusual
    # A scalar is one event, a collection two. libyaml counts them at a fraction of the cost of making them; its
    # time is quadratic in the depth of brackets, which is why those were bounded first.
    if len(content) > _COUNTED_FROM and CParser(content).raw_parse() > 2 * nodes:
        raise Unusual
    return _Parser(content)


def compose_one(text: str, *, nodes: int, offset: int) -> Node | None:
    """Compose the one document of a text as ``nodes.compose`` does, at an eighth of its cost.

    Args:
        text: decoded text.
        nodes: how many nodes it may hold.
        offset: added to every index.

    Returns:
        The document; None where the text holds aliases or tags, or anything else that needs ``nodes.compose``.
    """
    if "&" in text or "!" in text or "*" in text:
        return None
    try:
        parser = _safe_parser(text.encode(), nodes)
        root = parser.get_node() if parser.check_node() else None
        return None if root is None or parser.check_node() else Adapted(root, offset)
    except (YAMLError, Unusual, UnicodeError):
        return None


class Adapted(Node):
    """A node of libyaml's as one of ours; those below it are adapted when somebody goes there."""

    __slots__ = ("_children", "_native", "_offset")

    def __init__(self, native: Any, offset: int) -> None:
        self._native = native
        self._offset = offset
        self._children: Any = None
        self.start = native.start_mark.index + offset
        self.end = native.end_mark.index + offset
        self.tag = None
        self.anchor = None
        is_scalar = native.__class__ is ScalarNode
        self.kind = Kind.SCALAR if is_scalar else Kind.MAPPING if native.__class__ is MappingNode else Kind.SEQUENCE
        self.plain = is_scalar and native.ctag is _PLAIN
        self.flow = not is_scalar and bool(native.flow_style)

    @property
    def value(self) -> Any:
        """A string, a list of nodes, or a list of pairs of nodes."""
        if self.kind is Kind.SCALAR:
            return self._native.value
        if self._children is None:
            offset = self._offset
            if self.kind is Kind.MAPPING:
                self._children = [(Adapted(k, offset), Adapted(v, offset)) for k, v in self._native.value]
            else:
                self._children = [Adapted(child, offset) for child in self._native.value]
        return self._children

    @value.setter
    def value(self, _: Any) -> None:
        raise AttributeError("a node of libyaml's is not changed")

    def entry(self, name: str) -> tuple[Node, Node] | None:
        """The key and the value under a name, where the key is written just like it; None says nothing."""
        for key, child in reversed(self._native.value):
            if key.__class__ is ScalarNode and key.value == name:
                if key.ctag is _PLAIN and key_text(resolve_plain(name)) != name:
                    return None
                return Adapted(key, self._offset), Adapted(child, self._offset)
        return None


def _long_indent(content: bytes) -> bool:
    return any(len(line) > _LINE_LENGTH and not line[:_LINE_LENGTH].strip(b" -?:\r") for line in content.split(b"\n"))


def _plain(text: str) -> Any:
    value = resolve_plain(text)
    if value.__class__ is float and not -1e400 < value < 1e400:
        raise Unusual  # infinity and NaN, which JSON cannot carry
    if len(text) <= _MEMO_LENGTH:
        if len(_values) >= _MEMO_ENTRIES:
            _values.clear()
        _values[text] = value
    return value


class _Builder:
    """Plain data from libyaml's nodes. ``_left`` bounds what aliases can blow up."""

    __slots__ = ("_depth", "_left")

    def __init__(self, depth: int, nodes: int) -> None:
        self._depth = depth
        self._left = nodes

    def document(self, root: Any) -> Any:
        if root.__class__ is ScalarNode:
            return self._scalar(root)
        return self._collection(root, self._depth)

    def _scalar(self, node: Any) -> Any:
        tag = node.ctag
        if tag is _QUOTED:
            return node.value
        if tag is not _PLAIN:
            raise Unusual
        text = node.value
        value = _values.get(text, _MISSING)
        return _plain(text) if value is _MISSING else value

    def _collection(self, node: Any, depth: int) -> Any:  # noqa: C901, PLR0912  the hot loop: a call would cost more than a branch
        if node.ctag is not _COLLECTION or not depth:
            raise Unusual
        children = node.value
        self._left -= len(children)
        if self._left < 0:
            raise Unusual
        memo = _values
        if node.__class__ is not MappingNode:
            items = []
            for child in children:
                if child.__class__ is ScalarNode:
                    if child.ctag is _QUOTED:
                        items.append(child.value)
                    else:
                        items.append(self._scalar(child))
                else:
                    items.append(self._collection(child, depth - 1))
            return items
        data: dict[str, Any] = {}
        for key, child in children:
            if key.__class__ is not ScalarNode:
                raise Unusual
            tag = key.ctag
            name = key.value
            if tag is _PLAIN:
                value = memo.get(name, _MISSING)
                if value is _MISSING:
                    value = _plain(name)
                if value.__class__ is not str:
                    value = key_text(value)
                    if value is None:
                        raise Unusual
                elif value == "<<":
                    raise Unusual
                name = value
            elif tag is not _QUOTED:
                raise Unusual
            if child.__class__ is ScalarNode:
                tag = child.ctag
                text = child.value
                if tag is _QUOTED:
                    data[name] = text
                elif tag is _PLAIN:
                    value = memo.get(text, _MISSING)
                    data[name] = _plain(text) if value is _MISSING else value
                else:
                    raise Unusual
            else:
                data[name] = self._collection(child, depth - 1)
        if len(data) != len(children):
            raise Unusual
        return data
