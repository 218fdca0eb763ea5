"""Kinds that gategit carries: which release judges, and what is said where nobody said which one the cluster runs."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from gategit import bundled
from gategit.checks.schema import ecosystem
from gategit.checks.schema.ecosystem import Choice, NoChoice, carried, choose, is_meant
from gategit.checks.schema.spec import KindSchema, SchemaSet, SchemaSpec
from gategit.errors import UndecidedError
from gategit.model import Level

OLD: dict[str, Any] = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "required": ["size"],
            "properties": {
                "size": {"type": "integer", "minimum": 1},
                "legacy": {"type": "string"},
                "port": {"x-kubernetes-int-or-string": True},
                "mode": {"type": "string", "enum": ["fast", "slow"]},
            },
        }
    },
}
NEW: dict[str, Any] = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "required": ["size"],
            "properties": {
                "size": {"type": "integer", "minimum": 1},
                "mode": {"type": "string", "enum": ["fast"]},
                "port": {"type": "string"},
                "parts": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"name": {"type": "string"}, "colour": {"type": "string"}},
                    },
                },
                "labels": {
                    "type": "object",
                    "additionalProperties": {"type": "object", "properties": {"text": {"type": "string"}}},
                },
            },
        }
    },
}
EDGE = {**NEW, "properties": {**NEW["properties"], "extra": {"type": "string"}}}
SINCE = [
    [["spec", "parts", "[]", "colour"], "2.1.0"],
    [["spec", "labels", "{}", "text"], "2.0.0"],
]
HEADER: dict[str, Any] = {
    "group": "acme.io",
    "kind": "Widget",
    "source": "acme",
    "title": "Acme",
    "scope": "Namespaced",
    "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"},
    "releases": [
        {
            "release": "2.1.0",
            "versions": [
                {"name": "v1", "served": True, "storage": True, "schema": 2, "subresources": {"status": {}}},
                {"name": "v1beta1", "served": False, "storage": False, "schema": 1},
            ],
        },
        {
            "release": "1.4.2",
            "versions": [
                {"name": "v1", "served": True, "storage": True, "schema": 1},
                {"name": "v1beta1", "served": True, "storage": False, "schema": 1, "deprecated": "use v1"},
            ],
        },
        {
            "release": "2.1.0-edge",
            "channel": "edge",
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": 3}],
        },
    ],
    "since": {"v1": SINCE},
}
INDEX: dict[str, Any] = {
    "format": 1,
    "digest": "",
    "sources": {
        "acme": {
            "title": "Acme",
            "releases": [
                {"release": "2.1.0", "origin": "acme.io/api", "version": "v2.1.0", "licence": "Apache-2.0"},
                {"release": "1.4.2", "origin": "acme.io/api", "version": "v1.4.2", "licence": "Apache-2.0"},
                {
                    "release": "2.1.0-edge",
                    "channel": "edge",
                    "origin": "acme.io/api",
                    "version": "v2.1.0",
                    "licence": "Apache-2.0",
                },
            ],
        }
    },
    "kinds": [
        {
            "group": "acme.io",
            "kind": "Widget",
            "plural": "widgets",
            "scope": "Namespaced",
            "source": "acme",
            "versions": {"v1": ["2.1.0", "1.4.2", "2.1.0-edge"], "v1beta1": ["1.4.2"]},
        }
    ],
}
Check = Callable[..., list[tuple[int, int, str, str]]]
Judge = Callable[..., tuple[Sequence[Any], Sequence[Any]]]


def write(folder: Path, header: dict[str, Any], schemas: Sequence[dict[str, Any]]) -> None:
    """Write the file of one kind."""
    lines = "\n".join(json.dumps(one, separators=(",", ":")) for one in (header, *schemas))
    file = folder / header["group"] / f"{header['kind'].lower()}.jsonl.gz"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(gzip.compress(lines.encode(), mtime=0))


@pytest.fixture(autouse=True)
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Carry the kind of a project with two releases and a side channel, and nothing else."""
    folder = tmp_path / "schemas" / "ecosystem"
    write(folder, HEADER, (OLD, NEW, EDGE))
    (folder / "index.json").write_text(json.dumps(INDEX), encoding="utf-8")
    monkeypatch.setattr(bundled, "schemas_folder", lambda: folder.parent)
    ecosystem.carried.cache_clear()
    ecosystem.index.cache_clear()
    yield folder
    ecosystem.carried.cache_clear()
    ecosystem.index.cache_clear()


