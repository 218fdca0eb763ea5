"""What gategit carries of the ecosystem, shown to a real API server: every definition is one that it would serve."""

from __future__ import annotations

import asyncio

from gategit.checks.schema.ecosystem import CarriedKind, carried, index
from gategit.cluster.access import Access
from gategit.cluster.client import Client
from gategit.cluster.together import together
from gategit.manifests.classify import NEVER_APPLIED
from tests.api_server import ApiServer

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


async def refusals(access: Access, kinds: list[CarriedKind]) -> list[str]:
    """What the server says against the definitions of the newest releases, none of which it keeps."""
    async with Client(access) as client:

        async def refusal(kind: CarriedKind) -> str:
            newest = kind.releases[0]
            query = {"dryRun": "All", "fieldValidation": "Strict"}
            answer = await client.send("POST", DEFINITIONS, query=query, body=kind.definition(newest), retry=False)
            return "" if answer.ok else f"{kind.of(newest)}: {answer.message}"

        return [one for one in await together(refusal(kind) for kind in kinds) if one]


def test_a_server_takes_every_carried_definition(api_server: ApiServer) -> None:
    """No field that an API server needs was lost on the way, and none was added that it does not know."""
    kinds = [carried(one.group, one.kind) for one in index().kinds if one.group not in NEVER_APPLIED]
    found = [one for one in kinds if one is not None]
    assert len(found) == len(kinds) > 300
    assert asyncio.run(refusals(api_server.access, found)) == []
