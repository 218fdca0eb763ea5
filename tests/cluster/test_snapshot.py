"""Reading a snapshot: what it says is what holds, and whatever is wrong with the file is an error that says so."""

from __future__ import annotations

import gzip
import json
import zlib
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gategit.cluster import snapshot as module
from gategit.cluster.discovery import Resource
from gategit.cluster.snapshot import Missing, Snapshot, compress, encode, load_snapshot
from gategit.errors import ConfigError

SMALL: dict[str, Any] = {
    "format": "gategit snapshot",
    "version": 1,
    "kubernetes": "v1.36.3",
    "stale": ["down.example.com/v1"],
    "namespaces": ["shop"],
    "live_objects": False,
    "missing": [{"what": "resourcequotas", "reason": "this account may not read them"}],
    "resources": [
        {"group": "", "version": "v1", "kind": "Pod", "plural": "pods", "namespaced": True, "verbs": ["get", "list"]},
        {
            "group": "a.example.com",
            "version": "v2",
            "kind": "Gear",
            "plural": "gears",
            "namespaced": False,
            "verbs": [],
        },
    ],
    "kinds": {"v1": {"Pod": "io.k8s.api.core.v1.Pod"}, "a.example.com/v2": {"Gear": "com.example.Gear"}},
    "schemas": {"io.k8s.api.core.v1.Pod": {"type": "object"}, "com.example.Meta": {"type": "object"}},
    "variants": {"a.example.com/v2": {"com.example.Gear": {"type": "object"}, "com.example.Meta": {}}},
    "objects": [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"team": "ö"}}}],
}


def load(changes: dict[str, Any] | None = None) -> Snapshot:
    """The small snapshot, with some of its keys otherwise."""
    return load_snapshot(encode({**SMALL, **(changes or {})}), "gate/prod.json")


def error_of(content: bytes) -> ConfigError:
    """The error that some bytes end in."""
    with pytest.raises(ConfigError) as caught:
        load_snapshot(content, "gate/prod.json")
    return caught.value


def test_everything_that_is_written_is_read_again() -> None:
    """The values come back as they were put in."""
    read = load()
    assert (read.name, read.version, read.live_objects) == ("gate/prod.json", "v1.36.3", False)
    assert read.namespaces == frozenset({"shop"})
    assert read.missing == (Missing("resourcequotas", "this account may not read them"),)
    assert (read.discovery.version, read.discovery.stale) == ("v1.36.3", ("down.example.com/v1",))
    assert read.discovery.find("v1", "Pod") == Resource(
        "", "v1", "Pod", "pods", namespaced=True, verbs=frozenset({"get", "list"})
    )
    assert read.objects == tuple(SMALL["objects"])
    assert [one["metadata"]["name"] for one in read.of("", "Namespace")] == ["shop"]
    assert list(read.of("apps", "Namespace")) == []


def test_plain_and_compressed_files_say_the_same() -> None:
    """The form on disk makes no difference, and the digest names the content."""
    content = encode(SMALL)
    plain, packed = load_snapshot(content, "a"), load_snapshot(compress(content), "a")
    assert plain == packed
    assert plain.digest != load({"live_objects": True}).digest


def test_the_same_content_is_compressed_to_the_same_bytes() -> None:
    """No date and no name gets into the file."""
    assert compress(b"content") == compress(b"content")
    assert compress(b"content")[3:8] == bytes(5)
    assert gzip.decompress(compress(b"content")) == b"content"


def test_each_schema_and_object_has_a_line_of_its_own() -> None:
    """A diff of two plain files shows what changed."""
    lines = encode(SMALL).decode().splitlines()
    assert '{"apiVersion":"v1","kind":"Namespace","metadata":{"labels":{"team":"ö"},"name":"shop"}}' in lines
    assert '"com.example.Meta":{"type":"object"},' in lines
    assert json.loads("\n".join(lines)) == SMALL


def test_a_group_version_sees_its_own_form_of_a_component() -> None:
    """What one API server has otherwise holds for its kinds alone."""
    read = load()
    assert read.component("a.example.com/v2", "Gear") == "com.example.Gear"
    assert read.component("a.example.com/v1", "Gear") is None
    assert read.components("a.example.com/v2")["com.example.Meta"] == {}
    assert read.components("v1")["com.example.Meta"] == {"type": "object"}


def test_notes_say_what_is_not_judged_offline() -> None:
    """A reader is told of policies, webhooks, PodSecurity, ranges, quotas, and of what the export could not read."""
    admission = "admissionregistration.k8s.io/v1"
    objects = [
        {"apiVersion": admission, "kind": "ValidatingAdmissionPolicy", "metadata": {"name": "no-latest"}},
        {
            "apiVersion": admission,
            "kind": "MutatingWebhookConfiguration",
            "metadata": {"name": "mesh"},
            "webhooks": [{"name": "inject.example.com"}],
        },
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": "shop", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
        },
        {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "usual", "namespace": "shop"}},
        {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "small", "namespace": "shop"}},
    ]
    assert load({"objects": objects}).notes == (
        "the answers come from the export gate/prod.json of a cluster v1.36.3, not from the cluster",
        "admission policies are not evaluated offline: no-latest",
        "admission webhooks are not asked offline: inject.example.com",
        "PodSecurity is not judged offline, and is in force in shop",
        "limit ranges are not judged offline, and are in force in shop",
        "of quotas, offline only the counts of objects are judged, as they were at the export",
        "the export could not read resourcequotas: this account may not read them",
    )


