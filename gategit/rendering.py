"""What agents would apply of a tree: which units it holds, which of them a change reaches, and what comes of those.

Units are found in what files declare and, round by round, in what other units render: a HelmRelease that an overlay
patches, an Application that a chart makes. Only what the change can reach is rendered; every other unit is as it was.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeVar

from gategit.change import canonical
from gategit.checks.references.kustomize import LinkState
from gategit.checks.references.shapes import Use
from gategit.checks.references.sources import text_at
from gategit.errors import UndecidedError
from gategit.manifests.manifest import Role, UnitKey
from gategit.model import FieldPath, Location, ObjectRef
from gategit.render.remembered import Contents, RememberedTree
from gategit.render.values import (
    AgentObject,
    Build,
    HelmBuild,
    KustomizeBuild,
    Remote,
    Rendered,
    RenderedObject,
    RenderProblem,
    RenderSettings,
    Unit,
)
from gategit.render.world import World, ref_of
from gategit.render_cache import Keys, RenderCache, Wanted
from gategit.tree import EntryKind

if TYPE_CHECKING:
    from gategit.config import Config
    from gategit.manifests.file import ManifestFile
    from gategit.render.argocd_order import There
    from gategit.render.helm_units import LoneCharts
    from gategit.render.provenance import Provenance
    from gategit.repository import Trees
    from gategit.side import Facts, Side

FLUX_GROUPS: Final = (
    *("kustomize.toolkit.fluxcd.io", "helm.toolkit.fluxcd.io", "source.toolkit.fluxcd.io"),
    "fluxcd.controlplane.io",
)
ARGO_GROUP: Final = "argoproj.io"

_READ: Final = frozenset(
    {("v1", "ConfigMap"), ("v1", "Secret"), ("apiextensions.k8s.io/v1", "CustomResourceDefinition")}
)
"""What Flux's objects refer to, and what they have to wait for."""

_ARGO_SETTINGS: Final = frozenset({"argocd-cm", "argocd-cmd-params-cm"})
"""What Argo CD itself is told: whether kustomizations may load files from anywhere, how generators match files."""

Given = TypeVar("Given")

_SOURCE_IGNORE: Final = ".sourceignore"

_ROUNDS: Final = 8
"""How deep units may bring units: nobody nests applications deeper."""


def key_of(unit: Unit) -> UnitKey:
    """What names a unit in a tree, and pairs it with that of another tree."""
    return UnitKey(unit.name, unit.target)


def carried_files(rendered: Rendered, roles: Mapping[str, Role]) -> frozenset[str]:
    """The files whose objects come to the cluster as a unit renders them.

    Those are the resources and patches of a kustomization, and what is taken as it is. What is only read (the files of
    a generator, values) may be objects of its own, such as the HelmRelease or Application that asks for a chart.

    Args:
        rendered: what came of the unit.
        roles: what kustomizations say of files.
    """
    if rendered.failed:
        return frozenset()
    found = {one.trace.file for one in rendered.objects if one.trace.document is not None}
    if isinstance(rendered.unit.build, KustomizeBuild):
        found |= {path for path in rendered.inputs if roles.get(path) in (Role.MANIFEST, Role.PATCH)}
        # Of a folder without a kustomization, for which Flux writes one, no kustomization says anything.
        found |= {one.trace.file for one in rendered.objects if one.trace.file}
    return frozenset(found)


def lost_units(head: RenderedSide, base: RenderedSide) -> frozenset[UnitKey]:
    """The units of the base of which nobody knows what the head makes, because something is wrong with who asks.

    An agent that fails removes nothing: what it has applied stays. So it does where the agent lets go of it.
    """
    wrong = {one.location.file for one in head.problems if one.fatal}
    failed = {key_of(one.unit) for one in head.rendered if one.failed}
    found: set[UnitKey] = set()
    more = True
    while more:  # what a unit brings goes on as long as the unit does
        more = False
        for key, unit in base.units.items():
            owner = unit.owner
            if key in found or owner is None:
                continue
            asks = (unit.target, owner.ref) in head.agents or owner.location.file in wrong
            if key in head.units:  # what people are taken to build there stands in for no agent
                asks = False
                if is_brought(key, head.units) or not is_brought(key, base.units):
                    continue
            elif unit.outlives:
                asks = True
            if asks or owner.brought_by in failed or owner.brought_by in found:
                found.add(key)
                more = True
    return frozenset(found)


