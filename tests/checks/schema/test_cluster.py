"""What a cluster's export says of its kinds is what its manifests are validated by."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gategit.checks.schema import kubernetes
from gategit.checks.schema.openapi import Definitions
from gategit.checks.schema.spec import KindSchema, SchemaSet, SchemaSpec, Unusable
from gategit.checks.schema.versions import of
from gategit.cluster.client import Client
from gategit.cluster.export import export
from gategit.cluster.snapshot import Snapshot, encode, load_snapshot

if TYPE_CHECKING:
    from tests.api_server import ApiServer
    from tests.checks.schema.conftest import Check, Judge

META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
TO_META = {"allOf": [{"$ref": f"#/components/schemas/{META}"}], "default": {}}


def resource(api_version: str, kind: str, *, namespaced: bool = True) -> dict[str, Any]:
    """A kind that a cluster serves."""
    group, _, version = api_version.rpartition("/")
    plural = f"{kind.lower()}s"
    return {"group": group, "version": version, "kind": kind, "plural": plural, "namespaced": namespaced, "verbs": []}


def definition(group: str, kind: str, field: str, **version: Any) -> dict[str, Any]:
    """A CustomResourceDefinition whose spec has one field, an integer."""
    spec = {"type": "object", "properties": {field: {"type": "integer"}}}
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.lower()}s.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": f"{kind.lower()}s"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema, **version}],
        },
    }


def snapshot(**changes: Any) -> Snapshot:
    """A cluster of 1.36 that serves ConfigMaps, ClusterRoles and the given kinds."""
    own = "io.k8s.api.core.v1.ConfigMap"
    data = {
        "format": "gategit snapshot",
        "version": 1,
        "kubernetes": "v1.36.3",
        "namespaces": None,
        "live_objects": False,
        "missing": [],
        "variants": {},
        "objects": [],
        **changes,
        "resources": [
            resource("v1", "ConfigMap"),
            resource("rbac.authorization.k8s.io/v1", "ClusterRole", namespaced=False),
            *changes.get("resources", []),
        ],
        "kinds": {"v1": {"ConfigMap": own}, **changes.get("kinds", {})},
        "schemas": {
            META: {"type": "object", "properties": {"name": {"type": "string"}, "namespace": {"type": "string"}}},
            own: {
                "type": "object",
                "properties": {
                    "apiVersion": {"type": "string"},
                    "kind": {"type": "string"},
                    "metadata": TO_META,
                    "data": {"type": "object", "additionalProperties": {"type": "string"}},
                    "newField": {"type": "integer", "format": "int32"},
                    "mode": {"type": "string", "enum": ["Fast", "Slow"]},
                },
            },
            **changes.get("schemas", {}),
        },
    }
    return load_snapshot(encode(data), "gate/prod.json.gz")


def text(api_version: str, kind: str, body: str = "", namespace: str = "") -> str:
    """A manifest."""
    inside = f", namespace: {namespace}" if namespace else ""
    return f"apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: a{inside}}}\n{body}"


def test_a_field_that_only_this_cluster_has_is_known(check: Check) -> None:
    """The server's own schema holds, not the one that ships with gategit; null stands for absence."""
    cluster = snapshot()
    assert check(text("v1", "ConfigMap", "newField: 1\ndata: null\nmode: ''\n"), snapshot=cluster) == []
    assert check(text("v1", "ConfigMap", "newFeld: 1\n"), snapshot=cluster) == [
        (4, 1, "unknown-field", "unknown field newFeld in ConfigMap a; did you mean newField?")
    ]
    assert [found[2] for found in check(text("v1", "ConfigMap", "newField: a\n"), snapshot=cluster)] == ["wrong-type"]
    assert [found[2] for found in check(text("v1", "ConfigMap", "mode: Medium\n"), snapshot=cluster)] == [
        "invalid-value"
    ]


