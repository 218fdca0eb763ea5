"""A schema as a tree of fields: what is said of each, whatever the schema."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gategit.checks.schema.outline import NoFieldError, Outline, Rule, find, outline, schema_at, split_path
from gategit.checks.schema.outline_text import detail_lines, tree_lines
from gategit.report.escaping import is_unseen


def field(node: dict[str, Any], **more: Any) -> Outline:
    """The outline of one field with a schema."""
    return outline({"type": "object", "properties": {"it": node}, **more}).fields[0]


@pytest.mark.parametrize(
    ("node", "words"),
    [
        ({"type": "string"}, "string"),
        ({"type": "array", "items": {"type": "array", "items": {"type": "integer"}}}, "[][]integer"),
        ({"type": "object", "additionalProperties": {"type": "array", "items": {}}}, "map[string][]any"),
        ({"type": ["string", "null"]}, "string"),
        ({"x-kubernetes-int-or-string": True}, "integer or string"),
        ({"anyOf": [{"type": "integer"}, {"type": "boolean"}]}, "integer or boolean"),
        ({"anyOf": [{"type": "null"}, {"type": "boolean", "not": {}}]}, "boolean"),
        ({"properties": {"a": {}}}, "object"),
        ({}, "any"),
        ([], "any"),
    ],
)
def test_types(node: Any, words: str) -> None:
    """As kubectl writes them; null, which stands for a field left out, is not said."""
    assert field(node).type == words


@pytest.mark.parametrize(
    ("node", "words"),
    [
        ({"minimum": 1, "maximum": 65535}, "1 to 65535"),
        ({"minimum": 0}, "at least 0"),
        ({"minimum": -(2**31), "maximum": 2**31 - 1, "format": "int32"}, "int32"),
        ({"minimum": 0, "exclusiveMinimum": True}, "at least 0, more than 0"),
        ({"exclusiveMaximum": 9}, "less than 9"),
        ({"minLength": 1}, "at least 1 character"),
        ({"minLength": 5, "maxLength": 5}, "exactly 5 characters"),
        ({"maxItems": 1}, "at most 1 entry"),
        ({"minProperties": 1, "maxProperties": 3}, "1 to 3 fields"),
        ({"multipleOf": 5}, "a multiple of 5"),
        ({"enum": ["a"]}, "only a"),
        ({"enum": [None, "", 1, True]}, 'one of "" | 1 | true'),
        ({"default": {"a": []}}, 'default {"a": []}'),
        ({"nullable": True, "x-kubernetes-preserve-unknown-fields": True}, "may be null, keeps any field"),
        ({"x-kubernetes-embedded-resource": True}, "a whole object of its own"),
        ({"x-kubernetes-list-type": "set"}, "no value twice"),
        ({"minimum": True, "enum": "a", "x-kubernetes-validations": [1, {"rule": 1}], "pattern": 1, "required": 1}, ""),
    ],
)
def test_what_is_asked_of_a_value(node: dict[str, Any], words: str) -> None:
    """Each in a few words; what is not well formed is not said."""
    found = field(node)
    assert ", ".join(found.facts) == words
    assert (found.rules, found.patterns) == ((), ())


def test_what_is_asked_of_entries() -> None:
    """It is said of each, apart from the list's own."""
    entries = {"type": "string", "maxLength": 9, "pattern": "a", "x-kubernetes-validations": [{"rule": "a\n  b"}]}
    found = field({"type": "array", "maxItems": 2, "items": entries}, required=["it"])
    assert found == Outline(
        "it",
        "[]string",
        required=True,
        facts=("at most 2 entries", "each at most 9 characters"),
        patterns=("a",),
        rules=(Rule("a b", ""),),
    )


def test_definitions_are_opened_once_on_the_way_down() -> None:
    """One that holds itself would have no end."""
    schema = {
        "$ref": "#/$defs/a",
        "$defs": {"a": {"type": "object", "properties": {"x": {"$ref": "#/$defs/a"}, "y": {"$ref": "#/$defs/b"}}}},
    }
    tree = outline(schema)
    assert [(one.name, one.type, one.facts, one.fields) for one in tree.fields] == [
        ("x", "object", ("as further up",), ()),
        ("y", "any", (), ()),
    ]


def test_since_is_found_by_place() -> None:
    """Through lists and mappings."""
    inner = {"type": "object", "properties": {"new": {"type": "string"}}}
    schema = {
        "properties": {
            "list": {"type": "array", "items": inner},
            "map": {"type": "object", "additionalProperties": inner},
        }
    }
    tree = outline(schema, {("list", "[]", "new"): "2.0", ("map", "{}", "new"): "3.0"})
    assert find(tree, ("list", "new")).since == "2.0"
    assert find(tree, ("map", "new")).since == "3.0"
    assert list(tree_lines(tree, 80)) == [
        "list  []object",
        "  new  string, since 2.0",
        "map   map[string]object",
        "  new  string, since 3.0",
    ]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("spec.source", ("spec", "source")),
        ("spec.list[].name", ("spec", "list", "name")),
        ("spec.list[0][*].name", ("spec", "list", "name")),
        ('data["a.b"].c', ("data", "a.b", "c")),
        ("data['a[]b']", ("data", "a[]b")),
    ],
)
def test_paths(text: str, names: tuple[str, ...]) -> None:
    """As people and findings write them; entries of lists are passed through."""
    assert split_path(text) == names


@pytest.mark.parametrize("text", ["", ".", "a.", ".a", "a..b", "[0]", "a[b]", "a]", 'a["b'])
def test_what_is_no_path(text: str) -> None:
    """Is refused."""
    with pytest.raises(ValueError, match=r".*"):
        split_path(text)


def test_a_field_that_is_not_there() -> None:
    """The first wrong name is said, with the right ones of that place."""
    tree = outline({"properties": {"spec": {"properties": {"size": {}, "mode": {}}}}})
    with pytest.raises(NoFieldError) as caught:
        find(tree, ("spec", "siez", "x"))
    error = caught.value
    assert (error.name, error.parent, error.known, error.nearest) == ("siez", ("spec",), ("size", "mode"), "size")


def test_the_part_of_a_schema_keeps_its_definitions() -> None:
    """Else its references would lead nowhere."""
    definitions = {"a": {"type": "object", "properties": {"x": {"$ref": "#/$defs/b"}}}, "b": {"type": "string"}}
    schema = {"properties": {"list": {"items": {"$ref": "#/$defs/a"}}}, "$defs": definitions}
    assert schema_at(schema, ("list", "x")) == {"$ref": "#/$defs/b", "$defs": definitions}
    assert schema_at(schema, ()) == schema


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
KEYWORDS = st.sampled_from(
    [
        *("type", "properties", "items", "additionalProperties", "required", "enum", "anyOf", "oneOf", "$ref", "$defs"),
        *("minimum", "maxLength", "default", "format", "pattern", "nullable", "x-kubernetes-validations"),
        *("x-kubernetes-list-type", "x-kubernetes-list-map-keys", "exclusiveMinimum"),
    ]
)
SCHEMAS = st.recursive(JSON, lambda inner: st.dictionaries(KEYWORDS | st.text(max_size=3), inner, max_size=5))


@given(st.dictionaries(KEYWORDS, SCHEMAS))
def test_any_schema_has_an_outline(schema: dict[str, Any]) -> None:
    """Schemas come from repositories: none may make the program fail, and no line may hold a control character."""
    tree = outline(schema)
    for line in [*tree_lines(tree, 80), *detail_lines(tree, 80)]:
        assert not any(map(is_unseen, line)), line