def left_units(
    head: Mapping[UnitKey, Unit], base: Mapping[UnitKey, Unit], folders: Collection[str]
) -> frozenset[UnitKey]:
    """The units of the head that come to no cluster.

    Either nothing builds their kustomization any more, or an agent does that the change brings, or the object that asks
    for them comes to the cluster no longer; and what such units bring.

    Args:
        head: the units after the change.
        base: the units before it.
        folders: the folders that held kustomizations before it.
    """
    found: set[UnitKey] = set()
    built = {
        (one.build.folder, one.target)
        for one in head.values()
        if one.owner is not None and isinstance(one.build, KustomizeBuild)
    }
    for key, unit in head.items():
        before = base.get(key)
        if unit.owner is None:
            build = unit.build
            if isinstance(build, KustomizeBuild) and (
                (before is None and build.folder in folders) or (build.folder, unit.target) in built
            ):
                found.add(key)
        elif is_brought(key, base) and not is_brought(key, head) and not base[key].outlives:
            found.add(key)
    waiting = bool(found)
    while waiting:
        below = {
            key
            for key, unit in head.items()
            if unit.owner is not None
            and unit.owner.brought_by is not None
            and UnitKey(*unit.owner.brought_by) in found
            and key not in found
            and is_brought(key, base)
        }
        found |= below
        waiting = bool(below)
    return frozenset(found)


def is_flux(ref: ObjectRef) -> bool:
    """Whether an object is one of Flux's."""
    return ref.api_version.rpartition("/")[0] in FLUX_GROUPS


def is_brought(key: UnitKey, units: Mapping[UnitKey, Unit]) -> bool:
    """Whether an agent brings the object that asks for a unit, whatever brings that agent's own."""
    seen: set[UnitKey] = set()
    while key not in seen:
        seen.add(key)
        owner = units[key].owner if key in units else None
        if owner is None:
            return False
        if owner.brought_by is None:
            return len(seen) > 1
        key = UnitKey(*owner.brought_by)
    return True


@dataclass(frozen=True, slots=True)
class RenderedSide:
    """What came of one side.

    Attributes:
        units: every unit, rendered or not.
        folders: the folders that hold kustomizations.
        agents: what agents read of it, with the targets.
        rendered: what was rendered, in the order in which it was found.
        problems: what is wrong with the objects that ask for units, and with the units together.
        unchecked: what could not be followed.
    """

    units: Mapping[UnitKey, Unit] = field(default_factory=dict)
    folders: frozenset[str] = frozenset()
    agents: frozenset[tuple[str | None, ObjectRef]] = frozenset()
    rendered: tuple[Rendered, ...] = ()
    problems: tuple[RenderProblem, ...] = ()
    unchecked: tuple[tuple[str, str], ...] = ()


def settings_of(config: Config, target: str | None, root: str) -> RenderSettings:
    """What the trusted config says of rendering for a target.

    Args:
        config: the config.
        target: the target's name, None for files of none.
        root: the repository's folder, "" where there is none.

    Raises:
        ConfigError: a program lies in the repository.
    """
    options = config.render
    found = config.target(target) if target is not None else None
    version = (found.kubernetes_version if found is not None else None) or config.kubernetes_version or ""
    clusters = tuple(
        {"name": one.cluster or one.name, "server": one.server, "labels": dict(one.labels), "target": one.name}
        for one in config.targets
    )

    def program(name: str, path: str | None) -> str | None:
        if path is not None and root and Path(path).expanduser().resolve().is_relative_to(Path(root).resolve()):
            raise config.error(
                ("render", name, "program"),
                f"render.{name}.program is in the repository, where a change could bring another one",
                "name one outside of it, or take the key out to use the one in PATH",
            )
        return path

    return RenderSettings(
        kustomize=program("kustomize", options.kustomize.program),
        helm=program("helm", options.helm.program),
        kustomize_version=options.kustomize.version,
        helm_version=options.helm.version,
        remotes=tuple(Remote(host, path) for host, path in options.remotes),
        timeout=float(options.timeout),
        memory=options.memory,
        output=options.output,
        files=options.files,
        kubernetes_version=version,
        clusters=clusters,
    )


