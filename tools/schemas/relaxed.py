"""Definitions that refuse more than what users meet: what is taken back of them, and for which reason.

A webhook that decodes an object and encodes it again writes every field that its types do not leave out: a definition
may ask for such a field, and yet no object that reaches the validation is without it. And where many run a fork of a
project, its fields are not to be refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tools.schemas.errors import SchemasError

Definition = dict[str, Any]


def not_required(definitions: Sequence[Definition], fields: Sequence[str], name: str) -> None:
    """Let definitions no longer ask for some fields, since the project's webhook fills them in.

    Args:
        definitions: the definitions of a release; they are changed.
        fields: the ends of the fields' paths, such as ``steps[].name``; ``[]`` stands for the items of a list, ``{}``
            for the values of a map.
        name: what to call the release.

    Raises:
        SchemasError: no definition asks for one of them.
    """
    found: set[str] = set()
    for path, schema in _schemas(definitions):
        if "required" in schema:
            asked = {one: _end(f"{path}.{one}", fields) for one in schema["required"]}
            schema["required"] = [one for one, end in asked.items() if not end]
            if not schema["required"]:
                del schema["required"]
            found.update(asked.values())
    for field in fields:
        if field not in found:
            raise SchemasError(f"nothing of {name} asks for {field}, which is said to be filled in")


def left_open(definitions: Sequence[Definition], fields: Sequence[str], name: str) -> None:
    """Let some fields hold what the definitions do not name, since a fork of the project has more.

    Args:
        definitions: the definitions of a release; they are changed.
        fields: the fields' whole paths, such as ``spec``.
        name: what to call the release.

    Raises:
        SchemasError: no definition has one of them.
    """
    found = set()
    for path, schema in _schemas(definitions):
        if (field := path.removeprefix(".")) in fields:
            schema["x-kubernetes-preserve-unknown-fields"] = True
            found.add(field)
    for field in fields:
        if field not in found:
            raise SchemasError(f"nothing of {name} has the field {field}, which is said to be left open")


def _end(path: str, fields: Sequence[str]) -> str:
    return next((field for field in fields if path.endswith(f".{field}")), "")


def _schemas(definitions: Sequence[Definition]) -> Iterator[tuple[str, Definition]]:
    for definition in definitions:
        for version in definition["spec"]["versions"]:
            yield from _below("", version["schema"]["openAPIV3Schema"])


def _below(path: str, schema: Any) -> Iterator[tuple[str, Definition]]:
    if not isinstance(schema, dict):
        return
    yield path, schema
    for field, child in schema.get("properties", {}).items():
        yield from _below(f"{path}.{field}", child)
    yield from _below(f"{path}[]", schema.get("items"))
    yield from _below(f"{path}{{}}", schema.get("additionalProperties"))
