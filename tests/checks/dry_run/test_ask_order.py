"""Objects that need what the same change brings: Namespaces, definitions, accounts, classes."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from gategit.checks.dry_run.values import DeclaredKind, Expected
from gategit.model import DryRunResult
from tests.api_server import ApiServer
from tests.checks.dry_run.asked import (
    Data,
    ask_all,
    ask_one,
    change,
    changed,
    config_map,
    custom,
    definition,
    deployment,
    said,
    widget,
)

CREATED, DEFERRED, REJECTED = DryRunResult.CREATED, DryRunResult.DEFERRED, DryRunResult.REJECTED


def _namespace(name: str, **labels: str) -> Data:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def _pod(namespace: str, name: str = "web") -> Data:
    spec = {"containers": [{"name": "web", "image": "nginx:1.27"}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def _declared(group: str) -> dict[tuple[str, str], DeclaredKind]:
    kind = DeclaredKind(group, "Widget", "widgets", namespaced=True, versions=frozenset({"v1"}))
    return {(group, "Widget"): kind}


# In a cluster: nothing is written


def test_an_object_of_a_new_namespace_is_asked_for_in_another_one(api_server: ApiServer, namespace: str) -> None:
    """The result is the object as it would be, and says where it was asked for."""
    new = f"{namespace}-new"
    expected = Expected(namespaces=frozenset({new}), scratch_namespaces=(namespace,))
    data = [config_map(new), _namespace(new), deployment(new)]
    outcomes = ask_all(api_server.access, [change(None, one) for one in data], expected)
    assert [o.result for o in outcomes] == [CREATED] * 3
    assert [o.reason for o in outcomes] == [
        f"asked in the namespace {namespace}, since {new} is not there yet",
        "",
        f"asked in the namespace {namespace}, since {new} is not there yet",
    ]
    assert [o.after["metadata"].get("namespace") for o in outcomes if o.after is not None] == [new, None, new]
    assert new not in api_server.kubectl("get", "namespaces", "-o", "name")


def test_what_is_wrong_with_an_object_of_a_new_namespace_is_said(api_server: ApiServer, namespace: str) -> None:
    """Its faults are its own, wherever it is asked for, and all of them are listed."""
    new = f"{namespace}-new"
    expected = Expected(namespaces=frozenset({new}), scratch_namespaces=(namespace,))
    bad = changed(changed(deployment(new), "spec/replicass", 1), "spec/strategi", {})
    invalid = changed(deployment(new), "spec/replicas", -1)
    unknown, value = ask_all(api_server.access, [change(None, one) for one in (bad, invalid)], expected)
    assert (unknown.result, value.result) == (REJECTED, REJECTED)
    assert {path for _, path in said(unknown)} == {("spec", "replicass"), ("spec", "strategi")}
    assert said(value) == [("dry-run-rejected", ("spec", "replicas"))]


def test_a_namespace_in_which_such_an_object_lives_cannot_stand_in(api_server: ApiServer, namespace: str) -> None:
    """The next one is tried; where there is none, the object is deferred."""
    new = f"{namespace}-new"
    other = api_server.new_namespace()
    api_server.kubectl("apply", "-f", "-", stdin=json.dumps(config_map(namespace)))
    expected = Expected(namespaces=frozenset({new}), scratch_namespaces=(namespace, f"{namespace}-nowhere", other))
    found = ask_one(api_server.access, None, config_map(new), expected)
    assert (found.result, found.reason) == (CREATED, f"asked in the namespace {other}, since {new} is not there yet")
    none = ask_one(api_server.access, None, config_map(new), replace(expected, scratch_namespaces=(namespace,)))
    assert (none.result, none.problems) == (DEFERRED, ())
    assert none.reason == f"the namespace {new} comes with the repository, and no other one could stand in for it"


def test_what_the_other_namespace_does_not_admit_is_deferred(api_server: ApiServer, namespace: str) -> None:
    """Its quotas, its Pod security, its accounts are not the new one's."""
    new = f"{namespace}-new"
    strict = api_server.new_namespace(labels={"pod-security.kubernetes.io/enforce": "restricted"})
    expected = Expected(namespaces=frozenset({new}), scratch_namespaces=(strict,))
    other_account = changed(_pod(new), "spec/serviceAccountName", "special")
    elsewhere = replace(expected, scratch_namespaces=(namespace,))
    outcomes = [
        ask_one(api_server.access, None, _pod(new), expected),
        ask_one(api_server.access, None, other_account, elsewhere),
    ]
    assert [(o.result, o.problems) for o in outcomes] == [(DEFERRED, ())] * 2
    assert outcomes[0].reason.startswith(f"the namespace {new} is not there yet, and {strict} takes no such object: ")
    assert "PodSecurity" in outcomes[0].reason
    assert "special" in outcomes[1].reason


