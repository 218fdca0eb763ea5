"""Custom resources against their CRDs, and CRDs against the rules of structural schemas."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from gategit.checks.schema.spec import SchemaSpec
from gategit.manifests.decode import decode

if TYPE_CHECKING:
    from tests.checks.schema.conftest import Check, Judge

CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: widgets.example.com
spec:
  group: example.com
  names: {kind: Widget, plural: widgets, singular: widget, listKind: WidgetList}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          required: [spec]
          properties:
            spec:
              type: object
              required: [size, color]
              x-kubernetes-validations: [{rule: "self.size > 0"}]
              properties:
                size: {type: integer, format: int32, minimum: 1, maximum: 10, exclusiveMaximum: true}
                color: {type: string, enum: [red, green], default: red}
                port: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}
                free: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {a: {type: string}}}
                labels: {type: object, additionalProperties: {type: string}}
                maybe: {type: string, nullable: true}
                code: {type: string, pattern: "^[a-z]+$"}
                odd: {type: string, pattern: "a(?=b)"}
                template:
                  type: object
                  x-kubernetes-embedded-resource: true
                  x-kubernetes-preserve-unknown-fields: true
                pairs:
                  type: array
                  x-kubernetes-list-type: map
                  x-kubernetes-list-map-keys: [key]
                  items: {type: object, required: [key], properties: {key: {type: string}}}
                tags: {type: array, x-kubernetes-list-type: set, items: {type: string}}
            status: {type: object, required: [phase], properties: {phase: {type: string}}}
    - name: v1alpha1
      served: false
      storage: false
      schema: {openAPIV3Schema: {type: object}}
"""

WIDGET = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: a}\nspec:\n  size: 3\n"


def crds(text: str = CRD) -> tuple[dict[str, Any], ...]:
    return tuple(one.data for one in decode(text.encode(), "crd.yaml").documents)


@pytest.mark.parametrize(
    "more",
    [
        "",
        "  port: 80\n",
        "  port: http\n",
        "  free: {a: x, b: {c: 1}}\n",
        "  labels: {a: b}\n",
        "  maybe: null\n",
        "  code: null\n",
        "  template: {apiVersion: v1, kind: ConfigMap, metadata: {name: b}, data: {a: b}}\n",
        "status: {}\n",
        "  odd: anything\n",
    ],
)
def test_valid_custom_resources_are_silent(check: Check, more: str) -> None:
    """Defaults, nullable, int-or-string, preserved and embedded fields."""
    assert check(WIDGET + more, crds=crds()) == []


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("  colour: red\n", (6, 3, "unknown-field", "unknown field colour in spec; did you mean color?")),
        ("  color: blue\n", (6, 10, "invalid-value", 'color in spec must be one of red, green, not the string "blue"')),
        (
            "  port: true\n",
            (6, 9, "wrong-type", "expected a string or an integer for port in spec, got the boolean true"),
        ),
        ("  free: {a: [1]}\n", (6, 13, "wrong-type", "expected a string for a in spec.free, got a list")),
        ("  labels: {a: [1]}\n", (6, 15, "wrong-type", "expected a string for a in spec.labels, got a list")),
        ("  code: A1\n", (6, 9, "invalid-value", 'code in spec must match the pattern ^[a-z]+$, got the string "A1"')),
        ("  template: {kind: X}\n", (6, 3, "missing-field", "missing field apiVersion in spec.template")),
        ("  tags: [a, a]\n", (6, 9, "invalid-value", "tags in spec holds the same entry twice")),
        ("  pairs: [{key: a}, {key: a}]\n", (6, 21, "invalid-value", "spec.pairs has two entries with key a")),
        ("extra: 1\n", (6, 1, "unknown-field", "unknown field extra in Widget a")),
    ],
)
def test_wrong_custom_resources(check: Check, more: str, expected: tuple[int, int, str, str]) -> None:
    """Each is one finding at its own place."""
    assert check(WIDGET + more, crds=crds()) == [expected]


