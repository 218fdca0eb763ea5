"""Rules on changes through the whole program, as a CI system runs it on a pull request of a real repository."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import RepositoryBuilder

NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n"
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
spec:
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web, tier: front}
    spec:
      containers:
        - name: web
          image: registry.example.com/web:1.4.1
"""
INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: NAMESPACE
spec:
  rules:
    - host: www.example.com
"""
CONFIG = "version: 1\npolicies:\n  packs: [change-safety]\n"
Found = list[tuple[str, str, int | str, str]]


@dataclass(frozen=True)
class PullRequest:
    """A repository with a pull request from ``pr`` to ``main``, and the folder for what a runner keeps."""

    repository: RepositoryBuilder
    temp: Path

    def check(self, author: str = "ann", labels: tuple[str, ...] = ()) -> tuple[int, Found]:
        """Run the real program in a job of the pull request's event: its exit code, and what it found where."""
        event = self.temp / "event.json"
        branches = {side: self.repository.head(side) for side in ("main", "pr")}
        payload: dict[str, Any] = {
            "number": 7,
            "user": {"login": author},
            "labels": [{"name": label} for label in labels],
            "base": {"sha": branches["main"], "ref": "main"},
            "head": {"sha": branches["pr"], "ref": "pr"},
        }
        event.write_text(json.dumps({"pull_request": payload}), encoding="utf-8")
        environment = {
            **{key: os.environ[key] for key in os.environ if not key.startswith(("GITHUB_", "GIT_"))},
            "GIT_CONFIG_GLOBAL": os.devnull,
            "XDG_CACHE_HOME": str(self.temp / "cache"),
            "GITHUB_EVENT_NAME": "pull_request",
            "GITHUB_EVENT_PATH": str(event),
        }
        done = subprocess.run(
            [sys.executable, "-m", "gategit", "check", "--stages", "policy", "--format", "json"],
            cwd=self.repository.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in (0, 1), done.stderr
        findings = json.loads(done.stdout)["findings"]
        return done.returncode, [
            (one["rule"], one["file"], one["line"] or f"{one['base_line']} of the base", one["message"])
            for one in findings
        ]


@pytest.fixture
def pull_request(git_repository: RepositoryBuilder, tmp_path: Path) -> PullRequest:
    """A repository with the pack change-safety switched on, and a branch for the pull request."""
    files = {"shop/namespace.yaml": NAMESPACE, "shop/web.yaml": DEPLOYMENT, ".gategit.yaml": CONFIG}
    git_repository.commit("base", {**files, "shop/ingress.yaml": INGRESS.replace("NAMESPACE", "shop")})
    git_repository.branch("pr")
    return PullRequest(git_repository, tmp_path)


def test_what_moves_to_another_file_is_not_removed(pull_request: PullRequest) -> None:
    """Not with its file, not into a file with others."""
    repository = pull_request.repository
    repository.remove("shop/namespace.yaml")
    repository.remove("shop/web.yaml")
    repository.commit("move", {"apps/shop.yaml": f"{NAMESPACE}---\n{DEPLOYMENT}"})

    assert pull_request.check() == (0, [])


def test_what_is_removed_is_shown_where_it_was(pull_request: PullRequest) -> None:
    """On the line of its name in the base's file, which the head has no more."""
    pull_request.repository.remove("shop/namespace.yaml")
    pull_request.repository.commit("remove")

    message = "the change removes Namespace shop, and with it everything in it"
    assert pull_request.check() == (1, [("namespace-removed", "shop/namespace.yaml", 4, message)])


def test_what_is_removed_from_a_file_that_stays_is_shown_where_it_was(pull_request: PullRequest) -> None:
    """The line is the base's: the head's line of that number says something else."""
    repository = pull_request.repository
    repository.switch("main")
    repository.commit("two objects", {"shop/namespace.yaml": f"{DEPLOYMENT.replace('web', 'api')}---\n{NAMESPACE}"})
    repository.git("branch", "--force", "pr", "main")
    repository.switch("pr")
    repository.commit("remove", {"shop/namespace.yaml": DEPLOYMENT.replace("web", "api")})

    _, found = pull_request.check()

    assert [one[:3] for one in found] == [("namespace-removed", "shop/namespace.yaml", "20 of the base")]


def test_what_the_cluster_would_refuse_is_shown_where_it_stands(pull_request: PullRequest) -> None:
    """Also where the object moves to another file in the same change."""
    repository = pull_request.repository
    repository.remove("shop/web.yaml")
    repository.commit(
        "select", {"apps/web.yaml": DEPLOYMENT.replace("matchLabels: {app: web}", "matchLabels: {tier: front}")}
    )

    message = "spec.selector of Deployment web cannot be changed"
    assert pull_request.check() == (1, [("immutable-field-changed", "apps/web.yaml", 7, message)])


def test_a_host_is_compared_with_files_that_the_change_does_not_touch(pull_request: PullRequest) -> None:
    """Another namespace takes it over; where the owner gives it up in the same change, it may."""
    repository = pull_request.repository
    repository.commit("take", {"blog/ingress.yaml": INGRESS.replace("NAMESPACE", "blog")})
    code, found = pull_request.check()
    message = "www.example.com/ is served by Ingress web of the namespace shop"
    assert (code, found) == (1, [("ingress-host-taken", "blog/ingress.yaml", 8, message)])

    repository.remove("shop/ingress.yaml")
    repository.commit("give up")
    assert [rule for rule, *_ in pull_request.check()[1]] == ["namespace-changed"]


def test_a_bot_may_change_versions_only(pull_request: PullRequest) -> None:
    """The event says who has opened the pull request; a person may do the same."""
    repository = pull_request.repository
    repository.commit("upgrade", {"shop/web.yaml": DEPLOYMENT.replace("1.4.1", "1.4.2")})
    assert pull_request.check("renovate[bot]") == (0, [])

    repository.commit("more", {"shop/web.yaml": DEPLOYMENT.replace("1.4.1", "1.4.2").replace("front", "back")})
    message = "renovate[bot], a bot, changes more than versions"
    assert pull_request.check("renovate[bot]") == (1, [("bot-change", "shop/web.yaml", 11, message)])
    assert pull_request.check("ann") == (0, [])


def test_a_freeze_is_the_bases_to_declare(pull_request: PullRequest) -> None:
    """The config of the base says when, and a label lets through; the pull request cannot lift it itself."""
    repository = pull_request.repository
    windows = f"{CONFIG}  parameters:\n    freeze-window: {{windows: [2000-01-01/2999-12-31]}}\n"
    repository.switch("main")
    repository.commit("freeze", {".gategit.yaml": windows})
    repository.git("branch", "--force", "pr", "main")
    repository.switch("pr")
    repository.commit("upgrade", {"shop/web.yaml": DEPLOYMENT.replace("1.4.1", "1.4.2"), ".gategit.yaml": CONFIG})

    code, found = pull_request.check()
    frozen = ("freeze-window", "shop/web.yaml", 4, "changes are frozen: 2000-01-01/2999-12-31 (UTC)")
    assert code == 1
    assert frozen in found
    assert frozen not in pull_request.check(labels=("freeze-override",))[1]


def test_two_clusters_in_one_pull_request(pull_request: PullRequest) -> None:
    """Named by the config's targets."""
    repository = pull_request.repository
    targets = (
        f"{CONFIG}  parameters:\n    environments-together: {{environments: [prod, staging]}}\n"
        'targets:\n  prod: {paths: ["prod/**"]}\n  staging: {paths: ["staging/**"]}\n'
    )
    repository.switch("main")
    repository.commit("targets", {".gategit.yaml": targets})
    repository.git("branch", "--force", "pr", "main")
    repository.switch("pr")
    repository.commit("first", {"staging/web.yaml": DEPLOYMENT})
    assert pull_request.check() == (0, [])

    repository.commit("second", {"prod/web.yaml": DEPLOYMENT})
    code, found = pull_request.check()
    assert code == 0
    assert found == [
        ("environments-together", "prod/web.yaml", 4, "the pull request changes prod together with staging"),
        ("environments-together", "staging/web.yaml", 4, "the pull request changes staging together with prod"),
    ]
