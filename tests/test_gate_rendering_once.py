"""What a build cannot do is said once: where it has to be mended, and in one wording."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gategit import gate
from gategit.model import Location, Report, Verdict
from gategit.request import Mode, Request

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import RepositoryBuilder

pytestmark = pytest.mark.usefixtures("renderers")

CONFIG = "version: 1\npolicies: {packs: []}\n"
SETTINGS = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  colour: blue\n"
OVERLAY = "resources: [../../base]\n"
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
