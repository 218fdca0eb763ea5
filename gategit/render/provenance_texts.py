"""The files of a tree as provenance asks for them: documents, objects, lines; read once, when somebody asks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, Literal

from gategit.checks.references.paths import PathIndex, Place
from gategit.manifests.decode import Decoded, decode
from gategit.manifests.expand import expand
from gategit.manifests.manifest import Source
from gategit.manifests.positions import SourceMap
from gategit.manifests.text import NotText, decode_text
from gategit.model import FieldPath, Location, Region
from gategit.render.provenance_nodes import Origin
from gategit.tree import Tree

On = Literal["key", "value"]


class _File:
    """One file."""

    def __init__(self, path: str, content: bytes) -> None:
        self.path = path
        self.content = content

    @cached_property
    def decoded(self) -> Decoded:
        return decode(self.content, self.path if self.path.endswith(".json") else "file.yaml")

    @cached_property
    def text(self) -> str:
        text = decode_text(self.content)
        return "" if isinstance(text, NotText) else text

    @cached_property
    def lines(self) -> Sequence[str]:
        return [line.rstrip("\r") for line in self.text.split("\n")]

    @cached_property
    def positions(self) -> SourceMap:
        roots = {document.index: document.root for document in self.decoded.documents if document.root is not None}
        return SourceMap(self.content, self.path, roots)


class Texts:
    """The files of one tree.

    Args:
        tree: the tree.
        index: its files by path.
    """

    def __init__(self, tree: Tree, index: PathIndex) -> None:
        self.tree = tree
        self.index = index
        self._files: dict[str, _File | None] = {}

    def _file(self, path: str) -> _File | None:
        if path not in self._files:
            found = self.index.find(path)
            here = found.place is Place.FILE
            self._files[path] = _File(path, self.tree.read(found.path)) if here else None
        return self._files[path]

    def exists(self, path: str) -> bool:
        """Whether there is such a file."""
        return self._file(path) is not None

    def text(self, path: str) -> str:
        """A file's text, "" where there is none."""
        file = self._file(path)
        return file.text if file is not None else ""

    def lines(self, path: str) -> Sequence[str]:
        """A file's lines without their ends."""
        file = self._file(path)
        return file.lines if file is not None else ()

    def documents(self, path: str) -> Iterator[tuple[int, Any]]:
        """A file's documents, each with its number."""
        file = self._file(path)
        for document in file.decoded.documents if file is not None else ():
            yield document.index, document.data

    def document(self, path: str, index: int) -> Any:
        """One document of a file; None where there is none."""
        return next((data for number, data in self.documents(path) if number == index), None)

    def objects(self, path: str) -> Iterator[tuple[Source, Any]]:
        """The objects of a file, with every List opened."""
        file = self._file(path)
        for manifest in expand(path, file.decoded) if file is not None else ():
            yield manifest.source, manifest.data

    def value(self, origin: Origin) -> Any:
        """The value of a field of a file; None where there is none."""
        found: Any = self.document(origin.file, origin.document)
        for step in origin.path or ():
            try:
                found = found[step]
            except (KeyError, IndexError, TypeError):
                return None
        return found

    def locate(self, origin: Origin, on: On = "value") -> Location:
        """The place that an origin means."""
        if origin.location is not None:
            return origin.location
        file = self._file(origin.file)
        if file is None:
            return Location(origin.file)
        if origin.path is None:
            return self.line(origin.file, origin.line) if origin.line else Location(origin.file)
        if origin.inner is None:
            return Location(origin.file, file.positions.region(origin.document, origin.path, on=on))
        return self._inside(file, origin, on)

    def line(self, path: str, number: int) -> Location:
        """A line of a file, without the blanks at both ends."""
        lines = self.lines(path)
        if not 1 <= number <= len(lines):
            return Location(path)
        text = lines[number - 1]
        start = len(text) - len(text.lstrip()) if text.strip() else 0
        return Location(path, Region(number, start + 1, number, start + 1 + max(1, len(text.strip()))))

    def _inside(self, file: _File, origin: Origin, on: On) -> Location:
        """A place of a text that is the value of a field, as a place of the file that holds the field.

        The whole field's place where the text does not stand there line by line.
        """
        path = origin.path or ()
        outer = file.positions.region(origin.document, path)
        text = self.value(origin)
        if not isinstance(text, str) or origin.inner is None:
            return Location(file.path, outer)
        return Location(file.path, inside(file.lines, outer, text, origin.inner, on) or outer)


def inside(
    lines: Sequence[str], outer: Region, text: str, inner: tuple[int, FieldPath], on: On = "value"
) -> Region | None:
    """Where a field of a YAML text stands, if the text stands as a block in a file; None where it does not.

    Args:
        lines: the file's.
        outer: where the text stands.
        text: the text.
        inner: the document and the field of the text.
        on: whether the key or the value is meant.
    """
    region = SourceMap(text.encode("utf-8", "surrogatepass"), "inner.yaml").region(inner[0], inner[1], on=on)
    own = text.split("\n")
    number = outer.line + region.line
    if region.line > len(own) or number > len(lines):
        return None
    wanted, here = own[region.line - 1].rstrip(), lines[number - 1].rstrip()
    shift = len(here) - len(wanted)
    if not wanted.strip() or shift < 0 or not here.endswith(wanted) or here[:shift].strip():
        return None
    last = outer.line + region.end_line
    if last > len(lines):
        return None
    return Region(number, region.column + shift, last, region.end_column + shift)
