"""Where a field stands in its file. Composed only when somebody asks, that is for findings."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final, Literal

from gategit.manifests.decode import Limits
from gategit.manifests.jsontext import compose_json
from gategit.manifests.native import Adapted, compose_one
from gategit.manifests.nodes import Kind, Node, Piece, compose, split
from gategit.manifests.scalars import key_text, resolve_plain
from gategit.manifests.text import Lines, NotText, decode_text
from gategit.model import FieldPath, Region

_READ_AT_MOST: Final = 64 * 2**20
"""No limit in a config goes further; a larger text is never decoded, so nobody asks where its fields are."""


class SourceMap:
    """Field paths of a file's documents to ranges of its text. No method raises, whatever it is asked.

    Args:
        content: the file's bytes.
        path: where it stands; only its extension matters.
        roots: documents that libyaml has composed already, by index, as the decoder left them.
    """

    def __init__(self, content: bytes, path: str, roots: Mapping[int, Any] | None = None) -> None:
        self._content = content
        self._json = path.endswith(".json")
        self._read: dict[int, Node | None] = {}
        if roots and b"&" not in content:  # an alias would stand where its anchor does
            self._read.update((index, Adapted(root, 0)) for index, root in roots.items())

    @cached_property
    def _text(self) -> str:
        text = decode_text(self._content) if len(self._content) <= _READ_AT_MOST else ""
        return "" if isinstance(text, NotText) else text

    @cached_property
    def _lines(self) -> Lines:
        return Lines(self._text)

    @cached_property
    def _pieces(self) -> dict[int, Piece]:
        """The documents as they are cut apart before they are read; () for JSON, which is one."""
        return {} if self._json else {piece.index: piece for piece in split(self._text)[: Limits().documents]}

    def _root(self, document: int) -> Node | None:
        """One document of the text, composed when it is first asked for; None where it cannot be read.

        A piece of the text holds one document. Where it does not, the text is not what it seems, and is read whole.
        """
        if document in self._read:
            return self._read[document]
        piece = self._pieces.get(document)
        if piece is not None:
            limits = Limits()
            text = self._text[piece.start : piece.end]
            root = compose_one(text, nodes=limits.nodes, offset=piece.start)
            if root is None:
                part = compose(text, depth=limits.depth, nodes=limits.nodes, offset=piece.start)
                root = part.documents[0] if part.fault is None and len(part.documents) == 1 else None
            if root is not None:
                self._read[document] = root
                return root
        self._read[document] = self._roots.get(document)
        return self._read[document]

    @cached_property
    def _roots(self) -> dict[int, Node]:
        limits = Limits()
        depth, nodes = limits.depth, limits.nodes
        if self._json:
            return dict(enumerate(compose_json(self._text, depth=depth, nodes=nodes).documents))
        whole = compose(self._text, depth=depth, nodes=nodes)
        if whole.fault is None or whole.fault.limit:
            return dict(enumerate(whole.documents))
        roots = {}
        for piece in self._pieces.values():
            part = compose(self._text[piece.start : piece.end], depth=depth, nodes=nodes, offset=piece.start)
            if part.documents and part.fault is None:
                roots[piece.index] = part.documents[0]
        return roots

    def region(self, document: int, path: FieldPath, *, on: Literal["key", "value"] = "value") -> Region:
        """The place of a field, or of its nearest ancestor that exists.

        A scalar or a flow collection is covered whole; a block collection by its first line; a field that is absent
        or empty by the key it should stand under. A list item has no key: it is covered as a value.
        """
        root = self._root(document)
        if root is None:
            return Region(1, 1, 1, 2)
        key, node, complete = _find(root, path)
        if key is not None and (on == "key" or not complete or (node.start == node.end and node.kind is Kind.SCALAR)):
            return self._trimmed(key)
        return self._trimmed(node)

    def scalar(self, document: int, path: FieldPath) -> str | None:
        """The source text of a scalar that stands without quotes; None where there is none at this path."""
        root = self._root(document)
        if root is None:
            return None
        _, node, complete = _find(root, path)
        node = node.target
        if not complete or node.kind is not Kind.SCALAR or not node.plain or node.tag not in (None, "!"):
            return None
        return str(node.value)

    def line_text(self, line: int) -> str:
        """The text of a line (1-based) without its end; "" where there is no such line."""
        return self._lines.line(line)

    def _trimmed(self, node: Node) -> Region:
        text = self._text
        if node.kind in (Kind.SEQUENCE, Kind.MAPPING) and not node.flow:
            return self._lines.region(node.start, max(_first_line_end(node, self._lines), node.start + 1))
        end = node.end
        while end > node.start and text[end - 1 : end].isspace():
            end -= 1
        return self._lines.region(node.start, max(end, node.start + 1) if node.start < len(text) else end)


def _first_line_end(node: Node, lines: Lines) -> int:
    """Where the first line of a block collection ends: after the last scalar on it."""
    line = lines.position(node.start)[0]
    end = node.start
    waiting = [node]
    for _ in range(200):  # the first line of a file may be very long; its beginning is place enough
        if not waiting:
            break
        one = waiting.pop()
        if one.kind in (Kind.SCALAR, Kind.ALIAS) or one.flow:
            if lines.position(one.start)[0] == line:
                last, _ = lines.position(one.end)
                end = max(end, one.end if last == line else _line_end(lines, line))
            continue
        if one.value:
            first = one.value[0]
            waiting.extend(first if isinstance(first, tuple) else (first,))
    return end


def _line_end(lines: Lines, line: int) -> int:
    return lines.line_start(line) + len(lines.line(line).rstrip())


def _find(root: Node, path: FieldPath) -> tuple[Node | None, Node, bool]:
    """The key and the node at a path, as deep as it exists, and whether all of it does."""
    key: Node | None = None
    node = root
    for step in path:
        found = _step(node.target, step)
        if found is None:
            return key, node, False
        key, node = found
    return key, node, True


def _step(node: Node, step: str | int) -> tuple[Node | None, Node] | None:
    if node.kind is Kind.SEQUENCE:
        inside = isinstance(step, int) and 0 <= step < len(node.value)
        return (None, node.value[step]) if inside else None
    if node.kind is not Kind.MAPPING or not isinstance(step, str):
        return None
    if isinstance(node, Adapted):
        entry = node.entry(step)
        if entry is not None:
            return entry
    # Of a key that is set twice the last one counts; what a merge brings in counts where the key is not set at all.
    for key, child in reversed(node.value):
        if key.target.kind is Kind.SCALAR and _name(key.target) == step and not _is_merge(key):
            return key, child
    for source in _merged(node):
        found = _step(source, step)
        if found is not None:
            return found
    return None


def _is_merge(key: Node) -> bool:
    return key.kind is Kind.SCALAR and key.plain and key.value == "<<"


def _merged(node: Node) -> list[Node]:
    sources: list[Node] = []
    for key, child in node.value:
        if _is_merge(key):
            listed = child.target.kind is Kind.SEQUENCE
            sources.extend(one.target for one in (child.target.value if listed else [child]))
    return [source for source in sources if source.kind is Kind.MAPPING]


def _name(key: Node) -> str | None:
    if not key.plain:
        return str(key.value)
    return key_text(resolve_plain(key.value))
