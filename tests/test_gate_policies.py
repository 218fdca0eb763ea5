"""Policies in the gate: what they see of a real repository, where the config lets them speak, and how loudly."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gategit import gate
from gategit.errors import ConfigError
from gategit.model import Level, Report, Stage, State, Verdict
from gategit.request import Mode, Request, Trust

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import RepositoryBuilder

POLICY = '''\
from gategit.checks.policy.api import *


@policy({decorator})
def {name}({parameters}) -> Violations:
    """A policy of the tests.

    What it asks:
        Something.

    Why:
        For a reason.

    How to fix:
        Somehow.

    Parameters:
        most: how many.

    Fails:
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: bad  # <-

    Passes:
        apiVersion: v1
        kind: ConfigMap
        metadata: {{name: good}}

    References:
        https://example.com/
    """
    {body}
'''


def policy(name: str, body: str, parameters: str, decorator: str) -> dict[str, str]:
    """A policy file in the folder that the tests' configs name."""
    return {
        f"gate/{name}.py": POLICY.format(
            name=name, body=body, parameters=parameters, decorator=f'level="error", {decorator}'
        )
    }


CONFIG = "version: 1\npolicies:\n  packs: []\n  folders: [gate]\n"
SERVED = policy(
    "served",
    'if not inventory.get("Service", thing.name, thing.namespace):\n        yield Violation(thing, "no Service")',
    "thing: Manifest, inventory: Inventory",
    'kinds=("apps/Deployment",), inventory=("Service",)',
)


def deployment(name: str, **labels: str) -> str:
    return json.dumps(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name, "namespace": "shop", "labels": labels},
            "spec": {
                "selector": {"matchLabels": {"app": name}},
                "template": {
                    "metadata": {"labels": {"app": name}},
                    "spec": {"containers": [{"name": "main", "image": "registry.example.com/a:1"}]},
                },
            },
        }
    )


