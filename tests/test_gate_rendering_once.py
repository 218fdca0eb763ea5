"""What a build cannot do is said once: where it has to be mended, and in one wording."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gategit import gate
from gategit.model import Location, Report, Verdict
from gategit.report import render
from gategit.request import Mode, Request

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import RepositoryBuilder

pytestmark = pytest.mark.usefixtures("renderers")

CONFIG = "version: 1\npolicies: {packs: []}\n"
SETTINGS = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  colour: blue\n"
OVERLAY = "resources: [../../base]\n"
SOURCE = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: flux-system, namespace: flux-system}
spec: {interval: 1m, url: "https://git.example.com/shop/clusters.git"}
"""
AGENT = """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: shop, namespace: flux-system}
spec:
  interval: 1m
  prune: true
  path: ./overlays/prod
  sourceRef: {kind: GitRepository, name: flux-system}
"""
LEFT_OUT = "which .sourceignore leaves out, so that Flux does not have it: nothing that builds on it is rendered"
FILES = {
    ".gategit.yaml": CONFIG,
    "base/kustomization.yaml": "resources: [settings.yaml]\n",
    "base/settings.yaml": SETTINGS,
    "overlays/prod/kustomization.yaml": f"namePrefix: prod-\n{OVERLAY}",
    "overlays/test/kustomization.yaml": f"namePrefix: test-\n{OVERLAY}",
}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test starts without anything worked out before."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def judge(repository: RepositoryBuilder, mode: Mode = Mode.CHANGE) -> Report:
    request = Request(directory=repository.folder, mode=mode)
    return gate.run(replace(request, base="main", head="HEAD") if mode is Mode.CHANGE else request)


def said(report: Report) -> list[str]:
    """Each finding in one line."""
    return [
        f"{one.rule} {one.location.file}:{one.location.region.line if one.location.region else '-'} {one.message}"
        for one in report.findings
    ]


