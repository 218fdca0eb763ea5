"""``gategit cluster drift``: what it prints, and how it ends."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema.validators import Draft202012Validator
from typer.testing import CliRunner, Result

from gategit.checks.drift.values import FieldChange, ObjectChange
from gategit.cli.cluster import app
from gategit.errors import GategitError, UsageError

if TYPE_CHECKING:
    from tests.api_server import ApiServer
    from tests.conftest import RepositoryBuilder

SCHEMA: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "schemas" / "drift.schema.json").read_text(encoding="utf-8")
)
MANIFESTS = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: NAMESPACE}
data:
  mode: fast
---
apiVersion: v1
kind: ConfigMap
metadata: {name: gone, namespace: NAMESPACE}
"""


@pytest.fixture
def kubeconfig(
    api_server: ApiServer, namespace: str, git_repository: RepositoryBuilder, monkeypatch: pytest.MonkeyPatch
) -> str:
    """A way to a cluster that has drifted from the repository in the current folder."""
    git_repository.commit("start", {"apps/all.yaml": MANIFESTS.replace("NAMESPACE", namespace)})
    monkeypatch.chdir(git_repository.folder)
    within = ("--namespace", namespace)
    api_server.kubectl(*within, "create", "configmap", "settings", "--from-literal=mode=slow\u202e")
    api_server.kubectl(*within, "create", "configmap", "stray", "--from-literal=a=b")
    return str(api_server.kubeconfig)


def run(*arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(app, ["drift", *arguments])


def test_what_a_person_reads(kubeconfig: str, namespace: str) -> None:
    """Objects, then fields with line and writer; Git's lines and the cluster's; the sum at the end."""
    result = run("--kubeconfig", kubeconfig)
    version, commit = re.findall(r"Kubernetes (\S+)\) against (\w{12}):", result.stdout)[0]
    assert result.stdout == (
        f"changed ConfigMap {namespace}/settings  apps/all.yaml:1\n"
        "      5  written by kubectl-create\n"
        "        - data.mode: fast\n"
        '        + data.mode: "slow\\u202e"\n'
        "\n"
        f"missing ConfigMap {namespace}/gone  apps/all.yaml:7\n"
        "\n"
        f"undeclared ConfigMap {namespace}/stray  written by kubectl-create\n"
        "\n"
        "- is what Git declares, + what the cluster has\n"
        "\n"
        f"the cluster of the context test (Kubernetes {version}) against {commit}: "
        "1 changed, 1 missing, 1 undeclared (2 objects compared)\n"
    )
    assert result.exit_code == 1


def test_colours_are_the_only_difference(kubeconfig: str) -> None:
    """With colours stripped, both texts are the same."""
    plain, coloured = (run("--kubeconfig", kubeconfig, "--color", when).stdout for when in ("never", "always"))
    assert "\x1b[32m+ data.mode:" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


def test_what_a_script_reads(kubeconfig: str, namespace: str) -> None:
    """One JSON object, as the schema describes it."""
    result = run("--kubeconfig", kubeconfig, "--format", "json")
    data = json.loads(result.stdout)
    Draft202012Validator(SCHEMA).validate(data)
    assert (data["exit_code"], result.exit_code) == (1, 1)
    (target,) = data["targets"]
    changed, missing, undeclared = target["objects"]
    assert changed["object"] == {"apiVersion": "v1", "kind": "ConfigMap", "namespace": namespace, "name": "settings"}
    assert changed["fields"] == [
        {
            "change": "changed",
            "path": "data.mode",
            "git": "fast",
            "live": "slow\u202e",
            "file": "apps/all.yaml",
            "line": 5,
            "managers": ["kubectl-create"],
        }
    ]
    assert (missing["change"], missing["file"], missing["line"]) == ("missing", "apps/all.yaml", 7)
    assert (undeclared["change"], undeclared["file"], undeclared["managers"]) == (
        "undeclared",
        None,
        ["kubectl-create"],
    )


def test_schema_has_the_words_of_the_model() -> None:
    """A new change without a line in the schema is found here."""
    Draft202012Validator.check_schema(SCHEMA)
    item = SCHEMA["$defs"]["object"]["properties"]
    assert item["change"]["enum"] == [change.value for change in ObjectChange]
    assert item["fields"]["items"]["properties"]["change"]["enum"] == [change.value for change in FieldChange]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--format", "yaml"), "--format cannot be yaml"),
        (("--base", ""), "--base needs a revision, not ''"),
        (("--base", "nowhere"), "--base nowhere names no commit in this repository"),
        (("--target", "prod"), "there is no target prod"),
        (("--context", "other"), "there is no context other in"),
    ],
)
def test_wrong_options(arguments: tuple[str, ...], message: str, kubeconfig: str) -> None:
    """Each has its sentence."""
    error = run("--kubeconfig", kubeconfig, *arguments).exception
    assert isinstance(error, UsageError)
    assert error.message.startswith(message)


def test_outside_of_a_repository(kubeconfig: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no commit to compare with."""
    monkeypatch.chdir(tmp_path)
    assert isinstance(run("--kubeconfig", kubeconfig).exception, GategitError)
