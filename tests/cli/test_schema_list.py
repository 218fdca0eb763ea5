"""``gategit schema list``: which kinds, from where, and what is said where there is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema.validators import Draft202012Validator
from typer.testing import CliRunner, Result

from gategit.checks.schema import ecosystem
from gategit.cli.schema import app
from gategit.cli.schema_list import complete_kind
from gategit.errors import GategitError
from tests.cli.test_schema_add import definition
from tests.conftest import RepositoryBuilder

SCHEMA: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "schemas" / "schema-list.schema.json").read_text(encoding="utf-8")
)


@pytest.fixture(autouse=True)
def repository(git_repository: RepositoryBuilder, monkeypatch: pytest.MonkeyPatch) -> RepositoryBuilder:
    """A repository that defines a kind, and has a schema folder; the current folder."""
    git_repository.commit(
        "start",
        {
            ".gategit.yaml": 'version: 1\nkubernetes_version: "1.34"\nschemas: {folders: [gate/crds]}\n',
            "crds/widget.yaml": json.dumps(definition("Widget")),
            "gate/crds/example.com/gadget_v1.json": '{"type": "object"}',
            "gate/crds/example.com/gadget_v1beta1.json": '{"type": "object"}',
        },
    )
    monkeypatch.chdir(git_repository.folder)
    return git_repository


def run(*arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(app, ["list", *arguments])


def rows(*arguments: str) -> list[dict[str, Any]]:
    """What the command says as JSON, which fits its schema."""
    result = run("--format", "json", *arguments)
    assert result.exit_code == 0, result.exception
    data = json.loads(result.stdout)
    Draft202012Validator(SCHEMA).validate(data)
    found: list[dict[str, Any]] = data["kinds"]
    return found


def refused(*arguments: str) -> GategitError:
    """Run a command that must fail as an expected error with exit code 2."""
    error = run(*arguments).exception
    assert isinstance(error, GategitError)
    assert error.exit_code == 2
    return error


def newest(source: str) -> str:
    """The release of a project that judges where none is named, in words."""
    project = ecosystem.index().sources[source]
    return f"{project.title} {project.releases[0].name}"


def test_every_source_is_listed_the_most_binding_first() -> None:
    """Definitions of the repository, its folders, what gategit carries, Kubernetes' own; every column is aligned."""
    found = rows()
    assert list(dict.fromkeys(row["from"] for row in found)) == ["repository", "folder", "carried", "kubernetes"]
    origin = "the CustomResourceDefinition in crds/widget.yaml"
    names = {"group": "example.com", "kind": "Widget", "plural": "widgets", "scope": "Namespaced"}
    assert found[0] == {**names, "versions": ["v1"], "from": "repository", "origin": origin, "source": None}
    lines = run().stdout.splitlines()
    column = lines[0].index("SCHEMA FROM")
    assert lines[1][column:] == origin
    assert lines[1].startswith("Widget ")
    assert {line[column - 2 : column] for line in lines} == {"  "}
    assert len(lines) == len(found) + 1


def test_versions_of_one_source_share_a_line() -> None:
    """The most stable one comes first."""
    gadget = rows("--kind", "gadget")
    assert [(row["versions"], row["origin"]) for row in gadget] == [
        (["v1"], "gate/crds/example.com/gadget_v1.json"),
        (["v1beta1"], "gate/crds/example.com/gadget_v1beta1.json"),
    ]
    scaler = rows("--kind", "hpa")
    assert [(row["versions"], row["origin"], row["scope"]) for row in scaler] == [
        (["v2", "v1"], "Kubernetes 1.34", "Namespaced"),
    ]


@pytest.mark.parametrize(
    "word",
    [
        *("Application", "application", "APPLICATIONS", "applic*", "Application.argoproj.io"),
        *("applications.argoproj.io", "applications.v1alpha1.argoproj.io", "application.argoproj.*"),
    ],
)
def test_a_kind_is_found_by_any_of_its_names(word: str) -> None:
    """Kind, plural, with and without the group, in any case, with * for anything."""
    found = [row for row in rows("--kind", word) if row["group"] == "argoproj.io"]
    kinds = {"Application", "ApplicationSet"} if word == "applic*" else {"Application"}
    assert {row["kind"] for row in found} == kinds
    assert {(row["origin"], row["source"]) for row in found} == {(newest("argo-cd"), "argo-cd")}


