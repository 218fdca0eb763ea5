"""YAML events composed into light nodes that know their place: the careful path, for what the fast one will not take.

Composing is a loop, not a recursion, and every limit is checked while events arrive, so nothing that a document says
can exhaust the stack or the memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

_PURE_RETRY_CHARACTERS: Final = 512 * 1024
"""How much text ruamel's Python scanner (about 200 times slower than libyaml) is asked to read a second time."""

_HIDDEN: Final = str.maketrans({":": "\ue000", "?": "\ue001"})
"""Characters that nobody writes, each as long as what it stands for, so that every place stays where it is."""

_SHOWN: Final = str.maketrans({"\ue000": ":", "\ue001": "?"})

_URL: Final = re.compile(r"""[A-Za-z0-9+.-]+://[^\s,\[\]{}"'#]*[^\s,\[\]{}"'#:?]""")
"""A URL: no colon in it ends a key, since none has a space behind it or a quote before."""

_DOCUMENT_MARKER = re.compile(r"^(?:---|\.\.\.)(?=[ \t\r\n]|\Z)", re.MULTILINE)
_LEADING_NOISE = re.compile(r"(?:[ \t]*(?:#[^\r\n]*)?(?:\r\n|\n|\r)|%[^\r\n]*(?:\r\n|\n|\r))*[ \t]*(?:#[^\r\n]*)?\Z")


class Kind(IntEnum):
    """What a node is."""

    SCALAR = 0
    SEQUENCE = 1
    MAPPING = 2
    ALIAS = 3


class Node:
    """One node of a document. ``start`` and ``end`` are indices into the text.

    ``value`` is a string, a list of nodes, a list of pairs of nodes, or for an alias the node that it names.
    """

    __slots__ = ("anchor", "end", "flow", "kind", "plain", "start", "tag", "value")

    def __init__(self, kind: Kind, value: Any, tag: str | None, start: int, end: int) -> None:
        self.kind = kind
        self.value = value
        self.tag = tag
        self.start = start
        self.end = end
        self.plain = False
        self.flow = False
        self.anchor: str | None = None

    @property
    def target(self) -> Node:
        """The node itself, or the one that an alias names."""
        node = self
        while node.kind is Kind.ALIAS:
            node = node.value
        return node


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a text cannot be composed, in libyaml's words, and where. ``limit`` marks a limit of ours."""

    problem: str
    index: int
    context: str = ""
    context_index: int | None = None
    limit: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """One document of a stream that is read by itself, since another one of the stream cannot be read."""

    index: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Composed:
    """The documents before the first fault (all of them where there is none). Empty documents are empty scalars."""

    documents: tuple[Node, ...]
    fault: Fault | None


def too_deep(depth: int) -> str:
    """What is said of collections that nest beyond a limit."""
    return f"values nest deeper than {depth} levels"


def too_many(nodes: int) -> str:
    """What is said of a document that holds more values than a limit."""
    return f"a document holds more than {nodes:,} values"


def too_many_documents(documents: int) -> str:
    """What is said of a file that holds more documents than a limit."""
    return f"the file holds more than {documents:,} documents"


class _Stop(Exception):  # noqa: N818  control flow, not an error that anybody sees
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.problem)
        self.fault = fault


def compose(text: str, *, depth: int, nodes: int, documents: int = 10_000, offset: int = 0) -> Composed:
    """Compose every document of a text.

    Args:
        text: decoded text.
        depth: how deep collections may nest.
        nodes: how many nodes the text may hold.
        documents: how many documents it may hold.
        offset: added to every index, for a piece of a longer text.
    """
    composed = _compose_events(_documents(_native_events(text), depth, nodes, offset), documents, offset)
    if not is_colon(composed.fault):
        return composed
    # The bundled libyaml refuses [http://example.com], which YAML allows and Go's reader accepts.
    if "\ue000" not in text and "\ue001" not in text:
        hidden = _URL.sub(lambda found: found[0].translate(_HIDDEN), text)
        again = _compose_events(_documents(_restored(hidden), depth, nodes, offset), documents, offset)
        if again.fault is None or again.fault.limit:
            return again
    if len(text) <= _PURE_RETRY_CHARACTERS:
        return _compose_events(_documents(_pure_events(text), depth, nodes, offset), documents, offset)
    return composed


def is_colon(fault: Fault | None) -> bool:
    """Whether the bundled reader refused a colon inside of an unquoted value in brackets, which may well be right."""
    return fault is not None and fault.problem == "found unexpected ':'"


def _restored(hidden: str) -> Iterator[Any]:
    """The events of a text whose URLs are hidden, with what they are in the values again."""
    for event in _native_events(hidden):
        value = getattr(event, "value", None)
        if isinstance(value, str) and ("\ue000" in value or "\ue001" in value):
            event.value = value.translate(_SHOWN)
        yield event


