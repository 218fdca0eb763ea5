"""All manifests of one tree, with look-ups, but without their data: a file that is asked for is decoded again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from gategit.manifests.file import ManifestFile
from gategit.manifests.manifest import Manifest, ObjectKey, Source
from gategit.tree import Tree, TreeEntry


class ObjectFact(NamedTuple):
    """That an object is declared, and where: all that is kept of an unchanged file.

    A tuple, because a run makes one for each object of the repository.
    """

    key: ObjectKey
    api_version: str
    source: Source


class Inventory:
    """What one tree declares.

    Args:
        tree: the tree.
        facts: every object that its manifest files declare.
        open_file: decodes one file of the tree (memoised by the caller); raises KeyError where there is none.
    """

    def __init__(self, tree: Tree, facts: Iterable[ObjectFact], open_file: Callable[[str], ManifestFile]) -> None:
        self.tree = tree
        self.facts: Sequence[ObjectFact] = tuple(facts)
        self._open_file = open_file

    @property
    def entries(self) -> Mapping[str, TreeEntry]:
        """Every path of the tree."""
        return self.tree.entries()

    @cached_property
    def folders(self) -> frozenset[str]:
        """Every folder that holds a file, directly or deeper; ``""`` is the root."""
        found: set[str] = {""}
        for path in self.entries:
            parent = path.rpartition("/")[0]
            while parent not in found:
                found.add(parent)
                parent = parent.rpartition("/")[0]
        return frozenset(found)

    @cached_property
    def _by_kind(self) -> dict[tuple[str, str], list[ObjectFact]]:
        grouped: dict[tuple[str, str], list[ObjectFact]] = {}
        for fact in self.facts:
            grouped.setdefault((fact.key.group, fact.key.kind), []).append(fact)
        return grouped

    @cached_property
    def _by_key(self) -> dict[ObjectKey, list[ObjectFact]]:
        grouped: dict[ObjectKey, list[ObjectFact]] = {}
        for fact in self.facts:
            grouped.setdefault(fact.key, []).append(fact)
        return grouped

    def by_kind(self, group: str, kind: str) -> Sequence[ObjectFact]:
        """Every object of a group and kind, in path order."""
        return self._by_kind.get((group, kind), ())

    def by_key(self, key: ObjectKey) -> Sequence[ObjectFact]:
        """Every declaration of one object; more than one is a duplicate, or several clusters."""
        return self._by_key.get(key, ())

    @property
    def keys(self) -> Iterable[ObjectKey]:
        """The key of every declared object, each once."""
        return self._by_key.keys()

    def file(self, path: str) -> ManifestFile:
        """Decode one file of the tree.

        Raises:
            KeyError: no such file.
        """
        return self._open_file(path)

    def manifest(self, fact: ObjectFact) -> Manifest:
        """The object's data, decoded again from its file.

        Raises:
            KeyError: the file no longer declares it.
        """
        for manifest in self.file(fact.source.file).manifests:
            if manifest.source == fact.source:
                return manifest
        raise KeyError(fact.source)
