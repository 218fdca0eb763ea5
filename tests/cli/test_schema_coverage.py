"""``gategit schema coverage``: what is counted, where schemas come from, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema.validators import Draft202012Validator
from typer.testing import CliRunner, Result

from gategit.checks.schema import ecosystem
from gategit.cli.schema import app
from gategit.cluster.snapshot import encode
from gategit.errors import GategitError
from tests.cli.test_schema_add import definition, snapshot
from tests.conftest import RepositoryBuilder

SCHEMA: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "schemas" / "schema-coverage.schema.json").read_text(encoding="utf-8")
)
OBJECT = "apiVersion: {api}\nkind: {kind}\nmetadata: {{name: {name}}}\n"


def manifest(api: str, kind: str, *names: str) -> str:
    """Objects of a kind in one file."""
    return "---\n".join(OBJECT.format(api=api, kind=kind, name=name) for name in names)


@pytest.fixture(autouse=True)
def repository(git_repository: RepositoryBuilder, monkeypatch: pytest.MonkeyPatch) -> RepositoryBuilder:
    """A repository with kinds from every source; the current folder."""
    git_repository.commit(
        "start",
        {
            ".gategit.yaml": 'version: 1\nkubernetes_version: "1.34"\nexclude: ["old/**"]\n',
            "crds/widget.yaml": json.dumps(definition("Widget")),
            "apps/widgets.yaml": manifest("example.com/v1", "Widget", "a", "b"),
            "apps/cogs.yaml": manifest("cogs.example.com/v1", "Cog", "a", "b", "c"),
            "more/cogs.yaml": manifest("cogs.example.com/v1", "Cog", "d"),
            "more/app.yaml": manifest("argoproj.io/v1alpha1", "Application", "a"),
            "more/settings.yaml": manifest("v1", "ConfigMap", "a", "b"),
            "more/kustomization.yaml": "resources: [settings.yaml]\n",
            "old/cogs.yaml": manifest("old.example.com/v1", "Cog", "a"),
        },
    )
    monkeypatch.chdir(git_repository.folder)
    return git_repository


def run(*arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(app, ["coverage", *arguments])


def counted(*arguments: str, code: int = 0) -> dict[str, Any]:
    """What the command says as JSON, which fits its schema."""
    result = run("--format", "json", *arguments)
    assert result.exit_code == code, result.exception
    data: dict[str, Any] = json.loads(result.stdout)
    Draft202012Validator(SCHEMA).validate(data)
    return data


def kind(data: dict[str, Any], name: str) -> dict[str, Any]:
    """What is said of a kind."""
    found: dict[str, Any] = next(one for one in data["coverage"] if one["kind"] == name)
    return found


def test_what_a_person_reads() -> None:
    """Kinds without a schema first, how to add them, and the total last."""
    argo = ecosystem.index().sources["argo-cd"]
    result = run()
    assert result.exit_code == 0
    assert result.stdout == (
        "OBJECTS  FILES  KIND                      API VERSION              SCHEMA FROM\n"
        "      4      2  Cog                       cogs.example.com/v1      no schema\n"
        "      2      1  Widget                    example.com/v1           crds/widget.yaml\n"
        f"      1      1  Application               argoproj.io/v1alpha1     Argo CD {argo.releases[0].name}\n"
        "      2      1  ConfigMap                 v1                       Kubernetes 1.34\n"
        "      1      1  CustomResourceDefinition  apiextensions.k8s.io/v1  Kubernetes 1.34\n"
        "\n"
        "To add what is missing, where FILE defines it or is a snapshot of a cluster that has it:\n"
        "  gategit schema add FILE --kind Cog.cogs.example.com\n"
        "\n"
        "6 of 10 objects (60.0 %) and 4 of 5 kinds have a schema\n"
    )


def test_markdown_for_a_comment() -> None:
    """A table, in which nothing of the repository is read as Markdown."""
    assert run("--format", "markdown", "--missing").stdout == (
        "**6 of 10 objects (60.0 %) and 4 of 5 kinds have a schema**\n"
        "\n"
        "| objects | files | kind | API version | schema from |\n"
        "|--:|--:|---|---|---|\n"
        "| 4 | 2 | <code>Cog</code> | <code>cogs.example.com/v1</code> | **no schema** |\n"
        "\n"
        "To add what is missing, where `FILE` defines it or is a snapshot of a cluster that has it:\n"
        "\n"
        "- <code>gategit schema add FILE --kind Cog.cogs.example.com</code>\n"
    )


def test_json_for_scripts() -> None:
    """Every number, and the sort of source."""
    data = counted()
    assert (data["objects"], data["kinds"]) == ({"total": 10, "covered": 6}, {"total": 5, "covered": 4})
    assert kind(data, "Cog") == {
        "apiVersion": "cogs.example.com/v1",
        "kind": "Cog",
        "objects": 4,
        "files": 2,
        "missing": 4,
        "origins": [],
        "reasons": [{"reason": "no schema", "targets": [], "objects": 4}],
        "command": "gategit schema add FILE --kind Cog.cogs.example.com",
    }
    origins = {one["kind"]: [origin["from"] for origin in one["origins"]] for one in data["coverage"]}
    assert origins == {
        "Cog": [],
        "Widget": ["repository"],
        "Application": ["carried"],
        "ConfigMap": ["kubernetes"],
        "CustomResourceDefinition": ["kubernetes"],
    }


def test_missing_fails_until_the_schemas_are_added(repository: RepositoryBuilder, tmp_path: Path) -> None:
    """So CI can demand them; what the command line says adds them."""
    result = run("--missing")
    assert result.exit_code == 1
    assert [line.split()[2] for line in result.stdout.splitlines()[1:2]] == ["Cog"]
    source = tmp_path / "cog.yaml"
    source.write_text(json.dumps(definition("Cog", "cogs.example.com")), encoding="utf-8")
    added = CliRunner().invoke(app, ["add", str(source), "--kind", "Cog.cogs.example.com"])
    assert added.exit_code == 0, added.exception
    result = run("--missing")
    assert (result.exit_code, result.stdout) == (0, "11 of 11 objects (100.0 %) and 5 of 5 kinds have a schema\n")
    assert kind(counted(), "Cog")["origins"][0]["origin"] == (
        "the CustomResourceDefinition in gate/crds/cog.cogs.example.com.json"
    )
    assert repository.path("gate/crds/cog.cogs.example.com.json").is_file()


def test_a_part_of_a_repository() -> None:
    """Objects within the path are counted; definitions count wherever they are."""
    assert [one["kind"] for one in counted("apps")["coverage"]] == ["Cog", "Widget"]
    assert [one["kind"] for one in counted("apps/widgets.yaml")["coverage"]] == ["Widget"]
    assert kind(counted("apps"), "Widget")["origins"][0]["from"] == "repository"


def test_another_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repository: RepositoryBuilder) -> None:
    """Its own config counts."""
    monkeypatch.chdir(tmp_path)
    assert counted(str(repository.folder))["objects"] == {"total": 10, "covered": 6}


def test_what_could_not_be_read_is_said(repository: RepositoryBuilder) -> None:
    """Nobody knows what such a file declares, so full coverage cannot be had with it."""
    repository.remove("apps/cogs.yaml")
    repository.remove("more/cogs.yaml")
    repository.write("apps/broken.yaml", "apiVersion: v1\nkind: [\n")
    repository.write("chart/Chart.yaml", "apiVersion: v2\nname: chart\nversion: 1.0.0\n")
    repository.write("chart/templates/a.yaml", 'apiVersion: v1\nkind: {{ required "a kind is needed" .Values.kind }}\n')
    result = run("--missing")
    assert result.exit_code == 3
    assert result.stdout == (
        "not looked at: apps/broken.yaml: not all of it is YAML that can be read\n"
        "not looked at: chart chart: it asks for more than its own values: a kind is needed\n"
        "6 of 6 objects (100.0 %) and 4 of 4 kinds have a schema; 1 file could not be read\n"
    )
    assert run().exit_code == 0
    data = counted()
    assert [one["what"] for one in data["unrendered"]] == ["chart chart"]
    assert data["unread"] == [{"what": "apps/broken.yaml", "reason": "not all of it is YAML that can be read"}]


def test_targets_differ(repository: RepositoryBuilder) -> None:
    """An object counts as covered where it is for every target that it is checked for."""
    exported = snapshot(
        [definition("Cog", "cogs.example.com")],
        kubernetes="v1.34.2",
        resources=[
            {"group": group, "version": "v1", "kind": kind, "plural": plural, "namespaced": True, "verbs": []}
            for group, kind, plural in (("cogs.example.com", "Cog", "cogs"), ("example.com", "Widget", "widgets"))
        ],
    )
    repository.write("gate/prod.json", encode(exported))
    repository.write(
        ".gategit.yaml",
        'version: 1\nkubernetes_version: "1.34"\n'
        "targets:\n"
        '  prod: {paths: ["apps/**"], snapshot: gate/prod.json}\n'
        '  test: {paths: ["apps/**", "more/**"]}\n',
    )
    cog = kind(counted(), "Cog")
    assert (cog["objects"], cog["missing"]) == (4, 4)
    assert cog["origins"] == [
        {"from": "snapshot", "origin": "the snapshot gate/prod.json", "targets": ["prod"], "objects": 3}
    ]
    assert cog["reasons"] == [{"reason": "no schema", "targets": ["test"], "objects": 4}]
    assert kind(counted("--target", "prod"), "Cog")["missing"] == 0
    line = run().stdout.splitlines()[1]
    assert line.endswith("no schema (for test); the snapshot gate/prod.json (for prod)")


def test_kinds_that_no_schema_helps(repository: RepositoryBuilder) -> None:
    """What Kubernetes or a definition does not serve is no matter of adding a schema."""
    repository.write("apps/old.yaml", manifest("extensions/v1beta1", "Ingress", "a"))
    repository.write("apps/wrong.yaml", manifest("example.com/v2", "Widget", "a"))
    repository.write("apps/never.yaml", manifest("apps/v1", "Deploymnt", "a"))
    data = counted()
    reasons = {one["kind"]: (one["reasons"][0]["reason"], one["command"]) for one in data["coverage"] if one["missing"]}
    assert reasons == {
        "Cog": ("no schema", "gategit schema add FILE --kind Cog.cogs.example.com"),
        "Ingress": ("Kubernetes 1.22 removed it; use networking.k8s.io/v1", None),
        "Widget": ("the CustomResourceDefinition does not serve this version; it serves v1", None),
        "Deploymnt": ("Kubernetes 1.34 does not have it", None),
    }


def test_wrong_usage() -> None:
    """Exit code 2, and the sentence."""
    error = run("absent").exception
    assert isinstance(error, GategitError)
    assert (error.exit_code, error.message) == (2, "there is no file or folder absent")
    error = run("--format", "yaml").exception
    assert isinstance(error, GategitError)
    assert (error.exit_code, error.message) == (2, "--format cannot be yaml")


def test_what_is_encrypted_as_a_whole_has_no_kind(repository: RepositoryBuilder) -> None:
    """SOPS can encrypt the kind itself: that is said of the file, and no schema is asked for."""
    text = manifest('"ENC[AES256_GCM,data:a]"', '"ENC[AES256_GCM,data:b]"', "a") + "sops: {mac: b}\n"
    repository.write("more/sealed.yaml", text)
    found = counted("more/sealed.yaml")
    assert found["coverage"] == []
    assert found["unread"] == [{"what": "more/sealed.yaml", "reason": "SOPS encrypted the whole of it"}]


CHART = {
    "chart/Chart.yaml": "apiVersion: v2\nname: chart\nversion: 1.0.0\n",
    "chart/templates/a.yaml": "apiVersion: v1\nkind: {{ .Values.kind }}\nmetadata: {name: a}\n",
    "chart/values.yaml": "kind: ConfigMap\n",
}
OVERLAYS = {
    "base/kustomization.yaml": "resources: [widget.yaml]\n",
    "base/widget.yaml": "apiVersion: example.org/v1\nkind: Gadget\nmetadata: {name: one}\n",
    "overlays/a/kustomization.yaml": "namePrefix: a-\nresources: [../../base]\n",
    "overlays/b/kustomization.yaml": "namePrefix: b-\nresources: [../../base]\n",
}


def test_what_is_rendered_counts_as_it_is_rendered(repository: RepositoryBuilder) -> None:
    """A chart's objects are there, an overlay's as often as it is built; switched off, files count as they stand."""
    for path, text in {**CHART, **OVERLAYS}.items():
        repository.write(path, text)
    found = counted("base", "--missing", code=1)
    assert [(one["kind"], one["objects"], one["files"]) for one in found["coverage"]] == [("Gadget", 2, 1)]
    found = counted("chart")
    assert [(one["kind"], one["objects"]) for one in found["coverage"]] == [("ConfigMap", 1)]
    assert (found["templates"], found["unrendered"]) == (0, [])
    config = repository.folder / ".gategit.yaml"
    config.write_text(f"{config.read_text()}render: {{enabled: false}}\n")
    found = counted("base", "--missing", code=1)
    assert [(one["kind"], one["objects"], one["files"]) for one in found["coverage"]] == [("Gadget", 1, 1)]
    assert counted("chart")["templates"] == 1


def test_what_cannot_be_rendered_is_said(repository: RepositoryBuilder) -> None:
    """Nobody knows what it brings; that is no reason to fail where every kind has a schema."""
    repository.write("broken/kustomization.yaml", "resources: [nowhere.yaml]\n")
    found = counted("broken", "--missing")
    ((what, reason),) = [(one["what"], one["reason"]) for one in found["unrendered"]]
    assert what == "the kustomization broken"
    assert reason.startswith("it cannot be built: broken/kustomization.yaml:1: ")
