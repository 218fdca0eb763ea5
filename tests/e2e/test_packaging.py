"""The demo, the built wheel, and the workflows: what a person does first with a clone."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
DOCUMENTED = ("README.md", "docs/github-action.md")


def _checkout(folder: Path) -> Path:
    """A copy of the checkout's files, as a clone would have them with what is not committed yet."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def _run(*command: str | Path, cwd: Path, code: int = 0) -> str:
    environment = {name: os.environ[name] for name in os.environ if not name.startswith(("PYTHON", "GIT", "VIRTUAL"))}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout
    return done.stdout


def test_the_demo_shows_a_pass_and_a_block(tmp_path: Path) -> None:
    """The demo passes the good pull request, blocks the bad one, and writes its reports where it says."""
    checkout = _checkout(tmp_path / "checkout")
    shown = _run(sys.executable, "-I", checkout / "tools" / "demo.py", cwd=checkout)
    assert shown.index("pass: no new findings") < shown.index("Exit code 0.") < shown.index("blocked: ")
    assert "did you mean imagePullPolicy?" in shown
    for path in re.findall(r"^  (?:SARIF|Markdown|JSON) +(\S+)$", shown, re.MULTILINE):
        assert (checkout / path).stat().st_size > 100, path
    assert len(list((checkout / ".demo" / "plain" / "reports").iterdir())) == 6


def test_the_demo_fails_where_the_gate_does(tmp_path: Path) -> None:
    """A demo whose bad pull request is not blocked is a failure, not a show."""
    checkout = _checkout(tmp_path / "checkout")
    bad = checkout / "examples" / "plain" / "pull-requests" / "rush-before-the-weekend"
    good = checkout / "examples" / "plain" / "pull-requests" / "add-metrics-port"
    (bad / "removed").unlink()
    shutil.rmtree(bad / "files")
    shutil.copytree(good / "files", bad / "files")
    shown = _run(sys.executable, "-I", checkout / "tools" / "demo.py", cwd=checkout, code=1)
    assert "The demo failed: rush-before-the-weekend ended with exit code 0, not 1." in shown


def test_the_wheel_works_in_an_empty_environment(tmp_path: Path) -> None:
    """The wheel carries policies and schemas, and the program runs from any folder."""
    checkout = _checkout(tmp_path / "checkout")
    _run(sys.executable, "-m", "build", "--no-isolation", "--outdir", tmp_path / "dist", cwd=checkout)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    policies = {path.name for path in (ROOT / "policies").glob("*.py")}
    assert {Path(name).name for name in names if "/_bundled/policies/" in name} >= policies
    assert "gategit/_bundled/schemas/report.schema.json" in names
    assert "gategit/py.typed" in names
    assert not [name for name in names if name.startswith(("tests/", "bench/", "tools/", "examples/", "action/"))]
    venv = tmp_path / "venv"
    _run(sys.executable, "-m", "venv", venv, cwd=tmp_path)
    install = (venv / "bin" / "python", "-I", "-m", "pip", "install", "--quiet")
    _run(*install, "--require-hashes", "--requirement", ROOT / "requirements.lock", cwd=tmp_path)
    _run(*install, "--no-deps", wheel, cwd=tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    manifest = (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: b}\nspec:\n  hostNetwork: true\n  containers: []\n"
    )
    (elsewhere / "pod.yaml").write_text(manifest, encoding="utf-8")
    shown = _run(venv / "bin" / "gategit", "check", "--all", cwd=elsewhere, code=1)
    assert "error[host-namespaces]" in shown
    assert "pod.yaml:5" in shown


@pytest.mark.parametrize("python", ["3.10", "none"])
def test_an_old_python_is_named(tmp_path: Path, python: str) -> None:
    """Where no Python is new enough, make says so in plain words and makes nothing."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "make", "sed", "awk", "git"):
        (tools / name).symlink_to(str(shutil.which(name)))
    if python != "none":
        # Any interpreter that refuses the question stands for an old one.
        (tools / "python3").symlink_to(str(shutil.which("false")))
    shutil.copy(ROOT / "Makefile", tmp_path / "Makefile")
    for name in ("requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    done = subprocess.run(
        [str(shutil.which("make")), "demo"],
        cwd=tmp_path,
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "gategit needs Python 3.11 or newer with its venv module" in done.stderr
    assert "make PYTHON=/path/to/python3.12 demo" in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_the_action_and_the_hook_fit_their_schemas() -> None:
    """GitHub and pre-commit read what is written."""
    check = (sys.executable, "-m", "check_jsonschema", "--builtin-schema")
    _run(*check, "vendor.github-actions", "action.yml", cwd=ROOT)
    _run(*check, "vendor.github-workflows", *WORKFLOWS, cwd=ROOT)
    validate = (sys.executable, "-m", "pre_commit", "validate-manifest", ".pre-commit-hooks.yaml")
    _run(*validate, cwd=ROOT)


def test_workflows_are_clean(tmp_path: Path) -> None:
    """The project's workflows, and those that its documentation shows, are clean by actionlint."""
    actionlint = _run(sys.executable, "tools/fetch.py", "actionlint", cwd=ROOT).splitlines()[-1]
    shown: list[Path] = []
    for page in DOCUMENTED:
        blocks = re.findall(r"^```yaml\n(.*?)^```", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        for number, block in enumerate(block for block in blocks if "\njobs:" in block):
            path = tmp_path / f"{page.replace('/', '-')}-{number}.yml"
            path.write_text(block, encoding="utf-8")
            shown.append(path)
    assert shown
    assert WORKFLOWS
    _run(actionlint, "-no-color", "-shellcheck=", "-pyflakes=", *WORKFLOWS, *shown, cwd=ROOT)


def test_actions_are_pinned() -> None:
    """Every foreign action is named by its commit, with the version beside it."""
    for path in (ROOT / "action.yml", *WORKFLOWS):
        for line in path.read_text(encoding="utf-8").splitlines():
            used = re.search(r"uses: *(\S+)", line)
            if used and not used[1].startswith("./"):
                assert re.search(r"@[0-9a-f]{40} # v[\d.]+$", line), f"{path.name}: {line.strip()}"