class Rendering:
    """Finds and renders the units of one side.

    Args:
        side: the tree.
        facts: what its files declare.
        config: the trusted config.
        root: the repository's folder, "" where there is none: no program in it is started.
        urls: the URLs under which agents fetch this repository.
        gone: what the change removes.
        branches: the names of the branch that the tree is merged into.
        jobs: how many builds run side by side; None for one for each processor.
    """

    def __init__(  # noqa: PLR0913  one parameter for each part of what it works with
        self,
        side: Side,
        facts: Facts,
        config: Config,
        *,
        root: str,
        urls: Sequence[str] = (),
        gone: Collection[str] = (),
        branches: Collection[str] = (),
        jobs: int | None = None,
    ) -> None:
        self._side = side
        self._facts = facts
        self._config = config
        self._root = root
        self._urls = tuple(urls)
        self._gone = gone
        self._branches = branches
        self._jobs = jobs
        self._settings: dict[str | None, RenderSettings] = {}
        self._inputs: dict[Build, frozenset[str]] = {}
        self._opened: dict[str, ManifestFile | None] = {}
        self._other: Rendering | None = None
        self._results = RenderCache(side.cache)
        self._contents = Contents()
        self._tree = RememberedTree(side.tree, self._contents)
        self._keys = Keys(self._tree, self.settings)

    def share(self, other: Rendering) -> None:
        """Take from the other side of the change what it has rendered of the same files, and the other way round."""
        self._results, self._other, self._contents = other.results, other, other.contents
        self._tree = RememberedTree(self._side.tree, self._contents)

    @property
    def contents(self) -> Contents:
        """The small files that were read."""
        return self._contents

    @property
    def results(self) -> RenderCache:
        """What is rendered."""
        return self._results

    @classmethod
    def of(  # noqa: PLR0913  what is rendered, and of what
        cls,
        side: Side,
        facts: Facts,
        trees: Trees,
        config: Config,
        *,
        gone: Collection[str] = (),
        jobs: int | None = None,
    ) -> Rendering:
        """One side of the trees of a run; see the constructor."""
        return cls(
            side,
            facts,
            config,
            root=str(trees.root or ""),
            urls=(*trees.remotes, *config.repositories),
            gone=gone,
            jobs=jobs,
        )

    def settings(self, target: str | None) -> RenderSettings:
        """What the config says of rendering for a target."""
        if target not in self._settings:
            self._settings[target] = settings_of(self._config, target, self._root)
        return self._settings[target]

    # --- what is declared ---------------------------------------------------------------------------------------------

    @cached_property
    def declared(self) -> tuple[AgentObject, ...]:
        """The objects of files that agents read."""
        groups = {version.rpartition("/")[0] for raw in self._facts.values() for version, *_ in raw}
        flux = not groups.isdisjoint(FLUX_GROUPS)
        wanted = {group for group in (*FLUX_GROUPS, ARGO_GROUP) if group in groups}
        if not wanted:
            return ()
        paths = [
            path
            for path, raw in self._facts.items()
            if any(_is_read(version, kind, name, wanted, flux=flux) for version, kind, _, name, *_ in raw)
        ]
        self._prefetch(paths)
        return tuple(one for path in paths for one in self._of_file(path, wanted, read=flux))

    def _prefetch(self, paths: Iterable[str]) -> None:
        """Have files read together that will be asked for."""
        entries = self._side.tree.entries()
        unknown = (path for path in self._paths.intersection(paths) if self._contents.find(entries[path]) is None)
        self._side.tree.prefetch(sorted(unknown))

    def _targets_of(self, path: str) -> Sequence[str | None]:
        """The targets that a file belongs to; None where it belongs to none."""
        return [target.name for target in self._config.targets_of(path)] or [None]

    @cached_property
    def _bare_world(self) -> World:
        return self.world(())

    def _file(self, path: str) -> ManifestFile:
        """A file of the tree; the other side's, where that has the same at the same place."""
        known = None if self._other is None else self._other.opened(path, self._side)
        return self._side.file(path) if known is None else known

    def opened(self, path: str, side: Side) -> ManifestFile | None:
        """A file that was read already, where another side has the same there; None where it was not."""
        known = self._opened.get(path)
        return known if known is not None and side.is_same_file(self._side, path) else None

    def _of_file(self, path: str, groups: Collection[str], *, read: bool) -> Iterator[AgentObject]:
        file = self._file(path)
        if file.role is not Role.MANIFEST:
            return
        self._opened[path] = file
        targets = self._targets_of(path)
        for manifest in file.manifests:
            if _is_read(manifest.api_version, manifest.kind, manifest.name, groups, flux=read):
                source = manifest.source
                for target in targets:
                    yield AgentObject(
                        manifest.data,
                        manifest.namespace or "",
                        path,
                        source.document,
                        source.pointer,
                        file.location(source, ("kind",)),
                        target,
                    )

    def world(self, objects: Sequence[AgentObject], before: Sequence[AgentObject] = ()) -> World:
        """What agents' objects are read against.

        Args:
            objects: the objects of the tree that agents may read.
            before: those of the tree before the change.
        """
        side = self._side
        return World(
            tree=self._tree,
            graph=side.graph,
            repository_urls=self._urls,
            settings=self.settings(None),
            objects=objects,
            gone=self._gone,
            before=before,
            branches=self._branches,
            targets_of=self._targets_of,
            opened=self._opened,
        )

    def carried(self, rendered: Rendered) -> frozenset[str]:
        """The files whose objects come to the cluster as a unit renders them."""
        return carried_files(rendered, self._side.graph.roles)

    @property
    def folders(self) -> frozenset[str]:
        """The folders that hold kustomizations."""
        return frozenset(self._side.graph.kustomizations)

    def plain(self, units: Iterable[Unit], known: Collection[UnitKey] | None) -> Iterator[Unit]:
        """What people apply themselves: kustomizations and charts that no agent and nothing else of the tree builds.

        What an agent builds that the change itself brings is built plainly, too: nobody knows yet whether anything
        heeds that agent, and what it lays over the kustomization must not hide what another one applies.

        Args:
            units: what agents build.
            known: the units of the tree before the change; None where there is none.
        """
        graph = self._side.graph
        units = list(units)
        heeded = [
            (unit, unit.build)
            for unit in units
            if isinstance(unit.build, KustomizeBuild) and (known is None or key_of(unit) in known or unit.refused)
        ]
        built = {build.folder for _, build in heeded}
        # Of a folder without a kustomization Flux builds every kustomization below.
        within = {
            path
            for unit, build in heeded
            if build.generate and build.folder not in graph.kustomizations
            for path in self.inputs(unit)
        }
        used = {
            link.path
            for one in graph.kustomizations.values()
            for link in one.linked(Use.RESOURCE, Use.COMPONENT)
            if link.state is LinkState.FOLDER
        }
        for folder, one in graph.kustomizations.items():
            if folder in built or folder in used or one.file in within or one.parsed.kind != "Kustomization":
                continue
            for target in self._targets_of(one.file):
                yield Unit(f"kustomization {folder or '.'}", KustomizeBuild(folder), target=target)
        if self._lone_charts is not None:
            yield from self._lone_charts.units(units, self._targets_of)

    @cached_property
    def _lone_charts(self) -> LoneCharts | None:
        side = self._side
        folders = {folder for folder in side.chart_folders if side.looks_at(f"{folder}/Chart.yaml".lstrip("/"))}
        if not folders:
            return None
        from gategit.render.helm_units import LoneCharts  # noqa: PLC0415  only where there are charts

        return LoneCharts(self._tree, side.graph.index, folders)

    # --- which are rendered -------------------------------------------------------------------------------------------

    def inputs(self, unit: Unit) -> frozenset[str]:
        """The files that a unit is made of, worked out without running anything."""
        build = unit.build
        if build not in self._inputs:
            self._inputs[build] = self._inputs_of(build)
        return self._inputs[build]

    def _inputs_of(self, build: Build) -> frozenset[str]:
        side = self._side
        if isinstance(build, KustomizeBuild):
            from gategit.render.kustomize_plan import inputs_of  # noqa: PLC0415  only what is there is imported

            return inputs_of(build, side.graph, self._tree)
        if isinstance(build, HelmBuild):
            from gategit.render.helm import inputs_of_helm  # noqa: PLC0415  the same

            return inputs_of_helm(build, self._tree, index=side.graph.index)
        from gategit.render.files import inputs_of_files  # noqa: PLC0415  the same

        return inputs_of_files(build, self._bare_world)

    def orphans(self, units: Iterable[Unit], *, complete: bool) -> Sequence[RenderProblem]:
        """What is wrong with manifests that no agent deploys, as far as all is known that agents build."""
        from gategit.render.orphans import find_orphans  # noqa: PLC0415  only where there are agents

        inputs = {path for unit in units if unit.owner is not None for path in self.inputs(unit)}
        manifests = [*(path for path, raw in self._facts.items() if raw), *sorted(self._side.laid_aside)]
        # What agents only read, such as a ConfigMap, has to be deployed by somebody like anything else.
        groups = ((text_at(one.data, "apiVersion").rpartition("/")[0], one.file) for one in self.declared)
        agents = {file for group, file in groups if group in (*FLUX_GROUPS, ARGO_GROUP)}
        return find_orphans(inputs, manifests, agents=agents, complete=complete)

    @cached_property
    def _paths(self) -> frozenset[str]:
        return frozenset(self._side.tree.entries())

    # --- rendering ----------------------------------------------------------------------------------------------------

    def build(self, units: Sequence[Unit], world: World) -> list[Rendered]:
        """What units render to, as far as it is not known already; several are rendered side by side."""
        wanted: dict[str, Wanted] = {}
        keys: dict[UnitKey, str] = {}
        for unit in units:
            if unit.refused:
                continue
            with suppress(UndecidedError):  # whoever builds it says so
                one = Wanted(unit, self.inputs(unit))
                key = self._keys.of(one)
                if key is not None:
                    keys[key_of(unit)], wanted[key] = key, one
        known = self._results.find(wanted)
        done = {name: known[key] for name, key in keys.items() if key in known}
        missing = [unit for unit in units if key_of(unit) not in done]
        read = (one.inputs for key, one in wanted.items() if key not in known)
        self._prefetch(frozenset().union(*read))
        made = {key_of(one.unit): one for one in self._build_all(missing, world)}
        self._results.keep(wanted, {keys[name]: one for name, one in made.items() if name in keys})
        done |= made
        return [done[key_of(unit)] for unit in units]

    def _build_all(self, units: Sequence[Unit], world: World) -> list[Rendered]:
        """Render units, several side by side."""
        return self._side_by_side(lambda unit: self._build(unit, world), units)

    def _side_by_side(self, work: Callable[[Given], Rendered], given: Sequence[Given]) -> list[Rendered]:
        jobs = self._jobs or os.cpu_count() or 1
        if len(given) < 2 or jobs < 2:
            return [work(one) for one in given]
        with ThreadPoolExecutor(min(jobs, len(given))) as pool:
            return list(pool.map(work, given))

    def _build(self, unit: Unit, world: World) -> Rendered:
        side, settings = self._side, self.settings(unit.target)
        if unit.refused:
            left = (unit.name, f"{unit.refused}; nothing of it is applied")
            return Rendered(unit, inputs=self.inputs(unit), unchecked=(left,), lasting=False, given_up=True)
        if isinstance(unit.build, KustomizeBuild):
            from gategit.render.kustomize import build_kustomize  # noqa: PLC0415  only what is there is imported

            rendered = build_kustomize(unit, self._tree, side.graph, settings)
        elif isinstance(unit.build, HelmBuild):
            from gategit.render.helm import build_helm  # noqa: PLC0415  the same

            rendered = build_helm(unit, self._tree, settings, index=side.graph.index)
        else:
            from gategit.render.files import build_files  # noqa: PLC0415  the same

            rendered = build_files(unit, world)
        from gategit.render.flux import finish  # noqa: PLC0415  the same

        return finish(rendered, self._tree, settings)

    def may_bring(self, unit: Unit, group: str, kind: str, name: str) -> bool:
        """Whether a unit's files may make an object: they declare one, or a template of the kind with that name."""
        release = unit.build.release if isinstance(unit.build, HelmBuild) else ""
        entries = self._side.tree.entries()
        for path in self.inputs(unit):
            for version, one, _, named, *_ in self._facts.get(path, ()):
                # A kustomization may put something before a name, and behind it.
                if one == kind and named and named in name and version.rpartition("/")[0] == group:
                    return True
            entry = entries.get(path) if release and path.endswith((".yaml", ".yml", ".tpl")) else None
            if entry is not None and entry.kind is EntryKind.FILE and entry.size <= self._side.limits.file_bytes:
                text = self._side.tree.read(path)
                if f"kind: {kind}".encode() in text and (release in name or name.encode() in text):
                    return True
        return False

    def declared_there(self) -> Iterator[There | None]:
        """The namespaces and definitions that files declare."""
        from gategit.render.argocd_order import there_of  # noqa: PLC0415  only where somebody waits for them

        for path, raw in self._facts.items():
            for _, kind, _, name, *_ in raw:
                if kind in {"Namespace", "CustomResourceDefinition"}:
                    yield from (there_of(target, kind, name) for target in self._targets_of(path))

    def lint(self, rendered: Sequence[Rendered]) -> tuple[tuple[RenderProblem, ...], tuple[tuple[str, str], ...]]:
        """What is wrong with the charts that units are built of, and what could not be looked at."""
        if not any(isinstance(one.unit.build, HelmBuild) for one in rendered):
            return (), ()
        from gategit.render.helm_lint import lint_unit, linted_charts, not_said  # noqa: PLC0415  where there are charts

        def lint(one: Rendered) -> Rendered:
            return lint_unit(one, side.tree, self.settings(one.unit.target), index=side.graph.index)

        side, charts = self._side, linted_charts(rendered)
        keys = {key: one for one, *_ in charts if (key := self._lint_key(one)) is not None}
        wanted = {key: Wanted(one.unit, one.inputs) for key, one in keys.items()}
        found = self._results.find(wanted)
        known = {key_of(one.unit): one for one in found.values()}
        missing = [one for one, *_ in charts if key_of(one.unit) not in known]
        made = {key_of(one.unit): one for one in self._side_by_side(lint, missing)}
        self._results.keep(wanted, {key: made[key_of(one.unit)] for key, one in keys.items() if key not in found})
        known |= made
        problems = [problem for several in charts for problem in not_said(known[key_of(several[0].unit)], several)]
        return tuple(dict.fromkeys(problems)), tuple(pair for one in known.values() for pair in one.unchecked)

    def _lint_key(self, one: Rendered) -> str | None:
        key = self._keys.of(Wanted(one.unit, one.inputs))
        return None if key is None else f"lint:{key}"

    def _finder(
        self, rendered: Rendered
    ) -> Callable[[RenderedObject, FieldPath, Literal["key", "value"]], Location | None]:
        """Finds the lines that set fields of a unit's objects; nothing is read before somebody asks."""
        made: list[Provenance] = []

        def find(one: RenderedObject, path: FieldPath, on: Literal["key", "value"]) -> Location | None:
            if not made:
                from gategit.render.provenance import Provenance  # noqa: PLC0415  only for findings

                side = self._side
                made.append(Provenance(side.tree, side.graph, rendered, self.settings(rendered.unit.target)))
            located = made[0].locate(one, path, on)
            file = located.location.file
            return Location(file, located.location.region if located.sure else None) if file else None

        return find

    def children(self, rendered: Rendered) -> Iterator[AgentObject]:
        """The objects of a unit that agents read."""
        unit = rendered.unit
        find = self._finder(rendered)
        for one in rendered.objects:
            version, kind = one.data.get("apiVersion"), one.data.get("kind")
            group = version.rpartition("/")[0] if isinstance(version, str) else ""
            if group not in (*FLUX_GROUPS, ARGO_GROUP) and (version, kind) not in _READ:
                continue
            metadata = one.data.get("metadata")
            namespace = metadata.get("namespace") if isinstance(metadata, dict) else None
            file = one.trace.file or one.trace.generated_by
            brought = AgentObject(
                one.data,
                namespace if isinstance(namespace, str) else unit.namespace,
                file,
                one.trace.document or 0,
                (),
                Location(file),
                unit.target,
                unit,
                partial(find, one),
            )
            yield replace(brought, location=self._bare_world.place(brought))


