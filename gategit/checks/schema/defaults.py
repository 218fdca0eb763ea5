"""Conditions of a schema (``anyOf``, ``not`` and the like) as they hold for an object whose defaults are filled in.

An API server fills in defaults before it validates, so that a condition sees a value where the manifest has none.
Instead of filling in every object, the condition is written so that it says the same of the field left out.
"""

from __future__ import annotations

from typing import Any

from gategit.checks.schema.patterns import compile_schema

Schema = dict[str, Any]


def with_defaults(condition: Any, shape: Any) -> Any:
    """Write a condition so that a field left out counts as its default.

    Args:
        condition: a branch, in the common form.
        shape: the schema that the condition stands in, as written: it has the defaults.
    """
    if not isinstance(condition, dict) or not isinstance(shape, dict):
        return condition
    found = dict(condition)
    for name in ("allOf", "anyOf", "oneOf"):
        if isinstance(found.get(name), list):
            found[name] = [with_defaults(one, shape) for one in found[name]]
    if "not" in found:
        found["not"] = with_defaults(found["not"], shape)
    if "items" in found:
        found["items"] = with_defaults(found["items"], shape.get("items"))
    fields = shape.get("properties")
    if not isinstance(fields, dict):
        return found
    filled = {name for name, field in fields.items() if isinstance(field, dict) and "default" in field}
    required = [name for name in found.get("required", ()) if name not in filled]
    properties = found.get("properties")
    if isinstance(properties, dict):
        properties = {name: with_defaults(child, fields.get(name)) for name, child in properties.items()}
        found["properties"] = properties
        required += [
            name
            for name, child in properties.items()
            if name in filled and not _takes(child, fields[name]["default"])  # left out, it would fail
        ]
    found.pop("required", None)
    return {**found, "required": required} if required else found


def _takes(condition: Any, value: Any) -> bool:
    try:
        return compile_schema(condition).is_valid(value) if isinstance(condition, dict) else condition is not False
    except Exception:  # noqa: BLE001  what does not compile is said of the whole schema
        return True
