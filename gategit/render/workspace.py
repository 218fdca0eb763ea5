"""Files of a tree in a private folder on disk, for programs that read folders: nothing in it leads out of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from gategit.checks.references.paths import join, relative
from gategit.disk import show_path
from gategit.errors import UndecidedError
from gategit.render.private_folder import make_private_folder
from gategit.render.values import RenderSettings
from gategit.tree import EntryKind, Tree, TreeEntry

_MAX_LINKS = 40
"""How many symbolic links one path may lead through, as Linux has it (path_resolution(7))."""

_MAX_BYTES = 512 * 2**20
"""How much one build may read in all."""


class PlaceError(UndecidedError):
    """A file of the tree that no renderer is given; ``path`` says which."""

    def __init__(self, path: str, message: str, hint: str = "") -> None:
        super().__init__(f"{show_path(path)} {message}", hint)
        self.path = path


class Workspace:
    """A private folder that is gone at the end; ``with Workspace(tree, settings) as workspace``.

    Args:
        tree: where files are taken from.
        settings: how much may be placed.
        root: the folder of the tree that it stands for, "" for all of it; what lies elsewhere cannot be placed.

    Attributes:
        folder: where the files stand, by the paths that they have below ``root``.
    """

    def __init__(self, tree: Tree, settings: RenderSettings, root: str = "") -> None:
        self._tree = tree
        self._settings = settings
        self._entries = tree.entries()
        self._root = root
        self._start = len(root) + 1 if root else 0
        self._disk = ""
        self._folders: dict[str, None] = {root: None}
        self._placed: set[str] = set()
        self._bytes = 0

    @property
    def folder(self) -> Path:
        """The folder; it holds what was placed, and nothing else."""
        return Path(self._disk)

    def __enter__(self) -> Self:
        self._disk = make_private_folder("gategit-render-")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Taking away what is known to be there is three times as fast as looking for it.
        try:
            for path in self._placed:
                os.unlink(self._on_disk(path))  # noqa: PTH108  pathlib is slower than the disk
            for folder in reversed(self._folders):
                os.rmdir(self._on_disk(folder))  # noqa: PTH106  the same
        except OSError:  # the renderer has left something behind
            shutil.rmtree(self._disk, ignore_errors=True)

    def place(self, paths: Iterable[str]) -> None:
        """Write files of the tree, and the symbolic links on the way to them as links.

        Paths that are not there are left out: what needs them says so.

        Raises:
            PlaceError: a path leads out of the tree or into a submodule, is not written as a path of a tree, or the
                files are more, or larger together, than a build may read.
            UndecidedError: a file cannot be read, or the folder cannot be written.
        """
        try:
            for path in paths:
                self._place(path)
        except OSError as error:
            raise UndecidedError(f"the folder to render in cannot be written: {error.strerror or error}") from None

    def write(self, path: str, content: bytes) -> None:
        """Write a file of the agent's own, in place of one that was placed before.

        Raises:
            PlaceError: the path leads out of the workspace.
            UndecidedError: the folder cannot be written.
        """
        path = self._resolved(path)
        try:
            self._write(path, content)
        except OSError as error:
            raise UndecidedError(f"the folder to render in cannot be written: {error.strerror or error}") from None
        self._placed.add(path)

    def _resolved(self, path: str) -> str:
        """The path behind the links on the way to it, which are placed."""
        for _ in range(_MAX_LINKS):
            step = self._step(path)
            if step is None:
                return path
            path = step
        raise PlaceError(path, "leads through more symbolic links than a path may", "remove the circle of links")

    def _place(self, path: str) -> None:
        if path in self._placed:
            return
        path = self._resolved(path)
        entry = self._entries.get(path)
        if path in self._placed or entry is None:
            return
        self._count(path, entry)
        content = self._tree.read(path)
        self._bytes += len(content)
        if self._bytes > _MAX_BYTES:
            raise PlaceError(
                path,
                f"is one file too many: together they have more than the {_MAX_BYTES:,} bytes that a build may read",
            )
        self._write(path, content)
        self._placed.add(path)

    def _step(self, path: str) -> str | None:
        """Where the first link on the way to a path leads, None where there is none."""
        if not path:
            return None
        if not _is_plain(path):
            raise PlaceError(path, "is no path that a tree may hold")
        if not self._is_inside(path):
            raise PlaceError(path, f"lies outside of {self._root}")
        names = path.split("/")
        for depth in range(1, len(names) + 1):
            above = "/".join(names[:depth])
            if above in self._folders:
                continue
            entry = self._entries.get(above)
            if entry is None or (entry.kind is EntryKind.FILE and depth == len(names)):
                continue
            if entry.kind is EntryKind.SUBMODULE:
                raise PlaceError(above, "is a submodule: its files are in another repository")
            if entry.kind is EntryKind.FILE:
                return None
            return self._link(above, "/".join(names[depth:]))
        return None

    def _link(self, link: str, rest: str) -> str:
        text = os.fsdecode(self._tree.read(link))
        target = join(link.rpartition("/")[0], text)
        if target is None:
            raise PlaceError(
                link,
                "is a symbolic link that leads out of the repository",
                "let it lead to a file of the repository, by a relative path",
            )
        if link not in self._placed:
            self._count(link, self._entries[link])
            self._folder_of(link)
            if not self._is_inside(target):
                raise PlaceError(link, f"is a symbolic link that leads out of {self._root}")
            # Not the link's own text: "a/a/../.." stays inside where names are counted, and leads out where "a" is a
            # link to the root.
            os.symlink(relative(target, link.rpartition("/")[0]), self._on_disk(link))  # noqa: PTH211  as above
            self._placed.add(link)
        return join(target, rest or ".") or ""

    def _count(self, path: str, entry: TreeEntry) -> None:
        if len(self._placed) >= self._settings.files:
            raise PlaceError(
                path,
                f"is one file too many: a build may read {self._settings.files:,}",
                "raise render.files in the config, or build less at once",
            )
        if entry.size > _MAX_BYTES:
            raise PlaceError(path, f"has {entry.size:,} bytes; a build may read {_MAX_BYTES:,}")

    def _folder_of(self, path: str) -> None:
        parent = path.rpartition("/")[0]
        if parent not in self._folders:
            self._folder_of(parent)
            os.mkdir(self._on_disk(parent), 0o700)  # noqa: PTH102  pathlib is slower than the disk
            self._folders[parent] = None

    def _write(self, path: str, content: bytes) -> None:
        self._folder_of(path)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
        descriptor = os.open(self._on_disk(path), flags, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)

    def _on_disk(self, path: str) -> str:
        return f"{self._disk}/{path[self._start :]}"

    def _is_inside(self, path: str) -> bool:
        return not self._root or path == self._root or path.startswith(f"{self._root}/")


def _is_plain(path: str) -> bool:
    """Whether a path stays below the folder that it is joined to. A tree made by hand may hold any name."""
    return not path.startswith("/") and "\0" not in path and not {"", ".", ".."} & set(path.split("/"))
