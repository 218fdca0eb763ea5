"""The examples: each pull request, built as a real repository and checked by the real program with the real renderers.

What is expected stands beside each pull request, in its expected.toml; the tables in examples/README.md say the same.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.demo import EXAMPLES, EXIT_CODES, PLAIN, RENDERED, ROOT, PullRequest, build, found_in, pull_requests

pytestmark = pytest.mark.usefixtures("renderers")

ALL = (PLAIN, *RENDERED)
README = (EXAMPLES / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The repository of each example, with a branch for each pull request."""
    folder = tmp_path_factory.mktemp("examples")
    for example in ALL:
        build(example, folder / example)
    return {example: folder / example for example in ALL}


def _check(repository: Path, report: Path, *options: str) -> int:
    """Run the real program as somebody does who has installed the renderers; its exit code."""
    environment = {name: os.environ[name] for name in os.environ if not name.startswith(("GIT", "CI"))}
    environment["XDG_CACHE_HOME"] = str(report.parent / "cache")
    done = subprocess.run(
        [sys.executable, "-m", "gategit", "check", *options, "--report", f"json={report}"],
        cwd=repository,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert report.exists(), done.stderr
    return done.returncode


@pytest.mark.parametrize("example", ALL)
def test_what_runs_today_is_content(repositories: dict[str, Path], tmp_path: Path, example: str) -> None:
    """The main branch of each example passes as a whole, without a finding of any level."""
    report = tmp_path / "report.json"

    assert _check(repositories[example], report, "--all") == 0
    assert found_in(report) == []


@pytest.mark.parametrize(
    ("example", "pull_request"),
    [pytest.param(example, one, id=f"{example}-{one.branch}") for example in ALL for one in pull_requests(example)],
)
def test_pull_request(repositories: dict[str, Path], tmp_path: Path, example: str, pull_request: PullRequest) -> None:
    """The verdict, and each finding with its level, its rule, its file and its line; nothing besides."""
    report = tmp_path / "report.json"
    options = ("--base", "main", "--head", pull_request.branch, "--trust", "base")

    code = _check(repositories[example], report, *options)

    assert found_in(report) == sorted(pull_request.findings)
    assert json.loads(report.read_text(encoding="utf-8"))["verdict"] == pull_request.verdict
    assert code == EXIT_CODES[pull_request.verdict]


def _demo(checkout: Path, *arguments: str, path: str) -> tuple[int, str]:
    """Run the demo of a copy of the examples; its exit code, and what it shows."""
    shutil.copytree(EXAMPLES, checkout / "examples")
    (checkout / "tools").mkdir()
    shutil.copy2(ROOT / "tools" / "demo.py", checkout / "tools")
    done = subprocess.run(
        [sys.executable, "-I", checkout / "tools" / "demo.py", *arguments],
        cwd=checkout,
        env={name: os.environ[name] for name in os.environ if not name.startswith("GIT")} | {"PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.fixture
def bare_path(tmp_path: Path) -> str:
    """A PATH with git and no renderer."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "git").symlink_to(str(shutil.which("git")))
    return str(folder)


def test_the_demo_of_the_plain_example_needs_no_renderer(tmp_path: Path, bare_path: str) -> None:
    """It ends well, and says what else there is to see and what that takes."""
    code, shown = _demo(tmp_path / "checkout", path=bare_path)

    assert code == 0, shown
    assert shown.endswith(
        "`make demo EXAMPLE=argocd` and `make demo EXAMPLE=flux` show what is rendered by Kustomize and Helm, once "
        "kustomize and helm can be found.\n"
    )


def test_the_demo_of_another_example_says_what_it_needs(tmp_path: Path, bare_path: str) -> None:
    """Without the programs nothing is shown that could be taken for the gate's word."""
    shown = "The example flux needs kustomize and helm, not found in PATH: `make tools` builds what is needed.\n"

    assert _demo(tmp_path / "checkout", "flux", path=bare_path) == (1, shown)


def test_the_demo_shows_what_is_rendered(tmp_path: Path) -> None:
    """With the programs in PATH the gate's findings stand on the lines of overlays, charts and values."""
    code, shown = _demo(tmp_path / "checkout", "flux", path=os.environ["PATH"])

    assert code == 0, shown
    assert "--> apps/prod/queue/values.yaml:8:11" in shown
    assert "Nothing broken was merged." in shown


def test_the_demo_knows_its_examples(tmp_path: Path, bare_path: str) -> None:
    """A name that is none is answered with those that are."""
    assert _demo(tmp_path / "checkout", "nix", path=bare_path) == (
        2,
        "There is no example nix: there are plain, argocd, flux.\n",
    )


@pytest.mark.parametrize("example", ALL)
def test_every_pull_request_says_what_is_expected(example: str) -> None:
    """No folder is left out because its expected.toml is missing."""
    folders = sorted(path.name for path in (EXAMPLES / example / "pull-requests").iterdir())

    assert sorted(one.branch for one in pull_requests(example)) == folders


@pytest.mark.parametrize("example", ALL)
def test_the_tables_say_what_the_gate_says(example: str) -> None:
    """Each pull request has its row, with its verdict and the rules and lines of its findings, and no others."""
    section = README.partition(f"\n## {example}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([a-z-]+) \| (.+) \| (passes|blocks)(.*) \|$", section, re.MULTILINE)
    said = {name: (about, verdict, {*re.findall(r"`([^`]+)`", finds)}) for name, about, verdict, finds in rows}

    assert said == {
        one.branch: (
            one.about,
            {"pass": "passes", "blocked": "blocks"}[one.verdict],
            {word for finding in one.findings for word in finding.split(" ")[1:]},
        )
        for one in pull_requests(example)
    }
