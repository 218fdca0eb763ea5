"""Asking an API server: many requests at once over a few connections, with patience where the server asks for it."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import math
import os
import random
import re
import ssl
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import unquote, urlencode, urlsplit

import yarl

from gategit import __version__
from gategit.cluster.access import Access
from gategit.cluster.answer import Answer, Cause, warning_texts
from gategit.cluster.failures import (
    AuthorityError,
    CertificateError,
    CertificateExpiredError,
    CertificateNameError,
    ClientCertificateError,
    ClusterError,
    DeadlineError,
    EncryptionError,
    NameNotResolvedError,
    NoApiServerError,
    ProxyError,
    TimedOutError,
    TooLargeError,
    UnreachableError,
    place,
    refused,
    unauthorized,
)
from gategit.cluster.http_library import aiohttp

__all__ = ["Answer", "Cause", "Client"]

LARGEST_ANSWER: Final = 64 << 20
"""Bytes. The largest documents of an API server, lists of a page and OpenAPI, stay far below."""

_LARGE_BODY = 1 << 20
_PAGE = 500
_TRIES = 6
_LONGEST_PAUSE = 30.0
_FIRST_PAUSE = 0.1
_RESTARTS = 3

_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)

Objects = list[dict[str, Any]]
Headers = list[tuple[str, str]]

# Codes of X509_verify_cert_error, which OpenSSL keeps stable.
_OUT_OF_DATE = frozenset({9, 10})
_OTHER_NAME = frozenset({62, 64})


class Client:
    """A client of one API server; an asynchronous context manager.

    Every request is repeated where the server was only busy or the connection broke, unless the caller forbids it: so
    only what may be asked twice (reads and dry runs) should be sent without ``retry=False``.

    Args:
        access: how to reach the server, and as whom.
        concurrency: the most requests at once, each on a connection of its own.
        timeout: seconds that one request may take.
        deadline: seconds that everything together may take, counted from the start of the ``async with``.

    Raises:
        ClusterError: on entering, where certificates or keys cannot be used.
    """

    def __init__(
        self, access: Access, *, concurrency: int = 32, timeout: float = 30.0, deadline: float = 300.0
    ) -> None:
        self.access = access
        self._root = access.server.rstrip("/")
        self._concurrency = concurrency
        self._timeout = timeout
        self._deadline = deadline
        self._ends = math.inf
        self._turns = asyncio.Semaphore(concurrency)
        # While the server asks one request for patience, none is sent: it is the server that is busy, not the request.
        self._not_before = 0.0
        self._answered = False
        self._session: aiohttp.ClientSession | None = None
        # Sent with each request, and not as headers of the session: the library shows those to the proxy as well.
        self._identity = _identity(access)
        self._proxy, self._proxy_headers = _proxy(access)

    async def __aenter__(self) -> Self:
        self._ends = asyncio.get_running_loop().time() + self._deadline
        connector = aiohttp.TCPConnector(
            limit=self._concurrency, ssl=_tls(self.access) if self._root.startswith("https:") else True
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            headers={"User-Agent": f"gategit/{__version__}", "Accept-Encoding": "gzip"},
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            read_bufsize=1 << 18,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(  # noqa: PLR0913  what makes a request, by name
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] = {},
        body: Any = None,
        content_type: str = "application/json",
        accept: str = "application/json",
        retry: bool = True,
    ) -> Answer:
        """Send one request and return what the server answered, refusals included.

        Args:
            method: of HTTP.
            path: absolute, already quoted.
            query: parameters.
            body: plain data, which is sent as JSON, or bytes, or None.
            content_type: of the body.
            accept: the content types that the answer may have.
            retry: whether it may be sent again.

        Raises:
            ClusterError: no answer came, or the server does not accept who we are.
        """
        url = yarl.URL(f"{self._root}{path}{'?' if query else ''}{urlencode(query, errors='replace')}", encoded=True)
        headers = [*self._identity, ("Accept", accept)]
        content: bytes | None = None
        if body is not None:
            content = body if isinstance(body, bytes) else json.dumps(body, separators=(",", ":")).encode()
            headers.append(("Content-Type", content_type))
        for number in range(1, _TRIES + 1):
            last = number == _TRIES or not retry
            try:
                async with self._turns:
                    await self._wait_for_patience(method, path)
                    answer = await self._once(method, url, headers, content)
            except _BrokenError as broken:
                pause = _growing_pause(number)
                if last or not self._fits(pause):
                    raise broken.failure from None
                await asyncio.sleep(pause)
                continue
            self._answered = True
            # An admission webhook may deny with this status too: then it speaks of the object, and we are known.
            if answer.status == 401 and not answer.message.startswith("admission webhook "):
                raise unauthorized(self.access)
            wanted = _wanted_pause(answer, number)
            if wanted is None or last or not self._fits(wanted):
                return answer
            if answer.status == 429:
                self._not_before = max(self._not_before, asyncio.get_running_loop().time() + wanted)
            await asyncio.sleep(wanted)
        raise AssertionError

    async def list(self, path: str, *, query: Mapping[str, str] = {}, accept: str = "application/json") -> Objects:
        """All objects of a collection, page by page, each with its apiVersion and kind.

        Args:
            path: of the collection, already quoted.
            query: parameters, such as a label selector, or ``resourceVersion=0`` for an answer from the server's cache.
            accept: the content types that the answers may have, such as the one for metadata alone.

        Raises:
            ClusterError: no answer came, or the server refuses (``RefusedError``, with the answer).
        """
        for number in range(_RESTARTS + 1):
            # A server that compacts faster than we read is asked for everything at once in the end.
            limit = {"limit": str(_PAGE)} if number < _RESTARTS else {}
            items = await self._pages(path, {**limit, **query}, accept)
            if items is not None:
                return items
        raise AssertionError

    async def _pages(self, path: str, query: Mapping[str, str], accept: str) -> Objects | None:
        """The objects of all pages; None where the continuation of the first one expired on the way."""
        items: Objects = []
        asked = dict(query)
        while True:
            answer = await self.send("GET", path, query=asked, accept=accept)
            if answer.status == 410 and "continue" in asked:
                return None
            if not answer.ok:
                raise refused(self.access, f"GET {path}", answer)
            items.extend(self._items(path, answer))
            metadata = answer.data.get("metadata")
            token = metadata.get("continue") if isinstance(metadata, dict) else None
            if not isinstance(token, str) or not token:
                return items
            # The token holds the version; a server refuses both together.
            asked = {k: v for k, v in asked.items() if k not in {"resourceVersion", "resourceVersionMatch"}}
            asked["continue"] = token

    def _items(self, path: str, answer: Answer) -> Objects:
        data = answer.data
        items = data.get("items") or [] if isinstance(data, dict) else None
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise NoApiServerError(
                f"{place(self.access)} answered GET {path} with something that is no list of objects",
                "compare with kubectl get --raw and the same path",
            )
        # A list of a built-in kind says once of what kind its items are.
        kind = str(data.get("kind", "")).removesuffix("List")
        version = data.get("apiVersion")
        return [item if "kind" in item else {"apiVersion": version, "kind": kind, **item} for item in items]

    async def _wait_for_patience(self, method: str, path: str) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, self._not_before - loop.time()))
        if loop.time() >= self._ends:
            raise DeadlineError(
                f"{place(self.access)} did not answer everything within {self._deadline:g} seconds; "
                f"{method} {path} was not asked",
                "give it more time, or ask for less at once",
            )

    def _fits(self, pause: float) -> bool:
        return asyncio.get_running_loop().time() + pause < self._ends

    async def _once(self, method: str, url: yarl.URL, headers: Headers, content: bytes | None) -> Answer:
        if self._session is None:
            raise RuntimeError("the client is used outside of its async with")
        left = self._ends - asyncio.get_running_loop().time()
        try:
            async with self._session.request(
                method,
                url,
                headers=headers,
                # aiohttp would rather read a large body from a file than hold it at once.
                data=content if content is None or len(content) < _LARGE_BODY else io.BytesIO(content),
                # A redirect would carry the token to wherever it points.
                allow_redirects=False,
                proxy=self._proxy,
                proxy_headers=self._proxy_headers,
                server_hostname=self.access.server_name,
                timeout=aiohttp.ClientTimeout(total=min(self._timeout, left)),
            ) as response:
                body = await _bounded(response)
                if body is None:
                    raise TooLargeError(
                        f"{place(self.access)} answered {method} {url.raw_path} with more than "
                        f"{LARGEST_ANSWER >> 20} MiB",
                        "compare with kubectl get --raw and the same path",
                    )
                warnings = response.headers.getall("Warning", ())
                return Answer(
                    response.status, body, warning_texts(warnings) if warnings else (), headers=response.headers
                )
        except TimeoutError:
            if left < self._timeout:
                raise DeadlineError(
                    f"{place(self.access)} did not answer everything within {self._deadline:g} seconds; "
                    f"{method} {url.raw_path} was the last asked",
                    "give it more time, or ask for less at once",
                ) from None
            raise TimedOutError(
                f"{place(self.access)} did not answer {method} {url.raw_path} within {self._timeout:g} seconds",
                "compare with kubectl get ns; a webhook that hangs, a firewall or a proxy may be the cause",
            ) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            failure = _failure(error, self.access)
            # Before the first answer a connection that does not come about is a wrong address more often than a hiccup.
            broken = isinstance(failure, UnreachableError) and (
                self._answered or not isinstance(error, aiohttp.ClientConnectorError)
            )
        raise _BrokenError(failure) if broken else failure


class _BrokenError(Exception):
    """A connection broke, which may go better the next time."""

    def __init__(self, failure: ClusterError) -> None:
        super().__init__(failure.message)
        self.failure = failure


async def _bounded(response: aiohttp.ClientResponse) -> bytes | None:
    """The body, None where it is too large."""
    parts: list[bytes] = []
    size = 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > LARGEST_ANSWER:
            return None
        parts.append(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _growing_pause(number: int) -> float:
    """Seconds to wait after the try with this number, spread so that many requests do not come back at once."""
    return min(_FIRST_PAUSE * 2.0 ** (number - 1), _LONGEST_PAUSE) * random.uniform(0.5, 1.5)  # noqa: S311  no secret


def _wanted_pause(answer: Answer, number: int) -> float | None:
    """Seconds to wait before asking again, None where the answer is final."""
    said = answer.headers.get("Retry-After", "") if answer.status in {429, 500, 502, 503, 504} else ""
    if said and re.fullmatch(r"\d{1,9}", said):
        return min(float(said), _LONGEST_PAUSE) + _growing_pause(1)
    return _growing_pause(number) if answer.status in {429, 502, 503, 504} else None


def _identity(access: Access) -> Headers:
    """The headers that say who asks."""
    headers = [*access.impersonate]
    if access.token:
        headers.append(("Authorization", f"Bearer {access.token}"))
    elif access.username is not None:
        headers.append(("Authorization", _basic(access.username, access.password or "")))
    return headers


def _proxy(access: Access) -> tuple[str | None, dict[str, str] | None]:
    """The proxy's URL, and the header that holds what stands in it of a user and a password."""
    if access.proxy is None:
        return None, None
    parts = urlsplit(access.proxy)
    user, separator, host = parts.netloc.rpartition("@")
    if not separator:
        return access.proxy, None
    name, _, password = user.partition(":")
    authorization = _basic(unquote(name), unquote(password))
    return parts._replace(netloc=host).geturl(), {"Proxy-Authorization": authorization}


