"""The GitHub Action: its steps' own shell text, run as a runner does, on real repositories with real event files."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.conftest import RepositoryBuilder
from tools.golang import built

ROOT = Path(__file__).resolve().parent.parent.parent
ACTION: dict[str, Any] = YAML(typ="safe", pure=True).load((ROOT / "action.yml").read_text(encoding="utf-8"))
OUTPUTS = {
    "verdict",
    "exit-code",
    "errors",
    "warnings",
    "notes",
    "existing",
    "waived",
    "unchecked",
    "sarif-file",
    "diff-file",
}

# One installation serves the whole file.
pytestmark = pytest.mark.xdist_group("action")

GOOD = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\n  namespace: shop\ndata:\n  color: blue\n"
BETTER = GOOD.replace("blue", "green")
BAD = GOOD.replace("\ndata:", "\ndta:")


@dataclass
class Runner:
    """What a GitHub runner is to a composite action: folders, files for outputs, and a shell for each step."""

    temp: Path
    workspace: Path
    action: Path
    event_name: str = "workflow_dispatch"
    event: dict[str, Any] = field(default_factory=dict)
    sha: str = ""
    inputs: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    summary: str = ""
    log: str = ""

    def _evaluate(self, text: str) -> str:
        """Replace the expressions of an ``env`` value; only the forms that action.yml uses are known."""

        def value(match: re.Match[str]) -> str:
            parts = match[1].split(".")
            if parts[0] == "inputs":
                return self.inputs.get(parts[1], str(ACTION["inputs"][parts[1]].get("default", "")))
            assert parts[0] == "steps"
            return self.outputs.get(parts[1], {}).get(parts[3], "")

        return re.sub(r"\$\{\{ ([\w.-]+) \}\}", value, text)

    def step(self, name: str) -> int:
        """Run one step's shell text and return its exit code."""
        step = next(step for step in ACTION["runs"]["steps"] if step["name"] == name)
        assert step["shell"] == "bash"
        files = {kind: self.temp / f"{kind}-{name.replace(' ', '-')}" for kind in ("output", "summary", "event")}
        for kind in ("output", "summary"):
            files[kind].write_text("", encoding="utf-8")
        files["event"].write_text(json.dumps(self.event), encoding="utf-8")
        script = self.temp / "step.sh"
        script.write_text(step["run"], encoding="utf-8")
        environment = {
            **{key: os.environ[key] for key in os.environ if not key.startswith(("GITHUB_", "GIT_", "PYTHON"))},
            "GIT_CONFIG_GLOBAL": os.devnull,
            # As on a runner with a suitable Python: the python3 in PATH is the one that runs these tests.
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(self.action),
            "GITHUB_WORKSPACE": str(self.workspace),
            "GITHUB_EVENT_NAME": self.event_name,
            "GITHUB_EVENT_PATH": str(files["event"]),
            "GITHUB_SHA": self.sha,
            "GITHUB_OUTPUT": str(files["output"]),
            "GITHUB_STEP_SUMMARY": str(files["summary"]),
            "RUNNER_TEMP": str(self.temp),
            **self.environment,
            **{key: self._evaluate(str(text)) for key, text in step.get("env", {}).items()},
        }
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)],  # noqa: S607  as the runner does
            cwd=self.workspace,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.log += done.stdout
        lines = files["output"].read_text(encoding="utf-8").splitlines()
        if "id" in step:
            assert len({line.partition("=")[0] for line in lines}) == len(lines), lines
            self.outputs[step["id"]] = {key: value for key, _, value in (line.partition("=") for line in lines)}
        self.summary += files["summary"].read_text(encoding="utf-8")
        return done.returncode

    def gate(self) -> int:
        """The steps after the installation; the exit code of the last one, which is the job's."""
        assert self.step("Run the gate") == 0, self.log
        assert self.outputs["gate"].keys() <= OUTPUTS
        return self.step("Verdict")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A runner's temporary folder with gategit in it, installed by the action's steps, and the action itself."""
    temp = tmp_path_factory.mktemp("runner-temp")
    action = tmp_path_factory.mktemp("actions") / "gategit"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (action / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, action / name)
    workspace = tmp_path_factory.mktemp("empty-workspace")
    # What a pull request could leave in the folder that the job starts in.
    for name in ("pip.py", "venv.py", "hatchling.py", "sitecustomize.py"):
        (workspace / name).write_text("raise SystemExit('taken from the workspace')\n", encoding="utf-8")
    runner = Runner(temp, workspace, action)
    assert runner.step("Look for Python") == 0, runner.log
    assert runner.outputs["python"] == {"needed": ""}
    assert runner.step("Install gategit") == 0, runner.log
    return temp, action


def _pull_request(repository: RepositoryBuilder, files: dict[str, str]) -> tuple[dict[str, Any], str]:
    """A pull request as checked out by actions/checkout: the event, and the merge commit that the runner is on."""
    base = repository.commit("base", {"apps/web.yaml": GOOD})
    repository.branch("feature")
    head = repository.commit("feature", files)
    repository.switch("main")
    merge = repository.merge("feature")
    repository.git("checkout", "--quiet", "--detach", merge)
    name = {"full_name": "example/gitops"}
    event = {
        "action": "synchronize",
        "number": 7,
        "pull_request": {
            "number": 7,
            "base": {"ref": "main", "sha": base, "repo": name},
            "head": {"ref": "feature", "sha": head, "repo": name},
            "user": {"login": "octocat"},
            "labels": [],
        },
        "repository": {"full_name": "example/gitops", "default_branch": "main"},
    }
    return event, merge


def _runner(installed: tuple[Path, Path], repository: RepositoryBuilder, files: dict[str, str]) -> Runner:
    event, merge = _pull_request(repository, files)
    return Runner(installed[0], repository.folder, installed[1], "pull_request", event, merge)


def test_a_bad_pull_request_fails_the_job(installed: tuple[Path, Path], git_repository: RepositoryBuilder) -> None:
    """Blocked: annotations on the line, a summary, a SARIF file, the counts, and exit code 1 in the last step."""
    runner = _runner(installed, git_repository, {"apps/web.yaml": BAD})
    assert runner.gate() == 1
    outputs = runner.outputs["gate"]
    assert (outputs["verdict"], outputs["exit-code"], outputs["errors"]) == ("blocked", "1", "1"), runner.log
    assert outputs.keys() == OUTPUTS
    assert re.search(r"^::error .*file=apps/web\.yaml,.*line=6,", runner.log, re.MULTILINE)
    assert "unknown-field" in runner.summary
    sarif = json.loads(Path(outputs["sarif-file"]).read_text(encoding="utf-8"))
    assert [result["ruleId"] for result in sarif["runs"][0]["results"]] == ["unknown-field"]


def test_a_good_pull_request_passes(installed: tuple[Path, Path], git_repository: RepositoryBuilder) -> None:
    """Passed: exit code 0, and the reports that were asked for stand in the workspace."""
    runner = _runner(installed, git_repository, {"apps/web.yaml": BETTER})
    runner.inputs = {"reports": "junit=junit.xml", "sarif-file": "gate.sarif", "kubernetes-version": "1.33, 1.34"}
    assert runner.gate() == 0, runner.log
    assert runner.outputs["gate"]["verdict"] == "pass"
    assert runner.outputs["gate"]["sarif-file"] == str(git_repository.folder / "gate.sarif")
    assert "<testsuite" in git_repository.path("junit.xml").read_text(encoding="utf-8")


def test_the_summary_shows_what_a_change_does(installed: tuple[Path, Path], git_repository: RepositoryBuilder) -> None:
    """Beside the verdict stands the effect as it is rendered, and all of it is in a file outside of the workspace."""
    base = {
        "base/kustomization.yaml": "resources: [web.yaml]\n",
        "base/web.yaml": GOOD.replace("  namespace: shop\n", ""),
    }
    overlays = {f"{name}/kustomization.yaml": f"namespace: {name}\nresources: [../base]\n" for name in ("prod", "test")}
    config = 'version: 1\ntargets:\n  prod: {paths: ["prod/**"]}\n  test: {paths: ["test/**"]}\n'
    git_repository.commit("start", {".gategit.yaml": config, **base, **overlays})
    runner = _runner(installed, git_repository, {"base/web.yaml": base["base/web.yaml"].replace("blue", "green")})
    assert runner.gate() == 0, runner.log
    assert "<code>ConfigMap web</code> for <code>prod and test, namespaces prod and test</code>" in runner.summary
    assert "@@ base/web.yaml:6 @@\n- data.color: blue\n+ data.color: green\n" in runner.summary
    file = Path(runner.outputs["gate"]["diff-file"])
    assert file.is_relative_to(installed[0])
    text = file.read_text(encoding="utf-8")
    assert "prod and test, namespaces prod and test: 2 modified\n" in text
    assert text.endswith("objects: 0 added, 2 modified, 0 removed\n")


def test_what_is_uploaded_is_what_the_step_wrote() -> None:
    """Each upload takes its file from the gate's outputs, is asked for by its own input, and is pinned by a commit."""
    steps = {step["name"]: step for step in ACTION["runs"]["steps"]}
    for name, kind, key in (("Upload SARIF", "sarif", "sarif_file"), ("Upload the diff", "diff", "path")):
        step = steps[name]
        assert step["if"] == f"inputs.upload-{kind} == 'true' && steps.gate.outputs.{kind}-file != ''"
        assert step["with"][key] == f"${{{{ steps.gate.outputs.{kind}-file }}}}"
        assert re.fullmatch(r"[\w/.-]+@[0-9a-f]{40}", step["uses"])
        assert ACTION["inputs"][f"upload-{kind}"]["default"] == "false"