class _Bringers:
    """Which units bring the objects that ask for others: what those say may be patched on its way."""

    def __init__(self, units: Mapping[UnitKey, Unit], inputs: Callable[[Unit], frozenset[str]]) -> None:
        self._asking = {key: unit.owner.location.file for key, unit in units.items() if unit.owner is not None}
        files = frozenset(self._asking.values())
        self._bringing: dict[str, list[UnitKey]] = {}
        for key, unit in units.items():
            for file in files & inputs(unit):
                self._bringing.setdefault(file, []).append(key)

    def of(self, key: UnitKey) -> Iterator[UnitKey]:
        """The units that bring what asks for one."""
        file = self._asking.get(key)
        if file is not None:
            yield from (one for one in self._bringing.get(file, ()) if one != key)


def _is_read(version: str, kind: str, name: str, groups: Collection[str], *, flux: bool) -> bool:
    """Whether an object is one of an agent of these groups, or one that such an agent reads."""
    if version.rpartition("/")[0] in groups or (flux and (version, kind) in _READ):
        return True
    return kind == "ConfigMap" and name in _ARGO_SETTINGS and ARGO_GROUP in groups


class _Walk:
    """One side on its way through the rounds."""

    def __init__(self, rendering: Rendering) -> None:
        self.rendering = rendering
        self.objects: list[AgentObject] = list(rendering.declared)
        self.units: dict[UnitKey, Unit] = {}
        self.found: dict[UnitKey, Unit] = {}
        self.done: dict[UnitKey, Rendered] = {}
        self.brought: set[tuple[str | None, str]] = set()
        self.held: set[UnitKey] = set()
        self.problems: tuple[RenderProblem, ...] = ()
        self.unchecked: tuple[tuple[str, str], ...] = ()
        self._world = rendering.world(())
        self._bringers = _Bringers({}, rendering.inputs)
        self._is_known = False
        self._known: frozenset[UnitKey] | None = None
        self._before: _Walk | None = None

    def discover(self, before: _Walk | None = None) -> None:
        """Find the units that the objects ask for.

        Args:
            before: the tree before the change; None where there is none.
        """
        names = None if before is None else frozenset(before.units)
        if self._is_known and self._known == names:
            return
        self._is_known, self._known, self._before = True, names, before
        from gategit.render.argocd import argocd_units  # noqa: PLC0415  only what is there is imported
        from gategit.render.flux import flux_units  # noqa: PLC0415  the same

        self._world = self.rendering.world(self.objects, () if before is None else before.objects)
        found = [find(self.objects, self._world) for find in (flux_units, argocd_units)] if self.objects else []
        self.units = {key_of(unit): unit for one in found for unit in one.units}
        self._hold_back()
        self.units |= {key_of(unit): unit for unit in self.rendering.plain(self.units.values(), names)}
        self.found |= self.units
        self._bringers = _Bringers(self.units, self.rendering.inputs)
        self.problems = tuple(dict.fromkeys(problem for one in found for problem in one.problems))
        self.unchecked = tuple(dict.fromkeys(pair for one in found for pair in one.unchecked))

    def _hold_back(self) -> None:
        """Have nothing rendered that only units bring of which an agent applies nothing: it stays as it was."""
        self.held = set()
        refused = {key for key, unit in self.units.items() if unit.refused}
        waiting = bool(refused)
        known = _Bringers(self.units if waiting else {}, self.rendering.inputs)
        while waiting:
            waiting = False
            for key, unit in self.units.items():
                bringers = list(known.of(key)) if key not in refused else []
                if bringers and refused.issuperset(bringers):
                    reason = f"{bringers[0].name}, which brings it, is not applied"
                    self.units[key] = replace(unit, refused=reason)
                    self.held.add(key)
                    refused.add(key)
                    waiting = True

    def with_bringers(self, reached: Collection[UnitKey]) -> set[UnitKey]:
        """The units that have to be rendered so that some are."""
        wanted = {key for key in reached if key in self.units}
        waiting = list(wanted)
        while waiting:
            for bringer in self._bringers.of(waiting.pop()):
                if bringer not in wanted:
                    wanted.add(bringer)
                    waiting.append(bringer)
        return wanted

    def render(self, wanted: Collection[UnitKey], say: Callable[[str], None]) -> bool:
        """Render those units of some that no other one of them brings; False where nothing is left."""
        waiting = [unit for key, unit in self.units.items() if key in wanted and key not in self.done]
        if not waiting:
            return False
        # Agents may come to build a chart as long as not all that brings them is rendered.
        waiting = [unit for unit in waiting if not _is_alone(unit)] or waiting
        keys = {key_of(unit) for unit in waiting}
        free = [unit for unit in waiting if keys.isdisjoint(self._bringers.of(key_of(unit)))]
        now = free or waiting  # where they bring each other, all at once
        say(f"rendering {len(now)} of {len(self.found)} units")
        for rendered in self.rendering.build(now, self._world):
            self.done[key_of(rendered.unit)] = rendered
            if not rendered.failed:
                # What the unit's files declare comes to the cluster as the unit renders it.
                let_go = self._is_let_go(rendered.unit)
                carried = self.rendering.carried(rendered) - (self._asked_for() if let_go else frozenset[str]())
                left = [one for one in self.objects if one.parent is not None or one.file not in carried]
                self._is_known = self._is_known and len(left) == len(self.objects)
                self.objects = left
                for child in () if let_go else self.rendering.children(rendered):
                    # Two units may bring the same object: an agent that reads it twice builds it once.
                    name = child.target, canonical(dict(child.data))
                    if name not in self.brought:
                        self.brought.add(name)
                        self.objects.append(child)
                        self._is_known = False
        return True

    def _asked_for(self) -> frozenset[str]:
        """The files of all that agents build."""
        owned = (unit for unit in self.units.values() if unit.owner is not None)
        return frozenset().union(*(self.rendering.inputs(unit) for unit in owned))

    def _is_let_go(self, unit: Unit) -> bool:
        """Whether nothing builds a kustomization any more that something built before: it asks for nothing, then."""
        build, before = unit.build, self._before
        if before is None or unit.owner is not None or not isinstance(build, KustomizeBuild):
            return False
        return key_of(unit) not in before.units and build.folder in before.rendering.folders

    def result(self, reached: Collection[UnitKey], before: _Walk | None = None, *, lint: bool) -> RenderedSide:
        """What came of the units that are judged, and what is wrong with all of them together.

        Args:
            reached: the units that are judged.
            before: the tree before the change, rendered.
            lint: whether charts are judged as such, too.
        """
        rendered = tuple(self.done[key] for key in self.found if key in reached and key in self.done)
        together = self._together(rendered, before) if self.objects else ()
        wrong, unchecked = self.rendering.lint(rendered) if lint else ((), ())
        problems = tuple(dict.fromkeys([*self.problems, *together, *wrong]))
        return RenderedSide(
            dict(self.units),
            self.rendering.folders,
            frozenset((one.target, ref_of(one.data, one.namespace)) for one in self.objects),
            rendered,
            problems,
            (*self.unchecked, *unchecked),
        )

    def _together(self, rendered: Sequence[Rendered], before: _Walk | None) -> Iterator[RenderProblem]:
        """What only shows where units stand beside each other and the objects that ask for them."""
        from gategit.render.argocd_order import check_order  # noqa: PLC0415  only what is there is imported
        from gategit.render.argocd_projects import check_project  # noqa: PLC0415  the same
        from gategit.render.flux import check_rendered  # noqa: PLC0415  the same
        from gategit.render.overlay_patches import check_targets  # noqa: PLC0415  the same
        from gategit.render.owners import check_destinations, check_owners, rivals  # noqa: PLC0415  the same
        from gategit.render.scopes import scopes_of  # noqa: PLC0415  the same

        done = tuple(self.done.values())
        world, scopes = self.rendering.world(self.objects), scopes_of(done)
        if before is not None:
            waiting = [unit for key, unit in self.units.items() if key not in self.done]
            others = rivals(done, tuple(before.done.values()), waiting, scopes, self.rendering.may_bring)
            done = (*self.rendering.build(others, world), *done)  # the later one is blamed: what the change brings
        yield from check_owners(done, scopes, world)
        yield from check_destinations(tuple(self.units.values()), self.rendering.settings(None))
        yield from check_order(rendered, world, None if before is None else before.there())
        for one in rendered:
            unit = one.unit
            yield from check_targets(one)
            if unit.project:
                yield from check_project(unit, one, world, scopes)
            elif unit.owner is not None and is_flux(unit.owner.ref):
                yield from check_rendered(unit, one, world)
        # An object that nothing is built for, since something is wrong with it, may deploy any file.
        complete = not self.unchecked and not any(problem.fatal for problem in self.problems)
        yield from self.rendering.orphans(self.units.values(), complete=complete)

    def projects(self) -> dict[str, str]:
        """What each of Argo CD's projects says, by name."""
        return {
            text_at(one.data, "metadata", "name"): canonical(one.data.get("spec"))
            for one in self.objects
            if text_at(one.data, "kind") == "AppProject"
        }

    def there(self) -> frozenset[There]:
        """The namespaces and definitions that clusters have, as far as this side says so."""
        from gategit.render.argocd_order import there_of  # noqa: PLC0415  only where somebody waits for them

        rendered = (
            there_of(one.unit.target, text_at(item.data, "kind"), text_at(item.data, "metadata", "name"))
            for one in self.done.values()
            for item in one.objects
        )
        return frozenset(one for one in (*rendered, *self.rendering.declared_there()) if one is not None)


