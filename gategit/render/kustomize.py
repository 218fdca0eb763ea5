"""``kustomize build`` of a folder of a tree, as an agent runs it, by the real program."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from gategit.checks.references.kustomizations import NOT_LOOKED_AT
from gategit.checks.references.kustomize import KustomizeGraph, LinkState
from gategit.checks.references.shapes import Use
from gategit.errors import UndecidedError
from gategit.model import FieldPath, Location, format_path
from gategit.process import Result
from gategit.render.kustomize_errors import explain, nowhere
from gategit.render.kustomize_output import objects, read
from gategit.render.kustomize_places import Places
from gategit.render.kustomize_plan import FETCH_IT, GENERATORS, Chart, Plan, Step, is_sealed, plan
from gategit.render.programs import Program, common_cause, find_program
from gategit.render.rules import NOT_FOLLOWED, NOT_RENDERED, RENDER_FAILED
from gategit.render.running import run_renderer
from gategit.render.values import KustomizeBuild, Rendered, RenderedObject, RenderProblem, RenderSettings, Trace, Unit
from gategit.render.workspace import PlaceError, Workspace
from gategit.tree import Tree, TreeEntry

_VENDOR: Final = (
    "Bring the files into the repository, or allow the host under render.remotes in the config and name one version "
    "of what is fetched."
)
_INSIDE: Final = "Copy the file into the repository, and name it by a relative path that leads through it alone."
_SENSITIVE: Final = re.compile(
    rb"(?<!metadata)/annotations"
    rb"|(?<![\w~*\]-]/)metadata/annotations"
    rb"|(?<![\w*\]-]\.)metadata\.annotations"
    rb"|kustomize\.config\.k8s\.io/needs-hash"
)
"""What in a patch, a replacement or a generator could come out otherwise because of the annotations that trace.

Those that trace are the object's own: what asks for a template's annotations does not see them.
"""


def build_kustomize(unit: Unit, tree: Tree, graph: KustomizeGraph, settings: RenderSettings) -> Rendered:
    """Build a unit with Kustomize. Never raises for what the tree holds; may be called from several threads.

    What leads out of the tree is decided before anything runs; the program sees a copy of the files that the build
    reads, and nothing else.
    """
    if not isinstance(unit.build, KustomizeBuild):
        raise TypeError(f"{unit.name} is not built with Kustomize")
    tree = _Remembered(tree)
    try:
        made = plan(unit.build, graph, tree)
        fetched = _fetch(made, settings)
        if fetched.files:
            made = plan(unit.build, graph, tree, fetched.folders, fetched.charts)
    except UndecidedError as error:
        top = graph.kustomizations.get(unit.build.folder)
        location = unit.owner.location if unit.owner else Location(top.file if top else unit.build.folder)
        problem = RenderProblem(NOT_RENDERED.id, error.message, location, error.hint)
        return Rendered(unit, problems=(problem,), lasting=False)
    places = Places(unit, made, tree)
    rendered = Rendered(
        unit,
        inputs=made.inputs,
        unchecked=(*_unchecked(made), *_sealed(made, tree)),
        lasting=not fetched.files and not fetched.failed,
    )
    refused = tuple(_refused(made, places, fetched))
    if not made.written:
        return replace(rendered, problems=(_nothing(made, places),))
    if any(not step.can_be_dropped for step in made.refused):
        return replace(rendered, problems=refused)
    try:
        answers = _run(unit.build, made, tree, settings, fetched.files)
    except UndecidedError as error:
        return replace(rendered, problems=(*refused, _undecided(unit, places, error)), lasting=False)
    decisive = answers[1] or answers[0]
    if decisive.code:
        # With entries left out, whatever it lacks may be in what is not there.
        why = (*refused, *nowhere(made, places)) if refused else tuple(explain(decisive, made, places))
        return replace(rendered, problems=why)
    rest = tuple(replace(problem, fatal=False) for problem in refused)
    return _rendered(replace(rendered, problems=rest), made, places, answers, _Reader(graph, made, settings))


class _Remembered:
    """A tree whose files are read once, for as long as a build takes."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._contents: dict[str, bytes] = {}

    @property
    def name(self) -> str:
        """The tree's own name."""
        return self._tree.name

    def entries(self) -> Mapping[str, TreeEntry]:
        """Every path."""
        return self._tree.entries()

    def read(self, path: str) -> bytes:
        """The content of a file.

        Raises:
            KeyError: no such path.
        """
        content = self._contents.get(path)
        if content is None:
            content = self._contents[path] = self._tree.read(path)
        return content


class _Reader:
    """Reads what the program prints."""

    def __init__(self, graph: KustomizeGraph, made: Plan, settings: RenderSettings) -> None:
        self._graph = graph
        self._made = made
        self._limit = settings.output

    def read(self, answer: Result) -> tuple[tuple[RenderedObject, ...], str]:
        """The objects, and why they cannot be read, or ""."""
        decoded = read(answer.stdout, self._limit)
        if decoded.problems:
            return (), decoded.problems[0].message
        return objects(decoded, self._made.folder, self._made.kept, self._resolved), ""

    def _resolved(self, path: str) -> str:
        return self._graph.index.find(path).path


