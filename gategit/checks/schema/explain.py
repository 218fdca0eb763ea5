"""Why an object does not fit its schema: each broken thing once, in words.

Reached only by what the accepting validator refused. The errors are jsonschema's; patterns are matched by the engine
of ``patterns``, since a pattern from a pull request must not run in Python's own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any, Final

from gategit.checks.schema.node import MEANS, WRITTEN
from gategit.checks.schema.patterns import compile_pattern
from gategit.model import FieldPath, format_path

ValidationError = Any
"""jsonschema's errors: in its type stubs nearly every attribute may be an ``Unset`` that never occurs here."""

Schema = dict[str, Any]

MOST: Final = 200
"""No more problems of one object are named."""

_NAMES: Final = {
    "integer": "an integer",
    "number": "a number",
    "string": "a string",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
}
_DECIMAL: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\Z")
_ORDER: Final = ("object", "array", "string", "integer", "number", "boolean")


@dataclass(frozen=True, slots=True)
class Trouble:
    """One broken thing.

    Attributes:
        rule: the id of the rule that it breaks.
        path: the field.
        message: what is wrong, in words.
        help: how to mend it, or "".
        place: the field at which it is shown, where that is not ``path``.
        key: whether it is shown at the name of that field rather than at its value.
        expected: the types that were wanted, for a wrong type.
        value: the value that is there, for a wrong type.
    """

    rule: str
    path: FieldPath
    message: str
    help: str = ""
    place: FieldPath | None = None
    key: bool = False
    expected: tuple[str, ...] = ()
    value: Any = None


def explain(schema: Schema, data: Any, title: str, *, secret: bool = False) -> list[Trouble]:
    """Everything in which an object does not fit.

    Args:
        schema: in the common form.
        data: the object.
        title: how the object as a whole is called.
        secret: whether its values must not be shown.

    Raises:
        RecursionError: the data and the schema are nested too deep together.
    """
    words = _Words(schema, data, title, secret=secret)
    validator = _validator_class()(schema)
    found: dict[tuple[str, FieldPath, str], Trouble] = {}
    for error in islice(validator.iter_errors(data), MOST * 4):
        for trouble in words.say(error):
            known = (trouble.rule, trouble.path, "" if trouble.rule == "unknown-field" else trouble.message)
            found.setdefault(known, trouble)
            if len(found) >= MOST:
                break
    return list(found.values())


@cache
def _validator_class() -> Any:  # noqa: C901  four small keywords that belong together
    from jsonschema import Draft202012Validator  # noqa: PLC0415  75 ms that only a failure pays
    from jsonschema.exceptions import ValidationError as Failure  # noqa: PLC0415  the same
    from jsonschema.validators import extend  # noqa: PLC0415  the same

    def pattern(_validator: Any, wanted: Any, instance: Any, _schema: Any) -> Iterator[ValidationError]:
        if isinstance(instance, str) and isinstance(wanted, str):
            compiled = compile_pattern(wanted)
            if compiled is not None and not compiled.is_valid(instance):
                yield Failure(f"does not match {wanted}")

    def pattern_properties(validator: Any, wanted: Any, instance: Any, _schema: Any) -> Iterator[ValidationError]:
        if isinstance(instance, dict):
            for expression, child in wanted.items():
                for name, value in instance.items():
                    if _matches(expression, name):
                        yield from validator.descend(value, child, path=name, schema_path=expression)

    def additional(validator: Any, wanted: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        if not isinstance(instance, dict):
            return
        for name in extras(instance, schema):
            if isinstance(wanted, dict):
                yield from validator.descend(instance[name], wanted, path=name)
            elif wanted is False:
                error = Failure("unknown")
                error.path.append(name)
                yield error

    return extend(  # type: ignore[no-untyped-call]  # its stub has no annotations
        Draft202012Validator,
        {"pattern": pattern, "patternProperties": pattern_properties, "additionalProperties": additional},
    )


def _matches(expression: str, name: str) -> bool:
    compiled = compile_pattern(expression)
    return compiled is not None and compiled.is_valid(name)


def extras(instance: dict[str, Any], schema: Schema) -> list[str]:
    """The fields that a schema does not name."""
    named = schema.get("properties", {})
    patterns = schema.get("patternProperties", {})
    return [name for name in instance if name not in named and not any(_matches(one, name) for one in patterns)]


def show(value: Any, *, secret: bool = False) -> str:
    """A value as a message shows it: its type and, where it is short and no secret, itself."""
    if value is None:
        return "null"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if secret:
        return "a string" if isinstance(value, str) else "a number" if not isinstance(value, bool) else "a boolean"
    if isinstance(value, bool):
        return f"the boolean {'true' if value else 'false'}"
    text = json.dumps(value, ensure_ascii=False, default=str)
    text = text if len(text) <= 60 else f"{text[:56]}…{text[-1]}"
    return f"the string {text}" if isinstance(value, str) else f"the number {text}"


def wanted(types: Sequence[str]) -> str:
    """Types in words, joined by "or"."""
    names = [_NAMES[one] for one in _ORDER if one in types and not (one == "integer" and "number" in types)]
    return " or ".join(names) if names else "nothing"


def _words_of(name: str) -> str:
    """``initContainers`` as ``init container``."""
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).lower()
    if text == "env":
        return "environment variable"
    if text.endswith("ies"):
        return f"{text[:-3]}y"
    if text.endswith("sses"):
        return text[:-2]
    return text[:-1] if text.endswith("s") and not text.endswith(("ss", "us")) else text


