"""Rendered objects in a whole run: judged as the agent would apply them, on the lines that people edit."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gategit import gate
from gategit.model import Level, Report, State, Verdict
from gategit.request import Mode, Request

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import RepositoryBuilder

pytestmark = pytest.mark.usefixtures("renderers")

CONFIG = "version: 1\nrender: {enabled: true}\npolicies: {packs: []}\n"
WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 1
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: web
          image: registry.example.com/web
"""
OVERLAY = "resources: [../../base]\npatches:\n  - path: patch.yaml\n"
PATCH = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 3
"""
FILES = {
    ".gategit.yaml": CONFIG,
    "base/kustomization.yaml": "resources: [web.yaml]\n",
    "base/web.yaml": WEB,
    "overlays/prod/kustomization.yaml": OVERLAY,
    "overlays/prod/patch.yaml": PATCH,
    "overlays/test/kustomization.yaml": OVERLAY,
    "overlays/test/patch.yaml": PATCH,
}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test starts without anything worked out before."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def check(repository: RepositoryBuilder, **options: object) -> Report:
    request = Request(directory=repository.folder, base="main", head="HEAD")
    return gate.run(replace(request, **options))  # type: ignore[arg-type]  # the test's own options


def places(report: Report) -> list[tuple[str, str, int, State]]:
    return [
        (f.rule, f.location.file, f.location.region.line if f.location.region else 0, f.state) for f in report.findings
    ]


def change(repository: RepositoryBuilder, files: dict[str, str]) -> None:
    repository.commit("base", FILES)
    repository.branch("pr")
    repository.commit("change", files)


def test_a_wrong_value_in_a_patch_stands_on_its_line(git_repository: RepositoryBuilder) -> None:
    """The object is judged as it is rendered; the finding is the patch's."""
    change(git_repository, {"overlays/prod/patch.yaml": PATCH.replace("replicas: 3", "replicas: three")})
    report = check(git_repository)
    assert places(report) == [("wrong-type", "overlays/prod/patch.yaml", 6, State.NEW)]
    assert report.verdict is Verdict.BLOCKED


def test_what_a_base_lacks_and_an_overlay_adds_is_not_missing(git_repository: RepositoryBuilder) -> None:
    """A base need not be whole."""
    base = WEB.replace("          image: registry.example.com/web\n", "")
    patch = PATCH + (
        "  template:\n    spec:\n      containers:\n        - name: web\n          image: registry.example.com/web:2\n"
    )
    change(
        git_repository,
        {"base/web.yaml": base, "overlays/prod/patch.yaml": patch, "overlays/test/patch.yaml": patch},
    )
    assert places(check(git_repository)) == []


def test_what_all_overlays_share_is_said_once_with_their_names(git_repository: RepositoryBuilder) -> None:
    """One line of the base, however many clusters get it."""
    change(git_repository, {"base/web.yaml": WEB.replace("  replicas: 1\n", "  replicas: 1\n  replicaz: 2\n")})
    [finding] = check(git_repository).findings
    assert (finding.rule, finding.location.file) == ("unknown-field", "base/web.yaml")
    assert finding.location.region is not None
    assert finding.location.region.line == 7
    assert finding.message.endswith("(in 2 builds: kustomization overlays/prod, kustomization overlays/test)")


def test_a_build_that_fails_is_a_finding_and_its_files_are_judged_alone(git_repository: RepositoryBuilder) -> None:
    """A patch that matches nothing; and what its file itself gets wrong."""
    change(git_repository, {"overlays/prod/patch.yaml": PATCH.replace("name: web", "name: wbe") + "  replicaz: 3\n"})
    report = check(git_repository)
    assert {(f.rule, f.location.file) for f in report.findings} >= {
        ("kustomization-invalid", "overlays/prod/patch.yaml"),
        ("unknown-field", "overlays/prod/patch.yaml"),
    }
    assert report.verdict is Verdict.BLOCKED


