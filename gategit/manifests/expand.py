"""Documents to manifests: a List becomes its items."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gategit.manifests.decode import Decoded
from gategit.manifests.manifest import Manifest, Source
from gategit.model import FieldPath

_DEPTH = 8
"""How deep lists of lists are opened."""


def expand(path: str, decoded: Decoded) -> tuple[Manifest, ...]:
    """Every object that the documents declare, in order."""
    found: list[Manifest] = []
    for document in decoded.documents:
        if isinstance(document.data, dict):
            found.extend(_objects(document.data, path, document.index, (), _DEPTH))
    return tuple(found)


def _objects(data: dict[str, Any], path: str, index: int, pointer: FieldPath, depth: int) -> Iterator[Manifest]:
    api_version, kind = data.get("apiVersion"), data.get("kind")
    if not isinstance(api_version, str) or not isinstance(kind, str) or not api_version or not kind:
        return
    items = data.get("items")
    if not (kind.endswith("List") and isinstance(items, list)):
        yield _manifest(data, api_version, kind, Source(path, index, pointer))
        return
    if not depth:
        return
    inherited = {} if kind == "List" else {"apiVersion": api_version, "kind": kind.removesuffix("List")}
    for position, item in enumerate(items):
        if isinstance(item, dict):
            missing = {name: value for name, value in inherited.items() if name not in item}
            yield from _objects(
                {**missing, **item} if missing else item, path, index, (*pointer, "items", position), depth - 1
            )


def _manifest(data: dict[str, Any], api_version: str, kind: str, source: Source) -> Manifest:
    metadata = data.get("metadata")
    namespace: str | None = None
    name = ""
    if isinstance(metadata, dict):
        given = metadata.get("name")
        if isinstance(given, str) and given:
            name = given
        elif isinstance(generated := metadata.get("generateName"), str) and generated:
            name = generated + "*"
        stated = metadata.get("namespace")
        if isinstance(stated, str) and stated:
            namespace = stated
    return Manifest(api_version, kind, namespace, name, data, source)
