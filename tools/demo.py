"""The demo: build a small GitOps repository with two pull requests, and run the gate on both as CI would.

It fails unless the good pull request passes and the bad one is blocked by every kind of defect that it has.
Standard library only: what is shown is what the installed program does.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
GATEGIT = Path(sys.executable).parent / "gategit"


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request of the demo, the exit code it must end with, and the rules that must object to it."""

    branch: str
    introduction: str
    exit_code: int
    rules: frozenset[str] = frozenset()


PULL_REQUESTS = (
    PullRequest("add-metrics-port", "A good pull request: a new image by its digest, and a port for metrics.", 0),
    PullRequest(
        "rush-before-the-weekend",
        "A bad pull request: it looks harmless in a diff, and an agent would apply it within minutes.",
        1,
        frozenset(
            {
                "dangling-reference",
                "immutable-field-changed",
                "plaintext-secret",
                "privileged-container",
                "surprising-scalar",
                "unknown-field",
                "volume-claim-removed",
            }
        ),
    ),
)


class DemoError(Exception):
    """The demo did not end as it must; the message says how."""


def _git(folder: Path, *arguments: str) -> None:
    # Nobody's own git settings (signing, hooks, templates, another default branch) may change the demo.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    identity = ("-c", "user.name=gategit demo", "-c", "user.email=demo@example.com")
    subprocess.run(
        ["git", *identity, *arguments],  # noqa: S607  git is where PATH says
        cwd=folder,
        env=environment,
        check=True,
    )


def build(folder: Path) -> None:
    """Make the repository in ``folder``: the branch main, and one branch for each pull request."""
    if folder.exists():
        shutil.rmtree(folder)
    shutil.copytree(EXAMPLES / "repository", folder)
    _git(folder, "init", "--quiet", "--initial-branch=main")
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--message", "What the cluster runs today")
    for pull_request in PULL_REQUESTS:
        source = EXAMPLES / "pull-requests" / pull_request.branch
        _git(folder, "switch", "--quiet", "--create", pull_request.branch, "main")
        shutil.copytree(source / "files", folder, dirs_exist_ok=True)
        removed = source / "removed"
        for name in removed.read_text(encoding="utf-8").splitlines() if removed.exists() else ():
            (folder / name).unlink()
        _git(folder, "add", "--all")
        _git(folder, "commit", "--quiet", "--message", pull_request.branch)
    _git(folder, "switch", "--quiet", "main")


def run(repository: Path, reports: Path, pull_request: PullRequest) -> None:
    """Run the gate on one pull request and show what a person would see.

    Raises:
        DemoError: the verdict is not the one that the pull request deserves.
    """
    written = {kind: reports / f"{pull_request.branch}.{kind}" for kind in ("sarif", "md", "json")}
    print(f"\n{'-' * 100}\n{pull_request.introduction}\n")
    print(f"$ gategit check --base main --head {pull_request.branch} --trust base\n", flush=True)
    done = subprocess.run(
        [
            *(str(GATEGIT), "check", "--base", "main", "--head", pull_request.branch, "--trust", "base"),
            *("--report", "text=-"),
            *("--report", f"sarif={written['sarif']}", "--report", f"markdown={written['md']}"),
            *("--report", f"json={written['json']}"),
        ],
        cwd=repository,
        check=False,
    )
    print(f"\nExit code {done.returncode}.", flush=True)
    if done.returncode != pull_request.exit_code:
        raise DemoError(f"{pull_request.branch} ended with exit code {done.returncode}, not {pull_request.exit_code}")
    report = json.loads(written["json"].read_text(encoding="utf-8"))
    objected = {finding["rule"] for finding in report["findings"] if finding["state"] == "new"}
    missing = sorted(pull_request.rules - objected)
    if missing:
        raise DemoError(f"{pull_request.branch} has defects that the gate did not find: {', '.join(missing)}")
    for kind, path in (("SARIF", written["sarif"]), ("Markdown", written["md"]), ("JSON", written["json"])):
        if not path.stat().st_size:
            raise DemoError(f"the {kind} report {path} is empty")
        print(f"  {kind:8}  {os.path.relpath(path)}")


def main() -> int:
    """Build, run, and say how it ended."""
    demo = ROOT / ".demo"
    repository, reports = demo / "repository", demo / "reports"
    build(repository)
    reports.mkdir(parents=True, exist_ok=True)
    print(f"A small GitOps repository with two pull requests is in {os.path.relpath(repository)}.")
    try:
        for pull_request in PULL_REQUESTS:
            run(repository, reports, pull_request)
    except DemoError as error:
        print(f"\nThe demo failed: {error}.", file=sys.stderr)
        return 1
    print(f"\n{'-' * 100}\nThe good pull request passed, the bad one was blocked. Nothing broken was merged.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
