"""Field paths as API servers write them, found again in the manifest that was sent.

A server has several ways to write a path, and none of them says which: ``spec.ports[0].nodePort`` and
``data[app.conf]`` (validation), ``.spec.containers[name="c"].args[0]`` and ``.metadata.labels.app.kubernetes.io/name``
(server-side apply), ``spec.template.spec.containers.env.value`` without any index (decoding). So a path is not parsed
by itself but walked along the manifest, whose keys decide where a name ends. All of it is untrusted: nothing here
raises, and the work is bounded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from gategit.model import FieldPath

ABSENT: Final = object()
"""What stands where nothing does."""

_LONGEST = 2000
_STEPS = 100
_MOST = 1000
_NAME = re.compile(r"[^.\[\]]+")
_NUMBER = re.compile(r"[0-9]{1,9}")
_INDEX = re.compile(r"\[(\d{1,9})\]")
_VALUE = r'(?:"(?:[^"\\]|\\.)*"|[^,\]"]*)'
_KEYED = re.compile(rf"\[([A-Za-z][\w.-]*={_VALUE}(?:,[A-Za-z][\w.-]*={_VALUE})*)\]")
_PAIR = re.compile(rf"([A-Za-z][\w.-]*)=({_VALUE})(?:,|$)")
_MEMBER = re.compile(rf"\[=({_VALUE})\]")
_ROOTS = frozenset({"", ".", "[]", "<nil>", "<root>"})


def value_at(data: Any, path: FieldPath) -> Any:
    """What stands at a path, ``ABSENT`` where nothing does."""
    for step in path:
        data = _child(data, step)
    return data


def read_path(text: str, manifest: Mapping[str, Any]) -> FieldPath:
    """A path that a server wrote, with the manifest's own list indices.

    A field that the manifest lacks keeps its name; what cannot be followed (an item that is not there) ends the path.
    """
    return _renamed(_walk(text, manifest), manifest)


def read_pointer(text: str, manifest: Mapping[str, Any]) -> FieldPath:
    """A path with slashes as policy engines write it, such as ``/metadata/labels/app.kubernetes.io/name``.

    Only as far as the manifest has it, and one name more.
    """
    rest = text.strip("/")[:_LONGEST]
    node: Any = manifest
    steps: list[str | int] = []
    while rest and node is not ABSENT and len(steps) < _STEPS:
        keys = [key for key in (node if isinstance(node, dict) else ()) if key and f"{rest}/".startswith(f"{key}/")]
        name = max(keys, key=len) if keys else rest.partition("/")[0]
        step = int(name) if isinstance(node, list) and _NUMBER.fullmatch(name) else name
        steps.append(step)
        node = _child(node, step)
        rest = rest[len(name) + 1 :]
    return tuple(steps)


def second_entry(path: FieldPath, keys: str, manifest: Mapping[str, Any]) -> FieldPath:
    """The second item of a list that has some keys, such as ``[name="A"]``; the list where there is no second one."""
    items = value_at(manifest, path)
    match = _KEYED.fullmatch(keys)
    if match is None or not isinstance(items, list):
        return path
    found = [index for index, item in enumerate(items) if _has_keys(item, match[1])]
    return (*path, found[1]) if len(found) > 1 else path


def without_indices(text: str, manifest: Mapping[str, Any]) -> list[FieldPath]:
    """Every place that a path without list indices may mean, in the manifest's order."""
    return list(islice(_descend(text[:_LONGEST], 0, manifest, ()), _MOST))


def alike(path: FieldPath, manifest: Mapping[str, Any]) -> list[FieldPath]:
    """The paths of the same names at whatever list indices, as far as the manifest has them, in its order."""
    return list(islice(_expand(path, 0, manifest, ()), _MOST))


def leaves(data: Any, wanted: Callable[[FieldPath, Any], bool]) -> list[FieldPath]:
    """The places of the single values that are wanted, in the manifest's order; at most a thousand."""
    return list(islice(_leaves(data, wanted), _MOST))