def test_a_definition_that_only_the_snapshot_has_judges(check: Check) -> None:
    """A custom kind needs no definition in the repository."""
    cluster = snapshot(
        resources=[resource("example.com/v1", "Gear")], objects=[definition("example.com", "Gear", "size")]
    )
    assert check(text("example.com/v1", "Gear", "spec: {size: 1}\n"), snapshot=cluster) == []
    assert check(text("example.com/v1", "Gear", "spec: {sise: 1}\n"), snapshot=cluster) == [
        (4, 8, "unknown-field", "unknown field sise in spec; did you mean size?")
    ]
    assert [found[2] for found in check(text("example.com/v1", "Gear", "spec: {size: 1}\n"))] == ["schema-missing"]


def test_a_definition_of_the_tree_wins_over_the_snapshot(check: Check) -> None:
    """The change may bring a new form of a kind; what the cluster has today is behind it."""
    cluster = snapshot(
        resources=[resource("example.com/v1", "Gear")], objects=[definition("example.com", "Gear", "size")]
    )
    crds = (definition("example.com", "Gear", "teeth"),)
    assert check(text("example.com/v1", "Gear", "spec: {teeth: 1}\n"), snapshot=cluster, crds=crds) == []


def test_the_snapshot_wins_over_folders(check: Check) -> None:
    """What the cluster has is nearer to the truth than a copy in a folder, be it a definition or a schema."""
    folder = ("gate/crds/example.com/gear_v1.json", encode({"properties": {"spec": {"type": "string"}}}))
    cluster = snapshot(
        resources=[resource("example.com/v1", "Gear")], objects=[definition("example.com", "Gear", "size")]
    )
    gear = text("example.com/v1", "Gear", "spec: {size: 1}\n")
    assert check(gear, snapshot=cluster, folder_schemas=(folder,)) == []
    assert [found[2] for found in check(gear, folder_schemas=(folder,))] == ["wrong-type"]
    published = snapshot(
        resources=[resource("example.com/v1", "Gear")],
        kinds={"example.com/v1": {"Gear": "com.example.v1.Gear"}},
        schemas={"com.example.v1.Gear": {"type": "object", "properties": {"spec": {"type": "object"}}}},
    )
    crd = ("gate/crds/gear.json", encode(definition("example.com", "Gear", "teeth")))
    assert check(gear.replace("{size: 1}", "{}"), snapshot=published, folder_schemas=(folder, crd)) == []


def test_what_a_definition_publishes_is_used_where_the_definition_could_not_be_read(check: Check) -> None:
    """Unknown fields, kept ones, embedded objects, either type and null, as a custom resource's schema says them."""
    spec = {
        "type": "object",
        "required": ["size"],
        "properties": {
            "size": {"type": "integer", "minimum": 1},
            "port": {"x-kubernetes-int-or-string": True},
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
            "inner": {"type": "object", "x-kubernetes-embedded-resource": True, "properties": {}},
            "nothing": {"type": "string", "nullable": True},
        },
    }
    cluster = snapshot(
        resources=[resource("example.com/v1", "Gear")],
        kinds={"example.com/v1": {"Gear": "com.example.v1.Gear"}},
        schemas={"com.example.v1.Gear": {"type": "object", "properties": {"metadata": TO_META, "spec": spec}}},
    )
    good = "spec: {size: 1, port: http, free: {a: 1}, inner: {apiVersion: v1, kind: A}, nothing: null}\n"
    assert check(text("example.com/v1", "Gear", good), snapshot=cluster) == []
    bad = "spec: {size: 0, port: [], inner: {kind: A}, other: 1}\n"
    assert [(found[1], found[2]) for found in check(text("example.com/v1", "Gear", bad), snapshot=cluster)] == [
        (14, "invalid-value"),
        (23, "wrong-type"),
        (27, "missing-field"),
        (45, "unknown-field"),
    ]


