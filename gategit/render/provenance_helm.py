"""Where the fields of what a chart renders to are set: in a file of values, in the agent's object, or in a template.

The engine is asked: the chart is rendered once more with marks in its templates, which say the line of each key, and,
where a line does not say which value it prints, once more with other values, which say which of them comes out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, Literal

from gategit.checks.references.paths import Found, PathIndex, Place
from gategit.checks.references.sources import dig
from gategit.manifests.decode import Document, decode
from gategit.model import FieldPath, Location, Region, format_path
from gategit.render.helm import build_helm
from gategit.render.helm_charts import ChartFolder, chart_at
from gategit.render.helm_places import Places
from gategit.render.helm_values import Layer, Values
from gategit.render.provenance_match import stands_in_order, texted
from gategit.render.provenance_templates import (
    EACH,
    Action,
    MarkedTree,
    Reference,
    Template,
    Written,
    bare,
    lines_of,
    spans,
    written,
)
from gategit.render.values import HelmBuild, Rendered, RenderedObject, RenderSettings, ValuesLayer
from gategit.tree import Tree

_RENDERS: Final = 3
"""How often a chart is rendered again to see what one field shows, for all questions together."""

_TRIED: Final = 40
"""How many values are changed at once."""

_ALL: Final = 1000
"""How many values are changed at once to see what all fields show."""

_MARKER: Final = re.compile(r"zqv[0-9]+zq")
_FIRST: Final = 41_000
_DIGITS: Final = 5

_ON_A_LINE: Final = 20
"""How many actions a line may hold to be understood."""

_ITEMS: Final = 500
"""How many items of a list or mapping are looked at for one reference."""

On = Literal["key", "value"]


@dataclass(frozen=True, slots=True)
class Set:
    """A place that sets a field, and whether that is sure."""

    location: Location
    sure: bool


@dataclass(frozen=True, slots=True)
class _Around:
    """A field: its value, what it stands in, and where the values of its template's chart stand."""

    value: Any
    siblings: Any
    prefix: FieldPath