def test_what_is_embedded_in_a_status_has_metadata_in_which_nothing_is_required(check: Check) -> None:
    """A status may hold a part of an object, whose metadata is judged as that of one which the server fills in."""
    status = "status: {type: object, required: [phase], properties: {phase: {type: string}, last: LAST}}"
    last = "{type: object, x-kubernetes-embedded-resource: true, x-kubernetes-preserve-unknown-fields: true}"
    old = "status: {type: object, required: [phase], properties: {phase: {type: string}}}"
    kinds = crds(CRD.replace(old, status.replace("LAST", last)))
    assert check(WIDGET + "status:\n  last: {kind: X, metadata: {ownerReferences: [{name: b}]}}\n", crds=kinds) == []
    assert check(WIDGET + "status:\n  last: {metadata: {name: [a]}}\n", crds=kinds) == [
        (7, 27, "wrong-type", "expected a string for name in status.last.metadata, got a list")
    ]


def test_an_exclusive_bound_is_openapis_boolean(check: Check) -> None:
    """``exclusiveMaximum: true`` speaks of ``maximum``."""
    assert check(WIDGET.replace("size: 3", "size: 10"), crds=crds()) == [
        (5, 9, "invalid-value", "size in spec must be less than 10, not 10")
    ]
    assert check(WIDGET.replace("size: 3", "size: 9"), crds=crds()) == []


def test_a_required_field_is_missed_only_without_default(check: Check) -> None:
    """Color has a default, size has none."""
    assert check(WIDGET.replace("  size: 3\n", "  port: 1\n"), crds=crds()) == [
        (4, 1, "missing-field", "missing field size in spec")
    ]


def test_cel_rules_and_unusable_patterns_are_counted(judge: Judge) -> None:
    """What is not evaluated here is said, once for each kind and file."""
    _, unchecked = judge(WIDGET + "---\n" + WIDGET, crds=crds())
    assert [(one.what, one.reason) for one in unchecked] == [
        ("example.com/v1 Widget", "1 CEL rule of its schema: only the API server evaluates them"),
        ("example.com/v1 Widget", "the pattern a(?=b) of its schema, which is not supported here"),
    ]


def test_versions_that_are_not_served(check: Check) -> None:
    """The finding names the ones that are."""
    assert check(WIDGET.replace("/v1", "/v1alpha1"), crds=crds()) == [
        (
            1,
            13,
            "version-not-served",
            "example.com/v1alpha1 Widget: the CustomResourceDefinition does not serve it; it serves example.com/v1",
        )
    ]
    assert check(WIDGET.replace("/v1", "/v3"), crds=crds()) == [
        (
            1,
            13,
            "version-not-served",
            "example.com/v3 Widget: the CustomResourceDefinition does not have it; it serves example.com/v1",
        )
    ]


def test_a_namespace_on_a_cluster_wide_kind_is_a_note(check: Check) -> None:
    """The server ignores it."""
    cluster = crds(CRD.replace("scope: Namespaced", "scope: Cluster"))
    text = WIDGET.replace("{name: a}", "{name: a, namespace: b}")
    assert check(text, crds=crds()) == []
    assert check(text, crds=cluster) == [
        (3, 32, "scope-mismatch", "Widget is a cluster-wide kind, so the namespace b is ignored")
    ]


def test_the_first_crd_of_a_kind_counts(check: Check) -> None:
    """The head tree's stands before the base's, and both before a folder's."""
    other = CRD.replace("color:", "colour:").replace("size, color", "size")
    assert check(WIDGET + "  colour: red\n", crds=(*crds(other), *crds())) == []
    assert (
        check(WIDGET + "  colour: red\n", crds=crds(other), folder_schemas=(("gate/crds/a.yaml", CRD.encode()),)) == []
    )


