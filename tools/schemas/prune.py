"""A schema without what only a reader needs: names, types, constraints, defaults and rules stay, prose goes."""

from __future__ import annotations

from typing import Any, Final

_PROSE: Final = frozenset({"description", "title", "example", "examples", "externalDocs"})
_ONE: Final = frozenset({"items", "additionalProperties", "additionalItems", "not"})
_LISTS: Final = frozenset({"allOf", "anyOf", "oneOf", "items"})
_NAMED: Final = frozenset({"properties", "patternProperties", "definitions", "dependencies"})


def pruned(schema: Any) -> Any:
    """A schema without its prose; a property that has one of those words as its name stays.

    What is not a schema (a default, an enum's values, CEL rules) is left as it is.
    """
    if not isinstance(schema, dict):
        return schema
    found: dict[str, Any] = {}
    for key, value in schema.items():
        if key in _PROSE:
            continue
        if key in _NAMED and isinstance(value, dict):
            found[key] = {name: pruned(child) for name, child in value.items()}
        elif key in _LISTS and isinstance(value, list):
            found[key] = [pruned(child) for child in value]
        elif key in _ONE:
            found[key] = pruned(value)
        else:
            found[key] = value
    return found
