"""Trees that need no git: a folder on disk, and standard input. And the one careful way to read a file from disk.

Nothing here follows a symbolic link: not the last name of a path and none of the folders above it, so that a link in
a pull request cannot lead the gate to a file outside the tree. Only regular files are read, and never more than
``READ_LIMIT`` bytes.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from gategit.errors import UndecidedError
from gategit.model import Unchecked
from gategit.tree import EntryKind, TreeEntry

READ_LIMIT = 100 * 2**20
"""No file larger than this is ever read, whatever the configured limit: GitHub refuses files above 100 MiB."""

LISTING_LIMIT = 1_000_000
"""A folder with more paths than this is taken for a mistake, such as the root of the file system."""


class UnreadableError(UndecidedError):
    """One path of a tree cannot be read. The rest of the tree can, so the gate reports it and goes on.

    ``path`` is the path in the tree and ``reason`` says why, without the path.
    """

    def __init__(self, path: str, reason: str, hint: str = "") -> None:
        super().__init__(f"{show_path(path)} cannot be read: {reason}", hint)
        self.path = path
        self.reason = reason


def show_path(path: str) -> str:
    """Write a path, or any text of a pull request, so that it can be printed.

    Whatever a terminal would obey or hide is escaped: control characters, marks that reorder a line, and bytes that
    are not UTF-8.
    """
    return path if path.isprintable() else "".join(map(_show_character, path))


def _show_character(char: str) -> str:
    point = ord(char)
    if char.isprintable():
        return char
    if 0xDC80 <= point <= 0xDCFF:
        point -= 0xDC00
    if point < 0x100:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


def encode_path(path: str) -> bytes:
    """The bytes of a tree path as git and the file system keep it."""
    return path.encode("utf-8", "surrogateescape")


def decode_path(path: bytes) -> str:
    """The text of a path; bytes that are not UTF-8 are kept as surrogates (PEP 383)."""
    return path.decode("utf-8", "surrogateescape")


def too_large(path: str, size: int) -> UnreadableError:
    """The error for a file above ``READ_LIMIT``."""
    return UnreadableError(path, f"it has {size:,} bytes, more than the {READ_LIMIT:,} that gategit ever reads")


class Disk:
    """Reads what lies below a folder, and nothing else: no symbolic link below it is followed.

    Args:
        root: the folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = os.fsencode(root)
        self._real_folders: set[bytes] = {b""}

    def lstat(self, path: str) -> os.stat_result:
        """What is at a path.

        Raises:
            UnreadableError: nothing is there, or a folder on its way is a symbolic link.
        """
        try:
            return os.lstat(self._place(path))
        except OSError as error:
            raise _unreadable(path, error) from None

    def read_link(self, path: str) -> bytes:
        """The target text of a symbolic link.

        Raises:
            UnreadableError: no link is there, or a folder on its way is one.
        """
        try:
            return os.readlink(self._place(path))  # noqa: PTH115  Path cannot hold names that are not UTF-8 as bytes
        except OSError as error:
            raise _unreadable(path, error) from None

    def read(self, path: str) -> bytes:
        """The content of a regular file.

        Raises:
            UnreadableError: it is not there, not a regular file, behind a link, too large, or must not be read.
        """
        try:
            # Without O_NONBLOCK, opening a FIFO waits for someone to write to it.
            descriptor = os.open(
                self._place(path), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
            )
        except OSError as error:
            raise _unreadable(path, error) from None
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise UnreadableError(path, "it is not a regular file")
            content = b""
            # A file may grow while it is read; one of a special file system says that it has no bytes.
            while len(content) <= READ_LIMIT:
                chunk = os.read(descriptor, min(max(status.st_size, _CHUNK) + 1, READ_LIMIT + 1))
                if not chunk:
                    break
                content = content + chunk if content else chunk
                if len(content) == status.st_size:
                    break
        except OSError as error:
            raise _unreadable(path, error) from None
        finally:
            os.close(descriptor)
        if len(content) > READ_LIMIT:
            raise too_large(path, max(status.st_size, len(content)))
        return content

    def _place(self, path: str) -> bytes:
        """The path on disk, once every folder on its way is known to be one and not a link."""
        name = encode_path(path)
        folder, _, last = name.rpartition(b"/")
        if last in _NO_NAMES:
            raise UnreadableError(path, "it is not a path below the root")
        if folder not in self._real_folders:
            self._walk(path, folder)
        return self._root + b"/" + name

    def _walk(self, path: str, folder: bytes) -> None:
        names = folder.split(b"/")
        if any(name in _NO_NAMES for name in names):
            raise UnreadableError(path, "it is not a path below the root")
        for depth in range(1, len(names) + 1):
            place = b"/".join(names[:depth])
            if place in self._real_folders:
                continue
            mode = os.lstat(self._root + b"/" + place).st_mode
            if stat.S_ISLNK(mode):
                raise UnreadableError(path, f"the folder {show_path(decode_path(place))} is a symbolic link")
            if not stat.S_ISDIR(mode):
                raise UnreadableError(path, f"{show_path(decode_path(place))} is not a folder")
            self._real_folders.add(place)