def service(name: str) -> str:
    spec = {"selector": {"app": name}, "ports": [{"port": 80}]}
    metadata = {"name": name, "namespace": "shop"}
    return json.dumps({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test starts without anything worked out before."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def check(repository: RepositoryBuilder, **options: object) -> Report:
    request = Request(directory=repository.folder, base="main", head="HEAD", stages=frozenset({Stage.POLICY}))
    return gate.run(replace(request, **options))  # type: ignore[arg-type]  # the test's own options


def said(report: Report) -> list[tuple[str, str, State]]:
    return [(one.location.file, one.message, one.state) for one in report.findings]


def test_an_object_is_compared_with_those_of_other_files(git_repository: RepositoryBuilder) -> None:
    """A change that removes one object breaks another, which it does not touch."""
    files = {"web.json": deployment("web"), "api.json": deployment("api"), "svc/web.json": service("web")}
    git_repository.commit("base", {".gategit.yaml": CONFIG, **SERVED, **files})
    git_repository.branch("pr")
    git_repository.remove("svc/web.json")
    git_repository.commit("remove the service")

    report = check(git_repository)

    assert said(report) == [("api.json", "no Service", State.EXISTING), ("web.json", "no Service", State.NEW)]
    assert report.verdict is Verdict.BLOCKED


def test_a_change_elsewhere_compares_nothing_again(git_repository: RepositoryBuilder) -> None:
    """Cost follows the change: what it cannot have broken is not judged."""
    git_repository.commit("base", {".gategit.yaml": CONFIG, **SERVED, "web.json": deployment("web")})
    git_repository.branch("pr")
    git_repository.commit("add", {"map.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"})

    assert said(check(git_repository)) == []
    assert said(check(git_repository, mode=Mode.ALL, base=None, head=None)) == [("web.json", "no Service", State.NEW)]


def test_what_the_cache_kept_is_no_answer_for_other_surroundings(git_repository: RepositoryBuilder) -> None:
    """The same blob is judged anew when the objects around it differ."""
    git_repository.commit("base", {".gategit.yaml": CONFIG, **SERVED, "svc.json": service("web")})
    git_repository.branch("pr")
    git_repository.commit("add", {"web.json": deployment("web")})
    assert said(check(git_repository)) == []
    git_repository.remove("svc.json")
    git_repository.commit("remove the service")

    assert said(check(git_repository)) == [("web.json", "no Service", State.NEW)]


LABELLED = policy(
    "labelled",
    'if len(thing.labels) > most:\n        yield Violation(thing, f"{len(thing.labels)} labels, at most {most}")',
    "thing: Manifest, *, most: int = 1",
    'kinds=("apps/Deployment",)',
)
BY_TARGET = f"""{CONFIG}\
  parameters:
    labelled: {{most: 2}}
  overrides:
    - targets: [prod]
      parameters: {{labelled: {{most: 0}}}}
    - paths: ["legacy/**"]
      levels: {{labelled: note}}
    - paths: ["old/**"]
      levels: {{labelled: "off"}}
targets:
  prod: {{paths: ["prod/**"]}}
  test: {{paths: ["test/**", "legacy/**"]}}
"""


def test_parameters_and_levels_hold_for_targets_and_paths(git_repository: RepositoryBuilder) -> None:
    """Each file is judged as the config says for it; findings name the target."""
    bad = deployment("a", one="1", two="2", three="3")
    git_repository.commit("base", {".gategit.yaml": BY_TARGET, **LABELLED})
    git_repository.branch("pr")
    git_repository.commit(
        "add",
        {"prod/a.json": deployment("a", one="1"), "test/a.json": bad, "legacy/a.json": bad, "old/a.json": bad},
    )

    report = check(git_repository)

    assert [(one.location.file, one.message, one.level, one.target) for one in report.findings] == [
        ("legacy/a.json", "3 labels, at most 2", Level.NOTE, "test"),
        ("prod/a.json", "1 labels, at most 0", Level.ERROR, "prod"),
        ("test/a.json", "3 labels, at most 2", Level.ERROR, "test"),
    ]


def test_a_file_of_several_targets_is_judged_for_each(git_repository: RepositoryBuilder) -> None:
    """What all of them say is said once."""
    config = f"""{CONFIG}\
  overrides:
    - targets: [b]
      parameters: {{labelled: {{most: 2}}}}
targets: {{a: {{paths: ["**"]}}, b: {{paths: ["**"]}}, c: {{paths: ["**"]}}}}
"""
    git_repository.commit("base", {".gategit.yaml": config, **LABELLED})
    git_repository.branch("pr")
    git_repository.commit("add", {"a.json": deployment("a", one="1", two="2", three="3")})

    assert [(one.message, one.target) for one in check(git_repository).findings] == [
        ("3 labels, at most 1", "a"),
        ("3 labels, at most 2", "b"),
    ]


def test_a_parameter_that_there_is_not_is_an_error_of_the_config(git_repository: RepositoryBuilder) -> None:
    """With its line, before anything is judged."""
    git_repository.commit("base", {".gategit.yaml": BY_TARGET.replace("most: 2", "mots: 2"), **LABELLED})
    git_repository.branch("pr")

    with pytest.raises(ConfigError) as caught:
        check(git_repository)
    assert str(caught.value).startswith(
        ".gategit.yaml:6:16: the policy labelled has no parameter mots; did you mean most?"
    )


ASKED = policy(
    "asked",
    'yield Violation(thing.manifest, f"{request.author} {request.labels} {request.changed_files}")',
    "thing: Change, request: PullRequest",
    'kinds=("*",)',
)
WHOLE = policy(
    "whole",
    'for one in thing:\n        yield Violation(one.manifest, f"{len(thing)} {one.kind} {one.targets}", of=one)',
    "thing: Changes",
    'kinds=("*",)',
)


def event(repository: RepositoryBuilder, folder: Path) -> dict[str, str]:
    """What GitHub Actions tells a job of a pull request."""
    sides = {
        side: {"sha": repository.head(revision), "ref": revision, "repo": {"full_name": "shop/clusters"}}
        for side, revision in (("base", "main"), ("head", "pr"))
    }
    payload = {
        "pull_request": {"number": 7, "user": {"login": "renovate[bot]"}, "labels": [{"name": "deps"}], **sides},
        "repository": {"default_branch": "main"},
    }
    path = folder / "event.json"
    path.write_text(json.dumps(payload))
    return {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": str(path), "GITHUB_SHA": repository.head("pr")}


def test_a_policy_is_told_of_the_pull_request(git_repository: RepositoryBuilder, tmp_path: Path) -> None:
    """From the CI event; without one, only the files are known."""
    git_repository.commit("base", {".gategit.yaml": CONFIG, **ASKED})
    git_repository.branch("pr")
    git_repository.commit("add", {"a.json": deployment("a")})

    told = check(git_repository, environment=event(git_repository, tmp_path), base=None, head=None)

    assert [one.message for one in told.findings] == ["renovate[bot] ('deps',) ('a.json',)"]
    assert [one.message for one in check(git_repository).findings] == [" () ('a.json',)".strip()]


def test_a_policy_of_the_whole_change_sees_all_of_it(git_repository: RepositoryBuilder) -> None:
    """Added, modified and removed objects, each with its targets."""
    config = f'{CONFIG}targets: {{prod: {{paths: ["prod/**"]}}}}\n'
    files = {"prod/a.json": deployment("a"), "b.json": deployment("b")}
    git_repository.commit("base", {".gategit.yaml": config, **WHOLE, **files})
    git_repository.branch("pr")
    git_repository.remove("b.json")
    git_repository.commit("change", {"prod/a.json": deployment("a", one="1"), "c.json": deployment("c")})

    assert [(one.location.file, one.message) for one in check(git_repository).findings] == [
        ("b.json", "3 removed ()"),
        ("c.json", "3 added ()"),
        ("prod/a.json", "3 modified ('prod',)"),
    ]


def test_a_policy_that_is_not_switched_on_is_not_loaded(git_repository: RepositoryBuilder) -> None:
    """A level switches a built-in one on, and the rest of its pack stays off."""
    git_repository.commit(
        "base", {".gategit.yaml": "version: 1\npolicies: {packs: [], levels: {image-digest: note}}\n"}
    )
    git_repository.branch("pr")
    git_repository.commit("add", {"a.json": deployment("a")})

    assert {one.rule for one in check(git_repository, trust=Trust.HEAD).findings} == {"image-digest"}


@pytest.mark.parametrize(
    ("parameters", "inventory"),
    [("thing: Manifest, inventory: Inventory", '"Service"'), ("thing: Changes", ""), ("thing: Change", "")],
    ids=["compares objects", "the whole change", "old and new"],
)
def test_a_policy_that_breaks_leaves_the_verdict_open(
    git_repository: RepositoryBuilder, parameters: str, inventory: str
) -> None:
    """Whatever it looks at."""
    decorator = f'kinds=("*",), inventory=({inventory}{"," if inventory else ""})'
    broken = policy("broken", "raise ValueError('no')", parameters, decorator)
    git_repository.commit("base", {".gategit.yaml": CONFIG, **broken})
    git_repository.branch("pr")
    git_repository.commit("add", {"a.json": deployment("a")})

    report = check(git_repository)

    assert report.verdict is Verdict.UNDECIDED
    (finding,) = report.findings
    assert finding.message == "policy broken has not judged Deployment shop/a: ValueError: no"


def test_a_policy_that_is_selected_runs(git_repository: RepositoryBuilder) -> None:
    """Also where no pack holds it; but not where the config switches it off."""
    git_repository.commit("base", {".gategit.yaml": "version: 1\n"})
    git_repository.branch("pr")
    git_repository.commit("add", {"a.json": deployment("a")})
    select = frozenset({"image-digest"})

    assert {one.rule for one in check(git_repository, select=select).findings} == {"image-digest"}
    git_repository.commit("off", {".gategit.yaml": 'version: 1\npolicies: {levels: {image-digest: "off"}}\n'})
    assert check(git_repository, select=select).findings == ()


def test_an_object_is_compared_with_those_of_its_target(git_repository: RepositoryBuilder) -> None:
    """Another cluster's objects are not there; what belongs to no target may be anywhere."""
    config = f'{CONFIG}targets: {{prod: {{paths: ["prod/**"]}}, test: {{paths: ["test/**"]}}}}\n'
    git_repository.commit("base", {".gategit.yaml": config, **SERVED})
    git_repository.branch("pr")
    apps = {f"{target}/{name}.json": deployment(name) for target in ("prod", "test") for name in ("web", "all")}
    git_repository.commit("add", {**apps, "test/svc.json": service("web"), "shared/svc.json": service("all")})

    assert said(check(git_repository)) == [("prod/web.json", "no Service", State.NEW)]


PICKY = policy(
    "picky",
    'if most > 9:\n        raise ParameterError("most", f"must be at most 9, not {most}")\n    yield from ()',
    "thing: Manifest, *, most: int = 1",
    'kinds=("*",)',
)


@pytest.mark.parametrize(
    ("config", "line"),
    [
        ("  parameters: {picky: {most: 10}}\n", 5),
        ('  overrides:\n    - paths: ["**"]\n      parameters: {picky: {most: 10}}\n', 7),
    ],
)
def test_a_parameter_that_a_policy_refuses_is_an_error_of_the_config(
    git_repository: RepositoryBuilder, config: str, line: int
) -> None:
    """At its place, with the policy's own words."""
    git_repository.commit("base", {".gategit.yaml": CONFIG + config, **PICKY})
    git_repository.branch("pr")
    git_repository.commit("add", {"a.json": deployment("a")})

    with pytest.raises(ConfigError) as caught:
        check(git_repository)
    expected = "the parameter most of picky must be at most 9, not 10"
    assert str(caught.value).endswith(expected)
    assert (caught.value.file, caught.value.line) == (".gategit.yaml", line)


def test_a_policy_of_the_whole_change_sees_the_tree_too(git_repository: RepositoryBuilder) -> None:
    """Of the kinds that it names."""
    counted = policy(
        "counted",
        'for one in thing:\n        yield Violation(one.manifest, str(len(inventory.of_kind("Service"))), of=one)',
        "thing: Changes, inventory: Inventory",
        'kinds=("apps/Deployment",), inventory=("Service",)',
    )
    services = {"a.json": service("a"), "b.json": service("b")}
    git_repository.commit("base", {".gategit.yaml": CONFIG, **counted, **services})
    git_repository.branch("pr")
    git_repository.commit("add", {"web.json": deployment("web")})

    assert said(check(git_repository)) == [("web.json", "2", State.NEW)]


def test_a_policy_within_a_namespace_is_not_run_on_the_others(git_repository: RepositoryBuilder) -> None:
    """What a change touches in one namespace says nothing about another; an object without one may be anywhere."""
    near = {name: text.replace("inventory=", "within_namespace=True, inventory=") for name, text in SERVED.items()}
    elsewhere = deployment("web").replace('"namespace": "shop"', '"namespace": "other"')
    anywhere = deployment("web").replace(', "namespace": "shop"', "")
    files = {"web.json": deployment("web"), "svc.json": service("web"), "b.json": elsewhere, "c.json": anywhere}
    git_repository.commit("base", {".gategit.yaml": CONFIG, **near, **files})
    git_repository.branch("pr")
    git_repository.remove("svc.json")
    git_repository.commit("remove the service")

    new = ("no Service", State.NEW)
    assert said(check(git_repository)) == [("c.json", *new), ("web.json", *new)]
    assert {file for file, *_ in said(check(git_repository, mode=Mode.ALL, base=None, head=None))} == {
        "b.json",
        "c.json",
        "web.json",
    }
