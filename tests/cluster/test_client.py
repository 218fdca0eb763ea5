"""Asking an API server: what comes back, what is asked again, and what ends the waiting."""

from __future__ import annotations

import asyncio
import gzip
import json
import tempfile
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from gategit.cluster.access import Access
from gategit.cluster.answer import Answer, Cause, warning_texts
from gategit.cluster.client import LARGEST_ANSWER, Client
from gategit.cluster.failures import (
    ClientCertificateError,
    ClusterError,
    DeadlineError,
    NoApiServerError,
    RefusedError,
    TimedOutError,
    TooLargeError,
    UnauthorizedError,
    UnreachableError,
)
from gategit.cluster.together import together
from tests.cluster.servers import Authority, listening, new_authority, serving

if TYPE_CHECKING:
    from tests.api_server import ApiServer

T = TypeVar("T")

TOKEN = "a-token-that-nobody-may-see"  # noqa: S105  of no server


def _run(access: Access, work: Callable[[Client], Awaitable[T]], **options: Any) -> T:
    async def main() -> T:
        async with Client(access, **options) as client:
            return await work(client)

    return asyncio.run(main())


def _config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


# --- what comes back ---------------------------------------------------------------------------------------------


def test_a_dry_run_by_server_side_apply(api_server: ApiServer, namespace: str) -> None:
    """Plain data go out as JSON, under the content type of server-side apply; the object comes back."""

    async def work(client: Client) -> Answer:
        path = f"/api/v1/namespaces/{namespace}/configmaps/a"
        query = {"dryRun": "All", "fieldManager": "gategit", "force": "true", "fieldValidation": "Strict"}
        kind = "application/apply-patch+yaml"
        return await client.send("PATCH", path, query=query, body=_config_map("a", k="v"), content_type=kind)

    answer = _run(api_server.access, work)
    assert (answer.status, answer.ok, answer.reason, answer.causes) == (201, True, "", ())
    assert answer.data["data"] == {"k": "v"}
    assert api_server.kubectl("get", "configmaps", "--namespace", namespace, "--output=name") == ""


def test_a_refusal_is_returned(api_server: ApiServer, namespace: str) -> None:
    """What the server does not accept is an answer as any other, with all that its Status says."""
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {
            "replicas": -1,
            "selector": {"matchLabels": {"a": "b"}},
            "template": {
                "metadata": {"labels": {"a": "b"}},
                "spec": {"containers": [{"name": "c", "image": "nginx", "imagePullPolicy": "Sometimes"}]},
            },
        },
    }
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    answer = _run(api_server.access, lambda client: client.send("POST", path, query={"dryRun": "All"}, body=deployment))
    assert (answer.status, answer.ok, answer.reason) == (422, False, "Invalid")
    assert (answer.kind, answer.name) == ("Deployment", "web")
    assert answer.message.startswith('Deployment.apps "web" is invalid: [spec.replicas')
    assert answer.causes == (
        Cause("FieldValueInvalid", "Invalid value: -1: must be greater than or equal to 0", "spec.replicas"),
        Cause(
            "FieldValueNotSupported",
            'Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"',
            "spec.template.spec.containers[0].imagePullPolicy",
        ),
    )


def test_plain_text_is_a_message(api_server: ApiServer) -> None:
    """An unknown group is answered in plain text."""
    answer = _run(api_server.access, lambda client: client.send("GET", "/apis/nothere.example.com/v1"))
    assert (answer.status, answer.data, answer.reason) == (404, None, "")
    assert answer.message == "404 page not found"


def test_warnings(api_server: ApiServer, namespace: str) -> None:
    """The server's Warning headers are read as texts, quotation marks and all."""
    body = {**_config_map("a"), "colour": "red", "shape": "round"}
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    query = {"dryRun": "All", "fieldValidation": "Warn"}
    answer = _run(api_server.access, lambda client: client.send("POST", path, query=query, body=body))
    assert answer.status == 201
    assert sorted(answer.warnings) == ['unknown field "colour"', 'unknown field "shape"']


