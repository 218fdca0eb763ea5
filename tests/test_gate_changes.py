"""What a pull request does to the gate itself is said, on its line, and takes effect after the merge."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from gategit import gate
from gategit.gate_changes import MOST_FINDINGS
from gategit.model import Finding, Level, Report, Verdict
from gategit.request import Request, Trust

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import RepositoryBuilder

POLICY = '''\
from gategit.checks.policy.api import Manifest, Violation, Violations, policy


@policy(level="error", kinds=("ConfigMap",))
def {name}(thing: Manifest) -> Violations:
    """A policy of the tests.

    What it asks:
        Something.

    Why:
        For a reason.

    How to fix:
        Somehow.

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
    if thing.name == "bad":
        yield Violation(thing.field("metadata", "name"), "no")
'''
V1 = "version: 1\n"
WAIVER = """\
  - rule: {rule}
    object: {{kind: Deployment, namespace: shop}}
    owner: {owner}
    reason: {reason}
    expires: {expires}
"""


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test starts without anything worked out before."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def judge(
    repository: RepositoryBuilder, base: dict[str, str], head: dict[str, str], *, removed: tuple[str, ...] = ()
) -> Report:
    """The report on a pull request, with the base trusted."""
    repository.commit("base", base)
    repository.branch("pr")
    for name in removed:
        repository.remove(name)
    repository.commit("change", head)
    return gate.run(Request(directory=repository.folder, base="main", head="HEAD", trust=Trust.BASE))


def said(report: Report) -> list[str]:
    return [_line(finding) for finding in report.findings if finding.rule == "gate-changed"]


def _line(finding: Finding) -> str:
    region = finding.location.region
    place = f"{finding.location.file}:{region.line}" if region else finding.location.file
    return f"{place}: {finding.message}"


def waivers(*entries: tuple[str, str, str, str]) -> str:
    names = ("rule", "owner", "reason", "expires")
    return "version: 1\nwaivers:\n" + "".join(
        WAIVER.format(**dict(zip(names, entry, strict=True))) for entry in entries
    )


def test_each_key_of_the_config_stands_on_its_line(git_repository: RepositoryBuilder) -> None:
    """What loosens the gate is told from what only alters it; the verdict is the base's."""
    old = "version: 1\npolicies:\n  levels:\n    image-digest: error\n    replicas-drop: note\nexclude: []\n"
    new = (
        "version: 1\nkubernetes_version: '1.34'\n"
        "policies:\n  levels:\n    image-digest: 'off'\nexclude:\n  - 'apps/**'\n"
    )
    report = judge(git_repository, {".gategit.yaml": old}, {".gategit.yaml": new})
    assert said(report) == [
        ".gategit.yaml:2: this change alters the gate after the merge: kubernetes_version: not set -> 1.34",
        (
            ".gategit.yaml:5: this change tightens the gate after the merge: policies.levels.replicas-drop: "
            "note -> not set"
        ),
        ".gategit.yaml:5: this change loosens the gate after the merge: policies.levels.image-digest: error -> off",
        '.gategit.yaml:7: this change loosens the gate after the merge: exclude: added "apps/**"',
    ]
    assert report.verdict is Verdict.PASS
    assert {finding.level for finding in report.findings} == {Level.WARNING}


def test_a_config_that_comes_or_goes_is_compared_with_the_defaults(git_repository: RepositoryBuilder) -> None:
    """A new config is each of its keys; a removed one is what it said."""
    report = judge(git_repository, {"a.txt": ""}, {".gategit.yaml": "version: 1\nfail_on: warning\n"})
    assert said(report) == [
        ".gategit.yaml:1: this change alters the gate after the merge: version: not set -> 1",
        ".gategit.yaml:2: this change tightens the gate after the merge: fail_on: not set -> warning",
    ]


def test_a_removed_config_is_said(git_repository: RepositoryBuilder) -> None:
    """The defaults hold then, and what the config asked for is gone."""
    config = {".gategit.yaml": "version: 1\nfail_on: warning\n"}
    report = judge(git_repository, config, {}, removed=(".gategit.yaml",))
    assert said(report) == [
        ".gategit.yaml: this change alters the gate after the merge: version: 1 -> not set",
        ".gategit.yaml: this change loosens the gate after the merge: fail_on: warning -> not set",
        ".gategit.yaml: this change loosens the gate after the merge: the config is removed, so the defaults hold",
    ]


def test_an_edit_that_says_the_same_is_said_to(git_repository: RepositoryBuilder) -> None:
    """A comment in the config is no change to the gate, and a reviewer is told so."""
    base, head = "version: 1\n", "# why\nversion: 1\n"
    report = judge(git_repository, {".gategit.yaml": base}, {".gategit.yaml": head})
    assert said(report) == [
        ".gategit.yaml: this change alters the gate after the merge: the config is edited and says the same as before"
    ]


def test_waivers_that_come_go_or_change(git_repository: RepositoryBuilder) -> None:
    """Each with its rule, scope, owner and date; a later date loosens the gate, an earlier one tightens it."""
    base = waivers(
        ("image-digest", "team-a", "vendor", "2999-01-31"),
        ("image-latest-tag", "team-a", "vendor", "2999-01-31"),
        ("replicas-drop", "team-a", "vendor", "2999-01-31"),
    )
    head = waivers(
        ("image-digest", "team-a", "vendor", "2999-12-31"),
        ("image-latest-tag", "team-b", "vendor", "2999-01-31"),
        ("unknown-field", "team-c", "operator", "2999-01-31"),
    )
    config = "version: 1\nwaivers: gate/w.yaml\n"
    report = judge(git_repository, {".gategit.yaml": config, "gate/w.yaml": base}, {"gate/w.yaml": head})
    scope = "(kind Deployment, namespace shop)"
    assert said(report) == [
        (
            "gate/w.yaml: this change tightens the gate after the merge: removes the waiver for "
            f"replicas-drop {scope}, "
            "by team-a until 2999-01-31"
        ),
        (
            f"gate/w.yaml:3: this change loosens the gate after the merge: edits the waiver for image-digest {scope}: "
            "expires: 2999-01-31 -> 2999-12-31"
        ),
        (
            "gate/w.yaml:8: this change alters the gate after the merge: edits the waiver for "
            f"image-latest-tag {scope}: "
            "owner: team-a -> team-b"
        ),
        (
            f"gate/w.yaml:13: this change loosens the gate after the merge: adds a waiver for unknown-field {scope}, "
            "by team-c until 2999-01-31"
        ),
    ]


def test_waivers_that_a_new_key_brings_into_force(git_repository: RepositoryBuilder) -> None:
    """The file was there all along; the pull request only points at it."""
    base = {".gategit.yaml": "version: 1\n", "notes.yaml": waivers(("image-digest", "me", "why", "2999-01-31"))}
    report = judge(git_repository, base, {".gategit.yaml": "version: 1\nwaivers: notes.yaml\n"})
    assert said(report) == [
        ".gategit.yaml:2: this change loosens the gate after the merge: waivers: not set -> notes.yaml",
        (
            "notes.yaml:3: this change loosens the gate after the merge: adds a waiver for image-digest "
            "(kind Deployment, namespace shop), by me until 2999-01-31"
        ),
    ]


def test_policies_and_schemas_that_come_go_or_change(git_repository: RepositoryBuilder) -> None:
    """Their tests and notes steer nothing, so nothing is said of them."""
    config = "version: 1\npolicies: {folders: [gate/p]}\nschemas: {folders: [gate/s]}\n"
    base = {
        ".gategit.yaml": config,
        "gate/p/kept.py": POLICY.format(name="kept"),
        "gate/p/edited.py": POLICY.format(name="edited"),
        "gate/p/dropped.py": POLICY.format(name="dropped"),
        "gate/s/a.json": "{}",
        "gate/s/b.json": "{}",
    }
    head = {
        "gate/p/edited.py": POLICY.format(name="edited").replace('"no"', '"never"'),
        "gate/p/more.py": POLICY.format(name="more"),
        "gate/p/test_more.py": "",
        "gate/p/README.md": "",
        "gate/s/a.json": '{"type": "object"}',
        "gate/s/c.json": "{}",
    }
    report = judge(git_repository, base, head, removed=("gate/p/dropped.py", "gate/s/b.json"))
    assert said(report) == [
        "gate/p/dropped.py: this change loosens the gate after the merge: removes the policy dropped",
        "gate/p/edited.py:1: this change alters the gate after the merge: edits the policy edited",
        (
            "gate/p/more.py:1: this change tightens the gate after the merge: adds the policy more "
            "(level error, kinds ConfigMap)"
        ),
        "gate/s/a.json:1: this change alters the gate after the merge: edits the schema gate/s/a.json",
        "gate/s/b.json: this change loosens the gate after the merge: removes the schema gate/s/b.json",
        "gate/s/c.json:1: this change alters the gate after the merge: adds the schema gate/s/c.json",
    ]


def test_a_policy_folder_that_the_config_drops_is_its_policies(git_repository: RepositoryBuilder) -> None:
    """The files stay, and nobody runs them any more."""
    config = "version: 1\npolicies: {folders: [gate]}\n"
    base = {".gategit.yaml": config, "gate/one.py": POLICY.format(name="one")}
    report = judge(git_repository, base, {".gategit.yaml": "version: 1\n"})
    assert said(report) == [
        ".gategit.yaml: this change loosens the gate after the merge: policies.folders: removed gate",
        "gate/one.py: this change loosens the gate after the merge: removes the policy one",
    ]


def test_a_policy_that_moves_is_no_change(git_repository: RepositoryBuilder) -> None:
    """The same policies from another folder judge the same; the config's line is what changes."""
    base = {".gategit.yaml": "version: 1\npolicies: {folders: [a]}\n", "a/one.py": POLICY.format(name="one")}
    head = {".gategit.yaml": "version: 1\npolicies: {folders: [b]}\n", "b/one.py": POLICY.format(name="one")}
    report = judge(git_repository, base, head, removed=("a/one.py",))
    assert said(report) == [
        ".gategit.yaml:2: this change loosens the gate after the merge: policies.folders: removed a",
        ".gategit.yaml:2: this change tightens the gate after the merge: policies.folders: added b",
    ]


WORKFLOW = "on: pull_request\njobs:\n  gate:\n    steps:\n      - uses: example/GateGit@v1\n"


def test_workflows_and_hooks_that_run_the_gate(git_repository: RepositoryBuilder) -> None:
    """GitHub takes the workflow of a pull_request from the pull request: that change is in force at once."""
    base = {
        ".github/workflows/gate.yaml": WORKFLOW,
        ".github/workflows/lint.yaml": "on: push\n",
        ".github/workflows/old.yaml": WORKFLOW,
        ".pre-commit-config.yaml": "repos: [{repo: https://example.com/gategit}]\n",
    }
    head = {
        ".github/workflows/gate.yaml": WORKFLOW + "        continue-on-error: true\n",
        ".github/workflows/lint.yaml": "on: pull_request\n",
        ".github/workflows/old.yaml": "on: push\n",
        ".github/actions/gate/action.yaml": "runs: {steps: [{run: gategit check}]}\n",
        ".pre-commit-config.yaml": "repos: []\n",
    }
    report = judge(git_repository, base, head)
    assert said(report) == [
        (
            ".github/actions/gate/action.yaml:1: this change alters the gate: adds .github/actions/gate/action.yaml, "
            "which runs it"
        ),
        ".github/workflows/gate.yaml:1: this change alters the gate: edits .github/workflows/gate.yaml, which runs it",
        ".github/workflows/old.yaml: this change loosens the gate: takes it out of .github/workflows/old.yaml",
        (
            ".pre-commit-config.yaml: this change loosens the gate after the merge: takes it out of "
            ".pre-commit-config.yaml"
        ),
    ]


def test_the_code_owners_of_the_gates_files(git_repository: RepositoryBuilder) -> None:
    """One who is added may approve alone, so that loosens the gate as well as one who is lost."""
    config = "version: 1\nwaivers: w.yaml\n"
    base = {
        ".gategit.yaml": config,
        "w.yaml": "version: 1\n",
        ".github/CODEOWNERS": "* @all\n/.gategit.yaml @platform\n",
    }
    head = {".github/CODEOWNERS": "* @all\n/.gategit.yaml\n/w.yaml @all @me\n/docs/ @writers\n"}
    report = judge(git_repository, base, head)
    assert said(report) == [
        (
            ".github/CODEOWNERS:1: this change loosens the gate after the merge: the code owners of .gategit.yaml: "
            '"@platform" -> nobody'
        ),
        (
            ".github/CODEOWNERS:1: this change loosens the gate after the merge: the code owners of w.yaml: "
            '"@all" -> "@all @me"'
        ),
    ]


@pytest.mark.parametrize("name", [".gategit.yml", ".GateGit.YAML", ".gategit.yaml/x"])
def test_a_config_under_another_name_would_stop_the_gate(git_repository: RepositoryBuilder, name: str) -> None:
    """Whoever adds it believes that it is read; nobody goes on without a config then."""
    report = judge(git_repository, {"a.txt": ""}, {name: "version: 1\n"})
    [error] = [finding for finding in report.findings if finding.level is Level.ERROR]
    wrong = "a file, not a folder" if "/" in name else "named .gategit.yaml"
    assert _line(error) == f"{name}: after the merge the gate would stop every run: the config must be {wrong}"
    assert error.help == f"rename {name}"
    assert report.verdict is Verdict.BLOCKED


def test_a_second_config_under_another_name_is_not_read(git_repository: RepositoryBuilder) -> None:
    """It is said, because a person or a file system without case may take one for the other."""
    config = {".gategit.yaml": "version: 1\n"}
    report = judge(git_repository, config, {".GATEGIT.yaml": "version: 1\nexclude: ['**']\n"})
    assert said(report) == [
        (
            ".GATEGIT.yaml: this change alters the gate after the merge: .GATEGIT.yaml is not read; the config is "
            ".gategit.yaml"
        )
    ]
    assert report.verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("head", "place", "message"),
    [
        ({".gategit.yaml": f"{V1}polices: {{}}\n"}, ".gategit.yaml:2", "unknown key polices; did you mean policies?"),
        ({".gategit.yaml": f"{V1}waivers: no.yaml\n"}, ".gategit.yaml:2", "the waivers file no.yaml is not there"),
        ({"w.yaml": "version: 2\n"}, "w.yaml:1", "version must be 1, not the number 2"),
        (
            {"gate/Bad.py": ""},
            "gate/Bad.py",
            "a policy's file name must be small letters, digits and single underscores, such as team_label.py",
        ),
        (
            {".gategit.yaml": f"{V1}schemas: {{folders: [none]}}\n"},
            ".gategit.yaml:2",
            "the schema folder none is not there",
        ),
    ],
)
def test_what_could_not_be_used_after_the_merge_is_an_error(
    git_repository: RepositoryBuilder, head: dict[str, str], place: str, message: str
) -> None:
    """The pull request learns of it, and not everybody after it."""
    base = {
        ".gategit.yaml": "version: 1\npolicies: {folders: [gate]}\nwaivers: w.yaml\n",
        "w.yaml": "version: 1\n",
        "gate/one.py": POLICY.format(name="one"),
    }
    report = judge(git_repository, base, head)
    [error] = [finding for finding in report.findings if finding.level is Level.ERROR]
    assert _line(error) == f"{place}: after the merge the gate would stop every run: {message}"
    assert report.verdict is Verdict.BLOCKED


@pytest.mark.parametrize("name", [".gategit.yaml", "w.yaml", "gate/one.py"])
def test_a_link_in_place_of_a_file_of_the_gate_is_an_error(git_repository: RepositoryBuilder, name: str) -> None:
    """No link is followed, not even to a file that would do."""
    base = {
        ".gategit.yaml": "version: 1\npolicies: {folders: [gate]}\nwaivers: w.yaml\n",
        "w.yaml": "version: 1\n",
        "gate/one.py": POLICY.format(name="one"),
    }
    git_repository.commit("base", base)
    git_repository.branch("pr")
    git_repository.path(name).rename(git_repository.path("elsewhere"))
    git_repository.symlink(name, "../elsewhere" if "/" in name else "elsewhere")
    git_repository.commit("link")
    report = gate.run(Request(directory=git_repository.folder, base="main", head="HEAD", trust=Trust.BASE))
    [error] = [one for one in report.findings if one.rule == "gate-changed" and one.level is Level.ERROR]
    assert error.location.file == name
    assert "must be a regular file, not a symlink" in error.message
    assert report.verdict is Verdict.BLOCKED


def test_a_submodule_in_place_of_the_config_is_an_error(git_repository: RepositoryBuilder) -> None:
    """What is in another repository cannot be read."""
    commit = git_repository.commit("base", {".gategit.yaml": "version: 1\n"})
    git_repository.branch("pr")
    git_repository.remove(".gategit.yaml")
    git_repository.git("update-index", "--add", "--cacheinfo", f"160000,{commit},.gategit.yaml")
    git_repository.git("commit", "--quiet", "--message", "submodule")
    report = gate.run(Request(directory=git_repository.folder, base="main", head="HEAD", trust=Trust.BASE))
    [error] = [one for one in report.findings if one.rule == "gate-changed" and one.level is Level.ERROR]
    assert "must be a regular file, not a submodule" in error.message


def test_what_loosens_the_gate_comes_first_where_there_is_too_much(git_repository: RepositoryBuilder) -> None:
    """The list is bounded, the rest is counted, and nothing can push a loosened rule off it."""
    filler = "".join(f"    rule-{number}: error\n" for number in range(MOST_FINDINGS + 20))
    new = f"version: 1\npolicies:\n  levels:\n{filler}    unknown-field: 'off'\n"
    lines = said(judge(git_repository, {".gategit.yaml": "version: 1\n"}, {".gategit.yaml": new}))
    assert any("loosens the gate after the merge: policies.levels.unknown-field" in line for line in lines)
    assert ".gategit.yaml: this change makes 21 more changes to the gate, not listed here" in lines
    assert len([line for line in lines if "stop every run" not in line]) == MOST_FINDINGS + 1


def test_nothing_is_said_where_the_head_is_trusted(git_repository: RepositoryBuilder) -> None:
    """What is in force already needs no announcement."""
    git_repository.commit("base", {".gategit.yaml": "version: 1\n"})
    git_repository.branch("pr")
    git_repository.commit("change", {".gategit.yaml": "version: 1\nfail_on: note\n"})
    report = gate.run(Request(directory=git_repository.folder, base="main", head="HEAD", trust=Trust.HEAD))
    assert said(report) == []


def test_a_config_from_elsewhere_stays(git_repository: RepositoryBuilder, tmp_path: Path) -> None:
    """With --config the files of the repository's own config do not come into force; its keys are said all the same."""
    (tmp_path / "own.yaml").write_text(f"version: 1{os.linesep}", encoding="utf-8")
    git_repository.commit("base", {"a.txt": ""})
    git_repository.branch("pr")
    git_repository.commit("change", {".gategit.yaml": "version: 1\nwaivers: w.yaml\n"})
    request = Request(
        directory=git_repository.folder, base="main", head="HEAD", trust=Trust.BASE, config=tmp_path / "own.yaml"
    )
    assert said(gate.run(request)) == [
        ".gategit.yaml:1: this change alters the gate after the merge: version: not set -> 1",
        ".gategit.yaml:2: this change loosens the gate after the merge: waivers: not set -> w.yaml",
    ]
