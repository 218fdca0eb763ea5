"""What a build with Kustomize reads and what it must not: worked out from paths, before any program runs."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from gategit.checks.references.kustomize import (
    FILE_NAMES,
    Kustomization,
    KustomizeGraph,
    Link,
    LinkState,
    links_of,
    parse,
)
from gategit.checks.references.paths import Place, join, relative
from gategit.checks.references.shapes import Use
from gategit.manifests.decode import decode
from gategit.model import FieldPath, Location, format_path
from gategit.render.kustomize_overlay import SOURCE_IGNORE, Ignored, as_json, generated, merged, with_traces
from gategit.render.values import KustomizeBuild
from gategit.tree import EntryKind, Tree

REMOTE_FOLDER: Final = ".gategit-remote"
"""Where in a workspace stands what was fetched."""

REMOTE_FILE: Final = "resource.yaml"
"""What is called there a file that was fetched by itself."""

FETCH_IT: Final = "Take the line out that leaves it out, or name something that Flux fetches."
"""How what Flux's source leaves out comes to be built."""

GENERATORS: Final = ("configMapGenerator", "secretGenerator")
"""The fields of a kustomization that make objects of files."""

_MAX_LINKS: Final = 40
_FOLDERS: Final = (Use.RESOURCE, Use.COMPONENT, Use.PLUGIN)
_OUT: Final = {
    LinkState.REMOTE: "",
    LinkState.ABSOLUTE: "an absolute path",
    LinkState.OUTSIDE: "a path outside of the repository",
    LinkState.SUBMODULE: "which is in a submodule, another repository",
    LinkState.LINKED_OUT: "a symbolic link that leads out of the repository",
}
_NOWHERE: Final = (LinkState.MISSING, LinkState.VARIABLE)


@dataclass(frozen=True, slots=True)
class Step:
    """An entry of a kustomization that stands in the way of a build, and why.

    Attributes:
        one: the kustomization.
        link: the entry.
        reason: as the end of a sentence.
        said: whether the check of references says it as an error.
        can_be_dropped: whether the rest can be built without it.
        because: the line elsewhere that makes it so, if any.
        help: how to mend it, or "".
    """

    one: Kustomization
    link: Link
    reason: str
    said: bool = True
    can_be_dropped: bool = False
    because: Location | None = None
    help: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart that a kustomization has Helm render.

    Attributes:
        one: the kustomization.
        index: which of its charts, -1 for all of the old ``helmChartInflationGenerator``.
        name: the chart's name.
        folder: where it stands in the tree, None where it would have to be fetched.
        repository: the URL of the repository that it comes from, or "".
        version: the version that is wanted, or "".
        place: the folder in which Kustomize looks for it before it pulls it.
    """

    one: Kustomization
    index: int
    name: str
    folder: str | None
    repository: str
    version: str = ""
    place: str = ""

    @property
    def is_elsewhere(self) -> bool:
        """Whether it would have to be fetched."""
        return self.folder is None and bool(self.repository)

    @property
    def path(self) -> FieldPath:
        """The entry."""
        return ("helmCharts", self.index) if self.index >= 0 else (self.name,)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a build is made of.

    Attributes:
        folder: the folder that is built, by the path that leads through no link.
        file: the kustomization there, or the one that the agent writes.
        written: what is written into kustomizations, by file: into the one that is built all that the agent adds, with
            the wish to know where objects come from; into others what is left without the entries that are refused.
            Empty where nothing can be built.
        plain: the same without that wish.
        own: what the folder's own kustomization says, without what the agent adds.
        data: what it says with it.
        kept: the sorts of metadata that the kustomization itself asks for.
        root: the folder that everything lies in that is read or looked for.
        inputs: every path of the tree that is read, links on the way included.
        kustomizations: by file, the ones that take part.
        refused: entries that lead out of the tree. Those of lists of resources and components are left out of what is
            built, with any other nothing is built.
        nowhere: entries that lead to nothing.
        charts: what Helm renders.
        pulled: those of them that were fetched, by file and entry.
        problem: why there is nothing to build at all, as the end of a sentence, or "".
        left_out: those of the inputs that the source leaves out, so that the agent does not have them.
    """

    folder: str
    file: str
    written: Mapping[str, bytes]
    plain: Mapping[str, bytes]
    own: Mapping[str, Any]
    data: Mapping[str, Any]
    kept: frozenset[str]
    root: str
    inputs: frozenset[str]
    kustomizations: Mapping[str, Kustomization]
    refused: tuple[Step, ...] = ()
    nowhere: tuple[Step, ...] = ()
    charts: tuple[Chart, ...] = ()
    pulled: frozenset[tuple[str, FieldPath]] = frozenset()
    problem: str = ""
    left_out: frozenset[str] = frozenset()


