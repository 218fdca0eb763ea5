"""What the tests of asking are built from: manifests as the gate hands them over, and one question to a real server."""

from __future__ import annotations

import asyncio
import json
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
from tests.api_server import ApiServer

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


def definition(group: str, *, kind: str = "Widget", versions: Sequence[str] = ("v1",)) -> Data:
    """A definition of a kind whose lists are of all sorts, with one rule of its own."""
    number = {"type": "integer", "maximum": 10}
    part = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, "size": number}}
    spec = {
        "type": "object",
        "x-kubernetes-validations": [
            {"rule": "!has(self.min) || !has(self.max) || self.min <= self.max", "message": "min must not exceed max"}
        ],
        "properties": {
            "color": {"type": "string"},
            "min": number,
            "max": number,
            "tags": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
            "parts": {
                "type": "array",
                "items": part,
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["name"],
            },
            "free": {"type": "array", "items": {"type": "string"}},
        },
    }
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
    plural = f"{kind.lower()}s"
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
            "versions": [
                {"name": version, "served": True, "storage": not number, "schema": schema}
                for number, version in enumerate(versions)
            ],
        },
    }


def widget(group: str, namespace: str, name: str = "one") -> Data:
    """An object of the kind that ``definition`` defines."""
    return {
        "apiVersion": f"{group}/v1",
        "kind": "Widget",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "color": "red",
            "min": 1,
            "max": 2,
            "tags": ["x", "y"],
            "parts": [{"name": "a", "size": 1}, {"name": "b", "size": 2}],
            "free": ["p", "q"],
        },
    }


def custom(server: ApiServer, namespace: str) -> Data:
    """An object of a kind that is defined in the server by now, in a group that no other test knows."""
    group = f"{namespace}.example.com"
    server.kubectl("create", "-f", "-", stdin=json.dumps(definition(group)))
    server.kubectl("wait", "--for=condition=Established", f"crd/widgets.{group}", "--timeout=60s")
    return widget(group, namespace)


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
