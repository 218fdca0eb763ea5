"""What users write of the kinds that gategit carries, shown to a real API server that has their definitions."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from gategit.checks.schema.ecosystem import Choice
from gategit.cluster.access import Access
from gategit.cluster.client import Answer, Client
from gategit.cluster.together import together
from gategit.manifests.manifest import Manifest
from gategit.model import format_path
from tests.api_server import ApiServer, shared_server
from tests.checks.schema.ecosystem_samples import FOLDER, judge, misspell, mistype, name, read

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
# A server works a quarter of a second for each kind that it begins to serve: these stand for all forms of schemas.
PROJECTS = (
    "argo-cd",
    "argo-rollouts",
    "cert-manager",
    "crossplane",
    "external-secrets",
    "flux",
    "gateway-api",
    "istio",
    "keda",
    "kyverno",
    "prometheus-operator",
    "sealed-secrets",
    "tekton-pipelines",
    "traefik",
)
PATHS = [path for source in PROJECTS for path in sorted((FOLDER / source).glob("*.yaml"))]


@pytest.fixture(scope="module")
def ecosystem_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """A server of its own: other tests count on what theirs does not serve."""
    with shared_server(tmp_path_factory.mktemp("ecosystem") / "api-server") as server:
        asyncio.run(define(server.access, [one for path in PATHS for one in read(path).manifests]))
        yield server


async def define(access: Access, manifests: Iterable[Manifest]) -> None:
    """Define the kinds of some objects in their API versions, and wait until the server serves them."""
    versions: dict[tuple[str, str], dict[str, Choice]] = {}
    for manifest in manifests:
        versions.setdefault((manifest.group, manifest.kind), {})[manifest.version] = judge(manifest)

    async with Client(access) as client:

        async def one(choices: dict[str, Choice]) -> None:
            choice = next(iter(choices.values()))
            definition = choice.kind.definition(choice.release)
            wanted = [version for version in definition["spec"]["versions"] if version["name"] in choices]
            for version in wanted:
                version["storage"] = version is wanted[0]
            definition["spec"]["versions"] = wanted
            answer = await client.send("POST", DEFINITIONS, body=definition, retry=False)
            assert answer.ok, answer.message
            for version in wanted:
                objects = f"/apis/{choice.kind.group}/{version['name']}/{choice.kind.names['plural']}"
                while not (  # noqa: ASYNC110  what is waited for happens in another process
                    await client.send("GET", objects, query={"limit": "1"})
                ).ok:
                    await asyncio.sleep(0.2)

        await together(one(choices) for choices in versions.values())


async def answers(access: Access, method: str, manifests: Iterable[Manifest]) -> list[Answer]:
    """What the server says to each object, of which it keeps none."""
    async with Client(access) as client:

        async def one(manifest: Manifest) -> Answer:
            kind = judge(manifest).kind
            # A server fills in the namespace of the path, and refuses another one.
            metadata = {key: value for key, value in manifest.data["metadata"].items() if key != "namespace"}
            where = "" if kind.namespaced is False else "/namespaces/default"
            path = f"/apis/{manifest.api_version}{where}/{kind.names['plural']}"
            query = {"dryRun": "All", "fieldManager": "test", "fieldValidation": "Strict"}
            body = {**manifest.data, "metadata": metadata}
            if method == "POST":
                return await client.send("POST", path, query=query, body=body)
            named = f"{path}/{manifest.name}"
            return await client.send(
                "PATCH", named, query=query, body=body, content_type="application/apply-patch+yaml"
            )

        return await together(one(manifest) for manifest in manifests)


@pytest.mark.parametrize("path", PATHS, ids=name)
def test_a_server_applies_a_sample(path: Path, ecosystem_server: ApiServer) -> None:
    """Every object of it, with all CEL rules: what gategit takes is right."""
    said = asyncio.run(answers(ecosystem_server.access, "PATCH", read(path).manifests))
    assert [one.message for one in said if not one.ok] == []


@pytest.mark.parametrize("path", PATHS, ids=name)
def test_a_server_refuses_the_mistakes_that_are_found(path: Path, ecosystem_server: ApiServer) -> None:
    """Of the misspelt field and the wrong type that gategit finds in each object, the server speaks too."""
    for text, mistakes in (misspell(path), mistype(path)):
        # An object without a field to get wrong is as it was.
        wrong = {one.manifest.source.document: one for one in mistakes}
        spoilt = [one for one in read(path, text).manifests if one.source.document in wrong]
        said = asyncio.run(answers(ecosystem_server.access, "POST", spoilt))
        missed = [
            (format_path(one.path), answer.message)
            for one, answer in zip(wrong.values(), said, strict=True)
            if answer.ok or one.key not in answer.message
        ]
        assert missed == []
