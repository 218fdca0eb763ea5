"""What one environment builds of another one's folder."""

# ruff: noqa: E501  messages under test stand on one line
from __future__ import annotations

from typing import Any

import pytest

from gategit.checks.references.check import ReferenceSettings
from tests.checks.references.conftest import config_map as cm

HEAD = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
FILES = {
    "apps/base/kustomization.yaml": HEAD + "resources: [a.yaml]\n",
    "apps/base/a.yaml": cm("a"),
    "apps/prod/kustomization.yaml": HEAD + "resources: [../base]\npatches: [{path: p.yaml}]\n",
    "apps/prod/p.yaml": cm("a"),
}


def of_staging(body: str) -> dict[str, str]:
    return {**FILES, "apps/staging/kustomization.yaml": HEAD + body}


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("resources:\n- ../prod\n", '4:3-10 other-environment: resources[0] names "../prod"'),
        (
            "resources: [../base]\npatches:\n- path: ../prod/p.yaml\n",
            '5:9-23 other-environment: patches[0].path names "../prod/p.yaml"',
        ),
    ],
)
def test_staging_that_is_built_of_production_s_folder(judge: Any, body: str, line: str) -> None:
    """The entry is named that leads there."""
    assert judge(of_staging(body)).lines == [
        f"apps/staging/kustomization.yaml:{line}, which is production's, and this file is that of staging"
    ]


@pytest.mark.parametrize("folder", ["base", "staging-base", "../production-ready"])
def test_what_both_share_may_be_named(judge: Any, folder: str) -> None:
    """A base is nobody's, whatever is part of its name."""
    files = {
        **of_staging(f"resources: [../{folder}]\n"),
        "apps/staging-base/kustomization.yaml": HEAD + "resources: []\n",
        "production-ready/kustomization.yaml": HEAD + "resources: []\n",
    }
    assert judge(files).lines == []


def test_production_may_build_on_what_was_tried(judge: Any) -> None:
    """The other way round is how some promote."""
    files = {**of_staging("resources: [../base]\n"), "live/kustomization.yaml": HEAD + "resources: [../apps/staging]\n"}
    assert judge(files).lines == []


def test_targets_say_whose_a_folder_is(judge: Any) -> None:
    """Whatever the folders are called."""
    files = {
        "one/kustomization.yaml": HEAD + "resources: [../two, ../shared]\n",
        "two/kustomization.yaml": HEAD + "resources: []\n",
        "shared/kustomization.yaml": HEAD + "resources: []\n",
    }
    settings = ReferenceSettings(
        targets={"blue": lambda path: path.startswith("one/"), "green": lambda path: path.startswith("two/")}
    )
    assert judge(files, settings).lines == [
        'one/kustomization.yaml:3:13-19 other-environment: resources[0] names "../two", which belongs to the target green and not to blue'
    ]


def test_a_kustomization_of_flux_that_names_production_s_folder(judge: Any) -> None:
    """The path of an agent's object leads there as well."""
    flux = (
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: apps, namespace: flux-system}\n"
        "spec:\n  path: ./apps/prod\n  sourceRef: {kind: GitRepository, name: flux-system}\n"
    )
    assert judge({**FILES, "clusters/staging/apps.yaml": flux}).lines == [
        'clusters/staging/apps.yaml:5:9-20 other-environment: spec.path names "./apps/prod", which is production\'s, and this file is that of staging'
    ]
    assert judge({**FILES, "clusters/live/apps.yaml": flux}).lines == []
