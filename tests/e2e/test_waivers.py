"""Waivers through the whole program, as a CI system runs it: nobody excepts themselves, and everything is shown."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gategit.report import FORMATS
from tests.conftest import RepositoryBuilder

UNTIL = (datetime.now(UTC).date() + timedelta(days=60)).isoformat()
WAIVE = f"# gategit: waive unknown-field by team-shop until {UNTIL} -- the vendor mends it"
GOOD = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\n  namespace: shop\ndata:\n  color: blue\n"
BAD = GOOD.replace("\ndata:", "\ndta:")
WAIVED = BAD.replace("dta:", f"dta:  {WAIVE}")
CONFIG = "version: 1\nwaivers: gate/waivers.yaml\n"
EMPTY = "version: 1\nwaivers: []\n"
ENTRY = (
    "version: 1\nwaivers:\n"
    f"  - {{rule: unknown-field, owner: team-shop, reason: the vendor mends it, expires: {UNTIL}}}\n"
)


@dataclass(frozen=True)
class Answer:
    """What the program said: its exit code, its standard output, and its JSON report."""

    code: int
    text: str
    data: dict[str, Any]

    def of(self, rule: str) -> list[tuple[str, int, str]]:
        """File, line and state of a rule's findings."""
        return [(one["file"], one["line"], one["state"]) for one in self.data["findings"] if one["rule"] == rule]


