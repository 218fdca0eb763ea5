"""Bring in programs to test with and to measure beside: ``python tools/fetch.py actionlint`` prints the path of one.

Each is pinned. Those in Go are built once for each user, and stand in ``.tools/bin``. Those in Python get a virtual
environment of their own below ``.tools``, with exactly what a lock file names by its hash.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.golang import PROGRAMS, ROOT, FetchError, built

__all__ = ["LOCKED", "PROGRAMS", "FetchError", "fetch", "version"]

LOCKED = {"checkov": ROOT / "tools" / "checkov.lock"}


def version(name: str) -> str:
    """The version that a program is pinned to, such as 1.7.12."""
    if name in PROGRAMS:
        return PROGRAMS[name].version
    found = re.search(rf"^{re.escape(name)}==(\S+)", LOCKED[name].read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else ""


def fetch(name: str) -> Path:
    """The path of a program, built or installed now if it was not before.

    Raises:
        FetchError: it cannot be had here.
    """
    return built(name) if name in PROGRAMS else _installed(name)


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