def test_an_aggregated_server_has_its_own_form_of_common_types(check: Check) -> None:
    """Its kinds are read with the components of its own group and version."""
    own = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": TO_META}
    schema = {"type": "object", "properties": {**own, "spec": {"$ref": "#/components/schemas/a.Spec"}}}
    cluster = snapshot(
        resources=[resource("agg.example.com/v1", "Probe"), resource("agg.example.com/v2", "Probe")],
        kinds={"agg.example.com/v1": {"Probe": "a.Probe"}, "agg.example.com/v2": {"Probe": "a.Probe"}},
        schemas={"a.Probe": schema, "a.Spec": {"type": "object", "properties": {"old": {"type": "string"}}}},
        variants={
            "agg.example.com/v2": {"a.Spec": {"type": "object", "properties": {"new": {"type": "string"}}}},
        },
    )
    assert check(text("agg.example.com/v1", "Probe", "spec: {old: a}\n"), snapshot=cluster) == []
    assert check(text("agg.example.com/v2", "Probe", "spec: {new: a}\n"), snapshot=cluster) == []
    assert [found[2] for found in check(text("agg.example.com/v2", "Probe", "spec: {old: a}\n"), snapshot=cluster)] == [
        "unknown-field"
    ]


def test_a_version_that_the_cluster_does_not_serve(check: Check) -> None:
    """The message names the snapshot, and the versions that its cluster serves."""
    cluster = snapshot(
        resources=[resource("example.com/v1", "Gear"), resource("example.com/v2", "Gear")],
        kinds={"example.com/v1": {"Gear": "com.example.Gear"}},
        schemas={"com.example.Gear": {"type": "object"}},
    )
    where = "the cluster of the snapshot gate/prod.json.gz (v1.36.3)"
    assert check(text("example.com/v1beta1", "Gear"), snapshot=cluster) == [
        (
            1,
            13,
            "version-not-served",
            f"{where} has no example.com/v1beta1 Gear; it serves example.com/v1 and example.com/v2",
        )
    ]


def test_an_api_that_is_switched_off_in_the_cluster(check: Check) -> None:
    """Kubernetes of that version has the kind, this cluster does not."""
    where = "the cluster of the snapshot gate/prod.json.gz (v1.36.3)"
    message = f"{where} does not serve node.k8s.io/v1 RuntimeClass, though Kubernetes 1.36 has it"
    found = check(text("node.k8s.io/v1", "RuntimeClass", "handler: a\n"), snapshot=snapshot())
    assert found == [(1, 13, "version-not-served", message)]


def test_a_removed_api_is_said_once(check: Check) -> None:
    """It is removed in every cluster of the version: the rule that knows it says so."""
    cluster = snapshot(resources=[resource("networking.k8s.io/v1", "Ingress")])
    assert [found[2] for found in check(text("extensions/v1beta1", "Ingress"), snapshot=cluster)] == ["removed-api"]


def test_a_kind_that_nobody_knows(check: Check, judge: Judge) -> None:
    """Neither the repository nor the cluster has it."""
    assert check(text("example.com/v1", "Gear"), snapshot=snapshot()) == [
        (2, 7, "schema-missing", "there is no schema for example.com/v1 Gear, and its cluster does not serve it")
    ]
    assert [found[2] for found in check(text("v1", "Configmap"), snapshot=snapshot())] == ["unknown-kind"]
    _, unchecked = judge(text("example.com/v1", "Gear"), snapshot=snapshot())
    assert [one.reason for one in unchecked] == ["no schema for this kind: only its metadata was looked at"]


def test_a_server_that_was_down_at_the_export(check: Check) -> None:
    """Nobody knows which kinds it serves: the message does not say that the cluster lacks them."""
    assert check(text("example.com/v1", "Gear"), snapshot=snapshot(stale=["example.com/v1"])) == [
        (2, 7, "schema-missing", "there is no schema for example.com/v1 Gear")
    ]


def test_what_is_served_without_a_schema_falls_back_on_kubernetes_own(check: Check) -> None:
    """A partial export lacks a schema here and there; and the scope is known from what the cluster serves."""
    bad = text("rbac.authorization.k8s.io/v1", "ClusterRole", "rule: []\n")
    assert [found[2] for found in check(bad, snapshot=snapshot())] == ["unknown-field"]


