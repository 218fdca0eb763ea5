"""Fields that applying a manifest takes from other managers, and whose name is asked under."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gategit.checks.dry_run.managers import Owner, Way, owner
from gategit.checks.dry_run.values import Expected
from gategit.model import DryRunResult
from tests.api_server import ApiServer
from tests.checks.dry_run.asked import Data, ask_one, changed, config_map, deployment, said

IMAGE = "spec/template/spec/containers/1/image"
IMAGE_PATH = ("spec", "template", "spec", "containers", 1, "image")


def _apply(server: ApiServer, data: Data, *options: str) -> None:
    server.kubectl("apply", *options, "-f", "-", stdin=json.dumps(data))


def test_a_field_that_an_autoscaler_set_is_a_conflict(api_server: ApiServer, namespace: str) -> None:
    """The manifest would set it back: the result says so, the message names who has it."""
    old = deployment(namespace)
    _apply(api_server, old, "--server-side", "--field-manager=argocd-controller")
    api_server.kubectl("scale", "deployment/web", "-n", namespace, "--replicas=7")
    outcome = ask_one(api_server.access, old, changed(old, IMAGE, "busybox:1.38"))
    assert (outcome.result, outcome.manager) == (DryRunResult.CONFLICT, "argocd-controller")
    assert said(outcome) == [("field-conflict", ("spec", "replicas"))]
    assert outcome.problems[0].message == (
        "the manager kubectl (through the subresource scale) set this field last, "
        "and applying the manifest takes it over"
    )
    assert outcome.after is not None
    assert outcome.after["spec"]["replicas"] == 2


def test_a_field_in_a_keyed_list_has_the_manifests_own_index(api_server: ApiServer, namespace: str) -> None:
    """Whatever the order in which the server keeps the items."""
    old = deployment(namespace)
    _apply(api_server, old, "--server-side", "--field-manager=kustomize-controller")
    api_server.kubectl(
        "set", "image", "deployment/web", "side=busybox:1.36", "-n", namespace, "--field-manager=someone"
    )
    outcome = ask_one(api_server.access, old, old)
    assert (outcome.result, said(outcome)) == (DryRunResult.CONFLICT, [("field-conflict", IMAGE_PATH)])
    assert "the manager someone set this field last" in outcome.problems[0].message


def test_two_that_agree_have_no_conflict(api_server: ApiServer, namespace: str) -> None:
    """Where the value stays, both own it."""
    old = config_map(namespace)
    _apply(api_server, old, "--server-side", "--field-manager=argocd-controller")
    _apply(api_server, old, "--server-side", "--field-manager=someone")
    assert said(ask_one(api_server.access, old, changed(old, "data/a"))) == []
    both = ask_one(api_server.access, old, changed(old, "data/a", "9"))
    assert said(both) == [("field-conflict", ("data", "a"))]


def test_very_many_conflicts_are_counted(api_server: ApiServer, namespace: str) -> None:
    """The first ones stand at their fields, the rest is one problem."""
    old = config_map(namespace, data={f"k{i:02}": "1" for i in range(30)})
    _apply(api_server, old, "--server-side", "--field-manager=someone")
    new = config_map(namespace, data={f"k{i:02}": "2" for i in range(30)})
    outcome = ask_one(api_server.access, old, new, Expected(field_manager="argocd-controller"))
    assert said(outcome) == [
        *(("field-conflict", ("data", f"k{i:02}")) for i in range(20)),
        ("field-conflict", ()),
    ]
    assert outcome.problems[-1].message == (
        "applying the manifest takes over 10 more fields that other managers set last"
    )


@pytest.mark.parametrize("manager", ["argocd-controller", "kubectl-client-side-apply"])
def test_what_the_same_tool_updated_is_no_conflict(api_server: ApiServer, namespace: str, manager: str) -> None:
    """An agent that applies on its own side owns its fields as updates."""
    old = config_map(namespace)
    _apply(api_server, old, f"--field-manager={manager}")
    outcome = ask_one(api_server.access, old, changed(old, "data/a", "9"))
    assert (outcome.result, outcome.manager, outcome.problems) == (DryRunResult.CONFIGURED, manager, ())


def test_what_was_applied_by_hand_before_is_no_conflict(api_server: ApiServer, namespace: str) -> None:
    """Agents take over what a client-side apply has left; what a person has edited is another thing."""
    old = config_map(namespace)
    _apply(api_server, old)
    path = f"/api/v1/namespaces/{namespace}/configmaps/settings?fieldManager=argocd-controller"
    api_server.send("PATCH", path, old, content_type="application/apply-patch+yaml")
    assert said(ask_one(api_server.access, old, changed(old, "data/a", "9"))) == []
    patch = json.dumps({"data": {"a": "5"}})
    api_server.kubectl("patch", "configmap/settings", "-n", namespace, "--type=merge", "-p", patch)
    outcome = ask_one(api_server.access, old, changed(old, "data/a", "9"))
    assert said(outcome) == [("field-conflict", ("data", "a"))]
    assert "kubectl-patch" in outcome.problems[0].message


def test_a_rejection_goes_before_a_conflict(api_server: ApiServer, namespace: str) -> None:
    """An apply without force would say nothing of the manifest's own faults."""
    old = deployment(namespace)
    _apply(api_server, old, "--server-side", "--field-manager=argocd-controller")
    api_server.kubectl("scale", "deployment/web", "-n", namespace, "--replicas=7")
    outcome = ask_one(api_server.access, old, changed(old, "spec/minReadySeconds", -1))
    assert (outcome.result, said(outcome)) == (
        DryRunResult.REJECTED,
        [("dry-run-rejected", ("spec", "minReadySeconds"))],
    )


