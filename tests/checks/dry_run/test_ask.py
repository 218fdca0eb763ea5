"""What comes of each object of a change: results, problems, and what is asked for them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from gategit.checks.dry_run.ask import ask
from gategit.checks.dry_run.differences import differences
from gategit.checks.dry_run.values import Expected
from gategit.cluster.answer import Answer
from gategit.cluster.client import Client
from gategit.cluster.discovery import discover
from gategit.model import DryRunResult, FieldPath
from tests.api_server import ApiServer
from tests.checks.dry_run.asked import (
    Data,
    ask_all,
    ask_one,
    change,
    changed,
    config_map,
    custom,
    deployment,
    said,
)

CREATED, CONFIGURED, UNCHANGED = DryRunResult.CREATED, DryRunResult.CONFIGURED, DryRunResult.UNCHANGED
REMOVED, REJECTED, UNKNOWN = DryRunResult.REMOVED, DryRunResult.REJECTED, DryRunResult.UNKNOWN


def _live(server: ApiServer, data: Data, manager: str = "argocd-controller") -> Data:
    server.kubectl("apply", "--server-side", f"--field-manager={manager}", "-f", "-", stdin=json.dumps(data))
    return data


def test_a_new_object_is_created(api_server: ApiServer, namespace: str) -> None:
    """Under our own name, since nobody applies it yet."""
    outcome = ask_one(api_server.access, None, config_map(namespace))
    assert (outcome.result, outcome.manager, outcome.problems, outcome.live) == (CREATED, "gategit", (), None)
    assert outcome.after is not None
    assert outcome.after["data"] == {"a": "1", "b": "2"}


def test_a_new_object_takes_the_name_that_the_config_says(api_server: ApiServer, namespace: str) -> None:
    """The config knows who will apply it."""
    outcome = ask_one(api_server.access, None, config_map(namespace), Expected(field_manager="argocd-controller"))
    assert (outcome.result, outcome.manager) == (CREATED, "argocd-controller")


def test_a_live_object_is_configured_or_unchanged(api_server: ApiServer, namespace: str) -> None:
    """A change of the file alone is none of the object."""
    old = _live(api_server, config_map(namespace))
    same, other = ask_all(
        api_server.access, [change(changed(old, "data/b", "0"), old), change(old, changed(old, "data/b", "3"))]
    )
    assert (same.result, same.manager) == (UNCHANGED, "argocd-controller")
    assert (other.result, other.manager) == (CONFIGURED, "argocd-controller")
    assert [(one.path, one.old, one.new) for one in differences(other.live, other.after)] == [(("data", "b"), "2", "3")]


def test_an_added_object_that_is_there_already_is_compared(api_server: ApiServer, namespace: str) -> None:
    """Git takes it over from whoever made it: what changes shows, and under the maker's name."""
    old = _live(api_server, config_map(namespace), "kustomize-controller")
    outcome = ask_one(api_server.access, None, changed(old, "data/b"))
    assert (outcome.result, outcome.manager) == (CONFIGURED, "kustomize-controller")
    assert [one.path for one in differences(outcome.live, outcome.after)] == [("data", "b")]


def test_the_config_says_whose_name_it_is(api_server: ApiServer, namespace: str) -> None:
    """It goes before what the live object says."""
    old = _live(api_server, config_map(namespace), "somebody")
    expected = Expected(field_manager="kustomize-controller")
    outcome = ask_one(api_server.access, old, changed(old, "data/b", "3"), expected)
    assert outcome.manager == "kustomize-controller"
    assert said(outcome) == [("field-conflict", ("data", "b"))]


def test_a_removed_object(api_server: ApiServer, namespace: str) -> None:
    """One that is there is removed; of one that is not, the result says so, and so does one whose kind is unknown."""
    old = _live(api_server, config_map(namespace))
    gone = config_map(namespace, "gone")
    nowhere = config_map(f"{namespace}-nowhere")
    unknown = {**config_map(namespace), "apiVersion": "nobody.example.com/v1", "kind": "Thing"}
    outcomes = ask_all(api_server.access, [change(data, None) for data in (old, gone, nowhere, unknown)])
    assert [(o.result, o.reason) for o in outcomes] == [
        (REMOVED, ""),
        (REMOVED, "it is not in the cluster already"),
        (REMOVED, "it is not in the cluster already"),
        (REMOVED, "the cluster has no Thing of nobody.example.com/v1, so nothing is left of it"),
    ]
    assert api_server.kubectl("get", "configmap", "settings", "-n", namespace, "-o", "name")


