"""The API server that the tests ask: the real one, one for a run, gone after it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from gategit.cluster.access import Access
from tests.api_server import ApiServer, shared_server, write_kubeconfig
from tests.api_server_process import ACCESS
from tools.golang import PROGRAMS, ROOT, built

CONFIG_MAP = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": "1"}}'
ROLE = {"rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"]}]}

# Two of these share a run: each writes where the server is that it met.
SHARING = """
import os
from pathlib import Path

def test_server(api_server, namespace):
    folder = Path(os.environ["SAID"])
    (folder / namespace).write_text(api_server.access.server)
"""


def _answers(access: Access) -> bool:
    """Whether anything listens where a server is, or was."""
    try:
        urllib.request.urlopen(access.server, timeout=5)  # noqa: S310  the scheme is https, on loopback
    except urllib.error.URLError as error:
        return not isinstance(error.reason, ConnectionRefusedError)
    return True


def test_the_server_is_the_one_that_is_pinned(api_server: ApiServer) -> None:
    """Nothing plays the server's part, and kubectl is of the same version."""
    said = json.loads(api_server.kubectl("version", "--output=json"))
    assert said["serverVersion"]["gitVersion"] == api_server.version
    if "KUBEBUILDER_ASSETS" not in os.environ:
        assert api_server.version == f"v{PROGRAMS['kube-apiserver'].version}"
        assert said["clientVersion"]["gitVersion"] == api_server.version


def test_each_test_has_a_namespace_of_its_own(api_server: ApiServer, namespace: str) -> None:
    """What one test makes is in no other test's namespace, which has the service account that Pods need."""
    other = api_server.new_namespace(labels={"team": "shop"})
    api_server.kubectl("apply", "--namespace", namespace, "--filename=-", stdin=CONFIG_MAP)
    names = ("get", "configmaps,serviceaccounts", "--output=name", "--namespace")
    assert api_server.kubectl(*names, namespace).split() == ["configmap/settings", "serviceaccount/default"]
    assert api_server.kubectl(*names, other).split() == ["serviceaccount/default"]
    assert api_server.send("GET", f"/api/v1/namespaces/{other}")["metadata"]["labels"]["team"] == "shop"


def test_an_account_has_the_rights_that_it_is_given(api_server: ApiServer, namespace: str, tmp_path: Path) -> None:
    """Rights are asked for: a service account may nothing until a role says what, and then that alone."""
    kubeconfig = write_kubeconfig(api_server.account(namespace, "reader"), tmp_path / "kubeconfig")
    kubectl = [str(built("kubectl")), f"--kubeconfig={kubeconfig}", "--namespace", namespace, "get"]

    def ask(kind: str) -> tuple[int, str]:
        done = subprocess.run(
            [*kubectl, kind], capture_output=True, text=True, check=False, env={"HOME": str(tmp_path)}
        )
        return done.returncode, done.stderr.strip()

    user = f"system:serviceaccount:{namespace}:reader"
    refusal = (
        f'Error from server (Forbidden): configmaps is forbidden: User "{user}" cannot list resource "configmaps" '
        f'in API group "" in the namespace "{namespace}"'
    )
    assert ask("configmaps") == (1, refusal)
    group = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    api_server.send("POST", f"{group}/roles", {"metadata": {"name": "reader"}, **ROLE})
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"}
    subjects = [{"kind": "ServiceAccount", "name": "reader", "namespace": namespace}]
    binding = {"metadata": {"name": "reader"}, "roleRef": reference, "subjects": subjects}
    api_server.send("POST", f"{group}/rolebindings", binding)
    assert ask("configmaps") == (0, f"No resources found in {namespace} namespace.")
    assert ask("secrets")[0] == 1


def test_two_workers_share_one_server(tmp_path: Path) -> None:
    """A run with two workers starts one server, gives each test another namespace, and leaves no server behind."""
    said = tmp_path / "said"
    said.mkdir()
    conftest = tmp_path / "conftest.py"
    conftest.write_text('pytest_plugins = ("tests.api_server",)\n')
    for name in ("test_one.py", "test_other.py"):
        (tmp_path / name).write_text(SHARING)
    options = ["--numprocesses=2", "--dist=loadfile", f"--rootdir={tmp_path}", f"--basetemp={tmp_path / 'run'}", "-q"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(tmp_path)],
        cwd=tmp_path,
        env=environment | {"SAID": str(said)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    servers = [file.read_text() for file in said.iterdir()]
    assert len(servers) == 2
    assert len(set(servers)) == 1
    assert not _answers(Access(servers[0], "the run's server"))


def test_the_server_ends_with_a_run_that_is_killed(tmp_path: Path) -> None:
    """No signal handler is needed: the system lets go of the lock that says that the server is used."""
    code = (
        "import sys, time; from pathlib import Path; from tests.api_server import shared_server\n"
        "with shared_server(Path(sys.argv[1])) as server:\n"
        "    print(server.access.server, flush=True)\n"
        "    time.sleep(600)\n"
    )
    folder = tmp_path / "server"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        access = Access(process.stdout.readline().strip(), "the killed run's server")
        assert _answers(access)
        process.send_signal(signal.SIGKILL)
    while (folder / ACCESS).exists() or _answers(access):
        time.sleep(0.05)


def test_a_server_that_ended_is_started_again(tmp_path: Path) -> None:
    """Who comes after the last user has a server all the same, and it is another one."""
    with shared_server(tmp_path / "server") as server:
        first = server.send("GET", "/api/v1/namespaces/kube-system")["metadata"]["uid"]
    with shared_server(tmp_path / "server") as server:
        assert server.send("GET", "/api/v1/namespaces/kube-system")["metadata"]["uid"] != first


def test_a_server_that_cannot_be_had_fails_the_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It never skips; the message says what is missing."""
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    with pytest.raises(pytest.fail.Exception) as caught, shared_server(tmp_path / "server"):
        pass
    missing = f"KUBEBUILDER_ASSETS names {tmp_path}, where there is no program etcd"
    assert str(caught.value).splitlines()[-1] == f"tools.golang.FetchError: {missing}"
