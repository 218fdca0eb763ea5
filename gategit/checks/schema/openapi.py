"""A server's own OpenAPI v3 components as strict JSON Schemas, in the form of the definitions that ship with gategit.

A server publishes which fields a kind has, not that it refuses others, and says of no field that null may stand for
its absence. Both are made explicit here, as strict field validation has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gategit.cluster.openapi import REFERENCE, references

Schema = dict[str, Any]

_COPIED: Final[Mapping[str, tuple[type, ...]]] = {
    "format": (str,),
    "maximum": (int, float),
    "minimum": (int, float),
    "required": (list,),
    "x-kubernetes-list-map-keys": (list,),
    "x-kubernetes-list-type": (str,),
}


class UnknownComponentError(LookupError):
    """A component refers to one that the server does not publish."""


class Definitions(dict[str, Schema]):
    """The definitions of one group and version, each made from its component when it is asked for.

    Args:
        components: the server's, by name.
    """

    def __init__(self, components: Mapping[str, Schema]) -> None:
        super().__init__()
        self._components = components

    def __missing__(self, name: str) -> Schema:
        """Make a definition.

        Raises:
            UnknownComponentError: there is no such component.
        """
        component = self._components.get(name)
        if component is None:
            raise UnknownComponentError(name)
        made = self[name] = _definition(component, optional=True)
        return made


def without_metadata(component: Schema) -> Schema:
    """A kind's component without the metadata, which all kinds share."""
    properties = component.get("properties")
    if not isinstance(properties, dict):
        return component
    return {**component, "properties": {name: one for name, one in properties.items() if name != "metadata"}}


def refers_to_others(component: Schema) -> bool:
    """Whether a component needs others: those of CustomResourceDefinitions do not."""
    return any(True for _ in references(component))


def _definition(raw: Any, *, optional: bool) -> Schema:
    """One schema in the strict form; of an optional one null is allowed, which the server takes for its absence."""
    if not isinstance(raw, dict):
        return {}
    reference = reference_of(raw)
    if reference is not None:
        return {"$ref": f"#/$defs/{reference}"}
    node: Schema = {key: raw[key] for key, types in _COPIED.items() if isinstance(raw.get(key), types)}
    properties = raw.get("properties")
    types = _types(raw)
    if types:
        node["type"] = [*types, "null"] if optional else types[0] if len(types) == 1 else types
    if isinstance(raw.get("enum"), list):
        # An empty text is Go's way to leave a text out.
        node["enum"] = [*raw["enum"], ""] if optional and "" not in raw["enum"] else raw["enum"]
    if isinstance(properties, dict):
        listed = raw.get("required")
        required = listed if isinstance(listed, list) else []
        node["properties"] = {
            name: _definition(child, optional=name not in required) for name, child in properties.items()
        }
    if "items" in raw:
        node["items"] = _definition(raw["items"], optional=True)
    extra = raw.get("additionalProperties")
    if isinstance(extra, dict):
        node["additionalProperties"] = _definition(extra, optional=True)
    elif extra is False or (
        isinstance(properties, dict) and extra is None and raw.get("x-kubernetes-preserve-unknown-fields") is not True
    ):
        node["additionalProperties"] = False
    return node


def reference_of(raw: Schema) -> str | None:
    """The component that a schema stands for: OpenAPI 3.0 wraps a reference where it adds to it."""
    branches = raw.get("allOf")
    inner = branches[0] if isinstance(branches, list) and len(branches) == 1 else raw
    reference = inner.get("$ref") if isinstance(inner, dict) else None
    if isinstance(reference, str) and reference.startswith(REFERENCE):
        return reference.removeprefix(REFERENCE)
    return None


def _types(raw: Schema) -> list[str]:
    """The types that a value may have, [] for any."""
    if raw.get("x-kubernetes-int-or-string") is True or raw.get("format") == "int-or-string":
        return ["integer", "string"]
    if isinstance(raw.get("type"), str):
        return [raw["type"]]
    branches = raw.get("oneOf") or raw.get("anyOf")
    if isinstance(branches, list) and branches and all(isinstance(one, dict) and "type" in one for one in branches):
        return [str(one["type"]) for one in branches]
    return []
