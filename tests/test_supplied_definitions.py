"""Definitions that a sandbox is given: whose they are, which release judges, and what is said where releases differ."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from gategit import bundled
from gategit.checks.schema import ecosystem
from gategit.gate import run
from gategit.gate_rehearsal import rehearse
from gategit.gate_sandbox import filled_sandbox
from gategit.model import Level, Report, Stage
from gategit.request import Mode, Request
from tools.golang import built

SPARE = {"rule": "self.spare <= self.size", "message": "spare must not exceed size"}
LIMIT = {"rule": "self.size <= 5", "message": "size must not exceed 5"}


PART: dict[str, Any] = {
    "name": {"type": "string"},
    "count": {"type": "integer"},
    "tags": {"type": "array", "items": {"type": "string"}},
}
TIGHT: dict[str, Any] = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 3},
        "count": {"type": "string"},
        "tags": {**PART["tags"], "maxItems": 1},
    },
}


def schema(
    *rules: Mapping[str, str], modes: tuple[str, ...] = ("fast", "slow"), part: dict[str, Any] | None = None
) -> dict[str, Any]:
    """A schema with some CEL rules."""
    spec = {
        "type": "object",
        "x-kubernetes-validations": list(rules),
        "properties": {
            "size": {"type": "integer", "default": 1},
            "spare": {"type": "integer", "default": 0},
            "mode": {"type": "string", "enum": list(modes)},
            "part": part or {"type": "object", "properties": {**PART, "legacy": {"type": "string"}}},
        },
    }
    return {"type": "object", "properties": {"spec": spec}}


OLD, NEW = schema(SPARE), schema(SPARE, LIMIT, modes=("fast",), part=TIGHT)
BROKEN = {"type": "object", "properties": {"spec": {"description": "a schema without a type"}}}


DEFINITION = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: {lower}s.acme.io}}
spec:
  group: acme.io
  scope: Namespaced
  names: {{plural: {lower}s, singular: {lower}, kind: {kind}, listKind: {kind}List}}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties: {{size: {{type: integer}}}}
              x-kubernetes-validations: [{{rule: self.size <= {limit}, message: size must not exceed {limit}}}]
"""


def version(name: str, line: int, *, storage: bool = True, served: bool = True) -> dict[str, Any]:
    """An API version in a release."""
    return {"name": name, "served": served, "storage": storage, "schema": line}


def carry(folder: Path, kind: str, releases: Mapping[str, list[dict[str, Any]]], *schemas: dict[str, Any]) -> None:
    """Write the file of a kind."""
    lower = kind.lower()
    header = {
        "group": "acme.io",
        "kind": kind,
        "source": "acme",
        "title": "Acme",
        "scope": "Namespaced",
        "names": {"plural": f"{lower}s", "singular": lower, "kind": kind, "listKind": f"{kind}List"},
        "releases": [{"release": name, "versions": versions} for name, versions in releases.items()],
        "since": {},
    }
    text = "\n".join(json.dumps(one) for one in (header, *schemas))
    (folder / f"{lower}.jsonl.gz").write_bytes(gzip.compress(text.encode(), mtime=0))