def test_a_job_asks_a_sandbox(installed: tuple[Path, Path], git_repository: RepositoryBuilder) -> None:
    """With the programs where KUBEBUILDER_ASSETS says, the API server's own refusal fails the job."""
    claim = (
        "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data, namespace: default}\n"
        "spec:\n  accessModes: [ReadWriteOnce]\n  resources:\n    requests:\n      storage: 10Gi\n"
    )
    git_repository.commit("claim", {"claim.yaml": claim})
    runner = _runner(installed, git_repository, {"claim.yaml": claim.replace("10Gi", "1Gi")})
    runner.inputs = {"dry-run": "sandbox"}
    runner.environment = {"KUBEBUILDER_ASSETS": str(built("kube-apiserver").parent)}
    assert runner.gate() == 1, runner.log
    assert "dry run in a sandbox" in runner.summary
    assert "error[immutable-field]: spec.resources.requests.storage" in runner.log


def test_a_merge_group_is_judged(installed: tuple[Path, Path], git_repository: RepositoryBuilder) -> None:
    """The merge queue's own commits are taken from its event."""
    base = git_repository.commit("base", {"apps/web.yaml": GOOD})
    head = git_repository.commit("queued", {"apps/web.yaml": BAD})
    event = {
        "action": "checks_requested",
        "merge_group": {"base_sha": base, "base_ref": "refs/heads/main", "head_sha": head, "head_ref": "refs/heads/q"},
        "repository": {"full_name": "example/gitops", "default_branch": "main"},
    }
    runner = Runner(installed[0], git_repository.folder, installed[1], "merge_group", event, head)
    assert runner.gate() == 1, runner.log
    assert runner.outputs["gate"]["verdict"] == "blocked"


