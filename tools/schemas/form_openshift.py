"""The form ``openshift``: definitions in the files of a Go module, and the kinds of aggregated API servers beside them.

The latter have no definitions; the module publishes their types as an OpenAPI document. Options, beside those of the
form ``crds``: ``document``, that document in the module, and ``aggregated``, one table for each kind that is taken from
it, with its ``definition`` in the document, ``group``, ``plural`` and ``scope``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from tools.schemas import form_crds
from tools.schemas.errors import SchemasError
from tools.schemas.modules import module_files, module_zip
from tools.schemas.sources import Release

_ANY: Final = {"x-kubernetes-preserve-unknown-fields": True}
_WRITTEN_OTHERWISE: Final = {
    # Types that read more than the document says of them.
    "io.k8s.apimachinery.pkg.api.resource.Quantity": _ANY,
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"x-kubernetes-int-or-string": True},
}
_REFERENCE: Final = "#/definitions/"
_LEFT_OUT: Final = frozenset(
    {"$ref", "x-kubernetes-patch-merge-key", "x-kubernetes-patch-strategy", "x-kubernetes-unions"}
)
"""What the document has and a definition has not."""

Schema = dict[str, Any]


def definitions(release: Release) -> list[dict[str, Any]]:
    """The definitions of a release, with those that its aggregated kinds would have.

    Raises:
        SchemasError: the module is not what is pinned, or does not hold what is written of it.
    """
    archive = module_zip(release.origin, release.version, release.checksum)
    path = release.options["document"]
    content = dict(module_files(archive, path.__eq__)).get(path)
    if content is None:
        raise SchemasError(f"{release} has no file {path}")
    schemas = json.loads(content)["definitions"]
    return [
        *form_crds.definitions(release),
        *(_definition(release, kind, schemas) for kind in release.options["aggregated"]),
    ]


def _definition(release: Release, kind: dict[str, str], schemas: dict[str, Schema]) -> dict[str, Any]:
    if kind["definition"] not in schemas:
        raise SchemasError(f"{release} has no {kind['definition']} in {release.options['document']}")
    *_, version, name = kind["definition"].split(".")
    root = _written_out(schemas[kind["definition"]], schemas, ())
    # Every kind has the same metadata, and the server looks after them itself.
    root["properties"]["metadata"] = {"type": "object"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind['plural']}.{kind['group']}"},
        "spec": {
            "group": kind["group"],
            "names": {
                "plural": kind["plural"],
                "singular": name.lower(),
                "kind": name,
                "listKind": f"{name}List",
            },
            "scope": kind["scope"],
            "versions": [{"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": root}}],
        },
    }


def _written_out(schema: Schema, schemas: dict[str, Schema], inside: tuple[str, ...]) -> Schema:
    """A schema with what it refers to in the place of the references."""
    found = {key: value for key, value in schema.items() if key not in _LEFT_OUT}
    # Go's zero values stand there as defaults too, and no server fills those in.
    if "default" in found and not found["default"]:
        del found["default"]
    reference = schema.get("$ref")
    if isinstance(reference, str):
        name = reference.removeprefix(_REFERENCE)
        if name in inside:
            return dict(_ANY)
        meant = _WRITTEN_OTHERWISE.get(name) or _written_out(schemas[name], schemas, (*inside, name))
        return {**meant, **found}
    properties = schema.get("properties", {})
    if properties:
        found["properties"] = {name: _written_out(child, schemas, inside) for name, child in properties.items()}
    if "required" in schema:
        # A field that is left out is read as its zero value where the document names one.
        found["required"] = [name for name in schema["required"] if "default" not in properties[name]]
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            found[key] = _written_out(schema[key], schemas, inside)
            _require(found[key], schema.get("x-kubernetes-list-map-keys", ()))
    if schema.get("type") == "object" and not properties and "additionalProperties" not in schema:
        found |= _ANY
    return found


def _require(items: Schema, keys: Iterable[str]) -> None:
    """Let a list's entries have the fields that tell them apart."""
    for name in keys:
        if "default" not in items["properties"][name]:
            items["required"] = list(dict.fromkeys([*items.get("required", []), name]))
