"""What is listed is what judges."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gategit.checks.schema import ecosystem
from gategit.checks.schema.known import KnownKind, Where, chosen, known_kinds, stability, where_from
from gategit.checks.schema.spec import KindSchema, SchemaSet, SchemaSpec
from gategit.cluster.snapshot import Snapshot, encode, load_snapshot
from tests.cli.test_schema_add import definition, snapshot


def check(schemas: SchemaSet, rows: list[KnownKind]) -> None:
    """Hold what is listed against what is found when an object is checked."""
    for row in rows:
        group, kind = row.name.group, row.name.kind
        for version in row.versions:
            found = schemas.find(f"{group}/{version}" if group else version, kind)
            assert isinstance(found, KindSchema), row
            assert (found.origin, where_from(schemas, group, kind, found)) == (row.origin, row.where)


def test_every_carried_kind_and_every_kind_of_kubernetes_is_listed_as_it_is_judged() -> None:
    """By the newest release; a third of them is enough."""
    schemas = SchemaSet(SchemaSpec(kubernetes_version="1.34"))
    check(schemas, known_kinds(schemas)[::3])


def test_pinned_releases_are_listed_as_they_judge() -> None:
    """With the oldest release of every project."""
    sources = ecosystem.index().sources
    pins = {name: [one.name for one in source.releases if not one.channel][-1] for name, source in sources.items()}
    schemas = SchemaSet(SchemaSpec(kubernetes_version="1.34", releases=tuple(sorted(pins.items()))))
    check(schemas, known_kinds(schemas)[1::5])


def exported(**more: Any) -> Snapshot:
    """An export with a definition, and with kinds of which it says only what the server publishes."""
    resources = [
        {"group": group, "version": "v1", "kind": kind, "plural": f"{kind.lower()}s", "namespaced": True, "verbs": []}
        for group, kind in (("example.com", "Widget"), ("example.com", "Gadget"), ("argoproj.io", "Cog"), ("apps", "X"))
    ]
    kinds = {"example.com/v1": {"Widget": "any", "Gadget": "any"}, "argoproj.io/v1": {"Cog": "any"}}
    data = snapshot(
        [definition("Widget")], resources=resources, kinds=kinds, schemas={"any": {"type": "object"}}, **more
    )
    return load_snapshot(encode({**data, "kubernetes": "v1.34.0"}), "prod.json")


def test_every_source_in_its_order() -> None:
    """A definition of the repository before the export, that before the folders, those before what is carried."""
    files = (
        ("gate/gadget.json", json.dumps(definition("Gadget")).encode()),
        ("gate/cog.json", json.dumps(definition("Cog")).encode()),
        ("gate/example.com/cog_v1.json", b"{}"),
        ("gate/example.com/bolt_v1.json", b"{}"),
        ("gate/example.com/bolt_v2.json", b"{}"),
    )
    schemas = SchemaSet(
        SchemaSpec(
            kubernetes_version="1.34",
            crds=(definition("Widget"), definition("Application", "argoproj.io")),
            crd_files=("crds/widget.yaml", "crds/application.yaml"),
            folder_schemas=files,
            snapshot=exported(),
        )
    )
    rows = [row for row in known_kinds(schemas) if row.name.group in {"example.com", "argoproj.io"}]
    check(schemas, rows)
    assert [(row.where, row.name.kind, row.versions) for row in rows if row.where is not Where.CARRIED] == [
        (Where.REPOSITORY, "Application", ("v1",)),
        (Where.REPOSITORY, "Widget", ("v1",)),
        (Where.SNAPSHOT, "Cog", ("v1",)),
        (Where.SNAPSHOT, "Gadget", ("v1",)),
        (Where.FOLDER, "Cog", ("v1",)),
        (Where.FOLDER, "bolt", ("v1",)),
        (Where.FOLDER, "bolt", ("v2",)),
    ]
    assert "Application" not in {row.name.kind for row in rows if row.where is Where.CARRIED}


@pytest.mark.parametrize(
    "versions",
    [["v2", "v1", "v1beta2", "v1beta1", "v1alpha10", "v1alpha2"], ["v10", "v9", "v11alpha1"], ["v1", "preview"]],
)
def test_the_most_stable_version_comes_first(versions: list[str]) -> None:
    """Then the newest, by number."""
    assert sorted(versions, key=stability) == versions


def test_a_schema_file_of_a_carried_kind_is_called_as_that_is() -> None:
    """Such files have kinds in lower case and say no short names."""
    schemas = SchemaSet(SchemaSpec(folder_schemas=(("gate/argoproj.io/appproject_v1alpha1.json", b"{}"),)))
    found = chosen(known_kinds(schemas), "appproj")
    assert [(one.name.full, one.where) for one in found] == [("AppProject.argoproj.io", Where.FOLDER)]


def test_a_kind_s_own_name_goes_before_short_names() -> None:
    """``HelmRelease`` has the short name ``hr``: a kind that is called so would be meant first."""
    schemas = SchemaSet(SchemaSpec(kubernetes_version="1.34", crds=(definition("Hr"),)))
    assert [one.name.full for one in chosen(known_kinds(schemas), "hr")] == ["Hr.example.com"]
    assert [one.name.full for one in chosen(known_kinds(schemas), "appproj")] == ["AppProject.argoproj.io"]