def test_a_removed_object_in_a_version_that_is_no_longer_served(api_server: ApiServer, namespace: str) -> None:
    """It is looked for in the version that is."""
    old = _live(api_server, deployment(namespace))
    assert ask_one(api_server.access, {**old, "apiVersion": "apps/v1beta1"}, None).reason == ""


def test_a_generated_name_is_asked_for_with_a_create(api_server: ApiServer, namespace: str) -> None:
    """The server makes the name; what was made of a removed one cannot be known."""
    data = config_map(namespace)
    data["metadata"] = {"generateName": "run-", "namespace": namespace}
    assert ask_one(api_server.access, None, data).result is CREATED
    removed = ask_one(api_server.access, data, None)
    assert (removed.result, removed.reason) == (UNCHANGED, "its manifest names no object, so there is none to remove")


BAD: Mapping[str, tuple[str, Any, list[tuple[str, FieldPath]]]] = {
    "unknown fields": ("spec/replicass", 3, [("dry-run-rejected", ("spec", "replicass"))]),
    "wrong type": ("spec/replicas", "three", [("dry-run-rejected", ("spec", "replicas"))]),
    "bad value": ("spec/replicas", -1, [("dry-run-rejected", ("spec", "replicas"))]),
    "immutable": (
        "spec/selector/matchLabels",
        {"app": "web", "tier": "front"},
        [
            ("dry-run-rejected", ("spec", "template", "metadata", "labels")),
            ("immutable-field", ("spec", "selector", "matchLabels", "tier")),
        ],
    ),
    "managed fields": (
        "metadata/managedFields",
        [{"manager": "me", "operation": "Apply"}],
        [("dry-run-rejected", ("metadata", "managedFields"))],
    ),
    "resource version": ("metadata/resourceVersion", "1", [("dry-run-rejected", ("metadata", "resourceVersion"))]),
    "uid": (
        "metadata/uid",
        "11111111-2222-3333-4444-555555555555",
        [("immutable-field", ("metadata", "uid"))],
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_the_server_rejects(api_server: ApiServer, namespace: str, case: str) -> None:
    """Each problem stands at its field."""
    old = _live(api_server, deployment(namespace))
    path, value, problems = BAD[case]
    outcome = ask_one(api_server.access, old, changed(old, path, value))
    assert (outcome.result, said(outcome)) == (REJECTED, problems)


def _pod(*, restart: str = "Always") -> Data:
    container = {"name": "web", "image": "nginx:1.27", "env": [{"name": "A", "value": "1"}]}
    return {"metadata": {"labels": {"app": "web"}}, "spec": {"restartPolicy": restart, "containers": [container]}}


def _fixed(namespace: str, api_version: str, kind: str, **parts: Any) -> Data:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "fixed", "namespace": namespace}, **parts}


def _stateful_set(namespace: str) -> Data:
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    spec = {
        "serviceName": "web",
        "selector": {"matchLabels": {"app": "web"}},
        "template": _pod(),
        "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": claim}],
    }
    return _fixed(namespace, "apps/v1", "StatefulSet", spec=spec)


def _blocks(namespace: str) -> list[tuple[Data, str, Any]]:
    rbac = "rbac.authorization.k8s.io"
    binding = _fixed(
        namespace, f"{rbac}/v1", "RoleBinding", roleRef={"apiGroup": rbac, "kind": "Role", "name": "reader"}
    )
    job = _fixed(namespace, "batch/v1", "Job", spec={"template": _pod(restart="Never")})
    frozen = _fixed(namespace, "v1", "ConfigMap", data={"a": "1", "b": "2"}, immutable=True)
    storage = "spec/volumeClaimTemplates/0/spec/resources/requests/storage"
    return [
        (_stateful_set(namespace), storage, "2Gi"),
        (_stateful_set(namespace), "spec/serviceName", "other"),
        (job, "spec/template/spec/containers/0/env/0/value", "2"),
        (frozen, "data/b", "3"),
        (binding, "roleRef/name", "writer"),
    ]


