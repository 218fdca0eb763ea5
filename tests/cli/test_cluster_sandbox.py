"""``gategit cluster sandbox`` and ``rehearse``: what they print, what they run, and how they end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gategit.cli.cluster import app
from gategit.errors import GategitError, UsageError
from tests.api_server import ApiServer
from tools.golang import built

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: shop}\ndata: {a: b}\n"
CLAIM = """\
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: default}
spec: {storageClassName: fast, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with one manifest."""
    built("etcd")
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(built("kube-apiserver").parent))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.yaml").write_text(CONFIG_MAP)
    return tmp_path


def run(*arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(app, [*arguments])


def start(*arguments: str) -> subprocess.Popen[str]:
    """Start the program itself."""
    return subprocess.Popen(
        [sys.executable, "-m", "gategit", "cluster", "sandbox", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
    )


def test_a_command_runs_against_what_the_manifests_declare() -> None:
    """KUBECONFIG leads it to the sandbox, standard output is its own, and so is the exit code."""
    with start("--", "sh", "-c", f"{built('kubectl')} get configmap c -n shop -o jsonpath='{{.data}}'; exit 7") as done:
        stdout, stderr = done.communicate()
    assert (done.returncode, stdout) == (7, '{"a":"b"}')
    assert stderr == "note: 1 Namespace made that nothing declares: shop\n"


def test_overlays_are_there_as_they_are_built(folder: Path) -> None:
    """With their names and namespaces; nothing of the base by itself."""
    for name in ("a", "b"):
        (folder / name).mkdir()
        (folder / name / "kustomization.yaml").write_text(f"namePrefix: {name}-\nresources: [../base]\n")
    (folder / "base").mkdir()
    (folder / "c.yaml").rename(folder / "base" / "c.yaml")
    (folder / "base" / "kustomization.yaml").write_text("resources: [c.yaml]\n")
    names = f"{built('kubectl')} get configmap -n shop -o jsonpath='{{.items[*].metadata.name}}'"
    with start("--", "sh", "-c", names) as done:
        stdout, stderr = done.communicate()
    assert (done.returncode, stdout) == (0, "a-c b-c"), stderr


def test_paths_stand_before_the_command_and_options_are_its_own() -> None:
    """What stands behind -- is not read."""
    with start("--quiet", "c.yaml", "--", "sh", "-c", 'echo "$@"', "sh", "--quiet", "--", "nowhere.yaml") as done:
        stdout, stderr = done.communicate()
    assert (done.returncode, stdout, stderr) == (0, "--quiet -- nowhere.yaml\n", "")


def test_it_stays_until_it_is_interrupted() -> None:
    """The path of a kubeconfig is all that it prints, and Ctrl-C is a good end."""
    with start("--quiet") as running:
        assert running.stdout
        kubeconfig = Path(running.stdout.readline().strip())
        found = subprocess.run(
            [str(built("kubectl")), "get", "namespaces", "shop"],
            env={"KUBECONFIG": str(kubeconfig), "HOME": str(kubeconfig.parent)},
            capture_output=True,
            check=False,
        )
        assert found.returncode == 0
        running.send_signal(signal.SIGINT)
        stdout, stderr = running.communicate()
    assert (running.returncode, stdout, stderr) == (0, "", "")
    assert not kubeconfig.parent.exists()


def test_ctrl_c_is_for_the_command() -> None:
    """A command that is interrupted ends the run with its own exit code, and the sandbox goes."""
    script = 'trap "exit 5" INT; echo "$KUBECONFIG"; while :; do sleep 0.1; done'
    with start("--quiet", "--", "sh", "-c", script) as running:
        assert running.stdout
        kubeconfig = Path(running.stdout.readline().strip())
        children = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
        for process in (running.pid, *(int(child) for child in children)):
            if b"guardian" not in Path(f"/proc/{process}/cmdline").read_bytes():
                os.kill(process, signal.SIGINT)
        running.communicate()
    assert running.returncode == 5
    deadline = time.monotonic() + 30
    while kubeconfig.parent.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not kubeconfig.parent.exists()


def test_what_the_sandbox_refuses_is_said_and_the_rest_is_there(folder: Path) -> None:
    """One object that cannot be made stops nothing; a person is told."""
    (folder / "bad.yaml").write_text("apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\n")
    with start("--", "true") as done:
        _, stderr = done.communicate()
    assert done.returncode == 0
    assert "refused: Widget default/w: the sandbox serves no Widget of example.com/v1\n" in stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--",), "there is no command behind --"),
        (("nowhere.yaml",), "nowhere.yaml does not exist"),
        (("--assets", "nowhere"), "--assets nowhere: there is no such folder"),
        (("--snapshot", "nowhere"), "--snapshot nowhere: there is no such file"),
        (("--kubernetes-version", "new"), "--kubernetes-version cannot be new"),
        (("--target", "prod"), "there is no target prod"),
    ],
)
def test_wrong_use_is_said_before_anything_starts(arguments: tuple[str, ...], message: str) -> None:
    """Exit code 2, and one sentence."""
    result = run("sandbox", *arguments)
    assert isinstance(result.exception, UsageError)
    assert result.exception.message == message


def test_a_command_that_is_not_there_is_said() -> None:
    """It is wrong usage, and the sandbox is taken away."""
    result = run("sandbox", "--", "no-such-program-here")
    assert isinstance(result.exception, UsageError)
    assert result.exception.message == "no-such-program-here cannot be run: No such file or directory"


def test_several_targets_need_a_name(folder: Path) -> None:
    """One sandbox is one cluster."""
    (folder / ".gategit.yaml").write_text("version: 1\ntargets:\n  a: {paths: [a/**]}\n  b: {paths: [b/**]}\n")
    result = run("sandbox", "--", "true")
    assert isinstance(result.exception, UsageError)
    assert result.exception.message == "the config has several targets: a, b"


def test_without_programs_both_commands_say_how_to_get_them(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Exit code 3: nothing could be looked at."""
    monkeypatch.setenv("KUBEBUILDER_ASSETS", "")
    monkeypatch.setenv("XDG_DATA_HOME", str(folder / "data"))
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("PATH", "")
    for command in ("sandbox", "rehearse"):
        result = run(command, "--kubernetes-version", "1.34")
        assert isinstance(result.exception, GategitError)
        assert result.exception.exit_code == 3
        assert "setup-envtest@latest use 1.34.x" in result.exception.hint


def test_rehearse_in_text_and_json(folder: Path) -> None:
    """Both say the same; the exit code is 1 where something is missing, 0 where nothing is."""
    (folder / "claim.yaml").write_text(CLAIM)
    text = run("rehearse", "claim.yaml")
    assert text.exit_code == 1
    assert text.stdout.startswith(
        "missing StorageClass fast\n    claim.yaml:4  needed by PersistentVolumeClaim default/data at "
    )
    (folder / "class.yaml").write_text(
        "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: fast}\nprovisioner: csi.example.com\n"
    )
    data = json.loads((result := run("rehearse", "claim.yaml", "class.yaml", "--format", "json")).stdout)
    assert (result.exit_code, data["exit_code"], data["targets"][0]["missing"]) == (0, 0, [])
    assert data["targets"][0]["applied"] == 2


def test_rehearse_refuses_another_format() -> None:
    """The nearest is named."""
    result = run("rehearse", "--format", "jsn")
    assert isinstance(result.exception, UsageError)
    assert result.exception.message == "--format cannot be jsn; did you mean json?"


def test_an_export_fills_it(api_server: ApiServer, namespace: str) -> None:
    """What a cluster demanded at the export, the sandbox demands: here a quota that is used up."""
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "q", "namespace": namespace},
        "spec": {"hard": {"configmaps": "3"}},
    }
    api_server.kubectl("apply", "-f", "-", stdin=json.dumps(quota))
    status = {"status": {"hard": {"configmaps": "3"}, "used": {"configmaps": "3"}}}
    patch = ("--subresource=status", "--type=merge", "--patch", json.dumps(status))
    api_server.kubectl("patch", "resourcequota", "q", "--namespace", namespace, *patch)
    options = ("--kubeconfig", str(api_server.kubeconfig), "--namespace", namespace, "--output", "export.json")
    assert run("snapshot", *options).exit_code == 0
    command = f"{built('kubectl')} create configmap one-more --namespace {namespace}"
    with start("--quiet", "--snapshot", "export.json", "c.yaml", "--", "sh", "-c", command) as done:
        _, stderr = done.communicate()
    assert done.returncode == 1
    assert "exceeded quota: q, requested: configmaps=1, used: configmaps=3, limited: configmaps=3" in stderr
