"""What of a server's OpenAPI v3 documents a snapshot keeps: the schemas of the kinds that it serves, without prose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Schema = dict[str, Any]

REFERENCE: Final = "#/components/schemas/"
"""How one component of a document refers to another."""

_PROSE: Final = frozenset({"description", "title", "example", "externalDocs", "x-kubernetes-unions"})
_NAMED: Final = frozenset({"properties", "patternProperties", "definitions"})
_ONE: Final = frozenset({"items", "additionalProperties", "additionalItems", "not"})
_SEVERAL: Final = frozenset({"allOf", "anyOf", "oneOf"})


def without_prose(schema: Any, *, defaults: bool = True) -> Any:
    """A schema without what is there for people only.

    Args:
        schema: of OpenAPI v3, or of a CustomResourceDefinition. A property may be called ``description``: it stays.
        defaults: False leaves out defaults that are Go's zero values, which the server never fills in.
    """
    if not isinstance(schema, dict):
        return schema
    found: Schema = {}
    for key, value in schema.items():
        if key in _PROSE:
            continue
        if key in _NAMED and isinstance(value, dict):
            found[key] = {name: without_prose(child, defaults=defaults) for name, child in value.items()}
        elif key in _ONE:
            found[key] = without_prose(value, defaults=defaults)
        elif key in _SEVERAL and isinstance(value, list):
            found[key] = [without_prose(child, defaults=defaults) for child in value]
        elif key != "default" or defaults or value:
            found[key] = value
    return found


def references(node: Any) -> Iterator[str]:
    """The names of the components that a schema refers to."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting.extend(one)
        elif isinstance(one, dict):
            found = one.get("$ref")
            if isinstance(found, str) and found.startswith(REFERENCE):
                yield found.removeprefix(REFERENCE)
            waiting.extend(one.values())


def kinds_of(document: Any, group: str, version: str, kinds: Iterable[str]) -> tuple[dict[str, str], dict[str, Schema]]:
    """The components of some kinds of one group and version.

    Args:
        document: the server's OpenAPI v3 document of the group and version.
        group: the API group.
        version: its version.
        kinds: which kinds.

    Returns:
        The component of each kind that has one, and every component that those need, by name.
    """
    components = _mapping(_mapping(_mapping(document).get("components")).get("schemas"))
    wanted = set(kinds)
    found: dict[str, str] = {}
    for name in sorted(components):
        for served in _listed(_mapping(components[name]).get("x-kubernetes-group-version-kind")):
            one = _mapping(served)
            kind = one.get("kind")
            if (one.get("group"), one.get("version")) == (group, version) and kind in wanted:
                found.setdefault(str(kind), name)
    needed: dict[str, Schema] = {}
    waiting = list(found.values())
    while waiting:
        name = waiting.pop()
        if name in needed or not isinstance(components.get(name), dict):
            continue
        needed[name] = without_prose(components[name], defaults=False)
        waiting.extend(references(needed[name]))
    return found, needed


def merged(
    parts: Mapping[str, Mapping[str, Schema]],
) -> tuple[dict[str, Schema], dict[str, dict[str, Schema]]]:
    """The components of all groups and versions in one table, and apart what one of them has otherwise.

    An aggregated API server may have been built from another version of Kubernetes' own types.
    """
    common: dict[str, Schema] = {}
    variants: dict[str, dict[str, Schema]] = {}
    for api_version in sorted(parts):
        for name, schema in parts[api_version].items():
            if common.setdefault(name, schema) != schema:
                variants.setdefault(api_version, {})[name] = schema
    return common, variants


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