def _rendered(
    rendered: Rendered, made: Plan, places: Places, answers: tuple[Result, Result | None], reader: _Reader
) -> Rendered:
    answer, bare = answers
    found, problem = reader.read(answer) if answer.code == 0 else ((), "")
    if bare is not None and not problem:
        plain, problem = reader.read(bare)
        traces = [one.trace for one in found] if len(found) == len(plain) else [Trace()] * len(plain)
        found = tuple(RenderedObject(one.data, trace) for one, trace in zip(plain, traces, strict=True))
    if problem:
        message = f"What {made.file} renders to cannot be read: {problem}"
        unread = RenderProblem(NOT_RENDERED.id, message, places.top())
        return replace(rendered, problems=(*rendered.problems, unread))
    notes = tuple(line.removeprefix("# ").strip() for line in answer.error_text.splitlines() if line.strip())
    return replace(rendered, objects=found, notes=notes)


@dataclass(frozen=True, slots=True)
class _Fetched:
    """What was fetched for a build.

    Attributes:
        folders: by the text of an entry, the folder that takes its place.
        charts: the charts, by file and entry.
        files: what is written for all of it.
        problems: by the text of an entry, or the repository and name of a chart, why it was not fetched, as the end of
            a sentence.
        failed: those of them that the config allows, so that only the attempt failed.
    """

    folders: dict[str, str] = field(default_factory=dict)
    charts: set[tuple[str, FieldPath]] = field(default_factory=set)
    files: dict[str, bytes] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)

    def give_up(self, name: str, why: str) -> None:
        """Note that something could not be fetched that the config allows."""
        self.problems[name] = f"but {why}"
        self.failed.add(name)


def _fetch(made: Plan, settings: RenderSettings) -> _Fetched:
    """Fetch what the config allows."""
    found = _Fetched()
    if not settings.remotes:
        return found
    from gategit.render.kustomize_remote import fetch, refusal  # noqa: PLC0415  few configs allow any

    numbers: dict[str, int] = {}
    for step in made.refused:
        text, is_data = step.link.reference.text, len(step.link.reference.path) == 4
        if step.link.state is not LinkState.REMOTE or not step.can_be_dropped:
            continue
        why = refusal(text, settings, as_file=is_data)
        if why is not None:
            found.problems[text] = why
            continue
        try:
            one = fetch(text, numbers.setdefault(text, len(numbers)), settings)
        except UndecidedError as error:
            found.give_up(text, error.message)
        else:
            found.folders[text] = one.folder
            # Kustomize reads data from no folder above its own.
            start = f"{step.one.folder}/" if is_data and step.one.folder else ""
            found.files.update({f"{start}{path}": content for path, content in one.files.items()})
    for chart in made.charts:
        if chart.is_elsewhere and chart.index >= 0:
            _pull(chart, found, settings)
    return found


def _pull(chart: Chart, found: _Fetched, settings: RenderSettings) -> None:
    """Fetch a chart."""
    from gategit.render.kustomize_remote import RefusedError, fetch_chart  # noqa: PLC0415  few configs allow any

    name = f"{chart.repository} {chart.name}"
    try:
        found.files.update(fetch_chart(chart, settings))
    except RefusedError as error:
        found.problems[name] = f"but {error.message}"
    except UndecidedError as error:
        found.give_up(name, error.message)
    else:
        found.charts.add((chart.one.file, chart.path))


def _run(
    build: KustomizeBuild, made: Plan, tree: Tree, settings: RenderSettings, fetched: Mapping[str, bytes]
) -> tuple[Result, Result | None]:
    """Run the program; a second time without asking where objects come from, where that could change what comes out."""
    program = find_program("kustomize", settings)
    arguments = ["build", "."]
    others: tuple[Program, ...] = ()
    if build.free:
        arguments += ["--load-restrictor", "LoadRestrictionsNone"]
    elif any(chart.folder is not None or (chart.one.file, chart.path) in made.pulled for chart in made.charts):
        helm = find_program("helm", settings)
        others = (helm,)
        arguments += _helm_arguments(helm, settings)
    with Workspace(tree, settings, made.root) as workspace:
        workspace.place(sorted(made.inputs - made.left_out))
        for path, content in fetched.items():
            workspace.write(path, content)
        working_folder = workspace.folder / made.folder[len(made.root) :].lstrip("/")

        def once(kustomizations: Mapping[str, bytes]) -> Result:
            for file, content in kustomizations.items():
                workspace.write(file, content)
            found = run_renderer(
                program,
                arguments,
                cwd=working_folder,
                folder=workspace.folder,
                settings=settings,
                others=others,
            )
            return Result(found.code, found.stdout, _without(found.stderr, workspace.folder, made.root))

        answer = once(made.written)
        return answer, once(made.plain) if _is_sensitive(made, tree) else None