def widget(spec: str, version: str = "v1") -> str:
    return f"apiVersion: acme.io/{version}\nkind: Widget\nmetadata:\n  name: web\nspec:\n{spec}"


def levels(judge: Judge, text: str, **spec: Any) -> list[tuple[str, str, Level]]:
    """Rule, field and level of every finding."""
    return [(one.rule, ".".join(map(str, one.path)), one.level) for one in judge(text, **spec)[0]]


@pytest.mark.parametrize(
    ("pin", "release", "meant"),
    [
        ("2.1.0", "2.1.0", True),
        ("v2.1.0", "2.1.0", True),
        ("2.1", "2.1.0", True),
        ("2", "2.1.0", True),
        ("2.1", "2.10.0", False),
        ("2.1", "2.1.0-edge", False),
        ("2.1-edge", "2.1.0-edge", True),
        ("2.1.0-edge", "2.1.0-edge", True),
        ("2.1-edge", "2.1.0", False),
    ],
)
def test_pin_names_a_release_or_its_leading_numbers(pin: str, release: str, *, meant: bool) -> None:
    """A side channel is never meant by numbers alone."""
    assert is_meant(pin, release) is meant


def test_newest_release_judges_and_is_named(check: Check) -> None:
    """A refusal says by which release it is judged."""
    assert check(widget("  size: 0\n  colour: red\n")) == [
        (6, 9, "invalid-value", "size in spec must be at least 1, not 0 (judged by Acme 2.1.0)"),
        (
            7,
            3,
            "unknown-field",
            "unknown field colour in spec; it belongs under spec.parts[] (judged by Acme 2.1.0)",
        ),
    ]


def test_nothing_is_said_of_what_every_release_takes(judge: Judge) -> None:
    """A valid object has no finding, and only what nobody can evaluate is counted."""
    assert judge(widget("  size: 2\n  mode: fast\n")) == ([], [])


def test_refusal_that_an_older_release_does_not_share_is_a_warning(judge: Judge) -> None:
    """The cluster may run the older one: nobody said."""
    findings, _ = judge(widget("  size: 2\n  mode: slow\n  legacy: a\n"))
    assert [(one.level, one.message) for one in findings] == [
        (
            Level.WARNING,
            'mode in spec must be fast, not the string "slow"; so says Acme 2.1.0, but 1.4.2 takes it',
        ),
        (
            Level.WARNING,
            "unknown field legacy in spec; so says Acme 2.1.0, but 1.4.2 takes it",
        ),
    ]
    assert findings[0].help == (
        'say in .gategit.yaml which release the cluster runs: schemas: {releases: {acme: "1.4"}}'
    )


def test_number_that_an_older_release_takes_is_a_warning(judge: Judge) -> None:
    """A scalar that the newest release reads otherwise than its author is as much a refusal as others are."""
    assert levels(judge, widget("  size: 2\n  port: 80\n")) == [("surprising-scalar", "spec.port", Level.WARNING)]
    said = judge(widget("  size: 2\n  port: 80\n"))[0][0].message
    assert said.endswith("a string is wanted here; so says Acme 2.1.0, but 1.4.2 takes it")


def test_object_that_no_release_takes_as_a_whole_is_an_error(judge: Judge) -> None:
    """Each of its faults is right for some release, but none runs that has them all."""
    text = widget("  size: 2\n  mode: slow\n  parts: []\n")
    assert levels(judge, text) == [("invalid-value", "spec.mode", Level.ERROR)]


def test_refusal_that_a_side_channel_does_not_share_is_a_warning(judge: Judge) -> None:
    """The cluster may run that one as well."""
    assert levels(judge, widget("  size: 2\nextra: a\n")) == [("unknown-field", "extra", Level.WARNING)]