def test_the_value_of_a_secret_is_in_no_message(api_server: ApiServer, namespace: str) -> None:
    """Who owns a field is no secret; what stands in it is."""
    old = {**config_map(namespace), "kind": "Secret", "data": {"a": "aHVudGVyMg=="}}
    _apply(api_server, old, "--server-side", "--field-manager=someone")
    outcome = ask_one(api_server.access, old, old, None)
    assert outcome.manager == "someone"
    api_server.kubectl(
        "patch", "secret/settings", "-n", namespace, "--type=merge", "-p", json.dumps({"data": {"a": "eA=="}})
    )
    outcome = ask_one(api_server.access, old, old)
    assert said(outcome) == [("field-conflict", ("data", "a"))]
    assert "aHVudGVyMg" not in repr(outcome.problems)


def _entry(manager: str, operation: str, fields: int = 1, subresource: str = "") -> dict[str, Any]:
    tree: dict[str, dict[str, Any]] = {f"f:{number}": {} for number in range(fields)}
    return {"manager": manager, "operation": operation, "fieldsV1": {"f:data": tree}, "subresource": subresource}


def _object(*entries: dict[str, Any], note: str | None = None) -> Data:
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": note} if note is not None else {}
    return {"kind": "ConfigMap", "metadata": {"managedFields": list(entries), "annotations": annotations}}


NOTE = '{"kind": "ConfigMap", "data": {"a": "1"}}'

OWNERS: list[tuple[Data, Owner]] = [
    (_object(), Owner("gategit", Way.UPDATE)),
    (_object(_entry("kube-controller-manager", "Update", 9)), Owner("gategit", Way.UPDATE)),
    (_object(_entry("argocd-controller", "Apply")), Owner("argocd-controller", Way.APPLY)),
    # Of several that apply, a known tool goes before an unknown one, and then whoever owns the most.
    (_object(_entry("keda", "Apply", 9), _entry("helm", "Apply", 2)), Owner("helm", Way.APPLY)),
    (_object(_entry("helm", "Apply", 2), _entry("kubectl", "Apply", 3)), Owner("kubectl", Way.APPLY)),
    (_object(_entry("b", "Apply", 3), _entry("a", "Apply", 3)), Owner("a", Way.APPLY)),
    # An operator that applies one annotation is not who applies the manifest.
    (_object(_entry("keda", "Apply", 1), _entry("helm", "Update", 9)), Owner("helm", Way.THREE_WAY)),
    (_object(_entry("someone", "Apply", 9), _entry("kubectl-create", "Update", 1)), Owner("someone", Way.APPLY)),
    (_object(_entry("kubectl-edit", "Update", 9), _entry("helm", "Update", 2)), Owner("helm", Way.THREE_WAY)),
    # What somebody has written through a subresource makes nobody the owner.
    (_object(_entry("kubectl", "Update", 9, "scale"), _entry("helm", "Apply", 2)), Owner("helm", Way.APPLY)),
    (
        _object(_entry("pulumi-kubernetes-1a2b", "Apply", 2), _entry("keda", "Apply", 9)),
        Owner("pulumi-kubernetes-1a2b", Way.APPLY),
    ),
    (
        _object(_entry("kubectl-client-side-apply", "Update", 2), note=NOTE),
        Owner("kubectl-client-side-apply", Way.THREE_WAY, json.loads(NOTE)),
    ),
    # A note of an earlier tool says nothing of Helm, which compares with what it keeps itself.
    (_object(_entry("helm", "Update", 2), note=NOTE), Owner("helm", Way.THREE_WAY)),
    (_object(_entry("argocd-controller", "Update"), note="{"), Owner("argocd-controller", Way.UPDATE)),
    (_object(_entry("argocd-controller", "Update"), note='{"kind": "Secret"}'), Owner("argocd-controller", Way.UPDATE)),
    (_object(_entry("argocd-controller", "Update"), note="[" * 100_000), Owner("argocd-controller", Way.UPDATE)),
]


@pytest.mark.parametrize(("live", "expected"), OWNERS)
def test_whose_name_it_is(live: Data, expected: Owner) -> None:
    """The manager that applies the live object, as far as it can be told."""
    assert owner(live, None) == expected


def test_a_configured_name_goes_first() -> None:
    """How it takes out fields depends on what it has done to the live object."""
    live = _object(_entry("argocd-controller", "Apply"), note=NOTE)
    assert owner(live, "argocd-controller") == Owner("argocd-controller", Way.APPLY)
    assert owner(live, "kustomize-controller") == Owner("kustomize-controller", Way.THREE_WAY, json.loads(NOTE))


@pytest.mark.parametrize(
    "managed",
    [None, "x", [None], [{}], [{"fieldsV1": 1}], [{"fieldsV1": {"f:a": None}, "manager": 1, "operation": []}]],
)
def test_managed_fields_that_make_no_sense_are_nobodys(managed: Any) -> None:
    """Nothing is taken from them, and nothing is raised."""
    assert owner({"metadata": {"managedFields": managed}}, None).name == "gategit"
