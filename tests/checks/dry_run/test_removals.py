"""Fields that a manifest no longer has: what the dry run shows is what the real tools then do."""

from __future__ import annotations

import json
import os
import subprocess
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from gategit.checks.dry_run.differences import differences
from gategit.checks.dry_run.values import Expected
from gategit.model import DryRunResult, FieldPath
from tests.api_server import ApiServer
from tests.checks.dry_run.asked import Data, ask_all, ask_one, change, changed, config_map, custom, deployment, said
from tools.golang import built

POD = "spec/template/spec"
WEB = f"{POD}/containers/0"

# Where the field stands in the manifest, and where the difference does.
GONE: dict[str, FieldPath] = {
    "metadata/annotations/owner": ("metadata", "annotations", "owner"),
    "metadata/annotations": ("metadata", "annotations"),
    "metadata/labels/tier": ("metadata", "labels", "tier"),
    "spec/minReadySeconds": ("spec", "minReadySeconds"),
    f"{POD}/containers/1": ("spec", "template", "spec", "containers", 1),
    f"{POD}/volumes/1": ("spec", "template", "spec", "volumes", 1),
    f"{POD}/nodeSelector/zone": ("spec", "template", "spec", "nodeSelector", "zone"),
    f"{POD}/nodeSelector": ("spec", "template", "spec", "nodeSelector"),
    f"{WEB}/env/1": ("spec", "template", "spec", "containers", 0, "env", 1),
    f"{WEB}/env": ("spec", "template", "spec", "containers", 0, "env"),
    f"{WEB}/ports/1": ("spec", "template", "spec", "containers", 0, "ports", 1),
    f"{WEB}/livenessProbe": ("spec", "template", "spec", "containers", 0, "livenessProbe"),
    f"{WEB}/resources/limits/cpu": ("spec", "template", "spec", "containers", 0, "resources", "limits", "cpu"),
}

CLIENT_SIDE = ("apply",)
SERVER_SIDE = ("apply", "--server-side")
ARGO_CD = ("apply", "--server-side", "--field-manager=argocd-controller")
FLUX = ("apply", "--server-side", "--field-manager=kustomize-controller")
CREATE = ("create",)
MAKERS = {
    "kubectl-client-side-apply": CLIENT_SIDE,
    "kubectl": SERVER_SIDE,
    "argocd-controller": ARGO_CD,
    "kustomize-controller": FLUX,
    "kubectl-create": CREATE,
}


def _write(server: ApiServer, tool: tuple[str, ...], data: Data) -> Data:
    """Really write an object with a tool, and read what became of it."""
    server.kubectl(*tool, "-f", "-", stdin=json.dumps(data))
    return _read(server, data)


def _read(server: ApiServer, data: Data) -> Data:
    metadata = data["metadata"]
    group = data["apiVersion"].rpartition("/")[0]
    found = server.kubectl(
        "get", f"{data['kind']}.{group}".rstrip("."), metadata["name"], "-n", metadata["namespace"], "-o", "json"
    )
    content: Data = json.loads(found)
    return content


def _without(data: Data, *paths: str) -> Data:
    for path in paths:
        data = changed(data, path)
    return data


@pytest.mark.parametrize(("manager", "tool"), MAKERS.items(), ids=MAKERS)
def test_a_removed_field_shows_whoever_wrote_the_live_object(
    api_server: ApiServer, namespace: str, manager: str, tool: tuple[str, ...]
) -> None:
    """Each of them is one difference, at its own place, under the name of the manager of the live object."""
    old = deployment(namespace)
    _write(api_server, tool, old)
    outcomes = ask_all(api_server.access, [change(old, _without(old, path)) for path in GONE])
    assert [(o.result, o.manager) for o in outcomes] == [(DryRunResult.CONFIGURED, manager)] * len(GONE)
    shown = [{one.path for one in differences(o.live, o.after)} for o in outcomes]
    assert shown == [{path} for path in GONE.values()]


@pytest.mark.parametrize(("manager", "tool"), [item for item in MAKERS.items() if item[1] is not CREATE])
def test_the_result_is_what_the_tool_then_makes_of_it(
    api_server: ApiServer, namespace: str, manager: str, tool: tuple[str, ...]
) -> None:
    """All removals at once, and changes beside them: nothing differs between what was said and what happens."""
    old = deployment(namespace)
    _write(api_server, tool, old)
    new = _without(old, *(path for path in GONE if not path.endswith(("annotations", "nodeSelector", "env"))))
    new = changed(new, "spec/replicas", 5)
    new = changed(new, f"{WEB}/image", "nginx:1.28")
    outcome = ask_one(api_server.access, old, new)
    assert (outcome.result, outcome.manager) == (DryRunResult.CONFIGURED, manager)
    assert differences(outcome.after, _write(api_server, tool, new)) == ()


