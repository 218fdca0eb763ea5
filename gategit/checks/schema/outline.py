"""A schema as people read it: its fields as a tree, each with its type and what else is asked of its value.

It is made from a schema as its source has it (an openAPIV3Schema, a schema file) or from one in the common form, since
what of it is shown is written alike in both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from gategit.checks.schema.node import MEANS
from gategit.nearest import nearest

Schema = dict[str, Any]
Place = tuple[str, ...]
"""The names that lead to a field; ``[]`` for a list's entries, ``{}`` for a mapping's values."""

ENTRIES: Final = "[]"
VALUES: Final = "{}"

_DEEPEST: Final = 60
_MOST: Final = 100_000
_LONGEST_CHAIN: Final = 10
_LONGEST_DEFAULT: Final = 200
_STEP: Final = re.compile(r"""\[(?:"([^"]*)"|'([^']*)'|[0-9*]*)\]|([^.\[\]]+)|(\.)""")


@dataclass(frozen=True, slots=True)
class Rule:
    """A CEL rule, and what the API server says where it is broken."""

    rule: str
    message: str


@dataclass(frozen=True, slots=True)
class Outline:
    """One field, with everything below it.

    Attributes:
        name: the field's name, "" for the whole object.
        type: such as ``string``, ``[]object``, ``map[string]integer``; "any" where the schema does not say.
        required: whether it must be there.
        facts: what else is said of the value, each in a few words.
        patterns: what a text must match, RE2.
        rules: the CEL rules of the value itself.
        since: the release from which on it is there; "" where that is not known or it always was.
        fields: what stands below, through lists and mappings.
    """

    name: str
    type: str
    required: bool = False
    facts: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    since: str = ""
    fields: tuple[Outline, ...] = ()

    @property
    def rules_below(self) -> int:
        """How many CEL rules there are, here and in all fields below."""
        return len(self.rules) + sum(one.rules_below for one in self.fields)


@dataclass(slots=True)
class _Reader:
    """Reads one schema; remembers which definitions it is inside of, and how much it has read."""

    definitions: Mapping[str, Any]
    since: Mapping[Place, str]
    entered: list[str] = field(default_factory=list)
    nodes: int = 0

    def read(self, raw: Any, name: str, place: Place, *, required: bool = False) -> Outline:
        references: list[str] = []
        node = self._resolve(raw, references)
        facts: list[str] = []
        patterns: list[str] = []
        rules = list(_rules(node))
        kind, prefix, since = "", "", self.since.get(place, "")
        while True:
            self.nodes += 1
            facts += [f"{prefix}{words}" for words in _facts(node)]
            pattern = node.get("pattern")
            if isinstance(pattern, str) and MEANS not in node:
                patterns.append(pattern)
            inner, step, word = _inside(node)
            if inner is None or len(place) > _DEEPEST:
                break
            kind, place, prefix = kind + word, (*place, step), "each "
            node = self._resolve(inner, references)
            rules += _rules(node)
        is_again = any(reference in self.entered for reference in references)
        kind += _type(node)
        if is_again:
            facts.append("as further up")
        self.entered += references
        fields = () if is_again or len(place) > _DEEPEST or self.nodes > _MOST else tuple(self._fields(node, place))
        del self.entered[len(self.entered) - len(references) :]
        return Outline(
            name,
            kind,
            required,
            tuple(dict.fromkeys(facts)),
            tuple(patterns),
            tuple(rules),
            since,
            fields,
        )

    def _fields(self, node: Schema, place: Place) -> Iterator[Outline]:
        listed = node.get("required")
        required = listed if isinstance(listed, list) else []
        for name, child in _mapping(node.get("properties")).items():
            yield self.read(child, name, (*place, name), required=name in required)

    def _resolve(self, raw: Any, references: list[str]) -> Schema:
        return _resolved(raw, self.definitions, references)


def outline(schema: Schema, since: Mapping[Place, str] | None = None) -> Outline:
    """The tree of a kind's fields.

    Args:
        schema: of the whole object.
        since: from which release on fields are there, where that is known.
    """
    return _Reader(_mapping(schema.get("$defs")), since or {}).read(schema, "", ())


def split_path(text: str) -> tuple[str, ...]:
    """The names in a field path as people write it: ``spec.containers[0].image``, ``data["a.b"]``.

    Raises:
        ValueError: it is no such path.
    """
    names: list[str] = []
    end, expects_name = 0, True
    for match in _STEP.finditer(text):
        if match.start() != end:
            raise ValueError(text)
        end = match.end()
        quoted = match[1] if match[1] is not None else match[2]
        if match[4]:
            if expects_name:
                raise ValueError(text)
            expects_name = True
        elif match[3] or quoted is not None:
            names.append(match[3] or quoted)
            expects_name = False
        elif not names:
            raise ValueError(text)
    if end != len(text) or expects_name:
        raise ValueError(text)
    return tuple(names)


class NoFieldError(LookupError):
    """There is no such field: ``name`` is the first one that is not there, ``parent`` the path that leads to it."""

    def __init__(self, name: str, parent: Place, known: tuple[str, ...]) -> None:
        super().__init__(name)
        self.name = name
        self.parent = parent
        self.known = known

    @property
    def nearest(self) -> str | None:
        """The name that was most likely meant."""
        return nearest(self.name, self.known)


def find(tree: Outline, path: tuple[str, ...]) -> Outline:
    """The field at a path; lists and mappings are passed through.

    Raises:
        NoFieldError: the schema names no such field.
    """
    for depth, name in enumerate(path):
        found = next((one for one in tree.fields if one.name == name), None)
        if found is None:
            raise NoFieldError(name, path[:depth], tuple(one.name for one in tree.fields))
        tree = found
    return tree


