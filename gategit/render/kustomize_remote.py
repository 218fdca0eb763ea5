"""Bases from elsewhere: fetched only from where the config allows it, in one version, and only what a build reads."""

from __future__ import annotations

import io
import re
import tarfile
import tempfile
import threading
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from gategit.checks.references.kustomize import FILE_NAMES, read_graph
from gategit.errors import UndecidedError
from gategit.git_trees import CommitTree, Repository
from gategit.process import run
from gategit.render import helm_remote
from gategit.render.helm_remote import is_allowed
from gategit.render.kustomize_overlay import as_json
from gategit.render.kustomize_plan import REMOTE_FILE, REMOTE_FOLDER, Chart, plan
from gategit.render.programs import find_program
from gategit.render.values import KustomizeBuild, RenderSettings
from gategit.tree import EntryKind

_LARGEST: Final = 20 * 2**20
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_VERSION: Final = re.compile(r"(?:^|[^0-9A-Za-z.])v?\d+\.\d+[0-9A-Za-z.+-]*\Z|(?<![0-9a-f])[0-9a-f]{40}\Z")
_GIT_ENVIRONMENT: Final = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",
    "GIT_ALLOW_PROTOCOL": "https:http",
}
_GIT_OPTIONS: Final = ("-c", "core.hooksPath=/dev/null", "-c", "http.followRedirects=false", "-c", "credential.helper=")


@dataclass(frozen=True, slots=True)
class Base:
    """What an entry names: a folder of a git repository, or one file."""

    url: str
    folder: str = ""
    ref: str = ""
    is_file: bool = False


@dataclass(frozen=True, slots=True)
class Fetched:
    """What an entry came to: the folder that takes its place, and the files to write."""

    folder: str
    files: Mapping[str, bytes]


def fetch_chart(chart: Chart, settings: RenderSettings) -> Mapping[str, bytes]:
    """The files of a chart that a kustomization pulls, by where Kustomize looks for it before it pulls it.

    Raises:
        RefusedError: the config does not allow it.
        RemoteError: it is nothing that can be unpacked.
        UndecidedError: Helm cannot be run, or the chart cannot be had.
    """
    refused = helm_remote.refusal(chart.repository, chart.name, chart.version, settings)
    if refused is not None:
        raise RefusedError(*refused)
    content = helm_remote.fetch(find_program("helm", settings), chart.repository, chart.name, chart.version, settings)
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
            files = dict(_members(archive))
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise RemoteError(f"the chart {chart.name} {chart.version} cannot be unpacked: {error}") from None
    return {"/".join(filter(None, (chart.place, path))): content for path, content in files.items()}


def _members(archive: tarfile.TarFile) -> Iterator[tuple[str, bytes]]:
    """The plain files of an archive, with names that lead nowhere else."""
    left = _LARGEST
    for member in archive:
        names = member.name.split("/")
        file = archive.extractfile(member) if member.isreg() else None
        if file is None or {"", ".", ".."} & set(names):
            continue
        left -= member.size
        if left < 0:
            raise tarfile.TarError(f"it has more than {_LARGEST:,} bytes")
        yield member.name, file.read()


class RemoteError(UndecidedError):
    """A base from elsewhere that could not be fetched."""


class RefusedError(RemoteError):
    """Something from elsewhere that the config does not allow to fetch."""


def base_of(text: str) -> Base | None:
    """What an entry names, by Kustomize's forms of it; None for one that is never fetched."""
    text = text.removeprefix("git::")
    if text.lower().startswith("github.com/"):
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    if parts.scheme not in ("https", "http") or not text.isprintable() or " " in text:
        return None
    query = dict(parse_qsl(parts.query))
    ref = query.get("ref") or query.get("version") or ""
    repository, folder = _split(parts.hostname or "", parts.path)
    if not repository:
        is_file = not parts.query and not parts.fragment and not parts.path.endswith("/")
        return Base(text, is_file=True) if is_file else None
    if {"..", "."} & set(folder.split("/")):
        return None
    return Base(urlunsplit((parts.scheme, parts.netloc, repository, "", "")), folder.strip("/"), ref)


def _split(host: str, path: str) -> tuple[str, str]:
    """The path of a repository, and of a folder in it; "" where it is no repository."""
    for mark in (".git/", "//"):
        before, found, after = path[1:].partition(mark)
        if found:
            return f"/{before}{'.git' if mark == '.git/' else ''}", after
    if path.endswith(".git"):
        return path, ""
    names = path.strip("/").split("/")
    if host.lower() in ("github.com", "www.github.com") and len(names) >= 2 and "releases" not in names[2:3]:
        return f"/{'/'.join(names[:2])}", "/".join(names[2:])
    return "", ""


