"""What kustomizations do to a file's objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from gategit.checks.drift.builds import AS_DECLARED, Build, Builds
from gategit.checks.references.kustomize import read_graph
from gategit.disk import FolderTree
from gategit.manifests.decode import decode

if TYPE_CHECKING:
    from pathlib import Path


def builds(folder: Path, **kustomizations: str) -> Builds:
    """The builds of a tree with a file ``a.yaml`` in the folder ``base``."""
    files = {"base/a.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n"}
    files |= {f"{name}/kustomization.yaml": text for name, text in kustomizations.items()}
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    tree = FolderTree(folder, ())

    def read(path: str) -> Any:
        documents = decode(tree.read(path), path).documents
        return documents[0].data if documents else None

    return Builds(read_graph(tree), read)


BASE = "resources: [a.yaml]\n"


@pytest.mark.parametrize(
    ("kustomizations", "expected"),
    [
        ({}, {AS_DECLARED}),
        ({"base": BASE}, {AS_DECLARED}),
        ({"base": BASE + "namespace: shop\n"}, {Build("shop")}),
        ({"base": BASE + "namespace: shop\n", "prod": "resources: [../base]\n"}, {Build("shop")}),
        ({"base": BASE + "namespace: shop\n", "prod": "resources: [../base]\nnamespace: prod\n"}, {Build("prod")}),
        (
            {
                "base": BASE,
                "prod": "resources: [../base]\nnamespace: prod\n",
                "dev": "resources: [../base]\nnamespace: dev\n",
            },
            {Build("prod"), Build("dev")},
        ),
        ({"base": BASE, "prod": "resources: [../base]\nnamePrefix: x-\n"}, {Build(changed=True)}),
        ({"base": BASE + "images: [{name: i, newTag: t}]\n"}, {Build(changed=True)}),
        ({"base": BASE + "patches: []\n"}, {AS_DECLARED}),
        ({"base": "resources: [a.yaml, ../base]\n"}, {AS_DECLARED}),
        ({"base": BASE, "prod": "resources: [../base, ../dev]\n", "dev": "resources: [../prod]\n"}, {AS_DECLARED}),
    ],
)
def test_what_becomes_of_a_file(kustomizations: dict[str, str], expected: set[Build], tmp_path: Path) -> None:
    """The outermost namespace wins; one kustomization that changes more is enough; circles end."""
    assert builds(tmp_path, **kustomizations).of("base/a.yaml") == expected


def test_many_ways_end(tmp_path: Path) -> None:
    """Layers that each double the ways of those below do not take forever."""
    layers = {"base": BASE}
    for number in range(30):
        for side in "lr":
            others = ["../base"] if number == 0 else [f"../l{number - 1}", f"../r{number - 1}"]
            layers[f"{side}{number}"] = f"namespace: {side}{number}\nresources: [{', '.join(others)}]\n"
    assert builds(tmp_path, **layers).of("base/a.yaml") == {Build("l29"), Build("r29")}
