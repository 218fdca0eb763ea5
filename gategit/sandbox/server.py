"""Start an API server and etcd for the length of a run, on loopback, for this user alone.

etcd listens on a socket in a private folder, the API server on a random port of 127.0.0.1 with a certificate that it
makes there itself and that is believed by its file alone. The one account is a random token. A guardian process holds
both and takes everything away, also when this process is killed.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import secrets
import select
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from gategit.cluster.access import Access
from gategit.errors import UndecidedError
from gategit.process import clean_environment
from gategit.sandbox.assets import Assets

_GUARDIAN = Path(__file__).with_name("guardian.py")
_ANSWER_SECONDS = 20.0
_READY_SECONDS = 60.0
_LOOK_AGAIN = 0.025
_ATTEMPTS = 5
_LAST_LINES = 4
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
# Sockets in the folder that both programs run in. etcd wants a host and a port: the file's name is both.
_CLIENTS, _PEERS = "unix://clients:1", "unix://peers:1"


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A running API server.

    Attributes:
        access: how to reach it, with all rights.
        version: what it says it is, such as ``v1.36.3``.
        kubeconfig: a file for kubectl and others; it goes with the sandbox.
    """

    access: Access
    version: str
    kubeconfig: Path


def _quiet(message: str) -> None:
    """Say nothing."""


@contextlib.contextmanager
def start(
    assets: Assets, *, authorization: str = "AlwaysAllow", say: Callable[[str], None] = _quiet
) -> Iterator[Sandbox]:
    """Run an API server with an empty etcd until the block ends, whichever way it ends.

    Args:
        assets: the programs.
        authorization: the API server's mode, ``AlwaysAllow`` or ``RBAC``.
        say: is told where the start stands.

    Raises:
        UndecidedError: it does not come up; the message ends with what its log says last.
    """
    if os.name != "posix":
        raise UndecidedError("a sandbox cannot be started on this system", "run gategit on Linux, on macOS or in WSL")
    with _Guard() as guard:
        say(f"starting etcd and kube-apiserver {assets.version}")
        token = secrets.token_urlsafe(32)
        _write(guard.folder / "tokens.csv", f'{token},gategit,gategit,"system:masters"\n'.encode())
        _write(guard.folder / "service-accounts.key", _signing_key())
        guard.start("etcd", [str(assets.etcd), *_etcd_flags()])
        port = _start_api_server(guard, assets, authorization)
        access = Access(
            server=f"https://127.0.0.1:{port}",
            name="the sandbox",
            authority=(guard.folder / "certificates" / "apiserver.crt").read_bytes(),
            token=token,
        )
        version = _wait_until_filled(guard, access)
        kubeconfig = guard.folder / "kubeconfig"
        _write(kubeconfig, _kubeconfig(access))
        yield Sandbox(access, version, kubeconfig)


def _etcd_flags() -> list[str]:
    return [
        "--name=default",
        "--data-dir=etcd",
        "--unsafe-no-fsync",  # nothing of it outlives the run
        f"--listen-client-urls={_CLIENTS}",
        f"--advertise-client-urls={_CLIENTS}",
        f"--listen-peer-urls={_PEERS}",
        f"--initial-advertise-peer-urls={_PEERS}",
        f"--initial-cluster=default={_PEERS}",
        "--log-level=warn",
    ]


def _api_server_flags(port: int, authorization: str) -> list[str]:
    """Flags that every API server from 1.25 on has.

    Whatever decides about objects (admission plugins, API groups, feature gates) stays as the server's makers set it.
    """
    return [
        f"--etcd-servers={_CLIENTS}",
        "--cert-dir=certificates",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        # Without these two the server looks for a default route, and ends where there is none.
        "--advertise-address=127.0.0.1",
        "--endpoint-reconciler-type=none",
        "--token-auth-file=tokens.csv",
        "--anonymous-auth=false",
        f"--authorization-mode={authorization}",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        "--service-account-key-file=service-accounts.key",
        "--service-account-signing-key-file=service-accounts.key",
        "--service-cluster-ip-range=10.96.0.0/12,fd00:10:96::/112",
        "--allow-privileged=true",  # what a Pod may be is for PodSecurity to say, as it is in clusters
        "--profiling=false",
    ]


def _start_api_server(guard: _Guard, assets: Assets, authorization: str) -> int:
    """Start the API server on a free port, wait until it is ready, and return the port."""
    name = "kube-apiserver"
    deadline = time.monotonic() + _READY_SECONDS
    for _ in range(_ATTEMPTS):
        port = _free_port()
        guard.start(name, [str(assets.apiserver), *_api_server_flags(port, authorization)])
        certificate = guard.folder / "certificates" / "apiserver.crt"
        while guard.ended(name) is None:
            # The certificate is there before the server listens. A connection that it does not fit is not the server.
            if certificate.is_file() and _answers(port, certificate, guard.folder):
                return port
            if guard.ended("etcd") is not None:
                raise _failed(guard, "etcd", "ended")
            if time.monotonic() > deadline:
                raise _failed(guard, name, f"was not ready within {_READY_SECONDS:g} seconds")
            time.sleep(_LOOK_AGAIN)
        if "address already in use" not in _log(guard, name):
            break
    raise _failed(guard, name, "ended")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int, certificate: Path, folder: Path) -> bool:
    token = (folder / "tokens.csv").read_text("ascii").partition(",")[0]
    try:
        access = Access(f"https://127.0.0.1:{port}", "", authority=certificate.read_bytes(), token=token)
        return _get(access, "/readyz")[0] == http.HTTPStatus.OK
    except (OSError, ValueError, http.client.HTTPException):  # ValueError: a certificate that is half written
        return False