def test_a_list_of_several_pages(api_server: ApiServer, namespace: str) -> None:
    """All objects come, each with the API version and kind that a list says only once."""
    names = [f"c{number:04}" for number in range(1003)]
    items = [_config_map(name) for name in names]
    path = f"/api/v1/namespaces/{namespace}/configmaps"

    async def work(client: Client) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        await together(client.send("POST", path, body=item) for item in items)
        cached = await client.list(path, query={"resourceVersion": "0", "resourceVersionMatch": "NotOlderThan"})
        return await client.list(path), cached

    found, cached = _run(api_server.access, work)
    assert sorted(item["metadata"]["name"] for item in found) == names
    assert {(item["apiVersion"], item["kind"]) for item in found} == {("v1", "ConfigMap")}
    assert len(cached) <= len(found)


def test_a_list_with_a_selector(api_server: ApiServer, namespace: str) -> None:
    """A query goes through as it is, quoted."""
    api_server.kubectl("label", "namespace", namespace, "team=a-b")
    query = {"labelSelector": f"team in (a-b),kubernetes.io/metadata.name={namespace}"}
    found = _run(api_server.access, lambda client: client.list("/api/v1/namespaces", query=query))
    assert [item["metadata"]["name"] for item in found] == [namespace]


def test_a_list_that_is_refused(api_server: ApiServer, namespace: str) -> None:
    """Who may not list gets an error, which holds the answer for callers that can do without."""
    access = api_server.account(namespace, "nobody")
    with pytest.raises(RefusedError) as caught:
        _run(access, lambda client: client.list("/api/v1/secrets"))
    assert caught.value.answer.status == 403
    assert caught.value.message.startswith(f"{access.name} ({access.server}) answered GET /api/v1/secrets with 403: ")
    assert caught.value.hint.startswith("the account lacks a right: gategit cluster rbac")


def test_a_list_whose_continuation_expires() -> None:
    """It is read again from the start; a server that forgets every time is asked for all of it at once."""
    asked: list[dict[str, str]] = []

    async def handle(request: web.BaseRequest) -> web.Response:
        asked.append(dict(request.query))
        if "continue" in request.query:
            return web.json_response({"kind": "Status", "reason": "Expired"}, status=410)
        more = {"continue": "next"} if "limit" in request.query else {}
        return web.json_response({"kind": "PodList", "apiVersion": "v1", "metadata": more, "items": [{"a": 1}]})

    async def main() -> list[dict[str, Any]]:
        async with serving(handle) as url, Client(Access(url, "the server")) as client:
            return await client.list("/api/v1/pods", query={"resourceVersion": "0"})

    assert asyncio.run(main()) == [{"apiVersion": "v1", "kind": "Pod", "a": 1}]
    first = {"limit": "500", "resourceVersion": "0"}
    assert asked == [first, {"limit": "500", "continue": "next"}] * 3 + [{"resourceVersion": "0"}]


@pytest.mark.parametrize("body", ["<html>", "[]", '{"items": 3}', '{"items": [3]}', "null"])
def test_a_list_that_is_none(body: str) -> None:
    """Whatever answers 200 with something else is no API server."""

    async def handle(_: web.BaseRequest) -> web.Response:
        return web.Response(text=body)

    async def main() -> None:
        async with serving(handle) as url, Client(Access(url, "the server")) as client:
            await client.list("/api/v1/pods")

    with pytest.raises(NoApiServerError, match="something that is no list of objects"):
        asyncio.run(main())


# --- patience ----------------------------------------------------------------------------------------------------


def _answering(
    *statuses: int, **headers: str
) -> tuple[list[str], Callable[[web.BaseRequest], Awaitable[web.Response]]]:
    """A handler that answers with each status in turn, and then with 200; and the list of what it was asked."""
    asked: list[str] = []

    async def handle(request: web.BaseRequest) -> web.Response:
        asked.append(f"{request.method} {request.path_qs} {(await request.read()).decode()}")
        status = statuses[len(asked) - 1] if len(asked) <= len(statuses) else 200
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.json_response({"asked": len(asked)}, status=status, headers=named if status != 200 else {})

    return asked, handle


def _answer(statuses: tuple[int, ...], *, retry: bool = True, **headers: str) -> tuple[int, list[str]]:
    asked, handle = _answering(*statuses, **headers)

    async def main() -> int:
        async with serving(handle) as url, Client(Access(url, "the server")) as client:
            return (await client.send("PATCH", "/x", query={"q": "a b"}, body={"a": 1}, retry=retry)).status

    return asyncio.run(main()), asked


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_server_is_asked_again(status: int) -> None:
    """The same request is sent again until the server has time."""
    assert _answer((status, status)) == (200, ['PATCH /x?q=a+b {"a":1}'] * 3)


