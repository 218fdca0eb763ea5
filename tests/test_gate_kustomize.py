"""What a change to kustomizations makes of the files around them, in whole runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gategit import gate
from gategit.request import Request

if TYPE_CHECKING:
    from pathlib import Path

    from gategit.model import Report
    from tests.conftest import RepositoryBuilder

pytestmark = pytest.mark.usefixtures("renderers")

CONFIG = (
    "version: 1\npolicies: {packs: []}\nrepositories: [https://git.example.com/shop/deploy.git]\n"
    "targets:\n  prod: {paths: ['**'], server: 'https://kubernetes.default.svc'}\n"
)
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: web
          image: registry.example.com/shop/web:1.0.0
          resources:
            limits:
              memory: 64Mi
"""
PATCH = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 4\n"


def application(name: str, path: str, more: str = "") -> str:
    return f"""\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: {name}
  namespace: argocd
spec:
  project: default
  source:
    repoURL: https://git.example.com/shop/deploy.git
    path: {path}
{more}  destination:
    server: https://kubernetes.default.svc
    namespace: shop
"""


SHOP = {
    "apps/shop.yaml": application("shop", "shop"),
    "shop/web.yaml": DEPLOYMENT,
    "shop/kustomization.yaml": "resources: [web.yaml]\npatches:\n  - path: size.yaml\n",
    "shop/size.yaml": PATCH,
}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test starts without anything worked out before."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def check(repository: RepositoryBuilder, base: dict[str, str], head: dict[str, str]) -> Report:
    repository.commit("base", {".gategit.yaml": CONFIG, **base})
    repository.branch("pr")
    repository.commit("change", head)
    return gate.run(Request(directory=repository.folder, base="main", head="HEAD"))


def said(report: Report) -> list[str]:
    return [
        f"{one.level} {one.rule} {one.location.file}:{one.location.region.line if one.location.region else '-'} "
        f"{one.message}"
        for one in report.findings
    ]


INLINE = "resources: [web.yaml]\npatches:\n  - patch: |-\n" + "".join(f"      {line}\n" for line in PATCH.splitlines())


def test_a_patch_that_is_left_behind_is_no_manifest(git_repository: RepositoryBuilder) -> None:
    """It is a file that nobody deploys, and nothing else is wrong with it."""
    report = check(git_repository, SHOP, {"shop/kustomization.yaml": INLINE})
    assert said(report) == ["note orphan-file shop/size.yaml:- size.yaml in shop is deployed by no agent"]
    assert report.change.added == 0


def test_a_patch_that_is_left_behind_and_changed_is_judged(git_repository: RepositoryBuilder) -> None:
    """What the change writes into a file that nothing names may be meant for somebody who applies it as it stands."""
    head = {"shop/kustomization.yaml": INLINE, "shop/size.yaml": PATCH.replace("4", "5")}
    report = check(git_repository, SHOP, head)
    assert [one.split(" ")[:3] for one in said(report) if one.startswith("error")] == [
        ["error", "missing-field", "shop/size.yaml:5"]
    ] * 2


def test_a_patch_that_an_agent_applies_as_it_stands_is_judged(git_repository: RepositoryBuilder) -> None:
    """It has been a patch once, and is none for whoever reads the folder file by file."""
    head = {
        "shop/kustomization.yaml": INLINE,
        "apps/raw.yaml": application("raw", "shop", "    directory: {include: size.yaml}\n"),
    }
    report = check(git_repository, SHOP, head)
    assert [one.split(" ")[:3] for one in said(report) if "missing-field" in one] == [
        ["error", "missing-field", "shop/size.yaml:5"]
    ] * 2


def test_a_patch_that_is_no_yaml_is_said_once(git_repository: RepositoryBuilder) -> None:
    """Where the syntax is broken; that nothing can be built for it need not be said as well."""
    report = check(git_repository, SHOP, {"shop/size.yaml": f"{PATCH}x\n"})
    assert said(report) == ["error yaml-syntax shop/size.yaml:7 this line is no key, since no colon follows: x"]


LIMITS = "/spec/template/spec/containers/0/resources/limits"


@pytest.mark.parametrize(
    ("patch", "place"),
    [
        (f"- op: remove\n  path: {LIMITS}/memory\n", "shop/size.yaml:1"),
        (f"- op: test\n  path: /kind\n  value: Deployment\n- op: remove\n  path: {LIMITS}\n", "shop/size.yaml:4"),
        (
            (
                "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    spec:\n"
                "      containers:\n        - name: web\n          resources:\n            limits: null\n"
            ),
            "shop/size.yaml:11",
        ),
    ],
)
def test_what_a_policy_misses_is_missed_where_a_patch_removes_it(
    git_repository: RepositoryBuilder, patch: str, place: str
) -> None:
    """The base has the field, and nothing in it is to be mended."""
    taking = "resources: [web.yaml]\npatches:\n  - path: size.yaml\n    target: {kind: Deployment}\n"
    base = {**SHOP, ".gategit.yaml": CONFIG.replace("packs: []", "packs: [recommended]")}
    report = check(git_repository, base, {"shop/kustomization.yaml": taking, "shop/size.yaml": patch})
    assert [one for one in said(report) if "memory limit" in one] == [
        f"warning resource-limits {place} container web has no memory limit"
    ]


def test_what_a_policy_misses_and_nothing_removes_is_missed_where_it_should_stand(
    git_repository: RepositoryBuilder,
) -> None:
    """In the file of the container, whatever patches it."""
    base = {**SHOP, ".gategit.yaml": CONFIG.replace("packs: []", "packs: [recommended]")}
    bare = DEPLOYMENT.replace("          resources:\n            limits:\n              memory: 64Mi\n", "")
    report = check(git_repository, base, {"shop/web.yaml": bare})
    assert [one for one in said(report) if "memory limit" in one] == [
        "warning resource-limits shop/web.yaml:14 container web has no memory limit"
    ]


def test_a_resource_without_a_name_is_said_once(git_repository: RepositoryBuilder) -> None:
    """Of the object, and not of the kustomization that names its file, nor of the build that fails."""
    nameless = DEPLOYMENT.replace("  name: web\n", "", 1)
    assert said(check(git_repository, SHOP, {"shop/web.yaml": nameless})) == [
        "error missing-field shop/web.yaml:2 this Deployment has no name"
    ]
