"""The values that a chart gets: laid out as files for Helm, read for what Helm would say of them, and found again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, Final, Literal

from gategit.checks.references.sources import dig, has
from gategit.manifests.decode import Decoded, decode
from gategit.manifests.positions import SourceMap
from gategit.model import FieldPath, Level, Location, Region, format_path
from gategit.render.helm_charts import ChartFolder
from gategit.render.helm_places import Places
from gategit.render.helm_rules import VALUES_INVALID
from gategit.render.helm_text import sentence
from gategit.render.values import Parameter, RenderProblem, ValuesLayer

_SYNTAX: Final = frozenset({"yaml-syntax", "yaml-limit", "not-text", "merge-conflict-marker"})


class Layer:
    """One layer of values, with what it says and where.

    Args:
        values: the layer.
        places: the tree's texts.
    """

    def __init__(self, values: ValuesLayer, places: Places) -> None:
        self.values = values
        self._places = places

    @cached_property
    def content(self) -> bytes:
        """The text as bytes; what no text can hold is replaced."""
        try:
            return self.values.text.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            return self.values.text.encode("utf-8", "replace")

    @cached_property
    def _decoded(self) -> Decoded:
        return decode(self.content, "values.yaml")

    @property
    def data(self) -> Any:
        """What the text says: of several documents the first, as Helm reads it. None where it cannot be read."""
        documents = self._decoded.documents
        return documents[0].data if documents else None

    @property
    def is_encrypted(self) -> bool:
        """Whether SOPS has encrypted it, so that nobody here can read it."""
        sops = dig(self.data, "sops")
        return isinstance(sops, dict) and ("mac" in sops or "lastmodified" in sops)

    @cached_property
    def _inner(self) -> SourceMap:
        return SourceMap(self.content, "values.yaml")

    def locate(self, path: FieldPath = (), *, on: Literal["key", "value"] = "value") -> Location | None:
        """Where a value stands, or its nearest ancestor that exists; None where the layer is in no file."""
        layer = self.values
        if not layer.file:
            return None
        if not layer.path:
            return self._places.field(layer.file, path, document=layer.document, on=on)
        if not layer.as_text and layer.where is not None:
            return layer.where((*layer.path, *path), on)
        if not layer.as_text:
            return self._places.field(layer.file, (*layer.path, *path), document=layer.document, on=on)
        region = self._inner.region(0, path, on=on)
        return self._inside(region)

    def _inside(self, region: Region) -> Location:
        """A place of a text that is the value of a field, as a place of the file that holds the field.

        The field's own place where the text does not stand there line by line.
        """
        layer = self.values
        if layer.where is not None:
            field = layer.where(layer.path, "value")
        else:
            field = self._places.field(layer.file, layer.path, document=layer.document)
        text = self.values.text.split("\n")
        if field.region is None or region.line > len(text):
            return field
        lines = self._places.lines(field.file)
        number = field.region.line + region.line
        if number > len(lines):
            return field
        inner, outer = text[region.line - 1].rstrip(), lines[number - 1].rstrip()
        shift = len(outer) - len(inner)
        if not inner.strip() or shift < 0 or not outer.endswith(inner) or outer[:shift].strip():
            return field
        end = region.end_column if region.end_line == region.line else len(inner) + 1
        return Location(field.file, Region(number, region.column + shift, number, end + shift))

    def problems(self) -> Iterator[RenderProblem]:
        """Why Helm cannot read the layer, or reads it otherwise than its author thinks.

        What stands in a file or as fields of an object is looked at by the first check of the gate too: that is said
        here as a note, since it is no second mistake.
        """
        layer = self.values
        where = self.locate()
        for problem in self._decoded.problems:
            fatal = problem.rule in _SYNTAX
            if not fatal and not layer.as_text:
                continue
            place = self._inside(problem.region) if layer.as_text and layer.file else None
            if place is None and layer.file:
                place = Location(layer.file, None if layer.path else problem.region)
            level = (None if layer.as_text else Level.NOTE) if fatal else Level.WARNING
            yield RenderProblem(
                VALUES_INVALID.id,
                f"{'the values cannot be read:' if fatal else 'in the values,'} {sentence(problem.message)}",
                place or Location(layer.file),
                problem.help,
                level=level,
                fatal=fatal,
            )
        data = self.data
        if data is not None and not isinstance(data, dict) and where is not None:
            yield RenderProblem(
                VALUES_INVALID.id,
                f"values are a mapping, and this is {_kind(data)}",
                where,
                "write names and values: `name: value`",
            )


class Values:
    """Everything that a release sets, the strongest last.

    Args:
        layers: the layers, the weakest first.
        parameters: what wins over them.
        chart: the chart that gets them.
    """

    def __init__(self, layers: Sequence[Layer], parameters: Sequence[Parameter], chart: ChartFolder | None) -> None:
        self._layers = layers
        self._parameters = parameters
        self._chart = chart

    def locate(self, path: FieldPath, *, on: Literal["key", "value"] = "value") -> Location | None:
        """Where a value is set for the last time; None where nobody sets it."""
        name = format_path(path)
        for parameter in reversed(self._parameters):
            if parameter.name == name or parameter.name.startswith((f"{name}.", f"{name}[")):
                return parameter.location
        for layer in reversed(self._layers):
            if has(layer.data, path):
                return layer.locate(path, on=on)
        return self._own(path, on=on)

    def _own(self, path: FieldPath, *, on: Literal["key", "value"]) -> Location | None:
        """Where the chart's own values.yaml, or that of a chart in it, sets a value."""
        if self._chart is None:
            return None
        chart, rest = self._chart, path
        while True:
            file = f"{chart.folder}/values.yaml" if chart.folder else "values.yaml"
            content = chart.places.content(file)
            documents = decode(content, file).documents if content else ()
            if documents and has(documents[0].data, rest):
                return chart.places.field(file, rest, document=documents[0].index, on=on)
            part = chart.part(rest[0]) if rest and isinstance(rest[0], str) else None
            if not isinstance(part, ChartFolder):
                return None
            chart, rest = part, rest[1:]

    def nearest(self, path: FieldPath) -> Location | None:
        """Where the innermost mapping around a value that nobody sets is set for the last time."""
        for length in range(len(path) - 1, 0, -1):
            found = self.locate(path[:length], on="key")
            if found is not None:
                return found
        for layer in reversed(self._layers):
            if layer.values.file and not layer.values.path:
                return Location(layer.values.file)
            if layer.values.file:
                return layer.locate((), on="key")
        return None

    def data_at(self, path: FieldPath) -> Any:
        """A value as the strongest layer that sets it has it."""
        for layer in reversed(self._layers):
            if has(layer.data, path):
                return dig(layer.data, *path)
        return None


def merged(layers: Sequence[Layer]) -> bytes:
    """Layers laid over each other as Flux does with a chart's values files; one alone stays the text that it is."""
    if len(layers) == 1:
        return layers[0].content
    result: dict[str, Any] = {}
    for layer in layers:
        if isinstance(layer.data, dict):
            result = _over(result, layer.data)
    return json.dumps(result).encode()


def _over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    result = dict(below)
    for key, value in above.items():
        old = result.get(key)
        result[key] = _over(old, value) if isinstance(value, dict) and isinstance(old, dict) else value
    return result


def _kind(data: object) -> str:
    if isinstance(data, list):
        return "a list"
    return "a text" if isinstance(data, str) else "a single value"