def test_a_cluster_wide_kind_in_a_namespace(check: Check) -> None:
    """What the cluster serves says which kinds have namespaces, also for Kubernetes' own."""
    cluster = snapshot(
        kinds={"rbac.authorization.k8s.io/v1": {"ClusterRole": "io.k8s.api.rbac.v1.ClusterRole"}},
        schemas={"io.k8s.api.rbac.v1.ClusterRole": {"type": "object"}},
    )
    role = text("rbac.authorization.k8s.io/v1", "ClusterRole", "", "shop")
    assert [found[2] for found in check(role, snapshot=cluster)] == ["scope-mismatch"]


def test_a_reference_to_what_is_not_there_is_undecided(check: Check) -> None:
    """Half a schema accepts nothing in silence."""
    cluster = snapshot(
        kinds={"v1": {"ConfigMap": "io.k8s.api.core.v1.ConfigMap"}},
        schemas={
            "io.k8s.api.core.v1.ConfigMap": {
                "type": "object",
                "properties": {"data": {"$ref": "#/components/schemas/x"}},
            }
        },
    )
    why = "the schema that its cluster publishes refers to x, which the snapshot lacks"
    assert check(text("v1", "ConfigMap"), snapshot=cluster) == [
        (2, 7, "schema-unusable", f"v1 ConfigMap cannot be validated: {why}")
    ]


def test_for_another_version_only_the_custom_kinds_count(check: Check) -> None:
    """An upgrade is judged by the new version's own schemas, and by the definitions that the cluster keeps."""
    cluster = snapshot(
        resources=[resource("example.com/v1", "Gear")], objects=[definition("example.com", "Gear", "size")]
    )
    settings = {"snapshot": cluster, "kubernetes_version": "1.37"}
    assert [found[2] for found in check(text("v1", "ConfigMap", "newField: 1\n"), **settings)] == ["unknown-field"]
    assert check(text("node.k8s.io/v1", "RuntimeClass", "handler: a\n"), **settings) == []
    assert [found[2] for found in check(text("example.com/v1", "Gear", "spec: {a: 1}\n"), **settings)] == [
        "unknown-field"
    ]


@pytest.mark.parametrize("version", ["v1.19.16", "v1.24.0-rc.1", "v1.99.0+k3s1"])
def test_a_cluster_of_a_version_without_schemas_judges_by_its_own(check: Check, version: str) -> None:
    """No schema of ours is needed for what the cluster describes itself."""
    cluster = snapshot(kubernetes=version)
    assert check(text("v1", "ConfigMap", "newField: 1\n"), snapshot=cluster) == []
    assert [found[2] for found in check(text("v1", "ConfigMap", "other: 1\n"), snapshot=cluster)] == ["unknown-field"]


_WORDS = [
    "type",
    "properties",
    "items",
    "allOf",
    "oneOf",
    "enum",
    "required",
    "additionalProperties",
    "format",
    "$ref",
    "object",
    "array",
    "map",
    "metadata",
    "int32",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-int-or-string",
    "#/$defs/a",
    "#/components/schemas/io.k8s.api.core.v1.ConfigMap",
]


def _schemas() -> st.SearchStrategy[Any]:
    words = st.sampled_from(_WORDS)
    return st.recursive(
        st.none() | st.booleans() | st.integers(-1, 2) | words,
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=4),
        max_leaves=8,
    )


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(schema=st.dictionaries(st.sampled_from(["type", "properties", "allOf", "required"]), _schemas(), max_size=4))
def test_no_published_schema_makes_the_check_crash(judge: Judge, schema: dict[str, Any]) -> None:
    """The file may have been edited by hand: whatever a schema is, it is used, or said to be unusable."""
    for api_version in ("v1", "example.com/v1"):
        cluster = snapshot(
            resources=[resource("example.com/v1", "Gear")],
            kinds={"example.com/v1": {"Gear": "any"}, "v1": {"ConfigMap": "any"}},
            schemas={"any": schema},
        )
        kind = "ConfigMap" if api_version == "v1" else "Gear"
        judge(text(api_version, kind, "data: {a: b}\n"), snapshot=cluster)


