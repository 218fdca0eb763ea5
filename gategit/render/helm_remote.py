"""Charts from elsewhere: fetched only from where the config allows it, by exact versions, and kept for later."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from gategit.errors import UndecidedError
from gategit.render.helm_errors import error_of
from gategit.render.helm_text import sentence
from gategit.render.programs import Program
from gategit.render.running import run_renderer
from gategit.render.values import Remote, RenderSettings
from gategit.user_cache import cache_folder

_VERSION: Final = re.compile(
    r"v?\d+\.\d+\.\d+(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?\Z"
)
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}\Z")
_NAME: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]*\Z")
_PORTS: Final = {"http": 80, "https": 443, "oci": 443}
_LARGEST: Final = 20 * 2**20
"""Helm itself refuses charts that are larger packed than this is by far."""


class RemoteError(UndecidedError):
    """A chart from elsewhere that is not fetched, or could not be."""


def is_exact(version: str) -> bool:
    """Whether a version is one version, or a digest, and not a range."""
    return bool(_VERSION.match(version) or _DIGEST.match(version))


def is_allowed(url: str, remotes: Sequence[Remote]) -> bool:
    """Whether the config lets renderers fetch from a URL.

    A host without a port stands for the scheme's own port. A URL that does not say plainly where it leads (a name or
    password in it, ``..``, an escaped slash) is never allowed.
    """
    if not url.isprintable() or "\\" in url or " " in url:
        return False
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return False
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme not in _PORTS or not host or "@" in parts.netloc or parts.query or parts.fragment:
        return False
    if "%" in parts.path or {".", ".."} & set(parts.path.split("/")):
        return False
    path = f"{unquote(parts.path).strip('/')}/"
    return any(_covers(remote, parts.scheme, host, port, path) for remote in remotes)


def _covers(remote: Remote, scheme: str, host: str, port: int | None, path: str) -> bool:
    name, colon, number = remote.host.lower().rpartition(":")
    if not colon or not number.isdecimal():
        name, number = remote.host.lower(), str(_PORTS[scheme])
    if number != str(port):
        return False
    below = name.startswith("*.") and host.endswith(name[1:]) and len(host) > len(name) - 1
    start = remote.path.strip("/")
    return (below or host == name) and (not start or path.startswith(f"{start}/"))


def refusal(repository: str, name: str, version: str, settings: RenderSettings) -> tuple[str, str] | None:
    """Why a chart is not fetched, and what to do about it; None where it may be.

    Args:
        repository: the URL of a repository, ``https://...`` or ``oci://...``.
        name: the chart's name there.
        version: the version that is wanted.
        settings: what the config allows.
    """
    shown = sentence(repository)
    scheme = repository.partition("://")[0].lower()
    if "://" not in repository or scheme not in _PORTS:
        return f'"{shown}" is no address that a chart is fetched from', "write an https:// or oci:// address"
    host = sentence(urlsplit(repository).netloc) if repository.isprintable() else shown
    if not is_allowed(repository, settings.remotes):
        return (
            f"the config does not allow fetching from {shown}",
            (
                "put the chart into the repository, or allow the host in .gategit.yaml: "
                f"`render: {{remotes: [{{host: {host}}}]}}`"
            ),
        )
    if not _NAME.match(name):
        return f'"{sentence(name)}" is no chart\'s name', "write the name that the chart has in its repository"
    if not is_exact(version) or (_DIGEST.match(version) and scheme != "oci"):
        wanted = f"the version {sentence(version)} is a range" if version else "no version is named"
        return f"{wanted}, so that nobody knows what will be applied", "name one version, or commit a Chart.lock"
    return None


def fetch(program: Program, repository: str, name: str, version: str, settings: RenderSettings) -> bytes:
    """The archive of a chart, from the user's cache or from its repository.

    Call it only where ``refusal`` is None. What an allowed repository's index leads to is fetched as well: it answers
    for its charts.

    Raises:
        RemoteError: the repository does not answer, or has no such chart.
        UndecidedError: Helm cannot be run, or needs more than it may.
    """
    kept = _Kept(repository, name, version)
    content = kept.read()
    if content is None:
        content = _pull(program, repository, name, version, settings)
        kept.write(content)
    return content


def _pull(program: Program, repository: str, name: str, version: str, settings: RenderSettings) -> bytes:
    is_oci = repository.startswith("oci://")
    chart = f"{repository.rstrip('/')}/{name}" if is_oci else name
    options = [] if is_oci else [f"--repo={repository}"]
    if _DIGEST.match(version):
        chart = f"{chart}@{version}"
    else:
        options.append(f"--version={version}")
    with tempfile.TemporaryDirectory(prefix="gategit-chart-") as folder:
        # Landlock and the like know real folders only.
        top = Path(folder).resolve()
        arguments = ("pull", *options, "--destination=.", "--", chart)
        result = run_renderer(program, arguments, cwd=top, settings=settings, network=True)
        archives = sorted(top.glob("*.tgz"))
        if result.code or len(archives) != 1:
            said = sentence(error_of(result.stderr.decode("utf-8", "replace"))) or "it brought no chart"
            raise RemoteError(f"the chart {name} {version} of {sentence(repository)} cannot be fetched: {said}")
        with archives[0].open("rb") as file:
            content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise RemoteError(f"the chart {name} {version} of {sentence(repository)} has more than {_LARGEST:,} bytes")
    return content


class _Kept:
    """A chart's place in the user's cache. A version that is published is not published again, so it is kept.

    The cache holds archives by their digests, and beside them which version has which digest.
    """

    def __init__(self, repository: str, name: str, version: str) -> None:
        cache = cache_folder()
        self._folder = cache / "charts" if cache is not None else None
        self._key = hashlib.sha256("\n".join((repository.rstrip("/"), name, version)).encode()).hexdigest()

    def read(self) -> bytes | None:
        """The archive; None where it is not there, or is not what it was."""
        if self._folder is None:
            return None
        try:
            digest = (self._folder / self._key).read_text(encoding="ascii")
            if not re.fullmatch(r"[0-9a-f]{64}", digest):
                return None
            content = (self._folder / f"{digest}.tgz").read_bytes()
        except (OSError, ValueError):
            return None
        return content if hashlib.sha256(content).hexdigest() == digest else None

    def write(self, content: bytes) -> None:
        """Keep the archive. A cache that cannot be written is no reason to fail."""
        if self._folder is None:
            return
        digest = hashlib.sha256(content).hexdigest()
        with contextlib.suppress(OSError):
            self._folder.mkdir(mode=0o700, exist_ok=True)
            self._put(f"{digest}.tgz", content)
            self._put(self._key, digest.encode())

    def _put(self, name: str, content: bytes) -> None:
        folder = self._folder
        if folder is None:
            return
        descriptor, temporary = tempfile.mkstemp(dir=folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            Path(temporary).replace(folder / name)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise
