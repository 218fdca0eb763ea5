"""``helm lint`` of a chart of the tree: what is wrong with it whoever deploys it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from gategit.checks.references.paths import PathIndex
from gategit.disk import UnreadableError
from gategit.errors import UndecidedError
from gategit.manifests.decode import decode
from gategit.manifests.expand import expand
from gategit.model import Level, Location
from gategit.process import Result
from gategit.render.helm import Release, Stop, full_version, place_of
from gategit.render.helm_charts import ChartFolder, chart_at
from gategit.render.helm_errors import Site, problems_of
from gategit.render.helm_places import Places
from gategit.render.helm_rules import CHART_INVALID
from gategit.render.helm_text import sentence
from gategit.render.helm_values import Layer, Values
from gategit.render.programs import find_program
from gategit.render.rules import NOT_FOLLOWED, NOT_RENDERED
from gategit.render.running import run_renderer
from gategit.render.values import Chart, HelmBuild, RenderProblem, RenderSettings, Unit, ValuesLayer
from gategit.render.workspace import PlaceError, Workspace
from gategit.tree import Tree

_NOT_HERE: Final = frozenset({NOT_RENDERED.id, NOT_FOLLOWED.id})
"""What is said of a chart that cannot be put together here."""

_SAID: Final = re.compile(
    r"^\[(?P<level>ERROR|WARNING)\] (?P<file>[^\n:]*): (?P<said>.*?)(?=^\[[A-Z]+\] |^Error: |^\d+ chart|\Z)",
    re.MULTILINE | re.DOTALL,
)
_FIELD: Final = re.compile(
    r"(?:chart )?(name|version|apiVersion|appVersion|kubeVersion|icon|type|dependencies|home|sources|maintainer)\b"
)
_DEPENDENCIES: Final = re.compile(r"chart (?:directory|metadata) is missing these dependencies")
_UNREADABLE: Final = "unable to parse YAML"
_RELEASE: Final = "test-release"


def lint_chart(
    folder: str,
    values: Sequence[ValuesLayer],
    tree: Tree,
    settings: RenderSettings,
    *,
    index: PathIndex | None = None,
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
    """
    places = Places(tree, index)
    chart = chart_at(folder, places)
    if chart is None:
        return ()
    try:
        return tuple(dict.fromkeys(_found(chart, values, places, settings)))
    except UndecidedError as error:
        file = error.path if isinstance(error, PlaceError | UnreadableError) else chart.file
        return (RenderProblem(NOT_RENDERED.id, error.message, Location(file), error.hint),)


def _found(
    chart: ChartFolder, values: Sequence[ValuesLayer], places: Places, settings: RenderSettings
) -> Iterator[RenderProblem]:
    build = HelmBuild(Chart(chart.folder), _RELEASE, "default", tuple(values))
    release = Release(Unit(f"chart {chart.folder}", build), build, places, settings)
    try:
        layers, problems = release.layers(build.values)
    except Stop:  # encrypted values: what the chart becomes with them is not known
        layers, problems = [], []
    yield from problems
    if not any(problem.fatal for problem in problems):
        yield from _linted(release, chart, layers)
    yield from _definitions(chart)


def _linted(release: Release, chart: ChartFolder, layers: Sequence[Layer]) -> Iterator[RenderProblem]:
    program = find_program("helm", release.settings)
    with Workspace(release.places.tree, release.settings) as workspace:
        refused: Stop | None = None
        try:
            release.lay_out(chart, program, workspace)
        except Stop as stop:
            refused = stop
            workspace.place(sorted(chart.files))
        arguments = ["lint", *release.write(layers, workspace)]
        version = full_version(release.settings.kubernetes_version)
        arguments += [f"--kube-version={version}"] if version else []
        arguments += ["--", place_of(chart)]
        result = run_renderer(program, arguments, cwd=workspace.folder, settings=release.settings)
        folder = str(workspace.folder)
    values = Values(layers, (), chart)
    site = Site(chart, release.places, values, (), folder, Location(chart.file))
    said = [(found["level"], found["file"], found["said"].strip("\n")) for found in _SAID.finditer(_text(result))]
    yield from (problem for problem in (refused.problems if refused else ()) if problem.rule not in _NOT_HERE)
    about_chart = False
    for level, file, text in said:
        if file == "Chart.yaml" and _UNREADABLE not in text:
            about_chart = True
            field = _FIELD.match(text)
            yield _problem(level, f"Chart.yaml: {sentence(text)}", chart.locate((field[1],) if field else ()))
    if refused is not None:
        return  # what templates become is not known
    for level, file, text in said:
        if file == "templates/":
            # Helm says in more than one way what keeps it from loading a chart.
            yield from (one for one in problems_of(text, site) if not about_chart or one.location.file != chart.file)
        elif file.startswith("templates/") and text.startswith(_UNREADABLE):
            yield from _output(release)
        elif file.partition("/")[0] not in {"", "Chart.yaml", "crds", "values.yaml"} and not _DEPENDENCIES.search(text):
            path = f"{chart.folder}/{file}" if chart.folder else file
            yield _problem(level, f"helm lint: {sentence(text)}", Location(path.rstrip("/")))


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
