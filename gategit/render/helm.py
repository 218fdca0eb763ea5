"""``helm template`` of a unit: the chart laid out, its values in order, and of each object the template it is from."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from gategit.checks.references.paths import PathIndex, Place
from gategit.disk import UnreadableError
from gategit.errors import UndecidedError
from gategit.model import Level, Location
from gategit.process import Result
from gategit.render import helm_remote
from gategit.render.helm_charts import ChartFolder, Dependency, chart_at, version_in
from gategit.render.helm_cluster import asks_of_cluster
from gategit.render.helm_errors import (
    REFUSED,
    Site,
    asked_for,
    error_of,
    problems_of,
    problems_of_output,
    rendered_template,
    schema_is_unreadable,
    warnings_of,
)
from gategit.render.helm_output import objects_of, section
from gategit.render.helm_pack import may_ignore, packed
from gategit.render.helm_places import Places
from gategit.render.helm_rules import CHART_INVALID
from gategit.render.helm_text import LONGEST_RELEASE, is_release_name, sentence
from gategit.render.helm_values import Layer, Values, merged
from gategit.render.programs import Program, common_cause, find_program
from gategit.render.rules import NOT_FOLLOWED, NOT_RENDERED, RENDER_FAILED
from gategit.render.running import run_renderer
from gategit.render.values import (
    HelmBuild,
    Rendered,
    RenderedObject,
    RenderProblem,
    RenderSettings,
    Unit,
    ValuesLayer,
)
from gategit.render.workspace import PlaceError, Workspace
from gategit.tree import Tree

_NAMESPACE: Final = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?\Z")
_SKIPS_SCHEMAS: Final = (3, 16)
"""The first Helm that has ``--skip-schema-validation``."""


_BESIDE: Final = "charts/_gategit"
"""Where the values are laid: Helm passes by what begins so in ``charts/``, even where that is the chart's own."""