class HelmProvenance:
    """Where the fields of one release are set.

    Args:
        tree: what was rendered.
        index: its files by path.
        rendered: what came of it; its build is a ``HelmBuild``.
        build: that build.
        settings: the limits with which it was rendered.
    """

    def __init__(
        self, tree: Tree, index: PathIndex, rendered: Rendered, build: HelmBuild, settings: RenderSettings
    ) -> None:
        self._tree = tree
        self._index = index
        self._rendered = rendered
        self._build = build
        self._settings = settings
        self._renders = _RENDERS
        self._templates: dict[str, Template] = {}
        self._read: dict[str, Sequence[Document]] = {}
        self._probed: dict[tuple[int, FieldPath], FieldPath | None] = {}

    def locate(self, one: RenderedObject, path: FieldPath, on: On) -> Set | None:
        """The place that sets a field; None where nobody knows."""
        objects = self._rendered.objects
        number = next((i for i, each in enumerate(objects) if each is one), None)
        if number is None:
            return self._whole(one)
        if not path:
            # The object begins somewhere around the line that says what it is.
            kind = self._written(number, one, ("kind",))
            return self._at_line(kind, on) if kind is not None else self._whole(one)
        if not _has(one.data, path):
            return self.locate(one, path[:-1], "key")  # a template that leaves a field out does so around there
        value = dig(one.data, *path)
        line = self._written(number, one, path)
        if line is not None:
            siblings = dig(one.data, *path[:-1]) if path[1:] else None
            found = self._by_line(line, _Around(value, siblings, self._prefix(one.trace.file)), on)
            if found is not None:
                return found
        changed = self._probe(number, path, value)
        if changed is not None:
            place = self._place(changed, on)
            if place is not None:
                return place
        return self._at_line(line, on) if line is not None else None

    def _whole(self, one: RenderedObject) -> Set | None:
        file = one.trace.file
        return Set(Location(file, Region(1, 1, 1, 2)), sure=False) if file else None

    # What the marks say.

    @cached_property
    def _places(self) -> Places:
        return Places(self._tree, self._index)

    @cached_property
    def _chart(self) -> ChartFolder | None:
        folder = self._build.chart.folder
        return chart_at(folder, self._places) if folder is not None else None

    @cached_property
    def _charts(self) -> Sequence[tuple[ChartFolder, FieldPath]]:
        """The chart and those that are folders in it or beside it, each with where its values stand."""
        found: list[tuple[ChartFolder, FieldPath]] = []
        waiting: list[tuple[ChartFolder, FieldPath]] = [(self._chart, ())] if self._chart is not None else []
        while waiting:
            chart, path = waiting.pop(0)
            found.append((chart, path))
            names = {one.alias or one.name for one in chart.dependencies} or set(chart.vendored)
            for name in sorted(names) if len(path) < len("depth") else ():
                part = chart.part(name)
                if isinstance(part, ChartFolder):
                    waiting.append((part, (*path, name)))
        return found

    @cached_property
    def _files(self) -> Sequence[str]:
        """The templates, by the numbers that their marks have."""
        found: list[Found] = []
        for chart, _ in self._charts:
            start = f"{chart.folder}/templates/" if chart.folder else "templates/"
            found += [
                self._index.find(path)
                for path in sorted(chart.files)
                if path.startswith(start) and path.endswith((".yaml", ".yml", ".tpl"))
            ]
        # Where a link leads to them, templates lie in another folder.
        return list(dict.fromkeys(one.path for one in found if one.place is Place.FILE))

    def _template(self, file: str) -> Template:
        if file not in self._templates:
            content = self._places.content(file) or b""
            self._templates[file] = Template(content.decode("utf-8", "surrogateescape"))
        return self._templates[file]

    @cached_property
    def _marked(self) -> Sequence[tuple[RenderedObject | None, ...]]:
        """What comes out with marks: in all templates, and, where that changes what comes out, in fewer."""
        if not self._files:
            return ()
        tries: list[tuple[RenderedObject | None, ...]] = []
        for endings in ((".yaml", ".yml", ".tpl"), (".yaml", ".yml")):
            changed = {
                file: self._template(file).marked(number).encode("utf-8", "surrogateescape")
                for number, file in enumerate(self._files)
                if file.endswith(endings)
            }
            objects = self._again(self._build, changed)
            if objects is not None:
                tries.append(tuple(self._pairs(objects)))
                if all(tries[-1]):
                    break
        return tries

    def _pairs(self, objects: Sequence[RenderedObject]) -> Iterator[RenderedObject | None]:
        """For each object the one with marks, if they are the same otherwise."""
        same_number = len(objects) == len(self._rendered.objects)
        for number, one in enumerate(self._rendered.objects):
            candidates = objects[number : number + 1] if same_number else ()
            found = next((each for each in candidates if each.data.get("kind") == one.data.get("kind")), None)
            yield found or next((each for each in objects if _id(bare(each.data)) == _id(one.data)), None)

    def _again(self, build: HelmBuild, changed: Mapping[str, bytes]) -> Sequence[RenderedObject] | None:
        """What comes of the chart with other templates or values; None where nothing does."""
        tree = MarkedTree(self._tree, changed) if changed else self._tree
        again = build_helm(replace(self._rendered.unit, build=build), tree, self._settings, index=self._index)
        return None if again.failed else again.objects

    def _written(self, number: int, one: RenderedObject, path: FieldPath) -> Written | None:
        """The line that wrote a field, if with its mark it came out as without."""
        for tried in self._marked:
            other = tried[number]
            if other is None:
                continue
            found = written(other.data, path)
            if _alike(bare(other.data), one.data, path):
                return found if found is not None else self._unmarked(other, path)
            if found is not None and not found.rest and self._may_print(found, dig(one.data, *path)):
                return found
        return None

    def _may_print(self, line: Written, value: Any) -> bool:
        """Whether a line may print a value that the marks have changed, as they change a hash."""
        template = self._template(self._files[line.file])
        pieces = _pieces(template.value(line.line))
        return len(pieces) > 1 and stands_in_order(pieces, texted(value))

    def _unmarked(self, other: RenderedObject, path: FieldPath) -> Written | None:
        """The line of a key that bears no mark: the only one of its name at the top of the object's document."""
        file = other.trace.file
        if file not in self._files or len(path) > 1:
            return None
        template, number = self._template(file), self._files.index(file)
        nearest = next(lines_of(other.data, number), None)
        if nearest is None:
            return None
        near = template.document(nearest)
        lines = [
            line
            for line, match in template.keys.items()
            if match["key"] == path[0] and not match["indent"] and line in near
        ]
        return Written(number, lines[0], ()) if len(lines) == 1 else None

    # What a line says.

    def _by_line(self, line: Written, around: _Around, on: On) -> Set | None:
        """What sets a field, if the line that wrote it says that."""
        file = self._files[line.file]
        template = self._template(file)
        if line.rest:
            return self._below(line, around, on)
        match = template.keys[line.line]
        if on == "key" and "{{" not in match["key"]:
            region = template.key_region(line.line)
            return Set(Location(file, region), sure=True)
        text = template.value(line.line)
        if "{{" not in text:
            return self._at_line(line, on)
        if isinstance(around.value, dict | list):
            return self._printed(line, around, on)
        return self._filled(around, text, template.on_line(line.line), on)

    def _at_line(self, line: Written, on: On) -> Set | None:
        """The line of the template itself."""
        file = self._files[line.file]
        template = self._template(file)
        if line.rest:
            region = template.key_region(line.line)
            return Set(Location(file, region), sure=False)
        if on == "key":
            return Set(Location(file, template.key_region(line.line)), sure=True)
        if template.value(line.line)[:1] in {"|", ">"}:
            return Set(Location(file, template.block_region(line.line)), sure=True)
        return Set(Location(file, template.value_region(line.line)), sure=True)

    def _filled(self, around: _Around, text: str, actions: Sequence[Action], on: On) -> Set | None:
        """The value that a line's actions print, if with what is known of them the line is what came out."""
        pieces, value = _pieces(text), texted(around.value)
        shown = actions[len(actions) - len(pieces) + 1 :]
        if len(pieces) != len(shown) + 1 or len(shown) > _ON_A_LINE or not all(action.is_plain for action in shown):
            return None
        alone = shown[0].references if len(shown) == 1 and len(shown[0].references) == 1 else ()
        if alone and alone[0][:1] == ("Chart",):
            return self._of_chart(around, alone[0][1:], _with_text(pieces, 0, "{}"), on)
        found: list[FieldPath] = []
        for number, action in enumerate(shown):
            printed = [
                path
                for reference in action.references
                for path, inside in self._of(around.prefix, reference)
                if not isinstance(inside, dict | list)
                and (texted(inside) or (alone and _has(self._merged, path)))
                and stands_in_order(_with_text(pieces, number, texted(inside)), value)
            ]
            if len(printed) > 1:
                return None
            found += printed
        if not found:
            return None
        return self._place(max(reversed(found), key=self._strength), on)

    def _of_chart(self, around: _Around, reference: Reference, pieces: Sequence[str], on: On) -> Set | None:
        """What Chart.yaml says: ``.Chart.AppVersion`` is its ``appVersion``."""
        chart = next((chart for chart, path in self._charts if path == around.prefix), None)
        if chart is None or len(reference) != 1:
            return None
        field = f"{reference[0][:1].lower()}{reference[0][1:]}"
        said = chart.data.get(field)
        if said is None or pieces[0].replace("{}", texted(said), 1) != texted(around.value):
            return None
        return Set(chart.locate((field,), on=on), sure=True)

    def _below(self, line: Written, around: _Around, on: On) -> Set | None:
        """A field without a mark of its own: of a value that is printed whole, or an item of a list."""
        file = self._files[line.file]
        template = self._template(file)
        if template.value(line.line).startswith(("[", "{")) and not template.value(line.line).startswith("{{"):
            region = template.flow_region(line.line, line.rest)
            if region is not None:
                return Set(Location(file, region), sure=True)
        found = self._printed(line, around, on)
        if found is not None or isinstance(around.value, dict | list):
            return found
        number = self._item(template, line, around.siblings) if len(line.rest) == 1 else None
        if number is None:
            return None
        text = template.lines[number - 1]
        place = self._places.line(file, number)
        if text.strip().startswith(("- |", "- >")):
            return Set(Location(file, template.block_region(number)), sure=True)
        if "{{" not in text:
            return Set(place, sure=True)
        filled = self._filled(around, text.strip().removeprefix("- "), template.on_line(number), on)
        return filled or Set(place, sure=True)

    @staticmethod
    def _item(template: Template, line: Written, siblings: Any) -> int | None:
        """The line below a key that became an item of its list; None where several may have."""
        index = line.rest[0]
        if not isinstance(siblings, list) or not isinstance(index, int):
            return None
        marked = [number for number in template.block(line.line) if template.lines[number - 1].strip().startswith("- ")]
        depths = {number: template.lines[number - 1].index("-") for number in marked}
        items = [number for number in marked if depths[number] == min(depths.values())]
        if len(items) == len(siblings) and all(
            _is_item(template.lines[number - 1], one) for number, one in zip(items, siblings, strict=True)
        ):
            return items[index]
        value = siblings[index]
        same = [number for number in items if _is_item(template.lines[number - 1], value)]
        return same[0] if len(same) == 1 else None

    def _printed(self, line: Written, around: _Around, on: On) -> Set | None:
        """The field of a value that is printed whole (``toYaml``) below a line."""
        template, rest = self._template(self._files[line.file]), line.rest
        numbers = [line.line, *template.block(line.line)]
        found: set[FieldPath] = set()
        for action in (one for number in numbers for one in template.on_line(number)):
            if "toYaml" not in action.text:
                continue
            for reference in action.references:
                for path, inside in self._of(around.prefix, reference):
                    if inside is not None and (not rest or dig(inside, *rest) == around.value):
                        found.add((*path, *rest))
        if len(found) != 1:
            return None
        return self._place(found.pop(), on)

    # What the values are.

    @cached_property
    def _layers(self) -> Sequence[Layer]:
        layers = [Layer(one, self._places) for one in (*(self._build.base_values or ()), *self._build.values)]
        return [layer for layer in layers if not layer.is_encrypted]

    @cached_property
    def _values(self) -> Values:
        return Values(self._layers, self._build.parameters, self._chart)

    @cached_property
    def _merged(self) -> Any:
        """All values as the templates see them, apart from what parameters set."""
        merged: Any = {}
        for chart, path in reversed(self._charts):
            if not path and self._build.base_values is not None:
                continue
            own = _document(chart.places.content(f"{chart.folder}/values.yaml" if chart.folder else "values.yaml"))
            for step in reversed(path):
                own = {step: own}
            merged = _over(merged, own)
        for layer in self._layers:
            merged = _over(merged, layer.data)
        for parameter in self._build.parameters:
            steps = tuple(parameter.name.split("."))
            if not any(sign in parameter.name for sign in "[]\\{"):
                inner: Any = parameter.value
                for step in reversed(steps):
                    inner = {step: inner}
                merged = _over(merged, inner)
        return merged

    def _place(self, path: FieldPath, on: On) -> Set | None:
        """Where a value is set; the file alone where it does not say there what it was when the chart was rendered."""
        name = format_path(path)
        place = self._values.locate(path, on=on)
        if place is None or any(one.name == name for one in self._build.parameters):
            return Set(place, sure=True) if place is not None else None
        layer = next((one for one in reversed(self._layers) if _has(one.data, path)), None)
        if layer is None or layer.values.where is not None:
            return Set(place, sure=layer is None or place.region is not None)
        documents = self._documents(layer.values.file)
        data: Any = next((one.data for one in documents if one.index == layer.values.document), {})
        here: Any = dig(data, *layer.values.path) if layer.values.path else data
        if layer.values.as_text:
            here = _document(here.encode()) if isinstance(here, str) else {}
        written_as = dig(here, *path)
        sure = written_as == dig(layer.data, *path) or (isinstance(written_as, str) and "${" in written_as)
        return Set(place if sure else Location(place.file), sure=sure)

    def _documents(self, file: str) -> Sequence[Document]:
        if file not in self._read:
            self._read[file] = decode(self._places.content(file) or b"", "it.yaml").documents
        return self._read[file]

    def _strength(self, path: FieldPath) -> int:
        """How late a value is set: later ones are more likely to be what somebody wants to change."""
        name = format_path(path)
        if any(one.name == name for one in self._build.parameters):
            return len(self._layers) + 1
        for number, layer in enumerate(reversed(self._layers)):
            if dig(layer.data, *path) is not None:
                return len(self._layers) - number
        return 0

    def _prefix(self, file: str) -> FieldPath:
        """Where the values of the chart stand that a template belongs to; what it includes gets the same."""
        return next((path for chart, path in reversed(self._charts) if _holds(chart, file)), ())

    def _of(self, prefix: FieldPath, reference: Reference) -> Iterator[tuple[FieldPath, Any]]:
        """The values that a reference of a template means, each with its path."""
        if reference[:1] != ("Values",):
            return
        steps = reference[1:]
        paths: list[FieldPath] = [() if steps[:1] == ("global",) else prefix]
        for step in steps:
            following: list[FieldPath] = []
            for path in paths:
                if step != EACH:
                    following.append((*path, step))
                    continue
                inside = dig(self._merged, *path)
                keys = range(len(inside)) if isinstance(inside, list) else inside if isinstance(inside, dict) else ()
                following += [(*path, key) for key in list(keys)[:_ITEMS]]
            paths = following[:_ITEMS]
        for path in paths:
            yield path, dig(self._merged, *path) if path else self._merged

    # What other values say.

    def _probe(self, number: int, path: FieldPath, value: Any) -> FieldPath | None:
        """The value that a field shows, found by rendering with other values."""
        if isinstance(value, dict | list) or texted(value) == "":
            return None
        key = (number, path)
        if key not in self._probed:
            self._probed[key] = self._try(number, path, value)
        return self._probed[key]

    @cached_property
    def _shown(self) -> Mapping[tuple[int, FieldPath], Sequence[FieldPath]] | None:
        """The values that each field shows, seen by changing all at once; None where that renders to something else."""
        everything = "\0".join(texted(value) for one in self._rendered.objects for _, value in _leaves(one.data))
        candidates = [one for one in _leaves(self._merged) if _may_show(one[1], everything)]
        if not candidates or len(candidates) > _ALL:
            return None
        markers = {_marker(index, one[1]): one[0] for index, one in enumerate(candidates)}
        objects = self._again(self._with(markers), {})
        if objects is None or [_kind(one) for one in objects] != [_kind(one) for one in self._rendered.objects]:
            return None
        return {
            (number, path): [markers[marker] for marker in _markers_in(value) if marker in markers]
            for number, one in enumerate(objects)
            for path, value in _leaves(one.data)
        }

    def _try(self, number: int, path: FieldPath, value: Any) -> FieldPath | None:
        candidates = [one for one in _leaves(self._merged) if _may_show(one[1], value)]
        if not candidates:
            return None
        if self._shown is not None:
            known = {where for where, _ in candidates}
            found = [where for where in self._shown.get((number, path), ()) if where in known]
            return max(found, key=self._strength) if found else None
        candidates.sort(key=lambda one: (-(one[1] == value), -len(texted(one[1])), -self._strength(one[0])))
        groups = [candidates[:_TRIED]] if len(candidates) > 1 else []
        for group in [*groups, candidates[:1]]:
            if self._renders <= 0:
                return None
            self._renders -= 1
            markers = {_marker(index, one[1]): one[0] for index, one in enumerate(group)}
            found = [markers[marker] for marker in self._comes_out(number, path, markers) if marker in markers]
            if found:
                return max(found, key=self._strength)
        return None

    def _comes_out(self, number: int, path: FieldPath, markers: Mapping[Any, FieldPath]) -> Iterator[Any]:
        """The markers that a field shows with markers in place of values."""
        objects = self._again(self._with(markers), {}) or ()
        wanted = self._rendered.objects[number]
        if len(objects) == len(self._rendered.objects):
            other = objects[number]
        else:
            found = next((one for one in objects if _id(one.data) == _id(wanted.data)), None)
            if found is None:
                return
            other = found
        yield from _markers_in(dig(other.data, *path))

    def _with(self, markers: Mapping[Any, FieldPath]) -> HelmBuild:
        """The build with markers in place of values."""
        merged = json.loads(json.dumps(self._merged, default=str))
        layer: Any = {}
        names = {format_path(path) for path in markers.values()}
        for marker, path in markers.items():
            inside = merged
            for step in path[:-1]:
                inside = inside[step]
            inside[path[-1]] = marker
        for path in markers.values():
            depth = next((i for i, step in enumerate(path) if isinstance(step, int)), len(path))
            here = layer
            for step in path[: depth - 1]:
                here = here.setdefault(step, {})
            here[path[depth - 1]] = dig(merged, *path[:depth])
        parameters = tuple(one for one in self._build.parameters if one.name not in names)
        return replace(self._build, values=(*self._build.values, ValuesLayer(json.dumps(layer))), parameters=parameters)