def test_a_namespace_that_nobody_brings_is_missing(api_server: ApiServer, namespace: str) -> None:
    """An agent would fail on it; where the manifest names none, the whole object is meant."""
    nowhere = f"{namespace}-nowhere"
    data = config_map(nowhere)
    unnamed = config_map(nowhere)
    del unnamed["metadata"]["namespace"]
    outcomes = ask_all(
        api_server.access, [change(None, data), change(None, unnamed), change(data, data)], Expected(namespace=nowhere)
    )
    assert [o.result for o in outcomes] == [REJECTED] * 3
    assert [said(o) for o in outcomes] == [
        [("dry-run-rejected", ("metadata", "namespace"))],
        [("dry-run-rejected", ())],
        [("dry-run-rejected", ("metadata", "namespace"))],
    ]
    assert outcomes[0].problems[0].message == f"the namespace {nowhere} does not exist"


def test_a_namespace_that_is_being_deleted_takes_nothing(api_server: ApiServer, namespace: str) -> None:
    """The server's own words say it, although the repository declares the namespace."""
    api_server.kubectl("delete", "namespace", namespace, "--wait=false")
    outcome = ask_one(api_server.access, None, config_map(namespace), Expected(namespaces=frozenset({namespace})))
    assert outcome.result is REJECTED
    assert "is being terminated" in outcome.problems[0].message


def test_an_object_of_a_new_kind_is_deferred(api_server: ApiServer, namespace: str) -> None:
    """The definition itself is asked for; a version that it does not have is rejected all the same."""
    group = f"{namespace}.example.com"
    expected = Expected(kinds=_declared(group), altered_kinds=frozenset({(group, "Widget")}))
    other = {**widget(group, namespace), "apiVersion": f"{group}/v2"}
    data = [widget(group, namespace), other, definition(group)]
    outcomes = ask_all(api_server.access, [change(None, one) for one in data], expected)
    assert [o.result for o in outcomes] == [DEFERRED, REJECTED, CREATED]
    assert outcomes[0].reason == (
        f"the repository defines the kind Widget of {group}/v1, and the cluster does not have it yet"
    )
    assert outcomes[1].problems[0].message == f"the server serves Widget in {group}/v1, not in {group}/v2"


