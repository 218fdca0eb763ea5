"""Patches that Kustomize takes without a word and that do not do what they say."""

# ruff: noqa: E501  messages under test stand on one line
from __future__ import annotations

from typing import Any

import pytest

from tests.checks.references.conftest import config_map as cm

HEAD = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
APPEND = (
    "- op: add\n  path: /spec/template/spec/containers/0/env/-\n  value:\n    name: TOKEN\n    value: {value}\n"
    "- op: add\n  path: /spec/template/spec/containers/0/env/-\n  value:\n    name: OTHER_{value}\n"
)


def lines(judged: Any) -> list[str]:
    return [f"{f.level} {f.location.file}:{f.location.region.line} {f.rule}: {f.message}" for f in judged.findings]


def test_a_key_that_a_patch_in_the_kustomization_sets_twice(judge: Any) -> None:
    """Kustomize takes one of the two; the finding is the second one's line, and names the first."""
    body = (
        "resources: [a.yaml]\n"
        "patches:\n"
        "  - patch: |\n"
        "      apiVersion: v1\n"
        "      kind: ConfigMap\n"
        "      metadata:\n"
        "        name: a\n"
        "      data:\n"
        "        k: one\n"
        "        k: two\n"
    )
    judged = judge({"kustomization.yaml": HEAD + body, "a.yaml": cm("a")})
    assert lines(judged) == [
        'error kustomization.yaml:12 duplicate-key: patches[0].patch sets the key "k" twice; only one of the two counts'
    ]
    [finding] = judged.findings
    assert finding.location.region.column == 9
    assert [one.location.region.line for one in finding.related] == [11]


def test_a_patch_in_the_kustomization_that_is_no_yaml(judge: Any) -> None:
    """The line inside of the text is named, not the text."""
    body = "resources: [a.yaml]\npatches:\n  - target: {name: a}\n    patch: |\n      - op: add\n       path: /data\n"
    [line] = lines(judge({"kustomization.yaml": HEAD + body, "a.yaml": cm("a")}))
    assert line.startswith("error kustomization.yaml:8 yaml-syntax: patches[0].patch cannot be read as YAML: ")


def test_a_patch_in_an_object_of_flux(judge: Any) -> None:
    """Flux hands such patches to Kustomize."""
    flux = (
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\n"
        "kind: Kustomization\n"
        "metadata: {name: apps, namespace: flux-system}\n"
        "spec:\n"
        "  path: ./apps\n"
        "  sourceRef: {kind: OCIRepository, name: apps}\n"
        "  patches:\n"
        "    - target: {kind: ConfigMap}\n"
        "      patch: |\n"
        "        - op: add\n"
        "          path: /data/k\n"
        "          op: replace\n"
    )
    assert lines(judge({"apps.yaml": flux})) == [
        'error apps.yaml:12 duplicate-key: spec.patches[0].patch sets the key "op" twice; only one of the two counts'
    ]


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("{kind: ConfigMap, name: b}", "ConfigMap b"),
        ("{name: b}", "what is called b"),
        ("{kind: Deployment, name: a}", "Deployment a"),
        ("{kind: ConfigMap, name: a, namespace: other}", "ConfigMap a in the namespace other"),
        ("{group: apps, kind: ConfigMap, name: a}", "ConfigMap a"),
    ],
)
def test_a_target_that_nothing_is(judge: Any, target: str, shown: str) -> None:
    """Kustomize passes over the patch, and the change does not arrive."""
    body = f"resources: [a.yaml]\npatches:\n  - path: p.yaml\n    target: {target}\n"
    files = {"kustomization.yaml": HEAD + body, "a.yaml": cm("a"), "p.yaml": "- {op: add, path: /data, value: {}}\n"}
    assert lines(judge(files)) == [
        f"warning kustomization.yaml:6 kustomization-invalid: patches[0].target selects {shown}, and no resource of this kustomization is that: the patch changes nothing"
    ]


@pytest.mark.parametrize(
    "body",
    [
        "resources: [a.yaml]\npatches: [{path: p.yaml, target: {kind: ConfigMap, name: a}}]\n",
        "resources: [a.yaml]\npatches: [{path: p.yaml, target: {kind: ConfigMap, name: a, namespace: default}}]\n",
        "resources: [a.yaml]\npatches: [{path: p.yaml, target: {kind: Deployment}}]\n",
        "resources: [a.yaml]\npatches: [{path: p.yaml, target: {kind: ConfigMap, name: b.*}}]\n",
        "resources: [a.yaml]\npatches: [{path: p.yaml, target: {name: b, labelSelector: x=y}}]\n",
        "resources: [a.yaml, 'https://example.com/x.yaml']\npatches: [{path: p.yaml, target: {name: b}}]\n",
        "resources: [a.yaml]\nconfigMapGenerator: [{name: b, literals: [k=v]}]\npatches: [{path: p.yaml, target: {kind: ConfigMap, name: b}}]\n",
        "resources: [renamed]\npatches: [{path: p.yaml, target: {kind: ConfigMap, name: r}}]\n",
    ],
)
def test_a_target_that_may_be_something(judge: Any, body: str) -> None:
    """Nothing is said where it is there, may be generated or fetched, had the name before, or is no plain name."""
    files = {
        "kustomization.yaml": HEAD + body,
        "a.yaml": cm("a"),
        "p.yaml": "- {op: add, path: /metadata/labels, value: {}}\n",
        "renamed/kustomization.yaml": HEAD + "namePrefix: x-\nresources: [r.yaml]\n",
        "renamed/r.yaml": cm("r"),
    }
    assert lines(judge(files)) == []


def test_an_entry_that_two_patches_add_to_what_is_elsewhere(judge: Any) -> None:
    """The object cannot be looked at; that its list gets the entry twice shows all the same."""
    body = (
        "resources: ['https://example.com/x.yaml']\n"
        "patches:\n"
        "  - path: p.yaml\n"
        "    target: {group: apps, version: v1, name: web}\n"
        "  - path: q.yaml\n"
        "    target: {group: apps, version: v1, kind: Deployment, name: web}\n"
    )
    files = {
        "kustomization.yaml": HEAD + body,
        "p.yaml": APPEND.format(value="one"),
        "q.yaml": "# both\n" + APPEND.format(value="two"),
    }
    judged = judge(files)
    assert lines(judged) == [
        "warning q.yaml:3 kustomization-duplicate-entry: patches[1] adds TOKEN to /spec/template/spec/containers/0/env, which patches[0] has added already"
    ]
    assert [(one.location.file, one.location.region.line) for one in judged.findings[0].related] == [("p.yaml", 2)]
    other = {**files, "kustomization.yaml": HEAD + body.replace("Deployment, name: web", "Deployment, name: api")}
    assert lines(judge(other)) == []
