"""``gategit cluster snapshot``: the file it writes, what it says, and when it writes nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner, Result

from gategit.cli.cluster import app
from gategit.cluster.snapshot import load_snapshot
from gategit.errors import GategitError, UndecidedError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.api_server import ApiServer


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, empty."""
    found = tmp_path / "work"
    found.mkdir()
    monkeypatch.chdir(found)
    return found


def run(*arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(app, ["snapshot", *arguments])


def error_of(result: Result) -> GategitError:
    """The expected error that a run ended in."""
    assert isinstance(result.exception, GategitError), result.output
    return result.exception


def kubeconfig_of_nobody(api_server: ApiServer, folder: Path) -> Path:
    """A kubeconfig for the same server, as somebody without rights."""
    found = folder.parent / "nobody.yaml"
    data = json.loads(
        api_server.kubectl("config", "view", "--raw", "--flatten", "-o", "json"),
    )
    data["users"][0]["user"] |= {"as": "nobody-snapshot", "as-groups": ["system:authenticated"]}
    found.write_text(json.dumps(data), encoding="utf-8")
    return found


def test_the_default_is_a_compressed_file_here(api_server: ApiServer, folder: Path) -> None:
    """Without options it writes snapshot.json.gz, and says on standard error what is in it."""
    result = run("--kubeconfig", str(api_server.kubeconfig))
    assert (result.exit_code, result.stdout) == (0, "")
    content = (folder / "snapshot.json.gz").read_bytes()
    read = load_snapshot(content, "x")
    assert content.startswith(b"\x1f\x8b")
    assert result.stderr == (
        f"snapshot.json.gz: {read.version}, {len(read.discovery.resources)} kinds, {len(read.objects):,} objects, "
        f"{len(content):,} bytes\n"
    )
    assert [path.name for path in folder.iterdir()] == ["snapshot.json.gz"]


def test_a_plain_file_and_standard_output_hold_json(api_server: ApiServer, namespace: str, folder: Path) -> None:
    """Both can be read by other programs; a file that is there is replaced."""
    (folder / "old.json").write_text("old", encoding="utf-8")
    options = ("--kubeconfig", str(api_server.kubeconfig), "--namespace", namespace, "--quiet")
    assert run(*options, "--output", "old.json").output == ""
    assert json.loads((folder / "old.json").read_bytes())["namespaces"] == [namespace]
    printed = run(*options, "--output", "-")
    assert json.loads(printed.stdout)["format"] == "gategit snapshot"


def test_live_objects_only_with_the_option(api_server: ApiServer, namespace: str, folder: Path) -> None:
    """What manifests may declare is left out unless it is asked for."""
    api_server.kubectl("create", "configmap", "settings", "-n", namespace)
    options = ("--kubeconfig", str(api_server.kubeconfig), "--namespace", namespace, "--output", "a.json")
    run(*options)
    assert b'"ConfigMap","metadata"' not in (folder / "a.json").read_bytes()
    run(*options, "--live-objects")
    assert b'"ConfigMap","metadata":{"name":"settings"' in (folder / "a.json").read_bytes()


def test_what_the_account_may_not_read_stops_it(api_server: ApiServer, folder: Path) -> None:
    """Half a snapshot is written only by who asks for it; both times standard error says what is missing."""
    nobody = str(kubeconfig_of_nobody(api_server, folder))
    refused = run("--kubeconfig", nobody)
    error = error_of(refused)
    assert isinstance(error, UndecidedError)
    assert error.message.endswith("was not exported in full, so nothing was written")
    assert "gategit: not exported: namespaces: this account may not read them\n" in refused.stderr
    assert list(folder.iterdir()) == []
    written = run("--kubeconfig", nobody, "--partial")
    assert written.exit_code == 0
    assert "gategit: not exported: namespaces: this account may not read them\n" in written.stderr
    read = load_snapshot((folder / "snapshot.json.gz").read_bytes(), "x")
    assert "the export could not read namespaces: this account may not read them" in read.notes


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--output", "a.yaml"), "--output a.yaml: a snapshot ends with .json or .json.gz"),
        (("--output", "no/a.json"), "no/a.json cannot be written: there is no folder no"),
        (("--namespace", ""), "--namespace is empty"),
        (("--kubeconfig", "none.yaml"), "the kubeconfig none.yaml does not exist"),
    ],
)
def test_wrong_usage_is_said_before_anybody_is_asked(arguments: tuple[str, ...], message: str) -> None:
    """No server is needed to find these."""
    error = error_of(run(*arguments))
    assert isinstance(error, UsageError)
    assert error.message == message


def test_a_folder_in_the_way_is_said(folder: Path) -> None:
    """The place is looked at before the export."""
    (folder / "a.json").mkdir()
    assert error_of(run("--output", "a.json")).message == "a.json cannot be written: it is a folder"


def test_a_file_that_cannot_be_written_leaves_nothing_behind(api_server: ApiServer, folder: Path) -> None:
    """The new file is made beside the old one and renamed; where that fails, it is taken away again."""
    name = f"{'a' * 300}.json"
    error = error_of(run("--kubeconfig", str(api_server.kubeconfig), "--output", name))
    assert isinstance(error, UndecidedError)
    assert error.message == f"the snapshot {name} cannot be written: File name too long"
    assert list(folder.iterdir()) == []