def test_field_that_an_older_release_lacks_is_a_warning(judge: Judge) -> None:
    """Each place of it, at its name."""
    findings, _ = judge(widget("  size: 1\n  parts:\n    - name: a\n    - colour: red\n  labels:\n    x: {text: b}\n"))
    assert [(one.location.region.line, one.level, one.message) for one in findings] == [
        (9, Level.WARNING, "spec.parts[1].colour is a field from Acme 2.1.0 on"),
        (11, Level.WARNING, "spec.labels.x.text is a field from Acme 2.0.0 on"),
    ]


@pytest.mark.parametrize(
    ("pin", "found"),
    [
        ("2.1", [("invalid-value", "spec.mode", Level.ERROR)]),
        ("1", []),
        ("1.4", []),
        ("2.1-edge", [("invalid-value", "spec.mode", Level.ERROR)]),
    ],
)
def test_release_that_the_config_names_judges_alone(
    pin: str, found: list[tuple[str, str, Level]], judge: Judge
) -> None:
    """What it refuses is an error; what others think of it is not asked."""
    assert levels(judge, widget("  size: 2\n  mode: slow\n"), releases=(("acme", pin),)) == found


def test_version_that_the_newest_release_dropped_is_judged_by_the_last_that_has_it(judge: Judge) -> None:
    """The project's own word on its deprecation would only say it twice."""
    findings, _ = judge(widget("  size: 0\n", "v1beta1"))
    words = "Acme 2.1.0 does not serve it any more, as 1.4.2 does; it serves acme.io/v1"
    assert [(one.rule, one.level, one.message) for one in findings] == [
        ("invalid-value", Level.ERROR, "size in spec must be at least 1, not 0 (judged by Acme 1.4.2)"),
        (
            "version-not-served",
            Level.WARNING,
            f"acme.io/v1beta1 Widget: {words}",
        ),
    ]


def test_version_that_no_release_serves_is_judged_by_the_schema_that_is_left(acme: Path, judge: Judge) -> None:
    """The project keeps it for the objects of old; the cluster may run a release that serves it."""
    releases = [{**HEADER["releases"][0]}, {**HEADER["releases"][2]}]
    write(acme, {**HEADER, "releases": releases}, (OLD, NEW, EDGE))
    findings, unchecked = judge(widget("  size: 0\n", "v1beta1"))
    assert [(one.rule, one.level, one.message) for one in findings] == [
        ("invalid-value", Level.ERROR, "size in spec must be at least 1, not 0 (judged by Acme 2.1.0)"),
        (
            "version-not-served",
            Level.WARNING,
            "acme.io/v1beta1 Widget: Acme 2.1.0 does not serve it any more; it serves acme.io/v1",
        ),
    ]
    assert unchecked == []


def test_version_that_the_named_release_dropped_is_an_error(judge: Judge) -> None:
    """The cluster answers 404."""
    findings, unchecked = judge(widget("  size: 1\n", "v1beta1"), releases=(("acme", "2.1"),))
    assert [(one.rule, one.level, one.message, one.help) for one in findings] == [
        (
            "version-not-served",
            Level.ERROR,
            "acme.io/v1beta1 Widget: Acme 2.1.0 does not serve it; it serves acme.io/v1",
            "write apiVersion: acme.io/v1",
        )
    ]
    assert [one.reason for one in unchecked] == ["its version is not served"]


def test_version_that_no_release_has_is_a_warning_and_counted(judge: Judge) -> None:
    """A release newer than all that are carried may serve it."""
    findings, unchecked = judge(widget("  size: 1\n", "v2"))
    assert [(one.rule, one.level, one.message) for one in findings] == [
        (
            "version-not-served",
            Level.WARNING,
            "acme.io/v2 Widget: Acme 2.1.0 does not have it; it serves acme.io/v1",
        )
    ]
    assert [one.reason for one in unchecked] == ["none of the carried releases serves its version"]


