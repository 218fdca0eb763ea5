"""``gategit render``: its options, and how it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typer.testing import CliRunner

from gategit.cli.render import app
from gategit.errors import UsageError

if TYPE_CHECKING:
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
