"""The object-level change of a request: both trees read, objects paired, and what may be shown of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gategit.cache import Cache
from gategit.change import read_object_changes
from gategit.disk import UnreadableError, show_path
from gategit.manifests.decode import Limits
from gategit.manifests.manifest import Role
from gategit.model import Unchecked
from gategit.object_diff import ObjectDiff, view
from gategit.repository import changed, open_trees
from gategit.side import Side
from gategit.trusted import load_trusted

if TYPE_CHECKING:
    from gategit.checks.references.kustomize import Parsed
    from gategit.manifests.file import ManifestFile
    from gategit.manifests.manifest import Manifest
    from gategit.model import FieldPath, Location
    from gategit.repository import SourceTree
    from gategit.request import Request


def read_object_diff(request: Request) -> ObjectDiff:
    """Read a change and say what it does to each object.

    The config says, as it does for a check, which files are looked at and how large they may be.

    Raises:
        ConfigError: the config cannot be used.
        UsageError: the request cannot be met.
        UndecidedError: the change cannot be read.
    """
    trees = open_trees(request)
    try:
        config = load_trusted(request, trees).config
        limits, cache = Limits(file_bytes=config.limits.file_size), Cache(None)
        parsed: dict[str, Parsed] = {}

        def files(tree: SourceTree) -> _Files:
            return _Files(Side(tree, config.path_filter(), trees.selects, limits, cache, request.jobs, parsed))

        diff = changed(trees.base, trees.head)
        new = files(trees.head)
        old = files(trees.base) if trees.base is not None else new
        changes = read_object_changes(diff, old.manifests, new.manifests)
        objects = view(changes, old.locate, new.locate)
        unchecked = tuple(dict.fromkeys([*new.unchecked, *(old.unchecked if old is not new else ())]))
        return ObjectDiff(trees.base_commit, trees.head_name, objects, unchecked, incomplete=new.failed or old.failed)
    finally:
        trees.close()


class _Files:
    """The files of one side, each decoded once."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self._files: dict[str, ManifestFile] = {}
        self.unchecked: list[Unchecked] = []
        self.failed = False

    def manifests(self, path: str) -> Sequence[Manifest]:
        """The objects that a file declares; what cannot be read is noted."""
        side = self._side
        if path not in side.candidate_set or not side.in_scope(path):
            return ()
        if path in side.too_large:
            self._note(path, side.too_large_finding(path).message)
            return ()
        try:
            file = side.file(path)
        except UnreadableError as error:
            self._note(path, error.reason)
            return ()
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
