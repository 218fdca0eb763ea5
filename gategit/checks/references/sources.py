"""Which paths in Flux and Argo CD objects are paths of this repository.

An agent fetches from many repositories, and a path in another one is nothing that can be looked up here. A source
is taken for this repository where its URL is one of those under which this repository is known, or where the tree
itself bears witness: at least two of the paths that are asked of the source exist here, and at least half of them.
What the change removes counts as existing for that, since a change that breaks every path must not thereby hide.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from gategit.checks.references.environments import crossed
from gategit.checks.references.paths import PathIndex, Place, join
from gategit.checks.references.rules import DANGLING_REFERENCE
from gategit.checks.references.view import View
from gategit.manifests.manifest import Manifest
from gategit.model import FieldPath, Finding, Level, RelatedLocation, Stage, format_path

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_SCP = re.compile(r"(?:[^@/:]+@)?([^/:]+):(?!//)(.+)\Z", re.DOTALL)


def normal_url(url: str) -> str | None:
    """A git URL without what does not tell repositories apart: ``host/owner/name``; None for a local path.

    ``https://github.com/Owner/Name.git``, ``ssh://git@github.com:22/owner/name`` and ``git@github.com:owner/name``
    are one repository.
    """
    text = url.strip()
    if text.lower().startswith("file:"):
        return None
    scheme = _SCHEME.match(text)
    if scheme:
        host, slash, path = text[scheme.end() :].partition("/")
        host = host.rpartition("@")[2].partition(":")[0]
        if not slash or not host:
            return None
    else:
        short = _SCP.match(text)
        if short is None:
            return None
        host, path = short[1], short[2]
        if len(host) == 1:  # a drive letter
            return None
    path = path.partition("?")[0].strip("/").removesuffix(".git")
    return f"{host}/{path}".lower() if path else None


@dataclass(frozen=True, slots=True)
class Ask:
    """A path that an object asks of a source.

    Attributes:
        manifest: the object.
        field: where in it the path stands.
        text: the path as written.
        path: the path of the tree, "" for the root; None where it leads out of the repository.
        file: whether a file is wanted, else a folder.
        inside: a file that the folder must hold (``Chart.yaml``), or "".
    """

    manifest: Manifest
    field: FieldPath
    text: str
    path: str | None
    file: bool = False
    inside: str = ""


def root_path(text: str) -> str | None:
    """A path as agents read it: relative to the repository's root, a slash at its start means nothing."""
    return join("", text.lstrip("/") or ".")


class Witness:
    """Whether the tree bears out that a source is this repository."""

    def __init__(self, index: PathIndex, gone: Iterable[str]) -> None:
        self._index = index
        removed = set(gone)
        self._gone = {str(folder) for path in removed for folder in PurePosixPath(path).parents} | removed

    def bears_out(self, asked: Iterable[str | None]) -> bool | None:
        """True where two paths or more, and at least half, exist here; None where there is too little to tell."""
        paths = {path for path in asked if path}
        here = sum(1 for path in paths if self._was_here(path))
        if here >= 2 and here * 2 >= len(paths):
            return True
        return None if len(paths) < 2 else False

    def _was_here(self, path: str) -> bool:
        return self._index.find(path).place is not Place.MISSING or path in self._gone


def check_ask(view: View, ask: Ask, *, relative_to: str | None = None) -> Finding | None:
    """The finding for a path that is not in this repository, or None where it is."""
    where, text = format_path(ask.field), ask.text
    wanted = "file" if ask.file else "folder"
    related: tuple[RelatedLocation, ...] = ()
    if ask.path is None:
        message = f'{where} is "{text}", a path outside of the repository'
    else:
        found = view.index.find(ask.path)
        if found.place in (Place.SUBMODULE, Place.OUTSIDE):
            return None
        if found.place is Place.MISSING:
            end, related = view.fate(ask.path)
            end = end or view.suggestion(ask.path, relative_to, want_folder=not ask.file)
            named = f"{where} is" if ask.path == root_path(text) else f'{where} names "{text}",'
            message = (
                f'{where} is "{text}", but there is no such {wanted} in this repository{end}'
                if named.endswith("is")
                else f"{named} but there is no such {wanted}: {ask.path}{end}"
            )
        elif ask.file and found.place is Place.FOLDER:
            message = f'{where} is "{text}", which is a folder; a file is wanted'
        elif not ask.file and found.place is Place.FILE:
            message = f'{where} is "{text}", which is a file; a folder is wanted'
        elif ask.inside and view.index.find(f"{found.path}/{ask.inside}").place is Place.MISSING:
            end, related = view.fate(f"{found.path}/{ask.inside}")
            message = f'{where} is "{text}", but there is no {ask.inside} in that folder{end}'
        else:
            return crossed(view, ask.manifest.source, ask.field, text, found.path)
    return Finding(
        DANGLING_REFERENCE.id,
        Stage.REFERENCES,
        Level.ERROR,
        f"{ask.manifest.kind} {ask.manifest.name}: {message}",
        view.locate(ask.manifest.source, ask.field),
        help=f"Correct the path, or restore the {wanted}. The path is relative to the root of the repository."
        if relative_to is None
        else f"Correct the path, restore the {wanted}, or remove the entry.",
        object=ask.manifest.ref,
        path=ask.field,
        subject=text,
        related=related,
    )


def dig(data: Any, *path: str | int) -> Any:
    """A field of decoded data, or None where anything on the way is missing or of another type."""
    for step in path:
        if isinstance(data, dict) and isinstance(step, str):
            data = data.get(step)
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            data = data[step]
        else:
            return None
    return data


def has(data: Any, path: FieldPath) -> bool:
    """Whether decoded data has a field, whatever it holds."""
    for step in path:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return False
    return True


def text_at(data: Any, *path: str | int) -> str:
    """A field that is a string, or ""."""
    value = dig(data, *path)
    return value if isinstance(value, str) else ""


def manifests_of(view: View, group: str, kind: str) -> Iterable[Manifest]:
    """Every object of a kind that the tree declares."""
    for fact in view.inventory.by_kind(group, kind):
        try:
            yield view.inventory.manifest(fact)
        except KeyError:
            continue
