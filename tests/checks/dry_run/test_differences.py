"""What differs between a live object and the object after a change, noise gone."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gategit.change import ABSENT, FieldDifference, ObjectChange
from gategit.checks.dry_run.differences import differences, differences_of
from gategit.checks.dry_run.values import Outcome
from gategit.manifests.manifest import Manifest, Source
from gategit.model import DryRunResult

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "env", "data", "limits", "metadata", "a", "interval"]), inner, max_size=3
        )
    ),
    max_leaves=15,
)
OBJECTS = st.dictionaries(
    st.sampled_from(["apiVersion", "kind", "metadata", "spec", "status", "data", "stringData"]), PLAIN, max_size=5
)


def deployment(**container: Any) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"replicas": 2, "template": {"spec": {"containers": [{"name": "c", "image": "i:1", **container}]}}},
    }


def metadata(**fields: Any) -> dict[str, Any]:
    found = deployment()
    found["metadata"].update(fields)
    return found


def definition(properties: dict[str, Any], subresources: dict[str, Any]) -> dict[str, Any]:
    version = {"schema": {"openAPIV3Schema": {"properties": properties}}, "subresources": subresources}
    content = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
    return {**content, "spec": {"versions": [version]}}


CONTAINER = ("spec", "template", "spec", "containers", 0)


def test_what_a_change_does() -> None:
    """A changed, an added and a removed field."""
    old = deployment(env=[{"name": "A", "value": "1"}, {"name": "B", "value": "2"}])
    new = deployment(image="i:2", env=[{"name": "A", "value": "1"}], stdin="x")
    assert differences(old, new) == (
        FieldDifference((*CONTAINER, "image"), "i:1", "i:2"),
        FieldDifference((*CONTAINER, "env", 1), {"name": "B", "value": "2"}, ABSENT),
        FieldDifference((*CONTAINER, "stdin"), ABSENT, "x"),
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (metadata(generation=1, resourceVersion="5", uid="x"), metadata(generation=2, resourceVersion="6")),
        (metadata(managedFields=[{"manager": "a"}]), metadata(managedFields=[])),
        (metadata(creationTimestamp="2026-01-01T00:00:00Z"), metadata(creationTimestamp=None)),
        (metadata(annotations={"kubectl.kubernetes.io/last-applied-configuration": "{}"}), metadata()),
        (metadata(annotations={"deployment.kubernetes.io/revision": "3"}), metadata()),
        (metadata(annotations={"deployment.kubernetes.io/revision": "3", "a": "b"}), metadata(annotations={"a": "b"})),
        (metadata(finalizers=["a", "b"]), metadata(finalizers=["b", "a"])),
        (metadata(labels={}), metadata(labels=None)),
        ({**deployment(), "status": {"replicas": 1}}, {**deployment(), "status": {}}),
        (deployment(env=None, resources={}), deployment()),
        (deployment(resources={"limits": None}), deployment()),
        (deployment(args=[]), deployment()),
        (deployment(resources={"limits": {"cpu": "1000m"}}), deployment(resources={"limits": {"cpu": 1}})),
        (
            {"kind": "Service", "apiVersion": "v1", "spec": {"ports": [{"port": 80}, {"port": 81}]}},
            {"kind": "Service", "apiVersion": "v1", "spec": {"ports": [{"port": 81}, {"port": 80}]}},
        ),
        (
            metadata(annotations={"deprecated.daemonset.template.generation": "1"}),
            metadata(annotations={"deprecated.daemonset.template.generation": "2"}),
        ),
    ],
)
def test_noise_is_gone(old: dict[str, Any], new: dict[str, Any]) -> None:
    """What the server or a controller writes, and other spellings of the same, in either direction."""
    assert differences(old, new) == ()
    assert differences(new, old) == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (deployment(args=["a", "b"]), deployment(args=["b", "a"])),
        (deployment(args=["1"]), deployment(args=[1])),
        (deployment(env=[{"name": "A", "value": "1"}]), deployment(env=[{"name": "A", "value": "1000m"}])),
        (
            metadata(annotations={"deployment.kubernetes.io/revision": "3"}),
            metadata(annotations={"deployment.kubernetes.io/revision": "4"}),
        ),
        (deployment(livenessProbe={}), deployment()),
        (metadata(finalizers=["a"]), metadata(finalizers=["a", "b"])),
        (
            deployment(env=[{"name": "A", "value": "1"}, {"name": "B", "value": "$(A)"}]),
            deployment(env=[{"name": "B", "value": "$(A)"}, {"name": "A", "value": "1"}]),
        ),
        (
            deployment(env=[{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]),
            deployment(env=[{"name": "B", "value": "2"}, {"name": "A", "value": "1"}]),
        ),
        (
            deployment(ports=[{"containerPort": 80}, {"containerPort": 81}]),
            deployment(ports=[{"containerPort": 81}, {"containerPort": 80}]),
        ),
        (
            {"kind": "Pod", "apiVersion": "v1", "spec": {"initContainers": [{"name": "a"}, {"name": "b"}]}},
            {"kind": "Pod", "apiVersion": "v1", "spec": {"initContainers": [{"name": "b"}, {"name": "a"}]}},
        ),
        (
            {
                "kind": "Ingress",
                "apiVersion": "networking.k8s.io/v1",
                "spec": {"rules": [{"host": "a"}, {"host": "b"}]},
            },
            {
                "kind": "Ingress",
                "apiVersion": "networking.k8s.io/v1",
                "spec": {"rules": [{"host": "b"}, {"host": "a"}]},
            },
        ),
        (
            {"kind": "Widget", "apiVersion": "example.com/v1", "spec": {"env": [{"name": "a"}, {"name": "b"}]}},
            {"kind": "Widget", "apiVersion": "example.com/v1", "spec": {"env": [{"name": "b"}, {"name": "a"}]}},
        ),
        (
            {"kind": "NetworkPolicy", "apiVersion": "networking.k8s.io/v1", "spec": {"egress": [{}]}},
            {"kind": "NetworkPolicy", "apiVersion": "networking.k8s.io/v1", "spec": {}},
        ),
        (
            {"kind": "Widget", "apiVersion": "example.com/v1", "spec": {"sizes": []}},
            {"kind": "Widget", "apiVersion": "example.com/v1", "spec": {}},
        ),
        (
            definition({"labels": {}}, {"status": {}}),
            definition({}, {"status": {}}),
        ),
        (definition({}, {"status": {}}), definition({}, {})),
        (
            {"kind": "ConfigMap", "apiVersion": "v1", "data": {"cpu": "1"}},
            {"kind": "ConfigMap", "apiVersion": "v1", "data": {"cpu": "1000m"}},
        ),
    ],
)
def test_what_looks_like_noise_and_is_none(old: dict[str, Any], new: dict[str, Any]) -> None:
    """An order that has a meaning, an empty value that says something, a text that only looks like an amount."""
    assert differences(old, new)
    assert differences(new, old)


def test_secrets_in_two_spellings() -> None:
    """Base64 with line breaks is the same value; another value is not."""
    old, same, other = (
        {"apiVersion": "v1", "kind": "Secret", "data": {"a": text}} for text in ("aGVsbG8=", "aGVs\nbG8=\n", "aGVsbG9v")
    )
    assert differences(old, same) == ()
    assert [found.path for found in differences(old, other)] == [("data", "a")]


def test_a_new_object_shows_what_it_declares() -> None:
    """Each field that its name does not say, without what generators write."""
    new = metadata(labels={"a": "b"}, creationTimestamp=None, annotations={})
    assert differences(None, new) == (
        FieldDifference(("metadata", "labels"), ABSENT, {"a": "b"}),
        FieldDifference(("spec",), ABSENT, new["spec"]),
    )


def test_a_removed_object_has_no_fields() -> None:
    """That it goes is all there is to say."""
    assert differences(deployment(), None) == ()
    assert differences(None, None) == ()


def outcome(result: DryRunResult, live: dict[str, Any] | None, after: dict[str, Any] | None) -> Outcome:
    declared = deployment()
    manifest = Manifest("apps/v1", "Deployment", "shop", "web", declared, Source("web.yaml", 0))
    return Outcome(ObjectChange(None, manifest), result, live=live, after=after)


def test_a_created_object_shows_no_defaults() -> None:
    """What the server adds by itself is not what the pull request asks for."""
    found = differences_of(outcome(DryRunResult.CREATED, None, deployment(imagePullPolicy="Always")))
    assert [item.path for item in found] == [("spec",)]
    assert "imagePullPolicy" not in str(found)


@pytest.mark.parametrize("result", [DryRunResult.CONFIGURED, DryRunResult.CONFLICT])
def test_an_object_that_changes_shows_both_sides(result: DryRunResult) -> None:
    """Live against what it would be."""
    found = differences_of(outcome(result, deployment(), deployment(image="i:2")))
    assert [item.path for item in found] == [(*CONTAINER, "image")]


@pytest.mark.parametrize("result", [DryRunResult.REJECTED, DryRunResult.REMOVED, DryRunResult.DEFERRED])
def test_no_difference_without_both_sides(result: DryRunResult) -> None:
    """What was refused, or is gone, has nothing to compare with."""
    assert differences_of(outcome(result, deployment(), None)) == ()


@given(OBJECTS)
def test_an_object_does_not_differ_from_itself(content: dict[str, Any]) -> None:
    """Nor is it altered by looking."""
    before = deepcopy(content)
    assert differences(content, deepcopy(content)) == ()
    assert content == before


@given(OBJECTS, OBJECTS)
def test_both_directions_agree(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Whether two objects differ does not depend on which comes first, where both are of one kind."""
    for side in (one, other):
        side.update(apiVersion="v1", kind="Pod")
    assert bool(differences(one, other)) == bool(differences(other, one))
