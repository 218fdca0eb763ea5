"""The careful path: text that the fast one refuses, read with positions, so that each problem has its place."""

from __future__ import annotations

import base64
import binascii
import json
import math
from typing import Any, Final

from gategit.manifests import conflicts, explain, nodes
from gategit.manifests.decode import Decoded, Document, Limits, Problem
from gategit.manifests.jsontext import compose_json, skip_space, whole_text
from gategit.manifests.nodes import Composed, Fault, Kind, Node, Piece
from gategit.manifests.scalars import key_text, plain_float, resolve_plain
from gategit.manifests.text import Lines
from gategit.model import Region

_MOST_PROBLEMS: Final = 200
"""Beyond this many problems nobody reads on, and a report would only grow."""

_JSON_COUNTED_FROM: Final = 512 * 1024
"""A JSON text below this size cannot hold more values than the limit, nor a value that is too long."""

_CORE: Final = "tag:yaml.org,2002:"
_MERGE_TAG: Final = _CORE + "merge"


def read_yaml(text: str, limits: Limits) -> Decoded:
    """Read every document; where one is broken, read the others by themselves."""
    reader = _Reader(text, limits)
    marked = conflicts.find(text)
    for conflict in marked:
        reader.problem(
            "merge-conflict-marker",
            conflict.message,
            "choose one side, then remove the lines <<<<<<<, ======= and >>>>>>>",
            reader.lines.rest_of_line(conflict.start),
            conflict.subject,
        )
    whole = reader.compose(text, 0) if not marked else None
    if whole is not None and (whole.fault is None or whole.fault.limit):
        if whole.fault is not None:
            reader.fault(whole.fault, 0, len(text))
        return reader.result(reader.build_all(list(enumerate(whole.documents))))
    roots: list[tuple[int, Node]] = []
    pieces = nodes.split(text)
    if len(pieces) > limits.documents:
        fault = Fault(nodes.too_many_documents(limits.documents), pieces[limits.documents].start, limit=True)
        reader.fault(fault, 0, len(text))
    for piece in pieces[: limits.documents]:
        if not conflicts.touches(marked, piece.start, piece.end):
            root = reader.compose_piece(piece)
            if root is not None:
                roots.append((piece.index, root))
    if whole is not None and whole.fault is not None and not reader.problems and not nodes.is_colon(whole.fault):
        reader.fault(whole.fault, 0, len(text))  # no piece shows it alone: it must not get lost
    return reader.result(reader.build_all(roots))


def read_json(text: str, limits: Limits) -> Decoded:
    """Read one JSON value or several, one after the other, as kubectl does."""
    reader = _Reader(text, limits)
    found: list[tuple[int, Any]] = []
    position = 0
    repeated = False

    def build(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal repeated
        built = dict(pairs)
        repeated = repeated or len(built) != len(pairs)
        return built

    decoder = json.JSONDecoder(object_pairs_hook=build, parse_constant=_refuse_constant)
    fault: tuple[str, int] | None = None
    try:
        while (position := skip_space(text, position)) < len(text):
            start = position
            data, position = decoder.raw_decode(text, position)
            found.append((start, data))
    except json.JSONDecodeError as error:
        fault = error.msg, error.pos
    except RecursionError:
        # Deeper than the interpreter allows is deeper than any limit here.
        reader.fault(Fault(nodes.too_deep(limits.depth), position, limit=True), 0, len(text))
        return reader.result([])
    except ValueError as error:
        fault = _plain_reason(error), position
    large = len(text) > _JSON_COUNTED_FROM or text.count("{") + text.count("[") > limits.depth
    composed = compose_json(text, depth=limits.depth, nodes=limits.nodes) if repeated or large else Composed((), None)
    if composed.fault is not None and composed.fault.limit:
        reader.fault(composed.fault, 0, len(text))
        return reader.result([])
    if fault is not None:
        reader.problems.append(explain.explain_json(fault[0], fault[1], reader.lines))
    for root in composed.documents[: len(found)]:
        reader.json_duplicates(root)
    escaped = "\\u" in text
    return reader.result(
        [
            Document(index, reader.lines.position(start)[0], _clean(data) if escaped else data)
            for index, (start, data) in enumerate(found)
            if data is not None
        ]
    )


class _Refused(Exception):  # noqa: N818  ends one document; the problem is already recorded
    pass


class _Reader:
    """Reads one text with positions and collects what is wrong."""

    def __init__(self, text: str, limits: Limits) -> None:
        self.text = text
        self.limits = limits
        self.lines = Lines(text)
        self.problems: list[Problem] = []
        self._left = limits.nodes

    def problem(self, rule: str, message: str, hint: str, region: Region, subject: str) -> None:
        self.problems.append(Problem(rule, message, hint, region, subject))

    def result(self, documents: list[Document]) -> Decoded:
        """What was read, with the problems in the order of their places, each once (an alias repeats them)."""
        once = sorted(dict.fromkeys(self.problems), key=lambda one: (one.region, one.rule))
        if len(once) > _MOST_PROBLEMS:
            message = f"the file has {len(once):,} problems; only the first {_MOST_PROBLEMS} are shown"
            hint = "mend these first, then look again"
            more = Problem("yaml-limit", message, hint, once[_MOST_PROBLEMS].region, "problems")
            once = [*once[:_MOST_PROBLEMS], more]
        return Decoded(tuple(documents), tuple(once))

    def compose(self, text: str, offset: int) -> Composed:
        return nodes.compose(
            text, depth=self.limits.depth, nodes=self.limits.nodes, documents=self.limits.documents, offset=offset
        )

    def compose_piece(self, piece: Piece) -> Node | None:
        composed = self.compose(self.text[piece.start : piece.end], piece.start)
        if composed.fault is not None:
            self.fault(composed.fault, piece.start, piece.end)
            return None
        return composed.documents[0] if composed.documents else None

    def fault(self, fault: Fault, start: int, end: int) -> None:
        """Record why the text between two indices cannot be composed."""
        self.problems.append(explain.explain(fault, self.lines, start, end))

    def build_all(self, roots: list[tuple[int, Node]]) -> list[Document]:
        """The data of each document; one that is refused leaves its problem."""
        documents = []
        for index, root in roots:
            try:
                data = self._value(root, 0)
            except _Refused:
                continue
            if data is not None:
                documents.append(Document(index, self.lines.position(root.start)[0], data))
        return documents

    def _refuse(self, rule: str, message: str, hint: str, node: Node, subject: str) -> _Refused:
        self.problem(rule, message, hint, self.lines.first_line(node.start, node.end), subject)
        return _Refused()

    def _value(self, node: Node, depth: int) -> Any:
        self._left -= 1
        if self._left < 0:
            raise self._refuse(
                "yaml-limit",
                f"the file grows beyond {self.limits.nodes:,} values when its aliases are written out",
                "write the repeated parts out, or use fewer aliases of aliases",
                node,
                "nodes",
            )
        target = node.target
        if target.kind is Kind.SCALAR:
            return self._scalar(target)
        if depth >= self.limits.depth:
            raise self._refuse(
                "yaml-limit",
                f"values nest deeper than {self.limits.depth} levels when aliases are written out",
                "no Kubernetes object nests this deep: use fewer aliases of aliases",
                node,
                "depth",
            )
        if target.kind is Kind.SEQUENCE:
            return [self._value(child, depth + 1) for child in target.value]
        return self._mapping(target, depth)

    def _mapping(self, node: Node, depth: int) -> dict[str, Any]:
        data: dict[str, Any] = {}
        first: dict[str, Node] = {}
        merged: list[dict[str, Any]] = []
        for key, child in node.value:
            if key.kind is Kind.SCALAR and key.value == "<<" and (key.plain or key.tag == _MERGE_TAG):
                merged.extend(self._merge_sources(child, depth))
                continue
            name = self._key(key)
            known = first.setdefault(name, key)
            if known is not key:
                self.duplicate(name, known, key)
            data[name] = self._value(child, depth + 1)
        for source in merged:
            for name, value in source.items():
                data.setdefault(name, value)
        return data

    def _merge_sources(self, node: Node, depth: int) -> list[dict[str, Any]]:
        children = node.target.value if node.target.kind is Kind.SEQUENCE else [node]
        sources = []
        for child in children:
            if child.target.kind is not Kind.MAPPING:
                raise self._refuse(
                    "yaml-syntax",
                    "the merge key << takes a mapping or a list of mappings",
                    "name an anchor of a mapping (<<: *defaults); a key that is really called << needs quotes",
                    child,
                    "merge",
                )
            sources.append(self._value(child, depth + 1))
        return sources

    def _key(self, node: Node) -> str:
        target = node.target
        if target.kind is not Kind.SCALAR:
            template = self.text.startswith(("{{", "{%"), max(0, node.start - 1)) or self.text.startswith(
                "{{", node.start
            )
            raise self._refuse(
                "yaml-syntax",
                "{{ }} without quotes is a mapping inside a mapping, not text"
                if template
                else "a key is a mapping or a list; a key must be text",
                'put the whole value in quotes: "{{ … }}"' if template else "write the key as text, or quote it",
                node,
                "template" if template else "complex-key",
            )
        name = key_text(self._scalar(target, key=True))
        if name is None:
            raise self._refuse(
                "yaml-syntax",
                "a key is empty (null); a key must be text",
                "write the key before the colon, or quote it if it is meant to read null",
                node,
                "null-key",
            )
        return name

    def duplicate(self, name: str, first: Node, second: Node) -> None:
        """Record that a mapping sets a key twice."""
        line, column = self.lines.position(first.start)
        self.problems.append(
            Problem(
                "duplicate-key",
                f"the key {_quoted(name)} is already set in line {line}, column {column}; only one of the two counts",
                f"remove one of the two, or put everything below one {_quoted(name)}",
                self.lines.region(second.start, second.end),
                name[:200],
                ((self.lines.region(first.start, first.end), "first set here"),),
            )
        )

    def _scalar(self, node: Node, *, key: bool = False) -> Any:
        text: str = node.value
        if len(text) > self.limits.scalar_bytes:
            raise self._refuse(
                "yaml-limit",
                f"one value has {len(text):,} characters; gategit reads at most {self.limits.scalar_bytes:,}",
                "no Kubernetes object may be this large: keep such data elsewhere, or split it",
                node,
                "scalar",
            )
        if node.tag in (None, "!"):
            value = resolve_plain(text) if node.plain else whole_text(text)
        else:
            try:
                value = _typed(node.tag, text)
            except ValueError as error:
                hint = "remove the tag, or mend the value"
                raise self._refuse("yaml-syntax", str(error), hint, node, "tag") from None
        if isinstance(value, float) and not math.isfinite(value) and not key:
            raise self._refuse(
                "yaml-syntax",
                f"{text} is a number that JSON cannot carry, so kubectl refuses it",
                f'quote it if it is meant as text: "{text}"',
                node,
                "not-finite",
            )
        return value

    def json_duplicates(self, root: Node) -> None:
        """Record every key that a JSON object sets twice."""
        waiting = [root]
        while waiting:
            node = waiting.pop()
            if node.kind is Kind.SEQUENCE:
                waiting.extend(node.value)
            elif node.kind is Kind.MAPPING:
                first: dict[str, Node] = {}
                for key, child in node.value:
                    waiting.append(child)
                    known = first.setdefault(key.value, key)
                    if known is not key:
                        self.duplicate(key.value, known, key)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is a number that JSON cannot carry")


def _plain_reason(error: ValueError) -> str:
    """The interpreter refuses integers of thousands of digits, in words about itself."""
    return "a number has too many digits" if "digits" in str(error) else str(error)


def _quoted(name: str) -> str:
    shown = name if len(name) <= 80 else name[:77] + "…"
    return '"' + shown.replace("\n", "\\n") + '"'


def _clean(data: Any) -> Any:
    """JSON data without the halves of surrogate pairs, which no encoder takes."""
    if isinstance(data, str):
        return whole_text(data)
    if isinstance(data, list):
        return [_clean(item) for item in data]
    if isinstance(data, dict):
        return {whole_text(key): _clean(value) for key, value in data.items()}
    return data


def _typed(tag: str | None, text: str) -> Any:
    """A scalar with an explicit tag, as go-yaml reads it: core types are enforced, unknown tags make it text.

    Raises:
        ValueError: the text is not of the tag's type.
    """
    name = tag.removeprefix(_CORE) if tag is not None and tag.startswith(_CORE) else ""
    if name == "binary":
        try:
            return base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            raise ValueError("a value tagged !!binary is not base64") from None
    value = resolve_plain(text)
    number = isinstance(value, int) and not isinstance(value, bool)
    fits = {
        "bool": isinstance(value, bool),
        "int": number,
        "float": number or isinstance(value, float),
        "null": value is None,
    }
    if name not in fits:
        return whole_text(text)
    if not fits[name]:
        raise ValueError(f"the value {_quoted(text)} is tagged !!{name}, but it is none")
    return plain_float(value) if isinstance(value, float) and math.isfinite(value) else value
