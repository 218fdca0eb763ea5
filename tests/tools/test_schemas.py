"""How schemas are derived: what is kept of a definition, since when a field is there, how the folder is written."""

from __future__ import annotations

import copy
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tools.schemas.bundle import headers, kind_files, remove_kinds, write_index, write_kinds
from tools.schemas.carried import table, with_table
from tools.schemas.definitions import definitions_in
from tools.schemas.errors import SchemasError
from tools.schemas.licences import check_licence, spdx
from tools.schemas.patches import patched
from tools.schemas.prune import pruned
from tools.schemas.since import fields_since
from tools.schemas.sources import Package, Release, Source, read_sources

SOURCES = """
[wells]
title = "Wells"
origin = "example.com/wells"
licence = "Apache-2.0"
files = ["crds/*.yaml"]
releases = [
    { version = "v1.10.0", checksum = "h1:b" },
    { version = "v1.9.0", checksum = "h1:a" },
    { release = "1.10.0-experimental", version = "v1.10.0", checksum = "h1:b", channel = "experimental" },
]
"""


def a_source(*names: str) -> Source:
    """A source of a name with releases of names."""
    releases = tuple(
        Release("wells", name, "crds", "example.com/wells", f"v{name}", "h1:x", "MIT", name.partition("-")[2], {})
        for name in names
    )
    return Source("wells", "Wells", releases)


def a_definition(*versions: dict[str, Any], kind: str = "Well") -> dict[str, Any]:
    """A definition with versions."""
    names = {"plural": f"{kind.lower()}s", "singular": kind.lower(), "kind": kind, "listKind": f"{kind}List"}
    spec = {"group": "example.com", "names": names, "scope": "Namespaced", "versions": list(versions)}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "spec": spec}


