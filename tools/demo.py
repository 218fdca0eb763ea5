"""The demo: build a small GitOps repository with pull requests, and run the gate on each as CI would.

``make demo`` shows the plain example. ``make demo EXAMPLE=argocd`` and ``EXAMPLE=flux`` show what is rendered, and need
kustomize and helm. The demo fails unless the gate says of each pull request what its expected.toml says. Standard
library only: what is shown is what the installed program does.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
GATEGIT = Path(sys.executable).parent / "gategit"
PLAIN: Final = "plain"
RENDERED: Final = ("argocd", "flux")
EXIT_CODES: Final = {"pass": 0, "blocked": 1, "undecided": 3}


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request of an example.

    Attributes:
        folder: its files (``files``), what it removes (``removed``), and what the gate says of it (``expected.toml``).
        about: what it does, in a sentence.
        verdict: ``pass``, ``blocked`` or ``undecided``.
        findings: what is found, each as ``level rule file:line``, or ``level rule file`` where no line is certain.
    """

    folder: Path
    about: str
    verdict: str
    findings: tuple[str, ...]

    @property
    def branch(self) -> str:
        """Its name."""
        return self.folder.name


class DemoError(Exception):
    """The demo did not end as it must; the message says how."""


def pull_requests(example: str) -> tuple[PullRequest, ...]:
    """The pull requests of an example: the good ones first, then by name."""
    found: list[PullRequest] = []
    for path in sorted((EXAMPLES / example / "pull-requests").glob("*/expected.toml")):
        expected = tomllib.loads(path.read_text(encoding="utf-8"))
        found.append(
            PullRequest(path.parent, expected["about"], expected["verdict"], tuple(expected.get("findings", ())))
        )
    return tuple(sorted(found, key=lambda one: (bool(one.findings), one.branch)))


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


def build(example: str, folder: Path) -> None:
    """Make the repository of an example in ``folder``: the branch main, and one branch for each pull request."""
    if folder.exists():
        shutil.rmtree(folder)
    shutil.copytree(EXAMPLES / example / "repository", folder)
    _git(folder, "init", "--quiet", "--initial-branch=main")
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--message", "What the clusters run today")
    for pull_request in pull_requests(example):
        files, removed = pull_request.folder / "files", pull_request.folder / "removed"
        _git(folder, "switch", "--quiet", "--create", pull_request.branch, "main")
        if files.exists():
            # Not with the times of the originals: a file of the same size and second would be no change to git.
            shutil.copytree(files, folder, copy_function=shutil.copy, dirs_exist_ok=True)
        for name in removed.read_text(encoding="utf-8").splitlines() if removed.exists() else ():
            (folder / name).unlink()
        _git(folder, "add", "--all")
        _git(folder, "commit", "--quiet", "--message", pull_request.about)
    _git(folder, "switch", "--quiet", "main")


def found_in(report: Path) -> list[str]:
    """What a JSON report says is new, each as ``level rule file:line``."""
    found: list[str] = []
    for one in json.loads(report.read_text(encoding="utf-8"))["findings"]:
        line = f":{one['line']}" if one["line"] else ""
        if one["state"] == "new":
            found.append(f"{one['level']} {one['rule']} {one['file']}{line}")
    return sorted(found)


def run(repository: Path, reports: Path, pull_request: PullRequest, environment: dict[str, str]) -> None:
    """Run the gate on one pull request and show what a person would see.

    Raises:
        DemoError: the gate says something else than the pull request deserves.
    """
    written = {kind: reports / f"{pull_request.branch}.{kind}" for kind in ("sarif", "md", "json")}
    print(f"\n{'-' * 100}\n{pull_request.about}\n")
    print(f"$ gategit check --base main --head {pull_request.branch} --trust base\n", flush=True)
    done = subprocess.run(
        [
            *(str(GATEGIT), "check", "--base", "main", "--head", pull_request.branch, "--trust", "base"),
            *("--report", "text=-"),
            *("--report", f"sarif={written['sarif']}", "--report", f"markdown={written['md']}"),
            *("--report", f"json={written['json']}"),
        ],
        cwd=repository,
        env=environment,
        check=False,
    )
    print(f"\nExit code {done.returncode}.", flush=True)
    wanted = EXIT_CODES[pull_request.verdict]
    if done.returncode != wanted:
        raise DemoError(f"{pull_request.branch} ended with exit code {done.returncode}, not {wanted}")
    missing = sorted({*pull_request.findings} - {*found_in(written["json"])})
    if missing:
        raise DemoError(f"{pull_request.branch} has defects that the gate did not find: {', '.join(missing)}")
    for kind, path in (("SARIF", written["sarif"]), ("Markdown", written["md"]), ("JSON", written["json"])):
        if not path.stat().st_size:
            raise DemoError(f"the {kind} report {path} is empty")
        print(f"  {kind:8}  {os.path.relpath(path)}")


def _show(example: str, environment: dict[str, str]) -> None:
    demo = ROOT / ".demo" / example
    repository, reports = demo / "repository", demo / "reports"
    build(example, repository)
    reports.mkdir(parents=True, exist_ok=True)
    asked = pull_requests(example)
    print(f"A small GitOps repository with {len(asked)} pull requests is in {os.path.relpath(repository)}.")
    for pull_request in asked:
        run(repository, reports, pull_request, environment)
    print(f"\n{'-' * 100}\nWhat is good passed, what is bad was found where it stands. Nothing broken was merged.")


def main() -> int:
    """Build, run, and say how it ended."""
    example = sys.argv[1] if len(sys.argv) > 1 else PLAIN
    if example not in (PLAIN, *RENDERED):
        print(f"There is no example {example}: there are {PLAIN}, {', '.join(RENDERED)}.", file=sys.stderr)
        return 2
    # What `make tools` has built counts as well as what is installed.
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), str(ROOT / ".tools" / "bin")])
    missing = [name for name in ("kustomize", "helm") if shutil.which(name, path=path) is None]
    if missing and example != PLAIN:
        what = " and ".join(missing)
        print(
            f"The example {example} needs {what}, not found in PATH: `make tools` builds what is needed.",
            file=sys.stderr,
        )
        return 1
    try:
        _show(example, {**os.environ, "PATH": path})
    except DemoError as error:
        print(f"\nThe demo failed: {error}.", file=sys.stderr)
        return 1
    if example == PLAIN:
        others = " and ".join(f"`make demo EXAMPLE={name}`" for name in RENDERED)
        needed = f", once {' and '.join(missing)} can be found" if missing else ""
        print(f"{others} show what is rendered by Kustomize and Helm{needed}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
