"""``gategit init`` proposes files that fit the repository, shows them, and never changes what is there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner, Result

from gategit import __version__
from gategit.cli.main import app
from gategit.config import load_config
from gategit.init_repository import config_text, survey
from gategit.manifests.decode import decode

if TYPE_CHECKING:
    from tests.conftest import RepositoryBuilder

FLUX = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: flux-system, namespace: flux-system}
spec: {url: "ssh://git@git.example.com/team/fleet"}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: other, namespace: flux-system}
spec: {url: "https://git.example.com/other"}
"""

ARGO = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: web}
spec:
  sources:
    - {repoURL: "https://git.example.com/team/fleet.git", path: apps/web}
    - {repoURL: "https://charts.example.com", chart: web}
"""

FILES = {
    "apps/web/base/kustomization.yaml": "resources: []\n",
    "apps/web/overlays/prod/kustomization.yaml": "resources: []\n",
    "apps/web/overlays/staging/kustomization.yaml": "resources: []\n",
    "clusters/prod/flux-system/gotk-sync.yaml": FLUX,
    "clusters/base/x.yaml": "a: 1\n",
    "clusters/dev eu/x.yaml": "a: 1\n",
    "argo/web.yaml": ARGO,
    "charts/web/Chart.yaml": "name: web\n",
    "schemas/example.com/widget_v1alpha1.json": "{}\n",
}


def make(root: Path, files: dict[str, str]) -> None:
    """Write files below a folder."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def init(*arguments: str, answer: str = "") -> Result:
    """Run ``gategit init`` in this process."""
    return CliRunner().invoke(app, ["init", *arguments], input=answer)


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A GitOps repository's files, without git."""
    make(tmp_path, FILES)
    monkeypatch.chdir(tmp_path)
    return tmp_path


WRITTEN = (".gategit.yaml", ".github/workflows/gategit.yml", ".pre-commit-config.yaml")


def test_config_fits(folder: Path) -> None:
    """The proposed config loads, and names the targets, schemas and repositories that are there."""
    found = survey(folder)
    config = load_config(config_text(found).encode(), ".gategit.yaml")
    assert [(target.name, target.paths) for target in config.targets] == [
        ("prod", ("**/overlays/prod/**", "clusters/prod/**")),
        ("staging", ("**/overlays/staging/**",)),
    ]
    assert config.schemas.folders == ("schemas",)
    assert config.repositories == ("https://git.example.com/team/fleet.git", "ssh://git@git.example.com/team/fleet")
    assert found.tools == ("Kustomize (3 kustomizations)", "Helm (1 chart)", "Flux (1 file)", "Argo CD (1 file)")
    assert found.files == len(FILES)


