"""What a tree declares, as a whole: each object as it is applied, where it goes, where it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Self

from gategit.cache import Cache
from gategit.checks.drift.builds import AS_DECLARED, Build, Builds
from gategit.checks.policy.api import CLUSTER_SCOPED_KINDS
from gategit.disk import UnreadableError, show_path
from gategit.errors import UsageError
from gategit.judge import facts_of
from gategit.manifests.decode import Limits
from gategit.manifests.manifest import Manifest, Role
from gategit.model import Unchecked
from gategit.nearest import did_you_mean
from gategit.rendered_tree import render_tree
from gategit.repository import open_trees
from gategit.request import Mode
from gategit.side import Side
from gategit.supplied_definitions import Supplied, defined_by, supply
from gategit.trusted import load_trusted

if TYPE_CHECKING:
    from gategit.cluster.snapshot import Snapshot
    from gategit.config import Config, Target
    from gategit.model import FieldPath, Location, ObjectRef
    from gategit.render.values import Rendered
    from gategit.repository import Trees
    from gategit.request import Request
    from gategit.side import Facts

_BUILT: Final = frozenset({AS_DECLARED})
_UNKNOWN: Final = frozenset({Build(changed=True)})


@dataclass(frozen=True, slots=True)
class Placed:
    """A declared object where it goes: with the namespace that its build, its manifest or its target gives it.

    Attributes:
        manifest: as it is rendered, or as its file declares it.
        namespace: where it goes, "" for a cluster-wide kind.
        data: the object, with that namespace in it.
    """

    manifest: Manifest
    namespace: str
    data: dict[str, Any]

    @property
    def ref(self) -> ObjectRef:
        """Which object it is, where it goes; a namespace that nobody names is not said."""
        ref = self.manifest.ref
        return ref if self.namespace in {"", "default"} else replace(ref, namespace=self.namespace)


class DeclaredTree:
    """What the tree of a request declares. A context manager.

    What agents build is there as they apply it. Where the config switches rendering off, it is there as its files
    declare it, in the namespace that kustomizations set.

    Args:
        request: the folder and the paths.
        say: told in a few words what is being done.
        trees: opened for the request, of which the head is read; None: what stands on disk.

    Raises:
        UsageError: the request cannot be met.
        ConfigError: the config cannot be used.
    """

    def __init__(self, request: Request, say: Callable[[str], None], trees: Trees | None = None) -> None:
        self._request = request
        self._trees: Trees = trees or open_trees(replace(request, mode=Mode.ALL))
        self.root = self._trees.root
        self.commit = self._trees.base_commit
        try:
            self._trusted = load_trusted(request, self._trees)
            self.config: Config = self._trusted.config
            self._read_all(say)
        except BaseException:
            self._trees.close()
            raise

    def _read_all(self, say: Callable[[str], None]) -> None:
        limits = Limits(file_bytes=self.config.limits.file_size)
        self._side = Side(
            self._trees.head,
            self.config.path_filter(),
            self._trees.selects,
            limits,
            Cache(None),
            self._request.jobs,
            parsed={},
        )
        self._unread: dict[str, str] = dict.fromkeys(self._side.too_large, "the file is too large to be read")
        self._templates: list[str] = []
        self._manifests: dict[str, tuple[Manifest, ...]] = {}
        facts: Facts = {}
        for path in self._side.readable:
            self._read(path, facts)
        self._builds: Builds | None = None
        if not self.config.render.enabled:
            self._builds = Builds(self._side.graph, self._kustomization)
        self._rendered = render_tree(self._side, facts, self._trees, self.config, say, jobs=self._request.jobs)

    def _read(self, path: str, facts: Facts) -> None:
        try:
            file = self._side.file(path)
        except UnreadableError as error:
            self._unread[path] = error.reason
            return
        if file.role is Role.TEMPLATE:
            self._templates.append(path)
            return
        if file.role is Role.MANIFEST:
            self._manifests[path] = file.manifests
        facts[path] = facts_of(file)
        if file.decoded.problems:
            # Of a file that cannot be decoded nobody knows whether it would be a manifest.
            self._unread[path] = file.decoded.problems[0].message

    def _kustomization(self, path: str) -> Any:
        documents = self._side.file(path).decoded.documents
        return documents[0].data if documents else None

    def targets(self) -> tuple[Target | None, ...]:
        """The targets that the request means: the named one, else all of the config's, (None,) where there are none.

        Raises:
            UsageError: there is none of that name.
        """
        name = self._request.target
        if name is None:
            return self.config.targets or (None,)
        target = self.config.target(name)
        if target is None:
            names = [one.name for one in self.config.targets]
            raise UsageError(
                f"there is no target {name}{did_you_mean(name, names)}",
                f"targets of the config: {', '.join(names) or 'none'}",
            )
        return (target,)

    def version(self, target: Target | None) -> str | None:
        """The Kubernetes version that a target is for, None for the newest."""
        if self._request.kubernetes_versions:
            return self._request.kubernetes_versions[0]
        return (target.kubernetes_version if target is not None else None) or self.config.kubernetes_version

    def objects(self, target: Target | None) -> list[Placed]:
        """What is there for a target: what is rendered for it or for no target, and what files declare besides.

        Where nothing is rendered, what several kustomizations build is there several times, with the namespace of each.
        """
        rendered = self._rendered_for(target, others=True)
        found = [_placed(manifest, "", target) for manifest in rendered if self._is_asked_for(manifest)]
        for path, manifests in self._plain(target, others=True):
            if self._side.in_scope(path):
                namespaces = sorted({build.namespace or "" for build in self._built(path)})
                found += [_placed(manifest, namespace, target) for manifest in manifests for namespace in namespaces]
        return found

    def supplied(self, target: Target | None, objects: Iterable[Placed], snapshot: Snapshot | None = None) -> Supplied:
        """The definitions of kinds that objects are of, and that neither they nor a snapshot define."""
        declared = [one.data for one in objects]
        exported = snapshot.objects if snapshot is not None else ()
        wanted = [(one.manifest.api_version, one.manifest.kind) for one in objects]
        return supply(wanted, defined_by((*declared, *exported)), self._trusted, target, snapshot)

    def own(self, target: Target | None) -> Iterator[tuple[Manifest, frozenset[Build]]]:
        """What is rendered for a target or stands in its own files, within the request's paths.

        Each object comes with the ways in which it is built; one that is rendered is built already.
        """
        for manifest in self._rendered_for(target, others=False):
            if self._is_asked_for(manifest):
                yield manifest, _BUILT
        for path, manifests in self._plain(target, others=False):
            if self._side.in_scope(path):
                yield from ((manifest, self._built(path)) for manifest in manifests)

    def reaching(self, target: Target | None) -> Iterator[tuple[Manifest, frozenset[Build]]]:
        """The same of all that may be deployed to a target, whatever the request's paths."""
        yield from ((manifest, _BUILT) for manifest in self._rendered_for(target, others=True))
        for path, manifests in self._plain(target, others=True):
            yield from ((manifest, self._built(path)) for manifest in manifests)
        for path in self._unknown:
            if self._reaches(path, target):
                yield from ((manifest, _UNKNOWN) for manifest in self._manifests.get(path, ()))

    def is_altered(self, manifest: Manifest) -> bool:
        """Whether a kustomization changes more of an object than its namespace, which only a build could tell."""
        builds = _BUILT if manifest.source.unit is not None else self._built(manifest.source.file)
        return any(build.changed for build in builds)

    def generated(self) -> set[tuple[str, str]]:
        """The kinds and names of the ConfigMaps and Secrets that kustomizations generate that are not rendered."""
        return {
            pair
            for one in self._side.graph.kustomizations.values()
            if not self.config.render.enabled or one.file in self._unknown
            for pair in one.parsed.generated
        }

    def namespaces_made(self, target: Target | None) -> frozenset[str]:
        """The namespaces that agents make for what they deploy to a target."""
        names = (None, None if target is None else target.name)
        made = self._side.rendition.namespaces
        return frozenset(name for where, name in made if target is None or where in names)

    def _rendered_for(self, target: Target | None, *, others: bool) -> Iterator[Manifest]:
        """What is rendered for a target; that for no target too, where others are meant as well."""
        names = None if target is None else {target.name, *([None] if others else [])}
        return self._side.rendition.manifests(names)

    def _is_asked_for(self, manifest: Manifest) -> bool:
        """Whether one of the files that a rendered object is made of is within the request's paths."""
        return any(self._side.in_scope(path) for path in self._side.rendition.made_of(manifest.source))

    def _plain(self, target: Target | None, *, others: bool) -> Iterator[tuple[str, tuple[Manifest, ...]]]:
        """The files whose objects come to a target as they are declared."""
        built = self._side.rendition.covered | self._unknown
        for path, manifests in self._manifests.items():
            if path not in built and (self._reaches(path, target) if others else _is_of(path, target)):
                yield path, manifests

    @property
    def _unknown(self) -> frozenset[str]:
        """The files of which nobody knows what comes of them: they cannot be rendered."""
        return self._side.rendition.unknown - self._side.rendition.covered

    def _built(self, path: str) -> frozenset[Build]:
        return _BUILT if self._builds is None else self._builds.of(path)

    def locate(self, manifest: Manifest, path: FieldPath = ()) -> Location:
        """Where a field stands."""
        return self._side.locate(manifest.source, path, "value" if path else "key")

    def field(self, manifest: Manifest, path: FieldPath) -> Location:
        """Where a field's name stands: of a value that goes on over many lines, the line where it begins.

        Of a rendered object it is the value: its name may be that of a template.
        """
        return self._side.locate(manifest.source, path, "key" if path and manifest.source.unit is None else "value")

    def unread(self, target: Target | None) -> Iterator[Unchecked]:
        """What of a target could not be read or rendered, each once."""
        yield from dict.fromkeys(self._all_unread(target))

    def _all_unread(self, target: Target | None) -> Iterator[Unchecked]:
        for path, reason in self._unread.items():
            if self._side.in_scope(path) and self._reaches(path, target):
                yield Unchecked(show_path(path), reason)
        name = None if target is None else target.name
        yield from self._rendered.unfollowed(inside=self._side.in_scope, target=name)
        yield from self._rendered.faults(inside=self._side.in_scope)
        yield from self._trees.unchecked()

    def _is_unit_of(self, one: Rendered, target: Target | None) -> bool:
        inside = any(self._side.in_scope(path) for path in one.inputs)
        return inside and (target is None or one.unit.target in (None, target.name))

    def templates(self, target: Target | None) -> list[str]:
        """The files of a target that are templates, and that nothing renders."""
        rendered = self._rendered.templates
        return [
            path
            for path in self._templates
            if path not in rendered and self._side.in_scope(path) and self._reaches(path, target)
        ]

    def alone(self, target: Target | None) -> list[str]:
        """The charts of a target that nothing here deploys: nobody knows with which values they are rendered."""
        return [one.unit.name for one in self._rendered.alone if self._is_unit_of(one, target)]

    def _reaches(self, path: str, target: Target | None) -> bool:
        return target is None or target.matches(path) or not self.config.targets_of(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._trees.close()


def _is_of(path: str, target: Target | None) -> bool:
    return target is None or target.matches(path)


def _placed(manifest: Manifest, namespace: str, target: Target | None) -> Placed:
    metadata = manifest.data.get("metadata")
    if manifest.group_kind in CLUSTER_SCOPED_KINDS or not isinstance(metadata, dict):
        return Placed(manifest, "", manifest.data)
    place = namespace or manifest.namespace or (target.namespace if target is not None else None) or "default"
    return Placed(manifest, place, {**manifest.data, "metadata": {**metadata, "namespace": place}})
