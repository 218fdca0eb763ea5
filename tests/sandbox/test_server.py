"""A real API server for the length of a run."""

from __future__ import annotations

import base64
import json
import os
import signal
import ssl
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from gategit.errors import UndecidedError
from gategit.sandbox.assets import Assets
from gategit.sandbox.server import Sandbox, start
from tools.golang import built

_HOLD = """
import os, sys
from pathlib import Path
from gategit.sandbox.assets import find_assets
from gategit.sandbox.server import Sandbox, start
with start(find_assets(None, Path(sys.argv[1]), os.environ)) as sandbox:
    print(sandbox.kubeconfig.parent, flush=True)
    sys.stdin.read()
"""


def _kubectl(kubeconfig: Path, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(built("kubectl")), *arguments],
        env={"KUBECONFIG": str(kubeconfig), "HOME": str(kubeconfig.parent)},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )


def _running(folder: str) -> list[str]:
    """The command lines of processes whose working folder is this one."""
    return [(process / "cmdline").read_text() for process in Path("/proc").glob("[0-9]*") if _works_in(process, folder)]


def _works_in(process: Path, folder: str) -> bool:
    try:
        return str((process / "cwd").readlink()).startswith(folder)
    except OSError:  # it is another user's, or has ended
        return False


def _wait_until_gone(folder: str) -> None:
    deadline = time.monotonic() + 30
    while (Path(folder).exists() or _running(folder)) and time.monotonic() < deadline:
        time.sleep(0.02)


def _script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_a_sandbox_is_a_real_server_that_leaves_nothing_behind(assets: Assets) -> None:
    """It answers kubectl, enforces what a cluster enforces, and is gone with its folder afterwards."""
    with start(assets) as sandbox:
        folder = sandbox.kubeconfig.parent
        assert sandbox.version == f"v{assets.version}"
        assert folder.stat().st_mode & 0o777 == 0o700
        assert (folder / "clients:1").is_socket()
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "tight", "labels": labels}}
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "tight"}}
        objects = {"apiVersion": "v1", "kind": "List", "items": [namespace, account]}
        assert _kubectl(sandbox.kubeconfig, "apply", "-f", "-", stdin=json.dumps(objects)).returncode == 0
        pod = _kubectl(sandbox.kubeconfig, "run", "p", "--namespace=tight", "--image=nginx")
        assert 'violates PodSecurity "restricted:latest"' in pod.stderr
        token = _kubectl(sandbox.kubeconfig, "create", "token", "default", "--namespace=tight")
        assert json.loads(base64.b64decode(token.stdout.split(".")[0] + "=="))["alg"] == "ES256"
    assert not folder.exists()
    assert _running(str(folder)) == []


def test_the_kubeconfig_and_the_token_are_for_the_user_alone(sandbox: Sandbox) -> None:
    """Nobody gets in without the token, and only the user can read it."""
    assert sandbox.kubeconfig.stat().st_mode & 0o777 == 0o600
    config = json.loads(sandbox.kubeconfig.read_text())
    assert config["users"][0]["user"]["token"] not in repr(sandbox)
    config["users"][0]["user"] = {"token": "guessed"}
    stranger = sandbox.kubeconfig.with_name("stranger")
    stranger.write_text(json.dumps(config))
    assert "Unauthorized" in _kubectl(stranger, "get", "--raw", "/api").stderr
    context = ssl.create_default_context(cadata=(sandbox.access.authority or b"").decode())
    with pytest.raises(HTTPError, match="401") as caught:
        urlopen(sandbox.access.server + "/readyz", context=context)  # noqa: S310  https, to loopback
    caught.value.close()


def test_rights_are_looked_at_where_that_is_asked_for(assets: Assets) -> None:
    """With RBAC a service account may nothing that nobody allows it."""
    with start(assets, authorization="RBAC") as sandbox:
        who = "--as=system:serviceaccount:default:nobody"
        assert _kubectl(sandbox.kubeconfig, "auth", "can-i", "get", "secrets", who).stdout == "no\n"
        assert _kubectl(sandbox.kubeconfig, "auth", "can-i", "get", "secrets").stdout == "yes\n"