def test_a_500_that_names_a_time_is_asked_again() -> None:
    """A server that says when to come back means it, whatever went wrong."""
    assert _answer((500,), Retry_After="0") == (200, ['PATCH /x?q=a+b {"a":1}'] * 2)


@pytest.mark.parametrize("status", [301, 400, 403, 404, 409, 413, 422, 500])
def test_other_answers_are_final(status: int) -> None:
    """What would be answered the same again is not asked again: a 500 may be the manifest's fault."""
    answered, asked = _answer((status,), Retry_After="0" if status != 500 else "soon", Location="/elsewhere")
    assert (answered, len(asked)) == (status, 1)


def test_patience_ends() -> None:
    """What stays busy is returned in the end."""
    answered, asked = _answer((503,) * 20)
    assert answered == 503
    assert 3 <= len(asked) <= 10


def test_what_must_not_be_repeated_is_not() -> None:
    """A caller that really writes says so."""
    answered, asked = _answer((503,) * 20, retry=False)
    assert (answered, len(asked)) == (503, 1)


@pytest.mark.parametrize("said", ["", "-1", "soon", "1e9", "Fri, 21 Nov 2036 15:00:00 GMT", "9" * 30])
def test_an_odd_time_is_no_time(said: str) -> None:
    """A Retry-After that is no number of seconds does not stop the work."""
    assert _answer((429,), Retry_After=said)[0] == 200


def test_a_pause_that_ends_after_the_deadline_is_not_made() -> None:
    """The answer comes back at once where waiting for another one is no use."""
    _, handle = _answering(503, Retry_After="1000000")

    async def main() -> int:
        async with serving(handle) as url, Client(Access(url, "the server"), deadline=10) as client:
            return (await client.send("GET", "/x")).status

    assert asyncio.run(main()) == 503


def test_a_busy_server_gets_a_pause_from_all() -> None:
    """While it asks one request for patience, it sees none of the others either."""
    seen: list[tuple[str, float]] = []

    async def handle(request: web.BaseRequest) -> web.Response:
        seen.append((request.path, asyncio.get_running_loop().time()))
        busy = len(seen) == 1
        return web.Response(status=429 if busy else 200, headers={"Retry-After": "1"} if busy else {})

    async def main() -> None:
        async with serving(handle) as url, Client(Access(url, "the server"), concurrency=1) as client:
            await together(client.send("GET", f"/{number}") for number in range(5))

    asyncio.run(main())
    assert Counter(path for path, _ in seen) == {"/0": 2, "/1": 1, "/2": 1, "/3": 1, "/4": 1}
    assert min(time for _, time in seen[1:]) >= seen[0][1] + 1


def test_no_more_at_once_than_asked_for() -> None:
    """The server sees as many requests side by side as the caller allows, and all of them in the end."""
    now = most = done = 0

    async def handle(_: web.BaseRequest) -> web.Response:
        nonlocal now, most, done
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.01)
        now -= 1
        done += 1
        return web.Response()

    async def main() -> None:
        async with serving(handle) as url, Client(Access(url, "the server"), concurrency=4) as client:
            await together(client.send("GET", "/") for _ in range(40))

    asyncio.run(main())
    assert (most, done) == (4, 40)


def test_a_broken_connection_is_tried_again() -> None:
    """A server that hangs up, before or within an answer, is asked again on a new connection."""
    connections = 0
    answers = [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    ]

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answers[connections])
        connections += 1
        writer.close()

    async def main() -> Answer:
        async with listening(handle) as address, Client(Access(f"http://{address}", "the server")) as client:
            return await client.send("GET", "/")

    assert asyncio.run(main()).body == b"ok"
    assert connections == 4