def refusal(text: str, settings: RenderSettings, *, as_file: bool) -> str | None:
    """Why an entry is not fetched, as the end of a sentence; None where it may be. ``as_file``: it must be one file."""
    base = base_of(text)
    if base is None or (as_file and not base.is_file) or not is_allowed(base.url, settings.remotes):
        return "which is remote and not fetched"
    if base.ref and not _VERSION.search(base.ref):
        return f'which is remote and asks for "{base.ref}", no version and no commit: it could change at any time'
    named = any(_VERSION.search(name) for name in urlsplit(text).path.split("/")) if base.is_file else base.ref
    return None if named else "which is remote and names no version: it could change at any time"


def fetch(text: str, number: int, settings: RenderSettings) -> Fetched:
    """Fetch what an entry names. Call it only where ``refusal`` is None.

    Raises:
        RemoteError: it cannot be had, or is not what can be built.
    """
    base = base_of(text)
    if base is None:
        raise RemoteError(f"{text} is nothing that can be fetched")
    place = f"{REMOTE_FOLDER}/{number}"
    with _lock:
        known = _known.get(base)
        if known is None:
            try:
                known = _of_file(base, settings) if base.is_file else _of_repository(base, settings)
            except UndecidedError as error:
                known = error
            _known[base] = known
    if isinstance(known, UndecidedError):
        raise RemoteError(known.message, known.hint)
    folder = "/".join(filter(None, (place, base.folder)))
    return Fetched(folder, {f"{place}/{path}": content for path, content in known.items()})


_lock = threading.Lock()
_known: dict[Base, Mapping[str, bytes] | UndecidedError] = {}
"""What has been fetched, or why not: both sides of a change, and many overlays, mostly build on the same."""


def _of_file(base: Base, settings: RenderSettings) -> Mapping[str, bytes]:
    """One file, with a kustomization that names it."""
    opener = urllib.request.build_opener(_Redirects(settings))
    try:
        with opener.open(base.url, timeout=settings.timeout) as answer:
            content = answer.read(_LARGEST + 1)
    except (OSError, HTTPException, urllib.error.URLError, ValueError) as error:
        raise RemoteError(f"{base.url} cannot be fetched: {error}") from None
    if len(content) > _LARGEST:
        raise RemoteError(f"{base.url} has more than {_LARGEST:,} bytes")
    return {REMOTE_FILE: content, FILE_NAMES[0]: as_json({"resources": [REMOTE_FILE]})}


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows a redirection only to where the config allows to fetch from."""

    def __init__(self, settings: RenderSettings) -> None:
        self._settings = settings

    def redirect_request(  # noqa: PLR0913, PLR0917  urllib's own
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        """The request to follow with."""
        if not is_allowed(newurl, self._settings.remotes):
            raise urllib.error.URLError(f"it leads to {newurl}, from which the config does not allow to fetch")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _of_repository(base: Base, settings: RenderSettings) -> Mapping[str, bytes]:
    """What the build of a folder of a repository reads."""
    with tempfile.TemporaryDirectory(prefix="gategit-base-") as folder:
        top = Path(folder)
        _git("init", "--quiet", "--bare", ".", cwd=top, settings=settings)
        _git(
            *("fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--", base.url, base.ref),
            cwd=top,
            settings=settings,
        )
        repository = Repository(top)
        try:
            commit = repository.commit("FETCH_HEAD")
            if commit is None:
                raise RemoteError(f"{base.url} has no {base.ref}")
            return _read(base, CommitTree(repository, commit))
        finally:
            repository.close()


def _git(*arguments: str, cwd: Path, settings: RenderSettings) -> None:
    # No home: what a .netrc there says is for the user, not for a change.
    environment = {**_GIT_ENVIRONMENT, "HOME": str(cwd)}
    done = run(("git", *_GIT_OPTIONS, *arguments), cwd=cwd, environment=environment, timeout=settings.timeout)
    if done.code:
        said = done.error_text.splitlines()
        raise RemoteError(f"{arguments[-2]} cannot be fetched: {said[-1] if said else 'git has failed'}")


def _read(base: Base, tree: CommitTree) -> Mapping[str, bytes]:
    made = plan(KustomizeBuild(base.folder), read_graph(tree), tree)
    where = f"{base.url}, {base.folder or 'its root'}"
    if not made.written:
        raise RemoteError(f"{where} cannot be built: {made.problem}")
    for step in (*made.refused, *made.nowhere):
        raise RemoteError(f'{where} builds on "{step.link.reference.text}", which is not part of it')
    entries = tree.entries()
    if any(entries[path].kind is not EntryKind.FILE for path in made.inputs):
        raise RemoteError(f"{where} is built through symbolic links, which are not followed")
    return {path: tree.read(path) for path in sorted(made.inputs)}
