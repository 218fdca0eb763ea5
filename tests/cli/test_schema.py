"""``gategit schema list`` and ``gategit schema add``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gategit.cli.schema import app
from gategit.errors import GategitError

CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.example.com"},
    "spec": {
        "group": "example.com",
        "names": {"kind": "Widget", "plural": "widgets"},
        "scope": "Namespaced",
        "versions": [
            {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}},
        ],
    },
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
    return CliRunner().invoke(app, list(arguments))


def refused(*arguments: str) -> str:
    """Run a command that must fail as an expected error; its sentence."""
    result = run(*arguments)
    assert isinstance(result.exception, GategitError)
    assert result.exception.exit_code == 2
    return str(result.exception.message)


def test_add_copies_a_crd_and_list_shows_it(repository: Path, tmp_path: Path) -> None:
    """What was added is what the next run validates with."""
    source = tmp_path / "widgets.yaml"
    source.write_text(json.dumps(CRD), encoding="utf-8")
    file = repository / "gate" / "crds" / "widget.example.com.json"
    assert run("add", str(source)).output == f"added {file}: example.com/v1 Widget\n"
    assert json.loads(file.read_bytes()) == CRD
    assert run("add", str(source)).output == f"unchanged {file}: example.com/v1 Widget\n"
    listed = run("list", "--kubernetes-version", "1.34").output.splitlines()
    assert listed[0] == "example.com/v1 Widget  CustomResourceDefinition"
    assert "apps/v1 Deployment  Kubernetes 1.34" in listed


def test_add_takes_a_folder_of_schema_files(repository: Path, tmp_path: Path) -> None:
    """The layout is kept."""
    folder = tmp_path / "schemas" / "example.com"
    folder.mkdir(parents=True)
    (folder / "gadget_v1.json").write_text('{"type": "object"}', encoding="utf-8")
    file = repository / "gate" / "crds" / "example.com" / "gadget_v1.json"
    assert run("add", str(folder.parent)).output == f"added {file}: example.com/v1 gadget\n"
    assert run("list").output.splitlines()[0] == "example.com/v1 gadget  schema file"


def test_add_never_overwrites_silently(repository: Path, tmp_path: Path) -> None:
    """A file that differs is kept until --replace is said."""
    source = tmp_path / "widgets.json"
    source.write_text(json.dumps(CRD), encoding="utf-8")
    file = repository / "gate" / "crds" / "widget.example.com.json"
    file.parent.mkdir(parents=True)
    file.write_text("{}", encoding="utf-8")
    assert refused("add", str(source)) == f"{file} is there and differs"
    assert file.read_text(encoding="utf-8") == "{}"
    assert run("add", "--replace", str(source)).output == f"replaced {file}: example.com/v1 Widget\n"


def test_add_refuses_what_is_no_schema(repository: Path, tmp_path: Path) -> None:
    """And writes nothing."""
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("a: 1\n", encoding="utf-8")
    assert refused("add", str(wrong)) == f"{wrong} holds no schema"
    assert refused("add", str(tmp_path / "absent.yaml")) == f"{tmp_path / 'absent.yaml'} is not there"
    broken = json.loads(json.dumps(CRD))
    broken["metadata"]["name"] = "widget.example.com"
    wrong.write_text(json.dumps(broken), encoding="utf-8")
    assert refused("add", str(wrong)) == (
        f"{wrong}: the CustomResourceDefinition of Widget is wrong: the name of this CustomResourceDefinition must be "
        "widgets.example.com (spec.names.plural, a dot, spec.group), not widget.example.com (at metadata.name)"
    )
    assert not (repository / "gate").exists()


def test_list_refuses_a_version_without_schemas() -> None:
    """With the versions that there are."""
    assert refused("list", "--kubernetes-version", "1.2") == "there are no schemas for Kubernetes 1.2"