def test_a_server_that_always_hangs_up() -> None:
    """In the end it is unreachable, and said so."""

    async def handle(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async def main() -> str:
        async with listening(handle) as address, Client(Access(f"http://{address}", "the server")) as client:
            with pytest.raises(UnreachableError) as caught:
                await client.send("GET", "/")
            return caught.value.message.replace(address, "ADDRESS")

    assert asyncio.run(main()) in {
        "the connection to the server (http://ADDRESS) broke: the server closed it",
        "the connection to the server (http://ADDRESS) broke: connection reset by peer",
    }


async def _never(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"timeout": 0.2}, TimedOutError, "the server (http://ADDRESS) did not answer GET /x within 0.2 seconds"),
        (
            {"deadline": 0.2},
            DeadlineError,
            "the server (http://ADDRESS) did not answer everything within 0.2 seconds; GET /x was the last asked",
        ),
    ],
)
def test_a_server_that_never_answers(options: dict[str, Any], kind: type[ClusterError], message: str) -> None:
    """One request has its time, and all of them together have theirs."""

    async def main() -> str:
        async with (
            listening(_never) as address,
            Client(Access(f"http://{address}", "the server"), **options) as client,
        ):
            with pytest.raises(kind) as caught:
                await client.send("GET", "/x")
            assert caught.value.exit_code == 3
            return caught.value.message.replace(address, "ADDRESS")

    assert asyncio.run(main()) == message


def test_nothing_is_asked_after_the_deadline() -> None:
    """What is left when the time is over is an error, and the server does not hear of it."""
    asked, handle = _answering()

    async def main() -> None:
        async with serving(handle) as url, Client(Access(url, "the server"), deadline=0) as client:
            await client.send("GET", "/x")

    with pytest.raises(DeadlineError, match="GET /x was not asked"):
        asyncio.run(main())
    assert asked == []


def test_together_raises_the_failure_itself() -> None:
    """Callers catch one class, and not a group that holds it; what nobody expects keeps its group."""

    async def fail(error: Exception) -> None:
        raise error

    with pytest.raises(TimedOutError, match="late"):
        asyncio.run(together([fail(TimedOutError("late")), fail(TimedOutError("late"))]))
    with pytest.raises(BaseExceptionGroup) as caught:
        asyncio.run(together([fail(KeyError("a bug"))]))
    assert isinstance(caught.value.exceptions[0], KeyError)


# --- bounds and secrets ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("packed", [False, True])
def test_an_endless_answer(packed: bool) -> None:  # noqa: FBT001  a parameter of the test
    """What is larger than any answer of an API server is not read to its end, unpacked or packed."""
    part = bytes(1 << 20)

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Encoding": "gzip"} if packed else {})
        await response.prepare(request)
        if packed:
            await response.write(gzip.compress(part * 80))
        for _ in range(0 if packed else 80):
            await response.write(part)
        return response

    async def main() -> str:
        async with serving(handle) as url, Client(Access(url, "the server")) as client:
            with pytest.raises(TooLargeError) as caught:
                await client.send("GET", "/x")
            return caught.value.message

    assert asyncio.run(main()).endswith(f"answered GET /x with more than {LARGEST_ANSWER >> 20} MiB")


def test_a_redirect_is_not_followed() -> None:
    """The token goes to the server that the user named and to no other."""
    asked, elsewhere = _answering()

    async def main() -> Answer:
        async with serving(elsewhere) as other:

            async def redirect(_: web.BaseRequest) -> web.Response:
                return web.Response(status=302, headers={"Location": f"{other}/stolen"})

            async with serving(redirect) as url, Client(Access(url, "the server", token=TOKEN)) as client:
                return await client.send("GET", "/x")

    assert asyncio.run(main()).status == 302
    assert asked == []


def test_what_is_sent_of_us() -> None:
    """A token, impersonation, our name; nothing of the environment, no cookies."""
    seen: list[dict[str, list[str]]] = []

    async def handle(request: web.BaseRequest) -> web.Response:
        seen.append({name: request.headers.getall(name) for name in request.headers})
        return web.Response(headers={"Set-Cookie": "a=b"})

    async def main() -> None:
        groups = (("Impersonate-User", "ann"), ("Impersonate-Group", "a"), ("Impersonate-Group", "b"))
        async with serving(handle) as url:
            async with Client(Access(url, "the server", token=TOKEN, impersonate=groups)) as client:
                await client.send("GET", "/")
                await client.send("GET", "/")
            async with Client(Access(url, "the server", username="ann", password="päss")) as client:  # noqa: S106
                await client.send("GET", "/")

    asyncio.run(main())
    assert seen[0] == seen[1]
    assert seen[0]["Authorization"] == [f"Bearer {TOKEN}"]
    assert seen[0]["Impersonate-Group"] == ["a", "b"]
    assert seen[0]["User-Agent"][0].startswith("gategit/")
    assert sorted(seen[2]) == ["Accept", "Accept-Encoding", "Authorization", "Host", "User-Agent"]
    assert seen[2]["Authorization"] == ["Basic YW5uOnDDpHNz"]