def test_a_program_that_is_missing_is_said_once(
    git_repository: RepositoryBuilder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """However many builds want it: their number and the first names stand at the first of them."""
    git_repository.commit("base", FILES)
    alone = tmp_path / "bin"
    alone.mkdir()
    found = shutil.which("git")
    assert found is not None
    (alone / "git").symlink_to(found)
    monkeypatch.setenv("PATH", str(alone))
    report = judge(git_repository, Mode.ALL)
    [finding] = report.findings
    assert (finding.rule, finding.location) == ("not-rendered", Location("overlays/prod/kustomization.yaml"))
    assert finding.message == (
        "kustomize is not installed or not in PATH, so 2 builds are not rendered: kustomization overlays/prod, "
        "kustomization overlays/test"
    )
    assert report.verdict is Verdict.UNDECIDED
    text = render(report, "text")
    assert text.count("kustomize is not installed") == 1
    assert "could not look: references: not-rendered in overlays/prod/kustomization.yaml, as above\n" in text


def change(repository: RepositoryBuilder, files: dict[str, str], base: dict[str, str] | None = None) -> Report:
    """What is said of a change."""
    repository.commit("base", base or FILES)
    repository.branch("pr")
    repository.commit("change", files)
    return judge(repository)


def test_a_key_that_is_there_twice_fails_builds_and_is_said_once(git_repository: RepositoryBuilder) -> None:
    """At the key: Kustomize stops in each overlay, and names neither the file nor the line."""
    report = change(git_repository, {"base/settings.yaml": f"{SETTINGS}  colour: red\n"})
    assert said(report) == [
        (
            'duplicate-key base/settings.yaml:7 the key "colour" is already set in line 6, column 3; only one of the '
            "two counts"
        )
    ]


def test_two_kustomizations_in_a_folder_are_said_once(git_repository: RepositoryBuilder) -> None:
    """On the one that came second; what builds on the folder says nothing more."""
    report = change(git_repository, {"base/kustomization.yml": "resources: [settings.yaml]\n"})
    assert said(report) == [
        (
            "kustomization-invalid base/kustomization.yml:- The folder base has two kustomization files, "
            "kustomization.yaml and kustomization.yml; Kustomize takes neither"
        )
    ]


def test_a_circle_is_said_once_where_a_base_names_its_overlay(git_repository: RepositoryBuilder) -> None:
    """Not where the overlay names its base as it always did, and nothing is said of what comes round again."""
    base = {**FILES, "overlays/prod/space.yaml": "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n"}
    base["overlays/test/space.yaml"] = base["overlays/prod/space.yaml"]
    for name in ("prod", "test"):
        base[f"overlays/{name}/kustomization.yaml"] = "resources: [../../base, space.yaml]\n"
    report = change(
        git_repository, {"base/kustomization.yaml": "resources:\n  - settings.yaml\n  - ../overlays/prod\n"}, base
    )
    assert said(report) == [
        (
            'kustomization-invalid base/kustomization.yaml:3 resources[1] names "../overlays/prod", which leads back '
            "here: overlays/prod → base → overlays/prod"
        )
    ]


def test_a_link_out_of_the_repository_says_how_to_mend_it(git_repository: RepositoryBuilder) -> None:
    """No program and no limit is what it takes; it is counted once."""
    git_repository.commit("base", FILES)
    git_repository.branch("pr")
    git_repository.symlink("base/users.yaml", "/etc/passwd")
    git_repository.commit("change", {"base/kustomization.yaml": "resources: [settings.yaml, users.yaml]\n"})
    report = judge(git_repository)
    assert [(one.rule, one.location.file) for one in report.findings] == [
        ("not-rendered", "base/kustomization.yaml"),
        ("symlink-outside", "base/users.yaml"),
    ]
    assert report.findings[0].help == (
        "Copy the file into the repository, and name it by a relative path that leads through it alone."
    )
    assert [(one.what, one.reason) for one in report.unchecked] == [
        ("base/kustomization.yaml: users.yaml", "it is a symbolic link that leads out of the repository")
    ]


@pytest.mark.parametrize(
    ("ignored", "place", "message", "because"),
    [
        (
            "# not for Flux\nbase/settings.yaml\n",
            "base/kustomization.yaml:1",
            f'resources[0] names "settings.yaml", {LEFT_OUT}',
            2,
        ),
        (
            "base/\n!base/settings.yaml\n",
            "overlays/prod/kustomization.yaml:2",
            f'resources[0] names "../../base", {LEFT_OUT}',
            1,
        ),
        (
            "/*\n!/clusters\n!/base\n",
            "clusters/shop.yaml:7",
            "overlays/prod cannot be built: .sourceignore leaves all of it out, so that Flux finds no such folder",
            None,
        ),
    ],
)
def test_flux_does_not_have_what_its_source_leaves_out(
    git_repository: RepositoryBuilder, ignored: str, place: str, message: str, because: int | None
) -> None:
    """So its build fails, although Kustomize builds the same folder here."""
    base = {**FILES, "clusters/source.yaml": SOURCE, "clusters/shop.yaml": AGENT}
    report = change(git_repository, {".sourceignore": ignored}, base)
    failed = [one for one in report.findings if one.rule == "render-failed"]
    assert [
        (f"{one.location.file}:{one.location.region.line if one.location.region else '-'}", one.message)
        for one in failed
    ] == [(place, message)]
    assert [one.location.region.line for one in failed[0].related if one.location.region] == (
        [] if because is None else [because]
    )
    assert failed[0].help == "Take the line out that leaves it out, or name something that Flux fetches."
    assert report.verdict is Verdict.BLOCKED


def test_flux_builds_what_its_source_takes_in_again(git_repository: RepositoryBuilder) -> None:
    """The last line that fits a file decides; Kustomize itself knows no such file."""
    base = {**FILES, "clusters/source.yaml": SOURCE, "clusters/shop.yaml": AGENT}
    report = change(git_repository, {".sourceignore": "/*\n!/clusters\n!/base\n!/overlays/prod\n"}, base)
    assert said(report) == []
    assert report.verdict is Verdict.PASS
