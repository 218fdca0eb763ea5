"""The object-level change of a request: both trees read, objects paired, and what may be shown of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gategit.change import read_object_changes
from gategit.checks.references.kustomize import read_graph
from gategit.disk import UnreadableError, show_path
from gategit.manifests.decode import Limits
from gategit.manifests.file import ManifestFile, read_file
from gategit.manifests.manifest import Role
from gategit.model import Unchecked
from gategit.object_diff import ObjectDiff, view
from gategit.repository import changed, open_trees
from gategit.tree import EntryKind

if TYPE_CHECKING:
    from gategit.manifests.manifest import Manifest
    from gategit.model import FieldPath, Location
    from gategit.repository import SourceTree, Trees
    from gategit.request import Request


def read_object_diff(request: Request) -> ObjectDiff:
    """Read a change and say what it does to each object.

    Raises:
        UsageError: the request cannot be met.
        UndecidedError: the change cannot be read.
    """
    trees = open_trees(request)
    try:
        diff = changed(trees.base, trees.head)
        new = _Files(trees, trees.head)
        old = _Files(trees, trees.base) if trees.base is not None else new
        changes = read_object_changes(diff, old.manifests, new.manifests)
        objects = view(changes, old.locate, new.locate)
        unchecked = tuple(dict.fromkeys([*new.unchecked, *(old.unchecked if old is not new else ())]))
        return ObjectDiff(trees.base_commit, trees.head_name, objects, unchecked, incomplete=new.failed or old.failed)
    finally:
        trees.close()


_SUFFIXES = (".yaml", ".yml", ".json")


class _Files:
    """The files of one side, each decoded once."""

    def __init__(self, trees: Trees, tree: SourceTree) -> None:
        self._trees = trees
        self._tree = tree
        self._roles = read_graph(tree).roles
        self._limits = Limits()
        self._files: dict[str, ManifestFile] = {}
        self._charts = frozenset(
            path.rpartition("/")[0] for path in tree.entries() if path.rpartition("/")[2] in {"Chart.yaml", "Chart.yml"}
        )
        self.unchecked: list[Unchecked] = []
        self.failed = False

    def manifests(self, path: str) -> Sequence[Manifest]:
        """The objects that a file declares; what cannot be read is noted."""
        entry = self._tree.entries()[path]
        if not path.endswith(_SUFFIXES) or entry.kind is not EntryKind.FILE or not self._trees.selects(path):
            return ()
        if entry.size > self._limits.file_bytes:
            self._note(path, f"it has {entry.size:,} bytes, more than the limit of {self._limits.file_bytes:,}")
            return ()
        try:
            content = self._tree.read(path)
        except UnreadableError as error:
            self._note(path, error.reason)
            return ()
        file = read_file(path, content, self._roles.get(path), self._limits, chart_folders=self._charts)
        self._files[path] = file
        if file.decoded.problems:
            self._note(path, file.decoded.problems[0].message)
        if file.role is Role.TEMPLATE:
            self._note(path, "it is a template, which becomes YAML only when it is rendered", failed=False)
        return file.manifests if file.role is Role.MANIFEST else ()

    def locate(self, manifest: Manifest, path: FieldPath) -> Location:
        """Where a manifest's field stands."""
        return self._files[manifest.source.file].location(manifest.source, path, on="key" if path else "value")

    def _note(self, path: str, reason: str, *, failed: bool = True) -> None:
        self.failed = self.failed or failed
        self.unchecked.append(Unchecked(show_path(path), reason))