@dataclass(frozen=True)
class PullRequest:
    """A repository with a pull request from ``pr`` to ``main``, and the folder for what a runner keeps."""

    repository: RepositoryBuilder
    temp: Path

    def check(self, *arguments: str, ci: bool = True) -> Answer:
        """Run the real program on the pull request, in a job of its event or on a developer's machine."""
        event = self.temp / "event.json"
        branches = {side: self.repository.head(side) for side in ("main", "pr")}
        base = {"sha": branches["main"], "ref": "main"}
        pull_request = {"number": 7, "base": base, "head": {"sha": branches["pr"], "ref": "pr"}}
        event.write_text(json.dumps({"pull_request": pull_request}), encoding="utf-8")
        environment = {
            **{key: os.environ[key] for key in os.environ if not key.startswith(("GITHUB_", "GIT_"))},
            "GIT_CONFIG_GLOBAL": os.devnull,
            "XDG_CACHE_HOME": str(self.temp / "cache"),
        }
        if ci:
            environment |= {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": str(event)}
        saved = self.temp / "report.json"
        command = [
            sys.executable,
            "-m",
            "gategit",
            "check",
            "--format",
            "text",
            "--report",
            f"json={saved}",
            *arguments,
        ]
        done = subprocess.run(
            command, cwd=self.repository.folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode in (0, 1), done.stderr
        return Answer(done.returncode, done.stdout, json.loads(saved.read_bytes()))


@pytest.fixture
def pull_request(git_repository: RepositoryBuilder, tmp_path: Path) -> PullRequest:
    """A repository with one good manifest on main, and a branch for the pull request."""
    git_repository.commit("base", {"apps/web.yaml": GOOD, ".gategit.yaml": CONFIG, "gate/waivers.yaml": EMPTY})
    git_repository.branch("pr")
    return PullRequest(git_repository, tmp_path)


def test_a_comment_of_the_pull_request_does_not_count(pull_request: PullRequest) -> None:
    """The change that breaks a rule and excepts itself is blocked; merged all the same, it is waived from then on."""
    repository = pull_request.repository
    repository.commit("break and waive", {"apps/web.yaml": WAIVED})
    blocked = pull_request.check()
    assert blocked.code == 1
    assert blocked.of("unknown-field") == [("apps/web.yaml", 6, "new")]
    assert blocked.of("waiver-added") == [("apps/web.yaml", 6, "new")]
    assert "which counts after the merge: merge the waiver first" in blocked.text
    assert pull_request.check("--base", "main", ci=False).of("unknown-field") == [("apps/web.yaml", 6, "waived")]
    repository.switch("main")
    repository.merge("pr")
    repository.git("branch", "--force", "pr", "main")
    repository.switch("pr")
    repository.commit("edit", {"apps/web.yaml": WAIVED.replace("blue", "red")})
    passed = pull_request.check("--fail-on-existing")
    assert (passed.code, passed.of("unknown-field")) == (0, [("apps/web.yaml", 6, "waived")])
    assert f"= waived: until {UNTIL} by team-shop: the vendor mends it" in passed.text


def test_an_entry_of_the_pull_request_does_not_count(pull_request: PullRequest) -> None:
    """The waivers file is the base's: an entry counts once it is merged, in a change of its own."""
    repository = pull_request.repository
    repository.commit("break and waive", {"apps/web.yaml": BAD, "gate/waivers.yaml": ENTRY})
    blocked = pull_request.check()
    assert (blocked.code, blocked.of("unknown-field")) == (1, [("apps/web.yaml", 6, "new")])
    assert ("gate/waivers.yaml", 3, "new") in blocked.of("gate-changed")
    repository.git("reset", "--quiet", "--hard", "main")
    repository.commit("waive", {"gate/waivers.yaml": ENTRY})
    assert pull_request.check().code == 0
    repository.switch("main")
    repository.merge("pr")
    repository.git("branch", "--force", "pr", "main")
    repository.switch("pr")
    repository.commit("break", {"apps/web.yaml": BAD})
    passed = pull_request.check()
    assert (passed.code, passed.of("unknown-field")) == (0, [("apps/web.yaml", 6, "waived")])
    assert pull_request.check("--no-waivers").code == 1


def test_a_comment_cannot_be_borrowed(pull_request: PullRequest) -> None:
    """A waiver that the base has for one object excepts no other, whatever its comment stands beside."""
    repository = pull_request.repository
    repository.switch("main")
    repository.commit("waive", {"apps/web.yaml": WAIVED})
    repository.git("branch", "--force", "pr", "main")
    repository.switch("pr")
    other = WAIVED.replace("name: web", "name: other")
    repository.commit(
        "borrow", {"apps/web.yaml": f"{other}---\n{BAD}", "apps/copy.yaml": WAIVED.replace("web", "copy")}
    )
    blocked = pull_request.check("--fail-on-existing")
    assert blocked.code == 1
    assert {state for _, _, state in blocked.of("unknown-field")} <= {"new", "existing"}
    assert len(blocked.of("waiver-added")) == 2


def test_a_comment_in_a_string_is_none(pull_request: PullRequest) -> None:
    """What looks like a waiver in a block scalar excepts nothing, even where the developer's own side is trusted."""
    text = BAD.replace("  color: blue\n", f"  color: |\n    {WAIVE}\n")
    pull_request.repository.commit("hide", {"apps/web.yaml": f'# "{WAIVE}"\n{text}'})
    answer = pull_request.check("--base", "main", ci=False)
    assert (answer.code, answer.of("unknown-field")) == (1, [("apps/web.yaml", 7, "new")])


@pytest.mark.parametrize("name", sorted({*FORMATS} - {"diff"}))
def test_every_format_shows_the_waiver(pull_request: PullRequest, name: str) -> None:
    """Rule, owner, reason and date of a waived finding stand in each report of the real run."""
    pull_request.repository.commit("waive", {"apps/web.yaml": WAIVED})
    saved = pull_request.temp / "out"
    answer = pull_request.check("--base", "main", "--report", f"{name}={saved}", ci=False)
    assert answer.code == 0
    text = saved.read_text("utf-8")
    for word in ("unknown-field", "team-shop", "the vendor mends it", UNTIL, "aived"):
        assert word in text
    if name == "sarif":
        [result] = [one for one in json.loads(text)["runs"][0]["results"] if one["ruleId"] == "unknown-field"]
        assert [(one["kind"], one["status"]) for one in result["suppressions"]] == [("inSource", "accepted")]
