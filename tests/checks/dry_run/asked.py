"""What the tests of asking are built from: manifests as the gate hands them over, and one question to a real server."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from gategit.change import ObjectChange
from gategit.checks.dry_run.ask import ask
from gategit.checks.dry_run.values import Expected, Outcome
from gategit.cluster.access import Access
from gategit.cluster.client import Client
from gategit.cluster.discovery import discover
from gategit.manifests.manifest import Manifest, Source

Data = dict[str, Any]


def manifest(data: Data) -> Manifest:
    """An object as the decoder would give it."""
    metadata = data["metadata"]
    name = metadata.get("name") or f"{metadata.get('generateName', '')}*"
    return Manifest(data["apiVersion"], data["kind"], metadata.get("namespace"), name, data, Source("all.yaml", 0))


def change(old: Data | None, new: Data | None) -> ObjectChange:
    """An object change."""
    return ObjectChange(manifest(old) if old is not None else None, manifest(new) if new is not None else None)


def ask_all(access: Access, changes: Sequence[ObjectChange], expected: Expected | None = None) -> list[Outcome]:
    """What comes of several changes."""
    return asyncio.run(_ask(access, changes, expected or Expected()))


def ask_one(access: Access, old: Data | None, new: Data | None, expected: Expected | None = None) -> Outcome:
    """What comes of one change."""
    [outcome] = ask_all(access, [change(old, new)], expected)
    return outcome


async def _ask(access: Access, changes: Sequence[ObjectChange], expected: Expected) -> list[Outcome]:
    async with Client(access) as client:
        return await ask(client, await discover(client), changes, expected, lambda _: None)


def changed(data: Data, path: str, value: Any = None) -> Data:
    """A copy of an object in which a field is another one, or is gone; list indices are numbers in the path."""
    copy = deepcopy(data)
    *way, last = (int(step) if step.isdigit() else step for step in path.split("/"))
    holder: Any = copy
    for step in way:
        holder = holder[step]
    if value is None:
        del holder[last]
    else:
        holder[last] = value
    return copy


def said(outcome: Outcome) -> list[tuple[str, tuple[str | int, ...]]]:
    """The rules and places of an outcome's problems."""
    return [(problem.rule, problem.path) for problem in outcome.problems]


def config_map(namespace: str, name: str = "settings", data: Mapping[str, str] | None = None) -> Data:
    """A small object."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace},
        "data": dict(data) if data is not None else {"a": "1", "b": "2"},
    }


def deployment(namespace: str, name: str = "web") -> Data:
    """An object with everything that can be taken out of one."""
    container = {
        "name": "web",
        "image": "nginx:1.27",
        "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
        "ports": [{"containerPort": 80}, {"containerPort": 81}],
        "livenessProbe": {"httpGet": {"path": "/", "port": 80}},
        "resources": {"limits": {"cpu": "1", "memory": "1Gi"}},
        "volumeMounts": [{"name": "cache", "mountPath": "/cache"}],
    }
    pod = {
        "containers": [container, {"name": "side", "image": "busybox:1.37"}],
        "volumes": [{"name": "cache", "emptyDir": {}}, {"name": "spare", "emptyDir": {}}],
        "nodeSelector": {"disk": "ssd", "zone": "a"},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {"app": name, "tier": "front"},
            "annotations": {"note": "a", "owner": "b"},
        },
        "spec": {
            "replicas": 2,
            "minReadySeconds": 5,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": pod},
        },
    }