def test_a_fixed_field_in_a_block_is_found(api_server: ApiServer, namespace: str) -> None:
    """The server names the block; the problem stands at the field that is another one than in the live object."""
    blocks = _blocks(namespace)
    for data in {data["kind"]: data for data, *_ in blocks}.values():
        _live(api_server, data)
    outcomes = ask_all(api_server.access, [change(data, changed(data, path, value)) for data, path, value in blocks])
    places = [tuple(int(step) if step.isdigit() else step for step in path.split("/")) for _, path, _ in blocks]
    assert [said(o) for o in outcomes] == [[("immutable-field", place)] for place in places]


def test_several_fixed_fields_have_their_block_in_common(api_server: ApiServer, namespace: str) -> None:
    """Where they have less in common than the server says, it is the first of them."""
    old = _live(api_server, _stateful_set(namespace))
    claim = "spec/volumeClaimTemplates/0/spec"
    both = changed(changed(old, f"{claim}/resources/requests/storage", "2Gi"), f"{claim}/accessModes/0", "ReadOnlyMany")
    apart = changed(changed(both, "spec/serviceName", "other"), "spec/template/spec/containers/0/image", "nginx:1.28")
    outcomes = ask_all(api_server.access, [change(old, both), change(old, apart)])
    assert [said(o) for o in outcomes] == [
        [("immutable-field", ("spec", "volumeClaimTemplates", 0, "spec"))],
        [("immutable-field", ("spec", "serviceName"))],
    ]


@pytest.mark.parametrize("options", [[], ["--server-side"]], ids=["client-side", "server-side"])
def test_what_is_removed_from_string_data_stays(api_server: ApiServer, namespace: str, options: list[str]) -> None:
    """The server keeps it as data, which the tools do not take out: who removes a password believes it gone."""
    old = {**config_map(namespace), "kind": "Secret", "stringData": {"a": "1", "b": "2"}}
    del old["data"]
    api_server.kubectl("apply", *options, "-f", "-", stdin=json.dumps(old))
    new = changed(old, "stringData/b")
    outcome = ask_one(api_server.access, old, new)
    assert (outcome.result, outcome.reason) == (
        UNCHANGED,
        "what is removed from stringData stays in the live Secret: b",
    )
    api_server.kubectl("apply", *options, "-f", "-", stdin=json.dumps(new))
    assert '"b":"Mg=="' in api_server.kubectl("get", "secret", "settings", "-n", namespace, "-o", "jsonpath={.data}")


def test_every_problem_is_listed(api_server: ApiServer, namespace: str) -> None:
    """Server-side apply would stop at the first one, and a strict create looks at no value while a field is unknown."""
    old = _live(api_server, deployment(namespace))
    bad = changed(old, "spec/replicass", 3)
    bad = changed(bad, "spec/template/spec/containers/0/imagePullPolicyy", "Always")
    bad = changed(bad, "metadata/labelz", {"a": "b"})
    bad = changed(bad, "spec/replicas", -1)
    outcomes = ask_all(api_server.access, [change(old, bad), change(None, changed(bad, "metadata/name", "new"))])
    assert [o.result for o in outcomes] == [REJECTED] * 2
    places = {
        ("spec", "replicass"),
        ("spec", "template", "spec", "containers", 0, "imagePullPolicyy"),
        ("metadata", "labelz"),
        ("spec", "replicas"),
    }
    assert [{path for _, path in said(o)} for o in outcomes] == [places] * 2
    assert [len(o.problems) for o in outcomes] == [4] * 2


def test_a_name_that_is_none_is_rejected_by_the_server(api_server: ApiServer, namespace: str) -> None:
    """Whatever stands in a manifest, it never becomes another path."""
    names = ["Bad_Name", "..", ".", "a/b", "a%2Fb", "", "a?dryRun=", "a\nb", "web/status"]
    outcomes = ask_all(api_server.access, [change(None, config_map(namespace, name)) for name in names])
    assert [(o.result, {path for _, path in said(o)}) for o in outcomes] == [(REJECTED, {("metadata", "name")})] * 9


