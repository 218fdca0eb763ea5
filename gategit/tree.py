"""One side of a change: a commit, the index, the working tree or a plain folder, all behind one small interface."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class EntryKind(StrEnum):
    """What a path of a tree is."""

    FILE = "file"
    SYMLINK = "symlink"
    SUBMODULE = "submodule"


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """A path of a tree. ``blob_id`` names the content (git's object id, hex); equal ids mean equal bytes.

    ``blob_id`` is "" where nothing has hashed the content (a plain folder): such content is never cached by id.
    ``size`` is in bytes, -1 where unknown without reading.
    """

    path: str
    blob_id: str
    kind: EntryKind = EntryKind.FILE
    executable: bool = False
    size: int = -1


class Tree(Protocol):
    """The files of one side. Paths are relative to the repository's root, with ``/`` between names."""

    @property
    def name(self) -> str:
        """A commit id, ``worktree``, ``index`` or ``folder``."""

    def entries(self) -> Mapping[str, TreeEntry]:
        """Every path with its entry, sorted by path. Folders have no entry."""

    def read(self, path: str) -> bytes:
        """The content of a file; of a symbolic link, the text of its target (as git stores it).

        Raises:
            KeyError: no such path in this tree.
        """