def test_a_pull_request_cannot_stand_in_for_the_gate(
    installed: tuple[Path, Path], git_repository: RepositoryBuilder
) -> None:
    """Modules at the root of the checkout are not imported, and its own config does not soften the verdict."""
    trap = "import pathlib\npathlib.Path('pwned').touch()\nraise SystemExit(0)\n"
    names = (
        "gategit/__init__.py",
        "gategit/cli/main.py",
        "typer.py",
        "json.py",
        "sitecustomize.py",
        "usercustomize.py",
    )
    softer = "version: 1\npolicies:\n  levels: {unknown-field: 'off'}\nexclude: ['**']\n"
    runner = _runner(
        installed, git_repository, {"apps/web.yaml": BAD, ".gategit.yaml": softer, **dict.fromkeys(names, trap)}
    )
    runner.environment = {"PYTHONPATH": str(git_repository.folder)}
    assert runner.step("Install gategit") == 0, runner.log
    assert runner.gate() == 1, runner.log
    assert not git_repository.path("pwned").exists()
    assert "gate-changed" in runner.summary


@pytest.mark.parametrize(
    "value",
    ["$(touch pwned)", "`touch pwned`", "; touch pwned", "main\nverdict=pass", "--output=pwned", "'\"; touch pwned #"],
)
@pytest.mark.parametrize(
    "name", ["base", "target", "fail-on", "kubernetes-version", "stages", "reports", "trust", "dry-run", "assets"]
)
def test_hostile_inputs_are_words(
    installed: tuple[Path, Path], git_repository: RepositoryBuilder, name: str, value: str
) -> None:
    """No input is read by a shell, becomes an option of its own, or writes an output; the job fails."""
    runner = _runner(installed, git_repository, {"apps/web.yaml": BETTER})
    runner.inputs = {name: value}
    assert runner.gate() in {2, 3}, runner.log
    assert runner.outputs["gate"]["verdict"] == "undecided"
    assert not list(git_repository.folder.rglob("pwned*"))


