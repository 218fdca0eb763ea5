"""Find the programs of a sandbox: a kube-apiserver and an etcd that are on this machine already.

They are never taken from inside of the repository that is judged: a pull request must not bring its own judge.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from gategit.errors import UndecidedError, UsageError
from gategit.process import run

_SERVER, _STORE = "kube-apiserver", "etcd"
_VERSION = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?")
# What setup-envtest calls the folder of one release: 1.36.3-linux-amd64.
_RELEASE = re.compile(r"(\d+\.\d+\.\d+)-[a-z0-9]+-[a-z0-9]+")
_VERSION_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Assets:
    """The programs of a sandbox.

    Attributes:
        apiserver: the path of kube-apiserver.
        etcd: the path of etcd.
        version: the API server's, such as ``1.36.3``.
        origin: where they were found, such as ``KUBEBUILDER_ASSETS``.
        notes: what there is to know of them: how the version differs from the one that was asked for.
    """

    apiserver: Path
    etcd: Path
    version: str
    origin: str
    notes: tuple[str, ...] = ()


def find_assets(
    version: str | None, folder: Path | None, environment: Mapping[str, str], repository: Path | None = None
) -> Assets:
    """The programs of the version that was asked for, or of the nearest one below it.

    They are looked for in ``folder``, in what KUBEBUILDER_ASSETS names, and then in setup-envtest's store and in PATH.
    A folder that was named decides, whatever version it has. Where there are only newer versions than the one that was
    asked for, the lowest of them is taken. ``notes`` says how the versions differ.

    Args:
        version: the target's version, such as ``1.34``; None takes the newest.
        folder: what was asked for by ``--assets``: a folder with both programs, or a store of setup-envtest.
        environment: where variables are looked up.
        repository: the checkout of the repository under judgement.

    Raises:
        UsageError: ``folder`` has no programs, or lies in the repository under judgement.
        UndecidedError: there are no programs; the hint says how to get them.
    """
    inside = _inside(repository)
    if folder is not None:
        if inside(folder):
            raise UsageError(
                f"--assets {folder} lies in the repository under judgement",
                "a change must not bring the programs that judge it: keep them outside of the checkout",
            )
        found = [*_in_folder(folder, "--assets", inside), *_in_store(folder, "--assets", inside)]
        if not found:
            raise UsageError(
                f"--assets {folder} holds no {_SERVER} and {_STORE}", f"get them with: {_command(version)}"
            )
        return _nearest(found, version)
    refused: list[str] = []
    configured = environment.get("KUBEBUILDER_ASSETS", "")
    if configured:
        found = _in_folder(Path(configured), "KUBEBUILDER_ASSETS", inside)
        if found:
            return _nearest(found, version)
        if inside(Path(configured)):
            refused.append("KUBEBUILDER_ASSETS names a folder in the repository under judgement, which is not believed")
    store = _store_folder(environment, sys.platform)
    found = _in_store(store, "the store of setup-envtest", inside) if store is not None else []
    if not any(_fits(assets, version) for assets in found):
        found += _in_path(environment, inside)
    if found:
        nearest = _nearest(found, version)
        return replace(nearest, notes=(*refused, *nearest.notes))
    wanted = f" {version}" if version else ""
    raise UndecidedError(
        ". ".join([f"there is no {_SERVER} and no {_STORE} for a sandbox{wanted}", *refused]),
        f"docs/sandbox.md shows how a workflow gets them; one command does: {_command(version)}",
    )


def _command(version: str | None) -> str:
    parsed = _numbers(version or "")
    wanted = f" {parsed[0]}.{parsed[1]}.x" if parsed else ""
    return f"go run sigs.k8s.io/controller-runtime/tools/setup-envtest@latest use{wanted}"


def _inside(repository: Path | None) -> Callable[[Path], bool]:
    """Whether a path lies in the repository, by its name or by what it links to."""
    if repository is None:
        return lambda _: False
    roots = {Path(os.path.abspath(repository)), repository.resolve()}  # noqa: PTH100  a link's own name counts too

    def inside(path: Path) -> bool:
        names = (Path(os.path.abspath(path)), path.resolve())  # noqa: PTH100  the same
        return any(name.is_relative_to(root) for name in names for root in roots)

    return inside


def _store_folder(environment: Mapping[str, str], platform: str) -> Path | None:
    """Where setup-envtest keeps what it has downloaded, unless told otherwise."""
    home = environment.get("HOME", "")
    if platform == "win32":
        base, name = environment.get("LOCALAPPDATA", ""), "kubebuilder-envtest"
    elif platform == "darwin":
        base, name = home and f"{home}/Library/Application Support", "io.kubebuilder.envtest"
    else:
        base, name = environment.get("XDG_DATA_HOME") or (home and f"{home}/.local/share"), "kubebuilder-envtest"
    return Path(base) / name if Path(base).is_absolute() else None


def _program(folder: Path, name: str, inside: Callable[[Path], bool]) -> Path | None:
    path = folder / name
    # The working folder of the programs is another one: a relative path would lead nowhere.
    return path.absolute() if path.is_file() and os.access(path, os.X_OK) and not inside(path) else None


def _in_folder(folder: Path, origin: str, inside: Callable[[Path], bool]) -> list[Assets]:
    server, store = _program(folder, _SERVER, inside), _program(folder, _STORE, inside)
    if server is None or store is None:
        return []
    release = _RELEASE.fullmatch(folder.name)
    return [Assets(server, store, release[1] if release else _asked(server), origin)]


def _in_store(store: Path, origin: str, inside: Callable[[Path], bool]) -> list[Assets]:
    """What a store of setup-envtest has for any machine; what it has for others cannot be run by ours."""
    try:
        folders = sorted(folder for folder in (store / "k8s").iterdir() if _RELEASE.fullmatch(folder.name))
    except OSError:
        return []
    own = _this_machine()
    return [assets for folder in folders if folder.name.endswith(own) for assets in _in_folder(folder, origin, inside)]


def _this_machine() -> str:
    """How Go calls this system and processor: ``-linux-amd64``."""
    machine = os.uname().machine.lower() if hasattr(os, "uname") else "amd64"
    processor = {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)
    return f"-{'windows' if sys.platform == 'win32' else sys.platform}-{processor}"


def _in_path(environment: Mapping[str, str], inside: Callable[[Path], bool]) -> list[Assets]:
    folders = [Path(entry) for entry in environment.get("PATH", "").split(os.pathsep)]

    def first(name: str) -> Path | None:
        return next(_programs(name), None)

    def _programs(name: str) -> Iterator[Path]:
        for folder in folders:
            program = _program(folder, name, inside) if folder.is_absolute() else None
            if program is not None:
                yield program

    server, store = first(_SERVER), first(_STORE)
    return [Assets(server, store, _asked(server), "PATH")] if server is not None and store is not None else []


def _asked(server: Path) -> str:
    """The version that a kube-apiserver says of itself.

    Raises:
        UndecidedError: it does not say one.
    """
    done = run([str(server), "--version"], timeout=_VERSION_SECONDS)
    found = _VERSION.search(done.stdout.decode("utf-8", "replace")) if done.code == 0 else None
    if found is None:
        raise UndecidedError(f"{server} does not say its version", "get the programs once more, for this machine")
    return found[0].removeprefix("v")


def _numbers(version: str) -> tuple[int, ...]:
    """The numbers of a version, without the parts that it lacks; () for what is no version."""
    found = _VERSION.match(version)
    return tuple(int(part) for part in found.groups() if part is not None) if found else ()


def _fits(assets: Assets, version: str | None) -> bool:
    """Whether the programs are of the very minor version that was asked for."""
    return version is not None and _numbers(assets.version)[:2] == _numbers(version)[:2]


def _nearest(found: list[Assets], version: str | None) -> Assets:
    if version is None:
        return max(found, key=lambda assets: _numbers(assets.version))
    wanted = _numbers(version)[:2]
    below = [assets for assets in found if _numbers(assets.version)[:2] <= wanted]
    if below:
        taken = max(below, key=lambda assets: _numbers(assets.version))
    else:
        lowest = min(_numbers(assets.version)[:2] for assets in found)
        of_lowest = [assets for assets in found if _numbers(assets.version)[:2] == lowest]
        taken = max(of_lowest, key=lambda assets: _numbers(assets.version))
    if _fits(taken, version):
        return taken
    return replace(taken, notes=(f"the sandbox runs Kubernetes {taken.version} ({taken.origin}), not {version}",))
