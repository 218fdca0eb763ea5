"""Bytes to plain data, as kubectl and the API server would read them.

There are two ways through. The fast one builds data straight from libyaml's events and takes only what is plain and
valid: no tags, no anchors, no odd keys. Whatever it will not take is composed again by the careful one, which knows
the rest of YAML and can say where each thing stands. Both are loops, not recursions, and both count what they read.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from gategit.manifests.scalars import key_text, resolve_plain
from gategit.manifests.text import Lines, NotText, decode_text
from gategit.model import Region

if TYPE_CHECKING:
    from gategit.manifests.nodes import Composed, Fault, Node

_START: Final = Region(1, 1, 1, 2)
_CONFLICT = re.compile(r"^(<{7}|={7}|>{7})(?=[ \r\n]|\Z)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a file may hold.

    Attributes:
        file_bytes: its size.
        depth: how deep collections may nest; the API server's JSON reader and every agent's own stack end somewhere.
        nodes: how many values a document may hold, aliases written out.
    """

    file_bytes: int = 5 * 2**20
    depth: int = 100
    nodes: int = 500_000


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a file before anything is known of its objects; the rules are those of `checks.syntax`."""

    rule: str
    message: str
    help: str
    region: Region
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a file. ``index`` counts from 0, empty documents included; ``line`` is where it begins."""

    index: int
    line: int
    data: Any


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a file holds: its documents that are not empty, and what is wrong with it."""

    documents: tuple[Document, ...]
    problems: tuple[Problem, ...] = ()


def decode(content: bytes, path: str, limits: Limits | None = None) -> Decoded:
    """Decode a file. Never raises, whatever the bytes.

    Args:
        content: the bytes.
        path: its name; ``.json`` is read as JSON, everything else as YAML.
        limits: what is read at the most.
    """
    limits = limits or Limits()
    if len(content) > limits.file_bytes:
        message = f"this file has {len(content):,} bytes, more than the {limits.file_bytes:,} that are read"
        help_text = "split the file, raise limits.file_size in .gategit.yaml, or exclude it if it holds no manifests"
        return Decoded((), (Problem("yaml-limit", message, help_text, _START, "size"),))
    text = decode_text(content)
    if isinstance(text, NotText):
        help_text = "save it as UTF-8 text; a binary file should not end in .yaml, .yml or .json"
        return Decoded((), (Problem("not-text", f"this file is not text: {text.message}", help_text, _START, "text"),))
    if path.endswith(".json"):
        return _decode_json(text, limits)
    documents = None if _may_hold_conflict(text) else _read_plainly(text, limits)
    if documents is not None:
        return Decoded(tuple(documents))
    return _decode_carefully(text, limits)


def _may_hold_conflict(text: str) -> bool:
    return "<<<<<<<" in text or ">>>>>>>" in text


class _NotPlainError(Exception):
    """The fast path will not take this text."""


_MISSING: Final = object()
_MOST_REMEMBERED: Final = 20_000
_LONGEST_REMEMBERED: Final = 64
_remembered: dict[str, Any] = {}


def _plain(text: str) -> Any:
    """`resolve_plain`, remembered: the same few thousand scalars make up most manifests."""
    value = resolve_plain(text)
    if type(value) is float and value - value != 0.0:  # infinite or not a number
        raise _NotPlainError
    if len(text) <= _LONGEST_REMEMBERED:
        if len(_remembered) >= _MOST_REMEMBERED:
            _remembered.clear()
        _remembered[text] = value
    return value


def _read_plainly(text: str, limits: Limits) -> list[Document] | None:
    """Read text that is valid and plain; None where the careful path must look."""
    # One frame for the whole file, and every name bound once: this loop runs for each value of each manifest.
    from _ruamel_yaml import CParser  # noqa: PLC0415  keeps modules that never decode YAML light
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415  the same

    try:
        return _build(CParser(text).get_event, limits)
    except (YAMLError, _NotPlainError, ValueError, AttributeError, TypeError):
        return None


def _build(next_event: Any, limits: Limits) -> list[Document]:  # noqa: C901, PLR0912, PLR0915  one hot loop
    from ruamel.yaml.events import (  # noqa: PLC0415  the same
        AliasEvent,
        DocumentStartEvent,
        MappingEndEvent,
        MappingStartEvent,
        ScalarEvent,
        SequenceEndEvent,
        SequenceStartEvent,
    )

    documents: list[Document] = []
    remembered = _remembered
    missing = _MISSING
    stack: list[tuple[Any, Any]] = []  # outer containers, each with the key that waits in it
    container: Any = None  # the innermost open container
    key: Any = missing  # the key that waits for its value, in a mapping
    index = -1
    count = 0
    line = 1
    while (event := next_event()) is not None:
        kind = type(event)
        if kind is ScalarEvent:
            value = event.value
            if event.tag is not None or event.anchor is not None:
                raise _NotPlainError
            if event.implicit[0]:
                found = remembered.get(value, missing)
                value = _plain(value) if found is missing else found
            count += 1
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            if event.tag is not None or event.anchor is not None or len(stack) >= limits.depth:
                raise _NotPlainError
            if container is None:
                line = event.start_mark.line + 1
            elif type(container) is dict and key is missing:
                raise _NotPlainError
            stack.append((container, key))
            container = {} if kind is MappingStartEvent else []
            key = missing
            count += 1
            continue
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            value = container
            container, key = stack.pop()
        elif kind is DocumentStartEvent:
            index += 1
            count = 0
            continue
        elif kind is AliasEvent:
            raise _NotPlainError
        else:
            continue
        if container is None:
            if count > limits.nodes:
                raise _NotPlainError
            if type(value) is not dict and type(value) is not list:
                line = event.start_mark.line + 1
            if value is not None:
                documents.append(Document(index, line, value))
        elif type(container) is list:
            container.append(value)
        elif key is missing:
            if type(value) is not str:
                text = key_text(value)
                if text is None:
                    raise _NotPlainError
                value = text
            if value in container or value == "<<":
                raise _NotPlainError
            key = value
        else:
            container[key] = value
            key = missing
    return documents


def _decode_json(text: str, limits: Limits) -> Decoded:
    """Read JSON: one value or several, one after the other, as kubectl takes them."""
    repeated: list[str] = []

    def build(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        built = dict(pairs)
        if len(built) != len(pairs):
            repeated.append("")
        return built

    def refuse(word: str) -> Any:
        raise ValueError(f"{word} is not JSON")

    decoder = json.JSONDecoder(object_pairs_hook=build, parse_constant=refuse)
    documents: list[Document] = []
    at, line = 0, 1
    try:
        while True:
            start = re.compile(r"\s*").match(text, at).end()  # type: ignore[union-attr]  # matches anything
            if start == len(text):
                break
            line += text.count("\n", at, start)
            data, end = decoder.raw_decode(text, start)
            if _measure(data, limits):
                raise RecursionError
            if data is not None:
                documents.append(Document(len(documents), line, data))
            line += text.count("\n", start, end)
            at = end
    except RecursionError:
        message = f"nested deeper than {limits.depth} levels, or more than {limits.nodes:,} values"
        return Decoded((), (Problem("yaml-limit", message, _LIMIT_HELP, _START, "limit"),))
    except json.JSONDecodeError as error:
        region = Region(error.lineno, error.colno, error.lineno, error.colno + 1)
        problem = Problem("yaml-syntax", f"this is not JSON: {_lower(error.msg)}", _JSON_HELP, region, error.msg)
        return Decoded(tuple(documents), (problem,))
    except ValueError as error:
        region = Region(line, 1, line, 2)
        problem = Problem("yaml-syntax", f"this is not JSON: {error}", _JSON_HELP, region, str(error))
        return Decoded(tuple(documents), (problem,))
    if repeated:
        # The data is right as JSON readers have it (the last one wins); the careful reader knows the places.
        careful = _decode_carefully(text, limits)
        return Decoded(tuple(documents), tuple(one for one in careful.problems if one.rule == "duplicate-key"))
    return Decoded(tuple(documents))


_LIMIT_HELP = "no manifest needs that much: write the values out, or split the document"
_JSON_HELP = "mend it at this place; JSON knows no comments and no comma before a closing bracket"


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _measure(data: Any, limits: Limits) -> bool:
    """Whether data breaks a limit."""
    count = 0
    level = [data]
    depth = 0
    while level:
        depth += 1
        count += len(level)
        if depth > limits.depth + 1 or count > limits.nodes:
            return True
        inner: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                inner.extend(value.values())
            elif isinstance(value, list):
                inner.extend(value)
        level = inner
    return False


def _decode_carefully(text: str, limits: Limits) -> Decoded:
    """Read whatever YAML there is, and say what is wrong with the rest."""
    from gategit.manifests.construct import construct  # noqa: PLC0415  most files never need it
    from gategit.manifests.explain_yaml import explain  # noqa: PLC0415  the same
    from gategit.manifests.nodes import compose, split  # noqa: PLC0415  the same

    lines = Lines(text)
    markers = _conflict_problems(text, lines)
    composed: Composed = compose(text, depth=limits.depth, nodes=limits.nodes)
    numbered: list[tuple[int, Node]] = list(enumerate(composed.documents))
    faults: list[Fault] = []
    if composed.fault is not None:
        # One document that cannot be read must not hide the others.
        numbered = []
        for piece in split(text):
            part = compose(text[piece.start : piece.end], depth=limits.depth, nodes=limits.nodes, offset=piece.start)
            if part.fault is not None:
                faults.append(part.fault)
            elif part.documents:
                numbered.append((piece.index, part.documents[0]))
        faults = faults or [composed.fault]
    documents: list[Document] = []
    problems: list[Problem] = list(markers)
    if not markers:
        problems += [explain(fault, lines) for fault in faults]
    for index, node in numbered:
        data, found = construct(node, lines, limits)
        problems += found
        if data is not None:
            documents.append(Document(index, lines.position(node.start)[0], data))
    return Decoded(tuple(documents), tuple(problems))


def _conflict_problems(text: str, lines: Lines) -> list[Problem]:
    """A problem for each complete set of markers that a merge left behind."""
    problems: list[Problem] = []
    opened: re.Match[str] | None = None
    for found in _CONFLICT.finditer(text):
        if found.group().startswith("<"):
            opened = found
        elif found.group().startswith(">") and opened is not None:
            end = lines.position(found.start())[0]
            problems.append(
                Problem(
                    "merge-conflict-marker",
                    f"this file holds an unresolved merge conflict, up to line {end}",
                    "decide which side is right and delete the lines that start with <<<<<<<, ======= and >>>>>>>",
                    lines.rest_of_line(opened.start()),
                    lines.line(lines.position(opened.start())[0]),
                )
            )
            opened = None
    return problems
