"""Resolve the lock files: exact versions with hashes, for every Python that gategit runs on.

``requirements.lock`` holds what gategit needs to be built and to run; the demo and the GitHub Action install it.
``requirements-dev.lock`` holds the development tools too. Both follow from pyproject.toml. ``tools/checkov.lock`` holds
checkov, which the benchmarks run in an environment of its own. A name can be given to raise one package only:
``python tools/lock.py typer``.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUNTIME = ROOT / "requirements.lock"
DEVELOPMENT = ROOT / "requirements-dev.lock"
CHECKOV = ROOT / "tools" / "checkov.lock"


def _compile(output: Path, requirements: list[str], python: str, arguments: list[str]) -> None:
    command = [
        *(sys.executable, "-m", "uv", "pip", "compile", "-", "--output-file", str(output)),
        *("--universal", "--python-version", python, "--generate-hashes"),
        *("--no-emit-index-url", "--no-emit-find-links", "--custom-compile-command", "make lock", *arguments),
    ]
    subprocess.run(command, input="\n".join(requirements), text=True, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    print(f"wrote {output.name}")


def main(packages: list[str]) -> None:
    """Write the lock files; only ``packages`` are raised where some are named."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    python = project["project"]["requires-python"].removeprefix(">=")
    # The build backend is locked as well, so that an installation needs no unpinned build environment.
    runtime = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    development = [*runtime, *project["dependency-groups"]["dev"]]
    raised = [f"--upgrade-package={package}" for package in packages] or ["--upgrade"]
    _compile(RUNTIME, runtime, python, raised)
    # What both files name must be the same version: development installs over the runtime.
    _compile(DEVELOPMENT, development, python, [*raised, "--constraints", str(RUNTIME.relative_to(ROOT))])
    _compile(CHECKOV, ["checkov"], python, raised)


if __name__ == "__main__":
    main(sys.argv[1:])
