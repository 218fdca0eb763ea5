"""Putting a manifest over a live object: small cases, and whatever a server or a manifest may hold."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gategit.checks.dry_run.owned import combined, find, has_key, lost, size
from gategit.checks.dry_run.removals import rebuild
from tests.checks.dry_run.asked import Data

SERVICE: Data = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "dns", "managedFields": [{}], "uid": "1"},
    "spec": {
        "ports": [
            {"name": "tcp", "port": 53, "protocol": "TCP"},
            {"name": "udp", "port": 53, "protocol": "UDP", "nodePort": 30053},
        ]
    },
}
PORTS: Data = {'k:{"port":53,"protocol":"TCP"}': {"f:port": {}}, 'k:{"port":53,"protocol":"UDP"}': {"f:port": {}}}
SHAPE = {"f:spec": {"f:ports": PORTS}}


def _with_ports(*ports: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "dns"}, "spec": {"ports": list(ports)}}


def test_a_key_with_a_default_tells_items_apart() -> None:
    """A port without a protocol is the one of TCP: the one of UDP beside it is another item."""
    tcp, udp = {"name": "tcp", "port": 53}, {"name": "udp", "port": 53, "protocol": "UDP"}
    rebuilt = rebuild(SERVICE, _with_ports(tcp), _with_ports(tcp, udp), shape=SHAPE)
    assert rebuilt.removed
    assert rebuilt.content["spec"]["ports"] == [{"name": "tcp", "port": 53, "protocol": "TCP"}]
    rebuilt = rebuild(SERVICE, _with_ports(udp), _with_ports(tcp, udp), shape=SHAPE)
    assert rebuilt.content["spec"]["ports"] == [SERVICE["spec"]["ports"][1]]


def test_what_the_server_keeps_for_itself_stays_behind() -> None:
    """Who owns what is the server's to write; the rest of metadata is the live object's."""
    rebuilt = rebuild(SERVICE, _with_ports(), _with_ports(), shape=SHAPE)
    assert rebuilt.content["metadata"] == {"name": "dns", "uid": "1"}


def test_only_what_was_declared_before_is_taken_out() -> None:
    """What others have put beside it is none of the manifest's; what nobody owns was filled in, and goes along."""
    live = {"kind": "ConfigMap", "metadata": {"labels": {"a": "1", "b": "2"}}, "data": {"x": "1", "y": "2", "z": "3"}}
    before = {"kind": "ConfigMap", "metadata": {"labels": {"a": "1"}}, "data": {"x": "1", "y": "2"}}
    others: list[Data] = [{"f:metadata": {"f:labels": {"f:b": {}}}, "f:data": {"f:y": {}}}]
    rebuilt = rebuild(live, {"kind": "ConfigMap"}, before, shape={}, kept=[{"f:data": {"f:x": {}}}], others=others)
    assert rebuilt.content == {"kind": "ConfigMap", "metadata": {"labels": {"b": "2"}}, "data": {"x": "1"}}
    rebuilt = rebuild(live, {"kind": "ConfigMap", "metadata": {"labels": {}}, "data": {}}, before, shape={})
    assert rebuilt.content == {"kind": "ConfigMap", "metadata": {"labels": {"b": "2"}}, "data": {"z": "3"}}
    rebuilt = rebuild(live, {"kind": "ConfigMap"}, before, shape={}, others=others, three_way=True)
    assert rebuilt.content == {"kind": "ConfigMap", "metadata": {"labels": {"b": "2"}}}


def test_a_null_is_a_field_that_is_not_there() -> None:
    """Generators write them; the server drops them."""
    live = {"kind": "A", "spec": {"a": 1, "b": 2}}
    rebuilt = rebuild(live, {"kind": "A", "spec": {"a": None, "b": None}}, {"spec": {"a": 1}}, shape={})
    assert rebuilt.content == {"kind": "A", "spec": {"b": 2}, "metadata": {}}


def test_an_item_that_two_have_keeps_what_the_other_one_has() -> None:
    """Of an item the part goes that nobody else has applied; the item stays."""
    live = {"spec": {"env": [{"name": "A", "value": "1", "note": "x"}]}}
    step = 'k:{"name":"A"}'
    shape: Data = {"f:spec": {"f:env": {step: {"f:name": {}, "f:value": {}, "f:note": {}}}}}
    kept: list[Data] = [{"f:spec": {"f:env": {step: {"f:name": {}, "f:note": {}}}}}]
    rebuilt = rebuild(
        live, {"spec": {"env": []}}, {"spec": {"env": [{"name": "A", "value": "1"}]}}, shape=shape, kept=kept
    )
    assert rebuilt.content["spec"] == {"env": [{"name": "A", "note": "x"}]}


