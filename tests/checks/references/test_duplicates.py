"""Objects that are declared twice where only one can hold, and patches that find nothing."""

# ruff: noqa: E501  messages under test stand on one line
from __future__ import annotations

from typing import Any

import pytest

from gategit.checks.references.check import ReferenceSettings
from gategit.model import Stage

HEAD = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"


def cm(name: str, namespace: str = "") -> str:
    where = f", namespace: {namespace}" if namespace else ""
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}{where}}}\n"


def test_two_objects_in_one_file(judge: Any) -> None:
    """The finding stands on the second name, and the first is the related place."""
    finding = judge({"a.yaml": cm("x", "web") + "---\n" + cm("x", "web")}).only()
    assert finding.rule == "duplicate-object"
    assert finding.stage is Stage.SYNTAX
    assert finding.message == "ConfigMap x in the namespace web is declared twice in this file"
    region, first = finding.location.region, finding.related[0].location.region
    assert region is not None
    assert first is not None
    assert (region.line, region.column, region.end_column, first.line) == (7, 18, 19, 3)
    assert str(finding.object) == "ConfigMap web/x"


@pytest.mark.parametrize(
    ("files", "messages"),
    [
        (
            {"web/a.yaml": cm("x"), "web/b.yaml": cm("x")},
            ["ConfigMap x is declared twice in the folder web"],
        ),
        ({"web/a.yaml": cm("x"), "shop/a.yaml": cm("x")}, []),
        ({"web/a.yaml": cm("x", "one"), "web/b.yaml": cm("x", "two")}, []),
        ({"web/a.yaml": cm('"${name}"'), "web/b.yaml": cm('"${name}"')}, []),
        (
            {
                "web/a.yaml": cm("x"),
                "web/b.yaml": cm("x"),
                "web/kustomization.yaml": HEAD + "resources: [a.yaml, b.yaml]\n",
            },
            ["ConfigMap x is declared twice in the kustomization web"],
        ),
        (
            {"web/a.yaml": cm("x"), "web/b.yaml": cm("x"), "web/kustomization.yaml": HEAD + "resources: [a.yaml]\n"},
            [],
        ),
        (
            {
                "a.yaml": cm("x"),
                "p.yaml": cm("x"),
                "kustomization.yaml": HEAD + "resources: [a.yaml]\npatches: [{path: p.yaml}]\n",
            },
            [],
        ),
        (
            {
                "one/kustomization.yaml": HEAD + "resources: [../base]\n",
                "two/kustomization.yaml": HEAD + "resources: [../base]\n",
                "base/kustomization.yaml": HEAD + "resources: [a.yaml]\n",
                "base/a.yaml": cm("x"),
            },
            [],
        ),
        (
            {
                "all/kustomization.yaml": HEAD + "resources: [../one, ../two]\n",
                "one/kustomization.yaml": HEAD + "resources: [../base]\n",
                "two/kustomization.yaml": HEAD + "resources: [../base]\n",
                "base/kustomization.yaml": HEAD + "resources: [a.yaml]\n",
                "base/a.yaml": cm("x"),
            },
            ['resources[1] brings ConfigMap x into this kustomization a second time, with "../two"'],
        ),
        (
            {
                "all/kustomization.yaml": HEAD + "resources: [../one, ../two]\n",
                "one/kustomization.yaml": HEAD + "namePrefix: one-\nresources: [../base]\n",
                "two/kustomization.yaml": HEAD + "resources: [../base]\n",
                "base/kustomization.yaml": HEAD + "resources: [a.yaml]\n",
                "base/a.yaml": cm("x"),
            },
            [],
        ),
        (
            {
                "all/kustomization.yaml": HEAD + "resources: [../one, ../two]\n",
                "one/kustomization.yaml": HEAD + "resources: [../base]\npatches:\n- target: {name: x}\n"
                "  patch: '[{op: replace, path: /metadata/name, value: y}]'\n",
                "two/kustomization.yaml": HEAD + "resources: [../base]\n",
                "base/kustomization.yaml": HEAD + "resources: [a.yaml]\n",
                "base/a.yaml": cm("x"),
            },
            [],
        ),
        (
            {
                "a.yaml": cm("x", "one"),
                "b.yaml": cm("x", "two"),
                "kustomization.yaml": HEAD + "namespace: three\nresources: [a.yaml, b.yaml]\n",
            },
            [
                (
                    "ConfigMap x in the namespace two is declared twice in the kustomization ., once its namespace three is "
                    "set"
                )
            ],
        ),
        (
            {
                "a.yaml": cm("x", "default"),
                "b.yaml": cm("x"),
                "kustomization.yaml": HEAD + "resources: [a.yaml, b.yaml]\n",
            },
            ["ConfigMap x is declared twice in the kustomization ."],
        ),
    ],
)
def test_declarations_count_only_where_they_meet(judge: Any, files: dict[str, str], messages: list[str]) -> None:
    """One file, one ungoverned folder, one build: elsewhere the same name is another environment's."""
    assert [finding.message for finding in judge(files).findings] == messages


