"""What an API server serves."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from gategit.cluster.access import Access
from gategit.cluster.client import Answer, Client
from gategit.cluster.discovery import Discovery, Resource, discover
from gategit.cluster.failures import ClusterError, NoApiServerError, RefusedError, UnauthorizedError
from tests.cluster.servers import serving
from tests.cluster.waiting import until

if TYPE_CHECKING:
    from tests.api_server import ApiServer

# Two versions of one kind, of which the older stands first.
WIDGETS = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.GROUP}
spec:
  group: GROUP
  scope: Namespaced
  names: {kind: Widget, plural: widgets, singular: widget}
  versions:
  - &version {name: v1alpha1, served: true, storage: false, schema: {openAPIV3Schema: {type: object}}}
  - {<<: *version, name: v1, storage: true}
  - {<<: *version, name: v2, served: false}
"""

# A group that a server behind this one should serve, which is not there.
GONE = """
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1.GROUP}
spec:
  group: GROUP
  version: v1
  groupPriorityMinimum: 100
  versionPriority: 100
  insecureSkipTLSVerify: true
  service: {name: gone, namespace: NAMESPACE}
"""


def _discover(access: Access) -> Discovery:
    async def main() -> Discovery:
        async with Client(access) as client:
            return await discover(client)

    return asyncio.run(main())


@pytest.fixture
def group(api_server: ApiServer, namespace: str) -> Iterator[str]:
    """A group that a CustomResourceDefinition defines, served when the test starts."""
    name = f"{namespace}.example.com"
    api_server.kubectl("apply", "--filename=-", stdin=WIDGETS.replace("GROUP", name))
    api_server.kubectl("wait", "--for=condition=Established", f"crd/widgets.{name}", "--timeout=60s")
    until(lambda: _discover(api_server.access).find(f"{name}/v1", "Widget") is not None)
    yield name
    api_server.kubectl("delete", "crd", f"widgets.{name}", "--wait=false")


def test_what_a_server_serves(api_server: ApiServer, group: str) -> None:
    """Kinds with their path, scope and verbs; versions in the order of preference; no subresources."""
    found = _discover(api_server.access)
    assert found.version == api_server.version
    deployment = found.find("apps/v1", "Deployment")
    verbs = frozenset({"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"})
    assert deployment == Resource("apps", "v1", "Deployment", "deployments", namespaced=True, verbs=verbs)
    assert found.find("v1", "Namespace") == Resource(
        "", "v1", "Namespace", "namespaces", namespaced=False, verbs=verbs - {"deletecollection"}
    )
    assert found.find("apps/v1beta1", "Deployment") is None
    assert found.find("v1", "Deployment") is None
    assert found.versions(group, "Widget") == ("v1", "v1alpha1")
    assert found.versions("nowhere.example.com", "Widget") == ()
    assert not any("/" in resource.plural for resource in found.resources)


def test_the_same_as_kubectl(api_server: ApiServer, group: str) -> None:
    """The kinds are those that kubectl lists, group by group."""
    listed = api_server.kubectl("api-resources", "--no-headers", "--output=name").split()
    found = _discover(api_server.access)
    ours = {f"{resource.plural}.{resource.group}".rstrip(".") for resource in found.resources}
    mine = f"widgets.{group}"
    # Other tests add and remove kinds of their own meanwhile.
    assert {name for name in ours if "example.com" not in name} == {name for name in listed if "example" not in name}
    assert mine in ours


def test_a_server_without_the_short_way(api_server: ApiServer, group: str) -> None:
    """A server before 1.26 is asked group by group, and what it serves reads the same."""

    async def old(request: web.BaseRequest) -> web.Response:
        """As the real server, to a client that does not know the newer content types."""
        async with Client(api_server.access) as client:
            answer = await client.send(request.method, request.path)
        return web.Response(status=answer.status, body=answer.body, content_type="application/json")

    async def main() -> Discovery:
        async with serving(old) as url, Client(replace(api_server.access, server=url)) as client:
            return await discover(client)

    def key(resource: Resource) -> tuple[str, str, str]:
        return resource.group, resource.version, resource.kind

    new, long = _discover(api_server.access), asyncio.run(main())
    kept = [[r for r in d.resources if r.group == group or "example" not in r.group] for d in (new, long)]
    assert sorted(kept[0], key=key) == sorted(kept[1], key=key)
    assert long.version == new.version
    assert long.versions(group, "Widget") == ("v1", "v1alpha1")


