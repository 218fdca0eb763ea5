"""Paths inside one tree: joined, cleaned and looked up, never opened on a disk."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from gategit.tree import EntryKind, Tree, TreeEntry

_MAX_LINKS = 40
"""How many symbolic links one path may lead through, as Linux has it (path_resolution(7))."""

_REMOTE = re.compile(
    r"""
      ^[a-z][a-z0-9+.-]*::            # git::https://..., a forced getter
    | ^[a-z][a-z0-9+.-]*://           # https://, ssh://, oci://, file://
    | ^(?:gh:|[\w.-]+@[\w.-]+[:/])    # gh:owner/repository, git@host:owner/repository
    | ^(?:www\.)?github\.com[:/]      # the one host that needs no scheme
    | [?&](?:ref|version|submodules|timeout)=
    | \.git(?:$|[/?])                 # host/repository.git//folder
    | /_git/                          # Azure DevOps
    | ^[\w-]+(?:\.[\w-]+)+/.+//       # host/repository//folder
    """,
    re.IGNORECASE | re.VERBOSE,
)

_VARIABLE = re.compile(r"\$\{|\{\{")


def is_remote(text: str) -> bool:
    """Whether a reference names something outside of the repository: a URL or a git repository.

    The forms are those of Kustomize, ``api/internal/git/repospec.go``.
    """
    return bool(_REMOTE.search(text))


LATER = "it is filled in later"
"""Why a path with a variable is not looked up."""

REMOTE_FILE = "it is remote; remote files are not fetched"
"""Why values that an Argo CD Application takes from a URL are not looked at."""

SOURCE_LATER = "its source is filled in later"
"""The same of the repository that it is in."""


def has_variable(text: str) -> bool:
    """Whether a text is filled in later: by Flux's substitution (``${name}``) or by a template (``{{ name }}``)."""
    return bool(_VARIABLE.search(text))


def join(folder: str, text: str) -> str | None:
    """A reference in a folder as a path of the tree: ``""`` is the root, None lies outside of the repository.

    An absolute reference is outside, whatever it names.
    """
    if text.startswith("/"):
        return None
    cleaned = posixpath.normpath(posixpath.join(folder, text)) if folder or text else "."
    if cleaned == ".":
        return ""
    return None if cleaned == ".." or cleaned.startswith("../") else cleaned


def relative(path: str, folder: str) -> str:
    """A path of the tree as one writes it in a folder."""
    return posixpath.relpath(path or ".", folder or ".")


class Place(StrEnum):
    """What a path of a tree is once links are followed."""

    FILE = "file"
    FOLDER = "folder"
    MISSING = "missing"
    SUBMODULE = "submodule"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Found:
    """Where a path leads: what is there, and by which path of the tree it is read."""

    place: Place
    path: str


class PathIndex:
    """Every file and folder of a tree, by path."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self.entries: Mapping[str, TreeEntry] = tree.entries()
        folders: set[str] = {""}
        special = False
        for path, entry in self.entries.items():
            parent = path.rpartition("/")[0]
            while parent not in folders:
                folders.add(parent)
                parent = parent.rpartition("/")[0]
            special = special or entry.kind is not EntryKind.FILE
        self.folders = frozenset(folders)
        self._special = special

    @cached_property
    def by_name(self) -> Mapping[str, tuple[str, ...]]:
        """The paths of all files and folders by their last name."""
        found: dict[str, list[str]] = {}
        for path in (*self.entries, *sorted(self.folders)):
            found.setdefault(path.rpartition("/")[2], []).append(path)
        return {name: tuple(paths) for name, paths in found.items()}

    def children(self, folder: str) -> tuple[str, ...]:
        """The names of the files and folders directly in a folder, sorted."""
        prefix = f"{folder}/" if folder else ""
        names = {
            path[len(prefix) :].partition("/")[0]
            for path in (*self.entries, *self.folders)
            if path.startswith(prefix) and len(path) > len(prefix)
        }
        return tuple(sorted(names))

    def find(self, path: str) -> Found:
        """What a path is. Links are followed inside of the tree, ``_MAX_LINKS`` at most."""
        for _ in range(_MAX_LINKS):
            entry = self.entries.get(path)
            if entry is not None and entry.kind is EntryKind.FILE:
                return Found(Place.FILE, path)
            if path in self.folders:
                return Found(Place.FOLDER, path)
            if not self._special:
                return Found(Place.MISSING, path)
            step = self._step(path)
            if isinstance(step, Found):
                return step
            path = step
        return Found(Place.MISSING, path)

    def _step(self, path: str) -> Found | str:
        """Follow the first link on the way to a path: the path it leads to, or why there is none."""
        names = path.split("/")
        for depth in range(1, len(names) + 1):
            above = "/".join(names[:depth])
            entry = self.entries.get(above)
            if entry is None:
                continue
            if entry.kind is EntryKind.SUBMODULE:
                return Found(Place.SUBMODULE, above)
            if entry.kind is EntryKind.FILE:
                return Found(Place.MISSING, path)
            try:
                text = self._tree.read(above).decode("utf-8", "surrogateescape")
            except KeyError:
                return Found(Place.MISSING, path)
            target = join(above.rpartition("/")[0], text)
            if target is None:
                return Found(Place.OUTSIDE, above)
            return join(target, "/".join(names[depth:]) or ".") or ""
        return Found(Place.MISSING, path)
