"""The threat model, row by row: whoever writes the head of a pull request against the gate that guards its base.

Each test is a row of the table in docs/trust.md. The repositories and the program are real: gategit runs in a process
of its own on the checkout of a pull request, with the event that GitHub sends.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.api_server import ApiServer
from tests.conftest import GIT_ENVIRONMENT, RepositoryBuilder
from tools.golang import built

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = (sys.executable, "-I", "-c", "from gategit.cli.main import run; run()")
PASS, BLOCKED, USAGE, UNDECIDED = 0, 1, 2, 3
FORMATS = ("text", "json", "sarif", "github", "junit", "markdown", "html")

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  namespace: shop\n"
GOOD = MAP.format(name="good")
POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: evil
  namespace: shop
spec:
  hostNetwork: true
  containers:
    - name: evil
      image: registry.example.com/evil@sha256:0000000000000000000000000000000000000000000000000000000000000000
      securityContext: {privileged: true}
      resources: {limits: {memory: 1Gi}, requests: {cpu: "1", memory: 1Gi}}
"""
CLAIM = """\
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: shop}
spec:
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 1Gi}}
"""
LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32\nsize 12345\n"
FOLDER = "version: 1\npolicies: {folders: [gate]}\n"
CHART = "apiVersion: v2\nname: x\nversion: 1.0.0\n"


def policy(name: str, body: str, *, head: str = "") -> str:
    """A policy on ConfigMaps with this body."""
    return (
        "from gategit.checks.policy.api import Manifest, Violation, Violations, policy\n"
        f'{textwrap.dedent(head)}\n\n@policy(level="error", kinds=("ConfigMap",))\n'
        f"def {name}(thing: Manifest) -> Violations:\n"
        '    """A policy of the tests.\n\n    What it asks:\n        Something.\n\n    Why:\n        For a reason.\n\n'
        "    How to fix:\n        Somehow.\n\n    Fails:\n        apiVersion: v1\n        kind: ConfigMap\n"
        "        metadata:\n          name: bad  # <-\n\n    Passes:\n        apiVersion: v1\n        kind: ConfigMap\n"
        '        metadata: {name: good}\n\n    References:\n        https://example.com/\n    """\n'
        f"{textwrap.indent(textwrap.dedent(body), '    ')}\n"
    )


NO_BAD = policy(
    "no_bad",
    """
    if thing.name.startswith("bad"):
        yield Violation(thing.field("metadata", "name"), f"{thing.name} is bad")
    """,
)


@dataclass(frozen=True)
class Answer:
    """What the gate answered: the exit code, every report by its format, and what it wrote to the terminal."""

    code: int
    reports: Mapping[str, str]
    log: str

    @property
    def report(self) -> Any:
        """The JSON report."""
        return json.loads(self.reports["json"])

    @property
    def said(self) -> set[tuple[str, str]]:
        """The rule and file of each new finding."""
        return {(one["rule"], one["file"]) for one in self.report["findings"] if one["state"] == "new"}

    def messages(self, rule: str) -> list[str]:
        """The messages of a rule's findings."""
        return [one["message"] for one in self.report["findings"] if one["rule"] == rule]