def test_kind_near_a_carried_one_is_suggested(check: Check) -> None:
    """By the kind's name in its group, or by the group of its name."""
    text = widget("  size: 1\n")
    assert check(text.replace("Widget", "Wigdet")) == [
        (2, 7, "schema-missing", "there is no schema for acme.io/v1 Wigdet; did you mean Widget?")
    ]
    assert check(text.replace("acme.io", "acme.com")) == [
        (1, 13, "schema-missing", "there is no schema for acme.com/v1 Widget; did you mean the group acme.io?")
    ]


def test_kind_near_a_carried_one_is_mended_by_name(judge: Judge) -> None:
    """The kind, or the whole API version: the one that is written where it is served, else the most stable one."""
    text = widget("  size: 1\n")
    add = "add its CustomResourceDefinition: gategit schema add FILE (FILE defines"
    for old, new, advice in (
        ("Widget", "Wigdet", f"write kind: Widget, or {add} Wigdet of acme.io)"),
        ("acme.io/v1", "acme.com/v1beta1", f"write apiVersion: acme.io/v1beta1, or {add} Widget of acme.com)"),
        ("acme.io/v1", "acme.com/v7", f"write apiVersion: acme.io/v1, or {add} Widget of acme.com)"),
        ("Widget", "Unheard", f"{add} Unheard of acme.io)"),
    ):
        assert [one.help for one in judge(text.replace(old, new))[0]] == [advice]


def test_deprecated_version_names_the_one_to_write(judge: Judge) -> None:
    """The version that the release serves and has not deprecated."""
    findings, _ = judge(widget("  size: 1\n", "v1beta1"), releases=(("acme", "1.4"),))
    assert [(one.rule, one.message, one.help) for one in findings] == [
        (
            "deprecated-api",
            "acme.io/v1beta1 Widget is deprecated by Acme 1.4.2: use v1",
            "write apiVersion: acme.io/v1",
        )
    ]


def test_text_without_quotes_that_quotes_alone_do_not_mend(acme: Path, judge: Judge) -> None:
    """A duration needs its unit: to write the number in quotes would be refused as well."""
    schema = {"properties": {"spec": {"properties": {"wait": {"type": "string", "pattern": "^[0-9]+s$"}}}}}
    write(acme, HEADER, (schema, schema, schema))
    advice = [one.help for one in judge(widget("  wait: 10\n"))[0]]
    assert advice == ["write a text that matches ^[0-9]+s$"]


def test_version_that_only_the_side_channel_of_the_named_release_has(acme: Path, judge: Judge) -> None:
    """The config may have meant the channel, and would have to write it out."""
    edge = {"name": "v2alpha1", "served": True, "storage": False, "schema": 3}
    releases = [*HEADER["releases"][:2], {**HEADER["releases"][2], "versions": [edge]}]
    write(acme, {**HEADER, "releases": releases}, (OLD, NEW, EDGE))
    [finding] = judge(widget("  size: 1\n", "v2alpha1"), releases=(("acme", "2.1"),))[0]
    assert finding.level is Level.ERROR
    assert finding.help == (
        "write apiVersion: acme.io/v1, or say in .gategit.yaml that the cluster has the channel: "
        'schemas: {releases: {acme: "2.1-edge"}}'
    )


def test_definition_in_the_tree_and_in_folders_come_first() -> None:
    """What the repository says of a kind is what its cluster has."""
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "spec": {
            "group": "acme.io",
            "names": {"kind": "Widget", "plural": "widgets"},
            "versions": [{"name": "v1", "served": True, "schema": {"openAPIV3Schema": OLD}}],
        },
    }
    for spec, origin in (
        (SchemaSpec(crds=(crd,), crd_files=("crds/a.yaml",)), "the CustomResourceDefinition in crds/a.yaml"),
        (SchemaSpec(folder_schemas=(("gate/crds/acme.io/widget_v1.json", b"{}"),)), "gate/crds/acme.io/widget_v1.json"),
        (SchemaSpec(folder_schemas=(("gate/w.json", json.dumps(crd).encode()),)), "gate/w.json"),
        (SchemaSpec(), "Acme 2.1.0"),
    ):
        found = SchemaSet(spec).find("acme.io/v1", "Widget")
        assert isinstance(found, KindSchema)
        assert found.origin == origin


