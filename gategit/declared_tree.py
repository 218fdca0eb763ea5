"""What a tree declares, for whoever takes it as a whole: each object, where it goes, where it stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from gategit.cache import Cache
from gategit.checks.drift.builds import Build, Builds
from gategit.checks.policy.api import CLUSTER_SCOPED_KINDS
from gategit.disk import UnreadableError, show_path
from gategit.errors import UsageError
from gategit.manifests.decode import Limits
from gategit.manifests.manifest import Manifest, Role
from gategit.model import Unchecked
from gategit.nearest import did_you_mean
from gategit.repository import open_trees
from gategit.request import Mode
from gategit.side import Side
from gategit.supplied_definitions import Supplied, defined_by, supply
from gategit.trusted import load_trusted

if TYPE_CHECKING:
    from gategit.cluster.snapshot import Snapshot
    from gategit.config import Config, Target
    from gategit.model import FieldPath, Location, ObjectRef
    from gategit.repository import Trees
    from gategit.request import Request


@dataclass(frozen=True, slots=True)
class Placed:
    """A declared object where it goes: with the namespace that its build, its manifest or its target gives it.

    Attributes:
        manifest: as its file declares it.
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

    Args:
        request: the folder and the paths.
        trees: opened for the request, of which the head is read; None: what stands on disk.

    Raises:
        UsageError: the request cannot be met.
        ConfigError: the config cannot be used.
    """

    def __init__(self, request: Request, trees: Trees | None = None) -> None:
        self._request = request
        self._trees: Trees = trees or open_trees(replace(request, mode=Mode.ALL))
        self.root = self._trees.root
        self.commit = self._trees.base_commit
        try:
            self._trusted = load_trusted(request, self._trees)
            self.config: Config = self._trusted.config
        except BaseException:
            self._trees.close()
            raise
        limits = Limits(file_bytes=self.config.limits.file_size)
        self._side = Side(
            self._trees.head,
            self.config.path_filter(),
            self._trees.selects,
            limits,
            Cache(None),
            request.jobs,
            parsed={},
        )
        self._builds = Builds(self._side.graph, self._kustomization)
        self._unread: dict[str, str] = dict.fromkeys(self._side.too_large, "the file is too large to be read")
        self._templates: list[str] = []
        self._manifests: dict[str, tuple[Manifest, ...]] = {}
        for path in self._side.readable:
            self._read(path)

    def _read(self, path: str) -> None:
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
        """What is declared for a target: in its files, and in files of no target.

        What several kustomizations build is there several times, with the namespace of each.
        """
        found: list[Placed] = []
        for path, manifests in self._manifests.items():
            if not self._side.in_scope(path) or not self._reaches(path, target):
                continue
            namespaces = sorted({build.namespace or "" for build in self._builds.of(path)})
            found += [_placed(manifest, namespace, target) for manifest in manifests for namespace in namespaces]
        return found

    def supplied(self, target: Target | None, objects: Iterable[Placed], snapshot: Snapshot | None = None) -> Supplied:
        """The definitions of kinds that objects are of, and that neither they nor a snapshot define."""
        declared = [one.data for one in objects]
        exported = snapshot.objects if snapshot is not None else ()
        wanted = [(one.manifest.api_version, one.manifest.kind) for one in objects]
        return supply(wanted, defined_by((*declared, *exported)), self._trusted, target, snapshot)

    def own(self, target: Target | None) -> Iterator[tuple[Manifest, frozenset[Build]]]:
        """What a target's own files declare within the request's paths, with the ways in which each is built."""
        for path, manifests in self._manifests.items():
            if self._side.in_scope(path) and (target is None or target.matches(path)):
                yield from ((manifest, self._builds.of(path)) for manifest in manifests)

    def reaching(self, target: Target | None) -> Iterator[tuple[Manifest, frozenset[Build]]]:
        """The same of all files that may be deployed to a target, whatever the request's paths."""
        for path, manifests in self._manifests.items():
            if self._reaches(path, target):
                yield from ((manifest, self._builds.of(path)) for manifest in manifests)

    def is_altered(self, manifest: Manifest) -> bool:
        """Whether a kustomization changes more of an object than its namespace, which only a build can tell."""
        return any(build.changed for build in self._builds.of(manifest.source.file))

    def generated(self) -> set[tuple[str, str]]:
        """The kinds and names of the ConfigMaps and Secrets that kustomizations generate."""
        return {pair for one in self._side.graph.kustomizations.values() for pair in one.parsed.generated}

    def locate(self, manifest: Manifest, path: FieldPath = ()) -> Location:
        """Where a field stands."""
        return self._side.locate(manifest.source, path, "value" if path else "key")

    def field(self, manifest: Manifest, path: FieldPath) -> Location:
        """Where a field's name stands: of a value that goes on over many lines, the line where it begins."""
        return self._side.locate(manifest.source, path, "key" if path else "value")

    def unread(self, target: Target | None) -> Iterator[Unchecked]:
        """The files of a target that could not be read."""
        for path, reason in self._unread.items():
            if self._side.in_scope(path) and self._reaches(path, target):
                yield Unchecked(show_path(path), reason)
        yield from self._trees.unchecked()

    def templates(self, target: Target | None) -> list[str]:
        """The files of a target that are templates."""
        return [path for path in self._templates if self._side.in_scope(path) and self._reaches(path, target)]

    def _reaches(self, path: str, target: Target | None) -> bool:
        return target is None or target.matches(path) or not self.config.targets_of(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._trees.close()


def _placed(manifest: Manifest, namespace: str, target: Target | None) -> Placed:
    metadata = manifest.data.get("metadata")
    if manifest.group_kind in CLUSTER_SCOPED_KINDS or not isinstance(metadata, dict):
        return Placed(manifest, "", manifest.data)
    place = namespace or manifest.namespace or (target.namespace if target is not None else None) or "default"
    return Placed(manifest, place, {**manifest.data, "metadata": {**metadata, "namespace": place}})