def _basic(name: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}"


def _tls(access: Access) -> ssl.SSLContext:
    """How to believe the server, and to be believed.

    A certificate among the trusted ones is enough, whether it signs itself or not, and old certificates of clusters
    lack extensions that newer Pythons ask for: in both, what kubectl believes is believed.

    Raises:
        ClusterError: certificates or keys cannot be used.
    """
    wrong = AuthorityError(
        f"the certificate authority of {access.name} is no certificate in PEM",
        "look at certificate-authority or certificate-authority-data in the kubeconfig",
    )
    # What stands between the certificates, people's remarks, the library does not read.
    found = b"\n".join(_CERTIFICATE.findall(access.authority or b"")).decode("ascii", "replace")
    if access.authority is not None and not found:
        raise wrong
    try:
        context = ssl.create_default_context(cadata=found or None)
    except (ValueError, ssl.SSLError):
        raise wrong from None
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if not access.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if access.certificate is not None and access.key is not None:
        _show_certificate(context, access.certificate, access.key, access.name)
    return context


def _show_certificate(context: ssl.SSLContext, certificate: bytes, key: bytes, name: str) -> None:
    """Load our own certificate. The library reads it from files only: they live in a private folder, for a moment."""
    with tempfile.TemporaryDirectory(prefix="gategit-") as folder:
        paths = [Path(folder, "certificate"), Path(folder, "key")]
        for path, content in zip(paths, (certificate, key), strict=True):
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
        try:
            # With no password to give, an encrypted key would make the library ask at the terminal.
            context.load_cert_chain(paths[0], paths[1], password=_no_password)
        except (ValueError, ssl.SSLError, OSError):
            raise ClientCertificateError(
                f"the client certificate and key for {name} cannot be used: they do not belong together, "
                "are not in PEM, or the key is encrypted",
                "look at client-certificate and client-key in the kubeconfig",
            ) from None


