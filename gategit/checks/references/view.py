"""What the parts of this check share: places for findings, what the change removed, and the nearest right path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Literal

from gategit.checks.references.kustomize import FILE_NAMES, KustomizeGraph
from gategit.checks.references.paths import Place, relative
from gategit.manifests.file import ManifestFile
from gategit.manifests.inventory import Inventory, ObjectFact
from gategit.manifests.manifest import Source
from gategit.model import FieldPath, Location, RelatedLocation
from gategit.nearest import nearest

_MAX_CANDIDATES = 500
"""How many names of one folder are compared with a misspelt one."""

_MAX_DIFFERENCE = 5
"""How much longer or shorter a name may be than the misspelt one it is offered for: an extension, a word's end."""


class View:
    """One tree as this check looks at it.

    Args:
        inventory: what the tree declares.
        graph: what its kustomizations name.
        gone: the files that the change removes, with the new path where it renames them.
    """

    def __init__(self, inventory: Inventory, graph: KustomizeGraph, gone: Mapping[str, str | None]) -> None:
        self.inventory = inventory
        self.graph = graph
        self.index = graph.index
        self.gone = gone

    @cached_property
    def facts_of(self) -> Mapping[str, Sequence[ObjectFact]]:
        """The objects of each file that declares any."""
        found: dict[str, list[ObjectFact]] = {}
        for fact in self.inventory.facts:
            found.setdefault(fact.source.file, []).append(fact)
        return found

    def file(self, path: str) -> ManifestFile | None:
        """A decoded file, or None where it cannot be had (that is another check's finding)."""
        try:
            return self.inventory.file(path)
        except KeyError:
            return None

    def locate(self, source: Source, path: FieldPath = (), *, on: Literal["key", "value"] = "value") -> Location:
        """The place of a field; the file alone where it cannot be known."""
        file = self.file(source.file)
        return Location(source.file) if file is None else file.location(source, path, on=on)

    def fate(self, path: str) -> tuple[str, tuple[RelatedLocation, ...]]:
        """What the change did to a missing file or folder: the end of a sentence, and where it was; or nothing.

        A folder is gone where the change removed the files below it; it counts as renamed where most of them kept the
        rest of their path, for one file alone may be like many others.
        """
        if path in self.gone:
            return self._told(path, self.gone[path])
        prefix = f"{path}/"
        below = sorted(old for old in self.gone if old.startswith(prefix))
        if not below:
            return "", ()
        moved: dict[str, list[str]] = {}
        for old in below:
            new, rest = self.gone[old], old[len(path) :]
            if new is not None and new.endswith(rest):
                moved.setdefault(new[: -len(rest)], []).append(old)
        if moved:
            folder = max(moved, key=lambda one: (len(moved[one]), one))
            if len(moved[folder]) * 2 > len(below):
                first = moved[folder][0]
                return self._told(first, self.gone[first], folder=folder)
        return self._told(next((old for old in below if self.gone[old] is None), below[0]), None)

    def _told(self, old: str, new: str | None, folder: str | None = None) -> tuple[str, tuple[RelatedLocation, ...]]:
        if new is None:
            return "; this change deletes it", (RelatedLocation(Location(old), f"{old} is deleted by this change"),)
        return (
            f"; this change renames it to {folder or new}",
            (RelatedLocation(Location(new), f"{old} is renamed to {new} by this change"),),
        )

    def suggestion(self, path: str, folder: str | None, *, want_folder: bool = False) -> str:
        """``; did you mean x?`` for a path that is missing, or "".

        First what has the same name elsewhere, the nearest by its folders; then what has a similar name in the same
        place. ``folder`` is the one that paths are relative to, None for the root with ``./`` before.
        """
        parent, _, name = path.rpartition("/")
        if name in FILE_NAMES:
            return ""
        same = [one for one in self.index.by_name.get(name, ()) if self._fits(one, want_folder=want_folder)]
        # A name that is all over the repository says nothing.
        if 0 < len(same) <= 5:
            best = max(same, key=lambda one: (_shared(one, path), -len(one), one))
            if _shared(best, path):
                return f"; did you mean {self._written(best, folder)}?"
        if parent in self.index.folders:
            prefix = f"{parent}/" if parent else ""
            stems = {
                one.rpartition(".")[0] or one: one
                for one in self.index.children(parent)[:_MAX_CANDIDATES]
                if one not in FILE_NAMES and self._fits(prefix + one, want_folder=want_folder)
            }
            stem = nearest(name.rpartition(".")[0] or name, stems)
            if stem is not None and abs(len(stems[stem]) - len(name)) <= _MAX_DIFFERENCE:
                return f"; did you mean {self._written(prefix + stems[stem], folder)}?"
        return ""

    def _fits(self, path: str, *, want_folder: bool) -> bool:
        return self.index.find(path).place is Place.FOLDER if want_folder else True

    def _written(self, path: str, folder: str | None) -> str:
        return f"./{path}" if folder is None else relative(path, folder)


def _shared(one: str, other: str) -> int:
    """How many names two paths have in common, from the front and from the end."""
    a, b = one.split("/"), other.split("/")
    count = 0
    for left, right in zip(a[:-1], b[:-1], strict=False):
        if left != right:
            break
        count += 1
    for left, right in zip(reversed(a[:-1]), reversed(b[:-1]), strict=False):
        if left != right:
            break
        count += 1
    return count
