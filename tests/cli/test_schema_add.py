"""``gategit schema add``: what is taken from where, what is written, and what is said of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from gategit.cli.schema import app
from gategit.cluster.snapshot import compress, encode
from gategit.errors import ConfigError, GategitError

SCHEMA: dict[str, Any] = {"type": "object", "properties": {"spec": {"type": "object"}}}


def definition(kind: str = "Widget", group: str = "example.com", **schema: Any) -> dict[str, Any]:
    """A CustomResourceDefinition of one version."""
    plural = f"{kind.lower()}s"
    openapi = {**SCHEMA, **schema}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "names": {"kind": kind, "plural": plural, "shortNames": [kind[:2].lower()]},
            "scope": "Namespaced",
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": openapi}}],
        },
    }


def snapshot(objects: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """An export of a cluster that holds these objects."""
    return {
        "format": "gategit snapshot",
        "version": 1,
        "kubernetes": "v1.36.3",
        "resources": [],
        "objects": objects,
        **more,
    }


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a config; the current one."""
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / ".gategit.yaml").write_text("version: 1\nschemas: {folders: [gate/crds]}\n", encoding="utf-8")
    monkeypatch.chdir(folder)
    return folder


def run(*arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(app, list(arguments))


def added(*arguments: str) -> str:
    """Run ``add``, which must succeed; what it prints."""
    result = run("add", *arguments)
    assert result.exit_code == 0, result.exception
    return result.output


def refused(*arguments: str) -> GategitError:
    """Run a command that must fail as an expected error with exit code 2."""
    error = run(*arguments).exception
    assert isinstance(error, GategitError)
    assert error.exit_code == 2
    return error


def written(file: Path, *documents: dict[str, Any]) -> str:
    """Write documents into a file, and give its path."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n---\n".join(json.dumps(one) for one in documents), encoding="utf-8")
    return str(file)


def test_a_definition_is_copied_and_judges_from_then_on(repository: Path, tmp_path: Path) -> None:
    """What was added is what the next run validates with."""
    source = written(tmp_path / "widgets.yaml", definition())
    file = repository / "gate" / "crds" / "widget.example.com.json"
    assert added(source) == f"added {file}: example.com/v1 Widget\n"
    assert json.loads(file.read_bytes()) == definition()
    assert added(source) == f"unchanged {file}: example.com/v1 Widget\n"
    line = run("list", "--kind", "wi").output.splitlines()[1]
    origin = "the CustomResourceDefinition in gate/crds/widget.example.com.json"
    assert line.split(maxsplit=3) == ["Widget", "example.com", "v1", origin]


def test_prose_is_left_out(repository: Path, tmp_path: Path) -> None:
    """Descriptions and what a cluster wrote judge nothing; a field that is called description stays."""
    prose: dict[str, Any] = {
        "description": "words",
        "properties": {"description": {"type": "string", "description": "more"}},
    }
    read = definition(**prose)
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": "{}"}
    read["metadata"] |= {"uid": "1", "annotations": annotations}
    read["status"] = {"conditions": []}
    added(written(tmp_path / "widgets.yaml", read))
    file = repository / "gate" / "crds" / "widget.example.com.json"
    assert json.loads(file.read_bytes()) == definition(properties={"description": {"type": "string"}})
    file.write_text(json.dumps(read), encoding="utf-8")
    assert added(str(tmp_path / "widgets.yaml")).startswith("unchanged ")


def test_a_catalogue_folder_keeps_its_layout(repository: Path, tmp_path: Path) -> None:
    """Schema files go into the folder of their group, without descriptions."""
    folder = tmp_path / "catalogue"
    written(folder / "example.com" / "gadget_v1.json", {"type": "object", "description": "words"})
    file = repository / "gate" / "crds" / "example.com" / "gadget_v1.json"
    assert added(str(folder)) == f"added {file}: example.com/v1 gadget\n"
    assert json.loads(file.read_bytes()) == {"type": "object"}
    assert run("list", "--kind", "gadgets").output.splitlines()[1].split() == [
        *("gadget", "example.com", "v1", "gate/crds/example.com/gadget_v1.json"),
    ]


def test_some_kinds_of_many(repository: Path, tmp_path: Path) -> None:
    """Kinds are chosen by any of their names, and by group; files without schemas are passed over."""
    folder = tmp_path / "crds"
    written(folder / "all.yaml", definition("Widget"), definition("Gadget"), definition("Cog", "other.example.com"))
    (folder / "chart.yaml").write_text("a: {{ .Values.a }}\n", encoding="utf-8")
    there = repository / "gate" / "crds"
    assert added(str(folder), "--kind", "gadgets", "--kind", "co") == (
        f"added {there}/cog.other.example.com.json: other.example.com/v1 Cog\n"
        f"added {there}/gadget.example.com.json: example.com/v1 Gadget\n"
    )
    assert added(str(folder), "--group", "example.*", "--kind", "w*") == (
        f"added {there}/widget.example.com.json: example.com/v1 Widget\n"
    )
    error = refused("add", str(folder), "--kind", "widgt")
    assert (error.message, error.hint) == (
        f"{folder} holds no schema for widgt",
        "it holds Widget.example.com",
    )
    assert refused("add", str(folder), "--group", "x.y").hint == (
        "it holds Cog.other.example.com, Gadget.example.com, Widget.example.com"
    )


@pytest.mark.parametrize("name", ["prod.json", "prod.json.gz"])
def test_the_definitions_of_a_snapshot_are_taken(repository: Path, tmp_path: Path, name: str) -> None:
    """An export holds the definitions as the cluster has them."""
    content = encode(snapshot([definition("Widget"), definition("Gadget")]))
    source = tmp_path / name
    source.write_bytes(compress(content) if name.endswith(".gz") else content)
    file = repository / "gate" / "crds" / "gadget.example.com.json"
    assert added(str(source), "--kind", "Gadget") == f"added {file}: example.com/v1 Gadget\n"
    assert json.loads(file.read_bytes()) == definition("Gadget")


def test_what_a_server_publishes_is_taken_where_a_snapshot_has_no_definition(repository: Path, tmp_path: Path) -> None:
    """Fields that the schema does not name are unknown, and what it refers to is put in its place."""
    resource = {"version": "v1", "namespaced": True, "verbs": ["get"]}
    resources = [
        {**resource, "group": "example.com", "kind": "Widget", "plural": "widgets"},
        {**resource, "group": "apps", "kind": "Deployment", "plural": "deployments"},
    ]
    part = {
        "type": "object",
        "properties": {"again": {"$ref": "#/components/schemas/Part"}, "size": {"type": "integer"}},
    }
    widget = {
        "type": "object",
        "properties": {
            "metadata": {"$ref": "#/components/schemas/Meta"},
            "spec": {"allOf": [{"$ref": "#/components/schemas/Part"}], "default": {}},
        },
        "required": ["spec"],
    }
    source = tmp_path / "prod.json"
    source.write_bytes(
        encode(
            snapshot(
                [],
                resources=resources,
                kinds={"example.com/v1": {"Widget": "Widget"}, "apps/v1": {"Deployment": "Part"}},
                schemas={"Widget": widget, "Part": part, "Meta": {"type": "object"}},
            )
        )
    )
    file = repository / "gate" / "crds" / "example.com" / "widget_v1.json"
    assert added(str(source)) == f"added {file}: example.com/v1 Widget\n"
    again = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    inner = {"type": "object", "properties": {"again": again, "size": {"type": "integer"}}}
    assert json.loads(file.read_bytes()) == {
        "type": "object",
        "properties": {"spec": {**inner, "additionalProperties": False}},
        "required": ["spec"],
        "additionalProperties": False,
    }


def test_a_damaged_snapshot_is_refused(tmp_path: Path) -> None:
    """With the reader's own words."""
    source = tmp_path / "prod.json"
    source.write_bytes(encode(snapshot([], kubernetes="x")))
    error = refused("add", str(source))
    assert isinstance(error, ConfigError)
    assert error.message == "the snapshot is damaged: kubernetes must be a version such as v1.36.3"


def test_the_config_is_told_about_the_folder(repository: Path, tmp_path: Path) -> None:
    """Where it does not name it yet."""
    source = written(tmp_path / "widgets.yaml", definition())
    assert added(source, "--folder", "own/schemas").splitlines()[1] == (
        "now name the folder in .gategit.yaml: schemas: {folders: [gate/crds, own/schemas]}"
    )
    (repository / ".gategit.yaml").write_text("version: 1\n", encoding="utf-8")
    assert added(source).splitlines()[1] == "now name the folder in .gategit.yaml: schemas: {folders: [gate/crds]}"


def test_who_judges_is_said_where_there_are_several(repository: Path, tmp_path: Path) -> None:
    """What is added goes before what gategit carries, and a definition elsewhere in the repository before both."""
    application = written(tmp_path / "application.yaml", definition("Application", "argoproj.io"))
    file = repository / "gate" / "crds" / "application.argoproj.io.json"
    assert added(application).splitlines() == [
        f"added {file}: argoproj.io/v1 Application",
        "judged from now on by what was added, not by what gategit carries: Application.argoproj.io",
    ]
    written(repository / "apps" / "crd.yaml", definition("Widget"))
    assert added(written(tmp_path / "widgets.yaml", definition("Widget"))).splitlines()[1] == (
        "example.com/v1 Widget is judged by the CustomResourceDefinition in apps/crd.yaml, which goes before what was "
        "added"
    )


def test_nothing_is_overwritten_silently(repository: Path, tmp_path: Path) -> None:
    """A file that differs is kept until --replace is said."""
    source = written(tmp_path / "widgets.json", definition())
    file = repository / "gate" / "crds" / "widget.example.com.json"
    file.parent.mkdir(parents=True)
    file.write_text("{}", encoding="utf-8")
    assert refused("add", source).message == f"{file} is there and differs"
    assert file.read_text(encoding="utf-8") == "{}"
    assert added("--replace", source) == f"replaced {file}: example.com/v1 Widget\n"


def test_what_is_no_schema_is_refused(repository: Path, tmp_path: Path) -> None:
    """And nothing is written."""
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("a: 1\n", encoding="utf-8")
    assert refused("add", str(wrong)).message == f"{wrong} holds no schema"
    assert refused("add", str(tmp_path / "absent.yaml")).message == f"{tmp_path / 'absent.yaml'} is not there"
    broken = definition()
    broken["metadata"]["name"] = "widget.example.com"
    assert refused("add", written(wrong, broken)).message == (
        f"{wrong}: the CustomResourceDefinition of Widget is wrong: the name of this CustomResourceDefinition must be "
        "widgets.example.com (spec.names.plural, a dot, spec.group), not widget.example.com (at metadata.name)"
    )
    file = tmp_path / "example.com" / "gadget_v1.json"
    file.parent.mkdir()
    file.write_text("[]", encoding="utf-8")
    assert refused("add", str(file)).message == f"{file}: example.com/v1 gadget: its schema file is not JSON"
    assert not (repository / "gate").exists()
