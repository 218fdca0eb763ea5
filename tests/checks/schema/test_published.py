"""What a server publishes becomes a schema file that judges as the server does."""

from __future__ import annotations

from typing import Any

import pytest

from gategit.checks.schema.crd import TooLargeError
from gategit.checks.schema.openapi import UnknownComponentError
from gategit.checks.schema.published import published_kinds, schema_file
from gategit.cluster.snapshot import Snapshot, encode, load_snapshot
from tests.cli.test_schema_add import definition, snapshot


def reference(name: str) -> dict[str, Any]:
    """How one component refers to another."""
    return {"$ref": f"#/components/schemas/{name}"}


def exported(schemas: dict[str, Any], *kinds: tuple[str, str]) -> Snapshot:
    """An export of a server that publishes kinds, each with the component of its name."""
    resources = [
        {"group": group, "version": "v1", "kind": kind, "plural": f"{kind.lower()}s", "namespaced": True, "verbs": []}
        for group, kind in kinds
    ]
    named: dict[str, dict[str, str]] = {}
    for group, kind in kinds:
        if kind in schemas:
            named.setdefault(f"{group}/v1", {})[kind] = kind
    return load_snapshot(
        encode(snapshot([definition("Widget")], resources=resources, kinds=named, schemas=schemas)), "prod.json"
    )


def made(component: dict[str, Any], **others: Any) -> Any:
    """The schema file of a kind with a component."""
    export = exported({"Gear": component, **others}, ("example.com", "Gear"))
    return schema_file(export, next(published_kinds(export)))


def test_only_kinds_without_another_source_are_taken() -> None:
    """Not Kubernetes' own, not those with a definition, not measurements, not those without a schema."""
    any_object = {"type": "object"}
    export = exported(
        {"Gear": any_object, "Widget": any_object, "Deployment": any_object, "PodMetrics": any_object},
        *(("example.com", "Gear"), ("example.com", "Widget"), ("apps", "Deployment")),
        *(("metrics.k8s.io", "PodMetrics"), ("custom.metrics.k8s.io", "PodMetrics"), ("example.com", "Bare")),
    )
    assert [one.resource.kind for one in published_kinds(export)] == ["Gear"]


def test_fields_that_are_not_named_are_unknown() -> None:
    """Unless the schema keeps them, or says which values others have."""
    strings = {"type": "object", "additionalProperties": {"type": "string"}}
    free = {"type": "object", "properties": {"a": {}}, "x-kubernetes-preserve-unknown-fields": True}
    spec = {"type": "object", "properties": {"labels": strings, "free": free, "any": {"type": "object"}}}
    found = made({"type": "object", "properties": {"spec": spec, "metadata": {"type": "object"}}})
    assert found == {
        "type": "object",
        "properties": {"spec": {**spec, "additionalProperties": False}},
        "additionalProperties": False,
    }


def test_types_written_in_go_take_an_empty_text_for_none() -> None:
    """Where a field may be left out; such types are told by their references."""
    mode = {"type": "string", "enum": ["Fast"]}
    part = {"type": "object", "properties": {"mode": mode, "must": mode}, "required": ["must"]}
    found = made({"type": "object", "properties": {"spec": reference("Part")}}, Part=part)
    properties = found["properties"]["spec"]["properties"]
    assert (properties["mode"]["enum"], properties["must"]["enum"]) == (["Fast", ""], ["Fast"])
    assert made({"type": "object", "properties": {"mode": mode}})["properties"]["mode"] == mode


def test_what_cannot_be_put_into_one_file_is_an_error() -> None:
    """A reference that leads nowhere, and types that hold each other until nobody can read them."""
    with pytest.raises(UnknownComponentError, match="Part"):
        made({"type": "object", "properties": {"spec": reference("Part")}})
    names = [f"T{number}" for number in range(12)]
    wide = {name: {"type": "object", "properties": {other: reference(other) for other in names}} for name in names}
    with pytest.raises(TooLargeError):
        made({"type": "object", "properties": {"spec": reference("T0")}}, **wide)