def _others(namespace: str) -> list[tuple[Data, str]]:
    """Objects of other kinds, each with a field to take out."""
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    paths = {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}
    subject = {"kind": "ServiceAccount", "namespace": namespace}
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    parts: list[tuple[str, str, Data, str]] = [
        (
            "networking.k8s.io/v1",
            "Ingress",
            {"spec": {"rules": [{"host": host, "http": paths} for host in ("a.example.com", "b.example.com")]}},
            "spec/rules/1",
        ),
        (
            "networking.k8s.io/v1",
            "NetworkPolicy",
            {"spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "egress": [{}]}},
            "spec/egress",
        ),
        (
            "rbac.authorization.k8s.io/v1",
            "Role",
            {"rules": [{"apiGroups": [""], "resources": [one], "verbs": ["get"]} for one in ("pods", "services")]},
            "rules/1",
        ),
        (
            "rbac.authorization.k8s.io/v1",
            "RoleBinding",
            {
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "web"},
                "subjects": [{**subject, "name": "a"}, {**subject, "name": "b"}],
            },
            "subjects/0",
        ),
        (
            "autoscaling/v2",
            "HorizontalPodAutoscaler",
            {"spec": {"minReplicas": 2, "maxReplicas": 9, "scaleTargetRef": target}},
            "spec/minReplicas",
        ),
        (
            "v1",
            "Service",
            {
                "spec": {
                    "selector": {"app": "web", "tier": "x"},
                    "ports": [{"name": "a", "port": 1}, {"name": "b", "port": 2}],
                }
            },
            "spec/ports/0",
        ),
        ("v1", "ServiceAccount", {"imagePullSecrets": [{"name": "a"}, {"name": "b"}]}, "imagePullSecrets/1"),
        ("policy/v1", "PodDisruptionBudget", {"spec": {"minAvailable": 1, "selector": {}}}, "spec/minAvailable"),
        ("v1", "LimitRange", {"spec": {"limits": [{"type": "Pod"}, {"type": "Container"}]}}, "spec/limits/1"),
    ]
    metadata = {"name": "web", "namespace": namespace, "labels": {"a": "1"}}
    return [({"apiVersion": v, "kind": kind, "metadata": metadata, **data}, path) for v, kind, data, path in parts]


@pytest.mark.parametrize("tool", [CLIENT_SIDE, ARGO_CD], ids=["client-side", "server-side"])
def test_other_kinds_become_what_the_tool_makes_of_them(
    api_server: ApiServer, namespace: str, tool: tuple[str, ...]
) -> None:
    """Their lists are merged, replaced or sets, as each kind has it."""
    pairs = [(old, _without(old, path)) for old, path in _others(namespace)]
    olds, news = ({"apiVersion": "v1", "kind": "List", "items": list(side)} for side in zip(*pairs, strict=True))
    api_server.kubectl(*tool, "-f", "-", stdin=json.dumps(olds))
    outcomes = ask_all(api_server.access, [change(*pair) for pair in pairs])
    assert [(o.result, o.problems) for o in outcomes] == [(DryRunResult.CONFIGURED, ())] * len(pairs)
    api_server.kubectl(*tool, "-f", "-", stdin=json.dumps(news))
    assert [differences(o.after, _read(api_server, new)) for o, (_, new) in zip(outcomes, pairs, strict=True)] == [
        ()
    ] * len(pairs)


UNIONS: dict[str, tuple[str, Any]] = {
    "volume": (f"{POD}/volumes/0", {"name": "cache", "configMap": {"name": "settings"}}),
    "strategy": ("spec/strategy", {"type": "Recreate"}),
    "probe": (f"{WEB}/livenessProbe", {"tcpSocket": {"port": 80}}),
}


@pytest.mark.parametrize("name", UNIONS)
def test_a_union_changes_its_member_as_a_client_side_apply_changes_it(
    api_server: ApiServer, namespace: str, name: str
) -> None:
    """A server-side apply would keep both members and be refused; the tool that applies is not, and does not."""
    old = deployment(namespace)
    _write(api_server, CLIENT_SIDE, old)
    path, value = UNIONS[name]
    new = changed(old, path, value)
    outcome = ask_one(api_server.access, old, new)
    assert (outcome.result, outcome.problems) == (DryRunResult.CONFIGURED, ())
    assert differences(outcome.after, _write(api_server, CLIENT_SIDE, new)) == ()


