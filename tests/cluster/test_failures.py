"""Each way in which an API server cannot be asked: its class, its sentence, its help, exit code 3."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from gategit.cluster.access import Access
from gategit.cluster.answer import Answer
from gategit.cluster.client import Client
from gategit.cluster.failures import (
    AuthorityError,
    CertificateError,
    CertificateExpiredError,
    CertificateNameError,
    ClusterError,
    EncryptionError,
    NameNotResolvedError,
    ProxyError,
    TokenExpiredError,
    UnauthorizedError,
    UnreachableError,
    refused,
    token_expiry,
)
from tests.cluster.servers import Authority, listening, new_authority, serving

if TYPE_CHECKING:
    from tests.api_server import ApiServer

Situation = Callable[[Authority], AbstractAsyncContextManager[Access]]


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


async def _hello(_: web.BaseRequest) -> web.Response:
    return web.Response(text="hello")


def _shown(names: str = "DNS:localhost,IP:127.0.0.1", days: int = 1, *, trusted: bool = True) -> Situation:
    """A server with a certificate."""

    @asynccontextmanager
    async def situation(authority: Authority) -> AsyncIterator[Access]:
        async with serving(_hello, authority.sign("server", names, days).server()) as url:
            other = new_authority(authority.folder.parent / "other")
            yield Access(url, "it", authority=(authority if trusted else other).certificate.pem)

    return situation


@asynccontextmanager
async def _wants_certificate(authority: Authority) -> AsyncIterator[Access]:
    async with serving(_hello, authority.sign("server").server(authority.certificate)) as url:
        yield Access(url, "it", authority=authority.certificate.pem)


@asynccontextmanager
async def _speaks_plainly(authority: Authority) -> AsyncIterator[Access]:
    async with serving(_hello) as url:
        yield Access(url.replace("http", "https"), "it", authority=authority.certificate.pem)


@asynccontextmanager
async def _refuses(_: Authority) -> AsyncIterator[Access]:
    yield Access(f"https://127.0.0.1:{_free_port()}", "it")


@asynccontextmanager
async def _has_no_address(_: Authority) -> AsyncIterator[Access]:
    yield Access("https://api.invalid:6443", "it")


@asynccontextmanager
async def _has_no_proxy(_: Authority) -> AsyncIterator[Access]:
    yield Access("https://127.0.0.1:1", "it", proxy=f"http://127.0.0.1:{_free_port()}")


@asynccontextmanager
async def _is_behind_a_closed_proxy(_: Authority) -> AsyncIterator[Access]:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    async with listening(refuse) as address:
        yield Access("https://127.0.0.1:1", "it", proxy=f"http://{address}")


@asynccontextmanager
async def _has_no_authority(_: Authority) -> AsyncIterator[Access]:
    yield Access("https://127.0.0.1:1", "it", authority=b"hello")


_COMPARE = "compare with: kubectl get ns, with the same kubeconfig and context"
_PROXY = "look at proxy-url in the kubeconfig, and at HTTPS_PROXY and NO_PROXY"
_ENDED = "compare with: kubectl get ns; a server that asks for a client certificate, and gets none, ends it like this"
_SPEECH = "the server may not speak TLS at this port, or may ask for a client certificate"


@pytest.mark.parametrize(
    ("situation", "kind", "message", "hint"),
    [
        (_refuses, UnreachableError, "it (ADDRESS) cannot be reached: connection refused", _COMPARE),
        (
            _has_no_address,
            NameNotResolvedError,
            "the name of it (ADDRESS) has no address",
            "look at the server in the kubeconfig, the DNS and the VPN",
        ),
        (
            _shown(trusted=False),
            CertificateError,
            "the certificate of it (ADDRESS) is not trusted: ",
            "put the cluster's own certificate authority into certificate-authority-data in the kubeconfig",
        ),
        (
            _shown("DNS:elsewhere.example.com"),
            CertificateNameError,
            "the certificate of it (ADDRESS) belongs to another name: IP address mismatch",
            "use a name that the certificate holds as server in the kubeconfig, or say it in tls-server-name",
        ),
        (
            _shown(days=-1),
            CertificateExpiredError,
            "the certificate of it (ADDRESS) is out of date: certificate has expired",
            "renew the server's certificate; look at this machine's clock",
        ),
        (
            _has_no_authority,
            AuthorityError,
            "the certificate authority of it is no certificate in PEM",
            "look at certificate-authority or certificate-authority-data in the kubeconfig",
        ),
        (_wants_certificate, UnreachableError, "the connection to it (ADDRESS) broke: ", _ENDED),
        (_speaks_plainly, EncryptionError, "no encrypted connection to it (ADDRESS) came about: ", _SPEECH),
        (
            _has_no_proxy,
            ProxyError,
            "the proxy on the way to it (ADDRESS) cannot be reached: connection refused",
            _PROXY,
        ),
        (_is_behind_a_closed_proxy, ProxyError, "the proxy on the way to it (ADDRESS) answered 403", _PROXY),
    ],
)
def test_failure(tmp_path: Path, situation: Situation, kind: type[ClusterError], message: str, hint: str) -> None:
    """What is wrong on the way to a server is told apart."""

    async def main() -> None:
        async with situation(new_authority(tmp_path / "authority")) as access:
            with pytest.raises(ClusterError) as caught:
                async with Client(access, timeout=10) as client:
                    await client.send("GET", "/version")
            failure = caught.value
            said = failure.message.replace(access.server, "ADDRESS")
            assert (type(failure), failure.hint, failure.exit_code) == (kind, hint, 3)
            assert said.startswith(message)
            assert "\n" not in said

    asyncio.run(main())


def _token(**payload: object) -> str:
    return f"e30.{base64.urlsafe_b64encode(json.dumps(payload).encode()).decode().rstrip('=')}.c2ln"


EXPIRED = _token(exp=1700000000)


@pytest.mark.parametrize(
    ("token", "kind", "message"),
    [
        ("wrong", UnauthorizedError, "does not accept the token (401 Unauthorized)"),
        (
            EXPIRED,
            TokenExpiredError,
            "does not accept the token: it expired at 2023-11-14 22:13:20 UTC",
        ),
    ],
)
def test_unauthorized(api_server: ApiServer, token: str, kind: type[ClusterError], message: str) -> None:
    """The real server does not know who we are: a token whose time is over is told apart."""
    access = replace(api_server.access, token=token)

    async def main() -> None:
        async with Client(access) as client:
            await client.send("GET", "/api/v1/namespaces")

    with pytest.raises(UnauthorizedError) as caught:
        asyncio.run(main())
    assert type(caught.value) is kind
    assert caught.value.message == f"{access.name} ({access.server}) {message}"
    assert caught.value.exit_code == 3


def test_nobody_is_asked_who_they_are() -> None:
    """A server that wants credentials where we have none gets its own sentence."""

    async def refuse(_: web.BaseRequest) -> web.Response:
        return web.Response(status=401)

    async def main() -> None:
        async with serving(refuse) as url, Client(Access(url, "it")) as client:
            await client.send("GET", "/")

    with pytest.raises(UnauthorizedError, match="asks who we are, and there are no credentials to say it with"):
        asyncio.run(main())


def test_the_address_shows_no_password() -> None:
    """What somebody wrote into the URL stays out of messages."""
    failure = refused(Access("https://me:secret@api.example.com/k8s", "it"), "GET /x", Answer(500, b""))
    assert failure.message == "it (https://api.example.com/k8s) answered GET /x with 500"


@pytest.mark.parametrize(
    ("answer", "end", "hint"),
    [
        (Answer(500, b'{"kind": "Status", "message": "broken"}'), " with 500: broken", "compare with kubectl"),
        (Answer(403, b"no"), " with 403: no", "the account lacks a right"),
        (Answer(302, b""), " with 302", "an API server redirects nobody"),
        (Answer(502, b"<html><body>Bad Gateway"), " with 502", "compare with kubectl"),
    ],
)
def test_refused(answer: Answer, end: str, hint: str) -> None:
    """A refusal says the status and the server's words; a page for browsers is no words."""
    failure = refused(Access("https://api.example.com", "it"), "GET /x", answer)
    assert failure.message.endswith(end)
    assert failure.hint.startswith(hint)
    assert failure.answer is answer


@pytest.mark.parametrize(
    ("token", "expiry"),
    [
        (EXPIRED, datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        (_token(exp=1700000000.5), datetime(2023, 11, 14, 22, 13, 20, 500000, tzinfo=UTC)),
        (_token(exp="soon"), None),
        (_token(exp=True), None),
        (_token(exp=1e300), None),
        (_token(), None),
        ("opaque", None),
        ("a.b.c", None),
        ("..", None),
        ("", None),
    ],
)
def test_token_expiry(token: str, expiry: datetime | None) -> None:
    """Only a JSON Web Token with a time says when it ends."""
    assert token_expiry(token) == expiry


@given(
    st.text()
    | st.binary().map(lambda payload: f"a.{base64.urlsafe_b64encode(payload).decode()}.b")
    | st.dictionaries(st.just("exp"), st.integers() | st.floats() | st.text() | st.none()).map(
        lambda payload: _token(**payload)
    )
)
def test_any_token(token: str) -> None:
    """Whatever a token is made of, reading it ends with a time or with none."""
    expiry = token_expiry(token)
    assert expiry is None or expiry.tzinfo is UTC