@pytest.fixture(autouse=True)
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Carry the kinds of a project with two releases, and nothing else."""
    folder = tmp_path / "schemas" / "ecosystem" / "acme.io"
    folder.mkdir(parents=True)
    beta = version("v1beta1", 1, storage=False)
    carry(folder, "Widget", {"2.1.0": [version("v1", 2)], "1.4.2": [version("v1", 1), beta]}, OLD, NEW)
    carry(folder, "Gadget", {"2.1.0": [version("v1", 1)]}, BROKEN)
    releases = [
        {"release": name, "origin": "acme.io/api", "version": f"v{name}", "licence": "MIT"}
        for name in ("2.1.0", "1.4.2")
    ]
    index = {"format": 1, "digest": "", "sources": {"acme": {"title": "Acme", "releases": releases}}, "kinds": []}
    (folder.parent / "index.json").write_text(json.dumps(index), encoding="utf-8")
    monkeypatch.setattr(bundled, "schemas_folder", lambda: tmp_path / "schemas")
    ecosystem.carried.cache_clear()
    ecosystem.index.cache_clear()
    yield
    ecosystem.carried.cache_clear()
    ecosystem.index.cache_clear()


def widget(name: str, spec: str, *, version: str = "v1", kind: str = "Widget") -> str:
    """A manifest; ``spec`` is on line 4, and what stands in it on line 5."""
    return f"apiVersion: acme.io/{version}\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n  {spec}\n"


def request_for(tmp_path: Path, files: Mapping[str, str]) -> Request:
    """A request for a folder with some files, of which all are judged in a sandbox."""
    built("etcd")
    folder = tmp_path / "repository"
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Request(
        directory=folder,
        mode=Mode.ALL,
        dry_run="sandbox",
        assets=built("kube-apiserver").parent,
        stages=frozenset({Stage.SCHEMA, Stage.DRY_RUN}),
        use_cache=False,
    )


def judge(tmp_path: Path, files: Mapping[str, str]) -> Report:
    """What the gate says of a folder with a sandbox."""
    return run(request_for(tmp_path, files))


def results(report: Report) -> dict[str, str]:
    """What came of each object, by name."""
    assert report.dry_run is not None
    return {one.object.name or "": one.result.value for one in report.dry_run.outcomes}


def notes(report: Report) -> list[str]:
    """What is said of the sandbox."""
    assert report.dry_run is not None
    return [note for server in report.dry_run.servers for note in server.notes]


def refusals(report: Report) -> list[tuple[str, int, Level, str]]:
    """File, line, level and message of what the dry run found."""
    return [
        (one.location.file, one.location.region.line if one.location.region else 0, one.level, one.message)
        for one in report.findings
        if one.stage is Stage.DRY_RUN
    ]


def test_the_newest_release_judges_and_an_older_one_makes_it_a_warning(tmp_path: Path) -> None:
    """What every release refuses is an error; what one of them takes depends on the cluster, and nobody is blamed."""
    report = judge(
        tmp_path,
        {
            "good.yaml": widget("good", "size: 2"),
            "both.yaml": widget("both", "{size: 2, spare: 3}"),
            "rule.yaml": widget("rule", "size: 9"),
            "enum.yaml": widget("enum", "mode: slow"),
            "two.yaml": widget("two", "{size: 9, spare: 10}"),
            "type.yaml": widget("type", "size: big"),
        },
    )
    assert results(report) == {
        "good": "created",
        "both": "rejected",
        "rule": "deferred",
        "enum": "deferred",
        "two": "rejected",
        "type": "rejected",
    }
    said = "so says Acme 2.1.0, but 1.4.2 takes it"
    spare = "spec: Invalid value: spare must not exceed size (judged by Acme 2.1.0)"
    limit = f"spec: Invalid value: size must not exceed 5; {said}"
    mode = f'spec.mode: Unsupported value: "slow": supported values: "fast"; {said}'
    assert [one for one in refusals(report) if one[0] != "type.yaml"] == [
        ("both.yaml", 4, Level.ERROR, spare),
        ("enum.yaml", 5, Level.WARNING, mode),
        ("rule.yaml", 4, Level.WARNING, limit),
        ("two.yaml", 4, Level.WARNING, limit),
        ("two.yaml", 4, Level.ERROR, spare),
    ]
    [advice] = {one.help for one in report.findings if one.stage is Stage.DRY_RUN and one.level is Level.WARNING}
    assert advice.startswith("say in .gategit.yaml which release the cluster runs: ")
    assert notes(report) == ["kinds of 1 project are served from the schemas that gategit carries: Acme 2.1.0"]


def test_every_sort_of_difference_between_releases_is_seen(tmp_path: Path) -> None:
    """Unknown fields, missing ones, types, lengths and patterns: what an older release takes is no error."""
    parts = [
        "{name: a, legacy: x}",
        "{}",
        "{name: a, count: 1}",
        "{name: abcd}",
        "{name: A}",
        "{name: a, tags: [a, b]}",
    ]
    report = judge(
        tmp_path, {f"{number}.yaml": widget(f"w{number}", f"part: {part}") for number, part in enumerate(parts)}
    )
    assert set(results(report).values()) == {"deferred"}
    suffix = "; so says Acme 2.1.0, but 1.4.2 takes it"
    found = refusals(report)
    assert {(line, level) for _, line, level, _ in found} == {(5, Level.WARNING)}
    assert [message.removesuffix(suffix) for *_, message in found] == [
        "unknown field spec.part.legacy",
        "spec.part.name: Required value",
        'spec.part.count: Invalid value: "integer": spec.part.count in body must be of type string: "integer"',
        "spec.part.name: Too long: may not be more than 3 bytes",
        "spec.part.name: Invalid value: \"A\": spec.part.name in body should match '^[a-z]+$'",
        "spec.part.tags: Too many: 2: must have at most 1 item",
    ]


def test_the_release_that_the_config_names_judges_alone(tmp_path: Path) -> None:
    """Each target by its own; what that release refuses is an error, whatever others take."""
    config = """\
version: 1
targets:
  old: {paths: ["old/**"], releases: {acme: "1.4"}}
  new: {paths: ["new/**"], releases: {acme: "2.1"}}
