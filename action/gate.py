"""The step of the GitHub Action that runs the gate: inputs from the environment in, reports and outputs out.

It ends with 0 whatever the verdict, so that later steps can upload reports; the action's last step fails the job. It
imports nothing of gategit: it runs the program that the step before installed, with Python's isolated mode (``-I``), so
that neither the workspace nor PYTHONPATH can stand in for a module.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PROGRAM = (sys.executable, "-I", "-c", "from gategit.cli.main import run; run()")
USAGE = 2
UNDECIDED = 3
VERDICTS = {0: "pass", 1: "blocked"}
COUNTS = {
    "errors": "error",
    "warnings": "warning",
    "notes": "note",
    "existing": "existing",
    "waived": "waived",
    "unchecked": "unchecked",
}


class InputError(Exception):
    """An input of the action that cannot be used; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """The action's inputs and the runner's folders, as the environment names them."""

    values: Mapping[str, str]
    workspace: Path
    reports: Path

    def __getitem__(self, name: str) -> str:
        """An input's value without the white space around it."""
        return self.values.get(f"GATEGIT_{name}", "").strip()

    @property
    def folder(self) -> Path:
        """The repository's folder.

        Raises:
            InputError: there is no such folder in the workspace.
        """
        folder = self.workspace / (self["WORKING_DIRECTORY"] or ".")
        if not folder.is_dir() or not folder.resolve().is_relative_to(self.workspace.resolve()):
            raise InputError(f"working-directory: there is no folder {folder} in the workspace")
        return folder


def arguments(inputs: Inputs) -> list[str]:
    """The command line of the gate without its reports. Each value is one word with its option's name in front.

    Raises:
        InputError: an input has a value that it cannot have.
    """
    command = ["check", f"--trust={inputs['TRUST'] or 'base'}", "--color=never"]
    plain = ("BASE", "HEAD", "TARGET", "STAGES", "DRY_RUN", "CONTEXT", "FAIL_ON")
    command += [f"--{name.lower().replace('_', '-')}={inputs[name]}" for name in plain if inputs[name]]
    command += [
        f"--kubernetes-version={version}" for version in re.split(r"[\s,]+", inputs["KUBERNETES_VERSION"]) if version
    ]
    existing = inputs["FAIL_ON_EXISTING"] or "false"
    if existing not in {"true", "false"}:
        raise InputError(f"fail-on-existing must be true or false, not {existing!r}")
    if existing == "true":
        command.append("--fail-on-existing")
    for name in ("CONFIG", "KUBECONFIG", "SNAPSHOT", "ASSETS"):
        if inputs[name]:
            command.append(f"--{name.lower()}={_outside(inputs, name)}")
    paths = [line.strip() for line in inputs["PATHS"].splitlines() if line.strip()]
    return [*command, *(["--", *paths] if paths else [])]


def _outside(inputs: Inputs, name: str) -> Path:
    """A file or folder that steers the gate: no pull request may be able to write it.

    Raises:
        InputError: it is in the workspace.
    """
    path = (inputs.folder / inputs[name]).resolve()
    if inputs["TRUST"] != "head" and path.is_relative_to(inputs.workspace.resolve()):
        what = "folder" if name == "ASSETS" else "file"
        raise InputError(
            f"{name.lower()}: the {what} is in the workspace, where a pull request can write it; set trust to head"
        )
    return path


def destination(inputs: Inputs, name: str) -> Path:
    """Where a report that was asked for goes: inside the workspace, and through no link that the checkout holds.

    Raises:
        InputError: the path leads out of the workspace, or is a link or a folder.
    """
    path = inputs.workspace / name
    if "\n" in name or "\r" in name or path.is_symlink() or path.is_dir():
        raise InputError(f"the report {name!r} cannot be written: its name is a link, a folder or has a line break")
    if not path.parent.is_dir() or not path.parent.resolve().is_relative_to(inputs.workspace.resolve()):
        raise InputError(f"the report {name!r} cannot be written: its folder is not in the workspace")
    return path