_NO_NAMES = (b"", b".", b"..")
_CHUNK = 4096


def _unreadable(path: str, error: OSError) -> UnreadableError:
    if error.errno == errno.ELOOP:
        return UnreadableError(path, "it is a symbolic link")
    return UnreadableError(path, (error.strerror or "it cannot be opened").lower())


class FolderTree:
    """The files below a folder, as they are on disk. Needs no git; folders named ``.git`` are left out.

    Args:
        root: the folder that paths are relative to.
        within: list only what lies below these paths (relative to ``root``, ``/`` between names); empty: everything.
    """

    name = "folder"

    def __init__(self, root: Path, within: tuple[str, ...] = ()) -> None:
        self.root = root
        self._disk = Disk(root)
        self._within = within
        self._entries: Mapping[str, TreeEntry] | None = None
        self._skipped: list[Unchecked] = []

    def entries(self) -> Mapping[str, TreeEntry]:
        """Every path with its entry, sorted by path.

        Raises:
            UndecidedError: there are more than ``LISTING_LIMIT``.
        """
        if self._entries is None:
            self._entries = MappingProxyType(self._list())
        return self._entries

    def read(self, path: str) -> bytes:
        """The content of a file; of a symbolic link, the text of its target.

        Raises:
            KeyError: no such path in this tree.
            UnreadableError: it cannot be read.
        """
        if self.entries()[path].kind is EntryKind.SYMLINK:
            return self._disk.read_link(path)
        return self._disk.read(path)

    def prefetch(self, paths: Iterable[str]) -> None:
        """Do nothing: one file from disk is read as fast as many."""

    def unchecked(self) -> tuple[Unchecked, ...]:
        """What the listing met and could not look into: pipes, devices, folders that must not be read."""
        self.entries()
        return tuple(self._skipped)

    def _list(self) -> dict[str, TreeEntry]:
        found: dict[str, TreeEntry] = {}
        for start in self._within or ("",):
            top = os.fsencode(self.root / start)
            if start and not _is_folder(top):
                try:
                    self._add(found, start, os.lstat(top))
                except OSError as error:
                    self._skip(start, (error.strerror or "it cannot be opened").lower())
            else:
                self._walk(found, top, f"{start}/" if start else "")
        return dict(sorted(found.items()))

    def _walk(self, found: dict[str, TreeEntry], top: bytes, prefix: str) -> None:
        """List a folder and what is below it, with a list of folders instead of recursion."""
        waiting = [(top, prefix)]
        while waiting:
            folder, prefix = waiting.pop()
            try:
                with os.scandir(folder) as scan:
                    for item in scan:
                        if item.name == b".git":
                            continue
                        path = prefix + decode_path(item.name)
                        if item.is_dir(follow_symlinks=False):
                            waiting.append((item.path, f"{path}/"))
                        else:
                            self._add(found, path, item.stat(follow_symlinks=False))
            except OSError as error:
                reason = (error.strerror or "it cannot be opened").lower()
                self._skip(prefix, f"the folder cannot be listed: {reason}")

    def _skip(self, path: str, reason: str) -> None:
        self._skipped.append(Unchecked(show_path(path.rstrip("/")) or ".", reason))

    def _add(self, found: dict[str, TreeEntry], path: str, status: os.stat_result) -> None:
        mode = status.st_mode
        if stat.S_ISREG(mode):
            found[path] = TreeEntry(path, "", EntryKind.FILE, mode & 0o100 != 0, status.st_size)
        elif stat.S_ISLNK(mode):
            found[path] = TreeEntry(path, "", EntryKind.SYMLINK, size=status.st_size)
        else:
            self._skip(path, "it is a pipe, a socket or a device, not a file")
        if len(found) > LISTING_LIMIT:
            raise UndecidedError(
                f"there are more than {LISTING_LIMIT:,} files below {self.root}", "name the folders to look at"
            )


def _is_folder(path: bytes) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


STDIN_PATH = "stdin.yaml"
"""The path by which findings name standard input."""


class StdinTree:
    """Standard input as a tree of one file."""

    name = "stdin"

    def __init__(self, content: bytes) -> None:
        self._content = content

    def entries(self) -> Mapping[str, TreeEntry]:
        """The one file."""
        return {STDIN_PATH: TreeEntry(STDIN_PATH, "", size=len(self._content))}

    def read(self, path: str) -> bytes:
        """The content.

        Raises:
            KeyError: another path was asked for.
        """
        if path != STDIN_PATH:
            raise KeyError(path)
        return self._content

    def prefetch(self, paths: Iterable[str]) -> None:
        """Do nothing: the content is there."""

    def unchecked(self) -> tuple[Unchecked, ...]:
        """Nothing: standard input is read whole."""
        return ()