def test_a_sandbox_does_not_know_on_which_side_the_agent_applies(api_server: ApiServer, namespace: str) -> None:
    """What only a server-side apply is refused for is a warning there; in a cluster it depends on the live object."""
    old = deployment(namespace)
    _write(api_server, ("apply", "--server-side", "--field-manager=gategit"), old)
    new = changed(old, "spec/strategy", {"type": "Recreate"})
    outcome = ask_one(api_server.access, old, new, Expected(writable=True))
    assert (outcome.result, said(outcome)) == (
        DryRunResult.CONFIGURED,
        [("api-warning", ("spec", "strategy", "rollingUpdate"))],
    )
    assert {one.path for one in differences(outcome.live, outcome.after)} == {
        ("spec", "strategy", "type"),
        ("spec", "strategy", "rollingUpdate"),
    }
    fixed = changed(new, "spec/selector/matchLabels", {"app": "other"})
    for expected in (Expected(writable=True), Expected()):
        assert "immutable-field" in {rule for rule, _ in said(ask_one(api_server.access, old, fixed, expected))}
    assert ask_one(api_server.access, old, new).result is DryRunResult.REJECTED


def test_a_client_side_apply_takes_out_what_others_have_set_since(api_server: ApiServer, namespace: str) -> None:
    """A scaled Deployment falls to one replica when the manifest stops to say how many: so does the result."""
    old = deployment(namespace)
    _write(api_server, CLIENT_SIDE, old)
    api_server.kubectl("scale", "deployment/web", "-n", namespace, "--replicas=7")
    new = _without(old, "spec/replicas")
    outcome = ask_one(api_server.access, old, new)
    assert [(one.path, one.old, one.new) for one in differences(outcome.live, outcome.after)] == [
        (("spec", "replicas"), 7, 1)
    ]
    assert differences(outcome.after, _write(api_server, CLIENT_SIDE, new)) == ()


def test_a_client_side_apply_leaves_the_annotations_of_others(api_server: ApiServer, namespace: str) -> None:
    """The block never goes as a whole, for the tool's own note stands in it, also where it had no annotation at all."""
    old = _without(deployment(namespace), "metadata/annotations")
    _write(api_server, CLIENT_SIDE, old)
    api_server.kubectl("annotate", "deployment/web", "-n", namespace, "by=hand")
    new = changed(old, "spec/minReadySeconds", 9)
    outcome = ask_one(api_server.access, old, new)
    assert [one.path for one in differences(outcome.live, outcome.after)] == [("spec", "minReadySeconds")]
    assert differences(outcome.after, _write(api_server, CLIENT_SIDE, new)) == ()


def _helm(server: ApiServer, chart: Path, namespace: str, data: Data) -> Data:
    """Really write an object with Helm, and read what became of it."""
    (chart / "templates").mkdir(parents=True, exist_ok=True)
    (chart / "Chart.yaml").write_text('{"apiVersion": "v2", "name": "web", "version": "0.1.0"}')
    (chart / "templates" / "web.yaml").write_text(json.dumps(data))
    environment = {"KUBECONFIG": str(server.kubeconfig), "HOME": str(chart), "PATH": os.defpath}
    command = [str(built("helm")), "upgrade", "--install", "web", str(chart), "-n", namespace]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return _read(server, data)


def test_helm_takes_out_what_its_chart_no_longer_has(api_server: ApiServer, namespace: str, tmp_path: Path) -> None:
    """It compares with its own last manifest, whoever has set the field since; its own labels stay."""
    old = deployment(namespace)
    _helm(api_server, tmp_path / "chart", namespace, old)
    api_server.kubectl("scale", "deployment/web", "-n", namespace, "--replicas=7")
    api_server.kubectl("label", "deployment/web", "-n", namespace, "extra=1")
    new = _without(
        old, "spec/replicas", "metadata/labels", "metadata/annotations/note", f"{WEB}/env/1", f"{POD}/volumes/1"
    )
    new = changed(new, "spec/strategy", {"type": "Recreate"})
    outcome = ask_one(api_server.access, old, new)
    assert (outcome.result, outcome.manager, outcome.problems) == (DryRunResult.CONFIGURED, "helm", ())
    assert differences(outcome.after, _helm(api_server, tmp_path / "chart", namespace, new)) == ()


