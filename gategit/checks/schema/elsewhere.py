"""Where an unknown field belongs: a similar name at its place, or the same name at another place of the kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from gategit.model import FieldPath

Schema = dict[str, Any]

_DEEPEST: Final = 9
_MOST: Final = 20_000
_ALIKE: Final = 0.8
_FAR: Final = 4
_CONTAINERS: Final = ("containers[]",)


def advice(schema: Schema, path: FieldPath) -> str:
    """The end of the sentence about an unknown field: ``; did you mean x?``, ``; it belongs under y``, or nothing."""
    name = str(path[-1])
    parent = schema_at(schema, path[:-1])
    typo, likeness = _nearest(name, list(_properties(schema, parent)) if parent is not None else [])
    if typo is not None and likeness >= _ALIKE:
        return f"; did you mean {typo}?"
    place = _home(schema, path, name)
    if place is not None:
        return f"; it belongs under {place}" if place else "; it belongs at the top of the object"
    return f"; did you mean {typo}?" if typo is not None else ""


def _nearest(name: str, known: list[str]) -> tuple[str | None, float]:
    from difflib import SequenceMatcher, get_close_matches  # noqa: PLC0415  only a wrong word pays for the import

    # The comparison is quadratic in the length of a word: a long one is no typing error.
    folded = {one.casefold(): one for one in known}
    word = name[:80].casefold()
    found = get_close_matches(word, sorted(folded), n=1, cutoff=0.6)
    if not found:
        return None, 0.0
    return folded[found[0]], SequenceMatcher(None, word, found[0]).ratio()


def _resolve(root: Schema, node: Any) -> Schema:
    for _ in range(10):
        if not isinstance(node, dict):
            return {}
        reference = node.get("$ref")
        if not isinstance(reference, str):
            break
        node = root.get("$defs", {}).get(reference.removeprefix("#/$defs/"), {})
    if isinstance(node, dict) and "properties" not in node:
        for branch in node.get("anyOf", ()):
            if isinstance(branch, dict) and ("properties" in branch or "$ref" in branch or "items" in branch):
                return _resolve(root, branch)
    return node if isinstance(node, dict) else {}


def _properties(root: Schema, node: Schema) -> dict[str, Any]:
    found = _resolve(root, node).get("properties", {})
    return found if isinstance(found, dict) else {}


def schema_at(root: Schema, path: FieldPath) -> Schema | None:
    """The schema of the field at a path; None where the schema does not say."""
    node: Any = root
    for step in path:
        here = _resolve(root, node)
        if isinstance(step, int):
            node = here.get("items")
        else:
            node = here.get("properties", {}).get(step, here.get("additionalProperties"))
        if not isinstance(node, dict):
            return None
    return _resolve(root, node)


def _walk(root: Schema) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every field that the kind has, as the path of its parent and its name; lists add ``[]`` to a path's last name.

    A definition that holds itself is not entered twice.
    """
    waiting: list[tuple[tuple[str, ...], Any, tuple[str, ...]]] = [((), root, ())]
    seen = 0
    while waiting and seen < _MOST:
        path, raw, entered = waiting.pop(0)
        reference = raw.get("$ref") if isinstance(raw, dict) else None
        if isinstance(reference, str):
            if reference in entered:
                continue
            entered = (*entered, reference)
        node = _resolve(root, raw)
        for name, child in node.get("properties", {}).items():
            seen += 1
            if not path and name in ("apiVersion", "kind", "metadata", "status"):
                continue
            yield path, name
            if len(path) < _DEEPEST:
                waiting.append(((*path, name), child, entered))
        items = node.get("items")
        if path and isinstance(items, dict):
            waiting.append(((*path[:-1], f"{path[-1]}[]"), items, entered))


def _home(root: Schema, path: FieldPath, name: str) -> str | None:
    """The one nearest other place that has a field of this name; None where there is none, or more than one."""
    here: list[str] = []
    for step in path[:-1]:
        if isinstance(step, int) and here:
            here[-1] = f"{here[-1]}[]"
        else:
            here.append(str(step))
    distances: dict[tuple[str, ...], int] = {}
    for place, field in _walk(root):
        if field == name:
            shared = 0
            while shared < min(len(place), len(here)) and place[shared] == here[shared]:
                shared += 1
            distances.setdefault(place, len(place) + len(here) - 2 * shared)
    # A name that stands far away is most likely another field with the same name.
    nearest = min(distances.values(), default=_FAR + 1)
    if nearest > _FAR:
        return None
    # What containers have and pods have too (resources, securityContext) is nearly always meant for containers; and
    # init and ephemeral containers have the fields of containers, which are meant first.
    likely = [place for place, distance in distances.items() if distance <= nearest + 1 and place[-1:] == _CONTAINERS]
    best = likely or [place for place, distance in distances.items() if distance == nearest]
    return ".".join(best[0]) if len(best) == 1 else None