def test_what_the_base_renders_wrongly_too_is_existing(git_repository: RepositoryBuilder) -> None:
    """An old mistake does not block a change beside it."""
    files = {**FILES, "overlays/prod/patch.yaml": PATCH.replace("replicas: 3", "replicas: three")}
    git_repository.commit("base", files)
    git_repository.branch("pr")
    git_repository.commit("change", {"base/web.yaml": WEB.replace("replicas: 1", "replicas: 2")})
    report = check(git_repository)
    assert places(report) == [("wrong-type", "overlays/prod/patch.yaml", 6, State.EXISTING)]
    assert report.verdict is Verdict.PASS


def test_a_missing_program_leaves_the_verdict_open(
    git_repository: RepositoryBuilder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What cannot be rendered is said, with how to install it; the files are judged as they stand."""
    change(git_repository, {"base/web.yaml": WEB.replace("replicas: 1", "replicas: 2")})
    git = tmp_path / "bin"
    git.mkdir()
    found = shutil.which("git")
    assert found is not None
    (git / "git").symlink_to(found)
    monkeypatch.setenv("PATH", str(git))
    report = check(git_repository)
    assert {(f.rule, f.level) for f in report.findings} == {("not-rendered", Level.ERROR)}
    assert any(use.kind == "Deployment" for use in report.schemas)
    assert report.verdict is Verdict.UNDECIDED


def test_nothing_is_rendered_where_the_config_does_not_ask_for_it(git_repository: RepositoryBuilder) -> None:
    """Files are judged as they stand."""
    git_repository.commit("base", {**FILES, ".gategit.yaml": "version: 1\npolicies: {packs: []}\n"})
    git_repository.branch("pr")
    git_repository.commit("change", {"base/web.yaml": WEB.replace("          image: registry.example.com/web\n", "")})
    assert [one[:2] for one in places(check(git_repository))] == [("missing-field", "base/web.yaml")]


def test_a_whole_repository_is_rendered_and_names_its_schemas(git_repository: RepositoryBuilder) -> None:
    """Each rendered object is counted with the schema that judged it."""
    git_repository.commit("base", FILES)
    report = check(git_repository, mode=Mode.ALL, base=None, head=None)
    assert places(report) == []
    assert [(use.kind, use.objects) for use in report.schemas if use.kind == "Deployment"] == [("Deployment", 2)]


def test_an_application_that_holds_a_chart_s_values_is_judged_itself(git_repository: RepositoryBuilder) -> None:
    """The chart is rendered with values from the file; the object in the file is judged as it stands."""
    application = (
        "apiVersion: argoproj.io/v1alpha1\n"
        "kind: Application\n"
        "metadata: {name: web, namespace: argocd}\n"
        "spec:\n"
        "  project: default\n"
        "  source:\n"
        "    repoURL: https://git.example.com/acme/fleet.git\n"
        "    path: charts/web\n"
        "    helm: {valuesObject: {replicas: 2}}\n"
        "    targetRevison: HEAD\n"
        "  destination: {server: https://kubernetes.default.svc, namespace: web}\n"
    )
    git_repository.git("remote", "add", "origin", "https://git.example.com/acme/fleet.git")
    git_repository.commit("base", {".gategit.yaml": CONFIG})
    git_repository.branch("pr")
    git_repository.commit(
        "change",
        {
            "apps/web.yaml": application,
            "charts/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
            "charts/web/values.yaml": "replicas: 1\n",
            "charts/web/templates/map.yaml": (
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {n: {{ .Values.replicas | quote }}}\n"
            ),
        },
    )
    report = check(git_repository)
    assert ("unknown-field", "apps/web.yaml", 10, State.NEW) in places(report)
    assert {use.kind for use in report.schemas} == {"Application", "ConfigMap"}


PROJECT = """\
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata:
  name: shop
  namespace: argocd
spec:
  sourceRepos: ["*"]
  destinations: [{server: "*", namespace: "*"}]
  clusterResourceWhitelist:
    - {group: "", kind: Namespace}
"""
APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: shop
  namespace: argocd
  finalizers: [resources-finalizer.argocd.argoproj.io]
spec:
  project: shop
  destination: {server: https://kubernetes.default.svc, namespace: shop}
  source: {repoURL: https://git.example.com/fleet.git, path: apps}
"""
NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n"


def test_a_project_that_comes_to_forbid_is_held_against_what_it_owns(git_repository: RepositoryBuilder) -> None:
    """The change touches the project alone; what its applications bring is looked at all the same."""
    config = f"{CONFIG}repositories: [https://git.example.com/fleet.git]\n"
    files = {
        ".gategit.yaml": config,
        "project.yaml": PROJECT,
        "app.yaml": APPLICATION,
        "apps/ns.yaml": NAMESPACE,
    }
    git_repository.commit("base", files)
    git_repository.branch("pr")
    git_repository.commit("forbid", {"project.yaml": PROJECT.replace("kind: Namespace", "kind: PersistentVolume")})
    assert places(check(git_repository)) == [("project-forbids", "apps/ns.yaml", 2, State.NEW)]


def test_what_an_agent_lets_go_is_removed(git_repository: RepositoryBuilder) -> None:
    """Nobody touches the object's own file: the place is where the agent was asked for it."""
    config = "version: 1\nrepositories: [https://git.example.com/fleet.git]\npolicies: {packs: [change-safety]}\n"
    claim = (
        "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: data\n  namespace: shop\n"
        "spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n"
    )
    files = {".gategit.yaml": config, "project.yaml": PROJECT, "app.yaml": APPLICATION, "apps/claim.yaml": claim}
    git_repository.commit("base", {**files, "apps/kustomization.yaml": "resources: [claim.yaml]\n"})
    git_repository.branch("pr")
    git_repository.remove("app.yaml")
    git_repository.commit("let go")
    report = check(git_repository)
    assert ("volume-claim-removed", "app.yaml") in {(f.rule, f.location.file) for f in report.findings}
    assert report.verdict is Verdict.BLOCKED


def test_an_agent_that_fails_removes_nothing(git_repository: RepositoryBuilder) -> None:
    """What it has applied stays: the failure is all that is said."""
    config = "version: 1\nrepositories: [https://git.example.com/fleet.git]\npolicies: {packs: [change-safety]}\n"
    files = {
        ".gategit.yaml": config,
        "project.yaml": PROJECT,
        "app.yaml": APPLICATION,
        "apps/ns.yaml": NAMESPACE,
    }
    git_repository.commit("base", {**files, "apps/kustomization.yaml": "resources: [ns.yaml]\n"})
    git_repository.branch("pr")
    git_repository.commit("misspell", {"app.yaml": APPLICATION.replace("path: apps", "path: appz")})
    report = check(git_repository)
    assert "dangling-reference" in {f.rule for f in report.findings}
    assert "namespace-removed" not in {f.rule for f in report.findings}
    assert report.change.removed == 0


def flux(name: str, path: str) -> str:
    """A Flux Kustomization that builds a folder of this repository."""
    return (
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
        f"metadata:\n  name: {name}\n  namespace: flux-system\n"
        f"spec:\n  interval: 10m\n  prune: true\n  path: ./{path}\n"
        "  sourceRef: {kind: GitRepository, name: flux-system}\n"
    )


SOURCE = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata:
  name: flux-system
  namespace: flux-system
spec: {interval: 1m, url: https://git.example.com/fleet.git, ref: {branch: main}}
"""
CLAIM = (
    "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: data\n  namespace: shop\n"
    "spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n"
)
FLUX = {
    ".gategit.yaml": (
        "version: 1\nrepositories: [https://git.example.com/fleet.git]\npolicies: {packs: [change-safety]}\n"
    ),
    "clusters/prod/flux-system/gotk-sync.yaml": f"{SOURCE}---\n{flux('flux-system', 'clusters/prod')}",
    "clusters/prod/apps.yaml": flux("apps", "apps"),
    "apps/kustomization.yaml": "resources: [inner.yaml]\n",
    "apps/inner.yaml": flux("inner", "inner"),
    "inner/kustomization.yaml": "resources: [claim.yaml]\n",
    "inner/claim.yaml": CLAIM,
}


@pytest.mark.parametrize(
    ("removed", "written"),
    [
        ("clusters/prod/apps.yaml", {}),
        ("apps/inner.yaml", {"apps/kustomization.yaml": "resources: []\n"}),
        ("", {".sourceignore": "clusters/prod/apps.yaml\n"}),
        ("", {"inner/kustomization.yaml": "resources: []\n"}),
    ],
)
def test_what_flux_prunes_is_removed(git_repository: RepositoryBuilder, removed: str, written: dict[str, str]) -> None:
    """However far above the object the change is; the finding stands in a file of the change where one asked for it."""
    git_repository.commit("base", FLUX)
    git_repository.branch("pr")
    if removed:
        git_repository.remove(removed)
    git_repository.commit("change", written)
    report = check(git_repository)
    assert "volume-claim-removed" in {finding.rule for finding in report.findings}
    assert report.verdict is Verdict.BLOCKED


def test_a_broken_build_hides_no_other_removal(git_repository: RepositoryBuilder) -> None:
    """Its own agent's objects stay, as nobody knows; what another one lets go is gone."""
    broken = {"clusters/prod/bad.yaml": flux("bad", "bad"), "bad/kustomization.yaml": "resources: [gone.yaml]\n"}
    git_repository.commit("base", {**FLUX, **broken})
    git_repository.branch("pr")
    git_repository.remove("clusters/prod/apps.yaml")
    git_repository.commit("let go", {"bad/kustomization.yaml": "resources: [gone.yaml] # still\n"})
    rules = {finding.rule: finding.state for finding in check(git_repository).findings}
    assert rules["volume-claim-removed"] is State.NEW
    assert rules["dangling-reference"] is State.EXISTING


def test_a_build_that_fails_in_a_file_that_is_left_out_fails(git_repository: RepositoryBuilder) -> None:
    """What the config excludes is not judged itself; what is made of it cannot be judged without it."""
    config = f"{CONFIG}exclude: [overlays/prod/patch.yaml]\n"
    git_repository.commit("base", {**FILES, ".gategit.yaml": config})
    git_repository.branch("pr")
    git_repository.commit("change", {"overlays/prod/patch.yaml": PATCH.replace("name: web", "name: wbe")})
    report = check(git_repository)
    assert report.verdict is Verdict.BLOCKED
    assert "overlays/prod/patch.yaml" in {finding.location.file for finding in report.findings}


def test_what_an_agent_builds_elsewhere_now_is_compared_with_what_it_built(git_repository: RepositoryBuilder) -> None:
    """The folder that it leaves is nobody's: what it still says asks for nothing."""
    git_repository.commit("base", FLUX)
    git_repository.branch("pr")
    moved = {
        "clusters/prod/apps.yaml": flux("apps", "apps2"),
        "apps2/kustomization.yaml": "resources: [inner.yaml]\n",
        "apps2/inner.yaml": flux("inner", "inner2"),
        "inner2/kustomization.yaml": "resources: [claim.yaml]\n",
        "inner2/claim.yaml": CLAIM.replace("1Gi", "1Mi"),
    }
    git_repository.commit("move", moved)
    found = {(finding.rule, finding.location.file) for finding in check(git_repository).findings}
    assert ("storage-shrink", "inner2/claim.yaml") in found
    assert "volume-claim-removed" not in {rule for rule, _ in found}


def test_what_others_wait_for_is_not_taken_away(git_repository: RepositoryBuilder) -> None:
    """Both ends are named: who waits, and what the change removes."""
    waiting = flux("apps", "apps") + "  dependsOn:\n    - name: base\n"
    git_repository.commit(
        "base", {**FLUX, "clusters/prod/apps.yaml": waiting, "clusters/prod/base.yaml": flux("base", "inner")}
    )
    git_repository.branch("pr")
    git_repository.remove("clusters/prod/base.yaml")
    git_repository.commit("remove")
    [finding] = [one for one in check(git_repository).findings if one.rule == "dangling-reference"]
    assert (finding.location.file, finding.level) == ("clusters/prod/apps.yaml", Level.ERROR)
    assert [one.location.file for one in finding.related] == ["clusters/prod/base.yaml"]