@pytest.mark.parametrize(("tool", "left"), [(CLIENT_SIDE, set()), (ARGO_CD, {"b", "q"}), (CREATE, {"b", "q"})])
def test_a_block_that_goes_with_what_others_have_put_there(
    api_server: ApiServer, namespace: str, tool: tuple[str, ...], left: set[str]
) -> None:
    """A client-side apply takes out the block; any other one takes out what the manifest had of it."""
    old = config_map(namespace)
    old["metadata"]["labels"] = {"a": "1"}
    _write(api_server, tool, old)
    api_server.kubectl("label", "configmap/settings", "-n", namespace, "b=2")
    patch = json.dumps({"data": {"q": "2"}})
    api_server.kubectl("patch", "configmap/settings", "-n", namespace, "--type=merge", "-p", patch)
    new = _without(old, "metadata/labels", "data")
    outcome = ask_one(api_server.access, old, new)
    assert outcome.after is not None
    assert {*outcome.after["metadata"].get("labels", {}), *outcome.after.get("data", {})} == left
    if tool is not CREATE:
        assert differences(outcome.after, _write(api_server, tool, new)) == ()


def test_ports_that_a_client_side_apply_takes_for_one(api_server: ApiServer, namespace: str) -> None:
    """Kubectl loses the port of UDP along with the one of TCP: the result cannot say so, a warning does."""
    tcp, udp = {"name": "tcp", "port": 53}, {"name": "udp", "port": 53, "protocol": "UDP"}
    web = {"name": "web", "port": 80}
    old: Data = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "dns", "namespace": namespace},
        "spec": {"ports": [web, udp, tcp]},
    }
    _write(api_server, CLIENT_SIDE, old)
    unchanged, gone = ask_all(api_server.access, [change(old, old), change(old, changed(old, "spec/ports/2"))])
    assert (unchanged.result, said(unchanged)) == (DryRunResult.UNCHANGED, [])
    assert (gone.result, said(gone)) == (DryRunResult.CONFIGURED, [("api-warning", ("spec", "ports"))])
    now = _write(api_server, CLIENT_SIDE, changed(old, "spec/ports/2"))
    assert [port["name"] for port in now["spec"]["ports"]] == ["web"]
    other = changed(changed(old, "metadata/name", "other"), "spec/ports/2")
    _write(api_server, SERVER_SIDE, changed(old, "metadata/name", "other"))
    server_side = ask_one(api_server.access, changed(old, "metadata/name", "other"), other)
    assert said(server_side) == []
    assert differences(server_side.after, _write(api_server, SERVER_SIDE, other)) == ()


@pytest.mark.parametrize("tool", [SERVER_SIDE, CREATE], ids=["apply", "create"])
def test_a_field_that_an_autoscaler_has_taken_stays(
    api_server: ApiServer, namespace: str, tool: tuple[str, ...]
) -> None:
    """What is owned through the subresource for scaling is no longer the manifest's to take out."""
    old = deployment(namespace)
    _write(api_server, tool, old)
    api_server.kubectl("scale", "deployment/web", "-n", namespace, "--replicas=7")
    outcome = ask_one(api_server.access, old, _without(old, "spec/replicas"))
    assert (outcome.result, outcome.problems) == (DryRunResult.UNCHANGED, ())


def test_what_another_one_has_applied_stays(api_server: ApiServer, namespace: str) -> None:
    """A field that two have is taken out when both stop to have it."""
    old = config_map(namespace)
    _write(api_server, CREATE, old)
    other = config_map(namespace, data={"b": "2"})
    _write(api_server, ("apply", "--server-side", "--field-manager=somebody"), other)
    outcome = ask_one(api_server.access, old, config_map(namespace, data={}))
    assert [one.path for one in differences(outcome.live, outcome.after)] == [("data", "a")]


def test_what_a_client_side_apply_left_behind_is_taken_over(api_server: ApiServer, namespace: str) -> None:
    """Agents that changed over to server-side apply take out what they wrote before they did."""
    old = config_map(namespace)
    argo = "--field-manager=argocd-controller"
    _write(api_server, ("apply", argo), old)
    _write(api_server, ARGO_CD, old)
    outcome = ask_one(api_server.access, old, config_map(namespace, data={"a": "1"}))
    assert outcome.manager == "argocd-controller"
    assert [one.path for one in differences(outcome.live, outcome.after)] == [("data", "b")]


