"""What only shows where Applications stand beside each other, in changes that reach one of them."""

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
    "version: 1\nrender: {enabled: true}\npolicies: {packs: []}\n"
    "repositories: [https://git.example.com/shop/deploy.git]\n"
    "targets:\n  prod: {paths: ['**'], server: 'https://kubernetes.default.svc'}\n"
)
WAVE = "argocd.argoproj.io/sync-wave"
NAMESPACE = f"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n  annotations: {{{WAVE}: '1'}}\n"
ROLE = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: reader\nrules: []\n"


def application(name: str, path: str) -> str:
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
  destination:
    server: https://kubernetes.default.svc
    namespace: {name}
"""


def config_map(name: str, namespace: str) -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  namespace: {namespace}\n"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test starts without anything worked out before."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def check(repository: RepositoryBuilder, base: dict[str, str], head: dict[str, str]) -> Report:
    repository.commit("base", {".gategit.yaml": CONFIG, **base})
    repository.branch("pr")
    repository.commit("change", head)
    return gate.run(Request(directory=repository.folder, base="main", head="HEAD"))


def said(report: Report, rule: str) -> list[str]:
    return [
        f"{one.level} {one.state} {one.location.file}:{one.location.region.line if one.location.region else '-'} "
        f"{one.message}"
        for one in report.findings
        if one.rule == rule
    ]


SHOP = {"apps/shop.yaml": application("shop", "shop"), "shop/map.yaml": config_map("settings", "shop")}


def test_a_new_namespace_that_comes_too_late_stops_the_sync(git_repository: RepositoryBuilder) -> None:
    """Nothing has brought it before, so the objects in it are refused for sure."""
    report = check(git_repository, {"README.md": "shop\n"}, {**SHOP, "shop/namespace.yaml": NAMESPACE})
    assert said(report, "sync-order") == [
        "error new shop/map.yaml:3 ConfigMap shop/settings is synced in wave 0, before its namespace shop in wave 1"
    ]


def test_a_namespace_that_is_there_comes_late_only_in_a_new_cluster(git_repository: RepositoryBuilder) -> None:
    """The base declares it already: what the cluster has is not waited for."""
    base = {**SHOP, "shop/namespace.yaml": NAMESPACE.replace("'1'", "'-1'")}
    assert said(check(git_repository, base, {"shop/namespace.yaml": NAMESPACE}), "sync-order") == [
        "warning new shop/map.yaml:3 ConfigMap shop/settings is synced in wave 0, before its namespace shop in wave 1"
    ]


def test_an_order_that_the_base_has_is_existing(git_repository: RepositoryBuilder) -> None:
    """It is said as before, and blocks nobody."""
    base = {**SHOP, "shop/namespace.yaml": NAMESPACE}
    report = check(git_repository, base, {"shop/map.yaml": config_map("settings", "shop") + "data: {a: b}\n"})
    assert said(report, "sync-order") == [
        (
            "warning existing shop/map.yaml:3 ConfigMap shop/settings is synced in wave 0, before its namespace shop "
            "in wave 1"
        )
    ]


def test_the_other_owner_may_be_one_that_the_change_does_not_reach(git_repository: RepositoryBuilder) -> None:
    """Kustomizations, charts and plain folders: whoever may bring what is new is rendered, to be sure."""
    base = {
        "apps/a.yaml": application("a", "a"),
        "a/kustomization.yaml": "namePrefix: a-\nresources: [role.yaml]\n",
        "a/role.yaml": ROLE,
        "apps/b.yaml": application("b", "b"),
        "b/Chart.yaml": "apiVersion: v2\nname: b\nversion: 1.0.0\n",
        "shared/role.yaml": ROLE.replace("reader", "{{ .Release.Name }}-reader"),
        "apps/c.yaml": application("c", "c"),
        "c/role.yaml": ROLE.replace("reader", "c-reader"),
        "apps/d.yaml": application("d", "d"),
        "d/map.yaml": config_map("d", "d"),
    }
    git_repository.symlink("b/templates", "../shared")
    roles = "---\n".join(ROLE.replace("reader", f"{name}-reader") for name in ("a", "b", "c", "d"))
    report = check(git_repository, base, {"d/roles.yaml": roles})
    assert said(report, "duplicate-owner") == [
        f"error new d/roles.yaml:{line} ClusterRole {name}-reader is brought by Argo CD Application argocd/d and by "
        f"Argo CD Application argocd/{name}"
        for line, name in ((4, "a"), (10, "b"), (16, "c"))
    ]


def test_one_owner_after_another_is_one_owner(git_repository: RepositoryBuilder) -> None:
    """What moves from one Application to another is brought by one on each side."""
    base = {
        "apps/a.yaml": application("a", "a"),
        "a/role.yaml": ROLE,
        "a/map.yaml": config_map("a", "a"),
        "apps/b.yaml": application("b", "b"),
        "b/map.yaml": config_map("b", "b"),
    }
    git_repository.commit("base", {".gategit.yaml": CONFIG, **base})
    git_repository.branch("pr")
    git_repository.git("mv", "a/role.yaml", "b/role.yaml")
    git_repository.commit("change", {})
    report = gate.run(Request(directory=git_repository.folder, base="main", head="HEAD"))
    assert said(report, "duplicate-owner") == []


DEFINITION = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: widgets.example.com
spec:
  group: example.com
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget}
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object}}
"""
WIDGET = "apiVersion: example.com/v1\nkind: Widget\nmetadata:\n  name: a\n  namespace: b\n"
OPERATOR = {"apps/a.yaml": application("a", "a"), "a/definition.yaml": DEFINITION}
USER = {"apps/b.yaml": application("b", "b"), "b/widget.yaml": WIDGET}