def a_version(name: str, schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A version of a definition."""
    return {"name": name, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}, **more}


def an_object(**properties: Any) -> dict[str, Any]:
    """The schema of an object."""
    return {"type": "object", "properties": properties}


TEXT = {"type": "string"}


# --- what is kept -----------------------------------------------------------------------------------------------------


def test_prose_goes_wherever_a_schema_can_stand() -> None:
    """Descriptions, titles, examples and external docs are dropped from a schema and from every schema in it."""
    prose = {"description": "a", "title": "b", "example": 1, "examples": [2], "externalDocs": {"url": "c"}}
    schema = {
        **prose,
        "type": "object",
        "properties": {"a": {**prose, "type": "array", "items": {**prose, "type": "string"}}},
        "additionalProperties": {**prose, "type": "string"},
        "allOf": [{**prose, "required": ["a"]}],
        "anyOf": [{**prose, "not": {**prose, "required": ["b"]}}],
    }
    assert pruned(schema) == {
        "type": "object",
        "properties": {"a": {"type": "array", "items": {"type": "string"}}},
        "additionalProperties": {"type": "string"},
        "allOf": [{"required": ["a"]}],
        "anyOf": [{"not": {"required": ["b"]}}],
    }


def test_properties_with_the_names_of_prose_stay() -> None:
    """A field called description, title or example is a field."""
    schema = an_object(description=TEXT, title=TEXT, example=TEXT, examples=TEXT, externalDocs=TEXT)
    assert pruned(schema) == schema


def test_what_is_not_a_schema_is_left_as_it_is() -> None:
    """Defaults and the values of an enum are data; rules keep their messages; the order of keys stays."""
    schema = {
        "default": {"description": "d", "title": "t"},
        "enum": [{"description": "d"}],
        "x-kubernetes-validations": [{"rule": "self > 1", "message": "must be more", "fieldPath": ".a"}],
        "type": "object",
        "x-kubernetes-list-map-keys": ["title"],
    }
    assert list(pruned(schema).items()) == list(schema.items())


# --- since when -------------------------------------------------------------------------------------------------------


def test_a_field_that_an_older_release_lacks_is_named_with_the_release_that_brought_it() -> None:
    """The oldest release from which on the field is always there; fields that all have are not named."""
    old = an_object(spec=an_object(a=TEXT))
    middle = an_object(spec=an_object(a=TEXT, b=TEXT))
    new = an_object(spec=an_object(a=TEXT, b=TEXT, c=TEXT))
    assert fields_since([("1.2.0", new), ("1.1.0", middle), ("1.0.0", old)]) == [
        (["spec", "b"], "1.1.0"),
        (["spec", "c"], "1.2.0"),
    ]


def test_only_the_topmost_field_is_named() -> None:
    """What stands below a new field came with it."""
    new = an_object(spec=an_object(deep=an_object(a=an_object(b=TEXT))))
    assert fields_since([("1.1.0", new), ("1.0.0", an_object(spec=an_object()))]) == [(["spec", "deep"], "1.1.0")]


def test_a_field_that_came_later_than_what_it_stands_in_is_named_too() -> None:
    """A release may have the outer field and lack the inner one."""
    new = an_object(outer=an_object(inner=TEXT))
    middle = an_object(outer=an_object())
    assert fields_since([("1.2.0", new), ("1.1.0", middle), ("1.0.0", an_object())]) == [
        (["outer"], "1.1.0"),
        (["outer", "inner"], "1.2.0"),
    ]


def test_lists_and_maps_are_looked_into() -> None:
    """``[]`` stands for a list's items, ``{}`` for a map's values."""

    def schema(*names: str) -> dict[str, Any]:
        item = an_object(**dict.fromkeys(names, TEXT))
        return an_object(a={"type": "array", "items": item}, b={"type": "object", "additionalProperties": item})

    assert fields_since([("2.0", schema("x", "y")), ("1.0", schema("x"))]) == [
        (["a", "[]", "y"], "2.0"),
        (["b", "{}", "y"], "2.0"),
    ]


def test_what_keeps_unknown_fields_lacks_none() -> None:
    """An older release that keeps whatever is written refuses nothing."""
    old = an_object(spec={"type": "object", "x-kubernetes-preserve-unknown-fields": True})
    assert fields_since([("2.0", an_object(spec=an_object(a=TEXT))), ("1.0", old)]) == []


def test_a_field_that_was_gone_for_a_release_is_there_from_its_return_on() -> None:
    """A release before the gap does not count."""
    with_it, without = an_object(a=TEXT), an_object()
    found = fields_since([("1.3", with_it), ("1.2", with_it), ("1.1", without), ("1.0", with_it)])
    assert found == [(["a"], "1.2")]


# --- the folder -------------------------------------------------------------------------------------------------------


def read(folder: Path, path: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The header and the schemas of a kind's file."""
    head, *lines = gzip.decompress((folder / path).read_bytes()).decode().splitlines()
    return json.loads(head), [json.loads(line) for line in lines]


def test_identical_schemas_stand_once(tmp_path: Path) -> None:
    """Releases and versions point at lines; what only a reader needs makes no difference."""
    same, other = an_object(a=TEXT), an_object(a=TEXT, b=TEXT)
    described = {**same, "description": "words"}
    source = a_source("2.0", "1.0")
    found = [
        (source.releases[0], [a_definition(a_version("v1", other), a_version("v1beta1", same, storage=False))]),
        (source.releases[1], [a_definition(a_version("v1", described))]),
    ]
    write_kinds(tmp_path, kind_files(source, found))
    header, schemas = read(tmp_path, "example.com/well.jsonl.gz")
    assert schemas == [other, same]
    assert header == {
        "group": "example.com",
        "kind": "Well",
        "source": "wells",
        "title": "Wells",
        "scope": "Namespaced",
        "names": {"plural": "wells", "singular": "well", "kind": "Well", "listKind": "WellList"},
        "releases": [
            {
                "release": "2.0",
                "versions": [
                    {"name": "v1", "served": True, "storage": True, "schema": 1},
                    {"name": "v1beta1", "served": True, "storage": False, "schema": 2},
                ],
            },
            {"release": "1.0", "versions": [{"name": "v1", "served": True, "storage": True, "schema": 2}]},
        ],
        "since": {"v1": [[["b"], "2.0"]]},
    }


def test_a_version_says_what_its_definition_says(tmp_path: Path) -> None:
    """Subresources, deprecation with its words, and unknown fields that the whole definition keeps."""
    source = a_source("1.0")
    definition = a_definition(
        a_version("v2", an_object(), subresources={"status": {}}),
        a_version("v1", an_object(), deprecated=True, deprecationWarning="use v2", served=False, storage=False),
        a_version("v0", an_object(), deprecated=True, storage=False),
    )
    definition["spec"]["preserveUnknownFields"] = True
    write_kinds(tmp_path, kind_files(source, [(source.releases[0], [definition])]))
    header, _ = read(tmp_path, "example.com/well.jsonl.gz")
    assert header["releases"][0]["versions"] == [
        {"name": "v2", "served": True, "storage": True, "schema": 1, "subresources": {"status": {}}, "preserve": True},
        {"name": "v1", "served": False, "storage": False, "schema": 1, "deprecated": "use v2", "preserve": True},
        {"name": "v0", "served": True, "storage": False, "schema": 1, "deprecated": "", "preserve": True},
    ]


def test_a_side_channel_takes_no_part_in_since(tmp_path: Path) -> None:
    """Its fields are not new ones of the project, and it is told apart in both files."""
    source = a_source("1.1", "1.0", "1.1-experimental")
    found = [
        (source.releases[0], [a_definition(a_version("v1", an_object(a=TEXT)))]),
        (source.releases[1], [a_definition(a_version("v1", an_object(a=TEXT)))]),
        (source.releases[2], [a_definition(a_version("v1", an_object(a=TEXT, b=TEXT)))]),
    ]
    write_kinds(tmp_path, kind_files(source, found))
    write_index(tmp_path, [source])
    header, _ = read(tmp_path, "example.com/well.jsonl.gz")
    assert header["since"] == {}
    assert [release.get("channel") for release in header["releases"]] == [None, None, "experimental"]
    index = json.loads((tmp_path / "index.json").read_text(encoding="utf-8"))
    listed = index["sources"]["wells"]["releases"]
    assert [release.get("channel") for release in listed] == [None, None, "experimental"]


def test_a_kind_that_a_release_defines_twice_is_refused() -> None:
    """Nobody could say which of the two is meant."""
    source = a_source("1.0")
    twice = [a_definition(a_version("v1", an_object()))] * 2
    with pytest.raises(SchemasError, match=r"^wells 1\.0 defines Well of example\.com twice$"):
        kind_files(source, [(source.releases[0], twice)])


def test_a_version_without_a_schema_is_refused() -> None:
    """It would be read as one that takes everything."""
    source = a_source("1.0")
    definition = a_definition({"name": "v1", "served": True, "storage": True})
    with pytest.raises(SchemasError, match=r"^wells 1\.0 defines a version v1 without a schema$"):
        kind_files(source, [(source.releases[0], [definition])])


def test_the_index_has_a_line_for_each_kind_and_each_release(tmp_path: Path) -> None:
    """What was added can be read from a difference; unserved versions name no release."""
    source = a_source("2.0", "1.0")
    versions = [a_version("v1", an_object()), a_version("v1beta1", an_object(), served=False, storage=False)]
    found = [
        (source.releases[0], [a_definition(*versions), a_definition(versions[0], kind="Bucket")]),
        (source.releases[1], [a_definition(versions[0])]),
    ]
    write_kinds(tmp_path, kind_files(source, found))
    write_index(tmp_path, [source])
    text = (tmp_path / "index.json").read_text(encoding="utf-8")
    common = '"scope":"Namespaced","source":"wells"'
    assert text.splitlines()[1:] == [
        '"sources":{',
        '"wells":{"title":"Wells","releases":[',
        '{"release":"2.0","origin":"example.com/wells","version":"v2.0","licence":"MIT"},',
        '{"release":"1.0","origin":"example.com/wells","version":"v1.0","licence":"MIT"}',
        "]}",
        "},",
        '"kinds":[',
        f'{{"group":"example.com","kind":"Bucket","plural":"buckets",{common},"versions":{{"v1":["2.0"]}}}},',
        f'{{"group":"example.com","kind":"Well","plural":"wells",{common},"versions":{{"v1":["2.0","1.0"]}}}}',
        "]}",
    ]
    assert json.loads(text)["format"] == 1


def test_two_runs_write_the_same_bytes_and_the_digest_changes_with_a_schema(tmp_path: Path) -> None:
    """Nothing but the content matters, and any content does."""
    source = a_source("1.0")
    one = [(source.releases[0], [a_definition(a_version("v1", an_object(a=TEXT)))])]
    other = copy.deepcopy(one)
    other[0][1][0]["spec"]["versions"][0]["schema"]["openAPIV3Schema"] = an_object(b=TEXT)
    digests = []
    for name, found in (("first", one), ("second", one), ("third", other)):
        write_kinds(tmp_path / name, kind_files(source, found))
        write_index(tmp_path / name, [source])
        digests.append(json.loads((tmp_path / name / "index.json").read_text(encoding="utf-8"))["digest"])
    files = ("index.json", "example.com/well.jsonl.gz")
    assert [(tmp_path / "first" / file).read_bytes() for file in files] == [
        (tmp_path / "second" / file).read_bytes() for file in files
    ]
    assert digests[0] == digests[1] != digests[2]


def test_a_kind_that_is_gone_leaves_nothing(tmp_path: Path) -> None:
    """Its file is removed, and its group's folder with the last of them."""
    source = a_source("1.0")
    write_kinds(tmp_path, kind_files(source, [(source.releases[0], [a_definition(a_version("v1", an_object()))])]))
    remove_kinds(tmp_path, [path for path, _, _ in headers(tmp_path)])
    assert list(tmp_path.iterdir()) == []


# --- what is read -----------------------------------------------------------------------------------------------------


def test_definitions_are_found_among_other_objects() -> None:
    """Documents that are something else are left; YAML is read as the API server reads it."""
    text = (
        b"kind: Namespace\napiVersion: v1\n---\n"
        b"apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
        b"spec: {group: example.com, versions: [{served: yes}]}\n---\n"
    )
    (found,) = definitions_in(text, "wells.yaml")
    assert found["spec"] == {"group": "example.com", "versions": [{"served": True}]}


def test_a_definition_of_an_old_form_is_refused() -> None:
    """Its schema stands elsewhere and means something else."""
    text = b"apiVersion: apiextensions.k8s.io/v1beta1\nkind: CustomResourceDefinition\nspec: {}\n"
    with pytest.raises(SchemasError, match=r"^wells\.yaml holds a CustomResourceDefinition of apiextensions\.k8s\.io/"):
        definitions_in(text, "wells.yaml")


def test_a_file_that_cannot_be_read_is_named_with_the_line() -> None:
    """Templates of a chart are no YAML."""
    with pytest.raises(SchemasError, match=r"^wells\.yaml cannot be read: line 2: "):
        definitions_in(b"a: 1\nb: [\n", "wells.yaml")


def test_a_patch_adds_replaces_and_removes() -> None:
    """As kustomize applies it to the definitions before a release."""
    data = {"a": {"b/c": [1, 2]}, "d": 1, "e": 2}
    patch = [
        {"op": "add", "path": "/a/b~1c/-", "value": 3},
        {"op": "add", "path": "/a/b~1c/0", "value": 0},
        {"op": "replace", "path": "/d", "value": 4},
        {"op": "remove", "path": "/e"},
    ]
    assert patched(data, patch, "patch.yaml") == {"a": {"b/c": [0, 1, 2, 3]}, "d": 4}
    assert data == {"a": {"b/c": [1, 2]}, "d": 1, "e": 2}


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "remove", "path": "/missing"},
        {"op": "replace", "path": "/missing", "value": 1},
        {"op": "add", "path": "/missing/below", "value": 1},
        {"op": "move", "path": "/d", "from": "/e"},
    ],
)
def test_a_patch_that_does_not_fit_is_refused(operation: dict[str, Any]) -> None:
    """What it is written for is not there any more, or it does what is not known here."""
    with pytest.raises(SchemasError, match=r"^patch\.yaml does not fit: "):
        patched({"d": 1}, [operation], "patch.yaml")


