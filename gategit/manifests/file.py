"""One file of a tree: its role, what it declares, and where each field stands."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Literal

from gategit.manifests.classify import classify, holds_objects, is_template
from gategit.manifests.decode import Decoded, Limits, decode
from gategit.manifests.expand import expand
from gategit.manifests.manifest import Manifest, Role, Source
from gategit.model import FieldPath, Location

if TYPE_CHECKING:
    from gategit.manifests.positions import SourceMap

_DEFAULT = Limits()


class ManifestFile:
    """A decoded file. Made by ``read_file``; not changed afterwards.

    Attributes:
        applied_server_side: whether what applies its objects is known to have the server do it (server-side apply).
    """

    applied_server_side = False

    def __init__(self, path: str, content: bytes, role: Role, decoded: Decoded) -> None:
        self.path = path
        self.content = content
        self.role = role
        self.decoded = decoded

    @cached_property
    def manifests(self) -> tuple[Manifest, ...]:
        """The objects of a manifest or patch file, with every List opened; none for any other role."""
        if self.role not in (Role.MANIFEST, Role.PATCH):
            return ()
        return expand(self.path, self.decoded)

    @cached_property
    def source_map(self) -> SourceMap:
        """Where each field stands; the text is composed at the first question."""
        from gategit.manifests.positions import SourceMap  # noqa: PLC0415  only findings ask where

        roots = {document.index: document.root for document in self.decoded.documents if document.root is not None}
        return SourceMap(self.content, self.path, roots)

    def location(self, source: Source, path: FieldPath = (), *, on: Literal["key", "value"] = "value") -> Location:
        """The place of an object's field, or of its nearest ancestor that exists."""
        return Location(self.path, self.source_map.region(source.document, (*source.pointer, *path), on=on))


def read_file(
    path: str,
    content: bytes,
    role: Role | None = None,
    limits: Limits = _DEFAULT,
    *,
    chart_folders: frozenset[str] = frozenset(),
) -> ManifestFile:
    """Decode a file and say what it is. It never raises, whatever the bytes.

    Args:
        path: relative to the repository's root, ``/`` between names.
        content: the file's bytes.
        role: what the file is known to be, for example because a kustomization names it; None: its content decides.
        limits: what the file may ask for.
        chart_folders: folders that hold a Chart.yaml; files in their ``templates`` folders are Helm's.
    """
    decoded = decode(content, path, limits)
    if role is None:
        role = classify(path, content, decoded, chart_folders)
    elif role is Role.KUSTOMIZATION and holds_objects(decoded):
        role = Role.MANIFEST  # Kustomize reads one document of it; kubectl would apply the others
    elif role is Role.DATA and is_template(content, decoded):
        role = Role.TEMPLATE  # data that is not applied itself may well be a template
    return ManifestFile(path, content, role, decoded)