def render_sides(
    head: Rendering,
    base: Rendering | None,
    touched: Collection[str] | None,
    say: Callable[[str], None],
    *,
    lint: bool = True,
) -> tuple[RenderedSide, RenderedSide | None]:
    """Render the units that a change reaches, on both of its sides.

    A unit is reached where the change touches a file that it is made of, where it is asked for otherwise than before,
    or where only one side has it.

    Args:
        head: the tree that is judged.
        base: the tree before, None where there is none.
        touched: the files that the change adds, modifies or removes; None: everything is rendered.
        say: hears how far it is.
        lint: whether charts are judged as such, too.
    """
    if base is not None:
        base.share(head)
    walks = [_Walk(head), *([_Walk(base)] if base is not None else [])]
    reached: set[UnitKey] = set()
    for _ in range(_ROUNDS):
        for walk in walks[1:]:
            walk.discover()
        walks[0].discover(walks[1] if base is not None else None)
        reached = _reached(walks, touched)
        went_on = [walk.render(walk.with_bringers(reached), say) for walk in walks]
        if True not in went_on:
            break
    after = walks[0].result(reached, walks[1] if len(walks) > 1 else None, lint=lint)
    return after, walks[1].result(reached, lint=lint) if len(walks) > 1 else None


def _reached(walks: Sequence[_Walk], touched: Collection[str] | None) -> set[UnitKey]:
    all_units = [unit for walk in walks for unit in walk.units.values()]
    # A chart that agents deploy on one side only comes or goes: what it would be by itself must not stand in for that.
    deployed = {_chart_folder(unit) for unit in all_units if not _is_alone(unit)}
    keys = {key_of(unit) for unit in all_units if not (_is_alone(unit) and _chart_folder(unit) in deployed)}
    if touched is None:
        return keys
    limits = [walk.projects() for walk in walks]
    found: set[UnitKey] = set()
    if len(walks) > 1:
        found |= left_units(walks[0].units, walks[1].units, walks[1].rendering.folders)
    if any(path.rpartition("/")[2] == _SOURCE_IGNORE for path in touched):
        # What a source leaves out is built by none of those that read it.
        found |= {key_of(one) for one in all_units if one.owner is not None and is_flux(one.owner.ref)}
    for key in keys:
        units = [walk.units.get(key) for walk in walks]
        asked = {None if unit is None else _asked(unit) for unit in units}
        same = len(asked) == 1 and len({is_brought(key, walk.units) for walk in walks}) == 1
        # What a project forbids shows in what its applications bring.
        same = same and len({projects.get(units[0].project if units[0] else "") for projects in limits}) == 1
        # What is held back is otherwise than before only for want of what changes it on its way.
        same = same or key in walks[0].held
        if not same or any(
            unit is not None and not walk.rendering.inputs(unit).isdisjoint(touched)
            for walk, unit in zip(walks, units, strict=True)
        ):
            found.add(key)
    return found


def _chart_folder(unit: Unit) -> str | None:
    return unit.build.chart.folder if isinstance(unit.build, HelmBuild) else None


def _is_alone(unit: Unit) -> bool:
    return isinstance(unit.build, HelmBuild) and unit.build.alone


def _asked(unit: Unit) -> Unit:
    """A unit without where it is asked for, which a line above it moves."""
    return replace(unit, owner=None)
