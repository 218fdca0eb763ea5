"""Objects that a server could not even decode: unknown fields, wrong types, values that cannot be read.

Server-side apply says so with a 500 and creating or updating with a 400, each in words of its own; here both become the
same.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable
from typing import Any, Final

from gategit.checks.dry_run.amounts import holds_quantity, quantity
from gategit.checks.dry_run.messages import go_value
from gategit.checks.dry_run.paths import ABSENT, leaves, read_path, second_entry, value_at, without_indices
from gategit.checks.dry_run.rules import DRY_RUN_REJECTED
from gategit.checks.dry_run.sent import Sent
from gategit.checks.dry_run.values import Problem
from gategit.checks.schema.explain import show
from gategit.model import FieldPath, format_path

_RULE: Final = DRY_RUN_REJECTED.id
_MOST = 100

_TYPED = re.compile(r"failed to create typed patch object(?: \(.*?\))?: (?:errors:\n)?(.*)", re.DOTALL)
_CONVERTED = re.compile(
    r"failed to convert new object(?: \(.*?\))? to proper version: "
    r"(?:unable to convert unstructured object to .{1,300}?, Kind=[^:]{1,300}: )?(?:error decoding from json: )?(.*)",
    re.DOTALL,
)
_OTHER_APPLY = re.compile(r"(?:unable to convert unstructured object|error merging|failed to merge|failed to apply)\b")
_HANDLED = re.compile(r'.{1,300}? in version "[^"]{0,300}" cannot be handled as an? [^:]{1,300}: (.*)', re.DOTALL)
_STRICT = re.compile(r"(?:error )?strict decoding(?: YAML| JSON)?(?: error)?: (.*)", re.DOTALL)
_FIELD = re.compile(r'(unknown|duplicate) field ("(?:[^"\\]|\\.)*")')
_TYPED_LINE = re.compile(r'\s*(\.(?:[^\[\]:"]|\[(?:[^\]"]|"(?:[^"\\]|\\.)*")*\]|:(?! ))*): (.*)', re.DOTALL)
_ELEMENT = re.compile(r"element (\d{1,9}): (.*)", re.DOTALL)
_EXPECTED = re.compile(r"expected (.{1,200}?), got (.*)", re.DOTALL)
_DUPLICATE = re.compile(r"duplicate entries for key (\[.*\])", re.DOTALL)
_UNMARSHAL = re.compile(
    r"json: cannot unmarshal (string|number|bool|object|array)(?: (\S+))? into Go "
    r"(?:struct field [^.\s]+\.(\S+)|value) of type (\S+)"
)
_KEY_TWICE = re.compile(r'key "((?:[^"\\]|\\.)*)" already set in map')
_TIME = re.compile(r'(?:parsing time|time: (?:invalid|unknown unit in|missing unit in) duration) "((?:[^"\\]|\\.)*)"')

_SCHEMA_TYPES: Final = {
    "string": "a string",
    "numeric (int or float)": "a number",
    "boolean": "true or false",
    "map": "a mapping",
    "list": "a list",
    "struct": "a mapping",
}
_GO_TYPES: Final = {
    "string": "a string",
    "bool": "true or false",
    "[]uint8": "base64 text",
    "[]byte": "base64 text",
    "float32": "a number",
    "float64": "a number",
    "intstr.IntOrString": "a number or a string",
    "resource.Quantity": "a quantity",
    "v1.Time": "a time",
    "v1.MicroTime": "a time",
    "v1.Duration": "a duration",
}
_JSON_KINDS: Final[dict[str, Callable[[Any], bool]]] = {
    "string": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "bool": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
}


def read_apply_failure(message: str, sent: Sent) -> list[Problem] | None:
    """What is wrong with the object, out of the message of a 500; None where that is no fault of the object.

    The server stops at the first problem that it finds in this way, or after one kind of them.
    """
    match = _TYPED.match(message)
    if match is not None:
        return [_typed(line, sent) for line in match[1].split("\n")[:_MOST] if line.strip()]
    match = _CONVERTED.match(message)
    if match is not None:
        return _value_problems(match[1], sent)
    return [sent.problem(_RULE, message)] if _OTHER_APPLY.match(message) else None


def read_decoding_failure(message: str, sent: Sent) -> list[Problem] | None:
    """What is wrong with the object, out of the message of a 400; None where it says something else."""
    match = _HANDLED.match(message)
    rest = match[1] if match else message
    strict = _STRICT.match(rest)
    if strict is not None:
        return _strict(strict[1], sent)
    return _value_problems(rest, sent) if match else None


def field_named_twice_or_unknown(text: str, sent: Sent) -> list[Problem]:
    """The fields that a text calls unknown or duplicate."""
    found: list[Problem] = []
    for match in _FIELD.finditer(text):
        path = read_path(_unquoted(match[2]), sent.manifest)
        found.append(_about_field(match[1], path, sent))
        if len(found) == _MOST:
            break
    return found


def _about_field(what: str, path: FieldPath, sent: Sent) -> Problem:
    words = f"{what} field {format_path(path)}"
    return sent.problem(_RULE, words, path, advice="correct the field's name or remove it", named=False)


def _strict(text: str, sent: Sent) -> list[Problem]:
    found = field_named_twice_or_unknown(text, sent)
    if found:
        return found
    twice = _KEY_TWICE.search(text)
    if twice is not None:
        return [sent.problem(_RULE, f'the key "{twice[1]}" is set twice')]
    return [sent.problem(_RULE, text)]


def _typed(line: str, sent: Sent) -> Problem:
    """One complaint of server-side apply about a field."""
    match = _TYPED_LINE.match(line)
    if match is None:
        return sent.problem(_RULE, line)
    path, words = read_path(match[1], sent.manifest), match[2]
    if words == "field not declared in schema":
        return _about_field("unknown", path, sent)
    if expected := _EXPECTED.match(words):
        return _wrong_type(path, _SCHEMA_TYPES.get(expected[1], expected[1]), go_value(expected[2]), sent)
    if twice := _DUPLICATE.match(words):
        second = second_entry(path, twice[1], sent.manifest)
        listed = twice[1].strip("[]")
        return sent.problem(_RULE, f"{format_path(path)} has two entries with {listed}", second, named=False)
    if element := _ELEMENT.match(words):
        return _about_element((*path, int(element[1])), element[2], sent)
    return sent.problem(_RULE, words, path)


def _about_element(path: FieldPath, words: str, sent: Sent) -> Problem:
    if "non-map elements" in words:
        return _wrong_type(path, "a mapping", "something else", sent)
    return sent.problem(_RULE, words, path)


def _wrong_type(path: FieldPath, wanted: str, otherwise: str, sent: Sent) -> Problem:
    value = value_at(sent.manifest, path)
    got = otherwise if value is ABSENT else show(value, secret=sent.veil.covers(path))
    return sent.problem(_RULE, f"expected {wanted}, got {got}", path)


def _value_problems(text: str, sent: Sent) -> list[Problem]:
    """A value that a server could not read, found by what it says about it."""
    unmarshal = _UNMARSHAL.search(text)
    if unmarshal is not None:
        return [_unmarshalled(unmarshal, sent)]
    if "quantities must match" in text or "unable to parse quantity" in text:
        return _each(sent, _is_bad_quantity(sent), "no quantity such as 100m or 1.5Gi", text)
    if "illegal base64 data" in text:
        return _each(sent, _is_bad_base64(sent), "not base64", text)
    time = _TIME.search(text)
    if time is not None:
        wanted = _unquoted(f'"{time[1]}"')
        places = leaves(sent.manifest, lambda _, value: value == wanted)
        return [sent.problem(_RULE, text, places[0] if len(places) == 1 else ())]
    if "cannot convert float64 to int" in text:
        return _each(sent, lambda _, value: isinstance(value, float) and not value.is_integer(), "no integer", text)
    return [sent.problem(_RULE, text)]


def _each(sent: Sent, wanted: Callable[[FieldPath, Any], bool], words: str, otherwise: str) -> list[Problem]:
    """The values that may be meant: all of them are wrong in the same way. The object, where there are none."""
    places = leaves(sent.manifest, wanted)[:_MOST]
    found = [
        sent.problem(_RULE, f"{show(value_at(sent.manifest, path), secret=sent.veil.covers(path))} is {words}", path)
        for path in places
    ]
    return found or [sent.problem(_RULE, otherwise)]


def _is_bad_quantity(sent: Sent) -> Callable[[FieldPath, Any], bool]:
    return lambda path, value: value is not None and holds_quantity(sent.kind, path) and quantity(value) is None


def _is_bad_base64(sent: Sent) -> Callable[[FieldPath, Any], bool]:
    def check(path: FieldPath, value: Any) -> bool:
        holds = path[0] == ("data" if sent.veil.secret else "binaryData") or path[-1] == "caBundle"
        return holds and isinstance(value, str) and not _is_base64(value)

    return check


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _unmarshalled(match: re.Match[str], sent: Sent) -> Problem:
    kind, literal, text, go_type = match[1], match[2], match[3], match[4]
    fits = _JSON_KINDS[kind]
    places = without_indices(text, sent.manifest) if text else []
    near = [path for place in places for path in _with_children(place, sent)]
    candidates = [path for path in near if fits(value_at(sent.manifest, path))]
    exact = [path for path in candidates if literal is None or literal == json.dumps(value_at(sent.manifest, path))]
    found = (exact or candidates)[:1]
    if not found:
        got = literal or _SCHEMA_TYPES.get(kind, kind)
        return sent.problem(_RULE, f"expected {_go_words(go_type)}, got {got}", read_path(text or "", sent.manifest))
    return _wrong_type(found[0], _go_words(go_type), "", sent)


def _with_children(path: FieldPath, sent: Sent) -> list[FieldPath]:
    """A place and, as the server names the list or mapping and means one of its values, what stands in it."""
    value = value_at(sent.manifest, path)
    if isinstance(value, dict):
        return [path, *((*path, key) for key in value)]
    return [path, *((*path, index) for index in range(len(value)))] if isinstance(value, list) else [path]


def _go_words(go_type: str) -> str:
    name = go_type.lstrip("*")
    if name in _GO_TYPES:
        return _GO_TYPES[name]
    if re.fullmatch(r"u?int\d*", name):
        return "an integer"
    if name.startswith("[]"):
        return "a list"
    return "a mapping"


def _unquoted(text: str) -> str:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return text[1:-1]
    return found if isinstance(found, str) else text[1:-1]
