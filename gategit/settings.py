"""The shape of gategit's own files: one description that reads them, documents them and gives editors a JSON Schema.

A description is a tree of ``Record``, ``MapOf``, ``ListOf``, ``Text``, ``Choice``, ``Number``, ``Whole``,
``Flag`` and ``Plain``.
``read_settings`` decodes a file as manifests are decoded (same limits, same refusal of duplicate keys) and checks it
against the description; what it returns is plain data whose types the description guarantees.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from gategit.errors import ConfigError
from gategit.model import FieldPath, Region, format_path
from gategit.nearest import did_you_mean

if TYPE_CHECKING:
    from gategit.manifests.positions import SourceMap

Accepts = Callable[[str], None]
"""A further test of a text; raises ValueError with the end of a sentence that begins with the text."""

MAX_BYTES = 1024 * 1024
"""The largest file of gategit's own that is read."""


@dataclass(frozen=True, slots=True)
class Text:
    """A string.

    Attributes:
        expected: what it should be, in words that follow "must be".
        pattern: a regular expression that the whole string matches (the same in Python and ECMAScript).
        accepts: a further test.
    """

    expected: str
    pattern: str = ""
    accepts: Accepts | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words. ``off`` may be written without quotes, where YAML reads it as false."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number that has one value only: a format's version."""

    value: int


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number within bounds, both of them allowed."""

    minimum: int
    maximum: int


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""


@dataclass(frozen=True, slots=True)
class Plain:
    """A boolean, a number, a text or a list of texts: what somebody else checks further."""


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of the same thing."""

    item: Node
    minimum: int = 0


@dataclass(frozen=True, slots=True)
class MapOf:
    """A mapping from names that the writer chooses."""

    value: Node
    key: Text


@dataclass(frozen=True, slots=True)
class Field:
    """One key of a record: what it holds, what it is for, and what its absence means."""

    node: Node
    description: str
    required: bool = False
    default: str = ""
    example: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """A mapping with fixed keys."""

    fields: Mapping[str, Field]
    minimum: int = 0


Node = Text | Choice | Number | Whole | Flag | Plain | ListOf | MapOf | Record


