"""What Argo CD leaves in the cluster when nothing asks for it any more: the change removes none of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gategit import gate
from gategit.model import Report
from gategit.request import Request

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import RepositoryBuilder

pytestmark = pytest.mark.usefixtures("renderers")

URL = "https://git.example.com/fleet.git"
FINALIZED = "  finalizers: [resources-finalizer.argocd.argoproj.io/background]\n"
SOURCE = (
    "  project: default\n"
    f"  source: {{repoURL: '{URL}', targetRevision: HEAD, path: PATH}}\n"
    "  destination: {server: https://kubernetes.default.svc, namespace: shop}\n"
)


def application(name: str, path: str, *, finalized: bool) -> str:
    """An Application that deploys a folder of this repository."""
    return (
        f"apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: {name}\n  namespace: argocd\n"
        f"{FINALIZED if finalized else ''}spec:\n{SOURCE.replace('PATH', path)}"
    )


def application_set(policy: str, elements: str = "{name: shop}, {name: other}") -> str:
    """An ApplicationSet that makes one Application for each of some folders."""
    template = "".join(f"    {line}\n" for line in SOURCE.replace("PATH", "'{{name}}'").splitlines())
    return (
        "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata:\n  name: apps\n  namespace: argocd\n"
        f"spec:\n  syncPolicy: {policy}\n  generators: [{{list: {{elements: [{elements}]}}}}]\n"
        f"  template:\n    metadata: {{name: '{{{{name}}}}'}}\n    spec:\n{template.replace('    ', '      ')}"
    )


CLAIM = (
    "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: data\n  namespace: shop\n"
    "spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n"
)
FILES = {
    ".gategit.yaml": f"version: 1\nrepositories: ['{URL}']\npolicies: {{packs: [change-safety]}}\n",
    "shop/claim.yaml": CLAIM,
    "other/config.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other, namespace: shop}\n",
}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test starts without anything worked out before."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def changed(repository: RepositoryBuilder, base: dict[str, str], head: dict[str, str | None]) -> Report:
    """Judge a change; None removes a file."""
    repository.commit("base", FILES | base)
    repository.branch("pr")
    for path, text in head.items():
        if text is None:
            repository.remove(path)
    repository.commit("change", {path: text for path, text in head.items() if text is not None})
    return gate.run(Request(directory=repository.folder, base="main", head="HEAD"))


def misses_the_claim(report: Report) -> bool:
    """Whether the report says that the volume goes."""
    return "volume-claim-removed" in {finding.rule for finding in report.findings}


@pytest.mark.parametrize("finalized", [True, False])
@pytest.mark.parametrize("folder", ["kept", "removed"])
def test_an_application_takes_its_objects_along_with_a_finalizer_only(
    git_repository: RepositoryBuilder, folder: str, *, finalized: bool
) -> None:
    """Whether the folder goes with it or not."""
    head: dict[str, str | None] = {"apps/shop.yaml": None}
    if folder == "removed":
        head["shop/claim.yaml"] = None
    report = changed(git_repository, {"apps/shop.yaml": application("shop", "shop", finalized=finalized)}, head)
    assert misses_the_claim(report) is finalized


@pytest.mark.parametrize("finalized", [True, False])
def test_what_an_application_of_applications_lets_go_of_is_that_ones_own_to_take_along(
    git_repository: RepositoryBuilder, *, finalized: bool
) -> None:
    """The parent removes the Application, and its finalizer says what becomes of the objects."""
    base = {
        "root.yaml": application("root", "apps", finalized=True),
        "apps/kustomization.yaml": "resources: [shop.yaml]\n",
        "apps/shop.yaml": application("shop", "shop", finalized=finalized),
    }
    report = changed(git_repository, base, {"apps/kustomization.yaml": "resources: []\n"})
    assert misses_the_claim(report) is finalized


@pytest.mark.parametrize(
    ("policy", "goes"),
    [
        ("{}", True),
        ("{applicationsSync: sync}", True),
        ("{applicationsSync: create-delete}", True),
        ("{applicationsSync: create-update}", False),
        ("{applicationsSync: create-only}", False),
        ("{preserveResourcesOnDeletion: true}", False),
    ],
)
@pytest.mark.parametrize("how", ["set removed", "element removed"])
def test_an_application_set_may_keep_what_it_made(
    git_repository: RepositoryBuilder, policy: str, how: str, *, goes: bool
) -> None:
    """Its Applications, or their objects."""
    after = None if how == "set removed" else application_set(policy, "{name: other}")
    report = changed(git_repository, {"sets/apps.yaml": application_set(policy)}, {"sets/apps.yaml": after})
    assert misses_the_claim(report) is goes


def test_an_object_that_an_outlived_application_loses_is_removed(git_repository: RepositoryBuilder) -> None:
    """The Application goes on, and prunes it."""
    base = {
        "apps/shop.yaml": application("shop", "shop", finalized=False),
        "shop/more.yaml": FILES["other/config.yaml"],
    }
    assert misses_the_claim(changed(git_repository, base, {"shop/claim.yaml": None}))
