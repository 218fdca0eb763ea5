"""What a kustomization names: the fields that hold paths, and what Kustomize does with each.

Whether the fields exist and hold what they should is for the check of schemas to say. Kustomize's way of reading is
kept: field names are compared without regard to case (Go's encoding/json does that), and ``null`` is taken for an
absent value anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

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


Shape = Use | list["Shape"] | dict[str, "Shape"]
"""Where paths stand in a value: in a text, in each entry of a list, or in some fields of a mapping."""

ANY_KEY: Final = "*"
"""Stands in a shape for every key of a mapping whose keys are the writer's choice."""

_KEY_VALUES: Final[Shape] = {"files": [Use.KEY_VALUE_FILE], "envs": [Use.DATA], "env": Use.DATA}

KUSTOMIZATION: Final[Shape] = {
    "openapi": {ANY_KEY: Use.DATA},
    "patchesStrategicMerge": [Use.PATCH_OR_INLINE],
    "patchesJson6902": [{"path": Use.PATCH}],
    "patches": [{"path": Use.PATCH}],
    "replacements": [{"path": Use.DATA}],
    "resources": [Use.RESOURCE],
    "components": [Use.COMPONENT],
    "crds": [Use.CRD],
    "bases": [Use.RESOURCE],
    "configMapGenerator": [_KEY_VALUES],
    "secretGenerator": [_KEY_VALUES],
    "helmCharts": [{"additionalValuesFiles": [Use.DATA], "valuesFile": Use.DATA}],
    "helmChartInflationGenerator": [{"values": Use.DATA}],
    "configurations": [Use.DATA],
    "generators": [Use.PLUGIN],
    "transformers": [Use.PLUGIN],
    "validators": [Use.PLUGIN],
}
"""A kustomization file, of kind Kustomization or Component."""


@dataclass(frozen=True, slots=True)
class Named:
    """A file or folder that the text names at a path."""

    use: Use
    text: str
    path: FieldPath


def walk(value: Any, shape: Shape, path: FieldPath = ()) -> Iterator[Named]:
    """Find what a decoded value names. The shapes nest a few levels, and so does this, whatever the value."""
    if isinstance(shape, Use):
        if isinstance(value, str):
            yield Named(shape, value, path)
    elif isinstance(shape, list):
        for index, inner in enumerate(value if isinstance(value, list) else ()):
            # Go reads null in a list of strings as an empty one.
            yield from walk("" if inner is None else inner, shape[0], (*path, index))
    else:
        for key, inner in value.items() if isinstance(value, dict) else ():
            named = shape.get(ANY_KEY, _of_name(shape, key))
            if named is not None:
                yield from walk(inner, named, (*path, key))


def _of_name(shape: Mapping[str, Shape], key: str) -> Shape | None:
    exact = shape.get(key)
    if exact is not None:
        return exact
    lower = key.lower()
    return next((one for name, one in shape.items() if name.lower() == lower), None)
