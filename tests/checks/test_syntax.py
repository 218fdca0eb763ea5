"""The first check: files that cannot be read, and documents that are no objects."""

from __future__ import annotations

import pytest

from gategit.checks.syntax import RULES, check_file
from gategit.manifests.file import read_file
from gategit.manifests.manifest import Role
from gategit.model import Location, Region, Rule, Unchecked

POD = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n"


def findings(text: str | bytes, path: str = "a.yaml", role: Role | None = None) -> list[tuple[str, str, Region | None]]:
    """Rule, message and region of each finding."""
    content = text if isinstance(text, bytes) else text.encode()
    found, unchecked = check_file(read_file(path, content, role))
    assert unchecked == []
    return [(one.rule, one.message, one.location.region) for one in found]


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.example_fail], ids=lambda rule: str(rule.id))
def test_examples(rule: Rule) -> None:
    """The bad example of a rule breaks it, alone, on the marked line; the good one breaks none."""
    marked = [number for number, line in enumerate(rule.example_fail.splitlines(), 1) if line.endswith("# <-")]
    found = findings(rule.example_fail)
    assert {(name, region.line if region else 0) for name, _, region in found} == {(rule.id, marked[0])}
    assert findings(rule.example_pass) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule.id))
def test_prose(rule: Rule) -> None:
    """Each rule says what it asks, why, and how to mend it."""
    assert 0 < len(rule.summary) <= 120
    assert rule.rationale
    assert rule.help
    assert rule.references


def test_every_problem_is_a_finding_at_its_place() -> None:
    """One file may break several rules; the second place of a duplicate is related."""
    found, _ = check_file(read_file("apps/a.yaml", b"a: 1\na: 2\n---\nb: c: d\n---\n" + POD.encode()))
    assert [(one.rule, one.location) for one in found] == [
        ("duplicate-key", Location("apps/a.yaml", Region(2, 1, 2, 2))),
        ("yaml-syntax", Location("apps/a.yaml", Region(4, 5, 4, 8))),
        ("missing-api-version", Location("apps/a.yaml", Region(1, 1, 1, 5))),
    ]
    assert found[0].related[0].location == Location("apps/a.yaml", Region(1, 1, 1, 2))
    assert found[0].related[0].message == "first set here"
    assert all(one.help for one in found)


def test_files_without_lines_are_named_whole() -> None:
    """A binary file has no line to point at."""
    assert findings(b"\x00\x01") == [
        ("not-text", "the file is not text: character 1 is NUL, as in a binary file", None),
    ]


@pytest.mark.parametrize(
    ("text", "message", "region"),
    [
        (POD + "---\nkind: Pod\n", "Pod has no apiVersion", Region(6, 1, 6, 10)),
        (POD + "---\napiVersion: v1\n", "this document has no kind", Region(6, 1, 6, 15)),
        (POD + "---\nspec: {}\n", "this document has neither apiVersion nor kind", Region(6, 1, 6, 9)),
        ("kind: Pod\nmetadata:\n  name: web\n", "Pod web has no apiVersion", Region(1, 1, 1, 10)),
        ("apiVersion: v1\nmetadata:\n  name: web\n", "this document web has no kind", Region(1, 1, 1, 15)),
        ("apiVersion:\nkind: Pod\nmetadata:\n  name: web\n", "the apiVersion of Pod web is empty", Region(1, 1, 1, 11)),
        (
            "apiVersion: 1\nkind: Pod\nmetadata:\n  name: web\n",
            "the apiVersion of Pod web is 1, not text",
            Region(1, 1, 1, 11),
        ),
        (
            "apiVersion: v1\nkind: List\nitems:\n- kind: Pod\n  metadata:\n    name: web\n",
            "Pod web has no apiVersion",
            Region(4, 3, 4, 12),
        ),
    ],
)
def test_half_an_object(text: str, message: str, region: Region) -> None:
    """An object lacks one of its two names, beside other objects or with a name of its own."""
    assert findings(text) == [("missing-api-version", message, region)]


@pytest.mark.parametrize(
    ("text", "message", "region"),
    [
        (
            POD + "---\n- a\n",
            "this document is a list, not an object with apiVersion and kind",
            Region(6, 1, 6, 4),
        ),
        (
            POD + "---\ntext\n",
            "this document is a lone value, not an object with apiVersion and kind",
            Region(6, 1, 6, 5),
        ),
        (
            "apiVersion: v1\nkind: List\nitems: [5]\n",
            "this item is a lone value, not an object with apiVersion and kind",
            Region(3, 9, 3, 10),
        ),
    ],
)
def test_no_object_at_all(text: str, message: str, region: Region) -> None:
    """A list or a lone value stands where an object belongs."""
    assert [one for one in findings(text) if one[0] == "not-an-object"] == [("not-an-object", message, region)]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("values.yaml", "kind: x\nimage: {}\n"),
        ("Chart.yaml", "apiVersion: v2\nname: x\n"),
        ("openapi.yaml", "- kind: a\n"),
        ("tsconfig.json", '{\n  // comment\n  "a": 1,\n}\n'),
        ("package.json", '{"a": 1, "a": 2}'),
        ("a.yaml", ""),
    ],
)
def test_what_is_no_business_of_the_gate(path: str, text: str) -> None:
    """Data of other tools is no noise; JavaScript tools allow comments in their JSON."""
    assert findings(text, path) == []


def test_json_that_looks_like_a_manifest_is_judged() -> None:
    """A manifest in JSON is read as strictly as one in YAML."""
    text = '{"apiVersion": "v1", "kind": "Pod",}'
    assert findings(text, "a.json") == [
        ("yaml-syntax", "a comma stands before the closing }", Region(1, 35, 1, 36)),
    ]


@pytest.mark.parametrize("role", [None, Role.MANIFEST, Role.DATA, Role.PATCH])
def test_a_pointer_into_git_lfs_is_no_file(role: Role | None) -> None:
    """Whatever the file is for, its content is somewhere else."""
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
    message = "this file is a pointer into Git LFS: what it stands for is not in the repository"
    assert findings(pointer, role=role) == [("lfs-pointer", message, None)]


def test_templates_are_counted_not_judged() -> None:
    """A template is said to be unchecked; one that a kustomization names is broken YAML."""
    text = POD.replace("web", "{{ .Values.name }}")
    file = read_file("a.yaml", text.encode())
    assert check_file(file) == (
        [],
        [Unchecked("a.yaml", "a template: it becomes YAML only when a tool fills it in")],
    )
    assert [rule for rule, _, _ in findings(text, role=Role.MANIFEST)] == ["yaml-syntax"]


def test_patches_may_be_lists() -> None:
    """A JSON 6902 patch is a list, and a strategic merge patch may be part of an object."""
    assert findings("- op: remove\n  path: /spec\n", role=Role.PATCH) == []
    assert findings("metadata:\n  name: x\n", role=Role.PATCH) == []