def test_two_sandboxes_do_not_meet(sandbox: Sandbox, assets: Assets) -> None:
    """What is made in one is not in the other, and the end of one is not the end of the other."""
    with start(assets) as second:
        assert _kubectl(sandbox.kubeconfig, "create", "namespace", "only-here").returncode == 0
        assert "NotFound" in _kubectl(second.kubeconfig, "get", "namespace", "only-here").stderr
    assert _kubectl(sandbox.kubeconfig, "get", "namespace", "only-here").returncode == 0


def test_an_error_inside_ends_it_too(assets: Assets) -> None:
    """The programs and the folder go whatever happens in the block."""
    running = start(assets)
    folder = running.__enter__().kubeconfig.parent
    error = ZeroDivisionError()
    assert not running.__exit__(ZeroDivisionError, error, None)
    assert not folder.exists()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_killed_owner_leaves_no_process_and_no_folder(assets: Assets, number: signal.Signals) -> None:
    """Whichever way gategit is ended, nothing of its sandbox stays."""
    owner = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(assets.apiserver.parent)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with owner:
        assert owner.stdout
        folder = owner.stdout.readline().strip()
        assert len(_running(folder)) == 2
        owner.send_signal(number)
    _wait_until_gone(folder)
    assert _running(folder) == []
    assert not Path(folder).exists()


def test_a_killed_guardian_takes_the_programs_along(assets: Assets) -> None:
    """On Linux the programs die with the process that holds them, even when it cannot clean up any more."""
    with start(assets) as sandbox:
        folder = str(sandbox.kubeconfig.parent)
        parents = {
            int((process / "stat").read_text().rpartition(")")[2].split()[1])
            for process in Path("/proc").glob("[0-9]*")
            if _works_in(process, folder)
        }
        assert len(parents) == 1
        os.kill(parents.pop(), signal.SIGKILL)
        deadline = time.monotonic() + 30
        while _running(folder) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert _running(folder) == []
    assert not Path(folder).exists()


def test_a_server_that_does_not_come_up_says_why(tmp_path: Path, assets: Assets) -> None:
    """The last lines of its log are in the message."""
    server = _script(
        tmp_path / "kube-apiserver", "echo a long story; echo 'Error: unknown flag: --cert-dir' >&2; exit 1"
    )
    with pytest.raises(UndecidedError) as caught, start(Assets(server, assets.etcd, "1.36.3", "PATH")):
        pass
    assert caught.value.message == (
        "the sandbox did not come up: kube-apiserver ended; "
        "its log ends with: a long story / Error: unknown flag: --cert-dir"
    )


def test_an_etcd_that_does_not_come_up_says_why(tmp_path: Path, assets: Assets) -> None:
    """The API server waits for etcd for a long time; gategit does not."""
    etcd = _script(tmp_path / "etcd", "echo no space left; exit 1")
    with pytest.raises(UndecidedError) as caught, start(Assets(assets.apiserver, etcd, "1.36.3", "PATH")):
        pass
    assert caught.value.message == "the sandbox did not come up: etcd ended; its log ends with: no space left"


def test_a_program_for_another_machine_is_said(tmp_path: Path, assets: Assets) -> None:
    """What the system cannot run is named."""
    etcd = tmp_path / "etcd"
    etcd.write_bytes(b"\x00\x01\x02")
    etcd.chmod(0o755)
    with pytest.raises(UndecidedError, match="etcd cannot be started: Exec format error"):
        start(Assets(assets.apiserver, etcd, "1.36.3", "PATH")).__enter__()


def test_the_programs_see_no_credentials(tmp_path: Path, assets: Assets, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the caller's environment but what programs need to start reaches them."""
    for name in ("AWS_SECRET_ACCESS_KEY", "HTTPS_PROXY", "KUBECONFIG", "ETCD_NAME", "PYTHONSTARTUP"):
        monkeypatch.setenv(name, "secret")
    server = _script(tmp_path / "kube-apiserver", "env | grep -c =secret; exit 1")
    with pytest.raises(UndecidedError, match=r"its log ends with: 0$"):
        start(Assets(server, assets.etcd, "1.36.3", "PATH")).__enter__()
