"""Where the entries of kustomizations stand, and what they refer to; files are read when somebody asks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal

from gategit.checks.references.kustomize import Kustomization, LinkState
from gategit.checks.references.sources import has
from gategit.manifests.file import ManifestFile, read_file
from gategit.manifests.manifest import Manifest, Role, Source
from gategit.manifests.positions import SourceMap
from gategit.model import FieldPath, Location, Region, format_path
from gategit.render.kustomize_plan import Plan
from gategit.render.values import Unit
from gategit.tree import Tree

_FLUX: Final = "kustomize.toolkit.fluxcd.io/"


class Places:
    """The files of one build, with their lines."""

    def __init__(self, unit: Unit, made: Plan, tree: Tree) -> None:
        self._unit = unit
        self._made = made
        self._tree = tree
        self._files: dict[str, ManifestFile | None] = {}

    def top(self) -> Location:
        """The kustomization that is built; for one that an agent writes, the object that makes it do so."""
        if self._file(self._made.file, Role.KUSTOMIZATION) is None and self._unit.owner is not None:
            return self._unit.owner.location
        return Location(self._made.file)

    def asked(self) -> Location:
        """Where the agent's object names the folder that is built."""
        owner = self._unit.owner
        if owner is None or owner.where is None:
            return self.top()
        return owner.where(("path",))

    def is_own(self, one: Kustomization, path: FieldPath) -> bool:
        """Whether a field stands in a file, where other checks look at it, and not in what the agent adds."""
        return one.file != self._made.file or (bool(self._made.own) and has(self._made.own, path))

    def field(self, one: Kustomization, path: FieldPath, on: Literal["key", "value"] = "value") -> Location:
        """A field of a kustomization; what the agent adds to it stands in the agent's object."""
        file = self._file(one.file, Role.KUSTOMIZATION)
        if not self.is_own(one, path):
            return self._added(path)
        return Location(one.file) if file is None else file.location(Source(one.file, one.parsed.document), path, on=on)

    def _added(self, path: FieldPath) -> Location:
        """A field that the agent adds, in the agent's object; an entry of a list stands behind the folder's own."""
        owner = self._unit.owner
        if owner is None or owner.where is None:
            return owner.location if owner is not None else self.top()
        return owner.where(self._in_agent(path))

    def _in_agent(self, path: FieldPath) -> FieldPath:
        """A field of what the agent adds, as its object counts the entries."""
        own = self._made.own.get(str(path[0])) if path and self._made.own else None
        if isinstance(own, list) and len(path) > 1 and isinstance(path[1], int):
            return (path[0], path[1] - len(own), *path[2:])
        return path

    def called(self, one: Kustomization, path: FieldPath) -> str:
        """An entry of a kustomization as a message names it; what Flux's object adds as that has it."""
        owner = self._unit.owner
        if self.is_own(one, path) or owner is None or owner.where is None:
            return format_path(path)
        start = ("spec",) if owner.ref.api_version.startswith(_FLUX) else ()
        return format_path((*start, *self._in_agent(path)))

    def data(self, one: Kustomization) -> dict[str, Any]:
        """What a kustomization says."""
        if one.file == self._made.file:
            return dict(self._made.data)
        file = self._file(one.file, Role.KUSTOMIZATION)
        documents = file.decoded.documents if file else ()
        found = next((document.data for document in documents if document.index == one.parsed.document), None)
        return found if isinstance(found, dict) else {}

    def at(self, path: str, source: Source, field: FieldPath = ()) -> Location:
        """A field of an object in any other file."""
        file = self._file(path, Role.PATCH)
        return Location(path) if file is None else file.location(source, field)

    def inside(self, one: Kustomization, path: FieldPath, document: int, field: FieldPath) -> Location:
        """A field of YAML that is the text of a field; the whole text where it is not written line by line."""
        whole = self.field(one, path)
        file = self._file(whole.file, Role.MANIFEST)
        if file is None or whole.region is None:
            return whole
        text: Any = self.data(one)
        for step in path:
            text = text[step]
        inner = SourceMap(text.encode("utf-8", "surrogateescape"), "inline.yaml").region(document, field)
        line = whole.region.line + inner.line
        there, here = file.source_map.line_text(line), text.split("\n")[inner.line - 1]
        if not here.strip() or there.strip() != here.strip() or inner.line != inner.end_line:
            return whole
        shift = len(there) - len(there.lstrip()) - (len(here) - len(here.lstrip()))
        return Location(whole.file, Region(line, inner.column + shift, line, inner.end_column + shift))

    def documents(self, path: str) -> Iterator[tuple[int, Any]]:
        """The documents of a file, each with its number."""
        file = self._file(path, Role.PATCH)
        for document in file.decoded.documents if file else ():
            yield document.index, document.data

    def is_readable(self, path: str) -> bool:
        """Whether a file can be read as YAML; where it cannot, the check of syntax says why."""
        file = self._file(path, Role.PATCH)
        return file is not None and not file.decoded.problems

    def repeated(self, path: str, key: str) -> Location | None:
        """Where a file sets a key again that its mapping has already; None where it does not."""
        file = self._file(path, Role.PATCH)
        problems = file.decoded.problems if file is not None else ()
        found = (one for one in problems if one.rule == "duplicate-key" and one.subject == key)
        return next((Location(path, one.region) for one in found), None)

    def manifests(self, path: str) -> tuple[Manifest, ...]:
        """The objects that a file declares."""
        file = self._file(path, Role.PATCH)
        return file.manifests if file else ()

    def linked_file(self, one: Kustomization, path: FieldPath) -> str:
        """The file that an entry names, "" where it names none."""
        return next(
            (link.path for link in one.links if link.reference.path == path and link.state is LinkState.FILE), ""
        )

    def _file(self, path: str, role: Role) -> ManifestFile | None:
        if path not in self._files:
            try:
                content = self._tree.read(path)
            except KeyError:
                self._files[path] = None
            else:
                self._files[path] = read_file(path, content, role)
        return self._files[path]