class PullRequest:
    """A pull request as a runner has it checked out: the merge of head into base, and the event."""

    def __init__(self, repository: RepositoryBuilder, tmp_path: Path) -> None:
        self.repository = repository
        self.temp = tmp_path
        self.environment: dict[str, str] = {}
        self.event_name = "pull_request"
        self.base_ref = "main"

    def base(self, files: Mapping[str, str | bytes]) -> PullRequest:
        """What the base branch holds."""
        self.base_sha = self.repository.commit("base", files)
        self.repository.branch("feature")
        return self

    def head(
        self,
        files: Mapping[str, str | bytes] | None = None,
        *,
        removed: tuple[str, ...] = (),
        links: Mapping[str, str] | None = None,
    ) -> PullRequest:
        """What the pull request does to it."""
        for name in removed:
            self.repository.remove(name)
        for name, target in (links or {}).items():
            self.repository.symlink(name, target)
        self.repository.commit("change", files)
        return self

    def judge(self, *options: str) -> Answer:
        """Run the gate as a job of GitHub Actions would, without any option that says whom to trust."""
        repository = self.repository
        head = repository.head("feature")
        repository.switch("main")
        merge = repository.merge("feature")
        repository.git("checkout", "--quiet", "--detach", merge)
        name = {"full_name": "example/gitops"}
        event = {
            "number": 7,
            "pull_request": {
                "number": 7,
                "base": {"ref": self.base_ref, "sha": self.base_sha, "repo": name},
                "head": {"ref": "feature", "sha": head, "repo": name},
                "user": {"login": "mallory"},
                "labels": [],
            },
            "repository": {"full_name": "example/gitops", "default_branch": "main"},
        }
        (self.temp / "event.json").write_text(json.dumps(event), encoding="utf-8")
        places = {kind: self.temp / f"report.{kind}" for kind in FORMATS}
        done = subprocess.run(
            [*PROGRAM, "check", *(f"--report={kind}={place}" for kind, place in places.items()), *options],
            cwd=repository.folder,
            env={
                **{key: value for key, value in os.environ.items() if not key.startswith(("GITHUB_", "GIT_"))},
                **{key: value for key, value in GIT_ENVIRONMENT.items() if "CONFIG" in key},
                "XDG_CACHE_HOME": str(self.temp / "cache"),
                "GITHUB_EVENT_NAME": self.event_name,
                "GITHUB_EVENT_PATH": str(self.temp / "event.json"),
                "GITHUB_SHA": merge,
                **self.environment,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        reports = {kind: place.read_text(encoding="utf-8") for kind, place in places.items() if place.exists()}
        return Answer(done.returncode, reports, done.stdout.decode("utf-8"))


@pytest.fixture
def pull_request(git_repository: RepositoryBuilder, tmp_path: Path) -> PullRequest:
    """A pull request to be filled in."""
    return PullRequest(git_repository, tmp_path)


# --- The gate's own files -------------------------------------------------------------------------------------------


def test_editing_a_policy(pull_request: PullRequest) -> None:
    """The base's policy judges; the head's says nothing, whatever it was made to say."""
    pull_request.base({".gategit.yaml": FOLDER, "gate/no_bad.py": NO_BAD})
    pull_request.head({"gate/no_bad.py": policy("no_bad", "return None"), "a.yaml": MAP.format(name="bad")})
    answer = pull_request.judge()
    assert answer.code == BLOCKED
    assert ("no-bad", "a.yaml") in answer.said
    assert answer.messages("gate-changed") == ["this change alters the gate after the merge: edits the policy no-bad"]


def test_removing_a_policy_and_its_folder(pull_request: PullRequest) -> None:
    """What is gone in the head is still there in the base's objects."""
    pull_request.base({".gategit.yaml": FOLDER, "gate/no_bad.py": NO_BAD})
    pull_request.head({"a.yaml": MAP.format(name="bad")}, removed=("gate/no_bad.py", ".gategit.yaml"))
    answer = pull_request.judge()
    assert answer.code == BLOCKED
    assert ("no-bad", "a.yaml") in answer.said
    assert "this change loosens the gate after the merge: removes the policy no-bad" in answer.messages("gate-changed")


def test_waiving_oneself(pull_request: PullRequest) -> None:
    """A waiver that the same pull request brings does not count, in the file or beside the field."""
    config = "version: 1\nwaivers: w.yaml\n"
    waiver = "  - {rule: privileged-container, object: {name: evil}, owner: me, reason: mine, expires: 2999-01-01}\n"
    inline = "# gategit: waive privileged-container, host-namespaces by me until 2026-12-31 -- mine\n"
    pull_request.base({".gategit.yaml": config, "w.yaml": "version: 1\n"})
    pull_request.head({"w.yaml": f"version: 1\nwaivers:\n{waiver}", "a.yaml": inline + POD})
    answer = pull_request.judge()
    assert answer.code == BLOCKED
    assert {("privileged-container", "a.yaml"), ("host-namespaces", "a.yaml")} <= answer.said
    assert [text for text in answer.messages("gate-changed") if "loosens the gate" in text] == [
        (
            "this change loosens the gate after the merge: adds a waiver for privileged-container (name evil), by me "
            "until 2999-01-01"
        )
    ]


def test_a_definition_that_asks_nothing(pull_request: PullRequest) -> None:
    """A definition holds as it would in the cluster; that it takes the place of a schema and asks less is said."""
    definition = (
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
        "metadata: {name: applications.argoproj.io}\nspec:\n  group: argoproj.io\n  scope: Namespaced\n"
        "  names: {kind: Application, plural: applications}\n  versions:\n"
        "  - {name: v1alpha1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, "
        "x-kubernetes-preserve-unknown-fields: true}}}\n"
    )
    application = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web}\nspec: {souce: {}}\n"
    pull_request.base({"a.yaml": GOOD})
    pull_request.head({"crd.yaml": definition, "web.yaml": application})
    answer = pull_request.judge("--stages=schema", "--fail-on=warning")
    assert answer.code == BLOCKED
    assert answer.said == {("definition-changed", "crd.yaml")}
    assert answer.messages("definition-changed") == [
        (
            "from this change on its definition judges every Application of argoproj.io, not the schema of "
            "Argo CD; it keeps unknown fields of v1alpha1 now, so none is found any more"
        )
    ]


def test_lowering_a_level_and_excluding_a_path(pull_request: PullRequest) -> None:
    """The base's config holds; each key that would loosen it is said on its line."""
    pull_request.base({".gategit.yaml": "version: 1\n"})
    config = (
        "version: 1\nfail_on: error\nexclude: ['**']\n"
        "policies:\n  packs: []\n  levels: {privileged-container: 'off'}\nlimits: {file_size: 1B}\n"
    )
    pull_request.head({".gategit.yaml": config, "a.yaml": POD})
    answer = pull_request.judge()
    assert answer.code == BLOCKED
    assert ("privileged-container", "a.yaml") in answer.said
    loosened = [text for text in answer.messages("gate-changed") if "loosens the gate" in text]
    assert any('exclude: added "**"' in text for text in loosened)
    assert any("policies.packs: removed recommended" in text for text in loosened)
    assert any("privileged-container: not set -> off" in text for text in loosened)


@pytest.mark.parametrize("name", [".gategit.yml", ".GateGit.yaml", ".gategit.yaml/config.yaml"])
def test_a_config_under_another_name(pull_request: PullRequest, name: str) -> None:
    """A twin in other letters, with another ending or as a folder is not read, and would stop the gate."""
    pull_request.base({"b.yaml": GOOD})
    pull_request.head({name: "version: 1\nexclude: ['**']\n", "a.yaml": POD})
    answer = pull_request.judge()
    assert answer.code == BLOCKED
    assert {("privileged-container", "a.yaml"), ("gate-changed", name)} <= answer.said


@pytest.mark.parametrize("target", ["/etc/hostname", "../../../../etc/hostname", "softer.yaml"])
def test_a_config_that_is_a_link(pull_request: PullRequest, target: str) -> None:
    """No link is followed: what it leads to neither steers the gate nor is shown."""
    pull_request.base({".gategit.yaml": "version: 1\n"})
    soft = "version: 1\nexclude: ['**']\n"
    pull_request.head({"a.yaml": POD, "softer.yaml": soft}, removed=(".gategit.yaml",), links={".gategit.yaml": target})
    answer = pull_request.judge()
    assert answer.code == BLOCKED
    assert ("privileged-container", "a.yaml") in answer.said
    [error] = [text for text in answer.messages("gate-changed") if "stop every run" in text]
    assert error.endswith(".gategit.yaml must be a regular file, not a symlink")
    hostname = Path("/etc/hostname").read_text(encoding="utf-8").strip()
    assert not hostname or all(hostname not in report for report in answer.reports.values())


@pytest.mark.parametrize(
    "config",
    [
        "version: 1\npolicies: {folders: [../elsewhere]}\n",
        "version: 1\npolicies: {folders: [/etc]}\n",
        "version: 1\nwaivers: ../../../../../etc/passwd\n",
        "version: 1\nschemas: {folders: ['gate/../../x']}\n",
    ],
)
def test_a_folder_that_leaves_the_repository(pull_request: PullRequest, config: str) -> None:
    """Neither a policy nor a waiver is read from outside of the tree; the config that asks for it is refused."""
    pull_request.base({".gategit.yaml": "version: 1\n"})
    pull_request.head({".gategit.yaml": config, "a.yaml": GOOD})
    answer = pull_request.judge()
    assert answer.code == BLOCKED
    [error] = [text for text in answer.messages("gate-changed") if "stop every run" in text]
    assert "paths must not leave the repository" in error or "paths are relative to the repository" in error


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(9)
)