def wanted_reports(inputs: Inputs) -> dict[Path, tuple[str, Path]]:
    """The reports to write: for each temporary file its format and the place that it is moved to.

    Raises:
        InputError: a report cannot be written where it was asked for.
    """
    wanted: dict[Path, tuple[str, Path]] = {}
    if inputs["SARIF_FILE"]:
        wanted[inputs.reports / "gategit.sarif"] = ("sarif", destination(inputs, inputs["SARIF_FILE"]))
    else:
        wanted[inputs.reports / "gategit.sarif"] = ("sarif", inputs.reports / "gategit.sarif")
    for number, line in enumerate(filter(None, map(str.strip, inputs["REPORTS"].splitlines()))):
        kind, equals, name = line.partition("=")
        if not equals or not re.fullmatch(r"[a-z]+", kind) or not name:
            raise InputError(f"reports: {line!r} is not of the form FORMAT=FILE")
        wanted[inputs.reports / f"extra-{number}"] = (kind, destination(inputs, name))
    return wanted


def say(text: str) -> None:
    """Print text that may hold anything, with the runner's workflow commands switched off around it."""
    token = secrets.token_hex(16)
    print(f"::stop-commands::{token}\n{text}\n::{token}::", flush=True)


def run(inputs: Inputs) -> tuple[int, dict[str, str]]:
    """Run the gate, show its reports, and return its exit code and the counts for the outputs.

    Raises:
        InputError: an input cannot be used.
    """
    command = arguments(inputs)
    wanted = wanted_reports(inputs)
    shown = {kind: inputs.reports / f"gategit.{kind}" for kind in ("github", "json", "markdown", "diff")}
    reports = [f"--report={kind}={path}" for kind, path in shown.items()]
    reports += [f"--report={kind}={path}" for path, (kind, _) in wanted.items()]
    # The reports come first: after `--` everything is a path.
    done = subprocess.run(
        [*PROGRAM, command[0], *reports, *command[1:]],
        cwd=inputs.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    say(done.stdout.decode("utf-8", "replace"))
    if shown["github"].exists():
        print(shown["github"].read_text(encoding="utf-8"), flush=True)
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary and shown["markdown"].exists():
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(shown["markdown"].read_text(encoding="utf-8"))
    outputs = {"sarif-file": "", "diff-file": str(shown["diff"]) if shown["diff"].exists() else ""}
    for path, (kind, place) in wanted.items():
        if not path.exists():
            continue
        if place != path:
            shutil.copyfile(path, place, follow_symlinks=False)
        if path.name == "gategit.sarif" and kind == "sarif":
            outputs["sarif-file"] = str(place)
    if not shown["json"].exists():
        # Wrong usage, or a crash: there is no verdict. The exit code says which; 0 and 1 would need a report.
        return (done.returncode if done.returncode == USAGE else UNDECIDED), outputs
    report = json.loads(shown["json"].read_text(encoding="utf-8"))
    for name, key in COUNTS.items():
        outputs[name] = str(int(report["summary"][key]))
    # A gate that was killed has not decided, whatever it wrote before.
    return (done.returncode if done.returncode in {0, 1, USAGE, UNDECIDED} else UNDECIDED), outputs


def write_outputs(code: int, outputs: Mapping[str, str]) -> None:
    """Write the step's outputs. No value has a line break: they are words, numbers and one checked path."""
    values = {"verdict": VERDICTS.get(code, "undecided"), "exit-code": str(code), **outputs}
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as file:
        file.writelines(f"{name}={value}\n" for name, value in values.items())


def main() -> int:
    """Run the step; 0 unless the step itself went wrong."""
    reports = Path(os.environ["RUNNER_TEMP"]) / "gategit" / "reports"
    workspace = Path(os.environ["GITHUB_WORKSPACE"])
    # A second use of the action in one job must not show the first one's reports.
    shutil.rmtree(reports, ignore_errors=True)
    reports.mkdir(parents=True)
    if Path(os.environ["GITHUB_ACTION_PATH"]).resolve().is_relative_to(workspace.resolve()):
        print(
            "::warning title=gategit::The action comes from the workspace, so a pull request could change its own judge"
        )
    try:
        code, outputs = run(Inputs(os.environ, workspace, reports))
    except InputError as error:
        say(f"gategit: {error}")
        print("::error title=gategit::An input of the action cannot be used; the log says which")
        code, outputs = USAGE, {}
    write_outputs(code, outputs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
