"""One side of the change as the gate sees it: which files are looked at, what they declare, and what was left out."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, partial
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Literal

from gategit.cache import Cache, program_id
from gategit.checks.references.kustomize import KustomizeGraph, Parsed, read_graph
from gategit.checks.syntax import YAML_LIMIT
from gategit.errors import UndecidedError
from gategit.judge import RawFact, decode_fact, facts_of, objects_of
from gategit.manifests.classify import KUSTOMIZATION_NAMES
from gategit.manifests.decode import Limits
from gategit.manifests.file import ManifestFile, read_file
from gategit.manifests.inventory import Inventory, ObjectFact
from gategit.manifests.manifest import Manifest, ObjectKey, PackedObject, Role, Source, UnitKey, pack, unpack
from gategit.manifests.text import decode_text
from gategit.model import FieldPath, Finding, Location
from gategit.parallel import map_batches
from gategit.repository import SourceTree
from gategit.tree import EntryKind

if TYPE_CHECKING:
    from gategit.manifests.positions import SourceMap

_SUFFIXES = (".yaml", ".yml", ".json")
_CHART_NAMES = ("Chart.yaml", "Chart.yml")
_REMEMBERED_FILES = 256
_SAVED_FILES = 1000


def is_candidate(path: str) -> bool:
    """Whether a file may hold manifests, by its name."""
    return path.endswith(_SUFFIXES) or path.rpartition("/")[2] in KUSTOMIZATION_NAMES


Facts = dict[str, tuple[RawFact, ...]]
"""What each file declares, by path."""

AGENT_GROUPS = ("argoproj.io/", "fluxcd.io/")
"""What the API versions of Argo CD's and Flux's objects hold."""


def asks_agents(facts: Facts) -> bool:
    """Whether any of the objects that files declare may be Argo CD's or Flux's."""
    return any(mark in version for raw in facts.values() for version, *_ in raw for mark in AGENT_GROUPS)


@dataclass(frozen=True, slots=True)
class Rendition:
    """What agents make of a tree, as far as a run renders it: it stands in place of what the files declare.

    Attributes:
        files: each rendered object as checks look at a file, by its source.
        covered: the files whose objects come to a cluster as they are rendered.
        loose: those of them that are judged as they stand as well: no agent that is known builds them, and one that is
            not may apply the folder without the kustomization elsewhere that names them.
        templates: the templates of charts that were rendered.
        unknown: the files of units that cannot be rendered, so that nobody knows what comes of them.
        units: the units that were rendered, those that failed included.
        failed: the units that cannot be rendered.
        left: the units that nobody applies any more: they are judged, and come to no cluster.
        asked_at: where each unit is asked for, the nearest first, and the kustomizations that it is made of.
        namespaces: those that agents make for what they deploy, each with its target.
        origins: the files that each rendered object is made of, by its source.
    """

    files: Mapping[Source, ManifestFile] = field(default_factory=dict)
    covered: frozenset[str] = frozenset()
    loose: frozenset[str] = frozenset()
    templates: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()
    units: frozenset[UnitKey] = frozenset()
    failed: frozenset[UnitKey] = frozenset()
    left: frozenset[UnitKey] = frozenset()
    asked_at: Mapping[UnitKey, tuple[Location, ...]] = field(default_factory=dict)
    namespaces: frozenset[tuple[str | None, str]] = frozenset()
    origins: Mapping[Source, frozenset[str]] = field(default_factory=dict)

    def made_of(self, source: Source) -> frozenset[str]:
        """The files that a rendered object is made of: where it comes from, what changes it, where it is asked for."""
        return self.origins.get(source, frozenset([source.file]))

    def manifests(self, targets: Collection[str | None] | None = None) -> Iterator[Manifest]:
        """The rendered objects that come to a cluster: all of them, or those that go to some targets."""
        for source, file in self.files.items():
            unit = source.unit
            if unit is not None and unit not in self.left and (targets is None or unit.target in targets):
                yield from file.manifests


def _fact(path: str, raw: RawFact) -> ObjectFact:
    api_version, kind, namespace, name, document, pointer = raw
    key = ObjectKey(api_version.rpartition("/")[0], kind, namespace or "", name)
    return ObjectFact(key, api_version, Source(path, document, pointer))


class Side:
    """A tree with what is worked out of it: each part once, and only when it is asked for.

    Args:
        tree: the files.
        included: whether the config's include and exclude let a path in.
        narrowed: whether the command line's paths let a path in.
        limits: how large and deep a file may be.
        cache: what earlier runs worked out.
        jobs: processes for large trees.
        parsed: kustomizations that another side of the run has read, by blob id; what is read is added.

    Attributes:
        tree: the files.
        limits: how large and deep a file may be.
        rendition: what agents make of the tree.
        before: the tree before the change, for the side that is judged; None where there is none.
    """

    def __init__(  # noqa: PLR0913, PLR0917  one parameter for each part of what a side is
        self,
        tree: SourceTree,
        included: Callable[[str], bool],
        narrowed: Callable[[str], bool],
        limits: Limits,
        cache: Cache,
        jobs: int | None,
        parsed: dict[str, Parsed],
    ) -> None:
        self.tree = tree
        self.limits = limits
        self._included = included
        self._narrowed = narrowed
        self._cache = cache
        self._jobs = jobs
        self._parsed = parsed
        self._files: OrderedDict[str, ManifestFile] = OrderedDict()
        self._objects: dict[str, tuple[PackedObject, ...]] = {}
        self._unsaved: set[str] = set()
        self._places: OrderedDict[str, SourceMap] = OrderedDict()
        self.rendition = Rendition()
        self.before: Side | None = None

    @property
    def cache(self) -> Cache:
        """What earlier runs worked out."""
        return self._cache

    @cached_property
    def candidates(self) -> tuple[str, ...]:
        """Every file that the config lets in and that may hold manifests, in order.

        Its name says so, or a kustomization does, which may name its resources and patches as it likes.
        """
        applied = {path for path, role in self.graph.roles.items() if role is not Role.DATA}
        return tuple(
            path
            for path, entry in self.tree.entries().items()
            if (is_candidate(path) or path in applied) and entry.kind is EntryKind.FILE and self._included(path)
        )

    @cached_property
    def candidate_set(self) -> frozenset[str]:
        """The candidates, to ask whether a path is one."""
        return frozenset(self.candidates)

    @cached_property
    def excluded(self) -> int:
        """How many files that may hold manifests the config leaves out."""
        return sum(1 for path in self.tree.entries() if is_candidate(path) and not self._included(path))

    @cached_property
    def too_large(self) -> tuple[str, ...]:
        """Candidates over the size limit: never read."""
        entries = self.tree.entries()
        return tuple(path for path in self.candidates if entries[path].size > self.limits.file_bytes)

    @cached_property
    def readable(self) -> tuple[str, ...]:
        """Candidates that are not over the size limit, in order."""
        large = set(self.too_large)
        return tuple(path for path in self.candidates if path not in large)

    def looks_at(self, path: str) -> bool:
        """Whether the config lets a path in."""
        return self._included(path)

    def too_large_finding(self, path: str) -> Finding:
        """Say that a file is over the size limit, and so was never read."""
        size = self.tree.entries()[path].size
        rule = YAML_LIMIT
        return Finding(
            rule=rule.id,
            stage=rule.stage,
            level=rule.level,
            message=f"this file has {size:,} bytes, more than the {self.limits.file_bytes:,} that are read",
            help="split the file, raise limits.file_size in .gategit.yaml, or exclude it if it holds no manifests",
            location=Location(path),
            subject="size",
        )

    def text(self, path: str) -> str | None:
        """A file's text, to show lines of; None where it is too large or not text."""
        entry = self.tree.entries().get(path)
        if entry is None or entry.kind is not EntryKind.FILE or entry.size > self.limits.file_bytes:
            return None
        text = decode_text(self.read(path))
        return text if isinstance(text, str) else None

    def in_scope(self, path: str) -> bool:
        """Whether findings in this file are asked for."""
        return self._narrowed(path)

    @cached_property
    def chart_folders(self) -> frozenset[str]:
        """Folders that are Helm charts."""
        return frozenset(
            folder for folder, _, name in (path.rpartition("/") for path in self.tree.entries()) if name in _CHART_NAMES
        )

    @property
    def is_built(self) -> bool:
        """Whether the tree holds kustomizations or charts."""
        return bool(self.graph.kustomizations or self.chart_folders)

    @cached_property
    def graph(self) -> KustomizeGraph:
        """What the tree's kustomizations name."""
        self.tree.prefetch(
            [
                path
                for path, entry in self.tree.entries().items()
                if path.rpartition("/")[2] in KUSTOMIZATION_NAMES and entry.blob_id not in self._parsed
            ]
        )
        return read_graph(self.tree, self._parsed)

    def role(self, path: str) -> Role | None:
        """What a kustomization says the file is, or None where its content decides."""
        return Role.PATCH if path in self.laid_aside else self.graph.roles.get(path)

    @cached_property
    def laid_aside(self) -> frozenset[str]:
        """The patches of the tree before that nothing names any more, where the change leaves the files as they are.

        They stay patches: that nobody takes them makes no manifests of them. Whoever applies the files as they stand
        did so before, and what an agent is known to apply so is judged as it is rendered.
        """
        if self.before is None:
            return frozenset()
        entries, then = self.tree.entries(), self.before.tree.entries()
        once = (path for path, role in self.before.graph.roles.items() if role is Role.PATCH)
        return frozenset(
            path
            for path in once
            if path in entries
            and path not in self.graph.roles
            and entries[path].blob_id
            and entries[path].blob_id == then[path].blob_id
        )

    def read(self, path: str) -> bytes:
        """The content of a file.

        Raises:
            KeyError: no such file.
        """
        return self.tree.read(path)

    def file(self, path: str) -> ManifestFile:
        """Decode a file; the last few hundred are remembered.

        Raises:
            KeyError: no such file.
        """
        known = self._files.get(path)
        if known is None:
            known = read_file(path, self.read(path), self.role(path), self.limits, chart_folders=self.chart_folders)
            self._files[path] = known
            if len(self._files) > _REMEMBERED_FILES:
                self._files.popitem(last=False)
        return known

    def survey(self, other: Side | None = None, known: Facts | None = None) -> Facts:
        """What every candidate declares, from the cache where the content is known.

        Args:
            other: another side whose survey was made.
            known: that survey; files of equal content and role are taken from it.
        """
        facts: Facts = {}
        unknown: list[str] = []
        for path in self.readable:
            if other is not None and known is not None and path in known and self.is_same_file(other, path):
                facts[path] = known[path]
            else:
                unknown.append(path)
        facts.update(self.survey_files(unknown))
        return facts

    def survey_files(self, paths: Sequence[str]) -> Facts:
        """What these files declare, from the cache where the content is known. One that cannot be read is left out."""
        entries = self.tree.entries()
        keys = {path: self._fact_key(path, entries[path].blob_id) for path in paths if entries[path].blob_id}
        kept = self._cache.read(keys.values())
        facts: Facts = {}
        missing: list[str] = []
        for path in paths:
            value = kept.get(keys.get(path, ""))
            if value is None:
                missing.append(path)
            else:
                facts[path] = tuple(decode_fact(fact) for fact in value)
        found: Facts = {}
        self.tree.prefetch(missing)
        for batch in map_batches(partial(_survey_batch, self), missing, self._jobs):
            found.update(batch)
        self._cache.write({keys[path]: raw for path, raw in found.items() if path in keys})
        facts.update(found)
        return facts

    def keep_objects(self, path: str, objects: tuple[PackedObject, ...]) -> None:
        """Keep what a file declares of the kinds that will be asked for, so that nobody need decode it again."""
        self._objects[path] = objects
        self._unsaved.add(path)

    def objects(self, paths: Sequence[str], kinds: frozenset[str]) -> list[tuple[str, PackedObject]]:
        """What files declare of some kinds, always the same ones in a run: kept, from the cache, or decoded.

        Each comes with its file. A file that cannot be read is left out; its own finding says why.
        """
        unknown = [path for path in paths if path not in self._objects]
        entries = self.tree.entries()
        fresh: dict[str, object] = {}
        if len(paths) <= _SAVED_FILES:  # a run over everything has no need of what it would write
            for path in self._unsaved.intersection(paths):
                if entries[path].blob_id:
                    fresh[self._objects_key(path, kinds)] = [_encode_object(path, one) for one in self._objects[path]]
            self._unsaved.difference_update(paths)
        keys = {path: self._objects_key(path, kinds) for path in unknown if entries[path].blob_id}
        kept = self._cache.read(keys.values())
        missing: list[str] = []
        for path in unknown:
            value = kept.get(keys.get(path, ""))
            if value is None:
                missing.append(path)
            else:
                self._objects[path] = tuple(pack(_decode_object(path, one)) for one in value)
        self.tree.prefetch(missing)
        for batch in map_batches(partial(_objects_batch, self, kinds), missing, self._jobs):
            for path, objects in batch.items():
                self._objects[path] = objects
                if path in keys:
                    fresh[keys[path]] = [_encode_object(path, one) for one in objects]
        self._cache.write(fresh)
        return [(path, one) for path in paths for one in self._objects.get(path, ())]

    def _objects_key(self, path: str, kinds: frozenset[str]) -> str:
        return self._key("objects", path, self.tree.entries()[path].blob_id, *sorted(kinds))

    def declared(self, facts: Facts) -> Facts:
        """What comes to a cluster as files declare it: without that of files whose objects are rendered."""
        covered = self.rendition.covered
        return {path: raw for path, raw in facts.items() if path not in covered} if covered else facts

    def locate(self, source: Source, path: FieldPath, on: Literal["key", "value"]) -> Location:
        """The place of an object's field, without decoding its file again."""
        rendered = self.rendition.files.get(source)
        if rendered is not None:
            return rendered.location(source, path, on=on)
        places = self._places.get(source.file)
        if places is None:
            from gategit.manifests.positions import SourceMap  # noqa: PLC0415  only findings ask where

            places = self._places[source.file] = SourceMap(self.read(source.file), source.file)
            if len(self._places) > _REMEMBERED_FILES:
                self._places.popitem(last=False)
        return Location(source.file, places.region(source.document, (*source.pointer, *path), on=on))

    def is_same_file(self, other: Side, path: str) -> bool:
        """Whether another side has a file of the same content and role there."""
        entry = self.tree.entries()[path]
        twin = other.tree.entries().get(path)
        if twin is None or not entry.blob_id or twin.blob_id != entry.blob_id:
            return False
        return self.role(path) is other.role(path) and self.chart_folders == other.chart_folders

    def _fact_key(self, path: str, blob_id: str) -> str:
        return self._key("facts", path, blob_id)

    def _key(self, what: str, path: str, blob_id: str, *more: str) -> str:
        """Name everything that what a file declares depends on."""
        role = str(self.role(path))
        parts = (program_id(), path, blob_id, role, repr(self.limits), str(self._in_chart(path)), *more)
        digest = blake2b("\0".join(parts).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
        return f"{what}:{digest}"

    def _in_chart(self, path: str) -> bool:
        if not self.chart_folders:
            return False
        parts = path.split("/")
        return any("/".join(parts[:depth]) in self.chart_folders for depth in range(len(parts)))

    def inventory(self, facts: Facts) -> Inventory:
        """Everything that the tree declares, with look-ups."""
        return Inventory(
            self.tree,
            (_fact(path, raw) for path in sorted(facts) for raw in facts[path]),
            self.file,
        )


def _survey_batch(side: Side, paths: Sequence[str]) -> Facts:
    facts: Facts = {}
    for path in paths:
        # A file that cannot be read is judged, and its finding says why.
        with suppress(UndecidedError):
            content = side.read(path)
            facts[path] = facts_of(
                read_file(path, content, side.role(path), side.limits, chart_folders=side.chart_folders)
            )
    return facts


def _objects_batch(side: Side, kinds: frozenset[str], paths: Sequence[str]) -> dict[str, tuple[PackedObject, ...]]:
    found: dict[str, tuple[PackedObject, ...]] = {}
    for path in paths:
        with suppress(UndecidedError):
            file = read_file(path, side.read(path), side.role(path), side.limits, chart_folders=side.chart_folders)
            found[path] = objects_of(file, kinds)
    return found


def _encode_object(path: str, packed: PackedObject) -> object:
    """Turn an object into JSON values for the cache."""
    manifest = unpack(packed, path)
    source = manifest.source
    named = [manifest.api_version, manifest.kind, manifest.namespace, manifest.name]
    return [*named, manifest.data, source.document, source.pointer]


def _decode_object(path: str, value: Any) -> Manifest:
    """The inverse of `_encode_object`."""
    api_version, kind, namespace, name, data, document, pointer = value
    return Manifest(api_version, kind, namespace, name, data, Source(path, document, tuple(pointer)))
