"""What differs between two configs, and whether it loosens the gate."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from gategit.config_changes import config_differences, shown
from gategit.model import Level


def own_level(rule: str) -> Level | None:
    return {"image-digest": Level.ERROR, "image-latest-tag": Level.WARNING}.get(rule)


def data_of(text: str) -> dict[str, Any]:
    return dict(YAML(typ="safe", pure=True).load(f"version: 1\n{text}"))


def differences(old: str, new: str) -> list[str]:
    return [f"{one.effect}: {one.text}" for one in config_differences(data_of(old), data_of(new), own_level)]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("", "policies: {levels: {image-digest: 'off'}}", ["loosens: policies.levels.image-digest: not set -> off"]),
        ("", "policies: {levels: {image-digest: note}}", ["loosens: policies.levels.image-digest: not set -> note"]),
        ("", "policies: {levels: {image-digest: error}}", ["alters: policies.levels.image-digest: not set -> error"]),
        ("", "policies: {levels: {strange-one: note}}", ["tightens: policies.levels.strange-one: not set -> note"]),
        (
            "policies: {levels: {image-digest: error}}",
            "policies: {levels: {image-digest: warning}}",
            ["loosens: policies.levels.image-digest: error -> warning"],
        ),
        (
            "policies: {levels: {image-digest: 'off'}}",
            "",
            ["tightens: policies.levels.image-digest: off -> not set"],
        ),
        (
            "",
            "policies: {overrides: [{paths: ['apps/**'], levels: {image-digest: 'off'}}]}",
            ['loosens: policies.overrides: added {"paths": ["apps/**"], "levels": {"image-digest": "off"}}'],
        ),
        (
            "policies: {overrides: [{paths: ['apps/**'], levels: {image-latest-tag: error}}]}",
            "policies: {overrides: [{paths: ['apps/**'], levels: {image-latest-tag: note}}]}",
            ["loosens: policies.overrides[0].levels.image-latest-tag: error -> note"],
        ),
        (
            "policies: {overrides: [{paths: ['apps/**'], levels: {image-latest-tag: error}}]}",
            "",
            ['loosens: policies.overrides: removed {"paths": ["apps/**"], "levels": {"image-latest-tag": "error"}}'],
        ),
        (
            "",
            "policies: {parameters: {most-replicas: {most: 9}}}",
            ["alters: policies.parameters.most-replicas.most: not set -> 9"],
        ),
        ("", "policies: {packs: []}", ["loosens: policies.packs: removed recommended"]),
        ("", "policies: {packs: [recommended, strict]}", ["tightens: policies.packs: added strict"]),
        ("policies: {folders: [gate]}", "", ["loosens: policies.folders: removed gate"]),
        ("policies: {not_waivable: [image-digest]}", "", ["loosens: policies.not_waivable: removed image-digest"]),
        ("exclude: [docs/**]", "exclude: [docs/**, 'apps/**']", ['loosens: exclude: added "apps/**"']),
        ("exclude: [docs/**]", "exclude: []", ['tightens: exclude: removed "docs/**"']),
        ("exclude: [a, b]", "exclude: [b, a]", ["alters: exclude: another order"]),
        ("", "include: ['apps/**']", ['alters: include: added "apps/**"', 'loosens: include: removed "**"']),
        ("include: [a]", "include: [a, b]", ["tightens: include: added b"]),
        ("", "fail_on: warning", ["tightens: fail_on: not set -> warning"]),
        ("fail_on: note", "", ["loosens: fail_on: note -> not set"]),
        ("fail_on_existing: true", "", ["loosens: fail_on_existing: true -> not set"]),
        ("", "render: {enabled: false}", ["loosens: render.enabled: not set -> false"]),
        ("", "render: {enabled: true}", ["alters: render.enabled: not set -> true"]),
        ("render: {enabled: false}", "", ["tightens: render.enabled: false -> not set"]),
        ("", "limits: {file_size: 6MiB}", ["alters: limits.file_size: not set -> 6MiB"]),
        ("limits: {file_size: 5MiB}", "limits: {file_size: 9MiB}", ["loosens: limits.file_size: 5MiB -> 9MiB"]),
        ("limits: {file_size: 1MiB}", "limits: {file_size: 512KiB}", ["tightens: limits.file_size: 1MiB -> 512KiB"]),
        ("limits: {file_size: 1MiB}", "limits: {file_size: 1024KiB}", ["alters: limits.file_size: 1MiB -> 1024KiB"]),
        ("schemas: {missing: error}", "schemas: {missing: 'off'}", ["loosens: schemas.missing: error -> off"]),
        ("schemas: {folders: [crds]}", "", ["loosens: schemas.folders: removed crds"]),
        ("", "schemas: {folders: [crds]}", ["alters: schemas.folders: added crds"]),
        ("targets: {prod: {paths: [p]}}", "", ["loosens: targets.prod: set -> not set"]),
        ("", "targets: {prod: {paths: [p]}}", ["alters: targets.prod: not set -> set"]),
        (
            "targets: {prod: {paths: [p, q], dry_run: sandbox, upgrade_to: '1.34'}}",
            "targets: {prod: {paths: [p]}}",
            [
                "loosens: targets.prod.paths: removed q",
                "loosens: targets.prod.dry_run: sandbox -> not set",
                "loosens: targets.prod.upgrade_to: 1.34 -> not set",
            ],
        ),
        ("kubernetes_version: '1.33'", "kubernetes_version: '1.34'", ["alters: kubernetes_version: 1.33 -> 1.34"]),
        ("", "waivers: w.yaml", ["loosens: waivers: not set -> w.yaml"]),
        ("waivers: w.yaml", "", ["tightens: waivers: w.yaml -> not set"]),
        ("waivers: w.yaml", "waivers: v.yaml", ["alters: waivers: w.yaml -> v.yaml"]),
    ],
)  # fmt: skip
def test_each_key_that_differs_is_said_with_what_it_does_to_the_gate(old: str, new: str, expected: list[str]) -> None:
    """Old and new value, and whether the gate lets more through than before."""
    assert differences(old, new) == expected


def test_what_is_written_otherwise_and_says_the_same_is_no_difference() -> None:
    """The default written down, another order of keys, other quotes: nothing changes."""
    old = "fail_on: error\nexclude: ['a']\n"
    new = 'exclude:\n  - a\nfail_on: "error"\npolicies: {packs: [recommended]}\ninclude: ["**"]\n'
    assert differences(old, new) == []


def test_a_place_is_the_nearest_that_is_left() -> None:
    """What is added stands at its item, what is removed at the key above it, down to the whole file."""
    old = data_of("exclude: [a]\npolicies: {levels: {image-digest: error}}\nfail_on: note\n")
    new = data_of("exclude: [b]\npolicies: {levels: {}}\n")
    assert [(one.path, one.place) for one in config_differences(old, new, own_level)] == [
        (("exclude",), ("exclude", 0)),
        (("exclude",), ("exclude",)),
        (("policies", "levels", "image-digest"), ("policies", "levels")),
        (("fail_on",), ()),
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("error", "error"),
        ("apps/**", '"apps/**"'),
        ("a\nb", '"a\\nb"'),
        ("a\u202eb", '"a\\u202eb"'),
        (["a", 1, True], '["a", 1, true]'),
        ("x" * 200, "x" * 79 + "…"),
    ],
)
def test_values_are_shown_short_and_safe(value: object, expected: str) -> None:
    """No value ends a line, reorders it or fills the screen."""
    assert shown(value) == expected


_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(_PLAIN, _PLAIN)
def test_any_value_of_a_parameter_can_be_compared(old: Any, new: Any) -> None:
    """Every difference is one printable line; equal values make none."""
    one, two = ({"policies": {"parameters": {"p": {"v": value}}}} for value in (old, new))
    for difference in config_differences(one, two, own_level):
        assert difference.text.isprintable()
    assert config_differences(one, one, own_level) == []
