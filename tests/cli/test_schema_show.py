"""``gategit schema show``: what judges a kind, its fields, and what is said where there is no such thing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from gategit.checks.schema import ecosystem
from gategit.cli.schema import app
from gategit.cluster.snapshot import encode
from gategit.errors import GategitError
from tests.cli.test_schema_add import definition, snapshot
from tests.conftest import RepositoryBuilder

FIELDS: dict[str, Any] = {
    "required": ["spec"],
    "properties": {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"type": "object"},
        "spec": {
            "type": "object",
            "required": ["size", "parts"],
            "x-kubernetes-validations": [
                {"rule": "self.size < 5\n || has(self.mode)", "message": "large needs a mode"}
            ],
            "properties": {
                "size": {"type": "integer", "minimum": 1, "maximum": 9, "default": 3},
                "mode": {"type": "string", "enum": ["Fast", "Slow", ""], "nullable": True},
                "labels": {"type": "object", "additionalProperties": {"type": "string", "maxLength": 63}},
                "port": {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]},
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                "parts": {
                    "type": "array",
                    "maxItems": 4,
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["name"],
                    "items": {
                        "type": "object",
                        "required": ["name"],
                        "properties": {
                            "name": {
                                "type": "string",
                                "pattern": "^[a-z]([-a-z0-9]*[a-z0-9])?(?:\\.[a-z0-9]+)*(x|y|z)?$",
                            },
                            "when": {"type": "string", "format": "date-time"},
                        },
                    },
                },
            },
        },
        "status": {"type": "object", "properties": {"ready": {"type": "boolean"}}},
    },
}

WIDGET = """\
Widget  example.com/v1
judged by  the CustomResourceDefinition in crds/widget.yaml
scope      in namespaces
versions   v1
rules      1 CEL rule, which only an API server evaluates

apiVersion  string
kind        string
metadata    object
spec        object, required, 1 CEL rule
  size    integer, required, 1 to 9, default 3
  mode    string, one of Fast | Slow | "", may be null
  labels  map[string]string, each at most 63 characters
  port    integer or string
  free    object, keeps any field
  parts   []object, required, at most 4 entries, told apart by name
    name  string, required
          matches ^[a-z]([-a-z0-9]*[a-z0-9])?(?:\\.[a-z0-9]+)*(x|y|z)?$
    when  string, date-time
