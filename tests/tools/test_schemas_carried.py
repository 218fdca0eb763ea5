"""The folder of carried schemas as a whole: its index, files and sources say the same, and all of it is used."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from gategit.checks.schema.crd import structural
from tools.schemas.bundle import FOLDER, headers
from tools.schemas.carried import PAGE, table, with_table
from tools.schemas.sources import Release, read_sources

BUDGET = 4_500_000
"""The most bytes that the folder may take of the wheel."""

Kinds = dict[str, tuple[dict[str, Any], bytes]]


@pytest.fixture(scope="module")
def index() -> dict[str, Any]:
    """The index."""
    data: dict[str, Any] = json.loads((FOLDER / "index.json").read_text(encoding="utf-8"))
    return data


@pytest.fixture(scope="module")
def kinds() -> Kinds:
    """Each kind's header and content by its path."""
    return {path: (header, content) for path, header, content in headers(FOLDER)}


def test_the_index_names_every_file_and_no_other(index: dict[str, Any], kinds: Kinds) -> None:
    """A kind is found by its group and its name in lower case, and each stands once, in order."""
    indexed = [f"{kind['group']}/{kind['kind'].lower()}.jsonl.gz" for kind in index["kinds"]]
    assert sorted(indexed) == sorted(kinds)
    assert indexed == sorted(set(indexed))
    on_disk = {file.relative_to(FOLDER).as_posix() for file in FOLDER.rglob("*") if file.is_file()}
    assert on_disk == {"index.json", *kinds}


def test_the_index_says_what_the_headers_say(index: dict[str, Any], kinds: Kinds) -> None:
    """Source, scope, plural, and which releases serve which API version, the newest first."""
    for kind in index["kinds"]:
        header, _ = kinds[f"{kind['group']}/{kind['kind'].lower()}.jsonl.gz"]
        served: dict[str, list[str]] = {}
        for release in header["releases"]:
            for version in release["versions"]:
                if version["served"]:
                    served.setdefault(version["name"], []).append(release["release"])
        assert kind == {
            "group": header["group"],
            "kind": header["kind"],
            "plural": header["names"]["plural"],
            "scope": header["scope"],
            "source": header["source"],
            "versions": served,
        }
        assert header["title"] == index["sources"][header["source"]]["title"]
        order = [release["release"] for release in index["sources"][header["source"]]["releases"]]
        listed = [release["release"] for release in header["releases"]]
        assert listed == [release for release in order if release in listed]


def test_every_source_stands_in_the_index_with_all_of_its_releases_and_a_licence(index: dict[str, Any]) -> None:
    """What is pinned is carried: the index is of these sources."""
    assert index["sources"] == {
        source.name: {
            "title": source.title,
            "releases": [
                {
                    "release": release.name,
                    "origin": release.origin,
                    "version": release.version,
                    "licence": release.licence,
                    **({"channel": release.channel} if release.channel else {}),
                    **({"packages": packages} if (packages := packages_of(release)) else {}),
                }
                for release in source.releases
            ],
        }
        for source in read_sources()
    }


def packages_of(release: Release) -> list[dict[str, str]]:
    """The publications that a release is made of, where it is not one itself."""
    return [{"origin": one.origin, "version": one.version} for one in release.packages]


def test_every_schema_is_used_and_read(kinds: Kinds) -> None:
    """Each line is pointed at, is the schema of an object, and can be read by the check."""
    for path, (header, content) in kinds.items():
        _, *lines = content.decode().rstrip("\n").split("\n")
        used = {version["schema"] for release in header["releases"] for version in release["versions"]}
        assert used == set(range(1, len(lines) + 1)), path
        for line in lines:
            schema = json.loads(line)
            assert not _prose(schema), path
            assert structural(schema, {}).schema["type"] == ["object"], path


def _prose(schema: Any) -> bool:
    """Whether a schema, or one in it, has a description that is a text."""
    if isinstance(schema, dict):
        return isinstance(schema.get("description"), str) or any(
            _prose(value) for key, value in schema.items() if key not in ("default", "enum", "x-kubernetes-validations")
        )
    return isinstance(schema, list) and any(_prose(value) for value in schema)


def test_since_names_fields_that_are_there_and_releases_that_serve_the_version(kinds: Kinds) -> None:
    """Each field stands in the newest schema, and its release is a carried one that is not the oldest."""
    for path, (header, content) in kinds.items():
        lines = content.decode().split("\n")
        for version, fields in header["since"].items():
            serving = [
                (release["release"], one["schema"])
                for release in header["releases"]
                for one in release["versions"]
                if one["name"] == version and one["served"] and "channel" not in release
            ]
            newest = json.loads(lines[serving[0][1]])
            assert len({tuple(field) for field, _ in fields}) == len(fields), path
            for field, release in fields:
                assert release in [name for name, _ in serving[:-1]], (path, field)
                assert _has(newest, field), (path, field)


def _has(schema: Any, field: list[str]) -> bool:
    """Whether a schema has a field."""
    for step in field:
        places = {"[]": schema.get("items"), "{}": schema.get("additionalProperties")}
        schema = places.get(step, schema.get("properties", {}).get(step))
        if not isinstance(schema, dict):
            return False
    return True


def test_the_folder_is_small(kinds: Kinds) -> None:
    """A wheel stays a small download; compressed files do not get smaller in it."""
    size = len(gzip.compress((FOLDER / "index.json").read_bytes()))
    assert size + sum((FOLDER / path).stat().st_size for path in kinds) < BUDGET


def test_files_say_nothing_of_when_and_where_they_were_written(kinds: Kinds) -> None:
    """Two runs on the same publications write the same bytes."""
    for path in kinds:
        start = (FOLDER / path).read_bytes()[:10]
        assert start[3:8] == b"\0\0\0\0\0", f"{path} has a name or a time"


def test_the_page_says_what_is_carried() -> None:
    """`make schemas` writes the table."""
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_table(page, table())