def _native_events(text: str) -> Iterator[Any]:
    from _ruamel_yaml import CParser  # noqa: PLC0415  imported late: only what the fast path refuses comes here

    yield from iter(CParser(text).get_event, None)


def _pure_events(text: str) -> Iterator[Any]:
    from ruamel.yaml import YAML  # noqa: PLC0415  the same

    yield from YAML(typ="safe", pure=True).parse(text)


def _reader_fault(error: Exception, offset: int) -> Fault:
    """What a YAML reader says of a text that it refuses.

    Raises:
        Exception: the error itself, where no reader of YAML raises such.
    """
    from ruamel.yaml.error import MarkedYAMLError, YAMLError  # noqa: PLC0415  the same
    from ruamel.yaml.reader import ReaderError  # noqa: PLC0415  the same

    if isinstance(error, ReaderError):
        return Fault(str(error.reason), error.position + offset)
    if isinstance(error, MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        return Fault(
            str(error.problem or error.context or "not valid YAML"),
            (mark.index if mark is not None else 0) + offset,
            str(error.context or ""),
            error.context_mark.index + offset if error.context_mark is not None else None,
        )
    # The Python scanner fails in its own ways on text that no YAML reader takes.
    if isinstance(error, YAMLError | ValueError | TypeError | AttributeError | IndexError):
        return Fault(f"not valid YAML: {error}", offset)
    raise error


def _compose_events(documents: Iterator[Node], most: int, offset: int) -> Composed:
    composed: list[Node] = []
    try:
        for document in documents:
            if len(composed) >= most:
                fault = Fault(too_many_documents(most), document.start, limit=True)
                return Composed(tuple(composed), fault)
            composed.append(document)
    except _Stop as stop:
        return Composed(tuple(composed), stop.fault)
    except Exception as error:  # noqa: BLE001  what is no reader's error is raised again
        return Composed(tuple(composed), _reader_fault(error, offset))
    return Composed(tuple(composed), None)


def _documents(events: Iterable[Any], depth: int, nodes: int, offset: int) -> Iterator[Node]:  # noqa: C901, PLR0912, PLR0915  one event loop, best read in one piece
    anchors: dict[str, Node] = {}
    stack: list[Node] = []
    pending: list[Node | None] = []  # for each open mapping, the key that waits for its value
    count = 0
    for event in events:
        name = event.__class__.__name__
        start = event.start_mark.index + offset
        if name == "ScalarEvent":
            node = Node(Kind.SCALAR, event.value, event.tag, start, event.end_mark.index + offset)
            node.plain = bool(event.implicit[0])
        elif name == "AliasEvent":
            named = anchors.get(event.anchor)
            if named is None:
                raise _Stop(Fault(f"found undefined alias {event.anchor}", start))
            if named in stack:
                raise _Stop(Fault(f"found alias inside its own anchor {event.anchor}", start))
            node = Node(Kind.ALIAS, named, None, start, event.end_mark.index + offset)
        elif name in {"SequenceStartEvent", "MappingStartEvent"}:
            kind = Kind.SEQUENCE if name == "SequenceStartEvent" else Kind.MAPPING
            node = Node(kind, [], event.tag, start, start)
            node.flow = bool(event.flow_style)
            if len(stack) >= depth:
                raise _Stop(Fault(too_deep(depth), start, limit=True))
        elif name in {"SequenceEndEvent", "MappingEndEvent"}:
            node = stack.pop()
            pending.pop()
            node.end = event.end_mark.index + offset
            if not stack:
                yield node
            continue
        else:
            if name == "DocumentStartEvent":
                anchors = {}
                count = 0
            continue
        count += 1
        if count > nodes:
            raise _Stop(Fault(too_many(nodes), start, limit=True))
        if node.kind is not Kind.ALIAS and event.anchor:
            anchors[event.anchor] = node
            node.anchor = event.anchor
        if stack:
            parent = stack[-1]
            if parent.kind is Kind.SEQUENCE:
                parent.value.append(node)
            elif pending[-1] is None:
                pending[-1] = node
            else:
                parent.value.append((pending[-1], node))
                pending[-1] = None
        if node.kind in {Kind.SEQUENCE, Kind.MAPPING}:
            stack.append(node)
            pending.append(None)
        elif not stack:
            yield node


def split(text: str) -> list[Piece]:
    """Cut a stream at its ``---`` and ``...`` lines, numbering the documents as a reader of the whole would.

    Text before the first marker is a document only where it holds more than comments and directives; text after
    ``...`` likewise.
    """
    pieces: list[Piece] = []
    start = 0
    explicit = False
    for found in [*_DOCUMENT_MARKER.finditer(text), None]:
        end = found.start() if found is not None else len(text)
        if explicit or not _LEADING_NOISE.fullmatch(text, start, end):
            pieces.append(Piece(len(pieces), start, end))
            start = end
        # Directives and comments before a marker stay with the document that the marker begins.
        explicit = found is not None and found.group() == "---"
        if found is not None and found.group() == "...":
            start = found.end()
    return pieces