def test_a_bomb_in_the_config_or_the_waivers(pull_request: PullRequest) -> None:
    """Aliases, size and depth are limited before anything is built of them."""
    base = {".gategit.yaml": "version: 1\nwaivers: w.yaml\n", "w.yaml": "version: 1\n"}
    pull_request.base(base)
    pull_request.head({".gategit.yaml": BOMB, "w.yaml": "version: 1\nwaivers: " + "[" * 50_000, "a.yaml": POD})
    answer = pull_request.judge()
    assert answer.code == BLOCKED
    assert ("privileged-container", "a.yaml") in answer.said
    assert [text for text in answer.messages("gate-changed") if "stop every run" in text]


def test_a_huge_config(pull_request: PullRequest) -> None:
    """A config larger than a megabyte is refused, not read."""
    pull_request.base({".gategit.yaml": "version: 1\n"})
    pull_request.head({".gategit.yaml": "version: 1\n" + "# filler\n" * 200_000, "a.yaml": GOOD})
    answer = pull_request.judge()
    assert answer.code == BLOCKED
    assert [text for text in answer.messages("gate-changed") if "stop every run" in text]


def test_editing_the_workflow_that_runs_the_gate(pull_request: PullRequest) -> None:
    """For pull_request GitHub takes the workflow from the head: the gate can only say so where it still runs."""
    path = ".github/workflows/gate.yaml"
    workflow = "on: pull_request\njobs: {gate: {steps: [{uses: example/gategit@v1}]}}\n"
    pull_request.base({path: workflow, ".github/CODEOWNERS": "/.github/ @platform\n/.gategit.yaml @platform\n"})
    softer = workflow.replace("{uses:", "{continue-on-error: true, uses:")
    pull_request.head({path: softer, ".github/CODEOWNERS": "/.github/ @mallory\n"})
    answer = pull_request.judge()
    assert answer.messages("gate-changed") == [
        'this change loosens the gate after the merge: the code owners of .gategit.yaml: "@platform" -> nobody',
        (
            'this change loosens the gate after the merge: the code owners of .github/workflows/: "@platform" -> '
            '"@mallory"'
        ),
        f"this change alters the gate: edits {path}, which runs it",
    ]


# --- Policies -------------------------------------------------------------------------------------------------------


def test_crashing_a_policy(pull_request: PullRequest) -> None:
    """An object that a policy did not expect leaves the verdict open; every other policy and object is judged."""
    fragile = policy("fragile", 'assert thing.get("data", "mode") != "crash"')
    pull_request.base({".gategit.yaml": FOLDER, "gate/no_bad.py": NO_BAD, "gate/fragile.py": fragile})
    crash = f"{MAP.format(name='trap')}data:\n  mode: crash\n"
    pull_request.head({"a.yaml": crash, "b.yaml": MAP.format(name="fine")})
    answer = pull_request.judge()
    assert answer.code == UNDECIDED
    assert ("policy-crashed", "a.yaml") in answer.said
    [message] = answer.messages("policy-crashed")
    assert message.startswith("policy fragile has not judged ConfigMap shop/trap: AssertionError")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("yield Violation(thing, 'x' * int(thing.get('data', 'size')))", "it used more memory than it may"),
        ("int(thing.get('data', 'size')) * [thing]\nreturn None", "it used more memory than it may"),
        ("def deep(n):\n    return n and deep(n - 1)\ndeep(int(thing.get('data', 'size')))", "RecursionError"),
        (
            "for _ in range(int(thing.get('data', 'size'))):\n    yield Violation(thing, 'x')",
            "more than 200 violations",
        ),
        ("import os\nos.write(1, b'x' * 9)", "OSError"),
        ("print(thing.get('data', 'size'))", "it wrote to standard output"),
    ],
)
def test_exhausting_memory_or_output_through_a_policy(pull_request: PullRequest, body: str, message: str) -> None:
    """What the object asks a policy for ends at the worker's limits, and the verdict is open."""
    greedy = policy("greedy", body)
    pull_request.base({".gategit.yaml": FOLDER, "gate/no_bad.py": NO_BAD, "gate/greedy.py": greedy})
    pull_request.head({"a.yaml": f"{MAP.format(name='bad')}data:\n  size: '9999999999'\n"})
    answer = pull_request.judge()
    assert answer.code == BLOCKED, answer.log
    assert {("policy-crashed", "a.yaml"), ("no-bad", "a.yaml")} <= answer.said
    assert message in answer.messages("policy-crashed")[0]
    assert {stage["name"]: stage["status"] for stage in answer.report["stages"]}["policy"] == "error"


def test_exhausting_time_through_a_policy(pull_request: PullRequest) -> None:
    """A regular expression that an object makes run for ever is ended by the clock of the parent."""
    slow = policy("slow", "import re\nre.match('(a+)+$', thing.get('data', 'size'))")
    pull_request.base({".gategit.yaml": FOLDER, "gate/no_bad.py": NO_BAD, "gate/slow.py": slow})
    pull_request.head({"a.yaml": f"{MAP.format(name='fine')}data:\n  size: {'a' * 64}b\n"})
    answer = pull_request.judge()
    assert answer.code == UNDECIDED
    [message] = answer.messages("policy-crashed")
    assert "it took more than 10 seconds" in message


def test_the_preview_of_hostile_policies(pull_request: PullRequest, tmp_path: Path) -> None:
    """New policies are tried out behind the same fence: what they do is a note, and today's verdict stands."""
    secret, trace = tmp_path / "secret", tmp_path / "trace"
    secret.write_text("hunter2", encoding="utf-8")
    bodies = {
        "reads": f"yield Violation(thing, open({str(secret)!r}).read())",
        "writes": f"open({str(trace)!r}, 'w').write('x')",
        "removes": f"import os\nos.remove({str(secret)!r})",
        "environment": "import os\nyield Violation(thing, 'token ' + os.environ.get('GITHUB_TOKEN', 'none'))",
        "kills": "import os\nos.kill(os.getppid(), 9)",
        "ends": "import os\nos._exit(0)",
        "prints": "print('::set-output name=verdict::pass')",
        "network": "import socket\nsocket.create_connection(('127.0.0.1', 9))",
    }
    pull_request.environment = {"GITHUB_TOKEN": "hunter2", "GITHUB_ENV": str(trace), "GITHUB_OUTPUT": str(trace)}
    pull_request.base({".gategit.yaml": FOLDER, "gate/no_bad.py": NO_BAD})
    files = {f"gate/{name}.py": policy(name, body) for name, body in bodies.items()}
    pull_request.head({**files, "a.yaml": MAP.format(name="fine")})
    answer = pull_request.judge("--fail-on=note", "--fail-on-existing", "--ignore=waiver-unused")
    notes = [one for one in answer.report["findings"] if one["rule"] == "gate-preview"]
    assert len(notes) == len(bodies)
    assert {note["level"] for note in notes} == {"note"}
    assert "after the merge environment (error) would say: token none" in answer.messages("gate-preview")
    assert not any(note["rule"] == "policy-crashed" for note in answer.report["findings"])
    assert secret.read_text(encoding="utf-8") == "hunter2"
    assert not trace.exists()
    assert all("hunter2" not in report for report in answer.reports.values())
    # The changes to the gate are warnings, which were asked to block; the notes of the preview were not among them.
    assert answer.code == BLOCKED
    assert "hunter2" not in answer.log