def test_a_link_in_the_checkout_is_not_written_through(
    installed: tuple[Path, Path], git_repository: RepositoryBuilder, tmp_path: Path
) -> None:
    """A pull request that turns the report's path into a link does not choose what the runner overwrites."""
    victim = tmp_path / "victim"
    victim.write_text("precious", encoding="utf-8")
    git_repository.symlink("gate.sarif", str(victim))
    runner = _runner(installed, git_repository, {"apps/web.yaml": BETTER})
    runner.inputs = {"sarif-file": "gate.sarif"}
    assert runner.gate() == 2
    assert victim.read_text(encoding="utf-8") == "precious"
    assert "the report 'gate.sarif' cannot be written: its name is a link, a folder or has a line break" in runner.log


@pytest.mark.parametrize("name", ["config", "kubeconfig", "snapshot"])
def test_a_file_in_the_workspace_does_not_steer_the_gate(
    installed: tuple[Path, Path], git_repository: RepositoryBuilder, name: str
) -> None:
    """No input names a file that a pull request could have written."""
    runner = _runner(installed, git_repository, {"apps/web.yaml": BAD, "mine.yaml": "version: 1\n"})
    runner.inputs = {name: "mine.yaml"}
    assert runner.gate() == 2
    assert f"{name}: the file is in the workspace, where a pull request can write it; set trust to head" in runner.log


def test_nothing_that_fails_before_opens_the_gate(installed: tuple[Path, Path], tmp_path: Path) -> None:
    """Where the gate's step left no outputs, the last step, which always runs, fails as undecided."""
    runner = Runner(installed[0], tmp_path, installed[1])
    assert runner.step("Verdict") == 3
    assert "gategit: undecided" in runner.log


def test_a_python_version_is_a_version(installed: tuple[Path, Path], tmp_path: Path) -> None:
    """The version goes to actions/setup-python, so it is checked first."""
    runner = Runner(installed[0], tmp_path, installed[1], inputs={"python-version": "3.13\nneeded=x"})
    assert runner.step("Look for Python") == 2
    runner.inputs = {"python-version": "3.12"}
    assert runner.step("Look for Python") == 0
    assert runner.outputs["python"] == {"needed": "3.12"}


def test_no_expression_stands_in_shell_text() -> None:
    """GitHub replaces expressions before the shell reads the text, so none may stand there."""
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step.get("run", ""), step["name"]


def test_every_output_is_declared() -> None:
    """The outputs of the action are those of its step."""
    assert set(ACTION["outputs"]) == OUTPUTS
