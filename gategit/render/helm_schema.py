"""What Helm says of values that do not fit a chart's values.schema.json, each on the line that sets the value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from gategit.model import FieldPath, Location, format_path
from gategit.render.helm_charts import ChartFolder
from gategit.render.helm_rules import VALUES_INVALID
from gategit.render.helm_text import sentence
from gategit.render.helm_values import Values
from gategit.render.values import RenderProblem

START: Final = "values don't meet the specifications of the schema(s) in the following chart(s):\n"
"""How Helm begins what it says of schemas."""

_LEAF: Final = re.compile(r"^(?P<indent> *)- at '(?P<at>[^']*)': (?P<said>.*)$")
_OLD_LEAF: Final = re.compile(r"^- (?P<at>\S+): (?P<said>.*)$")
_TITLE: Final = re.compile(r"^(?P<name>[^\s:\"'-][^\s:\"']*):$")
_NAMED: Final = re.compile(r"'([^']*)'")
_QUOTED: Final = re.compile(r"^'.*' (does not match pattern|is not valid) ", re.DOTALL)
_OLD_EXTRA: Final = re.compile(r"Additional property (\S+) is not allowed")


@dataclass(frozen=True, slots=True)
class _Part:
    """What is said of one chart.

    Attributes:
        chart: the chart; None where it is in an archive.
        path: where its values stand in those of the release.
        lines: what is said.
    """

    chart: ChartFolder | None
    path: FieldPath
    lines: tuple[str, ...]

    @property
    def schema(self) -> str:
        """The path of its schema, "" where that is in an archive."""
        if self.chart is None:
            return ""
        return f"{self.chart.folder}/values.schema.json" if self.chart.folder else "values.schema.json"

    @property
    def leaves(self) -> list[tuple[tuple[str, ...], str]]:
        """The innermost of what is said: the steps to a value, and what is wrong with it."""
        found: list[tuple[tuple[str, ...], str]] = []
        for number, line in enumerate(self.lines):
            leaf = _LEAF.match(line)
            if leaf:
                deeper = _LEAF.match(self.lines[number + 1]) if number + 1 < len(self.lines) else None
                if deeper is None or len(deeper["indent"]) <= len(leaf["indent"]):
                    found.append((_pointer(leaf["at"]), leaf["said"]))
            elif old := _OLD_LEAF.match(line):
                found.append((() if old["at"] == "(root)" else tuple(old["at"].split(".")), old["said"]))
        return found


def schema_problems(
    said: str, values: Values, chart: ChartFolder | str, fallback: Location
) -> tuple[RenderProblem, ...]:
    """The problems that Helm tells of, in the order of their places.

    Args:
        said: what it says, after ``START``.
        values: everything that the release sets.
        chart: the chart that gets them, or the name of one from elsewhere.
        fallback: where to stand where nothing better is known.
    """
    found: list[RenderProblem] = []
    for part in _parts(said, chart):
        first = part.lines[0] if part.lines else ""
        if part.leaves and not first.startswith('"'):
            for steps, wrong in part.leaves:
                found.extend(_unfit(part, _typed(values, part.path, steps), wrong, values, fallback))
        else:
            found.append(_unusable(part, first, fallback))
    return tuple(sorted(dict.fromkeys(found), key=_order))


def is_only_missing(said: str, chart: ChartFolder | str) -> bool:
    """Whether nothing is wrong with the values but that some are not set.

    Args:
        said: what Helm says, after ``START``.
        chart: the chart that gets them, or the name of one from elsewhere.
    """
    wrong = [one for part in _parts(said, chart) for _, one in part.leaves]
    return bool(wrong) and all(_is_missing(one) for one in wrong)


def _is_missing(said: str) -> bool:
    return "missing propert" in said or said.endswith("is required")


def _order(problem: RenderProblem) -> tuple[str, int, int, str]:
    region = problem.location.region
    return problem.location.file, region.line if region else 0, region.column if region else 0, problem.message


def _parts(said: str, chart: ChartFolder | str) -> Iterator[_Part]:
    title = ""
    lines: list[str] = []
    for line in [*said.split("\n"), None]:
        found = _TITLE.match(line) if line is not None else None
        if line is not None and found is None:
            lines.extend([line] if line.strip() else [])
            continue
        if title or lines:
            known = None if isinstance(chart, str) else chart.by_name(title)
            if known is not None:
                yield _Part(known[0], known[1], tuple(lines))
            else:
                yield _Part(None, () if title == chart else (title,), tuple(lines))
        title = found["name"] if found else ""
        lines = []


def _typed(values: Values, prefix: FieldPath, steps: Sequence[str]) -> FieldPath:
    """A path whose steps are texts, with the numbers of list items as numbers."""
    path: FieldPath = prefix
    for step in steps:
        inside = values.data_at(path)
        path = (*path, int(step) if isinstance(inside, list) and step.isdecimal() else step)
    return path


def _unfit(part: _Part, path: FieldPath, said: str, values: Values, fallback: Location) -> Iterator[RenderProblem]:
    extra = _NAMED.findall(said) if "additional propert" in said else _OLD_EXTRA.findall(said)
    if extra:
        for name in extra:
            inner = (*path, name)
            place = values.locate(inner, on="key")
            brought = _dependency(part.chart, name, place) if len(inner) == len(part.path) + 1 else None
            wrong = "the schema knows no such value"
            wrong += ", which holds those of the dependency" if brought is not None else ""
            yield _problem(part, inner, wrong, brought or place or values.nearest(inner) or fallback)
        return
    missing = _is_missing(said)
    named = _NAMED.findall(said) if missing else []
    place = values.nearest((*path, named[0] if named else "")) if missing else values.locate(path)
    if named:
        yield from (_problem(part, (*path, name), "it must be set", place or fallback) for name in named)
    else:
        # The value itself may be a password.
        said = _QUOTED.sub(r"it \1 ", said)
        yield _problem(part, path, sentence(said), place or values.nearest(path) or fallback)


def _dependency(chart: ChartFolder | None, name: str, place: Location | None) -> Location | None:
    """Where a chart asks for the dependency whose values Helm adds to its own under a name; None where others do."""
    if chart is None:
        return None
    part = chart.part(name)
    own = f"{part.folder}/" if isinstance(part, ChartFolder) else ""
    if place is not None and not (own and place.file.startswith(own)):
        return None
    for one in chart.dependencies:
        if name == (one.alias or one.name):
            return chart.places.field(one.file, (*one.path, "alias" if one.alias else "name"))
    return None


def _problem(part: _Part, path: FieldPath, said: str, place: Location) -> RenderProblem:
    name = format_path(path)
    return RenderProblem(
        VALUES_INVALID.id,
        f"{'the value ' + name if name else 'what the values say'} does not fit the chart's schema: {said}",
        place,
        f"{part.schema or 'values.schema.json of the chart'} says what it may be",
        path=path,
    )


def _unusable(part: _Part, said: str, fallback: Location) -> RenderProblem:
    """A schema that is none, or that needs what is not here."""
    place = Location(part.schema) if part.schema else fallback
    if part.leaves:
        steps, said = part.leaves[0]
        if part.chart is not None:
            place = part.chart.places.field(part.schema, steps)
    return RenderProblem(
        VALUES_INVALID.id,
        f"the schema of the chart's values cannot be used: {sentence(said)}",
        place,
        "Helm stops here, whatever the values are",
    )


def _pointer(text: str) -> tuple[str, ...]:
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in text.split("/")[1:])