class Stop(Exception):  # noqa: N818  ends one build; what is to be said is in it
    """Nothing is rendered. ``problems`` says why, and ``unchecked`` what was not followed."""

    def __init__(self, *problems: RenderProblem, unchecked: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__()
        self.problems = problems
        self.unchecked = tuple(unchecked)


def build_helm(unit: Unit, tree: Tree, settings: RenderSettings, *, index: PathIndex | None = None) -> Rendered:
    """Render a chart as its agent would. It never raises for what a chart, its values or its release say.

    Args:
        unit: what is built; its build is a ``HelmBuild``.
        tree: the files.
        settings: the limits, and from where charts may be fetched.
        index: the tree's files by path, where somebody has them already.

    Raises:
        TypeError: the unit is no Helm build.
    """
    build = unit.build
    if not isinstance(build, HelmBuild):
        raise TypeError(build)
    inputs: frozenset[str] = frozenset()
    try:
        places = Places(tree, index)
        inputs = _inputs(build, places)
        release = Release(unit, build, places, settings)
        objects, problems = release.render()
    except Stop as stop:
        return Rendered(unit, (), stop.problems, inputs, stop.unchecked)
    except (PlaceError, UnreadableError) as error:
        problem = RenderProblem(NOT_RENDERED.id, error.message, Location(error.path), error.hint)
        return Rendered(unit, (), (problem,), inputs, lasting=False)
    except UndecidedError as error:
        message = f"{_the_chart(build)} is not rendered: {error.message}"
        place = _asked_at(unit, build)
        problem = RenderProblem(NOT_RENDERED.id, message, place, error.hint, subject=common_cause(error))
        return Rendered(unit, (), (problem,), inputs, lasting=False)
    return Rendered(unit, objects, problems, inputs, tuple(release.unchecked), tuple(release.notes))


def inputs_of_helm(build: HelmBuild, tree: Tree, *, index: PathIndex | None = None) -> frozenset[str]:
    """The paths of the tree that a build reads: its chart, charts beside it that it asks for, and files of values."""
    return _inputs(build, Places(tree, index))


def _inputs(build: HelmBuild, places: Places) -> frozenset[str]:
    found = {layer.file for layer in (*build.values, *(build.base_values or ())) if layer.file}
    chart = chart_at(build.chart.folder, places) if build.chart.folder is not None else None
    if chart is not None:
        # A link on the way to the chart may come to lead to another one.
        names = (build.chart.folder or "").split("/")
        above = ("/".join(names[:depth]) for depth in range(1, len(names) + 1))
        found |= chart.files | (set(above) & places.index.entries.keys())
        for dependency in chart.missing:
            part = chart.beside(dependency) if dependency.is_local else None
            if part is not None:
                found |= part.files
    # What lies in a folder that a link leads to is known by its own path, too.
    led = (places.index.find(path) for path in found)
    return frozenset(found | {one.path for one in led if one.place is Place.FILE})


def _the_chart(build: HelmBuild) -> str:
    chart = build.chart
    if chart.folder is not None:
        return f"the chart in {sentence(chart.folder) or 'the root'}"
    return f"the chart {sentence(chart.name or chart.repository)}"


def _asked_at(unit: Unit, build: HelmBuild) -> Location:
    """Where a unit is asked for, else its chart."""
    if unit.owner is not None:
        return unit.owner.location
    folder = build.chart.folder
    return Location(f"{folder}/Chart.yaml" if folder else "Chart.yaml")


@dataclass
class Release:
    """One build on its way from values to objects."""

    unit: Unit
    build: HelmBuild
    places: Places
    settings: RenderSettings
    unchecked: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[RenderProblem] = field(default_factory=list)

    @property
    def owner(self) -> Location:
        """Where the unit is asked for, else its chart."""
        return _asked_at(self.unit, self.build)

    def render(self) -> tuple[tuple[RenderedObject, ...], tuple[RenderProblem, ...]]:
        """The objects, and what is wrong without keeping Helm from rendering.

        Raises:
            Stop: nothing is rendered.
            UndecidedError: Helm cannot be run, or not with these files.
        """
        self._check_names()
        layers, problems = self.layers(self.build.values)
        base, base_problems = self.layers(self.build.base_values or ())
        chart = self._chart()
        wrong = [*problems, *base_problems]
        if any(problem.fatal for problem in wrong):
            raise Stop(*wrong)
        program = find_program("helm", self.settings)
        with Workspace(self.places.tree, self.settings) as workspace:
            if chart is None:
                if base:
                    raise UndecidedError("values that stand in place of a fetched chart's own cannot be laid into it")
                path = self._fetched(program, workspace)
            else:
                path = place_of(chart)
                self.lay_out(chart, program, workspace)
                if self.build.base_values is not None:
                    workspace.write(_in(chart.folder, "values.yaml"), merged(base))
            files = self.write(layers, workspace)
            site = Site(
                chart,
                self.places,
                Values([*base, *layers], self.build.parameters, chart),
                self.build.parameters,
                str(workspace.folder),
                self.owner if chart is None else Location(chart.file),
                self.build.chart.name,
            )
            output = self._template(program, path, files, site, workspace)
        objects, more = objects_of(output, site, skip_tests=self.build.skip_tests)
        if chart is not None:
            version, kinds = self.settings.kubernetes_version, bool(self.settings.api_versions)
            self.unchecked += asks_of_cluster(chart, self.build, version=version, kinds=kinds)
        return objects, (*wrong, *self.problems, *more)

    @staticmethod
    def write(layers: Sequence[Layer], workspace: Workspace) -> list[str]:
        """Lay values out, and return the arguments that name them."""
        arguments = []
        for number, layer in enumerate(layers):
            name = _in(_BESIDE, f"values-{number}.yaml")
            workspace.write(name, layer.content)
            arguments.append(f"--values={name}")
        return arguments

    def _check_names(self) -> None:
        release, namespace = self.build.release, self.build.namespace
        if not is_release_name(release):
            raise Stop(
                RenderProblem(
                    RENDER_FAILED.id,
                    f'"{sentence(release)}" is no name that Helm takes for a release',
                    self.owner,
                    f"use small letters, digits, - and ., {LONGEST_RELEASE} at most",
                )
            )
        if namespace and not _NAMESPACE.match(namespace):
            raise Stop(
                RenderProblem(
                    RENDER_FAILED.id,
                    f'"{sentence(namespace)}" is no name of a namespace',
                    self.owner,
                    "use small letters, digits and -, 63 at most",
                )
            )
        given = [(one.name + one.value, one.location) for one in self.build.parameters]
        given.append(("".join((self.build.kubernetes_version, *self.build.api_versions)), self.owner))
        for text, location in given:
            if "\0" in text:
                message = "what Helm is told holds a null character, which no program takes"
                raise Stop(RenderProblem(RENDER_FAILED.id, message, location, "remove it"))

    def layers(self, given: Sequence[ValuesLayer]) -> tuple[list[Layer], list[RenderProblem]]:
        """The layers that can be read, and what is wrong with the others."""
        layers: list[Layer] = []
        problems: list[RenderProblem] = []
        for values in given:
            layer = Layer(values, self.places)
            if not layer.is_encrypted:
                layers.append(layer)
                problems.extend(layer.problems())
                continue
            what = values.file or self.unit.name
            if not values.optional:
                reason = "its values are encrypted (SOPS), so the release that they belong to is not rendered"
                place = layer.locate() or self.owner
                problem = RenderProblem(NOT_FOLLOWED.id, f"{sentence(what)}: {reason}", place)
                raise Stop(problem, unchecked=[(what, reason)])
            self.unchecked.append((what, "its values are encrypted (SOPS): the release is rendered without them"))
        return layers, problems

    def _chart(self) -> ChartFolder | None:
        """The chart in the tree, None for one from elsewhere.

        Raises:
            Stop: Helm would refuse it at the first look.
        """
        asked = self.build.chart
        if asked.folder is None:
            refused = helm_remote.refusal(asked.repository, asked.name, asked.version, self.settings)
            if refused is not None:
                message = f"{_the_chart(self.build)} is not rendered: {refused[0]}"
                problem = RenderProblem(NOT_FOLLOWED.id, message, self.owner, refused[1])
                raise Stop(problem, unchecked=[(f"{self.owner.file}: {_the_chart(self.build)}", refused[0])])
            return None
        chart = chart_at(asked.folder, self.places)
        if chart is None:
            message = f"there is no chart in {sentence(asked.folder) or 'the root'}: it has no Chart.yaml"
            raise Stop(RenderProblem(CHART_INVALID.id, message, self.owner, "correct the path, or add the chart"))
        if chart.data.get("type") == "library":
            raise Stop(
                RenderProblem(
                    CHART_INVALID.id,
                    "a library chart holds templates for other charts and nothing that can be applied",
                    chart.locate(("type",)),
                    "deploy a chart that depends on it, or make it an application chart",
                )
            )
        return chart

    def _fetched(self, program: Program, workspace: Workspace) -> str:
        """The path of a chart from elsewhere."""
        asked = self.build.chart
        content = helm_remote.fetch(program, asked.repository, asked.name, asked.version, self.settings)
        workspace.write("chart.tgz", content)
        return "chart.tgz"

    def lay_out(self, chart: ChartFolder, program: Program, workspace: Workspace) -> None:
        """Place a chart with everything that it is put together from.

        Raises:
            Stop: a dependency is not there and cannot be brought.
        """
        # What cannot be brought is found before anything is fetched.
        brought = [(one, self._local(one, chart) if one.is_local else None) for one in chart.missing]
        for one, local in brought:
            if local is None:
                self._check_remote(one, chart)
        if brought and not chart.lock_is_current:
            self._check_lock(chart)
        self._check_vendored(chart)
        workspace.place(sorted(chart.files))
        # A chart that is asked for twice, by two aliases, is brought once.
        for name, local in {local.folder: (one.name, local) for one, local in brought if local is not None}.values():
            self._pack(name, local, chart, program, workspace)
        for one, local in brought:
            if local is None:
                version = chart.locked.get(one.name, one.version)
                content = helm_remote.fetch(program, one.repository, one.name, version, self.settings)
                workspace.write(_in(chart.folder, f"charts/{one.name}-{version}.tgz"), content)

    def _check_lock(self, chart: ChartFolder) -> None:
        """Say that a lock file is not one of the dependencies any more; Argo CD and ``helm`` stop there."""
        owner = self.unit.owner
        stops = owner is not None and owner.ref.kind == "Application"
        problem = RenderProblem(
            CHART_INVALID.id,
            f"{chart.lock.rpartition('/')[2]} was made of other dependencies than the chart has now",
            self.places.field(chart.lock, ("digest",)),
            "run `helm dependency update` and commit what it writes",
            level=None if stops else Level.WARNING,
            fatal=stops,
        )
        if stops:
            raise Stop(problem)
        self.problems.append(problem)

    def _check_vendored(self, chart: ChartFolder) -> None:
        """Say which charts in charts/ are of another version than is asked for: Helm renders them all the same."""
        named = Counter(one.name for one in chart.dependencies)
        for one in chart.dependencies:
            here = chart.vendored.get(one.name)
            if here is None or named[one.name] > 1:
                continue
            path = here if isinstance(here, str) else here.folder
            version = version_in(here) if isinstance(here, str) else str(here.data.get("version", ""))
            for wanted in (chart.locked.get(one.name, ""), one.version):
                if version and helm_remote.is_exact(wanted) and wanted.removeprefix("v") != version.removeprefix("v"):
                    locked = chart.locked.get(one.name) == wanted
                    asks = chart.lock.rpartition("/")[2] if locked else one.file.rpartition("/")[2]
                    self.problems.append(
                        RenderProblem(
                            CHART_INVALID.id,
                            f"the dependency {sentence(one.name)} is {sentence(version)} in {sentence(path)}, and "
                            f"{asks} asks for {sentence(wanted)}",
                            self.places.field(one.file, (*one.path, "version")),
                            "run `helm dependency update` and commit what it writes, or correct the version",
                            level=Level.WARNING,
                            fatal=False,
                        )
                    )
                    break

    def _local(self, one: Dependency, chart: ChartFolder) -> ChartFolder:
        local = chart.beside(one)
        if local is None:
            place = self.places.field(one.file, (*one.path, "repository"))
            raise Stop(
                RenderProblem(
                    CHART_INVALID.id,
                    f"the dependency {sentence(one.name)} is to be at {sentence(one.repository)}, "
                    "and there is no chart in this repository",
                    place,
                    "correct the path; it is read from the chart's folder",
                )
            )
        version = str(local.data.get("version", ""))
        for wanted in (chart.locked.get(one.name, ""), one.version):
            if helm_remote.is_exact(wanted) and wanted.removeprefix("v") != version.removeprefix("v"):
                locked = chart.locked.get(one.name) == wanted
                raise Stop(
                    RenderProblem(
                        CHART_INVALID.id,
                        f"the dependency {sentence(one.name)} is {sentence(version)} in {sentence(local.file)}, and "
                        f"{'Chart.lock' if locked else 'this chart'} asks for {sentence(wanted)}",
                        self.places.field(one.file, (*one.path, "version")),
                        "run `helm dependency update` and commit Chart.lock, or correct the version",
                    )
                )
        return local

    def _check_remote(self, one: Dependency, chart: ChartFolder) -> None:
        version = chart.locked.get(one.name, one.version)
        shown = sentence(one.name)
        if not one.repository:
            raise Stop(
                RenderProblem(
                    CHART_INVALID.id,
                    f"the dependency {shown} names no repository, and it is not in charts/",
                    self.places.field(one.file, one.path),
                    "put it into charts/, or say where it is found: `repository`",
                )
            )
        refused = helm_remote.refusal(one.repository, one.name, version, self.settings)
        if refused is not None:
            message = f"the chart is not rendered: its dependency {shown} is not in charts/, and {refused[0]}"
            place = self.places.field(one.file, (*one.path, "repository"))
            problem = RenderProblem(NOT_FOLLOWED.id, message, place, refused[1])
            raise Stop(problem, unchecked=[(f"{one.file}: the chart {shown}", refused[0])])

    def _pack(self, name: str, local: ChartFolder, chart: ChartFolder, program: Program, workspace: Workspace) -> None:
        """Put a chart that lies beside another one into its charts/, as ``helm dependency build`` does."""
        workspace.place(sorted(local.files))
        # Helm packs one all the same that lacks dependencies of its own, but has no command for that.
        if local.missing or not may_ignore(local):
            workspace.write(_in(chart.folder, f"charts/{name}-0.tgz"), packed(local))
            return
        arguments = ("package", f"--destination={place_of(chart)}/charts", "--", place_of(local))
        result = run_renderer(program, arguments, cwd=workspace.folder, settings=self.settings)
        if result.code:
            site = Site(local, self.places, Values((), (), local), (), str(workspace.folder), Location(local.file))
            raise Stop(*problems_of(error_of(result.stderr.decode("utf-8", "replace")), site))

    def _arguments(self, program: Program, path: str, files: Sequence[str]) -> list[str]:
        build, settings = self.build, self.settings
        arguments = ["template"]
        arguments += [] if build.skip_crds else ["--include-crds"]
        arguments += [f"--namespace={build.namespace}"] if build.namespace else []
        version = full_version(build.kubernetes_version or settings.kubernetes_version)
        arguments += [f"--kube-version={version}"] if version else []
        arguments += [f"--api-versions={one}" for one in build.api_versions or settings.api_versions]
        arguments += files
        arguments += parameters_of(build)
        if build.skip_schema and _at_least(program, _SKIPS_SCHEMAS):
            arguments.append("--skip-schema-validation")
        return [*arguments, "--", build.release, path]

    def _template(self, program: Program, path: str, files: Sequence[str], site: Site, workspace: Workspace) -> bytes:
        arguments = self._arguments(program, path, files)
        result = self._run(program, arguments, workspace)
        error = _error(result)
        if error and schema_is_unreadable(error) and _at_least(program, _SKIPS_SCHEMAS):
            self.unchecked.append(
                (self.unit.name, "its values were not compared with the chart's schema, which refers to another host")
            )
            arguments.insert(1, "--skip-schema-validation")
            result = self._run(program, arguments, workspace)
            error = _error(result)
        self.notes += warnings_of(result.stderr.decode("utf-8", "replace"), site)
        if not error:
            return result.stdout
        template = rendered_template(error)
        if template is None:
            self._leave_unasked(error, site)
            raise Stop(*problems_of(error, site))
        shown = self._run(program, [arguments[0], "--debug", *arguments[1:]], workspace).stdout
        raise Stop(*problems_of_output(template, error, section(shown, template), site))

    def _leave_unasked(self, error: str, site: Site) -> None:
        """Blame nobody for a chart that nobody here deploys, and that whoever does has to give values."""
        asked = asked_for(error, site) if self.build.alone and not self.build.values else None
        if asked is not None:
            reason = f"it asks for more than its own values: {asked.message.removeprefix(REFUSED)}"
            problem = RenderProblem(
                NOT_FOLLOWED.id,
                f"{_the_chart(self.build)} is not rendered: {reason}",
                asked.location,
                "put values to try it with into its folder, as ci/NAME-values.yaml",
                level=Level.NOTE,
            )
            raise Stop(problem, unchecked=[(self.unit.name, reason)])

    def _run(self, program: Program, arguments: Sequence[str], workspace: Workspace) -> Result:
        return run_renderer(program, arguments, cwd=workspace.folder, settings=self.settings)


def _error(result: Result) -> str:
    return error_of(result.stderr.decode("utf-8", "replace")) or "it says nothing" if result.code else ""


def parameters_of(build: HelmBuild) -> list[str]:
    """The arguments that set single values."""
    return [f"--set{'-string' if one.text else ''}={one.name}={one.value}" for one in build.parameters]


def full_version(version: str) -> str:
    """A Kubernetes version with a patch version, as a cluster states it; "" stays what it is."""
    return f"{version}.0" if version.count(".") == 1 else version


def place_of(chart: ChartFolder) -> str:
    """A chart's folder in a workspace, written so that it cannot be taken for an option or a repository's name."""
    return f"./{chart.folder}" if chart.folder else "."


def _in(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _at_least(program: Program, version: tuple[int, int]) -> bool:
    return tuple(int(number) for number in program.version.split(".")[:2]) >= version