def test_sources_are_read_with_what_their_releases_have_in_common(tmp_path: Path) -> None:
    """A release says what differs; its name follows from its version."""
    file = tmp_path / "sources.toml"
    file.write_text(SOURCES, encoding="utf-8")
    (source,) = read_sources(file)
    newest, older, side = source.releases
    assert newest == Release(
        "wells", "1.10.0", "crds", "example.com/wells", "v1.10.0", "h1:b", "Apache-2.0", "", {"files": ["crds/*.yaml"]}
    )
    assert (older.name, older.checksum) == ("1.9.0", "h1:a")
    assert (side.name, side.channel) == ("1.10.0-experimental", "experimental")


def test_a_release_may_be_made_of_several_packages(tmp_path: Path) -> None:
    """Each of them is pinned; the release itself need not be where it is not to be had."""
    file = tmp_path / "sources.toml"
    package = '{ origin = "example.com/well/api", version = "v0.3.0", checksum = "h1:c" }'
    release = f'version = "v1.9.0", checksum = "h1:a", packages = [{package}]'
    file.write_text(SOURCES.replace('version = "v1.9.0", checksum = "h1:a"', release), encoding="utf-8")
    assert read_sources(file)[0].releases[1].packages == (Package("example.com/well/api", "v0.3.0", "h1:c"),)
    file.write_text(file.read_text().replace(', checksum = "h1:a"', ""), encoding="utf-8")
    assert read_sources(file)[0].releases[1].checksum == ""
    file.write_text(file.read_text().replace(', checksum = "h1:c"', ""), encoding="utf-8")
    with pytest.raises(SchemasError, match=r"^a release of the source wells has no checksum$"):
        read_sources(file)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('licence = "Apache-2.0"\n', "", "a release of the source wells has no licence"),
        ('checksum = "h1:a" ', 'checksum = "" ', "a release of the source wells has no checksum"),
        ('title = "Wells"\n', "", "the source wells has no title"),
        ("v1.10.0", "v1.8.0", "the releases of wells must stand newest first, side channels last: "),
        ("v1.9.0", "v1.10.0", "the source wells has the release 1.10.0 twice"),
        ("v1.9.0", "main", "the source wells has the release 'main'; a release is numbers, such as 1.2.3"),
        (', channel = "experimental"', "", "the release 1.10.0-experimental of wells and its channel '' do not say"),
        ('title = "Wells"', 'title = "Wells"\nform = "../x"', "the source wells has the form '../x', which cannot be"),
        ("[wells]", "[wells", "sources.toml is not TOML: "),
    ],
)
def test_sources_that_do_not_say_what_they_must_are_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    """Nothing is derived from what is not pinned or licensed, or stands in a wrong order."""
    file = tmp_path / "sources.toml"
    assert old in SOURCES
    file.write_text(SOURCES.replace(old, new), encoding="utf-8")
    with pytest.raises(SchemasError) as raised:
        read_sources(file)
    assert str(raised.value).startswith(message)


