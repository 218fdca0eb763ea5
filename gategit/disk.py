"""Trees that need no git: a folder on disk, and standard input. And the one careful way to read a file from disk.

Nothing here follows a symbolic link: not the last name of a path and none of the folders above it, so that a link in
a pull request cannot lead the gate to a file outside the tree. Only regular files are read, and never more than
``READ_LIMIT`` bytes.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Mapping
from functools import partial
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
    """Write a path so that it can be printed: control characters and bytes that are not UTF-8 are escaped."""
    return "".join(
        f"\\x{ord(char) & 0xFF:02x}"
        if "\udc80" <= char <= "\udcff" or (not char.isprintable() and ord(char) < 0x100)
        else (char if char.isprintable() else f"\\u{ord(char):04x}")
        for char in path
    )


def encode_path(path: str) -> bytes:
    """The bytes of a tree path as git and the file system keep it."""
    return path.encode("utf-8", "surrogateescape")


def decode_path(path: bytes) -> str:
    """The text of a path; bytes that are not UTF-8 are kept as surrogates (PEP 383)."""
    return path.decode("utf-8", "surrogateescape")


def _open_folder(root: Path, names: list[bytes]) -> int:
    """Open a folder below ``root``, name by name, refusing symbolic links."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    folder = os.open(root, flags)
    for name in names:
        try:
            if name in {b"", b".", b".."}:
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
            deeper = os.open(name, flags | os.O_NOFOLLOW, dir_fd=folder)
        finally:
            os.close(folder)
        folder = deeper
    return folder


def open_beneath(root: Path, path: str) -> int:
    """Open a file below ``root`` for reading without following any symbolic link below ``root``.

    Returns:
        A file descriptor, opened without blocking, that the caller closes.

    Raises:
        OSError: it does not exist, a name on the way is a symbolic link, or it must not be read.
    """
    *folders, name = encode_path(path).split(b"/")
    folder = _open_folder(root, folders)
    try:
        # Without O_NONBLOCK, opening a FIFO waits for someone to write to it.
        return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    finally:
        os.close(folder)


def lstat_beneath(root: Path, path: str) -> os.stat_result:
    """What is at a path below ``root``, without following any symbolic link below ``root``.

    Raises:
        OSError: nothing is there, or a name on the way is a symbolic link.
    """
    *folders, name = encode_path(path).split(b"/")
    folder = _open_folder(root, folders)
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    finally:
        os.close(folder)


def read_beneath(root: Path, path: str) -> bytes:
    """Read a regular file below ``root``, without following links and never more than ``READ_LIMIT`` bytes.

    Raises:
        UnreadableError: it is not there, not a regular file, behind a link, too large, or must not be read.
    """
    try:
        descriptor = open_beneath(root, path)
    except OSError as error:
        raise UnreadableError(path, (error.strerror or "it cannot be opened").lower()) from None
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableError(path, "it is not a regular file")
        if status.st_size > READ_LIMIT:
            raise too_large(path, status.st_size)
        content = file.read(READ_LIMIT + 1)
    if len(content) > READ_LIMIT:
        raise too_large(path, len(content))
    return content


def too_large(path: str, size: int) -> UnreadableError:
    """The error for a file above ``READ_LIMIT``."""
    return UnreadableError(path, f"it has {size:,} bytes, more than the {READ_LIMIT:,} that gategit ever reads")


def read_link(root: Path, path: str) -> bytes:
    """The target text of a symbolic link below ``root``.

    Raises:
        UnreadableError: it is not there any more or not a link.
    """
    *folders, name = encode_path(path).split(b"/")
    try:
        folder = _open_folder(root, folders)
        try:
            return os.readlink(name, dir_fd=folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise UnreadableError(path, (error.strerror or "it cannot be opened").lower()) from None


class FolderTree:
    """The files below a folder, as they are on disk. Needs no git; folders named ``.git`` are left out.

    Args:
        root: the folder that paths are relative to.
        within: list only what lies below these paths (relative to ``root``, ``/`` between names); empty: everything.
    """

    name = "folder"

    def __init__(self, root: Path, within: tuple[str, ...] = ()) -> None:
        self.root = root
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
            return read_link(self.root, path)
        return read_beneath(self.root, path)

    def unchecked(self) -> tuple[Unchecked, ...]:
        """What the listing met and could not look into: pipes, devices, folders that must not be read."""
        self.entries()
        return tuple(self._skipped)

    def _list(self) -> dict[str, TreeEntry]:
        found: list[TreeEntry] = []
        for start in self._within or ("",):
            top = os.fsencode(self.root / start)
            if start and not _is_folder(top):
                self._add(found, start, partial(os.lstat, top))
                continue
            self._walk(found, top, f"{start}/" if start else "")
        return {entry.path: entry for entry in sorted(found, key=lambda entry: entry.path)}

    def _walk(self, found: list[TreeEntry], top: bytes, prefix: str) -> None:
        """List one folder and what is below it, depth first, with a list of folders instead of recursion."""
        waiting = [(top, prefix)]
        while waiting:
            folder, prefix = waiting.pop()
            try:
                scan = os.scandir(folder)
            except OSError as error:
                reason = (error.strerror or "it cannot be opened").lower()
                self._skipped.append(Unchecked(show_path(prefix) or ".", f"the folder cannot be listed: {reason}"))
                continue
            with scan:
                for item in scan:
                    if item.name == b".git":
                        continue
                    path = prefix + decode_path(item.name)
                    if item.is_dir(follow_symlinks=False):
                        waiting.append((item.path, f"{path}/"))
                    else:
                        self._add(found, path, partial(item.stat, follow_symlinks=False))

    def _add(self, found: list[TreeEntry], path: str, status: Callable[[], os.stat_result]) -> None:
        try:
            facts = status()
        except OSError as error:
            self._skipped.append(Unchecked(show_path(path), (error.strerror or "it cannot be opened").lower()))
            return
        if stat.S_ISREG(facts.st_mode):
            found.append(TreeEntry(path, "", EntryKind.FILE, bool(facts.st_mode & 0o100), facts.st_size))
        elif stat.S_ISLNK(facts.st_mode):
            found.append(TreeEntry(path, "", EntryKind.SYMLINK, size=facts.st_size))
        else:
            self._skipped.append(Unchecked(show_path(path), "it is a pipe, a socket or a device, not a file"))
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

    def unchecked(self) -> tuple[Unchecked, ...]:
        """Nothing: standard input is read whole."""
        return ()