def plan(
    build: KustomizeBuild,
    graph: KustomizeGraph,
    tree: Tree,
    fetched: Mapping[str, str] = MappingProxyType({}),
    pulled: Collection[tuple[str, FieldPath]] = (),
) -> Plan:
    """Work out what a build reads.

    Args:
        build: what is built.
        graph: the tree's kustomizations.
        tree: the tree.
        fetched: the folders that take the place of remote entries.
        pulled: the charts that were fetched, by file and entry.
    """
    return _Planner(build, graph, tree, fetched, pulled).plan()


def inputs_of(build: KustomizeBuild, graph: KustomizeGraph, tree: Tree) -> frozenset[str]:
    """Every path of the tree that a build reads, the links on the way to them included: a plan's inputs, in less time.

    Args:
        build: what is built.
        graph: the tree's kustomizations.
        tree: the tree.
    """
    return _Planner(build, graph, tree, {}, (), writes=False).plan().inputs


class _Planner:
    def __init__(  # noqa: PLR0913  what a plan is made of
        self,
        build: KustomizeBuild,
        graph: KustomizeGraph,
        tree: Tree,
        fetched: Mapping[str, str],
        pulled: Collection[tuple[str, FieldPath]],
        *,
        writes: bool = True,
    ) -> None:
        self._build = build
        self._fetched = fetched
        self._pulled = pulled
        self._writes = writes
        self._graph = graph
        self._tree = tree
        self._index = graph.index
        self._inputs: set[str] = set()
        self._seen: dict[str, Kustomization] = {}
        self._refused: list[Step] = []
        self._nowhere: list[Step] = []
        self._charts: list[Chart] = []
        self._left: set[str] = set()
        is_asked = build.generate and (build.ignore or SOURCE_IGNORE in graph.index.by_name)
        self._ignored = Ignored(graph.index, tree, build.ignore) if is_asked else None

    def plan(self) -> Plan:
        found = self._index.find(self._build.folder)
        self._add(self._build.folder)
        if found.place is not Place.FOLDER:
            return self._nothing(self._build.folder, "there is no such folder")
        folder = found.path
        if self._is_left_out(folder):
            return self._nothing(folder, f"{SOURCE_IGNORE} leaves all of it out, so that Flux finds no such folder")
        top = self._graph.kustomizations.get(folder)
        if top is not None and self._leave_out(top.file):
            top = None
        if top is None and (folder in self._graph.foreign or not self._build.generate):
            return self._without_kustomization(folder)
        if top is not None and top.others:
            self._inputs.update((top.file, *top.others))
            return self._nothing(folder, "it has two kustomization files")
        content, data = self._own(top, folder)
        if data is None:
            return self._nothing(folder, "its kustomization cannot be read")
        return self._with_overlay(top, folder, content, data)

    def _is_left_out(self, folder: str) -> bool:
        """Whether the agent does not even have a folder."""
        if self._ignored is None:
            return False
        prefix = f"{folder}/" if folder else ""
        below = [path for path in self._index.entries if path.startswith(prefix)]
        return all(self._ignored(path) for path in below) and all(map(self._leave_out, below))

    def _leave_out(self, path: str) -> bool:
        """Whether the source leaves a file out; then that is noted, with the file that says so."""
        if self._ignored is None or not self._ignored(path):
            return False
        self._left.add(path)
        said = self._ignored.where(path)
        self._inputs.update({path} if said is None else {path, said.file})
        return True

    def _without_kustomization(self, folder: str) -> Plan:
        if folder in self._graph.foreign:
            return self._nothing(folder, "its kustomization file holds another kind of object")
        if any(file.rpartition("/")[0] == folder for file, _ in self._graph.unread):
            return self._nothing(folder, "its kustomization cannot be read")
        return self._nothing(folder, "it has no kustomization")

    def _nothing(self, folder: str, problem: str) -> Plan:
        file = f"{folder}/{FILE_NAMES[0]}" if folder else FILE_NAMES[0]
        top = self._graph.kustomizations.get(folder)
        return Plan(
            folder,
            top.file if top else self._graph.foreign.get(folder, file),
            {},
            {},
            {},
            {},
            frozenset(),
            "",
            frozenset(self._inputs),
            self._seen,
            problem=problem,
            left_out=frozenset(self._left),
        )

    def _own(self, top: Kustomization | None, folder: str) -> tuple[bytes, dict[str, Any] | None]:
        """The folder's kustomization, or the one that Flux writes, as text and as data."""
        if top is None:
            return b"", generated(self._index, self._tree, folder, self._build.ignore)
        self._add(top.file)
        if not self._writes and top.parsed.readable and not top.parsed.charts and not self._build.overlay:
            return b"", {}  # what it names is known already
        content = self._tree.read(self._index.find(top.file).path)
        if not top.parsed.readable:
            return content, None
        documents = [one for one in decode(content, FILE_NAMES[0]).documents if one.index == top.parsed.document]
        data = documents[0].data if documents else None
        return content, data if isinstance(data, dict) else {}

    def _with_overlay(self, top: Kustomization | None, folder: str, content: bytes, data: dict[str, Any]) -> Plan:
        file = top.file if top else (f"{folder}/{FILE_NAMES[0]}" if folder else FILE_NAMES[0])
        overlay = json.loads(self._build.overlay) if self._build.overlay else {}
        own: Mapping[str, Any] = data if top else {}
        if self._build.generate and top is not None and not data.get("resources"):
            # Flux asks for this so that no kustomization is empty, and the annotations reach the cluster.
            data = {**data, "buildMetadata": ["originAnnotations"]}
            content = b""
        if overlay or top is None:
            data = merged(data, overlay)
            parsed = parse(as_json(data))
            content = b""
        else:
            parsed = top.parsed
        top = Kustomization(file, folder, parsed, links_of(self._index, folder, parsed))
        self._walk(top, data)
        asked = data.get("buildMetadata")
        # Flux has even an empty kustomization built, to nothing.
        empty = not self._build.free and any(flaw.subject == "empty" for flaw in parsed.flaws)
        written = self._writes and not empty
        return Plan(
            folder,
            file,
            self._written(top, content, data, traced=True) if written else {},
            self._written(top, content, data, traced=False) if written else {},
            own,
            data,
            frozenset(one for one in asked if isinstance(one, str)) if isinstance(asked, list) else frozenset(),
            self._root(folder),
            frozenset(self._inputs),
            self._seen,
            tuple(self._refused),
            tuple(self._nowhere),
            tuple(self._charts),
            frozenset(self._pulled),
            problem="its kustomization is empty" if empty else "",
            left_out=frozenset(self._left),
        )

    def _root(self, folder: str) -> str:
        names = folder.split("/") if folder and not self._fetched and not self._pulled else []
        looked_for = (step.link.path for step in self._nowhere if step.link.state is LinkState.MISSING)
        for path in (*self._inputs, *looked_for):
            while names and not path.startswith(f"{'/'.join(names)}/"):
                names.pop()
        return "/".join(names)

    def _dropped(self, one: Kustomization) -> set[FieldPath]:
        """The entries of a kustomization without which the rest can be built."""
        steps = {
            step.link.reference.path for step in self._refused if step.one.file == one.file and step.can_be_dropped
        }
        charts = {chart.path for chart in self._charts if chart.one.file == one.file and chart.is_elsewhere}
        return steps | {path for path in charts if (one.file, path) not in self._pulled}

    def _replaced(self, one: Kustomization) -> dict[FieldPath, str]:
        """The entries of a kustomization that were fetched, with what takes their place."""
        found: dict[FieldPath, str] = {}
        for link in one.links:
            reference = link.reference
            if link.state is LinkState.REMOTE and reference.text in self._fetched:
                folder = self._fetched[reference.text]
                if len(reference.path) == 2:
                    found[reference.path] = relative(folder, one.folder)
                elif reference.use is Use.KEY_VALUE_FILE:
                    key = reference.scope.removeprefix(f"{format_path(reference.path[:-1])} ")
                    found[reference.path] = f"{key}={folder}/{REMOTE_FILE}"
                else:
                    found[reference.path] = f"{folder}/{REMOTE_FILE}"
        return found

    def _written(
        self, top: Kustomization, content: bytes, data: Mapping[str, Any], *, traced: bool
    ) -> dict[str, bytes]:
        """The kustomizations that are built otherwise than they stand in the tree.

        A validator is refused where an object changes under it, and to trace an object is to change it: where objects
        are traced there are no validators.
        """
        found: dict[str, bytes] = {}
        for one in self._seen.values():
            validates = any(link.reference.path[0] == "validators" for link in one.links)
            dropped = self._dropped(one) | ({("validators",)} if traced and validates else set())
            replaced = self._replaced(one)
            if one.file == top.file:
                left = _left(data, dropped, replaced)
                text = content if left == data else b""
                found[one.file] = with_traces(text, left) if traced else text or as_json(left)
            elif dropped or replaced:
                found[one.file] = as_json(_left(self._data(one), dropped, replaced))
            elif validates:
                found[one.file] = self._tree.read(self._index.find(one.file).path)
        return found

    def _walk(self, top: Kustomization, data: Mapping[str, Any]) -> None:
        """Follow every entry of a kustomization and of those that it builds on. A loop, not a recursion."""
        self._seen[top.file] = top
        if top.parsed.charts:
            self._look_at_charts(top, data)
        # With each, for what configures a generator or transformer: the folder that its paths are relative to.
        waiting: list[tuple[Kustomization, str | None]] = [(top, None)]
        while waiting:
            one, configures = waiting.pop()
            for link in one.links:
                plugin = one.folder if link.reference.use is Use.PLUGIN else configures
                self._follow(one, link, plugin if link.reference.use in (Use.PLUGIN, Use.RESOURCE) else None)
                base = self._graph.kustomizations.get(link.path) if link.state is LinkState.FOLDER else None
                seen = base is None or base.file in self._seen or base.file in self._left
                if base is not None and not seen and link.reference.use in _FOLDERS:
                    self._seen[base.file] = base
                    self._inputs.update(base.others)
                    self._add(base.file)
                    if base.parsed.charts:
                        self._look_at_charts(base, self._data(base))
                    waiting.append((base, plugin))

    def _data(self, one: Kustomization) -> Mapping[str, Any]:
        decoded = decode(self._tree.read(self._index.find(one.file).path), FILE_NAMES[0])
        data = decoded.documents[0].data if decoded.documents else None
        return data if isinstance(data, dict) else {}

    def _follow(self, one: Kustomization, link: Link, plugin: str | None) -> None:
        """Look at one entry; ``plugin``: the folder that the paths are relative to in what it names, if it has any."""
        reference, state = link.reference, link.state
        if self._is_barred(one, link, plugin):
            return
        if state is LinkState.INLINE:
            if plugin is not None:
                self._look_at_plugins(one, link, plugin, reference.text.encode("utf-8", "surrogateescape"))
            return
        path = join(one.folder, reference.text)
        if path is not None:
            self._add(path)
        if state is LinkState.FILE:
            self._inputs.add(link.path)
            if plugin is not None:
                self._look_at_plugins(one, link, plugin, self._tree.read(link.path))
        elif reference.use is Use.CHART_HOME:
            self._add_folder(link.path)
        elif reference.use in _FOLDERS and link.path not in self._graph.kustomizations:
            self._nowhere.append(Step(one, link, "a folder without a kustomization"))

    def _is_barred(self, one: Kustomization, link: Link, plugin: str | None) -> bool:
        """Whether an entry leads to nothing that could be looked at."""
        if link.state in _NOWHERE:
            self._nowhere.append(Step(one, link, "which is not there"))
        elif self._ignored is not None and self._leave_out(self._wanted_of(link)):
            because = self._ignored.where(self._wanted_of(link))
            reason = f"which {SOURCE_IGNORE if because else 'the source'} leaves out, so that Flux does not have it"
            self._nowhere.append(Step(one, link, reason, because=because, help=FETCH_IT))
            return True
        elif link.state in _OUT and not (link.state is LinkState.REMOTE and link.reference.text in self._fetched):
            self._refuse(one, link, plugin)
        return link.state in _NOWHERE or link.state in _OUT

    def _wanted_of(self, link: Link) -> str:
        """The file that an entry cannot do without."""
        base = self._graph.kustomizations.get(link.path) if link.state is LinkState.FOLDER else None
        return link.path if base is None else base.file

    def _refuse(self, one: Kustomization, link: Link, plugin: str | None) -> None:
        reference, state = link.reference, link.state
        # What the agent can fetch and gategit does not; with anything else the agent's own build fails.
        is_listed = reference.use in (Use.RESOURCE, Use.COMPONENT) and len(reference.path) == 2
        is_data = reference.path[0] in GENERATORS and len(reference.path) == 4
        droppable = state in (LinkState.REMOTE, LinkState.SUBMODULE) and (is_listed or is_data) and plugin is None
        said = state in (LinkState.ABSOLUTE, LinkState.OUTSIDE)
        self._refused.append(Step(one, link, _OUT[state], said=said, can_be_dropped=droppable))

    def _look_at_plugins(self, one: Kustomization, link: Link, folder: str, content: bytes) -> None:
        """The files that the configuration of a built-in generator or transformer names."""
        for document in decode(content, FILE_NAMES[0]).documents:
            for text in _plugin_files(document.data):
                path = join(folder, text)
                found = None if path is None else self._index.find(path)
                if path is None or found is None or found.place in (Place.OUTSIDE, Place.SUBMODULE):
                    reason = f'which names "{text}", a path outside of the repository'
                    self._refused.append(Step(one, link, reason, said=False))
                elif found.place is Place.MISSING:
                    self._nowhere.append(Step(one, link, f'which names "{text}", and that is not there', said=False))
                elif found.place is Place.FILE:
                    self._add(path)
                elif found.place is Place.FOLDER:
                    self._add_folder(found.path)

    def _look_at_charts(self, one: Kustomization, data: Mapping[str, Any]) -> None:
        if self._build.free:  # Flux lets no kustomization run Helm, and says so
            return
        settings = data.get("helmGlobals")
        home = settings.get("chartHome") if isinstance(settings, dict) else None
        home = home if isinstance(home, str) and home else "charts"
        charts = data.get("helmCharts")
        for index, chart in enumerate(charts if isinstance(charts, list) else ()):
            if isinstance(chart, dict):
                self._charts.append(self._chart(one, index, chart, home))
        if data.get("helmChartInflationGenerator"):
            self._charts.append(Chart(one, -1, "helmChartInflationGenerator", None, "a repository of charts"))

    def _chart(self, one: Kustomization, index: int, chart: Mapping[str, Any], home: str) -> Chart:
        name, version, repository = (_text(chart, field) for field in ("name", "version", "repo"))
        # Kustomize pulls a chart of some version into a folder of that version.
        text = f"{home}/{name}-{version}/{name}" if version and repository else f"{home}/{name}"
        path = join(one.folder, text)
        found = None if path is None or not name else self._index.find(path)
        folder = found.path if found is not None and found.place is Place.FOLDER else None
        if folder is not None and path is not None:
            self._add(path)
            self._add_folder(folder)
        return Chart(one, index, name, folder, repository, version, join(one.folder, text.rpartition("/")[0]) or "")

    def _add_folder(self, folder: str) -> None:
        prefix = f"{folder}/" if folder else ""
        self._inputs.update(path for path in self._index.entries if path.startswith(prefix))

    def _add(self, path: str) -> None:
        """Count a file in, with every symbolic link on the way to it."""
        for _ in range(_MAX_LINKS):
            entry = self._index.entries.get(path)
            if entry is not None and entry.kind is EntryKind.FILE:
                self._inputs.add(path)
                return
            link = next((one for one in _above(path) if self._is_link(one)), None)
            if link is None:
                return
            self._inputs.add(link)
            text = self._tree.read(link).decode("utf-8", "surrogateescape")
            target = join(link.rpartition("/")[0], text)
            if target is None:
                return
            path = join(target, path[len(link) + 1 :] or ".") or ""

    def _is_link(self, path: str) -> bool:
        entry = self._index.entries.get(path)
        return entry is not None and entry.kind is EntryKind.SYMLINK


