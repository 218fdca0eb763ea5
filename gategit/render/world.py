"""What agents' objects are read against: the tree, this repository's names, and the objects that they refer to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal

from gategit.checks.references.kustomize import KustomizeGraph
from gategit.checks.references.paths import Place, has_variable, is_remote
from gategit.checks.references.sources import Witness, dig, normal_url, root_path, text_at
from gategit.manifests.file import ManifestFile, read_file
from gategit.manifests.manifest import Manifest, Source
from gategit.model import FieldPath, Location, ObjectRef
from gategit.render.values import AgentObject, KustomizeBuild, RenderSettings
from gategit.tree import EntryKind, Tree

DEFAULT_REVISIONS: tuple[str, ...] = ("", "HEAD", "main", "master")
"""Revisions that are taken for the branch that a change is merged into where nobody says which that is."""

_BRANCH = "refs/heads/"


@dataclass(frozen=True)
class World:
    """One tree as agents see it.

    Attributes:
        tree: the files.
        graph: the tree's kustomizations, and with ``graph.index`` its files and folders.
        repository_urls: the URLs under which agents fetch this repository, in any form that git takes.
        settings: what the trusted config says of rendering.
        objects: every object that an agent may read: declared in files, and rendered so far.
        gone: the paths that the change removes; they bear out that a source is this repository.
        before: every object that an agent could read in the tree before the change; () where there is none.
        branches: the names of the branch that the tree is, or that it is merged into; () where nobody says.
        targets_of: the names of the targets that a path belongs to; None where nobody says.
        opened: the files that were read so far, by path; worlds of one tree may share them.
    """

    tree: Tree
    graph: KustomizeGraph
    repository_urls: Sequence[str] = ()
    settings: RenderSettings = field(default_factory=RenderSettings)
    objects: Sequence[AgentObject] = ()
    gone: Collection[str] = ()
    before: Sequence[AgentObject] = ()
    branches: Collection[str] = ()
    targets_of: Callable[[str], Sequence[str | None]] | None = field(default=None, repr=False, compare=False)
    opened: dict[str, ManifestFile | None] = field(default_factory=dict, repr=False, compare=False)
    _built: dict[str, frozenset[str]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def is_this_repository(self, url: str, revision: str = "", asked: Iterable[str] = ()) -> bool:
        """Whether a source is this repository, at the revision that the tree is.

        Args:
            url: the source's URL.
            revision: a branch, tag or commit; "" for the default branch.
            asked: the paths that are asked of the source anywhere, as written: where they exist here, they bear
                out a URL that is not known.
        """
        return not self.why_elsewhere(url, revision, asked)

    def why_elsewhere(self, url: str, revision: str = "", asked: Iterable[str] = ()) -> str:
        """Why a source is not this repository as it is here, as the end of a sentence; "" where it is."""
        if has_variable(url) or has_variable(revision):
            return "its source is filled in later"
        if not self._has_url(url, asked):
            return f"its source {url} is not known to be this repository"
        if not self.is_this_branch(revision):
            return f"its source is pinned to the revision {revision}"
        return ""

    def is_this_branch(self, revision: str) -> bool:
        """Whether a revision is the branch that the tree is, or is merged into."""
        branch = revision.removeprefix(_BRANCH)
        known = {name.removeprefix(_BRANCH) for name in self.branches}
        return branch in (known | {"", "HEAD"} if known else DEFAULT_REVISIONS)

    def _has_url(self, url: str, asked: Iterable[str]) -> bool:
        normal = normal_url(url)
        if normal is None:
            return False
        if normal in self.urls:
            return True
        names = {one.rpartition("/")[2] for one in self.urls}
        if names and normal.rpartition("/")[2] not in names:
            return False
        return bool(self.witness.bears_out(_clean(path) for path in asked if not has_variable(path)))

    @cached_property
    def urls(self) -> frozenset[str]:
        """This repository's URLs, in normal form."""
        return frozenset(url for url in map(normal_url, self.repository_urls) if url)

    @cached_property
    def witness(self) -> Witness:
        """Whether the tree bears out that paths are asked of it."""
        return Witness(self.graph.index, self.gone)

    def of_kind(self, group: str, kind: str) -> Sequence[AgentObject]:
        """Every object of a kind, of any version: first those declared, then those rendered, as they were given."""
        return self._by_kind.get((group, kind), ())

    @cached_property
    def _by_kind(self) -> Mapping[tuple[str, str], Sequence[AgentObject]]:
        found: dict[tuple[str, str], list[AgentObject]] = {}
        for one in self.objects:
            api_version, kind = text_at(one.data, "apiVersion"), text_at(one.data, "kind")
            found.setdefault((api_version.rpartition("/")[0], kind), []).append(one)
        return MappingProxyType(found)

    @cached_property
    def _by_name(self) -> Mapping[tuple[str, str, str], Sequence[AgentObject]]:
        found: dict[tuple[str, str, str], list[AgentObject]] = {}
        for (group, kind), several in self._by_kind.items():
            for one in several:
                found.setdefault((group, kind, text_at(one.data, "metadata", "name")), []).append(one)
        return MappingProxyType(found)

    def named(self, group: str, kind: str, namespace: str, name: str) -> Sequence[AgentObject]:
        """The objects that have a name, wherever they go that may be the namespace.

        An object that names no namespace may go anywhere. Of several, those that certainly are in the namespace come
        alone; and rendered ones come before declared ones, since they are what the cluster gets.
        """
        return _surest(self._perhaps_in(group, kind, namespace, name), namespace)

    def _perhaps_in(self, group: str, kind: str, namespace: str, name: str) -> list[AgentObject]:
        several = self._by_name.get((group, kind, name), ())
        return [one for one in several if not namespace or one.namespace in (namespace, "")]

    def find(
        self, group: str, kind: str, namespace: str, name: str, asking: AgentObject | None = None
    ) -> AgentObject | None:
        """The one object of a name, as another object would find it in its cluster.

        A repository may hold several clusters that have an object of that name each, and nothing is found in another
        one than the asking object's. Those of its target come first, then rendered ones, then those whose file is
        nearest.
        """
        several = self._perhaps_in(group, kind, namespace, name)
        if asking is not None:
            near = [one for one in several if one.target == asking.target or None in {one.target, asking.target}]
            several = near or [one for one in several if self.shares_cluster(one, asking)]
        several = _surest(several, namespace)
        if len(several) < 2 or asking is None:
            return next(iter(several), None)
        of_target = [one for one in several if one.target == asking.target]
        of_target = of_target or [one for one in several if one.target is None] or several
        rendered = [one for one in of_target if one.parent is not None] or of_target
        return max(rendered, key=lambda one: _shared(one.file, asking.file))

    def shares_cluster(self, one: AgentObject, asking: AgentObject) -> bool:
        """Whether an object may be in the cluster of another: not where both have a target, and not the same.

        The file of one that is only declared may be built for the other's target as well.
        """
        if one.target == asking.target or None in {one.target, asking.target}:
            return True
        return one.parent is None and one.file in self._built_for(asking.target)

    def _built_for(self, target: str | None) -> frozenset[str]:
        """The files of the folders that Flux's Kustomizations have built for a target."""
        key = f"\0{target}"
        if key not in self._built:
            asking = self.of_kind("kustomize.toolkit.fluxcd.io", "Kustomization")
            folders = {root_path(text_at(one.data, "spec", "path")) for one in asking if one.target in {target, None}}
            found = (
                self.built_of(folder)
                for folder in folders
                if folder is not None and self.graph.index.find(folder).place is Place.FOLDER
            )
            self._built[key] = frozenset().union(*found)
        return self._built[key]

    def past(self, group: str, kind: str, namespace: str, name: str, asking: AgentObject) -> AgentObject | None:
        """The object of a name that another one would have found in its cluster before the change."""
        return self._past.find(group, kind, namespace, name, asking) if self.before else None

    @cached_property
    def _past(self) -> World:
        return replace(self, objects=self.before, before=())

    def locate(self, one: AgentObject, path: FieldPath = (), *, on: Literal["key", "value"] = "value") -> Location:
        """The place of an object's field, or of its nearest ancestor that exists; the object's where nobody knows.

        The file is asked only where it declares the object with the same value in the field: a rendered object's
        field may have been set elsewhere, which its unit knows.
        """
        file, declared = self._file(one.file), self._declared(one)
        same = declared is not None and (one.parent is None or dig(declared.data, *path) == dig(one.data, *path))
        if file is not None and declared is not None and same:
            return file.location(declared.source, path, on=on)
        if one.parent is None or not path or path == ("kind",):
            return one.location
        found = one.where(path, on) if one.where is not None else None
        return found or Location(one.location.file)

    def place(self, one: AgentObject) -> Location:
        """Where an object stands: in the document that declares it, as far as its file has one."""
        return self.locate(one, ("kind",))

    def declares(self, one: AgentObject, path: FieldPath = ()) -> bool:
        """Whether the file that an object comes from says the same in a field: then nothing on the way changed it."""
        declared = self._declared(one)
        return declared is not None and dig(declared.data, *path) == dig(one.data, *path)

    def source_of(self, one: AgentObject) -> Source | None:
        """Where the file that an object comes from declares it; None where it does not say."""
        declared = self._declared(one)
        return None if declared is None else declared.source

    def _declared(self, one: AgentObject) -> Manifest | None:
        """The object as its file declares it; a renderer says the file of what it renders, and not the document."""
        file = self._file(one.file)
        if file is None:
            return None
        kind, name = one.data.get("kind"), text_at(one.data, "metadata", "name")
        alike = [manifest for manifest in file.manifests if manifest.kind == kind]
        if one.parent is not None:
            named = [manifest for manifest in alike if manifest.name == name]
            return named[0] if len(named) == 1 else None
        source = Source(one.file, one.document, one.pointer)
        return next((manifest for manifest in alike if manifest.source == source), None)

    def built_of(self, folder: str) -> frozenset[str]:
        """The files that Flux builds a folder of, without what a Kustomization lays over it; worked out once."""
        if folder not in self._built:
            from gategit.render.kustomize_plan import inputs_of  # noqa: PLC0415  few objects are of kinds defined here

            self._built[folder] = inputs_of(KustomizeBuild(folder, generate=True, free=True), self.graph, self.tree)
        return self._built[folder]

    def content(self, path: str) -> bytes | None:
        """The content of a file of the tree, links inside of it followed; None where there is none."""
        found = self.graph.index.find(path)
        return self.tree.read(found.path) if found.place is Place.FILE else None

    def _file(self, path: str) -> ManifestFile | None:
        if path not in self.opened:
            entry = self.tree.entries().get(path)
            content = b""
            if entry is not None and entry.kind is EntryKind.FILE:
                content = self.tree.read(path)
            self.opened[path] = read_file(path, content, self.graph.roles.get(path)) if content else None
        return self.opened[path]


def ref_of(data: Mapping[str, Any], namespace: str = "") -> ObjectRef:
    """An object as findings name it; one whose name the server makes has that name's start and a ``*``.

    Args:
        data: the object.
        namespace: where it goes if it names no namespace.
    """
    generated = text_at(data, "metadata", "generateName")
    return ObjectRef(
        text_at(data, "apiVersion"),
        text_at(data, "kind"),
        text_at(data, "metadata", "namespace") or namespace or None,
        text_at(data, "metadata", "name") or (f"{generated}*" if generated else ""),
    )


def _surest(several: Sequence[AgentObject], namespace: str) -> list[AgentObject]:
    """Those that certainly are in a namespace, where some are; rendered ones first."""
    sure = [one for one in several if namespace and one.namespace == namespace]
    return sorted(sure or several, key=lambda one: one.parent is None)


def _shared(one: str, other: str) -> int:
    """How many folders two paths have in common from the root on."""
    count = 0
    for left, right in zip(one.split("/")[:-1], other.split("/")[:-1], strict=False):
        if left != right:
            break
        count += 1
    return count


def _clean(path: str) -> str | None:
    return None if is_remote(path) else root_path(path)
