"""Fields that a project's admission webhook fills in before an object is validated: nobody has to write them.

A webhook that decodes an object and encodes it again writes every field that its types do not leave out. A definition
may ask for such a field, and yet no object that reaches the validation is without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tools.schemas.errors import SchemasError

Definition = dict[str, Any]


def not_required(definitions: Sequence[Definition], fields: Sequence[str], name: str) -> None:
    """Let definitions no longer ask for some fields.

    Args:
        definitions: the definitions of a release; they are changed.
        fields: the ends of the fields' paths, such as ``steps[].name``; ``[]`` stands for the items of a list, ``{}``
            for the values of a map.
        name: what to call the release.

    Raises:
        SchemasError: no definition asks for one of them.
    """
    found = set()
    for definition in definitions:
        for version in definition["spec"]["versions"]:
            for path, schema in _objects("", version["schema"]["openAPIV3Schema"]):
                asked = {one: _end(f"{path}.{one}", fields) for one in schema["required"]}
                schema["required"] = [one for one, end in asked.items() if not end]
                if not schema["required"]:
                    del schema["required"]
                found.update(asked.values())
    for field in fields:
        if field not in found:
            raise SchemasError(f"nothing of {name} asks for {field}, which is said to be filled in")


def _end(path: str, fields: Sequence[str]) -> str:
    return next((field for field in fields if path.endswith(f".{field}")), "")


def _objects(path: str, schema: Any) -> Iterator[tuple[str, Definition]]:
    """The schemas that ask for fields, each with its path."""
    if not isinstance(schema, dict):
        return
    if "required" in schema:
        yield path, schema
    for field, child in schema.get("properties", {}).items():
        yield from _objects(f"{path}.{field}", child)
    yield from _objects(f"{path}[]", schema.get("items"))
    yield from _objects(f"{path}{{}}", schema.get("additionalProperties"))