def test_schemas_of_a_folder(check: Check) -> None:
    """Both layouts: a CRD, and {group}/{kind}_{version}.json."""
    assert (
        check(WIDGET + "  colour: red\n", folder_schemas=(("gate/crds/a.yaml", CRD.encode()),))[0][2] == "unknown-field"
    )
    schema = {
        "type": "object",
        "properties": {
            "spec": {"type": "object", "properties": {"size": {"type": "integer"}}, "additionalProperties": False}
        },
    }
    folder = (("gate/crds/example.com/widget_v1.json", json.dumps(schema).encode()),)
    assert check(WIDGET, folder_schemas=folder) == []
    assert check(WIDGET + "  colour: red\n", folder_schemas=folder) == [
        (6, 3, "unknown-field", "unknown field colour in spec")
    ]


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff", b"[" * 100_000])
def test_a_schema_file_that_cannot_be_used_is_said(check: Check, content: bytes) -> None:
    """The kind is then not checked, and the verdict undecided."""
    found = check(WIDGET, folder_schemas=(("gate/crds/example.com/widget_v1.json", content),))
    assert [one[2] for one in found] == ["schema-unusable"]


def test_a_hostile_crd_is_bounded(check: Check) -> None:
    """A pattern that would keep Python's engine busy for ever, and a schema without end."""
    evil = CRD.replace('"^[a-z]+$"', '"^(a+)+$"')
    found = check(WIDGET + f"  code: {'a' * 5000}!\n", crds=crds(evil))
    assert [one[2] for one in found] == ["invalid-value"]
    deep: dict[str, Any] = {"type": "object"}
    for _ in range(5000):
        deep = {"type": "object", "properties": {"a": deep}}
    crd = crds()[0]
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"] = {"$ref": "http://127.0.0.1:1/", "not": {"$ref": "#"}}
    assert check(WIDGET, crds=(crd,)) == []  # what is not followed is counted, and never refuses anything


def test_a_valid_crd_is_silent(check: Check) -> None:
    """As the API server takes it."""
    assert check(CRD.replace('                odd: {type: string, pattern: "a(?=b)"}\n', "")) == []


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        (
            "widgets.example.com",
            "widget.example.com",
            4,
            (
                "the name of this CustomResourceDefinition must be widgets.example.com "
                "(spec.names.plural, a dot, spec.group), "
                "not widget.example.com (at metadata.name)"
            ),
        ),
        (
            "scope: Namespaced",
            "scope: Namespaced\n  preserveUnknownFields: true",
            9,
            (
                "spec.preserveUnknownFields must be false; set x-kubernetes-preserve-unknown-fields in the schema "
                "instead (at spec.preserveUnknownFields)"
            ),
        ),
        (
            "storage: true",
            "storage: false",
            9,
            "exactly one version must have storage: true; none has (at spec.versions)",
        ),
        (
            "size: {type: integer,",
            "size: {",
            23,
            (
                "a schema needs a type here (or x-kubernetes-int-or-string: true) "
                "(at spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.size)"
            ),
        ),
        (
            "labels: {type: object,",
            "labels: {type: object, properties: {a: {type: string}},",
            27,
            (
                "additionalProperties cannot stand beside properties "
                "(at spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.labels.additionalProperties)"
            ),
        ),
        (
            "code: {type: string,",
            "code: {type: string, anyOf: [{type: string}],",
            29,
            (
                "type is not allowed inside anyOf "
                "(at spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.code.anyOf[0].type)"
            ),
        ),
    ],
)
def test_broken_crds(check: Check, old: str, new: str, line: int, message: str) -> None:
    """The finding stands on the field that breaks the rule."""
    text = CRD.replace('"a(?=b)"', '"a"').replace(old, new, 1)
    found = check(text)
    assert [(one[0], one[2], one[3]) for one in found] == [(line, "crd-invalid", message)]


def test_a_spec_can_be_sent_to_another_process_and_names_all_that_counts() -> None:
    """Equal specs have equal digests; whatever can change a verdict changes the digest."""
    spec = SchemaSpec(kubernetes_version="1.34", crds=crds(), folder_schemas=(("a/b/c_v1.json", b"{}"),))
    assert pickle.loads(pickle.dumps(spec)) == spec  # noqa: S301  our own value
    same = SchemaSpec(kubernetes_version="v1.34.1", crds=crds(), folder_schemas=(("a/b/c_v1.json", b"{}"),))
    assert same.digest == spec.digest
    others = [
        replace(spec, kubernetes_version="1.33"),
        replace(spec, crds=()),
        replace(spec, folder_schemas=()),
        replace(spec, missing_level=None),
    ]
    assert len({spec.digest, *(other.digest for other in others)}) == 5


def test_a_deep_crd_is_explained_or_refused_but_never_a_crash(check: Check) -> None:
    """As deep as a document may be."""
    schema: dict[str, Any] = {"type": "strin", "bogus": 1}
    for _ in range(40):
        schema = {"type": "object", "properties": {"a": schema}}
    crd = crds()[0]
    crd["spec"]["versions"] = [
        {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}},
    ]
    assert [one[2] for one in check(json.dumps(crd), path="crd.json")] == ["crd-invalid", "unknown-field"]


