"""Since when a field is there: what the newest schema of an API version has and an older one has not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

Schema = dict[str, Any]


def fields_since(schemas: Sequence[tuple[str, Schema]]) -> list[tuple[list[str], str]]:
    """The topmost fields of the newest schema that an older one lacks, each with the release it is always there from.

    A field below one that is named is named as well where it came later than that one.

    Args:
        schemas: the releases that serve the API version, the newest first, each with its schema.
    """
    (newest, schema), *older = schemas
    return list(_walk((), schema, newest, [(name, one) for name, one in older]))


def _walk(
    path: tuple[str, ...], schema: Any, newest: str, older: Sequence[tuple[str, Any]]
) -> Iterator[tuple[list[str], str]]:
    # What keeps unknown fields lacks none.
    known = [(name, one) for name, one in older if isinstance(one, dict) and not _open(one)]
    if not isinstance(schema, dict) or not known:
        return
    for step, key in (("[]", "items"), ("{}", "additionalProperties")):
        yield from _walk((*path, step), schema.get(key), newest, [(name, one.get(key)) for name, one in known])
    if "additionalProperties" in schema:
        return
    for field, child in schema.get("properties", {}).items():
        having = [(name, one["properties"][field]) for name, one in known if field in one.get("properties", {})]
        if len(having) < len(known):
            lacking = {name for name, _ in known} - {name for name, _ in having}
            since = newest
            for name, _ in older:
                if name in lacking:
                    break
                since = name
            yield [*path, field], since
        yield from _walk((*path, field), child, newest, having)


def _open(schema: Schema) -> bool:
    return schema.get("x-kubernetes-preserve-unknown-fields") is True