def test_a_new_definition_of_another_application_may_come_too_late(git_repository: RepositoryBuilder) -> None:
    """Nothing orders the two syncs, and the first try of the resource fails without its definition."""
    report = check(git_repository, {"README.md": "shop\n"}, {**OPERATOR, **USER})
    assert said(report, "sync-order") == [
        (
            "warning new b/widget.yaml:2 Widget b/a needs the definition of Widget, which Application argocd/a brings: "
            "without SkipDryRunOnMissingResource=true its sync fails until that one is done"
        )
    ]


@pytest.mark.parametrize(
    ("base", "head"),
    [
        (OPERATOR, USER),
        (
            {"README.md": "shop\n"},
            {
                **OPERATOR,
                **USER,
                "b/widget.yaml": (
                    WIDGET
                    + "  annotations:\n"
                    + "    argocd.argoproj.io/sync-options: Prune=false, SkipDryRunOnMissingResource=true\n"
                ),
            },
        ),
        (
            {"README.md": "shop\n"},
            {
                **OPERATOR,
                **USER,
                "apps/b.yaml": (
                    application("b", "b") + "  syncPolicy: {syncOptions: [SkipDryRunOnMissingResource=true]}\n"
                ),
            },
        ),
        ({"README.md": "shop\n"}, {**USER, "b/definition.yaml": DEFINITION}),
    ],
    ids=["it is there", "the resource says so", "its Application says so", "one sync brings both"],
)
def test_a_definition_that_cannot_come_too_late(
    git_repository: RepositoryBuilder, base: dict[str, str], head: dict[str, str]
) -> None:
    """Argo CD then tries the resource with its definition, or not at all."""
    assert said(check(git_repository, base, head), "sync-order") == []


def test_what_argo_cd_is_told_of_kustomize_is_read(git_repository: RepositoryBuilder) -> None:
    """Its settings stand in a ConfigMap: there they let a kustomization load a file from outside of its folder."""
    base = {
        "apps/a.yaml": application("a", "a"),
        "a/kustomization.yaml": "resources: [../shared/map.yaml]\n",
        "shared/map.yaml": config_map("a", "a"),
    }
    settings = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cm, namespace: argocd}\n"
        "data: {kustomize.buildOptions: --load-restrictor LoadRestrictionsNone}\n"
    )
    more = {"shared/map.yaml": config_map("a", "a") + "data: {a: b}\n"}
    assert said(check(git_repository, {**base, "argocd/settings.yaml": settings}, more), "render-failed") == []
    git_repository.git("rm", "-q", "argocd/settings.yaml")
    git_repository.commit("change", {})
    report = gate.run(Request(directory=git_repository.folder, base="main", head="HEAD"))
    assert [line.partition(" a/")[0] for line in said(report, "render-failed")] == ["error new"]