def test_a_reference_in_a_schema_is_never_followed_but_counted(judge: Judge) -> None:
    """Neither the network nor another file decides what is valid."""
    schema = {"type": "object", "properties": {"spec": {"$ref": "https://example.com/spec.json"}}}
    findings, unchecked = judge(
        WIDGET, folder_schemas=(("crds/example.com/widget_v1.json", json.dumps(schema).encode()),)
    )
    assert findings == []
    assert [one.reason for one in unchecked] == [
        "the reference https://example.com/spec.json of its schema, which is not supported here"
    ]


def definition(spec: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    """The definition of a kind with such a spec."""
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
    return (
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "spec": {
                "group": "example.com",
                "names": {"kind": "Widget"},
                "versions": [{"name": "v1", "served": True, "schema": schema}],
            },
        },
    )


def test_conditions_see_defaults(check: Check) -> None:
    """The server fills in defaults first: a field left out counts as its default in ``not``, ``anyOf`` and the like."""
    spec = {
        "type": "object",
        "properties": {
            "host": {"type": "string"},
            "wildcard": {"type": "string", "default": "None"},
            "mode": {"type": "object", "properties": {"kind": {"type": "string", "default": "a"}}},
        },
        "anyOf": [
            {"not": {"properties": {"host": {"maxLength": 0}}}},
            {"not": {"properties": {"wildcard": {"enum": ["Subdomain"]}}}},
        ],
        "allOf": [
            {"required": ["wildcard"]},
            {"properties": {"mode": {"not": {"properties": {"kind": {"enum": ["b"]}}}}}},
        ],
    }
    given = definition(spec)
    text = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: a}\nspec: "
    for good in ("{}", "{wildcard: None}", "{host: a, wildcard: Subdomain}", "{mode: {}}", "{mode: {kind: c}}"):
        assert check(f"{text}{good}\n", crds=given) == [], good
    for bad in ("{wildcard: Subdomain}", "{mode: {kind: b}}"):
        assert [rule for _, _, rule, _ in check(f"{text}{bad}\n", crds=given)] == ["invalid-value"], bad


def test_list_that_keeps_unknown_fields_keeps_those_of_its_entries(check: Check) -> None:
    """As the server prunes: the entries' own fields are pruned by their schemas again."""
    entry = {"type": "object", "properties": {"inner": {"type": "object", "properties": {"a": {"type": "string"}}}}}
    spec = {
        "type": "object",
        "properties": {
            "free": {"type": "array", "x-kubernetes-preserve-unknown-fields": True, "items": entry},
            "deep": {
                "type": "array",
                "x-kubernetes-preserve-unknown-fields": True,
                "items": {"type": "array", "items": entry},
            },
        },
    }
    text = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: a}\nspec: "
    given = definition(spec)
    assert check(f"{text}{{free: [{{pipeline.id: main}}], deep: [[{{b: c}}]]}}\n", crds=given) == []
    assert check(f"{text}{{free: [{{inner: {{b: c}}}}]}}\n", crds=given) == [
        (4, 24, "unknown-field", "unknown field b in spec.free[0].inner"),
    ]


def test_forms_that_exclude_each_other_are_told_by_what_differs(check: Check) -> None:
    """A field that every form wants is not to be chosen."""
    spec = {
        "type": "object",
        "properties": {name: {"type": "integer"} for name in ("interval", "steps", "rounds")},
        "oneOf": [{"required": ["interval", "steps"]}, {"required": ["interval", "rounds"]}],
    }
    text = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: a}\nspec: {interval: 1, steps: 2, rounds: 3}\n"
    assert [message for *_, message in check(text, crds=definition(spec))] == [
        "only one of the fields rounds, steps may be set in spec"
    ]


def test_no_message_lists_more_than_a_reader_wants(check: Check) -> None:
    """A definition of the head may ask for one of any number of fields, with names of any length."""
    fields = [f"f{index:04}{'x' * 100}" for index in range(500)]
    spec = {"type": "object", "oneOf": [{"required": [name]} for name in fields]}
    text = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: a}\nspec: {}\n"
    [message] = [message for *_, message in check(text, crds=definition(spec))]
    listed = ", ".join(name[:60] for name in fields[:20])
    assert message == f"spec needs one of the fields {listed} and 480 more"


def test_names_of_what_nothing_knows_are_cut(check: Check) -> None:
    """A manifest may write anything there."""
    text = f"apiVersion: {'a.' * 3000}io/v1\nkind: {'K' * 5000}\nmetadata: {{name: a}}\n"
    [message] = [message for *_, message in check(text)]
    assert message == f"there is no schema for {('a.' * 3000)[:200]} {'K' * 100}"
