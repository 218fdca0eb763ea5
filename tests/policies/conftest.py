"""What the tests of the built-in policies share: a worker, a judge, and objects made from a few words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest

from gategit.checks.policy.load import PolicySet, builtin_sources
from gategit.checks.policy.run import Runner, start
from gategit.checks.policy.subjects import RequestFacts, Scene, Subject
from gategit.manifests.manifest import Manifest, Source
from gategit.model import Level, format_path

Judge = Callable[..., list[tuple[str, str]]]

POD_PLACES = {
    "Pod": ("v1", "spec"),
    "ReplicationController": ("v1", "spec.template.spec"),
    "Deployment": ("apps/v1", "spec.template.spec"),
    "StatefulSet": ("apps/v1", "spec.template.spec"),
    "DaemonSet": ("apps/v1", "spec.template.spec"),
    "ReplicaSet": ("apps/v1", "spec.template.spec"),
    "Job": ("batch/v1", "spec.template.spec"),
    "CronJob": ("batch/v1", "spec.jobTemplate.spec.template.spec"),
}


def manifest(data: dict[str, Any], file: str = "a.yaml") -> Manifest:
    """An object as gategit reads it from a file."""
    metadata = data.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    return Manifest(
        data["apiVersion"], data["kind"], metadata.get("namespace"), metadata.get("name", ""), data, Source(file, 0)
    )


def thing(kind: str, api_version: str = "v1", **fields: Any) -> dict[str, Any]:
    """An object named x."""
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}, **fields}


def workload(pod: Any, kind: str = "Pod") -> dict[str, Any]:
    """An object of a kind with this pod specification."""
    api_version, place = POD_PLACES[kind]
    data = pod
    for key in reversed(place.split(".")):
        data = {key: data}
    return thing(kind, api_version, **data)


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    """A worker with every built-in policy."""
    with start(builtin_sources()) as started:
        yield started


@pytest.fixture
def judge(runner: Runner) -> Judge:
    """Judge an object by one policy: the fields and messages of what it finds. Without ``old``, the change adds it."""

    def judged(
        policy: str,
        new: dict[str, Any] | None,
        old: dict[str, Any] | None = None,
        *,
        version: str = "",
        inventory: Sequence[dict[str, Any]] = (),
        request: RequestFacts | None = None,
        **parameters: Any,
    ) -> list[tuple[str, str]]:
        before = None if old is None else manifest(old)
        subject = Subject(before, None if new is None else manifest(new), added=True)
        given: Mapping[str, Mapping[str, Any]] = {policy: parameters} if parameters else {}
        scene = Scene("prod", version, request or RequestFacts(), tuple(manifest(one) for one in inventory))
        outcome = runner.run(PolicySet(runner.policies(), {policy: Level.ERROR}, given), [subject], scene)
        assert (outcome.crashes, outcome.refusals) == ((), ())
        return [(format_path(hit.path), hit.message) for hit in outcome.hits]

    return judged