def test_a_namespace_that_is_none_is_rejected(api_server: ApiServer) -> None:
    """It is not sent at all."""
    outcomes = ask_all(api_server.access, [change(None, config_map(name)) for name in ("a/b", "..", "x y", "a/../b")])
    assert [(o.result, said(o)) for o in outcomes] == [
        (REJECTED, [("dry-run-rejected", ("metadata", "namespace"))])
    ] * 4


def test_a_version_that_is_not_served(api_server: ApiServer, namespace: str) -> None:
    """The message says which ones are; a kind that is nowhere needs its definition."""
    old = {**deployment(namespace), "apiVersion": "apps/v1beta1"}
    moved = {**deployment(namespace), "apiVersion": "extensions/v1beta1"}
    unknown = {**deployment(namespace), "apiVersion": "nobody.example.com/v1", "kind": "Thing"}
    outcomes = ask_all(api_server.access, [change(None, data) for data in (old, moved, unknown)])
    assert [(o.result, o.problems[0].path) for o in outcomes] == [(REJECTED, ("apiVersion",))] * 3
    assert [o.problems[0].message for o in outcomes] == [
        "the server serves Deployment in apps/v1, not in apps/v1beta1",
        "the server serves no Deployment of extensions/v1beta1; it has the kind in apps/v1",
        "the server serves no Thing of nobody.example.com/v1",
    ]


def test_an_object_without_a_namespace_lives_in_the_expected_one(api_server: ApiServer, namespace: str) -> None:
    """As the agent would place it; a cluster-wide kind lives nowhere, whatever its manifest says."""
    data = config_map(namespace)
    del data["metadata"]["namespace"]
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": namespace, "namespace": "nowhere"},
        "rules": [],
    }
    placed, wide = ask_all(api_server.access, [change(None, data), change(None, role)], Expected(namespace=namespace))
    assert placed.after is not None
    assert wide.after is not None
    assert placed.after["metadata"]["namespace"] == namespace
    assert "namespace" not in wide.after["metadata"]