def test_no_failure_shows_the_token() -> None:
    """Neither the sentence nor the traceback of any failure holds it."""

    async def refuse(_: web.BaseRequest) -> web.Response:
        return web.Response(status=401)

    async def main() -> list[str]:
        shown: list[str] = []
        async with serving(refuse) as url, listening(_never) as silent:
            for server in (url, f"http://{silent}", f"https://{silent}", "http://127.0.0.1:1"):
                access = Access(server, "the server", token=TOKEN)
                async with Client(access, timeout=0.2) as client:
                    with pytest.raises(ClusterError) as caught:
                        await client.send("GET", "/")
                shown.append("".join(traceback.format_exception(caught.value)) + repr(caught.value))
        return shown

    for text in asyncio.run(main()):
        assert TOKEN not in text


# --- certificates and proxies ------------------------------------------------------------------------------------


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """A certificate authority of the test's own."""
    return new_authority(tmp_path / "authority")


def _peer(request: web.BaseRequest) -> web.Response:
    assert request.transport
    subject = (request.transport.get_extra_info("peercert") or {}).get("subject", ((("", "nobody"),),))
    return web.Response(text=subject[0][0][1])


def test_a_client_certificate(authority: Authority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The server sees who we are; nothing of the key stays on disk."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    own = authority.sign("ann")

    async def handle(request: web.BaseRequest) -> web.Response:
        return _peer(request)

    async def main() -> bytes:
        async with serving(handle, authority.sign("server").server(authority.certificate)) as url:
            access = Access(url, "it", authority=authority.certificate.pem, certificate=own.pem, key=own.key)
            async with Client(access) as client:
                assert list((tmp_path / "temporary").iterdir()) == []
                return (await client.send("GET", "/")).body

    assert asyncio.run(main()) == b"ann"


@pytest.mark.parametrize("wrong", ["another key", "no PEM", "an encrypted key"])
def test_a_client_certificate_that_cannot_be_used(authority: Authority, wrong: str) -> None:
    """It is said before anything is asked, and nobody is asked for a password."""
    own = authority.sign("ann")
    encrypted = (
        b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
        b"MIGjMF8GCSqGSIb3DQEFDTBSMDEGCSqGSIb3DQEFDDAkBBDOyC5Tnb1sbV1LL1vA\n"
        b"-----END ENCRYPTED PRIVATE KEY-----\n"
    )
    key = {"another key": authority.sign("ben").key, "no PEM": b"key", "an encrypted key": encrypted}[wrong]
    access = Access("https://127.0.0.1:1", "it", certificate=own.pem, key=key)
    with pytest.raises(ClientCertificateError, match="the client certificate and key for it cannot be used"):
        _run(access, lambda client: client.send("GET", "/"))


def test_another_name_that_the_certificate_holds(authority: Authority) -> None:
    """A server behind a tunnel is known by its own name."""

    async def handle(request: web.BaseRequest) -> web.Response:
        return _peer(request)

    async def main() -> int:
        async with serving(handle, authority.sign("server", "DNS:api.example.com").server()) as url:
            access = Access(url, "it", authority=authority.certificate.pem, server_name="api.example.com")
            async with Client(access) as client:
                return (await client.send("GET", "/")).status

    assert asyncio.run(main()) == 200


def test_a_certificate_is_trusted_without_its_signer(authority: Authority) -> None:
    """As for kubectl, the server's own certificate among the trusted ones is enough."""
    leaf = authority.sign("server")

    async def handle(request: web.BaseRequest) -> web.Response:
        return _peer(request)

    async def main() -> int:
        async with serving(handle, leaf.server()) as url, Client(Access(url, "it", authority=leaf.pem)) as client:
            return (await client.send("GET", "/")).status

    assert asyncio.run(main()) == 200


def test_any_certificate(authority: Authority) -> None:
    """Where the kubeconfig says so, none is looked at."""

    async def handle(request: web.BaseRequest) -> web.Response:
        return _peer(request)

    async def main() -> int:
        expired = authority.sign("server", "DNS:elsewhere.example.com", days=-1)
        async with serving(handle, expired.server()) as url, Client(Access(url, "it", verify=False)) as client:
            return (await client.send("GET", "/")).status

    assert asyncio.run(main()) == 200


@pytest.mark.parametrize("user", ["", "me:s%20ecret@"])
def test_a_proxy(api_server: ApiServer, user: str) -> None:
    """The server is asked through a tunnel; a proxy that wants a password gets the one of its URL."""
    asked: list[str] = []

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async for line in reader:
            asked.append(line.decode().strip())
            if not line.strip():
                break
        if user and "Proxy-Authorization: Basic bWU6cyBlY3JldA==" not in asked:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
        host, _, port = asked[0].split()[1].partition(":")
        up_reader, up_writer = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            while data := await source.read(1 << 16):
                sink.write(data)
            sink.close()

        await asyncio.gather(pump(reader, up_writer), pump(up_reader, writer))

    async def main() -> Answer:
        async with listening(relay) as address:
            access = replace(api_server.access, proxy=f"http://{user}{address}")
            async with Client(access) as client:
                return await client.send("GET", "/version")

    answer = asyncio.run(main())
    assert answer.data["gitVersion"] == api_server.version
    assert asked[0] == f"CONNECT {api_server.access.server.removeprefix('https://')} HTTP/1.1"
    # The proxy hears nothing of who we are to the server.
    assert api_server.access.token
    assert not any(api_server.access.token in line for line in asked)


def test_a_wrong_token(api_server: ApiServer) -> None:
    """The real server answers 401, which ends the work."""
    with pytest.raises(UnauthorizedError, match="does not accept the token"):
        _run(replace(api_server.access, token="wrong"), lambda client: client.send("GET", "/api"))  # noqa: S106


# --- decoding what anybody may have sent -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "texts"),
    [
        ('299 - "text"', ("text",)),
        (r'299 - "a \"quoted\" word and a \\"', ('a "quoted" word and a \\',)),
        ('299 kube-apiserver "text" "Fri, 21 Nov 2036 15:00:00 GMT"', ("text",)),
        ('299 - "one", 299 - "two, three"', ("one", "two, three")),
        ('199 - "other"', ()),
        ('299 - "cut', ()),
        ("299", ()),
        ("", ()),
    ],
)
def test_warning_headers(header: str, texts: tuple[str, ...]) -> None:
    """A header may hold several warnings; those of other codes and halves of one are left out."""
    assert warning_texts([header]) == texts


