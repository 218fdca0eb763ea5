"""Kubernetes' own schemas: for one kind, a schema with only the definitions that the kind needs.

A version's definitions are one file of nearly 2 MB. What one kind needs of it is kept in the user's cache folder, so
that most runs never read the large file. The cache is a convenience: a kept file that cannot be used is worked out
again.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gategit.checks.schema import facts, versions
from gategit.checks.schema.formats import BASE64
from gategit.checks.schema.node import KEYS, PARTIAL, any_number, means, partial
from gategit.user_cache import cache_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

Schema = dict[str, Any]

FORMAT: Final = "3"
"""Part of every kept file's name: raise it when the form of the schemas changes."""

OBJECT_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"

_QUANTITY: Final = r"^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$"
_TIME: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})$"
_LABEL: Final = r"^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?$"

_SPECIAL: Final[dict[str, Schema]] = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {
        "type": ["string", "number", "null"],
        "pattern": _QUANTITY,
        **means("a quantity such as 500m, 1.5 or 2Gi"),
    },
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {
        "type": ["integer", "string", "null"],
        **any_number(32),
    },
}

_FORMATS: Final[dict[str, Schema]] = {
    "int32": any_number(32),
    "int64": any_number(64),
    "byte": {"pattern": BASE64, **means("base64 text")},
    "date-time": {"pattern": _TIME, **means("a date and time such as 2026-01-31T12:00:00Z")},
}


@cache
def _definitions(version: str) -> dict[str, Schema]:
    found: dict[str, Schema] = json.loads(versions.definitions_file(version).read_bytes())["$defs"]
    return found


@cache
def _index(version: str) -> dict[tuple[str, str], str]:
    """The definition of each API version and kind."""
    found: dict[tuple[str, str], str] = {}
    for name, definition in _definitions(version).items():
        served = definition.get("x-kubernetes-group-version-kind", ())
        # Two helper types carry the version and kind of every group; no manifest declares them.
        if len(served) == 1:
            group, kind_version, kind = served[0]["group"], served[0]["version"], served[0]["kind"]
            found[f"{group}/{kind_version}" if group else kind_version, kind] = name
    return found


def kinds(version: str) -> frozenset[tuple[str, str]]:
    """Every API version and kind of a Kubernetes version, worked out from its definitions."""
    return frozenset(_index(version))


def kind_schema(version: str, api_version: str, kind: str) -> Schema | None:
    """The schema of a kind, self-contained; None where this version of Kubernetes has no such kind."""
    if not facts.serves(version, api_version, kind):
        return None
    kept = _kept_file(version, api_version, kind)
    if kept is not None:
        with suppress(OSError, ValueError):
            found = json.loads(kept.read_bytes())
            if isinstance(found, dict) and "$defs" in found:
                return found
    name = _index(version).get((api_version, kind))
    if name is None:
        return None
    schema = _closure(_definitions(version), name)
    if kept is not None:
        _keep(kept, schema)
    return schema


def schema_of(definitions: Mapping[str, Schema], name: str) -> Schema:
    """The schema of a kind that a server defines itself, self-contained.

    Args:
        definitions: the server's, in the form of Kubernetes' own.
        name: the kind's definition.

    Raises:
        LookupError: a definition refers to one that is not there.
    """
    return _closure(definitions, name)


def object_meta(version: str) -> Schema:
    """The schema of any object's metadata, self-contained."""
    kept = _kept_file(version, "meta", "ObjectMeta")
    if kept is not None:
        with suppress(OSError, ValueError):
            found = json.loads(kept.read_bytes())
            if isinstance(found, dict) and "$defs" in found:
                return found
    schema = _closure(_definitions(version), OBJECT_META)
    if kept is not None:
        _keep(kept, schema)
    return schema


def _kept_file(version: str, api_version: str, kind: str) -> Path | None:
    folder = cache_folder()
    if folder is None:
        return None
    # The names come from the table of known kinds, never from a manifest alone.
    state = versions.definitions_file(version).stat()
    name = f"{version}-{api_version.replace('/', '_')}-{kind}-{state.st_size:x}-{state.st_mtime_ns:x}-{FORMAT}.json"
    return folder / "schemas" / name