def _shown(value: Any) -> str:
    """A value as an error names it: its type and, where it is short, itself."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"the boolean {str(value).lower()}"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return f'"{value}"' if _is_short(value) else "this text"
    return "a list" if isinstance(value, list) else "a mapping"


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return all(isinstance(member, str) for member in value)
    return isinstance(value, bool | int | float | str)


def _is_short(text: str) -> bool:
    """Whether a message can show it as it is."""
    return len(text) <= 60 and text.isprintable()


class Settings:
    """One file that fits its description: its data, and where each field stands."""

    def __init__(self, text: bytes, file: str, data: dict[str, Any]) -> None:
        self.file = file
        self.data = data
        self._text = text
        self._map: SourceMap | None = None

    def _source_map(self) -> SourceMap:
        if self._map is None:
            from gategit.manifests.positions import SourceMap  # noqa: PLC0415  only errors ask where

            self._map = SourceMap(self._text, self.file)
        return self._map

    def region(self, path: FieldPath) -> Region:
        """Where a value stands."""
        return self._source_map().region(0, path)

    def scalar(self, path: FieldPath) -> str | None:
        """The source text of an unquoted scalar."""
        return self._source_map().scalar(0, path)

    def error(self, path: FieldPath, message: str, hint: str = "", *, on_key: bool = False) -> ConfigError:
        """An error at a field; raise what is returned."""
        region = self._source_map().region(0, path, on="key" if on_key else "value")
        return ConfigError(message, hint, file=self.file, line=region.line, column=region.column)


class _Reader:
    """Checks decoded data against a description, in the order of the file, up to the first error."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def read(self, node: Node, value: Any, path: FieldPath) -> Any:  # noqa: PLR0911  one line a kind
        match node:
            case Record():
                return self.record(node, value, path)
            case MapOf():
                return self.map_of(node, value, path)
            case ListOf():
                return self.list_of(node, value, path)
            case Text():
                return self.text(node, value, path)
            case Choice():
                return self.choice(node, value, path)
            case Number():
                return self.number(node, value, path)
            case Whole():
                return self.whole(node, value, path)
            case Flag():
                return self.flag(value, path)
            case Plain():
                return self.plain(value, path)

    def fail(self, path: FieldPath, message: str, hint: str = "") -> NoReturn:
        raise self.settings.error(path, f"{format_path(path) or 'the file'} {message}", hint)

    def record(self, node: Record, value: Any, path: FieldPath) -> dict[str, Any]:
        where = f" in {format_path(path)}" if path else ""
        if not isinstance(value, dict):
            self.fail(path, f"must be a mapping with the keys {', '.join(node.fields)}, not {_shown(value)}")
        read = {}
        for key, item in value.items():
            field = node.fields.get(key)
            if field is None:
                shown = key if _is_short(key) else f"{key[:40]!r}…"
                message = f"unknown key {shown}{where}{did_you_mean(key, node.fields)}"
                raise self.settings.error((*path, key), message, f"keys{where}: {', '.join(node.fields)}", on_key=True)
            read[key] = self.read(field.node, item, (*path, key))
        for key, field in node.fields.items():
            if field.required and key not in value:
                hint = f"add {key}: {field.example}" if field.example else ""
                raise self.settings.error(path, f"the key {key} is missing{where}", hint)
        if len(value) < node.minimum:
            count = "one" if node.minimum == 1 else str(node.minimum)
            self.fail(path, f"must have at least {count} of the keys {', '.join(node.fields)}")
        return read

    def map_of(self, node: MapOf, value: Any, path: FieldPath) -> dict[str, Any]:
        if not isinstance(value, dict):
            self.fail(path, f"must be a mapping, not {_shown(value)}")
        for key in value:
            self.key(node.key, key, path)
        return {key: self.read(node.value, item, (*path, key)) for key, item in value.items()}

    def key(self, node: Text, key: str, path: FieldPath) -> None:
        if not re.fullmatch(node.pattern, key):
            message = f"{_shown(key)} in {format_path(path)} must be {node.expected}"
            raise self.settings.error((*path, key), message, on_key=True)

    def list_of(self, node: ListOf, value: Any, path: FieldPath) -> list[Any]:
        if not isinstance(value, list):
            hint = f'write ["{value}"]' if isinstance(value, str) and _is_short(value) else ""
            self.fail(path, f"must be a list, not {_shown(value)}", hint)
        if len(value) < node.minimum:
            self.fail(path, "must not be an empty list")
        return [self.read(node.item, item, (*path, index)) for index, item in enumerate(value)]

    def text(self, node: Text, value: Any, path: FieldPath) -> str:
        if not isinstance(value, str):
            source = self.settings.scalar(path) if isinstance(value, bool | int | float) else None
            hint = f'write it in quotes: "{source}"' if source else ""
            self.fail(path, f"must be {node.expected}, not {_shown(value)}", hint)
        problem = _text_problem(node, value)
        if problem:
            self.fail(path, problem)
        return str(value)

    def number(self, node: Number, value: Any, path: FieldPath) -> int:
        if isinstance(value, bool) or value != node.value:
            newer = isinstance(value, int) and value > node.value
            hint = "a newer gategit may read it" if newer else f"write {node.value}"
            self.fail(path, f"must be {node.value}, not {_shown(value)}", hint)
        return node.value

    def whole(self, node: Whole, value: Any, path: FieldPath) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not node.minimum <= value <= node.maximum:
            self.fail(path, f"must be a whole number from {node.minimum} to {node.maximum}, not {_shown(value)}")
        return value

    def flag(self, value: Any, path: FieldPath) -> bool:
        if not isinstance(value, bool):
            self.fail(path, f"must be true or false, not {_shown(value)}")
        return value

    def plain(self, value: Any, path: FieldPath) -> Any:
        if not _is_plain(value):
            self.fail(path, f"must be true or false, a number, a text or a list of texts, not {_shown(value)}")
        return value

    def choice(self, node: Choice, value: Any, path: FieldPath) -> str:
        # YAML 1.1 reads a bare off as false, as kubectl does; the writer's intent is beyond doubt.
        word = "off" if value is False else value
        if word not in node.words:
            near = did_you_mean(word, node.words) if isinstance(word, str) else ""
            self.fail(path, f"must be one of {', '.join(node.words)}, not {_shown(value)}{near}")
        return str(word)


