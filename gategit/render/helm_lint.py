"""``helm lint`` of a chart of the tree: what is wrong with it whoever deploys it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from gategit.checks.references.paths import PathIndex
from gategit.disk import UnreadableError
from gategit.errors import UndecidedError
from gategit.manifests.decode import decode
from gategit.manifests.expand import expand
from gategit.model import FieldPath, Level, Location
from gategit.process import Result
from gategit.render.helm import Release, Stop, full_version, parameters_of, place_of
from gategit.render.helm_charts import ChartFolder, chart_at
from gategit.render.helm_errors import Site, problems_of
from gategit.render.helm_places import Places
from gategit.render.helm_rules import CHART_INVALID
from gategit.render.helm_text import sentence
from gategit.render.helm_values import Layer, Values
from gategit.render.programs import find_program
from gategit.render.rules import NOT_FOLLOWED, NOT_RENDERED
from gategit.render.running import run_renderer
from gategit.render.values import (
    Chart,
    HelmBuild,
    Parameter,
    Rendered,
    RenderProblem,
    RenderSettings,
    Unit,
    ValuesLayer,
)
from gategit.render.workspace import PlaceError, Workspace
from gategit.tree import Tree

_NOT_HERE: Final = frozenset({NOT_RENDERED.id, NOT_FOLLOWED.id})
"""What is said of a chart that cannot be put together here."""

_SAID: Final = re.compile(
    r"^\[(?P<level>ERROR|WARNING)\] (?P<file>[^\n:]*): (?P<said>.*?)(?=^\[[A-Z]+\] |^Error: |^\d+ chart|\Z)",
    re.MULTILINE | re.DOTALL,
)
_FIELD: Final = re.compile(
    r"(?:chart |invalid |each |a )?(?:(?P<field>name|version|apiVersion|appVersion|kubeVersion|icon|type|dependencies)"
    r"|(?P<maintainers>maintainer|email|url)|source URL)\b"
)
_JUDGED: Final = re.compile(
    r"object name does not conform|is deprecated in|must contain matchLabels or matchExpressions"
)
_DEPENDENCIES: Final = re.compile(r"chart (?:directory|metadata) is missing these dependencies")
_UNREADABLE: Final = "unable to parse YAML"
_RELEASE: Final = "test-release"


def linted_charts(rendered: Iterable[Rendered]) -> list[list[Rendered]]:
    """Units by the chart of the tree that they are built of, the one first that has the chart linted.

    A chart is linted once, however many units it has: what only shows with some values shows where they are rendered.
    """
    by_chart: dict[str, list[Rendered]] = {}
    for one in rendered:
        if isinstance(one.unit.build, HelmBuild) and one.unit.build.chart.folder is not None:
            by_chart.setdefault(one.unit.build.chart.folder, []).append(one)
    # One that is rendered has all the values that the chart asks for.
    ordered = [sorted(several, key=lambda one: one.failed) for several in by_chart.values()]
    return [several for several in ordered if not _is_undecided(several[0])]


def _is_undecided(rendered: Rendered) -> bool:
    """Whether a unit met a limit, which linting its chart would meet again."""
    return any(problem.rule == NOT_RENDERED.id for problem in rendered.problems)


def lint_unit(rendered: Rendered, tree: Tree, settings: RenderSettings, *, index: PathIndex | None = None) -> Rendered:
    """What ``helm lint`` says of a unit's chart, beyond what rendering it says: in place of objects, problems.

    Args:
        rendered: what came of the unit.
        tree: the files.
        settings: the limits.
        index: the tree's files by path, where somebody has them already.
    """
    build = rendered.unit.build
    found = Rendered(rendered.unit, inputs=rendered.inputs)
    if not isinstance(build, HelmBuild) or build.chart.folder is None:
        return found
    folder, values, parameters = build.chart.folder, build.values, build.parameters
    problems = lint_chart(folder, values, tree, settings, index=index, parameters=parameters, beyond=True)
    missed = [one for one in problems if one.rule in _NOT_HERE]
    what = f"helm lint of {folder or 'the root'}"
    return replace(
        found,
        problems=tuple(one for one in problems if one not in missed),
        unchecked=() if rendered.failed else tuple((what, one.message) for one in missed),
        lasting=not missed,
    )


def not_said(linted: Rendered, several: Iterable[Rendered]) -> Iterator[RenderProblem]:
    """What linting a chart found on lines of which rendering its units says nothing."""
    said = {_line(problem.location) for one in several for problem in one.problems}
    yield from (problem for problem in linted.problems if _line(problem.location) not in said)


def _line(location: Location) -> tuple[str, int]:
    return location.file, location.region.line if location.region is not None else 0


def lint_chart(  # noqa: PLR0913  one parameter for each part of what it works with
    folder: str,
    values: Sequence[ValuesLayer],
    tree: Tree,
    settings: RenderSettings,
    *,
    index: PathIndex | None = None,
    parameters: Sequence[Parameter] = (),
    beyond: bool = False,
) -> tuple[RenderProblem, ...]:
    """The errors and warnings of ``helm lint``, in the words of the rendering where that says them too.

    Linting is lenient where rendering is not: values that the chart requires may be missing. Of a chart that cannot be
    put together here, since a dependency of it is not allowed to be fetched, only Chart.yaml is judged.

    Args:
        folder: the chart's folder, a path of the tree.
        values: what it is given, the weakest first.
        tree: the files.
        settings: the limits.
        index: the tree's files by path, where somebody has them already.
        parameters: single values, which win over the others.
        beyond: whether only what rendering does not say is wanted.
    """
    places = Places(tree, index)
    chart = chart_at(folder, places)
    if chart is None:
        return ()
    build = HelmBuild(Chart(chart.folder), _RELEASE, "default", tuple(values), tuple(parameters))
    try:
        return tuple(dict.fromkeys(_found(chart, build, places, settings, beyond=beyond)))
    except UndecidedError as error:
        file = error.path if isinstance(error, PlaceError | UnreadableError) else chart.file
        return (RenderProblem(NOT_RENDERED.id, error.message, Location(file), error.hint),)


def _found(
    chart: ChartFolder, build: HelmBuild, places: Places, settings: RenderSettings, *, beyond: bool
) -> Iterator[RenderProblem]:
    release = Release(Unit(f"chart {chart.folder}", build), build, places, settings)
    try:
        layers, problems = release.layers(build.values)
    except Stop:  # encrypted values: what the chart becomes with them is not known
        layers, problems = [], []
    if not beyond:
        yield from problems
    if not any(problem.fatal for problem in problems):
        yield from _linted(release, chart, layers, beyond=beyond)
    yield from _definitions(chart)


def _linted(release: Release, chart: ChartFolder, layers: Sequence[Layer], *, beyond: bool) -> Iterator[RenderProblem]:
    program = find_program("helm", release.settings)
    with Workspace(release.places.tree, release.settings) as workspace:
        refused: Stop | None = None
        try:
            release.lay_out(chart, program, workspace)
        except Stop as stop:
            refused = stop
            workspace.place(sorted(chart.files))
        arguments = ["lint", *release.write(layers, workspace), *parameters_of(release.build)]
        version = full_version(release.settings.kubernetes_version)
        arguments += [f"--kube-version={version}"] if version else []
        arguments += ["--", place_of(chart)]
        result = run_renderer(program, arguments, cwd=workspace.folder, settings=release.settings)
        folder = str(workspace.folder)
    said = [_Said(found["level"], found["file"], found["said"].strip("\n")) for found in _SAID.finditer(_text(result))]
    about_chart = [one for one in said if one.file == "Chart.yaml" and _UNREADABLE not in one.text]
    if refused is not None and not beyond:
        yield from (problem for problem in refused.problems if problem.rule not in _NOT_HERE)
    for one in about_chart:
        yield _problem(one.level, f"Chart.yaml: {sentence(one.text)}", chart.locate(one.field))
    if refused is not None:
        return  # what templates become is not known
    if not beyond:
        site = Site(chart, release.places, Values(layers, (), chart), (), folder, Location(chart.file))
        yield from _of_templates(said, release, site, about_chart=bool(about_chart))
    for one in said:
        if beyond and one.by_judging:
            continue
        if not one.by_rendering and one.is_elsewhere and not _DEPENDENCIES.search(one.text):
            path = f"{chart.folder}/{one.file}" if chart.folder else one.file
            yield _problem(one.level, f"helm lint: {sentence(one.text)}", Location(path.rstrip("/")))


@dataclass(frozen=True, slots=True)
class _Said:
    """One thing that ``helm lint`` says."""

    level: str
    file: str
    text: str

    @property
    def by_rendering(self) -> bool:
        """Whether rendering says it, too."""
        return self.file == "templates/" or (self.file.startswith("templates/") and self.text.startswith(_UNREADABLE))

    @property
    def by_judging(self) -> bool:
        """Whether the checks of rendered objects say it, too, and on which line."""
        return bool(_JUDGED.search(self.text))

    @property
    def field(self) -> FieldPath:
        """The field of Chart.yaml that it is about, () where it is about all of it."""
        found = _FIELD.match(self.text)
        if found is None:
            return ()
        return (found["field"] or ("maintainers" if found["maintainers"] else "sources"),)

    @property
    def is_elsewhere(self) -> bool:
        """Whether it is about a file that nothing else here looks at."""
        return self.file.partition("/")[0] not in {"", "Chart.yaml", "crds", "values.yaml"}


def _of_templates(said: Sequence[_Said], release: Release, site: Site, *, about_chart: bool) -> Iterator[RenderProblem]:
    for one in said:
        if one.file == "templates/":
            # Helm says in more than one way what keeps it from loading a chart.
            found = problems_of(one.text, site)
            yield from (problem for problem in found if not about_chart or problem.location.file != site.fallback.file)
        elif one.by_rendering:
            yield from _output(release)


def _text(result: Result) -> str:
    return result.stdout.decode("utf-8", "replace")


def _problem(level: str, message: str, place: Location) -> RenderProblem:
    weight = Level.ERROR if level == "ERROR" else Level.WARNING
    return RenderProblem(CHART_INVALID.id, message, place, level=weight, fatal=False)


def _output(release: Release) -> Sequence[RenderProblem]:
    """Why what a template renders to is no YAML: rendering tells more of that than linting."""
    try:
        return release.render()[1]
    except Stop as stop:
        return stop.problems


def _definitions(chart: ChartFolder) -> Iterator[RenderProblem]:
    """What is in ``crds`` and should not be: Helm applies it first, and never again."""
    places = chart.places
    folder = f"{chart.folder}/crds" if chart.folder else "crds"
    if folder in chart.files:
        message = "crds is a file; Helm looks for definitions in a folder of that name"
        yield RenderProblem(CHART_INVALID.id, message, Location(folder), level=Level.WARNING, fatal=False)
    for path in sorted(chart.files):
        if not path.startswith(f"{folder}/") or not path.endswith((".yaml", ".yml", ".json")):
            continue
        for manifest in expand(path, decode(places.content(path) or b"", path)):
            if (manifest.group, manifest.kind) != ("apiextensions.k8s.io", "CustomResourceDefinition"):
                source = manifest.source
                yield RenderProblem(
                    CHART_INVALID.id,
                    f"the folder crds holds {sentence(manifest.kind)} of {sentence(manifest.api_version)}, "
                    "which is no definition of a kind",
                    places.field(path, (*source.pointer, "kind"), document=source.document),
                    "move it to templates: what is in crds is not upgraded and not removed",
                    level=Level.WARNING,
                    fatal=False,
                )