def test_warnings_are_problems_of_an_accepted_object(api_server: ApiServer, namespace: str) -> None:
    """A deprecated version is taken, and said."""
    data = {"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "web", "namespace": namespace}}
    outcome = ask_one(api_server.access, None, data)
    assert (outcome.result, said(outcome)) == (CREATED, [("api-warning", ("apiVersion",))])


def test_a_rule_of_a_definition_rejects(api_server: ApiServer, namespace: str) -> None:
    """The server judges custom resources as it judges its own kinds."""
    old = custom(api_server, namespace)
    outcome = ask_one(api_server.access, None, changed(old, "spec/min", 5))
    assert (outcome.result, said(outcome)) == (REJECTED, [("dry-run-rejected", ("spec",))])
    assert "min must not exceed max" in outcome.problems[0].message


def test_what_generators_write_is_taken(api_server: ApiServer, namespace: str) -> None:
    """Nulls and an empty status are nothing; so the object stays as it is."""
    old = _live(api_server, deployment(namespace))
    new = changed(changed(old, "status", {}), "spec/template/spec/containers/1/resources", {})
    new["metadata"]["creationTimestamp"] = None
    assert ask_one(api_server.access, old, new).result is UNCHANGED


class Recorder(Client):
    """A client that notes what it sends."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.sent: list[tuple[str, str, Mapping[str, str]]] = []

    async def send(self, method: str, path: str, *, query: Mapping[str, str] = {}, **rest: Any) -> Answer:
        """Note the request, and send it."""
        self.sent.append((method, path, query))
        return await super().send(method, path, query=query, **rest)


def _requests(server: ApiServer, *pairs: tuple[Data | None, Data | None]) -> list[tuple[str, str]]:
    """The requests that a change is worth, apart from discovery."""

    async def record() -> list[tuple[str, str]]:
        async with Recorder(server.access) as client:
            discovery = await discover(client)
            client.sent.clear()
            await ask(client, discovery, [change(*pair) for pair in pairs], Expected(), lambda _: None)
            assert all(query.get("dryRun") == "All" for method, _, query in client.sent if method != "GET")
            return [(method, path.rpartition("/")[2]) for method, path, _ in client.sent]

    return asyncio.run(record())


def test_several_objects_of_one_kind_are_read_at_once(api_server: ApiServer, namespace: str) -> None:
    """One list and an apply for each; a few are read one by one, and new ones not at all."""
    maps = [_live(api_server, config_map(namespace, f"c{i}")) for i in range(5)]
    sent = _requests(api_server, *((data, data) for data in maps))
    assert sorted(sent) == [("GET", "configmaps"), *(("PATCH", f"c{i}") for i in range(5))]
    assert sorted(_requests(api_server, (maps[0], maps[0]))) == [("GET", "c0"), ("PATCH", "c0")]
    assert _requests(api_server, (None, config_map(namespace, "new"))) == [("PATCH", "new")]
    assert _requests(api_server, (maps[0], None)) == [("DELETE", "c0")]


def test_secrets_are_never_listed(api_server: ApiServer, namespace: str) -> None:
    """The gate reads what the change names, and nothing of the others."""
    secrets = [
        _live(api_server, {**config_map(namespace, f"s{i}"), "kind": "Secret", "data": {"a": "MQ=="}}) for i in range(5)
    ]
    sent = _requests(api_server, *((data, data) for data in secrets))
    assert sorted(sent) == sorted((method, f"s{i}") for i in range(5) for method in ("GET", "PATCH"))


def test_a_list_that_is_mostly_of_others_is_not_read_to_its_end(api_server: ApiServer, namespace: str) -> None:
    """What its first page lacks is read singly."""
    items = [config_map(namespace, f"other-{i:03}") for i in range(110)]
    maps = [config_map(namespace, name) for name in ("a1", "z1", "z2", "z3")]
    everything = {"apiVersion": "v1", "kind": "List", "items": [*items, *maps]}
    api_server.kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(everything))
    sent = _requests(api_server, *((data, changed(data, "data/b")) for data in maps))
    reads = [path for method, path in sent if method == "GET"]
    assert sorted(reads) == ["configmaps", "z1", "z2", "z3"]


def test_the_order_of_the_changes_is_kept(api_server: ApiServer, namespace: str) -> None:
    """Whichever was answered first, and whichever had to go first."""
    data: list[Data] = [config_map(namespace, f"c{i}") for i in range(20)]
    data.insert(7, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"{namespace}-more"}})
    changes = [change(None, one) for one in data]
    assert [o.change for o in ask_all(api_server.access, changes)] == changes


def test_a_server_that_is_gone_leaves_everything_unknown(api_server: ApiServer, namespace: str) -> None:
    """Nothing is raised, and the failure is said once."""

    async def leave() -> tuple[Any, Any]:
        async with Client(api_server.access) as client:
            discovery = await discover(client)
        changes = [change(None, config_map(namespace, f"c{i}")) for i in range(5)]
        changes.append(change(None, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "more"}}))
        async with Client(replace(api_server.access, server="https://127.0.0.1:1")) as client:
            return changes, await ask(client, discovery, changes, Expected(writable=True), lambda _: None)

    changes, outcomes = asyncio.run(leave())
    assert [o.change for o in outcomes] == changes
    assert {o.result for o in outcomes} == {UNKNOWN}
    assert [said(o) for o in outcomes].count([("dry-run-unanswered", ())]) == 1
    assert len({o.reason for o in outcomes}) == 1


def test_what_is_said_on_the_way(api_server: ApiServer, namespace: str) -> None:
    """Who is asked, and about how much."""
    heard: list[str] = []

    async def listen() -> None:
        async with Client(api_server.access) as client:
            discovery = await discover(client)
            await ask(client, discovery, [change(None, config_map(namespace))], Expected(), heard.append)

    asyncio.run(listen())
    assert heard == [f"asking {api_server.access.name} about 1 object"]
