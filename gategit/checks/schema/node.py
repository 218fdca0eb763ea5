"""The common form of all schemas: plain JSON Schema (draft 2020-12) with a few notes for the words of a finding.

Kubernetes' own definitions and CustomResourceDefinitions are both brought into this form, so that one accepting and one
explaining validator serve all. Notes are keys that begin with ``x-gategit-``; validators pass over them.
"""

from __future__ import annotations

from typing import Any, Final

Schema = dict[str, Any]

MEANS: Final = "x-gategit-means"
"""What a value must be, in words, where a pattern alone would be no help."""

WRITTEN: Final = "x-gategit-pattern"
"""A pattern as its author wrote it, where the one beside it is the engine's."""

KEYS: Final = "x-gategit-keys"
"""The fields that tell a list's entries apart, each with its default: no two entries may have the same."""

PARTIAL: Final = "?partial"
"""Ends the name of a definition in which nothing is required."""

_DIRECTIVES: Final = r"^\$(?:patch|retainKeys|setElementOrder/.+|deleteFromPrimitiveList/.+)$"


def means(words: str) -> Schema:
    """The note that says what a value must be."""
    return {MEANS: words}


def any_number(bits: int) -> Schema:
    """The range of a signed integer."""
    return {"minimum": -(2 ** (bits - 1)), "maximum": 2 ** (bits - 1) - 1}


def partial(node: Any) -> Any:
    """The schema of a part of an object: nothing is required, and the directives of a strategic merge are allowed.

    References lead to the partial form of the definition.
    """
    if not isinstance(node, dict):
        return node
    found: Schema = {}
    for key, value in node.items():
        match key:
            case "required" | "minItems" | "minProperties" | "anyOf" | "oneOf" | "allOf" | "not":
                continue
            case "$ref":
                found[key] = value if value.endswith(PARTIAL) else f"{value}{PARTIAL}"
            case "properties" | "patternProperties" | "$defs":
                found[key] = {name: partial(child) for name, child in value.items()}
            case "items" | "additionalProperties":
                found[key] = partial(value)
            case _:
                found[key] = value
    if found.get("additionalProperties") is False or "properties" in found:
        found["patternProperties"] = {**found.get("patternProperties", {}), _DIRECTIVES: True}
    return found


def partial_root(schema: Schema) -> Schema:
    """The partial form of a self-contained schema, its definitions included."""
    definitions: Schema = {}
    for name, node in schema.get("$defs", {}).items():
        if name.endswith(PARTIAL):
            definitions[name] = node
        else:
            definitions.setdefault(f"{name}{PARTIAL}", partial(node))
    root = partial({key: value for key, value in schema.items() if key != "$defs"})
    return {**root, "$defs": definitions}
