"""A real API server for the tests: one for the whole test run, and a namespace for each test that asks for one.

The first test that wants the server starts it, also where several workers share the run; it lives as long as any
process of pytest that uses it, however that one ends. Nothing is skipped: where no server can be had, the test fails.
"""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import ssl
import subprocess
import sys
import time
import uuid
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from gategit.cluster.access import Access
from tests.api_server_process import ACCESS, LOG, USERS, read_access
from tools.golang import ROOT, built


@dataclass(frozen=True, slots=True)
class ApiServer:
    """A running API server, with RBAC on and no controllers.

    Attributes:
        access: how to reach it as its administrator.
        kubeconfig: a file that says the same to kubectl.
        version: what it calls itself, such as v1.36.3.
    """

    access: Access
    kubeconfig: Path
    version: str

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        """What the real kubectl writes, as the administrator; fails the test if kubectl fails."""
        environment = {"KUBECONFIG": str(self.kubeconfig), "HOME": str(self.kubeconfig.parent), "PATH": os.defpath}
        done = subprocess.run(
            [str(built("kubectl")), *arguments],
            env=environment,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def send(self, method: str, path: str, body: Any = None, *, content_type: str = "application/json") -> Any:
        """Send one plain request as the administrator, and return the decoded answer; fails where it is refused."""
        status, answer = self._ask(method, path, body, content_type)
        assert status < 300, f"{method} {path}: {status} {answer.decode(errors='replace')}"
        return json.loads(answer)

    def new_namespace(self, *, labels: dict[str, str] | None = None) -> str:
        """Make a namespace, with the service account that a controller would make in it; return its name."""
        name = f"test-{uuid.uuid4().hex[:12]}"
        self.send("POST", "/api/v1/namespaces", {"metadata": {"name": name, "labels": labels or {}}})
        self.send("POST", f"/api/v1/namespaces/{name}/serviceaccounts", {"metadata": {"name": "default"}})
        return name

    def account(self, namespace: str, name: str) -> Access:
        """How to reach the server as a service account, which is made where it is not there. It has no rights yet."""
        accounts = f"/api/v1/namespaces/{namespace}/serviceaccounts"
        status, answer = self._ask("POST", accounts, {"metadata": {"name": name}}, "application/json")
        assert status in {201, 409}, answer
        token = self.send("POST", f"{accounts}/{name}/token", {"spec": {"expirationSeconds": 3600}})
        return replace(self.access, token=token["status"]["token"])

    def _ask(self, method: str, path: str, body: Any, content_type: str) -> tuple[int, bytes]:
        assert self.access.authority
        context = ssl.create_default_context(cadata=self.access.authority.decode())
        connection = http.client.HTTPSConnection(urlsplit(self.access.server).netloc, context=context, timeout=60)
        headers = {"Authorization": f"Bearer {self.access.token}", "Content-Type": content_type}
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


def write_kubeconfig(access: Access, path: Path) -> Path:
    """Write a kubeconfig with one context, ``test``, that reaches a server as ``access`` does."""
    assert access.authority
    cluster = {"server": access.server, "certificate-authority-data": b64encode(access.authority).decode()}
    context = {"cluster": "test", "user": "test", "namespace": access.namespace or "default"}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test", "cluster": cluster}],
        "users": [{"name": "test", "user": {"token": access.token}}],
        "contexts": [{"name": "test", "context": context}],
        "current-context": "test",
    }
    path.write_text(json.dumps(config), encoding="utf-8")
    path.chmod(0o600)
    return path


@contextmanager
def shared_server(folder: Path) -> Iterator[ApiServer]:
    """Use the server of a folder together with whoever else does; the first one starts it, the last one ends it.

    Raises:
        pytest.fail.Exception: it does not start.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    process: subprocess.Popen[bytes] | None = None
    with (folder / USERS).open("a") as users:
        with (folder / "starting").open("a") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            # A server that is ending holds this lock until it is gone.
            fcntl.flock(users, fcntl.LOCK_SH)
            if not (folder / ACCESS).exists():
                process = _start(folder)
        access, version = read_access(folder)
        # Each process has its own file: what one writes no other one reads half of.
        kubeconfig = write_kubeconfig(access, folder / f"kubeconfig-{os.getpid()}")
        yield ApiServer(access, kubeconfig, version)
    if process:
        process.wait()


def _start(folder: Path) -> subprocess.Popen[bytes]:
    """Start the process that has the server, and wait until it says how to reach it."""
    log = folder / LOG
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.api_server_process", str(folder)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            # An interrupt of the terminal is for pytest, whose end is this one's end.
            start_new_session=True,
        )
    while not (folder / ACCESS).exists():
        if process.poll() is not None:
            pytest.fail(f"the API server did not start:\n{log.read_text(errors='replace')}", pytrace=False)
        time.sleep(0.02)
    return process


@pytest.fixture(scope="session")
def api_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """The API server of this test run."""
    base = tmp_path_factory.getbasetemp()
    run = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with shared_server(run / "api-server") as server:
        yield server


@pytest.fixture
def namespace(api_server: ApiServer) -> str:
    """A namespace that no other test knows, with the service account ``default`` and nothing else."""
    return api_server.new_namespace()