def _get(access: Access, path: str) -> tuple[int, bytes]:
    host, _, port = access.server.removeprefix("https://").partition(":")
    context = ssl.create_default_context(cadata=(access.authority or b"").decode("ascii"))
    connection = http.client.HTTPSConnection(host, int(port), context=context, timeout=_ANSWER_SECONDS)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {access.token}"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _wait_until_filled(guard: _Guard, access: Access) -> str:
    """Wait for the namespaces that the server makes itself, a moment after it is ready; return its version."""
    deadline = time.monotonic() + _READY_SECONDS
    try:
        while _get(access, "/api/v1/namespaces/default")[0] != http.HTTPStatus.OK:
            if time.monotonic() > deadline:
                raise _failed(guard, "kube-apiserver", "made no namespace default")
            time.sleep(_LOOK_AGAIN)
        return str(json.loads(_get(access, "/version")[1])["gitVersion"])
    except (OSError, ValueError, KeyError, http.client.HTTPException):
        raise _failed(guard, "kube-apiserver", "does not answer any more") from None


def _log(guard: _Guard, name: str) -> str:
    try:
        return (guard.folder / f"{name}.log").read_text("utf-8", "replace")
    except OSError:
        return ""


def _failed(guard: _Guard, name: str, what: str) -> UndecidedError:
    lines = [line.strip() for line in _log(guard, name).splitlines() if line.strip()]
    said = " / ".join("".join(char for char in line if char.isprintable()) for line in lines[-_LAST_LINES:])
    return UndecidedError(
        f"the sandbox did not come up: {name} {what}" + (f"; its log ends with: {said}" if said else ""),
        "check that the programs are of one release, for this machine, and not of different versions",
    )


def _write(path: Path, content: bytes) -> None:
    """Write a file that its owner alone can read, from its first byte on."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def _signing_key() -> bytes:
    """A new key of the curve P-256, which signs the tokens of service accounts: RFC 5915 in PEM.

    The public key is optional in that form, and what reads it works it out.
    """
    number = (secrets.randbelow(_P256_ORDER - 1) + 1).to_bytes(32, "big")
    curve = bytes.fromhex("a00a06082a8648ce3d030107")  # [0] 1.2.840.10045.3.1.7
    body = b"\x02\x01\x01\x04\x20" + number + curve
    encoded = base64.b64encode(b"\x30" + bytes([len(body)]) + body).decode()
    lines = [encoded[start : start + 64] for start in range(0, len(encoded), 64)]
    return "\n".join(["-----BEGIN EC PRIVATE KEY-----", *lines, "-----END EC PRIVATE KEY-----", ""]).encode()


def _kubeconfig(access: Access) -> bytes:
    """The way in as a kubeconfig; JSON is YAML."""
    authority = base64.b64encode(access.authority or b"").decode()
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "sandbox", "cluster": {"server": access.server, "certificate-authority-data": authority}}
        ],
        "users": [{"name": "sandbox", "user": {"token": access.token}}],
        "contexts": [{"name": "sandbox", "context": {"cluster": "sandbox", "user": "sandbox"}}],
        "current-context": "sandbox",
    }
    return json.dumps(content, indent=2).encode() + b"\n"


class _Guard:
    """The guardian process and the pipe that it watches. A context manager."""

    def __init__(self) -> None:
        try:
            # -I and -S: nothing of the environment, the working folder or site-packages decides what runs in it.
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_GUARDIAN), str(os.getpid())],
                env=clean_environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                start_new_session=True,  # Ctrl-C is for gategit, which then ends it
            )
        except OSError as error:
            raise UndecidedError(f"the sandbox cannot be started: {error.strerror or error}") from None
        self._folder: Path | None = None
        try:
            self._folder = Path(str(self._receive()["folder"]))
        except BaseException:
            self.close()
            raise
        self.folder = self._folder

    def start(self, name: str, arguments: list[str]) -> None:
        """Start a program.

        Raises:
            UndecidedError: it cannot be started.
        """
        error = self._ask({"start": name, "arguments": arguments})["error"]
        if error is not None:
            raise UndecidedError(f"{arguments[0]} cannot be started: {error}", "get the programs once more")

    def ended(self, name: str) -> int | None:
        """The exit code of a program, None while it runs."""
        code = self._ask({"ended": name})["code"]
        return None if code is None else int(code)

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):  # the missing answer says it
                self._process.stdin.write(json.dumps(request).encode() + b"\n")
        return self._receive()

    def _receive(self) -> dict[str, Any]:
        pipe, line = self._process.stdout, b""
        while pipe is not None and not line.endswith(b"\n"):
            readable, _, _ = select.select([pipe], [], [], _ANSWER_SECONDS)
            part = os.read(pipe.fileno(), 1 << 16) if readable else b""
            if not part:
                break
            line += part
        try:
            answer = json.loads(line)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise UndecidedError("the process that holds the sandbox is gone")
        return answer

    def close(self) -> None:
        """Let go of the pipe, and wait until everything is taken away; a guardian that was killed leaves the folder."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self._process.wait()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