status      object, 1 field below
"""


@pytest.fixture(autouse=True)
def repository(git_repository: RepositoryBuilder, monkeypatch: pytest.MonkeyPatch) -> RepositoryBuilder:
    """A repository that defines a kind; the current folder."""
    git_repository.commit("start", {"crds/widget.yaml": json.dumps(definition("Widget", **FIELDS))})
    monkeypatch.chdir(git_repository.folder)
    return git_repository


def run(*arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(app, ["show", *arguments])


def shown(*arguments: str) -> str:
    """Run the command, which must succeed; what it prints."""
    result = run(*arguments)
    assert result.exit_code == 0, result.exception
    return result.stdout


def refused(*arguments: str) -> tuple[str, str]:
    """Run a command that must fail as an expected error with exit code 2: message and hint."""
    error = run(*arguments).exception
    assert isinstance(error, GategitError)
    assert error.exit_code == 2
    return error.message, error.hint


def test_a_definition_in_the_repository() -> None:
    """Origin, scope, versions, and every field with all that is asked of it."""
    assert shown("widget") == WIDGET
    assert all(len(line) <= 80 for line in WIDGET.splitlines())


def test_one_field_in_full() -> None:
    """With patterns and CEL rules as they are written; lists are passed through."""
    head = "judged by  the CustomResourceDefinition in crds/widget.yaml\n"
    assert shown("widgets", "--field", "spec", "--depth", "1") == (
        f"Widget  example.com/v1  spec\n{head}"
        "value    object, required, 1 CEL rule\n"
        "CEL      self.size < 5 || has(self.mode)\n"
        "         else: large needs a mode\n"
        "\n"
        "size    integer, required, 1 to 9, default 3\n"
        'mode    string, one of Fast | Slow | "", may be null\n'
        "labels  map[string]string, each at most 63 characters\n"
        "port    integer or string\n"
        "free    object, keeps any field\n"
        "parts   []object, required, at most 4 entries, told apart by name, 2 fields\n"
        "        below\n"
    )
    for path in ("spec.parts.name", "spec.parts[0].name", 'spec["parts"][].name'):
        assert shown("widget", "--field", path) == (
            f"Widget  example.com/v1  spec.parts.name\n{head}"
            "value    string, required\n"
            "matches  ^[a-z]([-a-z0-9]*[a-z0-9])?(?:\\.[a-z0-9]+)*(x|y|z)?$\n"
        )


def test_the_schema_itself() -> None:
    """As its source has it; with a field, its part."""
    assert json.loads(shown("widget", "--format", "json")) == {"type": "object", **FIELDS}
    part = FIELDS["properties"]["spec"]["properties"]["parts"]
    assert json.loads(shown("widget", "--format", "json", "--field", "spec.parts")) == part


def test_a_carried_kind() -> None:
    """Where it was read, under which licence, what it is called, and which releases serve which version."""
    project = ecosystem.index().sources["argo-cd"]
    release = project.releases[0]
    lines = shown("application", "--depth", "1").splitlines()
    assert lines[:2] == [
        "Application  argoproj.io/v1alpha1",
        f"judged by  Argo CD {release.name} ({release.origin} {release.version}, {release.licence})",
    ]
    assert "called     applications, app, apps" in lines
    versions = next(line for line in lines if line.startswith("versions "))
    assert versions.startswith(f"versions   v1alpha1  Argo CD {release.name}")


def test_another_release_than_the_one_that_judges(repository: RepositoryBuilder) -> None:
    """A release is shown whatever judges here; what gategit carries is named where something else judges."""
    carried = ecosystem.carried("argoproj.io", "Application")
    assert carried is not None
    oldest, newest = carried.releases[-1].name, carried.releases[0].name
    repository.write("crds/application.yaml", json.dumps(definition("Application", "argoproj.io")))
    here = shown("application.argoproj.io").splitlines()
    assert here[1] == "judged by  the CustomResourceDefinition in crds/application.yaml"
    assert f"carried    Argo CD {newest} too; --release {newest} shows that" in here
    other = shown("application.argoproj.io", "--release", oldest, "--depth", "1").splitlines()
    assert other[0] == "Application  argoproj.io/v1alpha1"
    assert other[1].startswith(f"judged by  Argo CD {oldest} (")
    message, hint = refused("application.argoproj.io", "--release", "0.1")
    assert message == "gategit carries no Argo CD 0.1 with Application"
    assert hint.startswith(f"use one of: {newest}")
    assert refused("widget", "--release", "1") == ("gategit carries no release of Widget", "leave --release out")


def test_fields_that_are_newer_than_other_releases_say_so() -> None:
    """Since when a field is there, of the newest release."""
    index = ecosystem.index()
    for kind in index.kinds:
        carried = ecosystem.carried(kind.group, kind.kind)
        assert carried is not None
        for version, fields in carried.since.items():
            plain = [
                (path, release) for path, release in fields if not {"[]", "{}"} & set(path) and "." not in path[-1]
            ]
            if plain and carried.releases[0].serves(version) and plain[0][0][0] == "spec":
                path, release = plain[0]
                name = f"{kind.kind}.{kind.group}"
                found = shown(name, "--api-version", version, "--field", ".".join(path), "--depth", "1")
                assert f"since {release}" in " ".join(found.split())
                return
    raise AssertionError("no carried kind has a field that is newer than another release")


def test_targets_that_are_judged_otherwise_are_named(repository: RepositoryBuilder) -> None:
    """By the releases that the config says they run."""
    flux = ecosystem.index().sources["flux"]
    newest, older = flux.releases[0].name, flux.releases[1].name
    repository.write(
        ".gategit.yaml",
        f'version: 1\ntargets: {{prod: {{paths: ["prod/**"], releases: {{flux: "{older}"}}}}, '
        f'test: {{paths: ["test/**"]}}}}\n',
    )
    lines = shown("gitrepository", "--depth", "1").splitlines()
    assert lines[1].startswith(f"judged by  Flux {newest} ")
    assert f"           for target prod: Flux {older}" in lines
    assert not [line for line in lines if "target test" in line]
    lines = shown("gitrepository", "--depth", "1", "--target", "prod").splitlines()
    assert lines[1].startswith(f"judged by  Flux {older} ")


def test_a_kind_of_kubernetes() -> None:
    """Its fields come from Kubernetes' own schemas, and it goes before other kinds of its name."""
    lines = shown("svc", "--kubernetes-version", "1.34", "--field", "spec.ports").splitlines()
    assert lines[:3] == ["Service  v1  spec.ports", "judged by  Kubernetes 1.34", "value    []object"]
    assert "port         integer, required, 1 to 65535" in lines
    assert "scope      cluster-wide" in shown("clusterrole", "--depth", "1").splitlines()
    assert shown("service", "--depth", "1").startswith("Service  v1\n")


