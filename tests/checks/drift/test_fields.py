"""Which fields of a live object are otherwise than declared, on objects as the server writes them."""

from __future__ import annotations

import json
from base64 import b64encode
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gategit.change import ABSENT
from gategit.checks.drift.fields import drifted_fields
from gategit.checks.drift.values import FieldChange, FieldFound

NOTE = "kubectl.kubernetes.io/last-applied-configuration"
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "env", "ports", "data", "limits", "a"]), inner, max_size=3)
    ),
    max_leaves=15,
)
OBJECTS = st.dictionaries(
    st.sampled_from(["apiVersion", "kind", "metadata", "spec", "status", "data", "stringData"]), PLAIN, max_size=5
)


def deployment(*, container: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    pod = {"containers": [{"name": "c", "image": "i:1", **(container or {})}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"template": {"spec": pod}, **spec},
    }


def live(declared: dict[str, Any], *managers: tuple[str, str, dict[str, Any]], **annotations: str) -> dict[str, Any]:
    """The object as the server would have it: its own metadata, a default, and who owns what."""
    found = deepcopy(declared)
    found["metadata"] |= {
        "uid": "1",
        "resourceVersion": "2",
        "generation": 3,
        "creationTimestamp": "2026-01-01T00:00:00Z",
    }
    found["metadata"]["managedFields"] = [
        {"manager": name, "operation": operation, "fieldsType": "FieldsV1", "fieldsV1": fields}
        for name, operation, fields in managers
    ]
    if annotations:
        found["metadata"]["annotations"] = {**found["metadata"].get("annotations", {}), **annotations}
    found["status"] = {"replicas": 1}
    return found


def brief(found: list[FieldFound]) -> list[tuple[Any, ...]]:
    return [(item.change.value, item.path, item.git, item.live) for item in found]


CONTAINER = ("spec", "template", "spec", "containers", 0)


def test_defaults_are_no_drift() -> None:
    """What the server or a controller adds, nobody declared."""
    has = live(deployment(container={"imagePullPolicy": "Always"}, replicas=1, strategy={"type": "RollingUpdate"}))
    assert drifted_fields(deployment(), has, None) == []


def test_a_field_that_differs_and_one_that_is_gone() -> None:
    """Each with the manifest's place and both values."""
    wanted = deployment(container={"command": ["a"], "tty": True}, replicas=2)
    has = live(deployment(container={"command": ["b"]}, replicas=5))
    assert brief(drifted_fields(wanted, has, None)) == [
        ("changed", (*CONTAINER, "command", 0), "a", "b"),
        ("lacking", (*CONTAINER, "tty"), True, ABSENT),
        ("changed", ("spec", "replicas"), 2, 5),
    ]


def test_who_wrote_it() -> None:
    """The manager that owns the live value; the one that applies the manifest only where there is no other."""
    owned: dict[str, Any] = {"f:spec": {"f:replicas": {}}}
    has = live(deployment(replicas=5), ("argocd-controller", "Apply", owned), ("kubectl-scale", "Update", owned))
    (found,) = drifted_fields(deployment(replicas=2), has, None)
    assert found.managers == ("kubectl-scale",)
    has = live(deployment(replicas=5), ("argocd-controller", "Apply", owned))
    (found,) = drifted_fields(deployment(replicas=2), has, None)
    assert found.managers == ("argocd-controller",)


@pytest.mark.parametrize(
    ("wanted", "has"),
    [
        (
            {"resources": {"limits": {"cpu": "1000m", "memory": "1Gi"}}},
            {"resources": {"limits": {"cpu": "1", "memory": "1024Mi"}}},
        ),
        ({"env": None, "args": [], "resources": {}}, {}),
        ({"tty": False, "stdin": False, "workingDir": ""}, {}),
        ({"securityContext": {"privileged": False}}, {}),
        ({"ports": [{"containerPort": 80}]}, {"ports": [{"containerPort": 80, "protocol": "TCP"}]}),
        (
            {"ports": [{"containerPort": 53, "protocol": "UDP"}, {"containerPort": 53}]},
            {"ports": [{"containerPort": 53, "protocol": "TCP"}, {"containerPort": 53, "protocol": "UDP"}]},
        ),
        (
            {"env": [{"name": "A", "value": "1"}]},
            {"env": [{"name": "injected", "value": "x"}, {"name": "A", "value": "1"}]},
        ),
        ({"image": "web:${TAG}"}, {"image": "web:1.2"}),
        ({"image": "${REPO:=a}/web:${TAG}"}, {"image": "b/web:1.2"}),
    ],
)
def test_other_ways_to_say_the_same(wanted: dict[str, Any], has: dict[str, Any]) -> None:
    """Spellings, zero values that the server does not keep, order, what others put in, and Flux's variables."""
    assert drifted_fields(deployment(container=wanted), live(deployment(container=has)), None) == []


@pytest.mark.parametrize(
    ("wanted", "has", "path"),
    [
        (
            {"resources": {"limits": {"cpu": "1"}}},
            {"resources": {"limits": {"cpu": "2"}}},
            ("resources", "limits", "cpu"),
        ),
        ({"env": [{"name": "A", "value": "1"}]}, {"env": [{"name": "A", "value": "2"}]}, ("env", 0, "value")),
        ({"env": [{"name": "A", "value": "1"}]}, {"env": []}, ("env", 0)),
        ({"args": ["a", "b"]}, {"args": ["b", "a"]}, ("args", 0)),
        ({"args": ["a"]}, {"args": ["a", "b"]}, ("args",)),
        (
            {"securityContext": {"allowPrivilegeEscalation": False}},
            {"securityContext": {}},
            ("securityContext", "allowPrivilegeEscalation"),
        ),
        ({"image": "web:${TAG}"}, {"image": "evil:1.2"}, ("image",)),
        ({"image": "web:$TAG"}, {"image": "web:1"}, ("image",)),
        ({"env": [{"name": "A", "value": "x${B}x"}]}, {"env": [{"name": "A", "value": "x"}]}, ("env", 0, "value")),
        ({"resources": {"limits": {"cpu": "0"}}}, {"resources": {"limits": {}}}, ("resources", "limits", "cpu")),
    ],
)
def test_what_only_looks_the_same(wanted: dict[str, Any], has: dict[str, Any], path: tuple[str | int, ...]) -> None:
    """A value, an item, an order that was declared; zero where nothing is another thing."""
    found = drifted_fields(deployment(container=wanted), live(deployment(container=has)), None)
    assert found[0].path == (*CONTAINER, *path)


def definition(**schema: Any) -> dict[str, Any]:
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {"versions": [version]},
    }