"""
    files = {
        ".gategit.yaml": config,
        "old/a.yaml": widget("old", "{size: 9, mode: slow}"),
        "old/b.yaml": widget("beta", "size: 9", version="v1beta1"),
        "new/a.yaml": widget("new", "size: 9"),
        "new/b.yaml": widget("gone", "size: 1", version="v1beta1"),
    }
    report = judge(tmp_path, files)
    assert results(report) == {"old": "created", "beta": "created", "new": "rejected", "gone": "deferred"}
    assert refusals(report) == [
        ("new/a.yaml", 4, Level.ERROR, "spec: Invalid value: size must not exceed 5 (judged by Acme 2.1.0)")
    ]
    assert sorted(notes(report)) == [
        "kinds of 1 project are served from the schemas that gategit carries: Acme 1.4.2",
        "kinds of 1 project are served from the schemas that gategit carries: Acme 2.1.0",
    ]


def test_the_release_that_serves_all_wanted_versions_is_taken(tmp_path: Path) -> None:
    """The newest release does not serve v1beta1, so the one that serves both judges both."""
    report = judge(
        tmp_path, {"a.yaml": widget("a", "size: 9"), "b.yaml": widget("b", "{size: 9, spare: 10}", version="v1beta1")}
    )
    assert results(report) == {"a": "created", "b": "rejected"}
    assert refusals(report) == [
        ("b.yaml", 4, Level.ERROR, "spec: Invalid value: spare must not exceed size (judged by Acme 1.4.2)")
    ]


def test_definitions_of_the_repository_come_first(tmp_path: Path) -> None:
    """One in the tree before one in a folder of the config, and that before what gategit carries."""
    config = "version: 1\nschemas: {folders: [gate/crds]}\nexclude: [gate/**]\n"
    folder = DEFINITION.format(lower="widget", kind="Widget", limit=6)
    files = {
        ".gategit.yaml": config,
        "gate/crds/widget.yaml": folder,
        "gate/crds/gizmo.yaml": DEFINITION.format(lower="gizmo", kind="Gizmo", limit=6),
        "gizmo.yaml": DEFINITION.format(lower="gizmo", kind="Gizmo", limit=7),
        "a.yaml": widget("a", "size: 9"),
        "b.yaml": widget("b", "size: 9", kind="Gizmo"),
    }
    report = judge(tmp_path, files)
    assert results(report) == {"gizmos.acme.io": "created", "a": "rejected", "b": "rejected"}
    assert refusals(report) == [
        ("a.yaml", 4, Level.ERROR, "spec: Invalid value: size must not exceed 6"),
        ("b.yaml", 4, Level.ERROR, "spec: Invalid value: size must not exceed 7"),
    ]
    assert notes(report) == []


def test_a_schema_in_a_folder_leaves_its_kind_to_wait(tmp_path: Path) -> None:
    """It judges before what gategit carries, so a sandbox that knew the latter would judge by something else."""
    files = {
        ".gategit.yaml": "version: 1\nschemas: {folders: [gate/schemas]}\nexclude: [gate/**]\n",
        "gate/schemas/acme.io/widget_v1.json": json.dumps(OLD),
        "a.yaml": widget("a", "size: 9"),
    }
    assert results(judge(tmp_path, files)) == {"a": "deferred"}


def test_a_definition_that_the_server_refuses_is_a_note(tmp_path: Path) -> None:
    """Its objects wait as before, and so do the kinds of a group that nobody defines; the others are judged."""
    report = judge(
        tmp_path,
        {
            "a.yaml": widget("a", "size: 2"),
            "b.yaml": widget("b", "size: 2", kind="Gadget"),
            "c.yaml": widget("c", "size: 2", kind="Nobody"),
        },
    )
    assert results(report) == {"a": "created", "b": "deferred", "c": "deferred"}
    assert refusals(report) == []
    carried, refused = notes(report)
    assert carried == "kinds of 1 project are served from the schemas that gategit carries: Acme 2.1.0"
    assert refused.startswith("the sandbox does not serve Gadget of acme.io, so nothing is asked of it: ")
    assert "type: Required value" in refused


def test_a_rehearsal_judges_the_kinds_that_git_does_not_define(tmp_path: Path) -> None:
    """They are missing all the same; what depends on the release could not be looked at."""
    request = request_for(
        tmp_path,
        {
            "a.yaml": widget("a", "size: 2"),
            "b.yaml": widget("b", "{size: 2, spare: 3}"),
            "c.yaml": widget("c", "size: 9"),
        },
    )
    [found] = rehearse(request, lambda _: None).targets
    assert [(str(one), [needer.object.name for needer in one.needed_by]) for one in found.missing] == [
        ("CustomResourceDefinition Widget of acme.io/v1", ["a", "b", "c"])
    ]
    [refused] = found.refused
    assert (refused.object.name, refused.location.file) == ("b", "b.yaml")
    assert refused.message.endswith("spare must not exceed size (judged by Acme 2.1.0)")
    [unchecked] = found.unchecked
    assert unchecked.what == "Widget c (c.yaml)"
    assert unchecked.reason.startswith("it depends on the release that the cluster runs: ")
    assert unchecked.reason.endswith("size must not exceed 5; so says Acme 2.1.0, but 1.4.2 takes it")
    assert found.applied == 1
    assert found.notes[0] == "kinds of 1 project are served from the schemas that gategit carries: Acme 2.1.0"


def test_a_sandbox_for_people_has_the_kinds_too(tmp_path: Path) -> None:
    """It says from where, and by which release it refuses an object."""
    request = request_for(tmp_path, {"a.yaml": widget("a", "size: 2"), "b.yaml": widget("b", "{size: 2, spare: 3}")})
    with filled_sandbox(request, lambda _: None) as sandbox:
        assert sandbox.notes[0] == "kinds of 1 project are served from the schemas that gategit carries: Acme 2.1.0"
        [refused] = sandbox.refused
    assert refused.what == "Widget default/b"
    assert refused.message.endswith("spare must not exceed size (judged by Acme 2.1.0)")