def test_what_an_export_of_the_cluster_publishes(repository: RepositoryBuilder) -> None:
    """Objects are judged by it, so it is shown; with the form that they are validated with."""
    resource = {
        "group": "example.com",
        "version": "v2",
        "kind": "Cog",
        "plural": "cogs",
        "namespaced": False,
        "verbs": [],
    }
    schemas = {
        "Cog": {"type": "object", "properties": {"spec": {"type": "object", "properties": {"a": {"type": "integer"}}}}}
    }
    exported = snapshot(
        [], kubernetes="v1.34.1", resources=[resource], kinds={"example.com/v2": {"Cog": "Cog"}}, schemas=schemas
    )
    repository.write("gate/prod.json", encode(exported))
    repository.write(".gategit.yaml", 'version: 1\ntargets: {prod: {paths: ["prod/**"], snapshot: gate/prod.json}}\n')
    assert shown("cogs", "--target", "prod") == (
        "Cog  example.com/v2\n"
        "judged by  the snapshot gate/prod.json\n"
        "scope      cluster-wide\n"
        "versions   v2\n"
        "\n"
        "spec        object\n"
        "  a  integer\n"
        "apiVersion  string\n"
        "kind        string\n"
        "metadata    object, 15 fields below\n"
    )
    assert refused("cogs") == (
        "there is no schema for cogs but for the target prod",
        "say which one is meant: --target prod",
    )


def test_a_schema_that_holds_itself_ends() -> None:
    """A definition is opened once on the way down."""
    lines = shown("crd", "--field", "spec.versions.schema.openAPIV3Schema", "--depth", "2").splitlines()
    assert [line for line in lines if line.startswith("not ")] == [
        line for line in lines if line.startswith("not ") and line.endswith("as further up")
    ]


def test_a_schema_without_fields(repository: RepositoryBuilder) -> None:
    """That is said."""
    repository.write(".gategit.yaml", "version: 1\nschemas: {folders: [gate/crds]}\n")
    repository.write("gate/crds/example.com/gadget_v1.json", '{"type": "object"}')
    assert shown("gadget") == (
        "gadget  example.com/v1\n"
        "judged by  gate/crds/example.com/gadget_v1.json\n"
        "scope      not known from this schema\n"
        "versions   v1\n"
        "\n"
        "The schema names no fields: any are taken.\n"
    )


def test_what_a_definition_says_cannot_command_a_terminal(repository: RepositoryBuilder) -> None:
    """Names and values come from the repository."""
    odd = {"type": "string", "default": "\x1b[2J", "pattern": "a\u202eb"}
    text = json.dumps(definition("Widget", properties={"a\x1bb": odd}))
    repository.write("crds/widget.yaml", text)
    assert shown("widget").endswith('a\\x1bb  string, default "\\u001b[2J"\n        matches a\\u202eb\n')


def test_wrong_words_are_answered() -> None:
    """With the choices, the nearest name, and what to do."""
    message, hint = refused("gateway")
    assert message.startswith("gateway may be ")
    assert "Gateway.gateway.networking.k8s.io" in message
    assert hint == "name one of them with its group"
    assert refused("widgit")[0] == "there is no schema for widgit; did you mean Widget.example.com?"
    assert refused("widget", "--field", "spec.siez") == (
        "spec has no field siez; did you mean size?",
        "fields there: size, mode, labels, port, free, parts",
    )
    assert refused("widget", "--field", "spec.size.x") == (
        "spec.size has no field x",
        "the schema names no fields there",
    )
    assert refused("widget", "--field", "spec..size")[0] == "--field cannot be spec..size"
    assert refused("widget", "--api-version", "v2") == (
        "example.com/v2 Widget is not served by the CustomResourceDefinition",
        "use one of: v1",
    )
    assert refused("widget", "--api-version", "other.com/v1")[0] == (
        "--api-version other.com/v1: Widget is of the group example.com"
    )
    assert refused("widget", "--depth", "0")[0] == "--depth cannot be 0"