def _keep(file: Path, schema: Schema) -> None:
    """Write beside and rename, so that no reader ever sees half a file."""
    import tempfile  # noqa: PLC0415  most runs find what an earlier one kept

    with suppress(OSError):
        file.parent.mkdir(mode=0o700, exist_ok=True)
        handle, beside = tempfile.mkstemp(dir=file.parent, prefix=".new-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                json.dump(schema, stream, separators=(",", ":"))
            Path(beside).replace(file)
        except OSError:
            Path(beside).unlink(missing_ok=True)
            raise


def _closure(definitions: Mapping[str, Schema], root: str) -> Schema:
    """The definition and all that it needs, each in the common form of ``node``."""
    found: dict[str, Schema] = {}
    waiting = [root]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        bare = name.removesuffix(PARTIAL)
        node = _SPECIAL.get(bare) or _node(definitions[bare])
        if bare == OBJECT_META and "labels" in node.get("properties", {}):
            node = _with_label_rules(node)
        node = _with_rules(bare, node)
        if name == root and "status" in node.get("properties", {}):
            # Nobody has to write a status: generators leave an empty one, and the server ignores it.
            status = partial(node["properties"]["status"])
            node = {**node, "properties": {**node["properties"], "status": status}}
        found[name] = partial(node) if name != bare else node
        waiting += _references(found[name])
    return {"$ref": f"#/$defs/{root}", "$defs": found}


def _references(node: Any) -> list[str]:
    if isinstance(node, list):
        return [name for item in node for name in _references(item)]
    if not isinstance(node, dict):
        return []
    names = [name for key, value in node.items() if key != "$ref" for name in _references(value)]
    reference = node.get("$ref")
    if isinstance(reference, str):
        names.append(reference.removeprefix("#/$defs/"))
    return names


def _node(raw: Schema) -> Schema:
    """One definition in the common form: no prose, formats as rules, null wherever the field may be left out."""
    node: Schema = {}
    for key in ("type", "$ref", "enum", "required", "minimum", "maximum", "additionalProperties"):
        if key in raw:
            node[key] = raw[key]
    if "properties" in raw:
        node["properties"] = {name: _node(value) for name, value in raw["properties"].items()}
    if isinstance(raw.get("items"), dict):
        node["items"] = _node(raw["items"])
    if isinstance(raw.get("additionalProperties"), dict):
        node["additionalProperties"] = _node(raw["additionalProperties"])
    if raw.get("x-kubernetes-list-type") == "map":
        # A port without protocol is a TCP port.
        keys = raw.get("x-kubernetes-list-map-keys", ())
        node[KEYS] = [[name, "TCP" if name == "protocol" else None] for name in keys]
    if "enum" in node and "null" in node.get("type", ()):
        node["enum"] = [*node["enum"], None]
    return {**_FORMATS.get(raw.get("format", ""), {}), **node}


def _with_label_rules(node: Schema) -> Schema:
    labels = {
        "type": ["string", "null"],
        "maxLength": 63,
        "pattern": _LABEL,
        **means("a label value: up to 63 letters, digits, -, _ and ., the first and last a letter or digit"),
    }
    properties = {**node["properties"]}
    properties["labels"] = {**properties["labels"], "additionalProperties": labels}
    return {**node, "properties": properties}


def _with_rules(name: str, node: Schema) -> Schema:
    """Add what the server refuses but the published definitions do not say."""
    rules = facts.FIELD_RULES.get(name.removeprefix("io.k8s.api."))
    if not rules or "properties" not in node:
        return node
    properties = {**node["properties"]}
    for field, rule in rules.items():
        if field in properties:
            properties[field] = {**properties[field], **rule}
    required = [*node.get("required", []), *facts.REQUIRED_FIELDS.get(name.removeprefix("io.k8s.api."), ())]
    return {**node, "properties": properties, **({"required": required} if required else {})}