def _no_password() -> str:
    raise ValueError("the key is encrypted")


def _failure(error: Exception, access: Access) -> ClusterError:
    """What an exception of the HTTP library means for a person.

    The library's own text is not shown where it may quote a request: that holds the token.
    """
    where = place(access)
    if isinstance(error, aiohttp.ClientProxyConnectionError | aiohttp.ClientHttpProxyError):
        answered = f"answered {error.status}" if isinstance(error, aiohttp.ClientHttpProxyError) else ""
        return ProxyError(
            f"the proxy on the way to {where} {answered or f'cannot be reached: {_reason(error)}'}",
            "look at proxy-url in the kubeconfig, and at HTTPS_PROXY and NO_PROXY",
        )
    if isinstance(error, ssl.SSLError | aiohttp.ClientSSLError) or isinstance(error.__cause__, ssl.SSLError):
        return _encryption_failure(error, access)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return NameNotResolvedError(
            f"the name of {where} has no address", "look at the server in the kubeconfig, the DNS and the VPN"
        )
    if isinstance(error, ValueError):
        return UnreachableError(f"{where} has no address that can be used", "look at the server in the kubeconfig")
    if isinstance(error, aiohttp.ClientConnectorError):
        return UnreachableError(
            f"{where} cannot be reached: {_reason(error)}",
            "compare with: kubectl get ns, with the same kubeconfig and context",
        )
    return UnreachableError(
        f"the connection to {where} broke: {_reason(error)}",
        "compare with: kubectl get ns; a server that asks for a client certificate, and gets none, ends it like this",
    )