def test_targets_say_what_meets(judge: Any) -> None:
    """With targets in the config, every plain file of a target meets every other."""
    files = {"prod/a/x.yaml": cm("x"), "prod/b/x.yaml": cm("x"), "test/x.yaml": cm("x")}
    targets = {"prod": lambda path: path.startswith("prod/"), "test": lambda path: path.startswith("test/")}
    finding = judge(files, ReferenceSettings(targets=targets)).only()
    assert (finding.message, finding.target) == ("ConfigMap x is declared twice for the target prod", "prod")


@pytest.mark.parametrize(
    ("patch", "places", "message"),
    [
        (
            cm("z"),
            ("p.yaml", 3, "kustomization.yaml"),
            "patches[0] changes ConfigMap z of v1, but no resource of this kustomization is that object",
        ),
        (
            cm("a", "web"),
            ("p.yaml", 3, "kustomization.yaml"),
            (
                "patches[0] changes ConfigMap a in the namespace web of v1, but no resource of this kustomization is that "
                "object"
            ),
        ),
        (
            "- {op: add, path: /data, value: {}}\n",
            ("kustomization.yaml", 5, "p.yaml"),
            (
                "patches[0] has no target, and the patch p.yaml is a list of operations (a JSON patch): Kustomize cannot "
                "tell what to change"
            ),
        ),
        (
            "# nothing\n",
            ("kustomization.yaml", 5, "p.yaml"),
            "patches[0] has no target, and the patch p.yaml is empty: Kustomize cannot tell what to change",
        ),
    ],
)
def test_a_patch_without_its_object_is_refused(
    judge: Any, patch: str, places: tuple[str, int, str], message: str
) -> None:
    """Kustomize stops at a strategic-merge patch whose object is not among the resources: its name is to be mended."""
    files = {
        "kustomization.yaml": HEAD + "namespace: other\nresources: [a.yaml]\npatches: [{path: p.yaml}]\n",
        "a.yaml": cm("a"),
        "p.yaml": patch,
    }
    finding = judge(files).only()
    assert (finding.rule, finding.message) == ("kustomization-invalid", message)
    file, line, other = places
    assert (finding.location.file, finding.location.region.line) == (file, line)
    assert [one.location.file for one in finding.related] == [other]


@pytest.mark.parametrize(
    "body",
    [
        "resources: [a.yaml]\npatches: [{path: p.yaml, target: {kind: Deployment}}]\n",
        "resources: [a.yaml, 'https://example.com/x.yaml']\npatches: [{path: p.yaml}]\n",
        "resources: [base]\npatches: [{path: q.yaml}]\n",
        "resources: [base]\npatches: [{path: r.yaml}]\n",
        "resources: [a.yaml]\nconfigMapGenerator: [{name: z, literals: [a=b]}]\npatches: [{path: p.yaml}]\n",
        "resources: [renamed]\npatches: [{path: p.yaml}]\n",
    ],
)
def test_a_patch_that_may_find_its_object_passes(judge: Any, body: str) -> None:
    """Targets may match nothing, remote resources may hold it, and earlier names count."""
    files = {
        "kustomization.yaml": HEAD + body,
        "a.yaml": cm("a"),
        "p.yaml": cm("z"),
        "q.yaml": cm("pre-b"),
        "r.yaml": cm("b"),
        "base/kustomization.yaml": HEAD + "namePrefix: pre-\nresources: [b.yaml]\n",
        "base/b.yaml": cm("b"),
        "renamed/kustomization.yaml": HEAD + "resources: [b.yaml]\npatches:\n- target: {name: b}\n"
        "  patch: '[{op: replace, path: /metadata/name, value: z}]'\n",
        "renamed/b.yaml": cm("b"),
    }
    assert judge(files).lines == []