def pod_spec(manifest: Mapping[str, Any]) -> FieldPath | None:
    """Where an object says what its Pods are like; None where it has none."""
    for path in (("spec", "jobTemplate", "spec", "template", "spec"), ("spec", "template", "spec"), ("spec",)):
        found = value_at(manifest, path)
        if isinstance(found, dict) and isinstance(found.get("containers"), list):
            return path
    return None


def container(manifest: Mapping[str, Any], name: str) -> FieldPath | None:
    """Where a container of some name stands; None where there is none."""
    spec = pod_spec(manifest)
    if spec is None:
        return None
    for kind in ("containers", "initContainers", "ephemeralContainers"):
        items = value_at(manifest, (*spec, kind))
        for index, item in enumerate(items if isinstance(items, list) else ()):
            if isinstance(item, dict) and item.get("name") == name:
                return (*spec, kind, index)
    return None


def _child(node: Any, step: str | int) -> Any:
    if isinstance(node, dict) and isinstance(step, str):
        return node.get(step, ABSENT)
    if isinstance(node, list) and isinstance(step, int) and 0 <= step < len(node):
        return node[step]
    return ABSENT


def _walk(text: str, manifest: Mapping[str, Any]) -> FieldPath:
    text = text.strip()[:_LONGEST]
    if text in _ROOTS:
        return ()
    steps: list[str | int] = []
    node: Any = manifest
    position = 0
    while position < len(text) and len(steps) < _STEPS:
        if isinstance(node, list) and text[position] != "[":
            # A field of an item, of which the server does not say which one it means.
            if len(node) != 1:
                break
            steps.append(0)
            node = node[0]
        found = _step(text, position, node)
        if found is None:
            break
        step, position = found
        steps.append(step)
        node = _child(node, step)
    return tuple(steps)


def _step(text: str, position: int, node: Any) -> tuple[str | int, int] | None:
    """One step of a path and where the next one begins."""
    if text[position] == "[":
        return _bracket(text, position, node)
    if text[position] == ".":
        position += 1
    return _name(text, position, node)


def _name(text: str, position: int, node: Any) -> tuple[str, int] | None:
    """A name; the longest key that fits, since a key may hold dots itself."""
    known = [
        key
        for key in (node if isinstance(node, dict) else ())
        if key and isinstance(key, str) and text.startswith(key, position)
    ]
    known = [key for key in known if text[position + len(key) : position + len(key) + 1] in {"", ".", "["}]
    if known:
        key = max(known, key=len)
        return key, position + len(key)
    match = _NAME.match(text, position)
    return (match[0], match.end()) if match else None


def _bracket(text: str, position: int, node: Any) -> tuple[str | int, int] | None:
    if isinstance(node, dict):
        fitting = [key for key in node if text.startswith(f"[{key}]", position)]
        if fitting:
            key = max(fitting, key=len)
            return key, position + len(key) + 2
    match = _INDEX.match(text, position)
    if match and not isinstance(node, dict):
        return int(match[1]), match.end()
    match = _KEYED.match(text, position)
    if match:
        index = _first(node, match[1])
        return None if index is None else (index, match.end())
    match = _MEMBER.match(text, position)
    if match:
        wanted = _plain(match[1])
        items = node if isinstance(node, list) else []
        found = next((index for index, item in enumerate(items) if _same(item, wanted)), None)
        return None if found is None else (found, match.end())
    end = text.find("]", position)
    return (text[position + 1 : end], end + 1) if end > position + 1 and not isinstance(node, list) else None


def _first(node: Any, keys: str) -> int | None:
    items = node if isinstance(node, list) else []
    return next((index for index, item in enumerate(items) if _has_keys(item, keys)), None)