@pytest.mark.parametrize(
    ("group", "kind"),
    [
        ("acme.io", "widget"),
        ("../ecosystem/acme.io", "Widget"),
        ("acme.io/../acme.io", "Widget"),
        ("acme.io", "../acme.io/Widget"),
        ("", "Widget"),
        ("acme.io\0", "Widget"),
        (".", "Widget"),
        ("a" * 5000, "Widget"),
        ("acme.io", "W" * 5000),
    ],
)
def test_names_of_manifests_reach_no_other_file(group: str, kind: str) -> None:
    """Whatever a manifest calls itself, only a carried kind by its exact name is found."""
    assert carried(group, kind) is None


def test_choice_names_what_else_may_run() -> None:
    """Every other release with another schema of the version; none where the config names one."""
    kind = carried("acme.io", "Widget")
    assert kind is not None
    choice = choose(kind, "v1", None)
    assert isinstance(choice, Choice)
    assert (choice.origin, [one.release.name for one in choice.others()]) == ("Acme 2.1.0", ["1.4.2", "2.1.0-edge"])
    named = choose(kind, "v1", "1.4")
    assert isinstance(named, Choice)
    assert (named.origin, list(named.others()), named.dropped_by) == ("Acme 1.4.2", [], None)
    assert choose(kind, "v1", "3") == NoChoice("Acme 3", defined=False, served=(), sure=True)


def test_definition_is_a_whole_one() -> None:
    """An API server takes it."""
    kind = carried("acme.io", "Widget")
    assert kind is not None
    made = kind.definition(kind.releases[0])
    assert made["metadata"] == {"name": "widgets.acme.io"}
    assert made["spec"]["scope"] == "Namespaced"
    assert [one["name"] for one in made["spec"]["versions"]] == ["v1", "v1beta1"]
    assert made["spec"]["versions"][0]["schema"] == {"openAPIV3Schema": NEW}
    assert made["spec"]["versions"][0]["subresources"] == {"status": {}}


def test_digest_names_the_carried_schemas_and_the_releases(acme: Path) -> None:
    """What was judged by others is judged again."""
    first = SchemaSpec().digest
    assert SchemaSpec(releases=(("acme", "1.4"),)).digest != first
    (acme / "index.json").write_text(json.dumps(INDEX) + "\n", encoding="utf-8")
    assert SchemaSpec().digest != first


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no gzip",
        gzip.compress(b"no JSON", mtime=0),
        gzip.compress(b"{}", mtime=0),
        gzip.compress(b"[]", mtime=0),
        gzip.compress(b"x" * 99, mtime=0)[:40],
    ],
)
def test_damaged_schema_is_undecided(acme: Path, judge: Judge, content: bytes) -> None:
    """What it would judge was not looked at, and one sentence says so; the other kinds are judged as ever."""
    (acme / "acme.io" / "widget.jsonl.gz").write_bytes(content)
    said = [(one.rule, one.message) for one in judge(widget("  size: 1\n"))[0]]
    why = "the carried schema acme.io/widget.jsonl.gz cannot be read: it is damaged"
    assert said == [("schema-unusable", f"acme.io/v1 Widget cannot be validated: {why}")]


def test_schema_without_its_lines_is_undecided(acme: Path, judge: Judge) -> None:
    """The header may be whole, and the schemas after it gone."""
    write(acme, HEADER, (OLD,))
    assert [one.rule for one in judge(widget("  size: 1\n"))[0]] == ["schema-unusable"]


def test_damaged_index_is_undecided(acme: Path) -> None:
    """Whoever asks what is carried is told that nobody knows."""
    (acme / "index.json").write_text("{", encoding="utf-8")
    with pytest.raises(UndecidedError, match=r"the carried schema index\.json cannot be read: it is damaged"):
        ecosystem.index()


def test_installation_without_them_is_undecided(acme: Path) -> None:
    """A gate that lost its schemas does not open."""
    (acme / "index.json").unlink()
    with pytest.raises(UndecidedError, match="has no schemas/ecosystem folder"):
        SchemaSpec()
