"""The pre-commit hook, run by the real pre-commit in a real repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import RepositoryBuilder

ROOT = Path(__file__).resolve().parent.parent.parent
GOOD = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\n  namespace: shop\ndata:\n  color: blue\n"
KUSTOMIZATION = (
    "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  - web.yaml\n  - other.yaml\n"
)

# The hook's environment is installed once for the whole file.
pytestmark = pytest.mark.xdist_group("pre-commit")


@pytest.fixture(scope="module")
def hook(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str, Path]:
    """The project as a git repository that pre-commit can clone, its revision, and a home for pre-commit."""
    project = RepositoryBuilder(tmp_path_factory.mktemp("hook") / "gategit")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            project.path(name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, project.path(name))
    return str(project.folder), project.commit("the project"), tmp_path_factory.mktemp("pre-commit-home")


def _commit(repository: RepositoryBuilder, home: Path) -> tuple[int, str]:
    """What `git commit` would meet: pre-commit's exit code and output for what is staged."""
    environment = {name: os.environ[name] for name in os.environ if not name.startswith(("PYTHON", "GIT_AUTHOR"))}
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", "run", "--color=never"],
        cwd=repository.folder,
        env=environment | {"PRE_COMMIT_HOME": str(home), "GIT_CONFIG_GLOBAL": os.devnull},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def test_the_hook_judges_what_is_staged(hook: tuple[str, str, Path], git_repository: RepositoryBuilder) -> None:
    """A good change passes, a bad one fails with its finding, and so does deleting a file that another names."""
    project, revision, home = hook
    config = f"repos:\n- repo: {project}\n  rev: {revision}\n  hooks:\n  - id: gategit\n"
    files = {".pre-commit-config.yaml": config, "web.yaml": GOOD, "other.yaml": GOOD.replace("web", "other")}
    git_repository.commit("start", {**files, "kustomization.yaml": KUSTOMIZATION})

    git_repository.write("web.yaml", GOOD.replace("blue", "green"))
    git_repository.stage()
    code, shown = _commit(git_repository, home)
    assert (code, "Passed" in shown) == (0, True), shown

    git_repository.write("web.yaml", GOOD.replace("\ndata:", "\ndta:"))
    git_repository.stage()
    code, shown = _commit(git_repository, home)
    assert code == 1, shown
    assert "error[unknown-field]: unknown field dta in ConfigMap web; did you mean data?" in shown

    git_repository.git("reset", "--quiet", "--hard")
    git_repository.remove("other.yaml")
    git_repository.stage()
    code, shown = _commit(git_repository, home)
    assert code == 1, shown
    assert "error[dangling-reference]" in shown
