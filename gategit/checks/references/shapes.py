"""What a kustomization file may hold: one table from which its unknown fields, wrong types and references follow.

The fields are those of Kustomize's ``Kustomization`` type, ``api/types`` of sigs.k8s.io/kustomize, version 5, and its
way of reading is kept: unknown fields are refused, field names are compared without regard to case (Go's
encoding/json does that), ``null`` is taken for an absent value anywhere, and no value is converted to another type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from gategit.model import FieldPath


class Use(StrEnum):
    """What a kustomization does with a file or folder that it names."""

    RESOURCE = "resource"  # a file of objects, or a folder with a kustomization
    COMPONENT = "component"  # a folder with a kustomization of kind Component
    PATCH = "patch"  # a file with a patch
    PATCH_OR_INLINE = "patch or inline"  # the same, or the patch itself as text
    PLUGIN = "plugin"  # a file, a folder with a kustomization, or inline: configures a generator or transformer
    CRD = "crd"  # a file of definitions
    DATA = "data"  # a file that Kustomize or Helm reads
    KEY_VALUE_FILE = "key=file"  # any file, with or without the key it gets
    CHART_HOME = "chart home"  # a folder of Helm charts


@dataclass(frozen=True, slots=True)
class Text:
    """A string; with ``use``, one that names a file or folder."""

    use: Use | None = None


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number."""


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""


@dataclass(frozen=True, slots=True)
class Anything:
    """Any value."""


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list."""

    item: Shape


@dataclass(frozen=True, slots=True)
class MapOf:
    """A mapping with keys of the writer's choice."""

    value: Shape


@dataclass(frozen=True, slots=True)
class Record:
    """A mapping with fixed keys. ``lower`` leads from a name in lower case to the field's own name."""

    fields: Mapping[str, Shape]
    lower: Mapping[str, str]


Shape = Text | Whole | Flag | Anything | ListOf | MapOf | Record


def _record(**fields: Shape) -> Record:
    return Record(fields, {name.lower(): name for name in fields})


_TEXT = Text()
_WHOLE = Whole()
_FLAG = Flag()
_ANY = Anything()
_TEXTS = ListOf(_TEXT)
_TEXT_MAP = MapOf(_TEXT)
_DATA = Text(Use.DATA)

_GVK = {"group": _TEXT, "version": _TEXT, "kind": _TEXT}
_SELECTOR = _record(**_GVK, name=_TEXT, namespace=_TEXT, annotationSelector=_TEXT, labelSelector=_TEXT)
_PATCH = _record(path=Text(Use.PATCH), patch=_TEXT, target=_SELECTOR, options=MapOf(_FLAG))
_FIELD_SPEC = _record(**_GVK, path=_TEXT, create=_FLAG)
_GENERATOR_OPTIONS = _record(labels=_TEXT_MAP, annotations=_TEXT_MAP, disableNameSuffixHash=_FLAG, immutable=_FLAG)
_CONFIG_MAP: dict[str, Shape] = {
    "namespace": _TEXT,
    "name": _TEXT,
    "behavior": _TEXT,
    "literals": _TEXTS,
    "files": ListOf(Text(Use.KEY_VALUE_FILE)),
    "envs": ListOf(_DATA),
    "env": _DATA,
    "options": _GENERATOR_OPTIONS,
}
_FIELD_OPTIONS = _record(delimiter=_TEXT, index=_WHOLE, encoding=_TEXT, create=_FLAG)
_REPLACEMENT = _record(
    path=_DATA,
    source=_record(**_GVK, name=_TEXT, namespace=_TEXT, fieldPath=_TEXT, options=_FIELD_OPTIONS),
    sourceValue=_TEXT,
    targets=ListOf(_record(select=_SELECTOR, reject=ListOf(_SELECTOR), fieldPaths=_TEXTS, options=_FIELD_OPTIONS)),
)
_HELM_CHART = _record(
    name=_TEXT,
    version=_TEXT,
    repo=_TEXT,
    releaseName=_TEXT,
    namespace=_TEXT,
    additionalValuesFiles=ListOf(_DATA),
    valuesFile=_DATA,
    valuesInline=_ANY,
    valuesMerge=_TEXT,
    includeCRDs=_FLAG,
    skipHooks=_FLAG,
    skipTests=_FLAG,
    apiVersions=_TEXTS,
    kubeVersion=_TEXT,
    nameTemplate=_TEXT,
    debug=_FLAG,
    devel=_FLAG,
)
_HELM_INFLATION = _record(
    chartName=_TEXT,
    chartVersion=_TEXT,
    chartRepoUrl=_TEXT,
    chartHome=_TEXT,
    chartRepoName=_TEXT,
    helmBin=_TEXT,
    helmHome=_TEXT,
    values=_DATA,
    valuesLocal=_ANY,
    valuesMerge=_TEXT,
    releaseName=_TEXT,
    releaseNamespace=_TEXT,
    extraArgs=_TEXTS,
)