def schema_at(schema: Schema, path: tuple[str, ...]) -> Schema:
    """The part of a schema that describes the field at a path, as it is written.

    Raises:
        KeyError: there is no such field.
    """
    definitions = _mapping(schema.get("$defs"))
    node = schema
    for name in path:
        node = _resolved(node, definitions, [])
        while (inner := _inside(node)[0]) is not None:
            node = _resolved(inner, definitions, [])
        node = _mapping(_mapping(node.get("properties"))[name])
    return {**node, "$defs": definitions} if definitions and path else node


def _resolved(raw: Any, definitions: Mapping[str, Any], references: list[str]) -> Schema:
    """A node, with what its reference leads to; the names of the definitions are added to ``references``."""
    node = _mapping(raw)
    for _ in range(_LONGEST_CHAIN):
        branches = node.get("anyOf")
        if isinstance(branches, list) and branches[:1] == [{"type": "null"}] and len(branches) == len(("null", "it")):
            node = _mapping(branches[1])  # how the common form writes a field that may be left out
        reference = node.get("$ref")
        if not isinstance(reference, str):
            break
        references.append(reference)
        found = _mapping(definitions.get(reference.removeprefix("#/$defs/")))
        node = {**found, **{key: value for key, value in node.items() if key != "$ref"}}
    return node


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _inside(node: Schema) -> tuple[Any, str, str]:
    """What a list or a mapping by any name holds, the step that leads there, and the word for it; None for others."""
    if isinstance(node.get("items"), dict):
        return node["items"], ENTRIES, "[]"
    if isinstance(node.get("additionalProperties"), dict) and not node.get("properties"):
        return node["additionalProperties"], VALUES, "map[string]"
    return None, "", ""


def _type(node: Schema) -> str:
    if node.get("x-kubernetes-int-or-string") is True or node.get("format") == "int-or-string":
        return "integer or string"
    types = node.get("type")
    if isinstance(types, str):
        types = [types]
    if isinstance(types, list):
        names = [str(one) for one in types if one != "null"]
        if names:
            return " or ".join(names)
    for name in ("anyOf", "oneOf"):
        branches = node.get(name)
        found = [_mapping(one).get("type") for one in branches] if isinstance(branches, list) else []
        if found and all(isinstance(one, str) for one in found):
            return " or ".join(dict.fromkeys(str(one) for one in found))
    return "object" if "properties" in node else "any"


def _facts(node: Schema) -> Iterator[str]:
    form = node.get("format")
    if isinstance(form, str) and form != "int-or-string":
        yield form
    if isinstance(node.get(MEANS), str):
        yield str(node[MEANS])
    values = node.get("enum")
    words = [_word(one) for one in values if one is not None] if isinstance(values, list) else []
    if words:
        yield f"one of {' | '.join(words)}" if len(words) > 1 else f"only {words[0]}"
    yield from _bounds(node)
    yield from (words for key, value, words in _SAID if node.get(key) == value)
    keys = node.get("x-kubernetes-list-map-keys")
    if node.get("x-kubernetes-list-type") == "map" and isinstance(keys, list):
        yield f"told apart by {', '.join(str(key) for key in keys)}"
    if "default" in node:
        text = json.dumps(node["default"], ensure_ascii=False)
        yield f"default {text if len(text) <= _LONGEST_DEFAULT else text[: _LONGEST_DEFAULT - 1] + '…'}"


_SAID: Final = (
    ("nullable", True, "may be null"),
    ("x-kubernetes-preserve-unknown-fields", True, "keeps any field"),
    ("x-kubernetes-embedded-resource", True, "a whole object of its own"),
    ("x-kubernetes-list-type", "set", "no value twice"),
)


def _word(value: Any) -> str:
    return value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)


_RANGES: Final = (
    ("minimum", "maximum", ""),
    ("minLength", "maxLength", "character"),
    ("minItems", "maxItems", "entry"),
    ("minProperties", "maxProperties", "field"),
)
_MANY: Final = {"character": "characters", "entry": "entries", "field": "fields", "": ""}
_EXCLUSIVE: Final = (("exclusiveMinimum", "minimum", "more than"), ("exclusiveMaximum", "maximum", "less than"))
_WIDEST: Final = frozenset({-(2**31), 2**31 - 1, -(2**63), 2**63 - 1})
"""The bounds that a format says already."""


def _bounds(node: Schema) -> Iterator[str]:
    for lowest, highest, unit in _RANGES:
        low, high = _number(node.get(lowest)), _number(node.get(highest))
        low = None if low in _WIDEST and not unit else low
        high = None if high in _WIDEST and not unit else high
        if low is None and high is None:
            continue
        many = f" {unit if high == 1 or (high is None and low == 1) else _MANY[unit]}".rstrip()
        if low is None:
            words = f"at most {high}{many}"
        elif high is None:
            words = f"at least {low}{many}"
        else:
            words = f"{low} to {high}{many}" if low != high else f"exactly {low}{many}"
        yield words
    for name, bound, words in _EXCLUSIVE:
        if node.get(name) is True and _number(node.get(bound)) is not None:
            yield f"{words} {node[bound]}"
        elif _number(node.get(name)) is not None:
            yield f"{words} {node[name]}"
    if _number(node.get("multipleOf")) is not None:
        yield f"a multiple of {node['multipleOf']}"


def _number(value: Any) -> int | float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _rules(node: Schema) -> Iterator[Rule]:
    listed = node.get("x-kubernetes-validations")
    for one in listed if isinstance(listed, list) else []:
        rule = _mapping(one).get("rule")
        if isinstance(rule, str):
            words = one.get("message") or one.get("messageExpression") or ""
            yield Rule(" ".join(rule.split()), " ".join(str(words).split()))