def test_a_set_keeps_what_another_one_has_applied() -> None:
    """Whether the manifest loses a value or all of them."""
    live, before = {"spec": {"tags": ["x", "y", "z"]}}, {"spec": {"tags": ["x", "y"]}}
    shape: Data = {"f:spec": {"f:tags": {'v:"x"': {}, 'v:"y"': {}, 'v:"z"': {}}}}
    kept: list[Data] = [{"f:spec": {"f:tags": {'v:"y"': {}, 'v:"z"': {}}}}]
    manifests: list[Data] = [{"spec": {"tags": ["z"]}}, {"spec": {"tags": []}}, {"spec": {}}, {}]
    for new in manifests:
        assert rebuild(live, new, before, shape=shape, kept=kept).content["spec"] == {"tags": ["y", "z"]}


_SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from(["a", "b", "TCP"]))
_NAMES = st.sampled_from(["a", "b", "name", "port", "protocol", "labels", "metadata", "spec", "strategy", "volumes"])
_DATA = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_NAMES, inner, max_size=4)),
    max_leaves=12,
)
_OBJECTS = st.dictionaries(_NAMES, _DATA, max_size=4)
_STEPS = st.one_of(
    _NAMES.map(lambda name: f"f:{name}"),
    st.sampled_from(['k:{"name":"a"}', 'k:{"port":1,"protocol":"TCP"}', "k:{", "k:1", 'v:"a"', "v:1", "v:{", "", "."]),
)
_FIELDS: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.just({}), lambda inner: st.dictionaries(_STEPS, inner, max_size=4), max_leaves=10
)


@given(objects=st.tuples(_OBJECTS, _OBJECTS, _OBJECTS), trees=st.tuples(_FIELDS, _FIELDS, _FIELDS), way=st.booleans())
def test_nothing_is_changed_on_the_way(objects: Any, trees: Any, way: bool) -> None:  # noqa: FBT001  a value
    """Live objects are shared and never copied, so whatever they hold, they stay as they are."""
    before_it = deepcopy((objects, trees))
    (live, new, before), (shape, kept, other) = objects, trees
    rebuild(live, new, before, shape=shape, kept=[kept], others=[other], three_way=way)
    assert (objects, trees) == before_it


@given(live=_OBJECTS, shape=_FIELDS, kept=st.lists(_FIELDS, max_size=2))
def test_an_unchanged_manifest_takes_nothing_out(live: Any, shape: Any, kept: Any) -> None:
    """What was declared before and still is stays."""
    assert not rebuild(live, live, live, shape=shape, kept=kept).removed


@given(trees=st.lists(_FIELDS, max_size=3))
def test_the_shape_has_what_any_of_the_trees_has(trees: list[dict[str, Any]]) -> None:
    """And nothing is lost on the way to it."""
    shape = combined(trees)
    assert all(list(lost(tree, shape)) == [] for tree in trees)
    assert size(shape) <= sum(map(size, trees))


@given(tree=_FIELDS, data=_OBJECTS)
def test_steps_lead_somewhere_or_nowhere(tree: dict[str, Any], data: Any) -> None:
    """A path that is found is one of the object's."""
    for steps in lost(tree, {}):
        path = find(data, steps)
        value = data
        for step in path or ():
            value = value[step]


@pytest.mark.parametrize(
    ("item", "key", "expected"),
    [
        ({"name": "a"}, {"name": "a"}, True),
        ({"name": "b"}, {"name": "a"}, False),
        ({}, {"name": "a"}, False),
        ("a", {"name": "a"}, False),
        ({"containerPort": 80}, {"containerPort": 80, "protocol": "TCP"}, True),
        ({"containerPort": 80}, {"containerPort": 80, "protocol": "UDP"}, False),
        ({"containerPort": 80, "protocol": "UDP"}, {"containerPort": 80, "protocol": "TCP"}, False),
    ],
)
def test_which_item_a_key_means(item: Any, key: dict[str, Any], expected: bool) -> None:  # noqa: FBT001  a parameter
    """A key that the item leaves out has its default there."""
    assert has_key(item, key) is expected