def _text_problem(node: Text, value: str) -> str:
    """The end of a sentence that begins with the field's name, or an empty string."""
    if not value.strip():
        return f"must be {node.expected}, not empty"
    if node.pattern and not re.fullmatch(node.pattern, value):
        return f"must be {node.expected}, not {_shown(value)}"
    if node.accepts:
        try:
            node.accepts(value)
        except ValueError as error:
            return f"cannot be {_shown(value)}: {error}"
    return ""


def read_settings(text: bytes, file: str, description: Record) -> Settings:
    """Decode a file and check it against its description. An empty file is an empty mapping.

    Args:
        text: the file's bytes, from an untrusted tree or not.
        file: its path, for messages.
        description: what it may hold.

    Raises:
        ConfigError: it does not decode, is not one document, or does not fit; the first problem, with its place.
    """
    from gategit.manifests.decode import Limits, decode  # noqa: PLC0415  a run without config does not need it here

    decoded = decode(text, file, Limits(file_bytes=MAX_BYTES))
    if decoded.problems:
        problem = decoded.problems[0]
        line, column = problem.region.line, problem.region.column
        raise ConfigError(problem.message, problem.help, file=file, line=line, column=column)
    documents = [document for document in decoded.documents if document.data is not None]
    if len(documents) > 1:
        message = "the file holds more than one YAML document; only one is read"
        raise ConfigError(message, "remove the line ---", file=file, line=documents[1].line, column=1)
    if documents and documents[0].index:
        # Positions are asked for in the first document: keep the one rule, one file, one document.
        message = "the file begins with an empty YAML document"
        raise ConfigError(message, "remove the first line ---", file=file, line=documents[0].line, column=1)
    data = documents[0].data if documents else {}
    settings = Settings(text, file, {})
    settings.data = _Reader(settings).read(description, data, ())
    return settings


def json_schema(description: Record, *, identifier: str, title: str) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a file that ``read_settings`` accepts, for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": identifier,
        "title": title,
        **_schema(description),
    }


def _schema(node: Node) -> dict[str, Any]:  # noqa: PLR0911  one return for each kind of node
    match node:
        case Record():
            properties = {
                name: {"description": field.description, **_schema(field.node)} for name, field in node.fields.items()
            }
            required = [name for name, field in node.fields.items() if field.required]
            return {
                "type": "object",
                "additionalProperties": False,
                **({"minProperties": node.minimum} if node.minimum else {}),
                **({"required": required} if required else {}),
                "properties": properties,
            }
        case MapOf():
            names = {"propertyNames": {"pattern": f"^(?:{node.key.pattern})$"}} if node.key.pattern else {}
            return {"type": "object", **names, "additionalProperties": _schema(node.value)}
        case ListOf():
            minimum = {"minItems": node.minimum} if node.minimum else {}
            return {"type": "array", **minimum, "items": _schema(node.item)}
        case Text():
            return {"type": "string", "pattern": f"^(?:{node.pattern})$" if node.pattern else r"\S"}
        case Choice():
            # false is what some editors make of a bare off.
            words: list[str | bool] = [*node.words, *([False] if "off" in node.words else [])]
            return {"enum": words}
        case Number():
            return {"const": node.value}
        case Whole():
            return {"type": "integer", "minimum": node.minimum, "maximum": node.maximum}
        case Flag():
            return {"type": "boolean"}
        case Plain():
            return {"type": ["boolean", "number", "string", "array"], "items": {"type": "string"}}