@pytest.mark.parametrize(
    ("word", "kind"), [("po", "Pod"), ("netpol", "NetworkPolicy"), ("hr", "HelmRelease"), ("wi", "Widget")]
)
def test_short_names_are_names(word: str, kind: str) -> None:
    """Those of Kubernetes, of what is carried, and of definitions."""
    assert kind in {row["kind"] for row in rows("--kind", word)}


def test_groups_and_sources_narrow_the_list() -> None:
    """By project, by sort of source, by group."""
    assert {row["source"] for row in rows("--source", "flux")} == {"flux"}
    assert {row["from"] for row in rows("--source", "kubernetes")} == {"kubernetes"}
    assert {row["group"] for row in rows("--group", "*.toolkit.fluxcd.io", "--kind", "kustomization")} == {
        "kustomize.toolkit.fluxcd.io"
    }


def test_a_definition_in_the_repository_hides_what_is_carried(repository: RepositoryBuilder) -> None:
    """It says all that there is of its kind."""
    repository.write("crds/application.yaml", json.dumps(definition("Application", "argoproj.io")))
    found = [row for row in rows("--kind", "application.argoproj.io") if row["group"] == "argoproj.io"]
    assert [(row["versions"], row["from"]) for row in found] == [(["v1"], "repository")]


def test_the_config_says_which_release_judges(repository: RepositoryBuilder) -> None:
    """For all files, and for those of a target."""
    flux = ecosystem.index().sources["flux"]
    older = flux.releases[-1].name
    repository.write(
        ".gategit.yaml",
        f'version: 1\nschemas: {{releases: {{argo-cd: "{ecosystem.index().sources["argo-cd"].releases[0].name}"}}}}\n'
        f'targets: {{prod: {{paths: ["prod/**"], releases: {{flux: "{older}"}}}}}}\n',
    )
    found = rows("--kind", "gitrepository")
    # Versions that the newest release does not serve any more are judged by the last one that did.
    assert [row["versions"] for row in found if row["origin"] == newest("flux")] == [["v1"]]
    assert {row["origin"] for row in rows("--kind", "gitrepository", "--target", "prod")} == {f"Flux {older}"}


def test_outside_of_a_repository_nothing_is_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What gategit brings with it is listed."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "crd.yaml").write_text(json.dumps(definition("Widget")), encoding="utf-8")
    monkeypatch.chdir(folder)
    assert {row["from"] for row in rows()} == {"carried", "kubernetes"}
    (folder / ".gategit.yaml").write_text("version: 1\n", encoding="utf-8")
    (folder / "below").mkdir()
    monkeypatch.chdir(folder / "below")
    assert rows()[0]["kind"] == "Widget"


def test_wrong_words_are_answered_with_the_nearest_right_ones() -> None:
    """And with what to do."""
    error = refused("--kind", "Widgit")
    assert (error.message, error.hint) == (
        "there is no schema for Widgit; did you mean Widget.example.com?",
        "add one: gategit schema add FILE (its CustomResourceDefinition, or a cluster's snapshot that has it)",
    )
    assert refused("--group", "argoproj.i").message == (
        "no kind of the group argoproj.i has a schema; did you mean argoproj.io?"
    )
    assert refused("--source", "fluxx").message == "--source: there is no source fluxx; did you mean flux?"
    assert refused("--kubernetes-version", "1.2").message == "there are no schemas for Kubernetes 1.2"
    assert refused("--format", "yaml").message.startswith("--format cannot be yaml")
    assert refused("--target", "prod").message == "--target prod: the config has no such target"


def test_the_shell_completes_kinds() -> None:
    """In any case, each with its group."""
    assert complete_kind("AppPr") == ["appproject.argoproj.io"]
    assert "deployment.apps" in complete_kind("depl")