def test_the_schema_of_a_definition() -> None:
    """An empty schema says that there is such a field, whatever its name; a smallest value of 0 is one."""
    plain = live(definition(properties={"spec": {}}))
    assert drifted_fields(definition(properties={"spec": {}}, required=[], description=""), plain, None) == []
    found = drifted_fields(definition(properties={"spec": {}, "labels": {}}, minimum=0), plain, None)
    assert [item.path[-1] for item in found] == ["labels", "minimum"]


def test_tolerations_that_every_pod_has() -> None:
    """The server appends them to a Pod's own; a Deployment's template has none that nobody declared."""
    own, others = {"key": "own", "operator": "Exists"}, {"key": "node.kubernetes.io/not-ready", "operator": "Exists"}
    pod: dict[str, Any] = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}
    has = live({**pod, "spec": {"tolerations": [own, others]}})
    assert drifted_fields({**pod, "spec": {"tolerations": [own]}}, has, None) == []
    assert drifted_fields({**pod, "spec": {"tolerations": [others]}}, has, None)
    wanted, changed = deployment(), deployment()
    wanted["spec"]["template"]["spec"]["tolerations"] = [own]
    changed["spec"]["template"]["spec"]["tolerations"] = [own, others]
    assert drifted_fields(wanted, live(changed), None)


def test_what_the_agent_still_owns() -> None:
    """A field that was applied and is no longer declared; not what admission wrote under the same name."""
    entry = {"f:metadata": {"f:labels": {"f:old": {}, "f:app": {}}}, "f:spec": {"f:paused": {}}}
    admitted: dict[str, Any] = {"f:spec": {"f:minReadySeconds": {}}}
    declared = deployment()
    declared["metadata"]["labels"] = {"app": "web"}
    has = live(
        deployment(paused=True, minReadySeconds=5),
        ("kustomize-controller", "Apply", entry),
        ("kustomize-controller", "Update", admitted),
    )
    has["metadata"]["labels"] = {"app": "web", "old": "x", "kustomize.toolkit.fluxcd.io/name": "apps"}
    assert brief(drifted_fields(declared, has, None)) == [
        ("undeclared", ("metadata", "labels", "old"), ABSENT, "x"),
        ("undeclared", ("spec", "paused"), ABSENT, True),
    ]