def test_a_removed_key_of_a_config_map_and_of_a_secret(api_server: ApiServer, namespace: str) -> None:
    """Values without a structure of their own go like any other field."""
    old = config_map(namespace)
    secret: Data = {**config_map(namespace), "kind": "Secret", "data": {"a": "MQ==", "b": "Mg=="}}
    for data in (old, secret):
        _write(api_server, CLIENT_SIDE, data)
    outcomes = ask_all(api_server.access, [change(data, _without(data, "data/b")) for data in (old, secret)])
    assert [[one.path for one in differences(o.live, o.after)] for o in outcomes] == [[("data", "b")]] * 2


def test_a_removed_finalizer_and_owner(api_server: ApiServer, namespace: str) -> None:
    """Of metadata the lists count too: one is a set, the other one is known by its keys."""
    old = config_map(namespace)
    old["metadata"]["finalizers"] = ["example.com/one", "example.com/two"]
    old["metadata"]["ownerReferences"] = [
        {"apiVersion": "v1", "kind": "ConfigMap", "name": name, "uid": f"00000000-0000-0000-0000-00000000000{name}"}
        for name in "12"
    ]
    _write(api_server, CREATE, old)
    gone = ("metadata/finalizers/1", "metadata/ownerReferences/1")
    outcomes = ask_all(api_server.access, [change(old, _without(old, path)) for path in gone])
    assert [[one.path for one in differences(o.live, o.after)] for o in outcomes] == [
        [("metadata", "finalizers", 1)],
        [("metadata", "ownerReferences", 1)],
    ]


CUSTOM = {
    "spec/color": ("spec", "color"),
    "spec/tags/1": ("spec", "tags", 1),
    "spec/parts/1": ("spec", "parts", 1),
    "spec/parts/0/size": ("spec", "parts", 0, "size"),
    "spec/free/1": ("spec", "free", 1),
}


@pytest.mark.parametrize("tool", [CLIENT_SIDE, SERVER_SIDE, CREATE], ids=["client-side", "server-side", "create"])
def test_a_removed_field_of_a_custom_resource(api_server: ApiServer, namespace: str, tool: tuple[str, ...]) -> None:
    """Sets, lists with keys and lists without them lose what the manifest lost."""
    old = custom(api_server, namespace)
    _write(api_server, tool, old)
    outcomes = ask_all(api_server.access, [change(old, _without(old, path)) for path in CUSTOM])
    assert [[one.path for one in differences(o.live, o.after)] for o in outcomes] == [
        [path] for path in CUSTOM.values()
    ]


def test_a_client_side_apply_replaces_the_lists_of_a_custom_resource(api_server: ApiServer, namespace: str) -> None:
    """What somebody else has put into such a list goes with it, as it does with kubectl."""
    old = custom(api_server, namespace)
    _write(api_server, CLIENT_SIDE, old)
    more = {**old, "spec": {"parts": [{"name": "c", "size": 3}], "tags": ["z"]}}
    path = f"/apis/{old['apiVersion']}/namespaces/{namespace}/widgets/one?fieldManager=somebody&force=true"
    api_server.send("PATCH", path, more, content_type="application/apply-patch+yaml")
    new = changed(old, "spec/color", "blue")
    outcome = ask_one(api_server.access, old, new)
    assert {one.path for one in differences(outcome.live, outcome.after)} == {
        ("spec", "color"),
        ("spec", "parts", 2),
        ("spec", "tags", 2),
    }
    assert differences(outcome.after, _write(api_server, CLIENT_SIDE, new)) == ()


def test_admission_judges_the_object_without_what_is_taken_out(api_server: ApiServer, namespace: str) -> None:
    """A removal that makes an object invalid is rejected, also where an apply would have left the field in."""
    old = deployment(namespace)
    _write(api_server, CREATE, old)
    outcome = ask_one(api_server.access, old, _without(old, f"{POD}/volumes"))
    assert outcome.result is DryRunResult.REJECTED
    assert said(outcome) == [
        ("dry-run-rejected", ("spec", "template", "spec", "containers", 0, "volumeMounts", 0, "name"))
    ]


def test_an_object_that_was_asked_about_is_left_as_it_is(api_server: ApiServer, namespace: str) -> None:
    """Nothing of all this is written."""
    old = deployment(namespace)
    live = _write(api_server, CLIENT_SIDE, old)
    ask_all(api_server.access, [change(old, _without(old, path)) for path in GONE])
    ask_one(api_server.access, old, None)
    now = _read(api_server, old)
    now["metadata"].pop("managedFields", None)
    before = deepcopy(live)
    before["metadata"].pop("managedFields", None)
    assert now == before
