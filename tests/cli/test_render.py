"""``gategit render``: its options, and how it ends."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from typer.testing import CliRunner

from gategit.cli.render import app
from gategit.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.conftest import RepositoryBuilder

CONFIG = 'version: 1\ntargets:\n  prod: {paths: ["prod/**"]}\n  test: {paths: ["test/**"]}\n'


def test_a_target_that_the_config_does_not_have_is_wrong_usage(
    git_repository: RepositoryBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing printed would look like a target without objects."""
    git_repository.commit("start", {".gategit.yaml": CONFIG})
    monkeypatch.chdir(git_repository.folder)
    assert CliRunner().invoke(app, ["--target", "test"]).exit_code == 0
    error = CliRunner().invoke(app, ["--target", "nowhere"]).exception
    assert isinstance(error, UsageError)
    assert error.message == "--target nowhere: the config has no such target"
    assert error.hint == "targets in the config: prod, test"


def test_a_program_that_is_missing_is_said_once(
    git_repository: RepositoryBuilder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With the number of builds that want it, however many they are."""
    files = {f"{name}/kustomization.yaml": "configMapGenerator: [{name: a}]\n" for name in ("prod", "test", "third")}
    git_repository.commit("start", files)
    found = shutil.which("git")
    assert found is not None
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").symlink_to(found)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.chdir(git_repository.folder)
    result = CliRunner().invoke(app, [])
    assert result.exit_code == 1
    assert [line for line in result.stderr.splitlines() if "not installed" in line] == [
        (
            "prod/kustomization.yaml: kustomization prod is not rendered: kustomize is not installed or not in PATH "
            "(and 2 more for the same reason)"
        )
    ]
