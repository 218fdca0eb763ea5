"""``gategit diff``: its formats, its options, and how it ends."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema.validators import Draft202012Validator
from typer.testing import CliRunner, Result

from gategit.cli.diff import app
from gategit.errors import UsageError

if TYPE_CHECKING:
    from tests.conftest import RepositoryBuilder

SCHEMA: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "schemas" / "diff.schema.json").read_text(encoding="utf-8")
)
CONFIG = 'version: 1\ntargets:\n  prod: {paths: ["prod/**"]}\n  test: {paths: ["test/**"]}\n'
SETTINGS = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: shop}\ndata: {mode: fast}\n"


@pytest.fixture
def repository(git_repository: RepositoryBuilder, monkeypatch: pytest.MonkeyPatch) -> RepositoryBuilder:
    """A change to the same object of two targets, in the working folder."""
    files = {"prod/settings.yaml": SETTINGS, "test/settings.yaml": SETTINGS}
    git_repository.commit("start", {".gategit.yaml": CONFIG, **files})
    for name in files:
        git_repository.write(name, SETTINGS.replace("fast", "slow"))
    monkeypatch.chdir(git_repository.folder)
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return git_repository


def diff(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.mark.usefixtures("repository")
def test_text() -> None:
    """What two targets get alike stands there once, with each place, without colours where nobody sees them."""
    result = diff()
    assert result.exit_code == 0
    assert result.stdout == (
        "prod and test, namespace shop: 2 modified\n"
        "\n"
        "  modified ConfigMap shop/settings (v1)  in 2 places\n"
        "      prod/settings.yaml:1, test/settings.yaml:1\n"
        '         data.mode: "fast" → "slow"\n'
        "           (prod/settings.yaml:4, test/settings.yaml:4)\n"
        "\n"
        "objects: 0 added, 2 modified, 0 removed\n"
    )


@pytest.mark.usefixtures("repository")
def test_text_is_coloured_where_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Colours change no word of it."""
    plain = diff().stdout
    monkeypatch.setenv("FORCE_COLOR", "1")
    colored = CliRunner().invoke(app, [], color=True).stdout
    assert "\x1b[33mmodified\x1b[0m" in colored
    assert re.sub(r"\x1b\[\d+m", "", colored) == plain


@pytest.mark.usefixtures("repository")
def test_json_is_as_its_schema_says() -> None:
    """Each object in each target, and nothing that the schema does not know."""
    found = json.loads(diff("--format", "json").stdout)
    Draft202012Validator(SCHEMA).validate(found)
    assert [one["target"] for one in found["objects"]] == ["prod", "test"]


@pytest.mark.usefixtures("repository")
def test_markdown_is_a_section_for_a_comment() -> None:
    """The same as in the report of a check."""
    text = diff("--format", "markdown").stdout
    assert text.startswith("<h3>What this change does</h3>\n")
    assert "- data.mode: fast\n+ data.mode: slow\n" in text


@pytest.mark.usefixtures("repository")
def test_one_target() -> None:
    """The other target's objects are left out; a name that the config does not have is wrong usage."""
    assert "prod" not in diff("--target", "test").stdout
    error = diff("--target", "nowhere").exception
    assert isinstance(error, UsageError)
    assert error.message == "--target nowhere: the config has no such target"


def test_what_cannot_be_rendered_ends_with_3(repository: RepositoryBuilder) -> None:
    """The unit, the line and the reason stand on standard output, and scripts see the exit code."""
    repository.write("prod/kustomization.yaml", "resources: [settings.yaml, none.yaml]\n")
    result = diff()
    assert result.exit_code == 3
    assert "not known: kustomization prod for prod (prod/kustomization.yaml:1): " in result.stdout
    assert result.stdout.endswith("objects: 0 added, 1 modified, 0 removed; 1 not known\n")


def test_standard_input_is_no_change() -> None:
    """It has one side only."""
    error = diff("-").exception
    assert isinstance(error, UsageError)
    assert error.message == "standard input is no change: it has one side only"


def test_unknown_format() -> None:
    """The formats are named."""
    error = diff("--format", "sarif").exception
    assert isinstance(error, UsageError)
    assert error.hint == "use one of: text, json, markdown"