def test_a_licence_that_has_changed_is_refused() -> None:
    """What is written down of a publication must still be so."""
    text = "   Apache License\n   Version 2.0, January 2004\n"
    assert spdx(text) == "Apache-2.0"
    release = a_source("1.0").releases[0]
    with pytest.raises(SchemasError, match=r"^wells 1\.0 is published under Apache-2\.0, not MIT$"):
        check_licence(release, text)
    with pytest.raises(SchemasError, match=r"^wells 1\.0 is published under an unknown licence, not MIT$"):
        check_licence(release, "All rights reserved.")


def test_the_table_stands_between_its_markers(tmp_path: Path) -> None:
    """What stands around it stays; a page without the markers is refused."""
    source = a_source("2.0", "1.0")
    found = [(release, [a_definition(a_version("v1", an_object()))]) for release in source.releases]
    write_kinds(tmp_path, kind_files(source, found))
    write_index(tmp_path, [source])
    page = with_table("before\n<!-- carried -->\nold\n<!-- /carried -->\nafter\n", table(tmp_path))
    assert page == (
        "before\n<!-- carried -->\n\n"
        "Projects: 1. Kinds: 1.\n\n"
        "| project | kinds | releases | read from | licence |\n|---|---|---|---|---|\n"
        "| Wells | 1 | 2.0, 1.0 | `example.com/wells` | MIT |\n\n"
        "### Kinds and API versions\n\n"
        "<details><summary>Wells</summary>\n\n- `example.com`: Well (v1)\n\n</details>\n\n"
        "<!-- /carried -->\nafter\n"
    )
    with pytest.raises(SchemasError, match=r"^docs/schemas\.md lacks the marker"):
        with_table("nothing", "")