@given(st.lists(st.binary(max_size=200)))
def test_any_warning_header(headers: list[bytes]) -> None:
    """Whatever the bytes are, texts come of it that can be written out."""
    for text in warning_texts(header.decode("utf-8", "surrogateescape") for header in headers):
        text.encode()


@given(st.text())
def test_a_warning_comes_back_as_it_was_quoted(text: str) -> None:
    """What a server quotes is read as what it meant."""
    safe = text.encode("utf-8", "replace").decode()
    quoted = safe.replace("\\", "\\\\").replace('"', '\\"')
    assert warning_texts([f'299 - "{quoted}"']) in {(safe,), ()} if "\n" in safe else (safe,)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["kind", "details", "causes", "message", "reason", "name"]), inner)
    ),
)


@given(st.binary() | PLAIN.map(lambda data: json.dumps(data).encode()) | st.just(b"[" * 100_000))
def test_any_body(body: bytes) -> None:
    """Whatever came, each part of the answer is of its type."""
    answer = Answer(422, body)
    assert isinstance(answer.message, str)
    assert {type(part) for part in (answer.reason, answer.name, answer.kind)} == {str}
    assert all(isinstance(part, str) for cause in answer.causes for part in (cause.reason, cause.message, cause.field))


@given(st.dictionaries(st.sampled_from(["causes", "name", "kind"]), PLAIN))
def test_any_details(details: dict[str, Any]) -> None:
    """The same within a Status that is none of its kind."""
    answer = Answer(422, json.dumps({"kind": "Status", "details": details}).encode())
    assert isinstance(answer.causes, tuple)
    assert isinstance(answer.name, str)
