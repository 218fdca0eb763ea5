"""What the gate would say after the merge is shown as notes, and decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gategit import gate, preview
from gategit.checks.policy.worker_process import Limits
from gategit.model import Level, Report, Verdict
from gategit.report import FORMATS, render
from gategit.request import Request, Trust

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.conftest import RepositoryBuilder

DOCSTRING = '''
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
        metadata: {name: good}

    References:
        https://example.com/
    """
'''
FOLDER = "version: 1\npolicies: {folders: [gate]}\n"
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  namespace: shop\n"
CHANGED = f"{MAP}data:\n  color: blue\n"
NAMED = 'yield Violation(thing.field("metadata", "name"), f"saw {thing.name}")'


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test starts without anything worked out before."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def policy(name: str, body: str, *, level: str = "error", head: str = "") -> str:
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    return (
        "from gategit.checks.policy.api import Manifest, Violation, Violations, policy\n"
        f'{head}\n\n@policy(level="{level}", kinds=("ConfigMap",))\n'
        f"def {name}(thing: Manifest) -> Violations:{DOCSTRING}{lines}\n"
    )


def judge(repository: RepositoryBuilder, base: Mapping[str, str], head: Mapping[str, str], **options: object) -> Report:
    """The report on a pull request, with the base trusted and whatever can block blocking."""
    repository.commit("base", base)
    repository.branch("pr")
    repository.commit("change", head)
    request = Request(
        directory=repository.folder,
        base="main",
        head="HEAD",
        trust=Trust.BASE,
        fail_on=Level.ERROR,
        fail_on_existing=bool(options.get("fail_on_existing")),
    )
    return gate.run(request)


def notes(report: Report) -> list[str]:
    found = [finding for finding in report.findings if finding.rule == "gate-preview"]
    assert {(finding.level, finding.advisory) for finding in found} <= {(Level.NOTE, True)}
    return [
        f"{one.location.file}:{one.location.region.line if one.location.region else 0}: {one.message}" for one in found
    ]


def test_a_new_policy_is_tried_out_on_the_change(git_repository: RepositoryBuilder) -> None:
    """It sees the objects that the change touches, and no other; what it says stands on their lines."""
    base = {".gategit.yaml": FOLDER, "gate/old.py": policy("old", "return None"), "a.yaml": MAP, "b.yaml": MAP}
    report = judge(git_repository, base, {"gate/saw.py": policy("saw", NAMED), "a.yaml": CHANGED})
    assert notes(report) == ["a.yaml:4: after the merge saw (error) would say: saw a"]
    assert report.verdict is Verdict.PASS


def test_what_is_said_today_is_not_said_twice(git_repository: RepositoryBuilder) -> None:
    """Only what is new after the merge, or weighs more then."""
    base = {
        ".gategit.yaml": FOLDER,
        "gate/same.py": policy("same", NAMED, level="warning"),
        "gate/heavier.py": policy("heavier", NAMED, level="note"),
    }
    head = {"gate/heavier.py": policy("heavier", NAMED, level="warning"), "a.yaml": MAP}
    report = judge(git_repository, base, head)
    assert notes(report) == ["a.yaml:4: after the merge heavier (warning) would say: saw a"]
    edited = next(finding for finding in report.findings if finding.location.file == "gate/heavier.py")
    assert edited.message == (
        "this change tightens the gate after the merge: edits the policy heavier: level: note -> warning"
    )


def test_a_level_that_the_config_raises_is_shown(git_repository: RepositoryBuilder) -> None:
    """Of any rule, not of policies alone."""
    base = {".gategit.yaml": "version: 1\npolicies: {levels: {unknown-field: note, replicas-drop: 'off'}}\n"}
    head = {".gategit.yaml": "version: 1\n", "a.yaml": f"{MAP}dta: {{}}\n"}
    report = judge(git_repository, base, head)
    [note] = notes(report)
    assert note.startswith("a.yaml:6: after the merge unknown-field (error) would say: unknown field dta")
    assert report.verdict is Verdict.PASS


def test_a_waiver_that_goes_is_shown(git_repository: RepositoryBuilder) -> None:
    """What it excepts counts again."""
    waivers = "version: 1\nwaivers: [{rule: saw, object: {name: a}, owner: me, reason: why, expires: 2999-01-01}]\n"
    base = {
        ".gategit.yaml": f"{FOLDER}waivers: w.yaml\n",
        "w.yaml": waivers,
        "gate/saw.py": policy("saw", NAMED),
    }
    report = judge(git_repository, base, {"w.yaml": "version: 1\n", "a.yaml": MAP})
    assert notes(report) == ["a.yaml:4: after the merge saw (error) would say: saw a"]
    assert report.verdict is Verdict.PASS


def test_what_the_new_config_leaves_out_is_not_shown(git_repository: RepositoryBuilder) -> None:
    """The preview is of the gate after the merge, its exclude and its waivers included."""
    base = {".gategit.yaml": FOLDER, "gate/old.py": policy("old", "return None")}
    config = f"{FOLDER}exclude: [a.yaml]\nwaivers: w.yaml\n"
    waivers = "version: 1\nwaivers:\n  - {rule: saw, paths: [b.yaml], owner: me, reason: why, expires: 2999-01-01}\n"
    head = {
        ".gategit.yaml": config,
        "w.yaml": waivers,
        "gate/saw.py": policy("saw", NAMED),
        **dict.fromkeys(("a.yaml", "b.yaml"), MAP),
        "c.yaml": MAP.replace("name: a", "name: c"),
    }
    assert notes(judge(git_repository, base, head)) == ["c.yaml:4: after the merge saw (error) would say: saw c"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("raise ValueError('no')", "ValueError: no"),
        ("import os\nos._exit(0)", "it ended the worker process (exit code 0)"),
        ("print('::set-output name=verdict::pass')", "it wrote to standard output"),
        ("x = [0] * (1 << 31)\nyield Violation(thing, 'x')", "it used more memory than it may"),
        ("import os\nos.environ['HOME']", "KeyError: 'HOME'"),
        ("open('x', 'w')", "it tried to write a file"),
    ],
)
def test_whatever_a_new_policy_does_is_a_note(git_repository: RepositoryBuilder, body: str, message: str) -> None:
    """It is somebody's code that nobody has approved: its crash says nothing of today's verdict."""
    base = {".gategit.yaml": FOLDER, "gate/fine.py": policy("fine", "return None")}
    report = judge(git_repository, base, {"gate/bad.py": policy("bad", body), "a.yaml": MAP}, fail_on_existing=True)
    [note] = notes(report)
    assert note.startswith(
        "a.yaml:4: after the merge policy-crashed (error) would say: policy bad has not judged ConfigMap shop/a: "
    )
    assert message in note
    assert report.verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ("import os\nos._exit(3)", "cannot be loaded: it ended the worker process (exit code 3)"),
        ("import socket\nsocket.socket()", "cannot be loaded: it tried to use the network"),
        ("while True: pass", "did not load within 0.5 seconds"),
        ("def (", "is not valid Python: invalid syntax"),
    ],
)
def test_a_policy_that_cannot_be_loaded_is_a_note(
    git_repository: RepositoryBuilder, monkeypatch: pytest.MonkeyPatch, head: str, message: str
) -> None:
    """The reader learns that the gate could not judge after the merge."""
    monkeypatch.setattr(preview, "LIMITS", Limits(seconds=0.5, memory=512 << 20, cpu=30, total=20))
    base = {".gategit.yaml": FOLDER, "gate/fine.py": policy("fine", "return None")}
    report = judge(git_repository, base, {"gate/bad.py": policy("bad", "return None", head=head), "a.yaml": MAP})
    [note] = notes(report)
    assert note.startswith("gate/bad.py:")
    assert f"after the merge the gate could not judge: {message}" in note
    assert report.verdict is Verdict.PASS


def test_the_time_of_a_preview_is_limited_as_a_whole(
    git_repository: RepositoryBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many policies that each take their time do not hold the verdict up for ever."""
    monkeypatch.setattr(preview, "LIMITS", Limits(seconds=60, memory=512 << 20, cpu=30, total=1.5))
    base = {".gategit.yaml": FOLDER, "gate/fine.py": policy("fine", "return None")}
    slow = {f"gate/slow{number}.py": policy(f"slow{number}", "import time\ntime.sleep(30)") for number in range(9)}
    report = judge(git_repository, base, {**slow, "a.yaml": MAP})
    assert any("the time for all policies together was up" in note for note in notes(report))
    assert any("the 1.5 seconds for all policies together were up" in note for note in notes(report))
    assert report.verdict is Verdict.PASS


def test_notes_are_bounded_and_counted(git_repository: RepositoryBuilder) -> None:
    """A policy that flags everything does not bury the report."""
    base = {".gategit.yaml": FOLDER, "gate/fine.py": policy("fine", "return None")}
    body = "for number in range(60):\n    yield Violation(thing, f'x{number}')"
    found = notes(judge(git_repository, base, {"gate/loud.py": policy("loud", body), "a.yaml": MAP}))
    assert len(found) == preview.MOST_NOTES + 1
    assert "a.yaml:4: after the merge the gate would say 10 more, not listed here" in found


def test_a_config_that_names_no_policy_is_a_note(git_repository: RepositoryBuilder) -> None:
    """Only a worker knows the policies' parameters, so this is found where they are loaded."""
    config = "version: 1\npolicies: {levels: {image-digst: error}}\n"
    report = judge(git_repository, {".gategit.yaml": "version: 1\n"}, {".gategit.yaml": config})
    assert notes(report) == [
        (
            ".gategit.yaml:2: after the merge the gate could not judge: there is no policy image-digst; "
            "did you mean image-digest?"
        )
    ]


@pytest.mark.parametrize("form", FORMATS)
def test_a_preview_shows_no_line_that_may_hold_a_secret(git_repository: RepositoryBuilder, form: str) -> None:
    """What a rule about secrets would say is said of the file; the field is named, its line is not shown."""
    manifest = f"{MAP.replace('ConfigMap', 'Secret')}stringData: {{password: hunter2x9}}\n"
    base = {".gategit.yaml": "version: 1\npolicies: {levels: {plaintext-secret: 'off'}}\n"}
    report = judge(git_repository, base, {".gategit.yaml": "version: 1\n", "a.yaml": manifest})
    assert any("after the merge plaintext-secret (error) would say" in note for note in notes(report))
    assert "hunter2x9" not in render(report, form, color=False, verbose=True, width=100)
