"""Whatever answers in the place of an API server: one outcome for each object, and consent only where there is some."""

from __future__ import annotations

import asyncio
import json
from itertools import count
from typing import Any

import pytest
from aiohttp import web

from gategit.checks.dry_run.ask import ask
from gategit.checks.dry_run.values import Expected, Outcome
from gategit.cluster.access import Access
from gategit.cluster.client import Client
from gategit.cluster.discovery import Discovery, Resource
from gategit.model import DryRunResult
from tests.checks.dry_run.asked import Data, change, changed, config_map
from tests.cluster.servers import serving

VERBS = frozenset({"create", "delete", "get", "list", "patch", "update"})
DISCOVERY = Discovery((Resource("", "v1", "ConfigMap", "configmaps", namespaced=True, verbs=VERBS),), "v1.36.3")
OLD = config_map("somewhere")
NEW = changed(OLD, "data/b", "3")
LIVE = {**OLD, "metadata": {**OLD["metadata"], "resourceVersion": "7"}}
AFTER = {**NEW, "metadata": {**NEW["metadata"], "resourceVersion": "7"}}


def _ask(answers: dict[str, tuple[int, Any]], old: Data | None, new: Data | None) -> Outcome:
    """What comes of a change where a server answers each method in one way."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        status, body = answers.get(request.method, (404, "404 page not found"))
        text = body if isinstance(body, str) else json.dumps(body)
        return web.Response(status=status, text=text, content_type="application/json")

    async def run() -> Outcome:
        async with serving(handle) as url, Client(Access(url, "the server")) as client:
            [outcome] = await ask(client, DISCOVERY, [change(old, new)], Expected(), lambda _: None)
            return outcome

    return asyncio.run(run())


NONSENSE: list[Any] = [
    "",
    "{",
    "null",
    "[]",
    "1",
    '"ok"',
    {},
    {"metadata": []},
    {"kind": "Status", "status": "Success"},
]


@pytest.mark.parametrize("body", NONSENSE, ids=repr)
@pytest.mark.parametrize("status", [200, 201])
def test_consent_without_an_object_is_none(status: int, body: Any) -> None:
    """A proxy or a login page answers 200 to everything."""
    for old in (None, OLD):
        outcome = _ask({"PATCH": (status, body), "GET": (200, LIVE)}, old, NEW)
        assert (outcome.result, [one.rule for one in outcome.problems]) == (
            DryRunResult.UNKNOWN,
            ["dry-run-unanswered"],
        )


@pytest.mark.parametrize("body", [*NONSENSE, {"metadata": {"managedFields": [{"fieldsV1": [1]}, 2]}}], ids=repr)
def test_a_live_object_that_makes_no_sense(body: Any) -> None:
    """What the server would make of the manifest is still known; what differs is not claimed."""
    outcome = _ask({"PATCH": (200, AFTER), "GET": (200, body)}, OLD, NEW)
    assert outcome.result in {DryRunResult.CONFIGURED, DryRunResult.UNKNOWN}


@pytest.mark.parametrize("status", [204, 302, 400, 404, 409, 418, 422, 501])
@pytest.mark.parametrize("body", [*NONSENSE, "<html>"], ids=repr)
def test_no_other_status_is_consent(status: int, body: Any) -> None:
    """Whatever stands in the body."""
    outcome = _ask({"PATCH": (status, body), "POST": (status, body), "GET": (200, LIVE)}, OLD, NEW)
    assert outcome.result in {DryRunResult.UNKNOWN, DryRunResult.REJECTED}
    assert outcome.problems


def test_an_object_that_never_keeps_still() -> None:
    """A live object that changes with every look is asked for a few times, and then taken as it is."""
    versions = count()

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        body = LIVE if request.method == "GET" else AFTER
        moved = {**body, "metadata": {**body["metadata"], "resourceVersion": str(next(versions))}}
        return web.json_response(moved)

    async def run() -> Outcome:
        async with serving(handle) as url, Client(Access(url, "the server")) as client:
            [outcome] = await ask(client, DISCOVERY, [change(OLD, NEW)], Expected(), lambda _: None)
            return outcome

    assert asyncio.run(run()).result is DryRunResult.CONFIGURED
    assert next(versions) < 20