def test_a_preview_never_blocks(pull_request: PullRequest) -> None:
    """A policy that would flag its own pull request lets it pass: it is not in force yet."""
    pull_request.base({".gategit.yaml": FOLDER, "gate/no_bad.py": NO_BAD, "a.yaml": GOOD})
    strict = policy("strict_one", "yield Violation(thing, 'never')")
    pull_request.head({"gate/strict_one.py": strict, "a.yaml": f"{GOOD}data: {{}}\n"})
    answer = pull_request.judge("--fail-on-existing")
    assert answer.code == PASS, answer.log
    assert answer.messages("gate-preview") == ["after the merge strict-one (error) would say: never"]


def test_new_policies_are_not_run_where_the_job_has_secrets(pull_request: PullRequest, tmp_path: Path) -> None:
    """For pull_request_target nothing else of the head is run, so neither is the preview's code."""
    trace = tmp_path / "trace"
    pull_request.base({".gategit.yaml": FOLDER, "gate/no_bad.py": NO_BAD})
    eager = policy("eager", "yield Violation(thing, 'x')", head=f"print({str(trace)!r})")
    pull_request.head({"gate/eager.py": eager, "a.yaml": MAP.format(name="fine")})
    pull_request.event_name = "pull_request_target"
    answer = pull_request.judge()
    assert answer.code == PASS, answer.log
    assert answer.messages("gate-preview") == [
        "the new policies are not tried out: for the event pull_request_target only code of the base is run"
    ]


# --- Hiding -----------------------------------------------------------------------------------------------------------


def _list(text: str) -> str:
    """An object in a list in a list."""
    for _ in range(2):
        text = f"apiVersion: v1\nkind: List\nitems:\n- {textwrap.indent(text, '  ').lstrip()}"
    return text


@pytest.mark.parametrize(
    ("files", "place"),
    [
        ({"deep/down/a.json": json.dumps({"apiVersion": "v1", "kind": "PodList", "items": []})}, ""),
        ({"a.yaml": f"{GOOD}---\n# nothing\n---\n{POD}"}, "a.yaml"),
        ({"a.yaml": _list(POD)}, "a.yaml"),
        ({"a.yaml": f"apiVersion: v1\nkind: PodList\nitems:\n- {textwrap.indent(POD, '  ').lstrip()}"}, "a.yaml"),
        ({"a.yaml": POD.encode("utf-16")}, "a.yaml"),
        ({"a.yaml": b"\xef\xbb\xbf" + POD.encode()}, "a.yaml"),
        ({"a.yaml": f"# {{{{ not a template }}}}\n{POD}"}, "a.yaml"),
        ({"a.yaml": f"{POD}---\n{{{{ broken }}\n"}, "a.yaml"),
        ({"x/kustomization.yaml": f"resources: []\n---\n{POD}"}, "x/kustomization.yaml"),
        ({".hidden/a.yml": POD}, ".hidden/a.yml"),
        ({"a.yaml": POD, ".gitattributes": "*.yaml binary export-ignore filter=gone -diff\n"}, "a.yaml"),
        ({"kustomization.yaml": "resources: [a.txt]\n", "a.txt": POD}, "a.txt"),
        ({"kustomization.yaml": "resources: [a]\n", "a": POD}, "a"),
        ({"x/kustomization.yaml": "configMapGenerator: [{name: c, files: [../a.yaml]}]\n", "a.yaml": POD}, "a.yaml"),
        ({"kustomization.yaml": "configMapGenerator: [{name: c, files: [x/a.yaml]}]\n", "x/a.yaml": POD}, "x/a.yaml"),
        ({"kustomization.yaml": "transformers: [x/a.yaml]\n", "x/a.yaml": POD}, "x/a.yaml"),
        (
            {
                "kustomization.yaml": "generators: [x]\n",
                "x/kustomization.yaml": "resources: [a.yaml]\n",
                "x/a.yaml": POD,
            },
            "x/a.yaml",
        ),
        ({"values.yaml": POD, "Chart.yaml": CHART}, "values.yaml"),
        ({"crds/a.yaml": POD, "Chart.yaml": CHART}, "crds/a.yaml"),
        ({"templates/a.yaml": POD}, "templates/a.yaml"),
    ],
)  # fmt: skip
def test_hiding_an_object_in_a_file(pull_request: PullRequest, files: dict[str, str | bytes], place: str) -> None:
    """In lists, documents, encodings, odd names, and behind what a kustomization says of it: it is judged."""
    pull_request.base({"b.yaml": GOOD})
    answer = pull_request.head(files).judge()
    if place:
        assert answer.code == BLOCKED, answer.log
        assert ("privileged-container", place) in answer.said
    else:
        assert answer.code == PASS


def _softened(path: str) -> str:
    """A kustomization, or a part of one, that takes the privilege out of what it builds."""
    patch = "[{op: remove, path: /spec/containers/0/securityContext}]"
    return f"resources: [{path}]\npatches:\n  - patch: '{patch}'\n    target: {{kind: Pod}}\n"


APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: soft, namespace: argocd}
spec:
  project: default
  destination: {server: https://kubernetes.default.svc, namespace: shop}
  source:
    repoURL: https://git.example.com/fleet.git
    path: apps
    kustomize:
      patches:
        - patch: '[{op: remove, path: /spec/containers/0/securityContext}]'
          target: {kind: Pod}
"""


@pytest.mark.parametrize(
    "files",
    [
        {"kustomization.yaml": _softened("apps/a.yaml"), "apps/a.yaml": POD},
        {"apps/kustomization.yaml": "resources: [a.yaml]\n", "apps/a.yaml": POD, "soft.yaml": APPLICATION},
    ],
)
def test_hiding_an_object_behind_what_is_laid_over_it(pull_request: PullRequest, files: dict[str, str]) -> None:
    """A kustomization elsewhere, or an agent that the change itself brings, softens what others apply as it is."""
    pull_request.base(
        {".gategit.yaml": "version: 1\nrepositories: [https://git.example.com/fleet.git]\n", "b.yaml": GOOD}
    )
    answer = pull_request.head(files).judge()
    assert answer.code == BLOCKED, answer.log
    assert ("privileged-container", "apps/a.yaml") in answer.said


def test_hiding_a_file_behind_gitignore(pull_request: PullRequest) -> None:
    """What is committed is judged, whatever git was told to ignore."""
    pull_request.base({".gitignore": "*.yaml\n", "README": ""})
    pull_request.repository.write("a.yaml", POD)
    pull_request.repository.git("add", "--force", "a.yaml")
    answer = pull_request.head({"c.txt": ""}).judge()
    assert answer.code == BLOCKED
    assert ("privileged-container", "a.yaml") in answer.said


def test_hiding_a_file_behind_a_link(pull_request: PullRequest) -> None:
    """A link that stands for a manifest must lead to a file that is judged; one out of the repository is refused."""
    pull_request.base({".gategit.yaml": "version: 1\nexclude: [docs/**]\n", "b.yaml": GOOD})
    pull_request.head({"docs/a.yaml": POD, "notes/a.txt": POD}, links={
        "apps/one.yaml": "../docs/a.yaml", "apps/two.yaml": "../notes/a.txt", "apps/three": "../docs",
        "apps/four.yaml": "/etc/passwd",
    })  # fmt: skip
    answer = pull_request.judge()
    assert answer.code == BLOCKED
    assert {
        ("symlink-unseen", "apps/one.yaml"),
        ("symlink-unseen", "apps/two.yaml"),
        ("symlink-unseen", "apps/three"),
        ("symlink-outside", "apps/four.yaml"),
    } <= answer.said


def test_hiding_objects_in_a_submodule(pull_request: PullRequest) -> None:
    """Its files are somewhere else, so the gate cannot say what they are, and does not open."""
    pull_request.base({"b.yaml": GOOD})
    repository = pull_request.repository
    repository.write(".gitmodules", '[submodule "vendor"]\n\tpath = vendor\n\turl = https://example.com/evil.git\n')
    repository.stage()
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{pull_request.base_sha},vendor")
    repository.git("commit", "--quiet", "--message", "submodule")
    answer = pull_request.judge()
    assert answer.code == UNDECIDED
    assert ("submodule-changed", "vendor") in answer.said


def test_hiding_objects_in_git_lfs(pull_request: PullRequest) -> None:
    """A pointer is not the file that an agent would apply."""
    pull_request.base({"b.yaml": GOOD})
    pull_request.head({"a.yaml": LFS, ".gitattributes": "*.yaml filter=lfs diff=lfs merge=lfs -text\n"})
    answer = pull_request.judge()
    assert answer.code == UNDECIDED
    assert ("lfs-pointer", "a.yaml") in answer.said


def test_saying_one_thing_to_the_gate_and_another_to_the_cluster(pull_request: PullRequest) -> None:
    """Keys that are set twice, merged or anchored are read as the cluster reads them."""
    twice = POD.replace("  hostNetwork: true\n", "  hostNetwork: true\n  hostNetwork: false\n")
    merged = POD.replace("      securityContext: {privileged: true}\n", "").replace(
        "  containers:\n    - name: evil\n",
        "  containers:\n    - <<: {securityContext: {privileged: true}}\n      name: evil\n",
    )
    octal = f"{MAP.format(name='x')}data:\n  on: yes\n"
    pull_request.base({"b.yaml": GOOD})
    answer = pull_request.head({"a.yaml": twice, "m.yaml": merged.replace("evil", "more"), "o.yaml": octal}).judge()
    assert answer.code == BLOCKED
    assert ("duplicate-key", "a.yaml") in answer.said
    assert ("privileged-container", "m.yaml") in answer.said
    assert any(file == "o.yaml" for _, file in answer.said)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (BOMB, "yaml-limit"),
        ("a: " + "[" * 100_000, "yaml-limit"),
        (f"{POD}\n# " + "x" * (6 << 20), "yaml-limit"),
        ("x: " + "9" * 200_000 + "\n" + POD, "yaml-limit"),
    ],
)
def test_bombs_in_manifests(pull_request: PullRequest, content: str, rule: str) -> None:
    """Aliases, depth, size and scalars have limits; what passes one is a finding, and the other files are judged."""
    pull_request.base({"b.yaml": GOOD})
    answer = pull_request.head({"a.yaml": content, "c.yaml": POD}).judge()
    assert answer.code == BLOCKED
    assert ("privileged-container", "c.yaml") in answer.said
    assert (rule, "a.yaml") in answer.said or any(file == "a.yaml" for _, file in answer.said)


def test_moving_files_to_confuse_what_is_old(pull_request: PullRequest) -> None:
    """A moved object is the same object, a copy is a new one, and a claim that leaves what is looked at is removed."""
    config = "version: 1\nexclude: [attic/**]\n"
    old = POD.replace("evil", "old")
    pull_request.base({".gategit.yaml": config, "old.yaml": old, "claim.yaml": CLAIM})
    repository = pull_request.repository
    repository.path("attic").mkdir()
    repository.path("claim.yaml").rename(repository.path("attic/claim.yaml"))
    repository.path("old.yaml").rename(repository.path("moved.yaml"))
    answer = pull_request.head({"copy.yaml": POD}).judge()
    assert answer.code == BLOCKED
    assert ("privileged-container", "copy.yaml") in answer.said
    assert ("privileged-container", "moved.yaml") not in answer.said
    assert any(rule == "volume-claim-removed" for rule, _ in answer.said)


# --- The machine ------------------------------------------------------------------------------------------------------


def test_shadowing_a_module(pull_request: PullRequest) -> None:
    """No file of the checkout is on a path that Python imports from, in the gate or in its worker."""
    trap = "import pathlib\npathlib.Path('pwned').touch()\nraise SystemExit(0)\n"
    names = ("json", "re", "yaml", "typer", "git", "marshal", "sitecustomize", "usercustomize", "policies", "gategit")
    pull_request.base({".gategit.yaml": FOLDER, "gate/no_bad.py": NO_BAD.replace("\n\n", "\nimport json, re\n", 1)})
    files = {f"{name}.py": trap for name in names} | {f"gate/{name}/__init__.py": trap for name in ("json", "re")}
    extra = {
        "trap.pth": "import os; os.system('touch pwned')\n",
        "pyproject.toml": "[tool.gategit]\nexclude = ['**']\n",
    }
    pull_request.head({**files, **extra, "gategit/__main__.py": trap, "a.yaml": MAP.format(name="bad")})
    answer = pull_request.judge()
    assert answer.code == BLOCKED, answer.log
    assert ("no-bad", "a.yaml") in answer.said
    assert not list(pull_request.repository.folder.rglob("pwned"))


def test_git_configuration_and_hooks(pull_request: PullRequest) -> None:
    """No hook, filter, monitor, text conversion or external diff is run, even one that is in the clone's config."""
    repository = pull_request.repository
    mark = f"touch {repository.folder / 'pwned'}"
    pull_request.base({"b.yaml": GOOD})
    attributes = "*.yaml filter=evil diff=evil merge=evil\n"
    files = {".gitattributes": attributes, ".gitconfig": f"[core]\n\tfsmonitor = {mark}\n", "a.yaml": POD}
    pull_request.head({**files, "hooks/post-index-change": f"#!/bin/sh\n{mark}\n"})
    repository.path("hooks/post-index-change").chmod(0o755)
    head = repository.head("feature")
    for key in ("filter.evil.smudge", "filter.evil.clean", "diff.evil.textconv", "diff.external", "core.pager"):
        repository.git("config", key, mark)
    repository.git("config", "core.fsmonitor", mark)
    repository.git("config", "core.hooksPath", "hooks")
    done = subprocess.run(
        [*PROGRAM, "check", "--base", "main", "--head", head, "--trust", "base", "--format", "json"],
        cwd=repository.folder,
        env={**os.environ, "XDG_CACHE_HOME": str(pull_request.temp)},
        capture_output=True,
        check=False,
    )
    assert done.returncode == BLOCKED, done.stderr
    assert "privileged-container" in {one["rule"] for one in json.loads(done.stdout)["findings"]}
    assert not repository.path("pwned").exists()


def test_a_repository_inside_of_the_checkout(pull_request: PullRequest) -> None:
    """A bare repository in the tree, whose config the pull request has written, is not taken for the one to read."""
    config = "[core]\n\tbare = true\n\tfsmonitor = touch pwned\n"
    files = {"inner/HEAD": "ref: refs/heads/main\n", "inner/config": config, "inner/objects/x": "", "inner/refs/x": ""}
    pull_request.base({"b.yaml": GOOD})
    pull_request.head(files)
    done = subprocess.run(
        [*PROGRAM, "check", "--base", "main"],
        cwd=pull_request.repository.path("inner"),
        env={**os.environ, "XDG_CACHE_HOME": str(pull_request.temp)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == USAGE
    assert "looks like a bare git repository inside the working tree" in done.stderr
    assert not list(pull_request.repository.folder.rglob("pwned"))


@pytest.mark.parametrize("reference", ["--output=pwned", "$(touch pwned)", "main;touch pwned", "a\nb", "-h"])
def test_arguments_in_names_of_branches(pull_request: PullRequest, reference: str) -> None:
    """A branch's name is a word: no shell reads it, and git is never given it as an option."""
    pull_request.base({"b.yaml": GOOD})
    pull_request.head({"a.yaml": POD})
    pull_request.base_ref = reference
    answer = pull_request.judge()
    assert answer.code == BLOCKED
    assert ("privileged-container", "a.yaml") in answer.said
    done = subprocess.run(
        [*PROGRAM, "check", f"--base={reference}"],
        cwd=pull_request.repository.folder,
        env={**os.environ, "XDG_CACHE_HOME": str(pull_request.temp)},
        capture_output=True,
        check=False,
    )
    assert done.returncode in (USAGE, UNDECIDED)
    assert not list(pull_request.repository.folder.rglob("pwned*"))


def test_arguments_in_names_of_files(pull_request: PullRequest) -> None:
    """Names that look like options, shell text or other paths are names."""
    names = (
        "--output=pwned.yaml",
        "-rf.yaml",
        "$(touch pwned).yaml",
        "a b;touch pwned.yaml",
        ":(exclude)a.yaml",
        "..a.yaml",
    )
    pull_request.base({"b.yaml": GOOD})
    files = {name: POD.replace("evil", f"evil-{number}") for number, name in enumerate(names)}
    answer = pull_request.head({f"x/{name}": text for name, text in files.items()} | files).judge()
    assert answer.code == BLOCKED
    assert {file for rule, file in answer.said if rule == "privileged-container"} >= set(names)
    assert not [path for path in pull_request.repository.folder.rglob("pwned") if path.is_file()]


def test_poisoning_the_cache(pull_request: PullRequest, tmp_path: Path) -> None:
    """Where a verdict guards a merge no cache is read or written: what an earlier job left there counts for nothing."""
    pull_request.base({"b.yaml": GOOD})
    pull_request.head({"a.yaml": POD})
    first = pull_request.judge()
    assert first.code == BLOCKED
    assert not list((tmp_path / "cache").rglob("*.sqlite3"))
    # The attacker's job fills the cache with praise for exactly these files, by the keys of this very program.
    head = pull_request.repository.head("feature")
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    command = [*PROGRAM, "check", "--base", pull_request.base_sha, "--head", head, "--trust", "base"]
    subprocess.run(command, cwd=pull_request.repository.folder, env=environment, capture_output=True, check=False)
    [cache] = (tmp_path / "cache").rglob("*.sqlite3")
    code = (
        "import json, sqlite3, sys\nc = sqlite3.connect(sys.argv[1])\n"
        "for key, value in c.execute('SELECT key, value FROM entry').fetchall():\n"
        "    value = json.loads(value)\n"
        "    if key.startswith('verdict:'): value[3] = []\n"
        "    c.execute('UPDATE entry SET value = ? WHERE key = ?', (json.dumps(value), key))\n"
        "c.commit()\n"
    )
    subprocess.run([sys.executable, "-c", code, str(cache)], check=True)
    poisoned = subprocess.run(
        command, cwd=pull_request.repository.folder, env=environment, capture_output=True, check=False
    )
    assert poisoned.returncode == PASS  # it would have worked: whoever may write the cache decides
    pull_request.repository.switch("main")
    pull_request.repository.git("reset", "--quiet", "--hard", pull_request.base_sha)
    assert pull_request.judge().code == BLOCKED


# --- The dry run ----------------------------------------------------------------------------------------------------


def test_switching_the_dry_run_off(pull_request: PullRequest) -> None:
    """The base's targets decide whether and whom to ask, and the change to them is said."""
    config = "version: 1\ntargets: {prod: {paths: ['**'], dry_run: sandbox}}\n"
    pull_request.environment["KUBEBUILDER_ASSETS"] = str(built("kube-apiserver").parent)
    pull_request.base({".gategit.yaml": config})
    wrong = MAP.format(name="good").replace("shop", "nowhere")
    pull_request.head({".gategit.yaml": config.replace("sandbox", "off"), "a.yaml": wrong})
    answer = pull_request.judge()
    assert answer.code == BLOCKED, answer.log
    assert ("dry-run-rejected", "a.yaml") in answer.said
    assert answer.messages("gate-changed") == [
        "this change loosens the gate after the merge: targets.prod.dry_run: sandbox -> off"
    ]


_PLUGIN = """\
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://127.0.0.1:9"}}]
users:
  - name: u
    user:
      exec:
        apiVersion: client.authentication.k8s.io/v1
        command: %s
        interactiveMode: Never
contexts: [{name: c, context: {cluster: c, user: u}}]
current-context: c
"""


def test_a_kubeconfig_with_a_plugin_in_the_checkout(pull_request: PullRequest, tmp_path: Path) -> None:
    """A kubeconfig that the pull request can write runs no program, however it is named."""
    marker = tmp_path / "ran"
    script = f"#!/bin/sh\ntouch {marker}\n"
    repository = pull_request.repository
    plugin = repository.path("plugin.sh")
    pull_request.base({"readme.md": "x"})
    pull_request.head({"kubeconfig": _PLUGIN % plugin, "plugin.sh": script, "a.yaml": GOOD})
    plugin.chmod(0o755)
    repository.commit("executable")
    link = tmp_path / "link"
    link.symlink_to(repository.path("kubeconfig"))
    for path in (repository.path("kubeconfig"), link):
        pull_request.environment["KUBECONFIG"] = str(path)
        answer = pull_request.judge("--dry-run=cluster")
        repository.switch("feature")
        assert answer.code in {USAGE, UNDECIDED}, answer.log
        assert not marker.exists()
        assert "names a program (exec), which is not run" in answer.log


def test_programs_for_the_sandbox_in_the_checkout(pull_request: PullRequest, tmp_path: Path) -> None:
    """A kube-apiserver that the pull request brings judges nothing, by PATH, by --assets or by the environment."""
    marker = tmp_path / "ran"
    script = f"#!/bin/sh\ntouch {marker}\necho Kubernetes v1.36.3\n"
    repository = pull_request.repository
    pull_request.base({"readme.md": "x"})
    pull_request.head({"bin/kube-apiserver": script, "bin/etcd": script, "a.yaml": GOOD})
    for name in ("kube-apiserver", "etcd"):
        repository.path(f"bin/{name}").chmod(0o755)
    repository.commit("executable")
    folder = str(repository.path("bin"))
    attempts: list[tuple[dict[str, str], tuple[str, ...]]] = [
        ({"PATH": f"{folder}:{os.environ['PATH']}"}, ()),
        ({"KUBEBUILDER_ASSETS": folder}, ()),
        ({}, (f"--assets={folder}",)),
    ]
    for environment, options in attempts:
        pull_request.environment = {"KUBEBUILDER_ASSETS": "", "XDG_DATA_HOME": str(tmp_path), **environment}
        answer = pull_request.judge("--dry-run=sandbox", *options)
        repository.switch("feature")
        assert answer.code in {USAGE, UNDECIDED}, answer.log
        assert not marker.exists()


def test_policies_do_not_see_the_credentials_of_the_dry_run(
    pull_request: PullRequest, api_server: ApiServer, tmp_path: Path
) -> None:
    """A policy that looks for the kubeconfig, by its name or in its parent's environment, finds nothing."""
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_bytes(api_server.kubeconfig.read_bytes())
    spy = policy(
        "spy",
        f"""
        import os
        found = os.environ.get("KUBECONFIG", "")
        for name in ({str(kubeconfig)!r}, "/proc/self/environ", f"/proc/{{os.getppid()}}/environ"):
            try:
                found += open(name).read()
            except BaseException:
                pass
        if found:
            yield Violation(thing.field("metadata", "name"), "found " + found)
        """,
    )
    pull_request.environment["KUBECONFIG"] = str(kubeconfig)
    pull_request.base({".gategit.yaml": FOLDER, "gate/spy.py": spy})
    pull_request.head({"a.yaml": MAP.format(name="map").replace("shop", "default")})
    answer = pull_request.judge("--dry-run=cluster")
    assert api_server.access.token
    everything = answer.log + "".join(answer.reports.values())
    assert api_server.access.token not in everything
    assert "found" not in "".join(answer.messages("spy"))
    (stage,) = [one for one in answer.report["stages"] if one["name"] == "dry-run"]
    assert stage["status"] == "passed"


# --- Reports ----------------------------------------------------------------------------------------------------------

UNSEEN = {
    "right-to-left override": "\u202e",
    "left-to-right isolate": "\u2066",
    "zero width space": "\u200b",
    "zero width joiner": "\u200d",
    "tag letter": "\U000e0041",
    "hangul filler": "\u3164",
    "no-break space": "\u00a0",
}


@pytest.mark.parametrize("character", UNSEEN.values(), ids=UNSEEN)
def test_characters_that_nobody_sees(pull_request: PullRequest, character: str) -> None:
    """Every report shows them as escapes, in names of files and objects, keys, values and messages."""
    name = f"ev{character}il"
    text = POD.replace(
        "name: evil\n  namespace", f'name: "{name}"\n  labels: {{"a{character}b": "c{character}d"}}\n  namespace'
    )
    pull_request.base({"b.yaml": GOOD})
    answer = pull_request.head(
        {f"{name}.yaml": text.replace("privileged: true", f'privileged: true, "x{character}y": 1')}
    ).judge()
    assert answer.code == BLOCKED
    for kind in FORMATS:
        assert character not in answer.reports[kind], kind
    shown = f"\\u{ord(character):04x}" if ord(character) > 0xFF else f"\\x{ord(character):02x}"
    if ord(character) > 0xFFFF:
        shown = f"\\U{ord(character):08x}"
    assert shown in answer.reports["text"]
    assert f"{name}.yaml" in {one["file"] for one in answer.report["findings"]}  # decoded, it is what it was


def test_names_that_look_like_others(pull_request: PullRequest) -> None:
    """Letters of other alphabets make no second object of a name: the cluster's own rules for names refuse them."""
    pull_request.base({"b.yaml": GOOD})
    answer = pull_request.head({"a.yaml": MAP.format(name="g\u043e\u043ed")}).judge()
    assert answer.code == BLOCKED, answer.log
    assert any(file == "a.yaml" for _, file in answer.said)


INJECTIONS = (
    "::set-output name=verdict::pass",
    "::add-path::/tmp/evil",
    "##[set-env name=PATH]evil",
    "##vso[task.setvariable variable=x]y",
    "\u001b[2J\u001b]0;pwned\u0007",
    "</table><script>alert(1)</script>",
    "![x](https://evil.example.com/pixel.png)",
    "[click](javascript:alert(1))",
    "@everyone #1 https://evil.example.com",
    "```\n::error::x\n```",
    "]]><failure/>",
    "%0A::error::x",
)


@pytest.mark.parametrize("text", INJECTIONS)
def test_markup_and_commands_in_manifests(pull_request: PullRequest, text: str) -> None:
    """What a manifest says is shown and never obeyed: by a terminal, a runner, a browser or a pull request's page."""
    quoted = json.dumps(text)
    pod = POD.replace("name: evil\n      image", f"name: {quoted}\n      {quoted}: 1\n      image")
    pull_request.base({"b.yaml": GOOD})
    answer = pull_request.head({"a.yaml": pod.replace("namespace: shop", f"namespace: {quoted}")}).judge()
    assert answer.code == BLOCKED
    for kind in ("text", "markdown", "html", "junit"):
        report = answer.reports[kind]
        assert "\x1b" not in report
        assert not re.search(r"^\s*::", report, re.MULTILINE), kind
        assert not re.search(r"##[a-z]*\[", report), kind
    assert not re.search(r"^::(?!error |warning |notice )", answer.reports["github"], re.MULTILINE)
    assert not re.search(r"(?<!^)##[a-z]*\[", answer.reports["github"])
    prose = _outside_of_fences(answer.reports["markdown"])
    for report in (prose, answer.reports["html"]):
        assert "<script>alert" not in report
        assert "<failure/>" not in report
    # What GitHub reads as Markdown is what does not stand in an HTML block.
    assert "![x](" not in "\n".join(line for line in prose.splitlines() if not line.lstrip().startswith("<"))
    assert not re.search(r"^\s*::", answer.log, re.MULTILINE)


def _outside_of_fences(markdown: str) -> str:
    """What is not shown as it is."""
    return re.sub(r"^(```+)(?:text|diff)\n.*?^\1$", "", markdown, flags=re.DOTALL | re.MULTILINE)


def test_writing_to_the_runners_files(pull_request: PullRequest, tmp_path: Path) -> None:
    """The files by which a step speaks to the runner are not touched, by the gate or through anything that it reads."""
    files = {name: tmp_path / name for name in ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STEP_SUMMARY")}
    for path in files.values():
        path.write_text("", encoding="utf-8")
    pull_request.environment = {name: str(path) for name, path in files.items()}
    writer = policy(
        "writer",
        f"""
        import os
        for name in {list(files)!r}:
            if name in os.environ:
                yield Violation(thing, "I see " + name)
        for path in {[str(path) for path in files.values()]!r}:
            try:
                open(path, "a").write("verdict=pass")
            except BaseException as error:
                yield Violation(thing, str(error))
        """,
    )
    pull_request.base({".gategit.yaml": FOLDER, "gate/writer.py": writer})
    answer = pull_request.head({"a.yaml": MAP.format(name="x") + "data: {a: '::set-env name=x::y'}\n"}).judge()
    assert answer.code == BLOCKED
    assert set(answer.messages("writer")) == {
        "it tried to write a file; a policy judges the objects that it is given, and nothing else"
    }
    assert [path.read_text(encoding="utf-8") for path in files.values()] == [""] * 4


# --- Rendering --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["bin/kustomize", "/bin/kustomize"])
def test_bringing_the_renderer(pull_request: PullRequest, tmp_path: Path, path: str) -> None:
    """The base's config names a program of the repository: the head's is never started."""
    touched = tmp_path / "touched"
    program = f"#!/bin/sh\ntouch {touched}\necho v5.8.1\n"
    place = path if path.startswith("bin") else f"{pull_request.repository.folder}{path}"
    config = f"version: 1\nrender: {{enabled: true, kustomize: {{program: {place}}}}}\n"
    pull_request.base({".gategit.yaml": config, "bin/kustomize": "#!/bin/sh\n"})
    (pull_request.repository.folder / "bin" / "kustomize").chmod(0o755)
    pull_request.head({"bin/kustomize": program, "kustomization.yaml": "resources: [a.yaml]\n", "a.yaml": GOOD})
    assert pull_request.judge().code == USAGE
    assert not touched.exists()


# --- The page ---------------------------------------------------------------------------------------------------------


def _tests_of(path: Path) -> set[str]:
    return set(re.findall(r"^def (test_\w+)\(", path.read_text(encoding="utf-8"), re.MULTILINE))


def test_every_row_is_a_test_and_every_test_a_row() -> None:
    """docs/trust.md names tests that there are, and none of this file is missing from it."""
    page = (ROOT / "docs" / "trust.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ") and "tests/" in line]
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", page)
    assert len(rows) >= 20
    assert all(re.search(r"`tests/[\w/]+\.py::test_\w+`", row) for row in rows)
    for file, test in named:
        assert test in _tests_of(ROOT / file), f"{file}::{test}"
    own = "tests/e2e/test_trust.py"
    told: Callable[[str], bool] = {test for file, test in named if file == own}.__contains__
    missing = {test for test in _tests_of(Path(__file__)) if not told(test)}
    assert missing == {"test_every_row_is_a_test_and_every_test_a_row"}