def test_what_argo_cd_needs_is_said_where_it_deploys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Cluster generators see targets with a server only; who has no Argo CD reads nothing of it."""
    monkeypatch.chdir(tmp_path)
    make(tmp_path, {"clusters/prod/web.yaml": "a: 1\n"})
    assert "`server`" not in config_text(survey(tmp_path))
    make(tmp_path, {"argo/web.yaml": ARGO})
    assert "# For Argo CD also `server`," in config_text(survey(tmp_path))


def test_dry_run_writes_nothing(folder: Path) -> None:
    """With --dry-run the files are shown and none is written."""
    before = sorted(folder.rglob("*"))
    result = init("--dry-run")
    assert result.exit_code == 0
    for name in WRITTEN:
        assert f"\n--- {name}\n" in result.stdout
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(("arguments", "answer"), [(["--yes"], ""), ([], "y\n"), ([], "Yes\n")])
def test_writes(folder: Path, arguments: list[str], answer: str) -> None:
    """With --yes, or after a yes, the files are written as they were shown."""
    result = init(*arguments, answer=answer)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.endswith(
        "Wrote .gategit.yaml, .github/workflows/gategit.yml, .pre-commit-config.yaml. Next: gategit check --all\n"
    )
    for name in WRITTEN:
        assert (folder / name).read_text() in result.stdout


def test_no_is_no(folder: Path) -> None:
    """Anything but a yes writes nothing."""
    result = init(answer="\n")
    assert (result.exit_code, result.stderr) == (0, "Write these 3 files? [y/N]\n")
    assert result.stdout.endswith("Nothing was written.\n")
    assert not (folder / ".gategit.yaml").exists()


def test_nobody_answers(folder: Path) -> None:
    """Where nobody can answer, nothing is written and that is said."""
    result = init()
    assert result.exit_code == 2
    assert result.stderr.endswith(
        "gategit: nobody answered, so nothing was written\n  help: answer y, or run gategit init --yes\n"
    )
    assert not (folder / ".gategit.yaml").exists()


def test_never_overwrites(folder: Path) -> None:
    """Files that exist stay as they are; the hook to add to a pre-commit config is shown."""
    make(folder, {".gategit.yaml": "version: 1\n", ".pre-commit-config.yaml": "repos: []\n"})
    result = init("--yes")
    assert result.exit_code == 0
    assert "--- .gategit.yaml (exists already: left as it is)\n" in result.stdout
    assert "add this to its list of repos:\n  - repo: https://github.com/gategit/gategit\n" in result.stdout
    assert "Wrote .github/workflows/gategit.yml. " in result.stdout
    assert (folder / ".gategit.yaml").read_text() == "version: 1\n"
    assert (folder / ".pre-commit-config.yaml").read_text() == "repos: []\n"
    again = init("--yes")
    assert (again.exit_code, "Wrote" in again.stdout) == (0, False)


def test_workflow_and_hook(folder: Path) -> None:
    """The workflow has the rights it needs and no more; the hook names this version."""
    assert init("--yes").exit_code == 0
    workflow = decode((folder / WRITTEN[1]).read_bytes(), "w.yml").documents[0].data
    assert workflow["permissions"] == {"contents": "read"}
    checkout, gate = workflow["jobs"]["gate"]["steps"]
    assert checkout["with"] == {"fetch-depth": 0, "persist-credentials": False}
    assert gate == {"uses": "gategit/gategit@v0"}
    hooks = decode((folder / WRITTEN[2]).read_bytes(), "p.yaml").documents[0].data
    assert hooks["repos"] == [
        {"repo": "https://github.com/gategit/gategit", "rev": f"v{__version__}", "hooks": [{"id": "gategit"}]}
    ]


def test_empty_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder with nothing in it gets a config that holds nothing but the defaults."""
    monkeypatch.chdir(tmp_path)
    result = init("--yes")
    assert result.exit_code == 0
    assert "Found no manifests yet.\n" in result.stdout
    assert load_config((tmp_path / ".gategit.yaml").read_bytes(), "c").targets == ()


def test_options_exclude_each_other(folder: Path) -> None:
    """--yes and --dry-run contradict each other."""
    result = init("--yes", "--dry-run")
    assert (result.exit_code, result.stderr) == (2, "gategit: --yes and --dry-run exclude each other\n")
    assert not (folder / ".gategit.yaml").exists()


def test_in_git(monkeypatch: pytest.MonkeyPatch, git_repository: RepositoryBuilder, tmp_path: Path) -> None:
    """The root, the default branch, the remote and what git ignores are git's to say, also from a folder inside."""
    git_repository.commit(files={**FILES, ".gitignore": "vendor/\n"})
    git_repository.git("branch", "--move", "trunk")
    clone = git_repository.clone(tmp_path / "clone")
    clone.git("remote", "set-url", "origin", "https://git.example.com/team/fleet.git")
    clone.branch("feature")
    clone.write("vendor/clusters/x/a.yaml", "a: 1\n")
    monkeypatch.chdir(clone.path("apps/web"))
    result = init("--yes")
    assert result.exit_code == 0
    assert f"Looked at {clone.folder}: {len(FILES) + 1} files, default branch trunk.\n" in result.stdout
    assert '    branches: ["trunk"]\n' in clone.path(WRITTEN[1]).read_text()
    config = load_config(clone.path(".gategit.yaml").read_bytes(), ".gategit.yaml")
    assert [target.name for target in config.targets] == ["prod", "staging"]
    assert config.repositories == ("ssh://git@git.example.com/team/fleet",)


def test_links_and_pipes_are_not_read(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A link that leads out of the folder, and a pipe that never ends, are not opened."""
    outside = tmp_path_factory.mktemp("outside") / "secret.yaml"
    outside.write_text(FLUX.replace("team/fleet", "secret"))
    (folder / "link.yaml").symlink_to(outside)
    os.mkfifo(folder / "pipe.yaml")
    assert not any("secret" in url for url in survey(folder).repositories)