def _encryption_failure(error: Exception, access: Access) -> ClusterError:
    where = place(access)
    if not isinstance(error, aiohttp.ClientConnectorCertificateError):
        return EncryptionError(
            f"no encrypted connection to {where} came about: {_reason(error)}",
            "the server may not speak TLS at this port, or may ask for a client certificate",
        )
    error = error.certificate_error
    code = getattr(error, "verify_code", 0)
    why = getattr(error, "verify_message", "") or "it cannot be verified"
    if code in _OUT_OF_DATE:
        return CertificateExpiredError(
            f"the certificate of {where} is out of date: {why}",
            "renew the server's certificate; look at this machine's clock",
        )
    if code in _OTHER_NAME:
        return CertificateNameError(
            f"the certificate of {where} belongs to another name: {why.rstrip('.')}",
            "use a name that the certificate holds as server in the kubeconfig, or say it in tls-server-name",
        )
    return CertificateError(
        f"the certificate of {where} is not trusted: {why}",
        "put the cluster's own certificate authority into certificate-authority-data in the kubeconfig",
    )


def _reason(error: BaseException) -> str:
    """The system's words for what went wrong."""
    os_error = getattr(error, "os_error", error)
    if isinstance(os_error, ssl.SSLError):
        return (os_error.reason or "handshake failed").replace("_", " ").lower()
    if isinstance(os_error, OSError) and os_error.errno:
        return os.strerror(os_error.errno).lower() if os_error.errno > 0 else str(os_error.strerror)
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "the server closed it"
    return "the answer was cut off" if isinstance(error, aiohttp.ClientPayloadError) else "the answer makes no sense"