def _left(data: Mapping[str, Any], dropped: Collection[FieldPath], replaced: Mapping[FieldPath, str]) -> dict[str, Any]:
    """A kustomization without some of its fields and entries of lists, and with others for some."""
    left: dict[Any, Any] = deepcopy(dict(data))
    for path, text in replaced.items():
        _holder(left, path)[path[-1]] = text
    # The last entry of a list first, so that the others keep their numbers.
    for path in sorted(dropped, key=lambda path: path[-1] if isinstance(path[-1], int) else 0, reverse=True):
        holder = _holder(left, path)
        if path[-1] in holder if isinstance(holder, dict) else True:
            del holder[path[-1]]
    return left


def _holder(data: Any, path: FieldPath) -> Any:
    """The mapping or list that holds a field."""
    for step in path[:-1]:
        data = data[step]
    return data


def is_sealed(content: bytes) -> bool:
    """Whether a file is encrypted with SOPS, in any of the formats that it writes."""
    return b"ENC[AES256_GCM," in content and b"sops" in content


def _above(path: str) -> Iterator[str]:
    names = path.split("/")
    return ("/".join(names[:depth]) for depth in range(1, len(names) + 1))


def _text(data: Mapping[str, Any], field: str) -> str:
    value = data.get(field)
    return value if isinstance(value, str) else ""


def _plugin_files(data: Any) -> Iterator[str]:
    """What the configuration of a built-in generator or transformer names, by the fields that hold paths."""
    if not isinstance(data, dict):
        return
    for field in ("path", "env", "valuesFile"):
        if _text(data, field):
            yield _text(data, field)
    for field in ("paths", "envs", "additionalValuesFiles"):
        yield from _texts(data.get(field))
    for text in _texts(data.get("files")):
        yield text.rpartition("=")[2]
    replacements = data.get("replacements")
    for entry in replacements if isinstance(replacements, list) else ():
        if isinstance(entry, dict) and _text(entry, "path"):
            yield _text(entry, "path")
    if data.get("kind") == "HelmChartInflationGenerator" and _text(data, "name"):
        yield f"{_text(data, 'chartHome') or 'charts'}/{_text(data, 'name')}"


def _texts(value: Any) -> Iterator[str]:
    for text in value if isinstance(value, list) else ():
        if isinstance(text, str) and "\n" not in text:
            yield text
