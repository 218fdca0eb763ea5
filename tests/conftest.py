"""Fixtures that several tests share: small real git repositories in temporary folders."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tools.golang import built

# How fast a machine makes examples is no property of the program. The profile that is in force (hypothesis has one of
# its own for CI) stays otherwise as it is.
settings.register_profile("gategit", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("gategit")

pytest_plugins = ("tests.api_server",)

GIT_ENVIRONMENT: Mapping[str, str] = {
    # Nothing of the developer's own git configuration may change what a test sees.
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_AUTHOR_NAME": "Tester",
    "GIT_AUTHOR_EMAIL": "tester@example.com",
    "GIT_AUTHOR_DATE": "2026-01-01T00:00:00+00:00",
    "GIT_COMMITTER_NAME": "Tester",
    "GIT_COMMITTER_EMAIL": "tester@example.com",
    "GIT_COMMITTER_DATE": "2026-01-01T00:00:00+00:00",
}


class RepositoryBuilder:
    """A real git repository in ``folder``, on the branch ``main``, made step by step.

    Args:
        folder: where; made if it does not exist.
        init: False for a folder that holds a repository already (a clone).
    """

    def __init__(self, folder: Path, *, init: bool = True) -> None:
        self.folder = folder
        if init:
            folder.mkdir(parents=True, exist_ok=True)
            self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str | bytes, stdin: bytes = b"") -> str:
        """Run git in the repository and return its standard output, stripped; fails the test if git fails."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        done = subprocess.run(
            ["git", *arguments],  # noqa: S607  the git in PATH is the one under test
            cwd=self.folder,
            env={**environment, **GIT_ENVIRONMENT},
            input=stdin,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, f"git {arguments}: {done.stderr.decode(errors='replace')}"
        return done.stdout.decode("utf-8", "surrogateescape").strip()

    def path(self, name: str) -> Path:
        """A path in the working tree."""
        return self.folder / name

    def write(self, name: str, content: str | bytes) -> Path:
        """Write a file, with the folders above it; text is written as UTF-8 without translating line ends."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def symlink(self, name: str, target: str) -> Path:
        """Make a symbolic link with exactly this target text."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)
        return path

    def remove(self, name: str) -> None:
        """Delete a file from the working tree."""
        (self.folder / name).unlink()

    def stage(self, *names: str) -> None:
        """Add files to the index; with no name, everything, deletions as well."""
        self.git("add", "--all", "--", *(names or (".",)))

    def commit(self, message: str = "change", files: Mapping[str, str | bytes] | None = None) -> str:
        """Write the files, stage everything, commit (even if nothing changed) and return the commit's id."""
        for name, content in (files or {}).items():
            self.write(name, content)
        self.stage()
        self.git("commit", "--quiet", "--allow-empty", "--no-verify", "--message", message)
        return self.head()

    def branch(self, name: str, start: str = "HEAD") -> None:
        """Make a branch and switch to it."""
        self.git("switch", "--quiet", "--create", name, start)

    def switch(self, name: str) -> None:
        """Switch to an existing branch."""
        self.git("switch", "--quiet", name)

    def merge(self, name: str) -> str:
        """Merge a branch with a merge commit and return its id."""
        self.git("merge", "--quiet", "--no-ff", "--no-edit", name)
        return self.head()

    def head(self, revision: str = "HEAD") -> str:
        """The commit id of a revision."""
        return self.git("rev-parse", "--verify", revision)

    def clone(self, folder: Path, *options: str) -> RepositoryBuilder:
        """Clone into a folder, through the file protocol so that ``--depth`` counts."""
        self.git("clone", "--quiet", *options, f"file://{self.folder}", str(folder))
        return RepositoryBuilder(folder, init=False)


@pytest.fixture(autouse=True)
def _own_git_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the developer's and the CI system's git settings out of every test."""
    for name in list(os.environ):
        if name.startswith(("GIT_", "GITHUB_")):
            monkeypatch.delenv(name)
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM"):
        monkeypatch.setenv(name, GIT_ENVIRONMENT[name])


@pytest.fixture
def git_repository(tmp_path: Path) -> RepositoryBuilder:
    """An empty git repository in ``tmp_path/repository`` on the branch ``main``."""
    return RepositoryBuilder(tmp_path / "repository")


@pytest.fixture(scope="session", autouse=True)
def renderers(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Put the kustomize and helm that ``make tools`` built, and nothing else of it, before all others in PATH."""
    folder = tmp_path_factory.mktemp("renderers")
    for name in ("helm", "kustomize"):
        (folder / name).symlink_to(built(name))
    os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"
