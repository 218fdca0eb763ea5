"""CustomResourceDefinitions: the schema of each version in the common form, and what the API server would refuse.

The rules of structural schemas are those of
https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from gategit.checks.schema.defaults import with_defaults
from gategit.checks.schema.formats import format_rules
from gategit.checks.schema.node import KEYS, MEANS, PARTIAL, WRITTEN, any_number, partial
from gategit.checks.schema.patterns import engine_pattern, pattern_size, refusal
from gategit.model import FieldPath

Schema = dict[str, Any]

GROUP: Final = "apiextensions.k8s.io"
KIND: Final = "CustomResourceDefinition"

_DEEPEST: Final = 100
_MOST_NODES: Final = 200_000
_MOST_OF_PATTERNS: Final = 2_000_000

_TYPES: Final = ("array", "boolean", "integer", "number", "object", "string")
_COPIED: Final = (
    "maxItems",
    "maxLength",
    "maxProperties",
    "minItems",
    "minLength",
    "minProperties",
    "multipleOf",
)
_COPIED_NAMES: Final = frozenset(_COPIED)
_BOUNDS: Final = frozenset(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"))
_JUNCTORS: Final = frozenset(("allOf", "anyOf", "oneOf", "not"))
"""Most nodes of a schema have none of these: to see that first halves the time that a large one takes."""


@dataclass(frozen=True, slots=True)
class CrdVersion:
    """One version of a CRD. ``schema`` is the openAPIV3Schema as written, or None where there is none."""

    name: str
    served: bool
    deprecated: str | None
    schema: Schema | None


@dataclass(frozen=True, slots=True)
class Crd:
    """What a CustomResourceDefinition defines. ``others`` are the singular and the short names."""

    group: str
    kind: str
    namespaced: bool
    preserve: bool
    versions: tuple[CrdVersion, ...]
    plural: str = ""
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Structural:
    """A schema in the common form, and what of it could not be used.

    Attributes:
        schema: the schema.
        skipped: what of it cannot be used, in words: patterns that do not compile, references.
        rules: how many CEL rules it holds.
    """

    schema: Schema
    skipped: tuple[str, ...]
    rules: int


@dataclass(frozen=True, slots=True)
class CrdProblem:
    """What is wrong with a CRD, and at which field. ``key`` is True where the field's name is the problem."""

    path: FieldPath
    message: str
    key: bool = False


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _sequence(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def is_crd(data: Any) -> bool:
    """Whether an object is a CustomResourceDefinition, of whatever version."""
    return (
        isinstance(data, dict)
        and data.get("kind") == KIND
        and isinstance(data.get("apiVersion"), str)
        and data["apiVersion"].startswith(f"{GROUP}/")
    )


def read_crd(data: Any) -> Crd | None:
    """What a CRD defines; None where it does not even say that. Reads v1, and v1beta1 as old repositories have it."""
    spec = _mapping(_mapping(data).get("spec"))
    names = _mapping(spec.get("names"))
    group, kind = spec.get("group"), names.get("kind")
    if not isinstance(group, str) or not isinstance(kind, str):
        return None
    common = _mapping(spec.get("validation")).get("openAPIV3Schema")
    listed = [version for version in _sequence(spec.get("versions")) if isinstance(_mapping(version).get("name"), str)]
    if not listed and isinstance(spec.get("version"), str):
        listed = [{"name": spec["version"], "served": True}]
    versions = []
    for version in listed:
        schema = _mapping(version.get("schema")).get("openAPIV3Schema", common)
        warning = version.get("deprecationWarning")
        words = warning if isinstance(warning, str) else ""
        versions.append(
            CrdVersion(
                version["name"],
                version.get("served") is not False,
                words if version.get("deprecated") is True else None,
                schema if isinstance(schema, dict) else None,
            )
        )
    return Crd(
        group,
        kind,
        spec.get("scope") != "Cluster",
        # The old way to say so exists in v1beta1 alone, where true is the default.
        spec.get("preserveUnknownFields", data.get("apiVersion") == f"{GROUP}/v1beta1") is True,
        tuple(versions),
        names["plural"] if isinstance(names.get("plural"), str) else "",
        tuple(one for one in (names.get("singular"), *_sequence(names.get("shortNames"))) if isinstance(one, str)),
    )


class TooLargeError(ValueError):
    """A schema that is deeper or larger than any real one."""


class _Reader:
    """Brings one schema into the common form."""

    def __init__(self) -> None:
        self.skipped: list[str] = []
        self.rules = 0
        self.nodes = 0
        self.patterns: set[str] = set()
        self.of_patterns = 0
        self.embeds = False

    def read(self, raw: Any, depth: int, *, pruned: bool, junctor: bool = False) -> Any:  # noqa: C901, PLR0912, PLR0915  one keyword after the other, best read in one piece
        self.nodes += 1
        if depth > _DEEPEST or self.nodes > _MOST_NODES:
            raise TooLargeError
        if not isinstance(raw, dict):
            return raw if isinstance(raw, bool) else {}
        node: Schema = {}
        if not _COPIED_NAMES.isdisjoint(raw):
            node = {key: raw[key] for key in _COPIED if _is_number(raw.get(key))}
        if isinstance(raw.get("$ref"), str):
            self.skipped.append(f"the reference {raw['$ref'][:100]}")
        self.rules += len(_sequence(raw.get("x-kubernetes-validations")))
        either = raw.get("x-kubernetes-int-or-string") is True or raw.get("format") == "int-or-string"
        preserve = raw.get("x-kubernetes-preserve-unknown-fields") is True
        kind = ["integer", "string"] if either else raw.get("type")
        if isinstance(kind, str):
            kind = [kind]
        if isinstance(kind, list) and kind and all(isinstance(one, str) for one in kind):
            node["type"] = sorted({*kind} & {*_TYPES, "null"})
            if not node["type"]:
                del node["type"]
        if isinstance(raw.get("enum"), list):
            node["enum"] = list(raw["enum"])
        if not _BOUNDS.isdisjoint(raw):
            self._range(raw, node)
        if isinstance(raw.get("format"), str):
            rules = format_rules(raw["format"], node.get("type", []))
            node = {**rules, **node}
            if raw["format"] in ("int32", "int64") and not either:
                bounds = any_number(int(raw["format"][3:]))
                node["minimum"] = max(node.get("minimum", bounds["minimum"]), bounds["minimum"])
                node["maximum"] = min(node.get("maximum", bounds["maximum"]), bounds["maximum"])
        if isinstance(raw.get("pattern"), str):
            self._weigh(raw["pattern"])
            pattern = engine_pattern(raw["pattern"])
            if pattern is None:
                self.skipped.append(f"the pattern {raw['pattern'][:100]}")
            else:
                node.pop(MEANS, None)
                node["pattern"] = pattern
                if pattern != raw["pattern"]:
                    node[WRITTEN] = raw["pattern"]
        properties = _mapping(raw.get("properties"))
        required = [name for name in _sequence(raw.get("required")) if isinstance(name, str)]
        # A default is filled in before anything is validated.
        required = [name for name in required if "default" not in _mapping(properties.get(name))]
        if required:
            node["required"] = list(dict.fromkeys(required))
        if properties:
            node["properties"] = {
                name: self._property(child, depth, required=name in required, pruned=pruned, junctor=junctor)
                for name, child in properties.items()
            }
        items = raw.get("items")
        if isinstance(items, dict):
            if preserve:  # of a list it speaks of the entries
                items = {**items, "x-kubernetes-preserve-unknown-fields": True}
            node["items"] = self.read(items, depth + 1, pruned=pruned, junctor=junctor)
        extra = raw.get("additionalProperties")
        if isinstance(extra, dict):
            node["additionalProperties"] = _or_null(self.read(extra, depth + 1, pruned=pruned, junctor=junctor))
        elif not preserve and (
            extra is False
            or (
                pruned
                and not junctor
                and extra is None
                and not either
                and "object" in node.get("type", ["object"] if properties else [])
            )
        ):
            node["additionalProperties"] = False
        if raw.get("x-kubernetes-list-type") == "set" or raw.get("uniqueItems") is True:
            node["uniqueItems"] = True
        if raw.get("x-kubernetes-list-type") == "map":
            fields = _mapping(_mapping(items).get("properties"))
            keys = [name for name in _sequence(raw.get("x-kubernetes-list-map-keys")) if isinstance(name, str)]
            node[KEYS] = [[name, _mapping(fields.get(name)).get("default")] for name in keys]
        if raw.get("x-kubernetes-embedded-resource") is True:
            self._embed(node)
        if not _JUNCTORS.isdisjoint(raw):
            self._junctors(raw, node, depth, either=either)
        if raw.get("nullable") is True:
            node = _or_null(node)
        return node

    def _property(self, raw: Any, depth: int, *, required: bool, pruned: bool, junctor: bool) -> Any:
        child = self.read(raw, depth + 1, pruned=pruned, junctor=junctor)
        # The server takes null for a field that may be left out as the field left out.
        return child if required or junctor else _or_null(child)

    def _weigh(self, pattern: str) -> None:
        """Count what a pattern takes to compile, since a short one may take much: no real schema has so much of it."""
        if pattern not in self.patterns:
            self.patterns.add(pattern)
            self.of_patterns += pattern_size(pattern)
            if self.of_patterns > _MOST_OF_PATTERNS:
                raise TooLargeError

    def _range(self, raw: Schema, node: Schema) -> None:
        """Minimum and maximum; OpenAPI 3.0 says by a boolean that a bound is exclusive."""
        for bound, name in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
            value, exclusive = raw.get(bound), raw.get(name)
            if _is_number(exclusive):
                node[name] = exclusive
            if _is_number(value):
                node[name if exclusive is True else bound] = value

    def _embed(self, node: Schema) -> None:
        self.embeds = True
        text = {"type": ["string"], "minLength": 1}
        properties = {"apiVersion": text, "kind": text, "metadata": {"$ref": "#/$defs/metadata"}}
        node["properties"] = {**properties, **node.get("properties", {}), "metadata": properties["metadata"]}
        node["required"] = list(dict.fromkeys(["apiVersion", "kind", *node.get("required", [])]))
        node.setdefault("type", ["object"])

    def _junctors(self, raw: Schema, node: Schema, depth: int, *, either: bool) -> None:
        for name in ("allOf", "anyOf", "oneOf"):
            branches = [one for one in _sequence(raw.get(name)) if isinstance(one, dict)]
            types = [one.get("type") for one in branches if set(one) == {"type"}]
            if name != "allOf" and branches and len(types) == len(branches) and all(isinstance(t, str) for t in types):
                # Only types to choose from: that is said best, and checked fastest, as a list of types.
                if not either:
                    node["type"] = sorted({*types} & {*_TYPES, "null"} & {*node.get("type", [*_TYPES, "null"])})
                continue
            if either and name == "allOf" and len(branches) > 0:
                branches = [one for one in branches if set(one) != {"anyOf"}]
            skipped = len(self.skipped)
            read = [self.read(one, depth + 1, pruned=False, junctor=True) for one in branches]
            # What lacks a part fits too much. That refuses nothing, but where only one may fit, or what fits may not.
            if branches and (name != "oneOf" or len(self.skipped) == skipped):
                node[name] = [with_defaults(one, raw) for one in read]
        if isinstance(raw.get("not"), dict):
            skipped = len(self.skipped)
            excluded = self.read(raw["not"], depth + 1, pruned=False, junctor=True)
            if len(self.skipped) == skipped:
                node["not"] = with_defaults(excluded, raw)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _or_null(node: Any) -> Any:
    """The same schema, with null allowed."""
    if not isinstance(node, dict) or not node:
        return node
    if "$ref" in node or any(name in node for name in ("allOf", "anyOf", "oneOf", "not")):
        if "anyOf" in node and node["anyOf"] and node["anyOf"][0] == {"type": "null"}:
            return node
        return node if set(node) == {"$ref"} else {"anyOf": [{"type": "null"}, node]}
    found = dict(node)
    if "type" in found and "null" not in found["type"]:
        found["type"] = [*found["type"], "null"]
    if "enum" in found and None not in found["enum"]:
        found["enum"] = [*found["enum"], None]
    return found


def structural(raw: Schema, meta: Schema, *, preserve: bool = False, strict: bool = True) -> Structural:
    """Bring a custom resource's schema into the common form.

    Args:
        raw: the openAPIV3Schema, or a schema of a folder.
        meta: the self-contained schema of metadata.
        preserve: whether the whole CRD keeps unknown fields.
        strict: whether fields that the schema does not name are unknown. A schema of a folder says so itself.

    Raises:
        TooLargeError: deeper or larger than any real schema.
    """
    reader = _Reader()
    node = reader.read(raw, 0, pruned=strict and not preserve)
    if not isinstance(node, dict):
        node = {}
    text = {"type": ["string", "null"]}
    own = node.get("properties", {})
    properties = {**own, "apiVersion": text, "kind": text, "metadata": {"$ref": "#/$defs/metadata"}}
    if "status" in own:
        # The server ignores a status that is applied, and generators leave an empty one.
        properties["status"] = partial(own["status"])
    required = [name for name in node.get("required", []) if name not in ("apiVersion", "kind", "metadata", "status")]
    node = {**node, "type": ["object"], "properties": properties, "required": required}
    definitions = {**meta.get("$defs", {}), "metadata": {"$ref": meta["$ref"]}} if meta else {"metadata": {}}
    if "status" in own and reader.embeds:
        # What is embedded in a status has metadata in which nothing is required either.
        parts = {f"{name}{PARTIAL}": partial(one) for name, one in definitions.items() if not name.endswith(PARTIAL)}
        definitions = {**definitions, **parts}
    return Structural({**node, "$defs": definitions}, tuple(dict.fromkeys(reader.skipped)), reader.rules)


# --- what the API server refuses of a CRD itself ---------------------------------------------------------------------

_IN_JUNCTOR: Final = (
    "additionalProperties",
    "default",
    "description",
    "nullable",
    "title",
    "type",
    "x-kubernetes-embedded-resource",
    "x-kubernetes-int-or-string",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-list-type",
    "x-kubernetes-map-type",
    "x-kubernetes-preserve-unknown-fields",
)
_FORBIDDEN: Final = (
    "$ref",
    "definitions",
    "dependencies",
    "deprecated",
    "discriminator",
    "id",
    "patternProperties",
    "readOnly",
    "writeOnly",
    "xml",
)


def crd_problems(data: Any) -> list[CrdProblem]:
    """Everything that the API server would refuse of a CRD of ``apiextensions.k8s.io/v1`` beyond wrong fields."""
    if _mapping(data).get("apiVersion") != f"{GROUP}/v1":
        return []
    return list(_names(data)) + list(_versions(data))


def _names(data: dict[str, Any]) -> Iterator[CrdProblem]:
    spec = _mapping(data.get("spec"))
    names = _mapping(spec.get("names"))
    plural, group = names.get("plural"), spec.get("group")
    name = _mapping(data.get("metadata")).get("name")
    if isinstance(plural, str) and isinstance(group, str) and isinstance(name, str) and name != f"{plural}.{group}":
        yield CrdProblem(
            ("metadata", "name"),
            f"the name of this CustomResourceDefinition must be {plural}.{group} "
            f"(spec.names.plural, a dot, spec.group), not {name}",
        )
    if isinstance(group, str) and group and "." not in group:
        yield CrdProblem(("spec", "group"), f"the group {group} must be a domain name with at least one dot")
    for field in ("plural", "singular"):
        value = names.get(field)
        if isinstance(value, str) and value != value.lower():
            yield CrdProblem(("spec", "names", field), f"spec.names.{field} must be in lower case, not {value}")
    if spec.get("preserveUnknownFields") is True:
        yield CrdProblem(
            ("spec", "preserveUnknownFields"),
            "spec.preserveUnknownFields must be false; set x-kubernetes-preserve-unknown-fields in the schema instead",
        )
    scope = spec.get("scope")
    if isinstance(scope, str) and scope not in ("Cluster", "Namespaced"):
        yield CrdProblem(("spec", "scope"), f"spec.scope must be Cluster or Namespaced, not {scope}")


def _versions(data: dict[str, Any]) -> Iterator[CrdProblem]:
    spec = _mapping(data.get("spec"))
    versions = [version for version in _sequence(spec.get("versions")) if isinstance(version, dict)]
    if not versions:
        return
    stored = [str(version.get("name")) for version in versions if version.get("storage") is True]
    if len(stored) != 1:
        said = "none has" if not stored else f"{', '.join(stored)} have"
        yield CrdProblem(("spec", "versions"), f"exactly one version must have storage: true; {said}", key=True)
    if not any(version.get("served") is True for version in versions):
        yield CrdProblem(("spec", "versions"), "no version has served: true, so nobody can use the kind", key=True)
    seen: set[str] = set()
    for index, version in enumerate(_sequence(spec.get("versions"))):
        if not isinstance(version, dict):
            continue
        where: FieldPath = ("spec", "versions", index)
        name = version.get("name")
        if isinstance(name, str):
            if name in seen:
                yield CrdProblem((*where, "name"), f"version {name} is defined twice")
            seen.add(name)
        schema = _mapping(version.get("schema")).get("openAPIV3Schema")
        if not isinstance(schema, dict):
            if version.get("schema") is None or "openAPIV3Schema" not in _mapping(version.get("schema")):
                yield CrdProblem(where, f"version {name} has no schema.openAPIV3Schema; v1 needs one", key=True)
            continue
        yield from _root(schema, (*where, "schema", "openAPIV3Schema"))


def _root(schema: Schema, path: FieldPath) -> Iterator[CrdProblem]:
    if schema.get("type") != "object":
        yield CrdProblem(path, "the schema of a kind must have type: object", key=True)
    if schema.get("nullable") is True:
        yield CrdProblem((*path, "nullable"), "the schema of a kind itself cannot be nullable")
    try:
        yield from _structural(schema, path, 0, root=True)
    except TooLargeError:
        yield CrdProblem(path, f"the schema is nested deeper than {_DEEPEST} levels", key=True)


def _structural(raw: Schema, path: FieldPath, depth: int, *, root: bool = False) -> Iterator[CrdProblem]:  # noqa: C901, PLR0912  one rule after the other, best read in one piece
    if depth > _DEEPEST:
        raise TooLargeError
    either = raw.get("x-kubernetes-int-or-string") is True
    preserve = raw.get("x-kubernetes-preserve-unknown-fields") is True
    kind = raw.get("type")
    if not kind and not either and not preserve and not root:
        yield CrdProblem(path, "a schema needs a type here (or x-kubernetes-int-or-string: true)", key=True)
    elif isinstance(kind, str) and kind not in _TYPES:
        yield CrdProblem((*path, "type"), f"type must be one of {', '.join(_TYPES)}, not {kind}")
    for name in _FORBIDDEN:
        if name in raw:
            yield CrdProblem(
                (*path, name), f"{name} is not allowed in the schema of a CustomResourceDefinition", key=True
            )
    if raw.get("uniqueItems") is True:
        yield CrdProblem((*path, "uniqueItems"), "uniqueItems: true is not allowed; use x-kubernetes-list-type: set")
    extra = raw.get("additionalProperties")
    if raw.get("properties") and extra is not None and extra is not False:
        yield CrdProblem(
            (*path, "additionalProperties"), "additionalProperties cannot stand beside properties", key=True
        )
    if extra is False:
        yield CrdProblem((*path, "additionalProperties"), "additionalProperties: false is not allowed", key=True)
    if kind == "array" and not isinstance(raw.get("items"), dict):
        yield CrdProblem(path, "a list needs items with the schema of its entries", key=True)
    if raw.get("x-kubernetes-embedded-resource") is True and kind != "object":
        yield CrdProblem(
            (*path, "x-kubernetes-embedded-resource"), "x-kubernetes-embedded-resource: true needs type: object"
        )
    yield from _list_type(raw, path)
    yield from _pattern(raw, path)
    for name, child in _mapping(raw.get("properties")).items():
        if isinstance(child, dict):
            inner: FieldPath = (*path, "properties", name)
            if root and name == "metadata":
                allowed = {"type", "properties", "description"}
                for key in child:
                    if key not in allowed:
                        yield CrdProblem((*inner, key), f"the schema of metadata cannot have {key}", key=True)
                continue
            yield from _structural(child, inner, depth + 1)
    for name in ("items", "additionalProperties"):
        child = raw.get(name)
        if isinstance(child, dict):
            yield from _structural(child, (*path, name), depth + 1)
    for name in ("allOf", "anyOf", "oneOf", "not"):
        yield from _junctor(raw.get(name), (*path, name), depth + 1, either=either)


def _list_type(raw: Schema, path: FieldPath) -> Iterator[CrdProblem]:
    listed = raw.get("x-kubernetes-list-type")
    keys = raw.get("x-kubernetes-list-map-keys")
    if isinstance(listed, str) and raw.get("type") != "array":
        yield CrdProblem((*path, "x-kubernetes-list-type"), "x-kubernetes-list-type needs type: array")
    if listed == "map" and not keys:
        yield CrdProblem(
            (*path, "x-kubernetes-list-type"), "x-kubernetes-list-type: map needs x-kubernetes-list-map-keys"
        )
    if listed == "map" and isinstance(keys, list):
        fields = _mapping(_mapping(raw.get("items")).get("properties"))
        required = _sequence(_mapping(raw.get("items")).get("required"))
        for key in keys:
            if not isinstance(key, str):
                continue
            if key not in fields:
                yield CrdProblem((*path, "x-kubernetes-list-map-keys"), f"the list's entries have no field {key}")
            elif key not in required and "default" not in _mapping(fields[key]):
                yield CrdProblem(
                    (*path, "x-kubernetes-list-map-keys"), f"the key {key} must be required or have a default"
                )


def _pattern(raw: Schema, path: FieldPath) -> Iterator[CrdProblem]:
    pattern = raw.get("pattern")
    reason = refusal(pattern) if isinstance(pattern, str) else ""
    if reason:
        yield CrdProblem((*path, "pattern"), f"pattern is not a regular expression that Go compiles: {reason}")


def _junctor(raw: Any, path: FieldPath, depth: int, *, either: bool) -> Iterator[CrdProblem]:
    """The rules inside allOf, anyOf, oneOf and not: values may be narrowed there, nothing may be declared."""
    if depth > _DEEPEST:
        raise TooLargeError
    if isinstance(raw, list):
        for index, one in enumerate(raw):
            yield from _junctor(one, (*path, index), depth + 1, either=either)
        return
    if not isinstance(raw, dict):
        return
    for name in _IN_JUNCTOR:
        if name not in raw or (name == "type" and either):
            continue
        yield CrdProblem((*path, name), f"{name} is not allowed inside {_junctor_name(path)}", key=True)
    yield from _pattern(raw, path)
    for child_name, child in _mapping(raw.get("properties")).items():
        yield from _junctor(child, (*path, "properties", child_name), depth + 1, either=False)
    for name in ("items", "allOf", "anyOf", "oneOf", "not"):
        yield from _junctor(raw.get(name), (*path, name), depth + 1, either=either and name != "items")


def _junctor_name(path: FieldPath) -> str:
    return next((str(step) for step in reversed(path) if step in ("allOf", "anyOf", "oneOf", "not")), "a junctor")
