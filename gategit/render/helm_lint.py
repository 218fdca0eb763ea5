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
from gategit.render.helm import Release, Stop, full_version, place_of
from gategit.render.helm_charts import ChartFolder, chart_at
from gategit.render.helm_places import Places
from gategit.render.helm_rules import CHART_INVALID
from gategit.render.helm_text import sentence
from gategit.render.programs import find_program
from gategit.render.rules import NOT_RENDERED
from gategit.render.running import run_renderer
from gategit.render.values import Chart, HelmBuild, RenderProblem, RenderSettings, Unit, ValuesLayer
from gategit.render.workspace import PlaceError, Workspace
from gategit.tree import Tree

_SAID: Final = re.compile(
    r"^\[(?P<level>ERROR|WARNING)\] (?P<file>[^\n:]*): (?P<said>.*?)(?=^\[[A-Z]+\] |^Error: |^\d+ chart|\Z)",
    re.MULTILINE | re.DOTALL,
)
_FIELD: Final = re.compile(
    r"(?:chart )?(name|version|apiVersion|appVersion|kubeVersion|icon|type|dependencies|home|sources|maintainer)\b"
)
_DEPENDENCIES: Final = re.compile(r"chart (?:directory|metadata) is missing these dependencies")
_RELEASE: Final = "test-release"


def lint_chart(
    folder: str,
    values: Sequence[ValuesLayer],
    tree: Tree,
    settings: RenderSettings,
    *,
    index: PathIndex | None = None,
) -> tuple[RenderProblem, ...]:
    """What Helm says of a chart: first what keeps it from being rendered, then errors and warnings of ``helm lint``.

    A chart that cannot be put together here, since a dependency of it is not allowed to be fetched, is not judged.

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
    rendered: Sequence[RenderProblem] = ()
    put_together = True
    try:
        if chart.data.get("type") != "library":
            rendered = release.render()[1]
    except Stop as stop:
        rendered = stop.problems
        put_together = False
    rendered = [problem for problem in rendered if problem.rule != NOT_RENDERED.id]
    yield from rendered
    # Helm says in more than one way what keeps it from loading a chart.
    known = {problem.location.file for problem in rendered}
    for problem in (*_linted(release, chart, put_together=put_together), *_definitions(chart)):
        if problem.location.file not in known:
            yield problem


def _linted(release: Release, chart: ChartFolder, *, put_together: bool) -> Iterator[RenderProblem]:
    program = find_program("helm", release.settings)
    with Workspace(release.places.tree, release.settings) as workspace:
        if put_together:
            release.lay_out(chart, program, workspace)
        else:
            workspace.place(sorted(chart.files))
        arguments = ["lint", *(release.write_values(workspace) if put_together else ())]
        version = full_version(release.settings.kubernetes_version)
        arguments += [f"--kube-version={version}"] if version else []
        arguments += ["--", place_of(chart)]
        result = run_renderer(program, arguments, cwd=workspace.folder, settings=release.settings)
    for found in _SAID.finditer(result.stdout.decode("utf-8", "replace")):
        problem = _problem(found, chart, put_together=put_together)
        if problem is not None:
            yield problem


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


def _problem(found: re.Match[str], chart: ChartFolder, *, put_together: bool) -> RenderProblem | None:
    file, said = found["file"], found["said"].strip()
    level = Level.ERROR if found["level"] == "ERROR" else Level.WARNING
    if not file or file == "values.yaml" or _DEPENDENCIES.search(said):
        return None  # the rendering says it with its line
    path = f"{chart.folder}/{file}" if chart.folder else file
    if file == "Chart.yaml":
        field = _FIELD.match(said)
        place = chart.locate((field[1],) if field else ())
    elif not put_together:
        return None  # what templates render to is not known
    else:
        place = Location(path.rstrip("/"))
    what = "Chart.yaml" if file == "Chart.yaml" else "helm lint"
    return RenderProblem(CHART_INVALID.id, f"{what}: {sentence(said)}", place, level=level, fatal=False)