def test_notes_name_the_first_of_many() -> None:
    """A long list is cut, and says how long it is."""
    objects = [
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": f"p{number}"},
        }
        for number in range(7)
    ]
    assert (
        "admission policies are not evaluated offline: p0, p1, p2, p3, p4 and 2 more"
        in load({"objects": objects}).notes
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is not a snapshot: it is not JSON"),
        (b"kind: Namespace\n", "it is not a snapshot: it is not JSON"),
        (b"\xff\xfe{}", "it is not a snapshot: it is not JSON"),
        (b"[]", 'it is not a snapshot: it does not say "format": "gategit snapshot"'),
        (b'{"kind": "List"}', 'it is not a snapshot: it does not say "format": "gategit snapshot"'),
        (encode({**SMALL, "version": 2}), "the snapshot's version is 2"),
        (encode({**SMALL, "version": True}), "the snapshot's version is True"),
        (encode({"format": "gategit snapshot"}), "the snapshot's version is None"),
        (compress(encode(SMALL))[:-9], "the snapshot is damaged: its end is missing"),
        (b"\x1f\x8bnonsense", "the snapshot is damaged: gzip cannot read it"),
    ],
)
def test_what_is_no_snapshot_is_refused(content: bytes, message: str) -> None:
    """Another file, another version and a damaged one are told apart, and the help says how to get a right one."""
    error = error_of(content)
    assert (error.message, error.file, error.exit_code) == (message, "gate/prod.json", 2)
    assert "export it again" in error.hint


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"kubernetes": "newest"}, "kubernetes must be a version such as v1.36.3"),
        ({"kubernetes": None}, "kubernetes must be a text"),
        ({"namespaces": "shop"}, "namespaces must be a list"),
        ({"namespaces": [1]}, "namespaces[0] must be a text"),
        ({"live_objects": 1}, "live_objects must be true or false"),
        ({"missing": [{}]}, "missing[0].what must be a text"),
        ({"resources": None}, "resources must be a list"),
        ({"resources": [{"kind": "Pod"}]}, "resources[0].namespaced must be true or false"),
        ({"resources": [{"namespaced": True}]}, "resources[0].group must be a text"),
        ({"kinds": {"v1": {"Pod": "elsewhere"}}}, "kinds[v1].Pod must be the name of one of its schemas"),
        ({"kinds": {"v1": {"Pod": {}}}}, "kinds[v1].Pod must be the name of one of its schemas"),
        ({"schemas": {"a": []}}, "schemas[a] must be a mapping"),
        ({"variants": []}, "variants must be a mapping"),
        ({"objects": [{"apiVersion": "v1", "kind": "Namespace"}]}, "objects[0].metadata must be a mapping"),
        ({"objects": [{"apiVersion": "v1"}]}, "objects[0].kind must be a text"),
        ({"objects": [[]]}, "objects[0] must be a mapping"),
        (
            {"objects": [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a", "namespace": 1}}]},
            "objects[0].metadata.namespace must be a text",
        ),
    ],
)
def test_a_wrong_part_is_named(changes: dict[str, Any], place: str) -> None:
    """Whoever edits the file by hand is told which part has not the right form."""
    with pytest.raises(ConfigError) as caught:
        load(changes)
    assert caught.value.message == f"the snapshot is damaged: {place}"


def test_a_small_file_that_unpacks_to_a_huge_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """No more is unpacked than is allowed, whatever the file promises."""
    monkeypatch.setattr(module, "MOST_BYTES", 4 * 1024 * 1024)
    machine = zlib.compressobj(9, wbits=31)
    bomb = b"".join(machine.compress(bytes(1024 * 1024)) for _ in range(64)) + machine.flush()
    assert len(bomb) < 128 * 1024
    assert error_of(bomb).message == "the snapshot is larger than 4 MiB"
    assert error_of(b" " * (4 * 1024 * 1024 + 1)).message == "the snapshot is larger than 4 MiB"


def test_deep_nesting_is_refused_before_anything_is_built() -> None:
    """Brackets in texts do not count, brackets of the form do."""
    texts = {"metadata": {"name": "[" * 1000, "namespace": '\\"{' * 1000}, "apiVersion": "v1", "kind": "Pod"}
    assert load({"objects": [texts]}).objects == (texts,)
    deep = b'{"format":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    assert error_of(deep).message == "the snapshot is nested deeper than 150 levels"


def test_texts_that_never_end_are_read_once() -> None:
    """A file made of quotes and backslashes costs no more than its length."""
    for piece in (b'"\\', b'\\"', b'"', b"\\", b'"a\\"'):
        assert error_of(piece * 500_000).message == "it is not a snapshot: it is not JSON"


def _plain() -> st.SearchStrategy[Any]:
    return st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3),
        max_leaves=6,
    )


@settings(deadline=None)
@given(content=st.binary(max_size=60) | st.binary(max_size=60).map(compress))
@example(content=b"{")
@example(content=b"\x1f\x8b")
@example(content=compress(b"{}") * 2)
def test_no_bytes_end_in_anything_but_a_clear_error(content: bytes) -> None:
    """Whatever the file holds, the error is of the kind that a user is shown."""
    with pytest.raises(ConfigError):
        load_snapshot(content, "x")


@settings(max_examples=300, deadline=None)
@given(key=st.sampled_from(sorted(SMALL)), value=_plain())
def test_no_value_in_any_place_ends_in_anything_but_a_clear_error(key: str, value: Any) -> None:
    """One part of any form: it is read, or the error is of the kind that a user is shown."""
    with suppress(ConfigError):
        load({key: value})