def _helm_arguments(helm: Program, settings: RenderSettings) -> list[str]:
    arguments = ["--enable-helm", "--helm-command", helm.path]
    if settings.kubernetes_version:
        arguments += ["--helm-kube-version", settings.kubernetes_version]
    for version in settings.api_versions:
        arguments += ["--helm-api-versions", version]
    return arguments


def _is_sensitive(made: Plan, tree: Tree) -> bool:
    """Whether anything in a kustomization, or in what it changes objects with, asks for annotations."""
    texts = [made.plain[made.file]]
    for one in made.kustomizations.values():
        if any(link.reference.path[0] == "validators" for link in one.links):
            return True
        paths = [one.file] if one.file != made.file else []
        paths += [link.path for link in one.links if link.state is LinkState.FILE and _changes(link.reference.use)]
        texts += [tree.read(path) for path in paths if path in made.inputs]
    return any(_SENSITIVE.search(text) for text in texts)


def _changes(use: Use) -> bool:
    return use in (Use.PATCH, Use.PATCH_OR_INLINE, Use.PLUGIN, Use.DATA)


def _without(text: bytes, folder: Path, root: str) -> bytes:
    """What a program says, with paths of the tree instead of those of the workspace."""
    disk, stands_for = str(folder).encode(), root.encode("utf-8", "surrogateescape")
    return text.replace(disk + b"/", stands_for + b"/" if root else b"").replace(disk, stands_for or b".")


def _unchecked(made: Plan) -> Iterator[tuple[str, str]]:
    for step in made.refused:
        yield f"{step.one.file}: {step.link.reference.text}", _reason(step)
    for chart in made.charts:
        if chart.is_elsewhere and (chart.one.file, chart.path) not in made.pulled:
            yield f"{chart.one.file}: chart {chart.name}", f"it is pulled from {chart.repository}"


def _sealed(made: Plan, tree: Tree) -> Iterator[tuple[str, str]]:
    """The encrypted files of generators: what is made of them is judged as it is encrypted."""
    reason = "it is encrypted with SOPS: encrypted values were not looked at"
    for one in made.kustomizations.values():
        files = (link for link in one.links if link.state is LinkState.FILE and link.reference.path[0] in GENERATORS)
        for link in files:
            if is_sealed(tree.read(link.path)):
                yield f"{one.file}: {link.reference.text}", reason


def _reason(step: Step) -> str:
    return NOT_LOOKED_AT.get(step.link.state, step.reason)


def _refused(made: Plan, places: Places, fetched: _Fetched) -> Iterator[RenderProblem]:
    """A problem for each entry that leads out of the tree."""
    for step in made.refused:
        path, text = step.link.reference.path, step.link.reference.text
        lost = "it is left out" if step.can_be_dropped else "nothing that builds on it is rendered"
        if step.link.state is LinkState.REMOTE:
            why = fetched.problems.get(text, "which is remote and not fetched")
            message = f'{format_path(path)} names "{text}", {why}: {lost}'
            rule = NOT_RENDERED if text in fetched.failed else NOT_FOLLOWED
            yield RenderProblem(rule.id, message, places.field(step.one, path), _VENDOR, path=path)
        else:
            message = f'{format_path(path)} names "{text}", {step.reason}: {lost}'
            named = RENDER_FAILED if step.said else NOT_RENDERED
            yield RenderProblem(named.id, message, places.field(step.one, path), _INSIDE, path=path)
    for chart in made.charts:
        if chart.is_elsewhere and (chart.one.file, chart.path) not in made.pulled:
            what = f"the chart {chart.name}" if chart.index >= 0 else "charts"
            name = f"{chart.repository} {chart.name}"
            why = fetched.problems.get(name, "which is not fetched")
            message = f"{format_path(chart.path)} pulls {what} from {chart.repository}, {why}: it is left out"
            rule = NOT_RENDERED if name in fetched.failed else NOT_FOLLOWED
            yield RenderProblem(rule.id, message, places.field(chart.one, chart.path), _VENDOR, path=chart.path)


def _nothing(made: Plan, places: Places) -> RenderProblem:
    folder = made.folder or "The root of the repository"
    message = f"{folder} cannot be built: {made.problem}"
    if made.left_out:
        return RenderProblem(RENDER_FAILED.id, message, places.asked(), FETCH_IT, path=("spec", "path"))
    return RenderProblem(RENDER_FAILED.id, message, places.top())


def _undecided(unit: Unit, places: Places, error: UndecidedError) -> RenderProblem:
    message = error.message if isinstance(error, PlaceError) else f"{unit.name} is not rendered: {error.message}"
    return RenderProblem(NOT_RENDERED.id, message, places.top(), error.hint, subject=common_cause(error))