def test_a_server_behind_that_is_gone(api_server: ApiServer, namespace: str) -> None:
    """Its group is said to be stale; all others are there."""
    name = f"gone.{namespace}.example.com"
    service = GONE.replace("GROUP", name).replace("NAMESPACE", namespace)
    api_server.kubectl("apply", "--filename=-", stdin=service)
    try:
        until(lambda: f"{name}/v1" in _discover(api_server.access).stale)
        assert _discover(api_server.access).find("apps/v1", "Deployment") is not None
    finally:
        api_server.kubectl("delete", "apiservice", f"v1.{name}")


def test_who_may_not_ask(api_server: ApiServer) -> None:
    """A server that does not know us tells us nothing: that is an error, and no empty list of kinds."""
    with pytest.raises(UnauthorizedError):
        _discover(replace(api_server.access, token=None))


def test_who_is_refused() -> None:
    """The same where we are known and have no right to ask."""

    async def refuse(_: web.BaseRequest) -> web.Response:
        return web.json_response({"kind": "Status", "message": "forbidden"}, status=403)

    async def main() -> None:
        async with serving(refuse) as url, Client(Access(url, "it")) as client:
            await discover(client)

    with pytest.raises(RefusedError, match="with 403: forbidden") as caught:
        asyncio.run(main())
    assert caught.value.answer.status == 403


@pytest.mark.parametrize("body", ["<html>log in</html>", "{}", "[]", '{"kind": "APIGroupDiscoveryLis"}'])
def test_something_else_that_answers(body: str) -> None:
    """A login page, or another service, is no API server."""

    async def handle(_: web.BaseRequest) -> web.Response:
        return web.Response(text=body)

    async def main() -> None:
        async with serving(handle) as url, Client(Access(url, "it")) as client:
            await discover(client)

    with pytest.raises(NoApiServerError, match="is no Kubernetes API server"):
        asyncio.run(main())


KEYS = [*("items", "metadata", "name", "versions", "version", "resources", "resource"), "responseKind", "kind", "verbs"]

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
        )
    ),
)


@given(st.sampled_from(["APIGroupDiscoveryList", "APIVersions", "APIGroupList"]), PLAIN, PLAIN)
def test_any_answer(kind: str, items: object, versions: object) -> None:
    """Whatever a server answers, resources come of it or an error that says what is wrong."""

    async def handle(_: web.BaseRequest) -> web.Response:
        return web.json_response({"kind": kind, "items": items, "versions": versions, "groups": items})

    async def main() -> None:
        async with serving(handle) as url, Client(Access(url, "it")) as client:
            with suppress(ClusterError):
                assert isinstance(await discover(client), Discovery)

    asyncio.run(main())


POD = Resource("", "v1", "Pod", "pods", namespaced=True)


@pytest.mark.parametrize(
    ("resource", "namespace", "name", "path"),
    [
        (POD, "a", None, "/api/v1/namespaces/a/pods"),
        (POD, None, None, "/api/v1/pods"),
        (Resource("apps", "v1", "Deployment", "deployments", namespaced=True), "a", "b", None),
        (Resource("", "v1", "Node", "nodes", namespaced=False), "a", "b", "/api/v1/nodes/b"),
        (
            Resource("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", namespaced=False),
            None,
            "system:node",
            "/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode",
        ),
        (POD, "a?b#c", "é%", "/api/v1/namespaces/a%3Fb%23c/pods/%C3%A9%25"),
        (POD, "a/b", "c/../d", "/api/v1/namespaces/a%252Fb/pods/c%252F..%252Fd"),
        (POD, "a", "", "/api/v1/namespaces/a/pods/%25"),
        (POD, "a", "\ud800", "/api/v1/namespaces/a/pods/%3F"),
    ],
)
def test_paths(resource: Resource, namespace: str | None, name: str | None, path: str | None) -> None:
    """A name from a manifest cannot lead elsewhere."""
    assert resource.path(namespace, name) == (path or "/apis/apps/v1/namespaces/a/deployments/b")


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("..", 400),
        (".", 400),
        ("", 400),
        ("a/../b", 400),
        ("web/status", 400),
        ("web/proxy/admin", 400),
        ("web%2fstatus", 400),
        ("a?watch=true", 404),
        ("é", 404),
    ],
)
def test_no_name_leads_elsewhere(api_server: ApiServer, namespace: str, name: str, status: int) -> None:
    """What a manifest calls itself is a name to the server, and never a part of a path or a query."""
    api_server.kubectl("create", "service", "clusterip", "web", "--tcp=80", "--namespace", namespace)
    service = Resource("", "v1", "Service", "services", namespaced=True)

    async def main() -> Answer:
        async with Client(api_server.access) as client:
            return await client.send("GET", service.path(namespace, name))

    answer = asyncio.run(main())
    assert answer.status == status
    assert answer.message.startswith("Name parameter invalid: " if status == 400 else f'services "{name}" not found')