KUSTOMIZATION = _record(
    apiVersion=_TEXT,
    kind=_TEXT,
    metadata=_record(name=_TEXT, namespace=_TEXT, labels=_TEXT_MAP, annotations=_TEXT_MAP),
    openapi=MapOf(_DATA),
    namePrefix=_TEXT,
    nameSuffix=_TEXT,
    namespace=_TEXT,
    commonLabels=_TEXT_MAP,
    labels=ListOf(_record(pairs=_TEXT_MAP, includeSelectors=_FLAG, includeTemplates=_FLAG, fields=ListOf(_FIELD_SPEC))),
    commonAnnotations=_TEXT_MAP,
    patchesStrategicMerge=ListOf(Text(Use.PATCH_OR_INLINE)),
    patchesJson6902=ListOf(_PATCH),
    patches=ListOf(_PATCH),
    images=ListOf(_record(name=_TEXT, newName=_TEXT, tagSuffix=_TEXT, newTag=_TEXT, digest=_TEXT)),
    imageTags=ListOf(_record(name=_TEXT, newName=_TEXT, tagSuffix=_TEXT, newTag=_TEXT, digest=_TEXT)),
    replacements=ListOf(_REPLACEMENT),
    replicas=ListOf(_record(name=_TEXT, count=_WHOLE)),
    vars=ListOf(
        _record(
            name=_TEXT,
            objref=_record(**_GVK, apiVersion=_TEXT, name=_TEXT, namespace=_TEXT),
            fieldref=_record(fieldPath=_TEXT),
        )
    ),
    sortOptions=_record(order=_TEXT, legacySortOptions=_record(orderFirst=_TEXTS, orderLast=_TEXTS)),
    resources=ListOf(Text(Use.RESOURCE)),
    components=ListOf(Text(Use.COMPONENT)),
    crds=ListOf(Text(Use.CRD)),
    bases=ListOf(Text(Use.RESOURCE)),
    configMapGenerator=ListOf(_record(**_CONFIG_MAP)),
    secretGenerator=ListOf(_record(**_CONFIG_MAP, type=_TEXT)),
    helmGlobals=_record(chartHome=_TEXT, configHome=_TEXT),
    helmCharts=ListOf(_HELM_CHART),
    helmChartInflationGenerator=ListOf(_HELM_INFLATION),
    generatorOptions=_GENERATOR_OPTIONS,
    configurations=ListOf(_DATA),
    generators=ListOf(Text(Use.PLUGIN)),
    transformers=ListOf(Text(Use.PLUGIN)),
    validators=ListOf(Text(Use.PLUGIN)),
    buildMetadata=_TEXTS,
)
"""A kustomization file, of kind Kustomization or Component."""


@dataclass(frozen=True, slots=True)
class Named:
    """A file or folder that the text names at a path."""

    use: Use
    text: str
    path: FieldPath


@dataclass(frozen=True, slots=True)
class Unknown:
    """A field that is not in the record at a path. ``known`` are the record's fields."""

    path: FieldPath
    known: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WrongType:
    """A value that is not what its field holds."""

    path: FieldPath
    expected: str
    found: str


_EXPECTED: Mapping[type, str] = {
    Text: "a string",
    Whole: "a whole number",
    Flag: "true or false",
    ListOf: "a list",
    MapOf: "a mapping",
    Record: "a mapping",
}


def kind_of(value: Any) -> str:
    """What a decoded value is, in a reader's words."""
    if isinstance(value, bool):
        return f"the boolean {str(value).lower()}"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return "a string"
    if isinstance(value, list):
        return "a list"
    return "a mapping" if isinstance(value, dict) else "nothing"


def walk(value: Any, shape: Shape, path: FieldPath = ()) -> Iterator[Named | Unknown | WrongType]:
    """Compare a decoded value with a shape. The shapes nest a few levels, and so does this, whatever the value."""
    if value is None:
        return
    if isinstance(shape, Record) and isinstance(value, dict):
        yield from _walk_record(value, shape, path)
    elif isinstance(shape, ListOf) and isinstance(value, list):
        # Go reads null in a list of strings as an empty one.
        empty = "" if isinstance(shape.item, Text) else None
        for index, inner in enumerate(value):
            yield from walk(empty if inner is None else inner, shape.item, (*path, index))
    elif isinstance(shape, Text) and isinstance(value, str):
        if shape.use is not None:
            yield Named(shape.use, value, path)
    elif isinstance(shape, MapOf) and isinstance(value, dict):
        for key, inner in value.items():
            yield from walk(inner, shape.value, (*path, key))
    elif not _is_leaf(value, shape):
        yield WrongType(path, _EXPECTED[type(shape)], kind_of(value))


def _walk_record(value: dict[Any, Any], shape: Record, path: FieldPath) -> Iterator[Named | Unknown | WrongType]:
    for key, inner in value.items():
        known = shape.fields.get(key)
        if known is None:
            name = shape.lower.get(key.lower()) if isinstance(key, str) else None
            if name is None:
                yield Unknown((*path, str(key)), tuple(shape.fields))
                continue
            known = shape.fields[name]
        yield from walk(inner, known, (*path, key))


def _is_leaf(value: Any, shape: Shape) -> bool:
    if isinstance(shape, Flag):
        return isinstance(value, bool)
    if isinstance(shape, Whole):
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(shape, Anything)