def _id(data: Any) -> tuple[Any, ...]:
    return (dig(data, "kind"), dig(data, "metadata", "namespace"), dig(data, "metadata", "name"))


def _holds(chart: ChartFolder, file: str) -> bool:
    return file.startswith(f"{chart.folder}/templates/" if chart.folder else "templates/")


def _document(content: bytes | None) -> Any:
    documents = decode(content, "values.yaml").documents if content else ()
    return documents[0].data if documents else {}


def _over(below: Any, above: Any) -> Any:
    if not isinstance(below, dict) or not isinstance(above, dict):
        return below if above is None else above
    result = dict(below)
    for key, value in above.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = _over(result.get(key), value)
    return result


def _has(data: Any, path: FieldPath) -> bool:
    for step in path:
        if isinstance(data, dict):
            is_there = step in data
        else:
            is_there = isinstance(data, list) and isinstance(step, int) and step < len(data)
        if not is_there:
            return False
        data = data[step]
    return True


def _leaves(data: Any) -> Iterator[tuple[FieldPath, Any]]:
    waiting: list[tuple[FieldPath, Any]] = [((), data)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(((*path, key), inner) for key, inner in value.items() if isinstance(key, str))
        elif isinstance(value, list):
            waiting.extend(((*path, index), inner) for index, inner in enumerate(value))
        elif path and isinstance(path[0], str):
            yield path, value


def _may_show(candidate: Any, value: Any) -> bool:
    """Whether a value may stand in a field; one that is set to true or false tells nothing by itself."""
    if candidate is None or isinstance(candidate, bool):
        return False
    text = texted(candidate)
    return text == texted(value) or (isinstance(value, str) and len(text) > 1 and text in value)


def _markers_in(value: Any) -> Iterator[Any]:
    if isinstance(value, str):
        yield from (found[0] for found in _MARKER.finditer(value))
        yield int(value) if value.isdecimal() and value.isascii() and len(value) == _DIGITS else ""
    elif isinstance(value, int):
        yield value


def _kind(one: RenderedObject) -> tuple[Any, str]:
    return (one.data.get("kind"), one.trace.file)


def _marker(index: int, value: Any) -> Any:
    return _FIRST + index if isinstance(value, int) else f"zqv{index}zq"


def _pieces(text: str) -> list[str]:
    """What a line says itself, around its actions."""
    bare_text = text.strip("\"'")
    found: list[str] = []
    position = 0
    for start, end, _ in spans(bare_text):
        found.append(bare_text[position:start])
        position = end
    return [*found, bare_text[position:]]


def _with_text(pieces: Sequence[str], number: int, text: str) -> list[str]:
    """The pieces with a text in place of one of the actions between them."""
    return [*pieces[:number], f"{pieces[number]}{text}{pieces[number + 1]}", *pieces[number + 2 :]]


def _is_item(line: str, value: Any) -> bool:
    """Whether a line of a template may have become an item of a list."""
    stripped = line.strip()
    if stripped.startswith(("- |", "- >")):
        return isinstance(value, str)
    return stripped.startswith("- ") and stands_in_order(_pieces(stripped.removeprefix("- ").strip()), texted(value))


def _alike(marked: Any, data: Any, path: FieldPath) -> bool:
    """Whether a field, and the lists on the way to it, came out the same."""
    for step in path:
        if isinstance(data, list) and (not isinstance(marked, list) or len(marked) != len(data)):
            return False
        inside, other = dig(data, step), dig(marked, step)
        if inside is None or other is None:
            return inside is None and other is None
        data, marked = inside, other
    return bool(data == marked)
