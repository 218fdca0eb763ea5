"""Git repositories of the documents that are measured."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


def git(folder: Path, *arguments: str) -> None:
    """Run git in a folder, with nobody's settings but its own.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    identity = ("-c", "user.name=bench", "-c", "user.email=bench@example.com", "-c", "gc.auto=0")
    subprocess.run(
        ["git", *identity, *arguments],  # noqa: S607
        cwd=folder,
        env=environment | {"GIT_CONFIG_GLOBAL": os.devnull},
        check=True,
        capture_output=True,
    )


def start_change(folder: Path) -> None:
    """Commit everything to a new repository's ``main``, and switch to the branch ``change``."""
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "base")
    git(folder, "switch", "--quiet", "--create", "change")


def commit_change(folder: Path) -> None:
    """Commit what was changed since."""
    git(folder, "commit", "--quiet", "--all", "--message", "change")
