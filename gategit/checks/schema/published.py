"""The schemas that an export of a cluster holds, in the form that a repository's schema folder has them.

A CustomResourceDefinition is taken as it is. Where the account that made the export could not read them, there is what
the server publishes of each kind: that says which fields there are, and is made to say that there are no others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from gategit.checks.schema import facts
from gategit.checks.schema.crd import GROUP, KIND, TooLargeError, read_crd
from gategit.checks.schema.openapi import UnknownComponentError, reference_of, refers_to_others, without_metadata

if TYPE_CHECKING:
    from gategit.cluster.discovery import Resource
    from gategit.cluster.snapshot import Snapshot

Schema = dict[str, Any]

_MOST_NODES: Final = 200_000
_DEEPEST: Final = 100
_ONE: Final = frozenset({"items", "additionalProperties", "not"})
_SEVERAL: Final = frozenset({"allOf", "anyOf", "oneOf"})
_ANY_FIELDS: Final = "x-kubernetes-preserve-unknown-fields"
_OF_SUBRESOURCES: Final = "metrics.k8s.io"


@dataclass(frozen=True, slots=True)
class PublishedKind:
    """One kind in one version, as the server publishes it: ``component`` is its part of the OpenAPI document."""

    resource: Resource
    component: Schema


def definitions(snapshot: Snapshot) -> Iterator[Schema]:
    """The CustomResourceDefinitions in an export."""
    yield from snapshot.of(GROUP, KIND)


def published_kinds(snapshot: Snapshot) -> Iterator[PublishedKind]:
    """The kinds that are not Kubernetes' own, that the export holds no definition of, and that the server publishes."""
    found = (read_crd(one) for one in definitions(snapshot))
    defined = {(one.group, one.kind) for one in found if one is not None}
    for resource in snapshot.discovery.resources:
        group = resource.group
        if (group, resource.kind) in defined or facts.own_group(group) or group.endswith(_OF_SUBRESOURCES):
            continue
        name = snapshot.component(resource.api_version, resource.kind)
        if name is not None:
            yield PublishedKind(resource, snapshot.components(resource.api_version)[name])


def schema_file(snapshot: Snapshot, one: PublishedKind) -> Schema:
    """One self-contained schema of a published kind, in which fields that it does not name are unknown.

    Raises:
        UnknownComponentError: the schema refers to one that the export lacks.
        TooLargeError: it is larger than any real one.
    """
    components = snapshot.components(one.resource.api_version)
    component = without_metadata(one.component)
    # Types that are written in Go take an empty text for one that is left out.
    reader = _Reader(components, takes_empty=refers_to_others(component))
    found: Schema = reader.read(component, (), optional=False)
    return found


class _Reader:
    """Puts everything that a component refers to in its place."""

    def __init__(self, components: Mapping[str, Schema], *, takes_empty: bool) -> None:
        self._components = components
        self._takes_empty = takes_empty
        self._nodes = 0

    def read(self, raw: Any, entered: tuple[str, ...], *, optional: bool) -> Any:
        """One schema; ``entered`` are the components that it is inside of."""
        self._nodes += 1
        if self._nodes > _MOST_NODES or len(entered) > _DEEPEST:
            raise TooLargeError
        if not isinstance(raw, dict):
            return raw
        name = reference_of(raw)
        if name is not None:
            if name in entered:
                return {"type": "object", _ANY_FIELDS: True}  # a type that holds itself is not opened again
            component = self._components.get(name)
            if component is None:
                raise UnknownComponentError(name)
            return self.read(component, (*entered, name), optional=optional)
        node = {key: self._value(key, value, raw, entered, optional=optional) for key, value in raw.items()}
        node.pop("x-kubernetes-group-version-kind", None)
        if "properties" in node and "additionalProperties" not in node and node.get(_ANY_FIELDS) is not True:
            node["additionalProperties"] = False
        if self._takes_empty and optional and isinstance(node.get("enum"), list) and "" not in node["enum"]:
            node["enum"] = [*node["enum"], ""]
        return node

    def _value(self, key: str, value: Any, raw: Schema, entered: tuple[str, ...], *, optional: bool) -> Any:
        if key == "properties" and isinstance(value, dict):
            listed = raw.get("required")
            required = listed if isinstance(listed, list) else []
            return {name: self.read(one, entered, optional=name not in required) for name, one in value.items()}
        if key in _ONE:
            return self.read(value, entered, optional=True)
        if key in _SEVERAL and isinstance(value, list):
            return [self.read(one, entered, optional=optional) for one in value]
        return value