def _has_keys(item: Any, keys: str) -> bool:
    """Whether an item has these keys. One that it lacks may be the server's default, as long as it has another."""
    if not isinstance(item, dict):
        return False
    wanted = {match[1]: _plain(match[2]) for match in _PAIR.finditer(keys)}
    there = [name for name in wanted if item.get(name) is not None]
    return bool(there) and all(_same(item[name], wanted[name]) for name in there)


def _plain(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def _renamed(path: FieldPath, manifest: Mapping[str, Any]) -> FieldPath:
    """A path by the name that the manifest uses, where the server has another one for the same field."""
    if not path or value_at(manifest, path) is not ABSENT:
        return path
    definition = manifest.get("kind") == "CustomResourceDefinition"
    other: FieldPath = path
    match path:
        case ("data", *rest):
            other = ("stringData", *rest)
        case (str(name),):
            other = ("spec", name)  # a PersistentVolume's volumeMode, which its validation reports without spec
        case ("spec", "clusterIPs", *_):
            other = ("spec", "clusterIP")
        case ("spec", "validation", "openAPIV3Schema", *rest) if definition:
            return _version_schema(tuple(rest), manifest)
        case ("status", "storedVersions", *_) if definition:
            other = ("spec", "versions")
        case ("spec", str(name), *rest) if value_at(manifest, path[:2]) is ABSENT:
            spec = manifest["spec"] if isinstance(manifest.get("spec"), dict) else {}
            other = ("spec", next((key for key in spec if _loosely(key) == _loosely(name)), name), *rest)
    known = value_at(manifest, other) is not ABSENT or (
        other[:1] == ("stringData",) and isinstance(manifest.get("stringData"), dict) and "data" not in manifest
    )
    return other if known else path


def _loosely(name: object) -> str:
    """A name as the server's own Go types may have it: ``attachedRequired`` for ``attachRequired``."""
    return re.sub(r"(ed(?=[A-Z]))", "", str(name)).casefold()


def _version_schema(rest: FieldPath, manifest: Mapping[str, Any]) -> FieldPath:
    """A place in the schema that all versions of a CustomResourceDefinition share, in the first version that has it."""
    versions = value_at(manifest, ("spec", "versions"))
    places: list[FieldPath] = [
        ("spec", "versions", index, "schema", "openAPIV3Schema", *rest)
        for index in range(min(len(versions), _MOST) if isinstance(versions, list) else 0)
    ]
    parents = (place for place in places if value_at(manifest, place[:-1]) is not ABSENT)
    return next(parents, places[0] if places else ("spec", "versions"))


def _descend(text: str, position: int, node: Any, path: FieldPath) -> Iterator[FieldPath]:
    if len(path) > _STEPS:
        return
    if position >= len(text):
        yield path
    elif isinstance(node, list):
        for index, item in enumerate(node):
            yield from _descend(text, position, item, (*path, index))
    else:
        found = _step(text, position, node)
        if found is not None and _child(node, found[0]) is not ABSENT:
            step, after = found
            yield from _descend(text, after, _child(node, step), (*path, step))


def _expand(path: FieldPath, depth: int, node: Any, found: FieldPath) -> Iterator[FieldPath]:
    if depth == len(path):
        yield found
        return
    step = path[depth]
    if isinstance(step, int) and isinstance(node, list):
        for index, item in enumerate(node):
            yield from _expand(path, depth + 1, item, (*found, index))
    elif _child(node, step) is not ABSENT:
        yield from _expand(path, depth + 1, _child(node, step), (*found, step))


def _leaves(data: Any, wanted: Callable[[FieldPath, Any], bool]) -> Iterator[FieldPath]:
    waiting: list[tuple[FieldPath, Any]] = [((), data)]
    while waiting:
        path, node = waiting.pop()
        if isinstance(node, dict):
            waiting.extend(((*path, key), part) for key, part in reversed(node.items()) if isinstance(key, str))
        elif isinstance(node, list):
            waiting.extend(((*path, index), node[index]) for index in reversed(range(len(node))))
        elif wanted(path, node):
            yield path