class _Words:
    """Puts the errors of one object into words."""

    def __init__(self, schema: Schema, data: Any, title: str, *, secret: bool) -> None:
        self.schema = schema
        self.data = data
        self.title = title
        self.secret = secret

    def where(self, path: FieldPath) -> str:
        """A place as a person would call it: ``container web``, ``resources of container web``, ``spec.template``."""
        here = self.data
        item, depth = "", 0
        for index, step in enumerate(path):
            try:
                here = here[step]
            except (KeyError, IndexError, TypeError):
                break
            name = here.get("name") if isinstance(here, dict) and isinstance(step, int) else None
            if index and isinstance(name, str) and name[:1].isalnum() and isinstance(path[index - 1], str):
                item, depth = f"{_words_of(str(path[index - 1]))} {name[:80]}", index + 1
        rest = format_path(path[depth:])
        if item:
            return f"{rest} of {item}" if rest else item
        return rest or self.title

    def say(self, error: ValidationError) -> Iterator[Trouble]:
        """One error as one or more troubles."""
        path: FieldPath = tuple(error.absolute_path)
        match error.validator:
            case "additionalProperties":
                yield self._unknown(path)
            case "required":
                yield from self._missing(error, path)
            case "type":
                yield self._type(error, path)
            case "anyOf" | "oneOf":
                yield from self._choice(error, path)
            case _:
                yield Trouble("invalid-value", path, self._invalid(error, path))

    def field(self, path: FieldPath) -> str:
        """A field with its place: ``imagePullPolicy in container web``, ``args[2] in container web``."""
        start = len(path) - 1
        while start > 0 and isinstance(path[start], int):
            start -= 1
        if start <= 0:
            return format_path(path) or self.title
        # A key such as values.yaml reads best as it is, without brackets.
        name = str(path[start])[:100] if start == len(path) - 1 else format_path(path[start:])
        return f"{name} in {self.where(path[:start])}"

    def value(self, value: Any) -> str:
        """A value as a message shows it."""
        return show(value, secret=self.secret)

    def _unknown(self, path: FieldPath) -> Trouble:
        from gategit.checks.schema.elsewhere import advice  # noqa: PLC0415  only an unknown field needs it

        name = str(path[-1])
        found = advice(self.schema, path)
        message = f"unknown field {name[:100]} in {self.where(path[:-1])}"
        return Trouble("unknown-field", path, message + found, place=path, key=True)

    def _missing(self, error: ValidationError, path: FieldPath) -> Iterator[Trouble]:
        required = error.validator_value if isinstance(error.validator_value, list) else []
        names = [name for name in required if isinstance(error.instance, dict) and name not in error.instance]
        # One error speaks of one field, but does not say which: each names all, and the double ones are dropped.
        for name in names:
            yield Trouble(
                "missing-field",
                (*path, name),
                f"missing field {name} in {self.where(path)}",
                f"add {name}; it is required",
                place=path,
                key=True,
            )

    def _type(self, error: ValidationError, path: FieldPath) -> Trouble:
        types = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
        types = [one for one in types if one != "null"]
        if error.instance is None:
            message = f"{self.field(path)} is empty (null); expected {wanted(types)}"
        else:
            message = f"expected {wanted(types)} for {self.field(path)}, got {self.value(error.instance)}"
        advice = ""
        if isinstance(error.instance, str) and not self.secret and _unquoted(error.instance, types):
            advice = f"write {error.instance} without quotes"
        return Trouble("wrong-type", path, message, advice, expected=tuple(types), value=error.instance)

    def _choice(self, error: ValidationError, path: FieldPath) -> Iterator[Trouble]:
        """A choice between forms, of which none fits (or, for oneOf, more than one)."""
        branches: dict[Any, list[ValidationError]] = {}
        for one in error.context or ():
            branches.setdefault(one.schema_path[0], []).append(one)
        if not branches:
            yield Trouble("invalid-value", path, self._too_many(error, path))
            return
        needed = [_only_required(errors) for errors in branches.values()]
        if all(needed):
            names = sorted({name for fields in needed for name in fields or ()})
            yield Trouble(
                "missing-field",
                (*path, names[0]),
                f"{self.where(path)} needs one of the fields {_listed(names)}",
                place=path,
                key=True,
            )
            return
        # The form that fits best is the one that was meant: its errors are the ones to mend.
        likely = [errors for errors in branches.values() if not _other_type(errors, error)]
        if likely:
            for one in min(likely, key=len):
                yield from self.say(one)
            return
        types = {t for errors in branches.values() for one in errors for t in _types_of(one)}
        yield Trouble(
            "wrong-type",
            path,
            f"expected {wanted(sorted(types))} for {self.field(path)}, got {self.value(error.instance)}",
            expected=tuple(sorted(types - {"null"})),
            value=error.instance,
        )

    def _too_many(self, error: ValidationError, path: FieldPath) -> str:
        options = error.validator_value if isinstance(error.validator_value, list) else []
        required = [{*option.get("required", ())} for option in options if isinstance(option, dict)]
        # What every form wants is no choice.
        chosen = set.union(*required) - set.intersection(*required) if required else set()
        names = sorted(str(name) for name in chosen if isinstance(error.instance, dict) and name in error.instance)
        if len(names) > 1:
            return f"only one of the fields {_listed(names)} may be set in {self.where(path)}"
        return f"{self.field(path)} fits more than one of the forms of which its schema allows exactly one"

    def _invalid(self, error: ValidationError, path: FieldPath) -> str:  # noqa: C901, PLR0911, PLR0912  one case for each keyword
        bound, instance, name = error.validator_value, error.instance, self.field(path)
        note = error.schema.get(MEANS) if isinstance(error.schema, dict) else None
        if self.secret and note:
            return f"{name} must be {note}"
        match error.validator:
            case "enum":
                choices = [one if isinstance(one, str) else json.dumps(one) for one in bound if one not in (None, "")]
                many = "one of " if len(choices) > 1 else ""
                return f"{name} must be {many}{_listed(choices)}, not {self.value(instance)}"
            case "pattern" if note:
                return f"{name} must be {note}, not {self.value(instance)}"
            case "pattern":
                written = str(error.schema.get(WRITTEN, bound)) if isinstance(error.schema, dict) else str(bound)
                return f"{name} must match the pattern {written[:200]}, got {self.value(instance)}"
            case "minimum" | "maximum":
                low, high = error.schema.get("minimum"), error.schema.get("maximum")
                if low is not None and high is not None:
                    return f"{name} must be between {low} and {high}, not {instance}"
                word = "at least" if error.validator == "minimum" else "at most"
                return f"{name} must be {word} {bound}, not {instance}"
            case "exclusiveMinimum":
                return f"{name} must be more than {bound}, not {instance}"
            case "exclusiveMaximum":
                return f"{name} must be less than {bound}, not {instance}"
            case "multipleOf":
                return f"{name} must be a multiple of {bound}, not {instance}"
            case "maxLength":
                words = f"; it must be {note}" if note else ""
                return f"{name} is too long: {len(instance)} characters, at most {bound} are allowed{words}"
            case "minLength" if instance == "":
                return f"{name} must not be empty"
            case "minLength":
                return f"{name} is too short: {len(instance)} characters, at least {bound} are needed"
            case "minItems" | "minProperties" if not instance:
                return f"{name} must not be empty"
            case "minItems" | "minProperties":
                return f"{name} has {len(instance)} entries; at least {bound} are needed"
            case "maxItems" | "maxProperties":
                return f"{name} has {len(instance)} entries; at most {bound} are allowed"
            case "uniqueItems":
                return f"{name} holds the same entry twice"
            case "not":
                fields = bound.get("required") if isinstance(bound, dict) else None
                if isinstance(fields, list) and fields:
                    return f"the fields {_listed(list(map(str, fields)))} cannot be used together in {self.where(path)}"
                return f"{name} has a value that its schema excludes"
        return f"{name} does not fit its schema ({error.validator})"


def _listed(names: Sequence[str]) -> str:
    """The first of some names: a schema from a pull request may have any number of any length."""
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return ", ".join(name[:60] for name in names[:20]) + more


def _unquoted(text: str, types: list[str]) -> bool:
    """Whether a quoted text would be of the wanted type without its quotes."""
    if "boolean" in types:
        return text in ("true", "false")
    return bool({"integer", "number"} & {*types}) and _DECIMAL.match(text) is not None


def _only_required(errors: list[ValidationError]) -> list[str] | None:
    """The fields that a branch misses, where missing fields at the top are all that is wrong with it."""
    if any(one.validator != "required" or one.path for one in errors):
        return None
    return [
        name
        for name in errors[0].validator_value
        if isinstance(errors[0].instance, dict) and name not in errors[0].instance
    ]


def _other_type(errors: list[ValidationError], choice: ValidationError) -> bool:
    """Whether a branch is for another type of value altogether."""
    return any(one.validator == "type" and len(one.absolute_path) == len(choice.absolute_path) for one in errors)


def _types_of(error: ValidationError) -> list[str]:
    value = error.validator_value
    if error.validator != "type":
        return []
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]
