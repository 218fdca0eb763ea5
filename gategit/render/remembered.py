"""Small files of a tree, read from git once: builds ask for them again and again, and on both sides of a change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gategit.tree import Tree, TreeEntry

_SMALL: Final = 64 * 2**10
_MOST: Final = 64 * 2**20
"""How many bytes are kept in all."""


class Contents:
    """What files hold, by the id of their content: the same for all trees of a repository."""

    def __init__(self) -> None:
        self._known: dict[str, bytes] = {}
        self._left = _MOST

    def find(self, entry: TreeEntry) -> bytes | None:
        """What a file holds; None where nobody has read it."""
        return self._known.get(entry.blob_id) if entry.blob_id else None

    def keep(self, entry: TreeEntry, content: bytes) -> None:
        """Keep what a small file holds, as long as there is room."""
        if entry.blob_id and len(content) <= min(_SMALL, self._left) and entry.blob_id not in self._known:
            self._known[entry.blob_id] = content
            self._left -= len(content)


class RememberedTree:
    """A tree that reads small files once. May be used from several threads.

    Args:
        tree: the files.
        contents: what was read so far, of this tree or another one of the same repository.
    """

    def __init__(self, tree: Tree, contents: Contents) -> None:
        self._tree = tree
        self._contents = contents

    @property
    def name(self) -> str:
        """The tree's own name."""
        return self._tree.name

    def entries(self) -> Mapping[str, TreeEntry]:
        """Every path."""
        return self._tree.entries()

    def read(self, path: str) -> bytes:
        """The content of a file.

        Raises:
            KeyError: no such path.
            UnreadableError: it cannot be read.
        """
        entry = self._tree.entries()[path]
        content = self._contents.find(entry)
        if content is None:
            content = self._tree.read(path)
            self._contents.keep(entry, content)
        return content