def test_a_definition_that_is_wrong_is_rejected(api_server: ApiServer, namespace: str) -> None:
    """What needs it stays deferred: its own faults are not known."""
    group = f"{namespace}.example.com"
    bad = definition(group)
    del bad["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["min"]["type"]
    for expected in (Expected(kinds=_declared(group)), Expected(kinds=_declared(group), writable=True)):
        outcomes = ask_all(api_server.access, [change(None, widget(group, namespace)), change(None, bad)], expected)
        assert [o.result for o in outcomes] == [DEFERRED, REJECTED]


def test_an_object_whose_definition_changes_too(api_server: ApiServer, namespace: str) -> None:
    """The server judges by the old one: what it takes is said so, and what it refuses may be allowed by then."""
    old = custom(api_server, namespace)
    group = f"{namespace}.example.com"
    expected = Expected(kinds=_declared(group), altered_kinds=frozenset({(group, "Widget")}))
    new = [old, changed(old, "spec/shade", "dark"), changed(old, "spec/min", 5)]
    taken, unknown, rule = ask_all(api_server.access, [change(None, one) for one in new], expected)
    by_old = "the change also alters the definition of its kind, and the server has judged by the old one"
    assert (taken.result, taken.reason) == (CREATED, by_old)
    assert [(o.result, o.problems) for o in (unknown, rule)] == [(DEFERRED, ())] * 2
    assert unknown.reason.startswith(f"{by_old}: ")
    assert "shade" in unknown.reason


def test_an_account_or_a_class_that_comes_along_is_waited_for(api_server: ApiServer, namespace: str) -> None:
    """One that nobody brings is missing."""
    account = changed(_pod(namespace), "spec/serviceAccountName", "special")
    rank = changed(_pod(namespace, "ranked"), "spec/priorityClassName", f"{namespace}-high")
    cls: Data = {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": f"{namespace}-high"},
        "value": 1000,
    }
    expected = Expected(service_accounts=frozenset({(namespace, "special")}))
    waiting = ask_all(api_server.access, [change(None, one) for one in (account, rank, cls)], expected)
    assert [(o.result, o.problems) for o in waiting] == [(DEFERRED, ()), (DEFERRED, ()), (CREATED, ())]
    assert waiting[0].reason.startswith("the ServiceAccount special comes with the repository: ")
    assert waiting[1].reason.startswith(f"the PriorityClass {namespace}-high comes with the change: ")
    missing = ask_all(api_server.access, [change(None, one) for one in (account, rank)])
    assert [o.result for o in missing] == [REJECTED] * 2


# In a sandbox: what others need is really there


def test_a_sandbox_gets_the_namespaces_of_the_change(api_server: ApiServer, namespace: str) -> None:
    """So what lives in them is judged where it will live, Pods and their security included."""
    plain, strict = f"{namespace}-plain", f"{namespace}-strict"
    restricted = {"pod-security.kubernetes.io/enforce": "restricted"}
    data = [_pod(plain), _pod(strict), _namespace(plain), _namespace(strict, **restricted), config_map(plain)]
    expected = Expected(namespaces=frozenset({plain, strict}), writable=True)
    outcomes = ask_all(api_server.access, [change(None, one) for one in data], expected)
    assert [(o.result, o.reason) for o in outcomes] == [
        (CREATED, ""),
        (REJECTED, ""),
        (CREATED, ""),
        (CREATED, ""),
        (CREATED, ""),
    ]
    assert {rule for rule, _ in said(outcomes[1])} == {"admission-denied"}
    # Nothing else is written.
    assert api_server.kubectl("get", "pods,configmaps", "-n", plain, "-o", "name") == ""


def test_a_sandbox_gets_the_definitions_of_the_change(api_server: ApiServer, namespace: str) -> None:
    """So objects of the new kind are judged by it."""
    group = f"{namespace}.example.com"
    expected = Expected(kinds=_declared(group), altered_kinds=frozenset({(group, "Widget")}), writable=True)
    good = widget(group, namespace)
    data = [good, changed(widget(group, namespace, "two"), "spec/shade", "dark"), definition(group)]
    outcomes = ask_all(api_server.access, [change(None, one) for one in data], expected)
    assert [(o.result, o.reason) for o in outcomes] == [(CREATED, ""), (REJECTED, ""), (CREATED, "")]
    assert said(outcomes[1]) == [("dry-run-rejected", ("spec", "shade"))]


def test_a_sandbox_gets_the_new_version_of_a_definition(api_server: ApiServer, namespace: str) -> None:
    """Objects are judged by what the change makes of the definition: with its new versions, without its old fields."""
    old = custom(api_server, namespace)
    group = f"{namespace}.example.com"
    before, after = definition(group), definition(group, versions=("v1", "v2"))
    for version in after["spec"]["versions"]:
        version["schema"] = json.loads(json.dumps(version["schema"]))
        del version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["color"]
    expected = Expected(kinds=_declared(group), altered_kinds=frozenset({(group, "Widget")}), writable=True)
    second = {**changed(old, "spec/color"), "apiVersion": f"{group}/v2"}
    changes = [change(None, old), change(None, second), change(before, after)]
    outcomes = ask_all(api_server.access, changes, expected)
    assert [o.result for o in outcomes] == [REJECTED, CREATED, DryRunResult.CONFIGURED]
    assert said(outcomes[0]) == [("dry-run-rejected", ("spec", "color"))]


@pytest.mark.parametrize("writable", [False, True])
def test_a_namespace_that_goes(api_server: ApiServer, writable: bool) -> None:  # noqa: FBT001  a parameter
    """Its removal is asked for, and stays a question."""
    name = api_server.new_namespace()
    outcome = ask_one(api_server.access, _namespace(name), None, Expected(writable=writable))
    assert (outcome.result, outcome.reason) == (DryRunResult.REMOVED, "")
    assert api_server.kubectl("get", "namespace", name, "-o", "jsonpath={.status.phase}") == "Active"