def test_what_a_person_added() -> None:
    """With kubectl, beside whoever applies; a restart is an order, not a setting, and a controller is no person."""
    item: dict[str, Any] = {
        "f:spec": {
            "f:template": {
                "f:spec": {
                    "f:containers": {
                        'k:{"name":"c"}': {"f:env": {'k:{"name":"B"}': {".": {}, "f:name": {}, "f:value": {}}}}
                    }
                }
            }
        }
    }
    restart: dict[str, Any] = {
        "f:spec": {"f:template": {"f:metadata": {"f:annotations": {"f:kubectl.kubernetes.io/restartedAt": {}}}}}
    }
    has = live(
        deployment(container={"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}, paused=True),
        ("kubectl-edit", "Update", item),
        ("kubectl-rollout", "Update", restart),
        ("some-operator", "Update", {"f:spec": {"f:paused": {}}}),
    )
    has["spec"]["template"]["metadata"] = {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}}
    (found,) = drifted_fields(deployment(container={"env": [{"name": "A", "value": "1"}]}), has, None)
    assert brief([found]) == [("undeclared", (*CONTAINER, "env", 1), ABSENT, {"name": "B", "value": "2"})]
    assert found.managers == ("kubectl-edit",)
    assert found.declared == (*CONTAINER, "env")


def test_what_client_side_apply_left() -> None:
    """Its own note says what was declared once; an empty map in it says nothing."""
    before = deployment(container={"tty": True, "env": [{"name": "A"}, {"name": "B"}]}, paused=True)
    before["metadata"]["annotations"] = {}
    has = live(
        deployment(container={"tty": True, "env": [{"name": "A"}, {"name": "B"}]}),
        ("kubectl-client-side-apply", "Update", {"f:spec": {}}),
        **{NOTE: json.dumps(before)},
    )
    assert brief(drifted_fields(deployment(container={"env": [{"name": "A"}]}), has, None)) == [
        ("undeclared", (*CONTAINER, "env", 1), ABSENT, {"name": "B"}),
        ("undeclared", (*CONTAINER, "tty"), ABSENT, True),
    ]


def secret(**parts: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, **parts}


def encoded(text: str) -> str:
    return b64encode(text.encode()).decode()


def test_texts_of_a_secret_are_stored_as_data() -> None:
    """So they are compared there, and found where the manifest has them."""
    has = live(secret(data={"a": encoded("x"), "b": encoded("y")}))
    assert drifted_fields(secret(stringData={"a": "x"}, data={"b": encoded("y") + "\n"}), has, None) == []
    (found,) = drifted_fields(secret(stringData={"a": "z"}), has, None)
    assert (found.path, found.declared) == (("data", "a"), ("stringData", "a"))


def test_a_selector_is_a_whole() -> None:
    """One label more selects other objects, whoever added it."""
    service: dict[str, Any] = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}}
    owned: dict[str, Any] = {"f:spec": {"f:selector": {}}}
    has = live({**service, "spec": {"selector": {"app": "a", "track": "b"}}}, ("kubectl-patch", "Update", owned))
    (found,) = drifted_fields({**service, "spec": {"selector": {"app": "a"}}}, has, None)
    assert brief([found]) == [("undeclared", ("spec", "selector", "track"), ABSENT, "b")]
    assert (found.declared, found.managers) == (("spec", "selector"), ("kubectl-patch",))
    wanted = deployment(selector={"matchLabels": {"app": "a"}})
    has = live(deployment(selector={"matchLabels": {"app": "a", "b": "c"}}))
    assert [item.path[-1] for item in drifted_fields(wanted, has, None)] == ["b"]


def test_fields_that_something_else_is_in_charge_of() -> None:
    """An autoscaler's replicas are not Git's."""
    ignored = frozenset({("spec", "replicas")})
    has = live(deployment(replicas=9), ("kubectl-scale", "Update", {"f:spec": {"f:replicas": {}}}))
    assert drifted_fields(deployment(replicas=2), has, None, ignored=ignored) == []


def test_custom_resources_keep_what_is_declared() -> None:
    """An empty list or a false is there, or it is not; a list is as it is ordered unless its keys are known."""
    wanted: dict[str, Any] = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}}
    wanted["spec"] = {"off": False, "interval": "1h", "env": [{"name": "A"}, {"name": "B"}]}
    has = live(wanted)
    has["spec"] = {"interval": "60m", "env": [{"name": "B"}, {"name": "A"}]}
    assert [(item.change, item.path) for item in drifted_fields(wanted, has, None)] == [
        (FieldChange.LACKING, ("spec", "off")),
        (FieldChange.CHANGED, ("spec", "env", 0, "name")),
        (FieldChange.CHANGED, ("spec", "env", 1, "name")),
    ]
    keyed: dict[str, Any] = {"f:spec": {"f:env": {'k:{"name":"A"}': {"f:name": {}}, 'k:{"name":"B"}': {"f:name": {}}}}}
    has["metadata"]["managedFields"] = [{"manager": "flux", "operation": "Apply", "fieldsV1": keyed}]
    assert [item.path for item in drifted_fields(wanted, has, None)] == [("spec", "off")]


@given(OBJECTS)
def test_what_was_applied_has_not_drifted(content: dict[str, Any]) -> None:
    """An object beside itself has no drift, whatever it holds, and looking changes neither."""
    before = deepcopy(content)
    if isinstance(content.get("stringData"), dict):
        return
    assert drifted_fields(content, deepcopy(content), None) == []
    assert content == before


@given(OBJECTS, OBJECTS)
def test_any_two_objects_can_be_compared(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Whatever stands in a manifest and in a live object."""
    for found in drifted_fields(one, other, "somebody"):
        assert found.git is not ABSENT or found.live is not ABSENT