def test_the_digest_names_the_snapshot() -> None:
    """Verdicts are kept under the digest: another export, or another version, is another digest."""
    one, other = snapshot(), snapshot(live_objects=True)
    specs = [
        SchemaSpec(kubernetes_version="1.36"),
        SchemaSpec(kubernetes_version="1.36", snapshot=one),
        SchemaSpec(kubernetes_version="1.37", snapshot=one),
        SchemaSpec(kubernetes_version="1.36", snapshot=other),
    ]
    assert len({spec.digest for spec in specs}) == 4
    assert SchemaSpec(kubernetes_version="1.36", snapshot=snapshot()).digest == specs[1].digest


@pytest.fixture(scope="module")
def real(api_server: ApiServer) -> Snapshot:
    """The export of a real server."""

    async def run() -> bytes:
        async with Client(api_server.access) as client:
            return await export(client)

    return load_snapshot(asyncio.run(run()), "real.json")


def _without_choices(node: Any) -> Any:
    """A schema without its lists of choices, which only a server publishes."""
    if isinstance(node, list):
        return [_without_choices(one) for one in node]
    if isinstance(node, dict):
        return {key: _without_choices(one) for key, one in node.items() if key != "enum" or isinstance(one, dict)}
    return node


_LISTS_OF_TEXTS = ("required", "x-kubernetes-list-map-keys")


def test_a_real_server_publishes_what_ships_with_gategit(real: Snapshot) -> None:
    """Read from the server, every kind has the schema that the same version has here, choices apart."""
    compared = 0
    for served in real.discovery.resources:
        name = real.component(served.api_version, served.kind)
        own = kubernetes.kind_schema(of(real.version), served.api_version, served.kind)
        if name is None or own is None:
            continue
        compared += 1
        read = _without_choices(kubernetes.schema_of(Definitions(real.components(served.api_version)), name))
        expected = _without_choices(own)
        for properties in (
            one["properties"]
            for one in expected["$defs"].values()
            if one.get("properties", {}).keys() >= set(_LISTS_OF_TEXTS)
        ):
            for field in _LISTS_OF_TEXTS:
                # Of a definition's own schema, no null is allowed here: the server takes one.
                properties[field]["items"]["type"] = ["string", "null"]
        assert read == expected, f"{served.api_version} {served.kind}"
    assert compared > 50


def test_every_kind_of_a_real_server_can_be_used(real: Snapshot) -> None:
    """No schema is too large, refers to nothing, or does not compile."""
    schemas = SchemaSet(SchemaSpec(snapshot=real))
    for served in real.discovery.resources:
        found = schemas.find(served.api_version, served.kind)
        if isinstance(found, KindSchema):
            assert schemas.validator(served.api_version, served.kind, part=False) is not None
        assert not isinstance(schemas.find(served.api_version, served.kind), Unusable)


def test_the_choices_of_a_real_server_are_those_of_the_api(check: Check, real: Snapshot) -> None:
    """What the server publishes as choices is refused where it is none of them; left out in any form it is accepted."""
    service = "spec: {ports: [{port: 80}], internalTrafficPolicy: %s, sessionAffinity: null}\n"
    assert check(text("v1", "Service", service % "Local"), snapshot=real) == []
    assert check(text("v1", "Service", service % "''"), snapshot=real) == []
    found = check(text("v1", "Service", service % "Everywhere"), snapshot=real)
    assert [one[2] for one in found] == ["invalid-value"]


def test_a_partial_export_still_serves(real: Snapshot, check: Check) -> None:
    """Without the published schemas, those that ship with gategit hold."""
    bare = replace(real, _kinds={}, _schemas={})
    assert check(text("v1", "ConfigMap", "data: {a: b}\n"), snapshot=bare) == []
    assert [one[2] for one in check(text("v1", "ConfigMap", "dato: {}\n"), snapshot=bare)] == ["unknown-field"]
