"""Waivers in a run of the gate: real repositories in, states and findings out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from gategit import gate
from gategit.model import AppliedWaiver, Report, Stage, State, Verdict
from gategit.request import Mode, Request, Trust

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import RepositoryBuilder

TODAY = datetime.now(UTC).date()
SOON = (TODAY + timedelta(days=60)).isoformat()
WAIVE = f"# gategit: waive unknown-field by team-shop until {SOON} -- the vendor mends it"

MAP = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  namespace: shop
dat:
  a: b
"""
"""A ConfigMap with one finding: the unknown field on line 6."""

WAIVED = MAP.replace("dat:", f"dat:  {WAIVE}")
CLAIM = """\
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: shop}
spec:
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 1Gi}}
"""


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test starts without anything worked out before."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def check(repository: RepositoryBuilder, **options: Any) -> Report:
    """Judge the branch against main, as a pull request is judged."""
    request = Request(directory=repository.folder, base="main", head="HEAD", trust=Trust.BASE)
    return gate.run(replace(request, **options))


def check_all(repository: RepositoryBuilder, **options: Any) -> Report:
    """Judge everything in the working tree."""
    return gate.run(replace(Request(directory=repository.folder, mode=Mode.ALL), **options))


def seen(report: Report) -> list[tuple[str, int, State]]:
    """The findings by rule, line and state."""
    return [(f.rule, f.location.region.line if f.location.region else 0, f.state) for f in report.findings]


def messages(report: Report, rule: str) -> list[str]:
    """What the findings of a rule say."""
    return [finding.message for finding in report.findings if finding.rule == rule]


def test_a_comment_of_the_base_excepts(git_repository: RepositoryBuilder) -> None:
    """A finding at a field that the base excepts is waived, with reason, owner and date, wherever its line is now."""
    git_repository.commit("base", {"a.yaml": WAIVED})
    git_repository.branch("pr")
    git_repository.commit("edit", {"a.yaml": f"# more\n{WAIVED}"})
    report = check(git_repository)
    assert seen(report) == [("unknown-field", 7, State.WAIVED)]
    assert report.findings[0].waiver == AppliedWaiver("team-shop", "the vendor mends it", SOON, inline=True)
    assert report.verdict is Verdict.PASS


def test_a_comment_that_the_change_adds_counts_after_the_merge(git_repository: RepositoryBuilder) -> None:
    """The pull request that adds the waiver is blocked, and says why; once the waiver is merged, it counts."""
    git_repository.commit("base", {"readme.md": "shop"})
    git_repository.branch("pr")
    git_repository.commit("add", {"a.yaml": WAIVED})
    report = check(git_repository)
    assert seen(report) == [("unknown-field", 6, State.NEW), ("waiver-added", 6, State.NEW)]
    assert report.verdict is Verdict.BLOCKED
    assert report.findings[0].help.endswith(
        "this change brings a waiver for it along, which counts after the merge: merge the waiver first"
    )
    assert messages(report, "waiver-added") == [
        f"this change adds a waiver for unknown-field by team-shop until {SOON}: the vendor mends it"
    ]
    git_repository.switch("main")
    git_repository.merge("pr")
    git_repository.branch("next")
    git_repository.commit("edit", {"a.yaml": WAIVED.replace("a: b", "a: c")})
    after = check(git_repository, fail_on_existing=True)
    assert (seen(after), after.verdict) == ([("unknown-field", 6, State.WAIVED)], Verdict.PASS)


def test_the_head_s_own_comments_count_where_the_head_is_trusted(git_repository: RepositoryBuilder) -> None:
    """On a developer's machine a waiver counts at once."""
    git_repository.commit("base", {"readme.md": "shop"})
    git_repository.branch("pr")
    git_repository.commit("add", {"a.yaml": WAIVED})
    assert seen(check(git_repository, trust=Trust.HEAD)) == [("unknown-field", 6, State.WAIVED)]


@pytest.mark.parametrize(
    "text",
    [
        WAIVED.replace(SOON, (TODAY + timedelta(days=90)).isoformat()),
        WAIVED.replace("mends it", "will not mend it"),
        WAIVED.replace("team-shop", "team-other"),
        WAIVED.replace("name: settings", "name: other"),
        MAP.replace("  a: b", f"  {WAIVE}\n  a: b"),
        f"{WAIVE}\n{MAP}",
    ],
)
def test_a_comment_that_the_change_edits_or_moves_is_a_new_one(git_repository: RepositoryBuilder, text: str) -> None:
    """A later date, another reason, owner, object or place: none of them counts before the merge."""
    git_repository.commit("base", {"a.yaml": WAIVED})
    git_repository.branch("pr")
    git_repository.commit("edit", {"a.yaml": text})
    report = check(git_repository, fail_on_existing=True)
    assert State.WAIVED not in {state for _, _, state in seen(report)}
    assert "waiver-added" in {rule for rule, _, _ in seen(report)}
    assert report.verdict is Verdict.BLOCKED


def test_a_renamed_file_keeps_its_waivers(git_repository: RepositoryBuilder) -> None:
    """The comment is the same under another name; in a copy it is a new one."""
    git_repository.commit("base", {"a.yaml": WAIVED})
    git_repository.branch("move")
    git_repository.git("mv", "a.yaml", "b.yaml")
    git_repository.commit("move", {"b.yaml": f"# moved\n{WAIVED}"})
    assert seen(check(git_repository)) == [("unknown-field", 7, State.WAIVED)]
    git_repository.switch("main")
    git_repository.branch("copy")
    git_repository.commit("copy", {"c.yaml": WAIVED.replace("settings", "others")})
    assert {(rule, state) for rule, _, state in seen(check(git_repository))} == {
        ("unknown-field", State.NEW),
        ("waiver-added", State.NEW),
    }


def test_an_entry_that_the_change_adds_counts_after_the_merge(git_repository: RepositoryBuilder) -> None:
    """The waivers file of the base counts, and the finding says that the head's will."""
    config = "version: 1\nwaivers: w.yaml\n"
    entry = f"  - {{rule: unknown-field, owner: team-shop, reason: soon, expires: {SOON}}}\n"
    git_repository.commit("base", {".gategit.yaml": config, "w.yaml": "version: 1\nwaivers: []\n"})
    git_repository.branch("pr")
    git_repository.commit("add", {"a.yaml": MAP, "w.yaml": f"version: 1\nwaivers:\n{entry}"})
    report = check(git_repository)
    [finding] = [one for one in report.findings if one.rule == "unknown-field"]
    assert finding.state is State.NEW
    assert "merge the waiver first" in finding.help
    assert report.verdict is Verdict.BLOCKED
    assert [text for text in messages(report, "gate-changed") if "unknown-field" in text]
    assert messages(report, "waiver-added") == []


def test_no_waivers(git_repository: RepositoryBuilder) -> None:
    """--no-waivers switches off both kinds, and what would be said of them."""
    entry = f"version: 1\nwaivers:\n  - {{rule: wrong-type, owner: a, reason: b, expires: {SOON}}}\n"
    text = f"{WAIVED}# gategit: waive\n"
    git_repository.commit(
        "base", {".gategit.yaml": "version: 1\nwaivers: w.yaml\n", "w.yaml": entry, "a.yaml": text, "b.yaml": text}
    )
    rules = {rule for rule, _, _ in seen(check_all(git_repository))}
    assert rules == {"unknown-field", "waiver-malformed", "waiver-unused", "duplicate-object"}
    report = check_all(git_repository, use_waivers=False)
    assert {(rule, state) for rule, _, state in seen(report)} == {
        ("unknown-field", State.NEW),
        ("duplicate-object", State.NEW),
    }


def test_expired_comment(git_repository: RepositoryBuilder) -> None:
    """It excepts nothing any more and stands on its line."""
    past = (TODAY - timedelta(days=1)).isoformat()
    git_repository.commit("base", {"a.yaml": WAIVED.replace(SOON, past)})
    report = check_all(git_repository)
    assert seen(report) == [("unknown-field", 6, State.NEW), ("waiver-expired", 6, State.NEW)]
    assert messages(report, "waiver-expired") == [
        f"the waiver for unknown-field expired on {past}: the finding that it excepted counts again"
    ]


def test_expiring_comment(git_repository: RepositoryBuilder) -> None:
    """It still holds, and warns; the config may set the warning's level."""
    near = (TODAY + timedelta(days=3)).isoformat()
    git_repository.commit("base", {"a.yaml": WAIVED.replace(SOON, near)})
    report = check_all(git_repository)
    assert seen(report) == [("unknown-field", 6, State.WAIVED), ("waiver-expiring", 6, State.NEW)]
    assert messages(report, "waiver-expiring") == [
        f"the waiver for unknown-field ends in 3 days, on {near}: 1 finding will count again"
    ]
    levels = 'version: 1\npolicies: {levels: {waiver-expiring: "off"}}\n'
    git_repository.commit("quiet", {".gategit.yaml": levels})
    assert seen(check_all(git_repository)) == [("unknown-field", 6, State.WAIVED)]


def test_unused_comment(git_repository: RepositoryBuilder) -> None:
    """In a file that was judged it is a note, also in a run over a change; where its rule was not asked it is not."""
    mended = WAIVED.replace("dat:", "data:")
    git_repository.commit("base", {"a.yaml": mended})
    git_repository.branch("pr")
    git_repository.commit("edit", {"a.yaml": f"# more\n{mended}"})
    unused = [("waiver-unused", 7, State.NEW)]
    assert seen(check(git_repository)) == unused
    assert seen(check(git_repository)) == unused  # from the cache
    assert seen(check(git_repository, stages=frozenset({Stage.SYNTAX}))) == []
    assert seen(check(git_repository, ignore=frozenset({"unknown-field"}))) == []
    assert seen(check(git_repository, select=frozenset({"wrong-type"}))) == []


@pytest.mark.parametrize("rule", ["volume-claim-removed", "replicas-drop"])
def test_a_waiver_for_a_change_is_not_called_unused(git_repository: RepositoryBuilder, rule: str) -> None:
    """No object breaks such a rule as it stands, so nobody can tell."""
    git_repository.commit("base", {"a.yaml": CLAIM.replace("spec:", f"spec:  {WAIVE.replace('unknown-field', rule)}")})
    assert [one for one in seen(check_all(git_repository)) if one[0].startswith("waiver")] == []


def test_a_removal_that_the_base_excepts(git_repository: RepositoryBuilder) -> None:
    """An object that goes takes its comments along: those of the base count, and nothing else does."""
    waive = WAIVE.replace("unknown-field", "volume-claim-removed")
    git_repository.commit("base", {"a.yaml": f"{waive}\n{CLAIM}", "b.yaml": CLAIM.replace("data", "logs")})
    git_repository.branch("pr")
    git_repository.remove("a.yaml")
    git_repository.remove("b.yaml")
    git_repository.commit("remove both")
    report = check(git_repository)
    found = [(f.location.file, f.state) for f in report.findings if f.rule == "volume-claim-removed"]
    assert found == [("a.yaml", State.WAIVED), ("b.yaml", State.NEW)]


def test_malformed_comment(git_repository: RepositoryBuilder) -> None:
    """It is a warning on its line, new where the change brings it, and excepts nothing."""
    broken = WAIVED.replace(" until", " til")
    git_repository.commit("base", {"a.yaml": broken})
    git_repository.branch("pr")
    git_repository.commit("edit", {"a.yaml": f"# more\n{broken}", "b.yaml": broken.replace("settings", "others")})
    report = check(git_repository)
    assert [(f.location.file, f.state) for f in report.findings if f.rule == "waiver-malformed"] == [
        ("a.yaml", State.EXISTING),
        ("b.yaml", State.NEW),
    ]
    assert [(f.location.file, f.state) for f in report.findings if f.rule == "unknown-field"] == [
        ("a.yaml", State.EXISTING),
        ("b.yaml", State.NEW),
    ]


def test_unknown_rule(git_repository: RepositoryBuilder) -> None:
    """A comment for a rule that is not there is answered with the nearest; a policy that is off is there."""
    waive = f"# gategit: waive unknow-field, image-digest by a until {SOON} -- b"
    git_repository.commit(
        "base",
        {".gategit.yaml": "version: 1\npolicies: {packs: []}\n", "a.yaml": MAP.replace("dat:", f"dat:  {waive}")},
    )
    report = check_all(git_repository)
    assert messages(report, "waiver-malformed") == [
        "the waiver names unknow-field, and there is no such rule; did you mean unknown-field?"
    ]
    assert messages(report, "waiver-unused") == ["the waiver for image-digest excepts nothing"]


def test_rules_that_no_waiver_excepts(git_repository: RepositoryBuilder) -> None:
    """By nature or by the config, for both kinds of waivers."""
    config = "version: 1\nwaivers: w.yaml\npolicies: {not_waivable: [unknown-field]}\n"
    entry = f"version: 1\nwaivers:\n  - {{rule: unknown-field, owner: a, reason: b, expires: {SOON}}}\n"
    broken = MAP.replace("a: b", "a: [b")
    waive = WAIVE.replace("unknown-field", "yaml-syntax")
    git_repository.commit(
        "base", {".gategit.yaml": config, "w.yaml": entry, "a.yaml": WAIVED, "b.yaml": f"{waive}\n{broken}"}
    )
    report = check_all(git_repository)
    assert ("unknown-field", 6, State.NEW) in seen(report)
    assert [(f.location.file, f.message) for f in report.findings if f.rule == "waiver-unused"] == [
        ("a.yaml", "no waiver can except unknown-field"),
        ("w.yaml", "no waiver can except unknown-field"),
    ]
    assert ("yaml-syntax", State.NEW) in {(rule, state) for rule, _, state in seen(report)}


def test_own_policies_are_rules(git_repository: RepositoryBuilder) -> None:
    """A waiver for a policy of the repository is known as one, also where no policy runs."""
    policy = '''\
"""No names of one letter."""

from gategit.checks.policy.api import Manifest, Violations, policy


@policy(level="error", kinds=("ConfigMap",))
def check(manifest: Manifest) -> Violations:
    """A ConfigMap has a name.

    What it asks: a name.

    Why: because.

    How to fix: name it.

    Fails::

        apiVersion: v1
        kind: ConfigMap

    Passes::

        apiVersion: v1
        kind: ConfigMap
        metadata: {name: settings}
    """
    return ()
'''
    waive = WAIVE.replace("unknown-field", "own-names")
    git_repository.commit(
        "base",
        {
            ".gategit.yaml": "version: 1\npolicies: {folders: [gate]}\n",
            "gate/own_names.py": policy,
            "a.yaml": MAP.replace("dat:", f"data:  {waive}"),
        },
    )
    report = check_all(git_repository, stages=frozenset({Stage.SYNTAX, Stage.SCHEMA}))
    assert seen(report) == []


def test_owners_of_the_file(git_repository: RepositoryBuilder) -> None:
    """A comment that names no owner leaves it to the file's code owners, or to whoever owns the file."""
    nobody = WAIVED.replace(" by team-shop", "")
    owners = "* @everybody\n/apps/ @shop @ops\n"
    git_repository.commit("base", {"apps/a.yaml": nobody})
    [finding] = check_all(git_repository).findings
    assert finding.waiver is not None
    assert finding.waiver.owner == "the owners of apps/a.yaml"
    git_repository.commit("owners", {".github/CODEOWNERS": owners})
    [finding] = check_all(git_repository).findings
    assert finding.waiver is not None
    assert finding.waiver.owner == "@shop, @ops"


def test_a_finding_in_a_file_that_was_not_judged(git_repository: RepositoryBuilder) -> None:
    """A comment in a file that the change leaves alone counts for what the change breaks there."""
    waive = WAIVE.replace("unknown-field", "dangling-reference")
    kustomization = (
        f"apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  - a.yaml  {waive}\n"
    )
    config = "version: 1\nrender: {enabled: false}\n"
    files = {"kustomization.yaml": kustomization, "a.yaml": MAP.replace("dat:", "data:"), ".gategit.yaml": config}
    git_repository.commit("base", files)
    git_repository.branch("pr")
    git_repository.remove("a.yaml")
    git_repository.commit("remove")
    assert seen(check(git_repository)) == [("dangling-reference", 4, State.WAIVED)]


def test_standard_input(git_repository: RepositoryBuilder) -> None:
    """Manifests on standard input bring their comments along."""
    report = gate.run(Request(directory=git_repository.folder, mode=Mode.STDIN, stdin=WAIVED.encode()))
    assert [(rule, state) for rule, _, state in seen(report)] == [("unknown-field", State.WAIVED)]


def test_a_waived_finding_speaks_for_no_other(git_repository: RepositoryBuilder) -> None:
    """Missing schemas are said once for a kind; a waiver for one object leaves the others' finding what it is."""
    widget = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w, namespace: shop}\n"
    waive = WAIVE.replace("unknown-field", "schema-missing")
    git_repository.commit(
        "base",
        {
            ".gategit.yaml": "version: 1\nschemas: {missing: error}\n",
            "a.yaml": f"{waive}\n{widget}",
            "b.yaml": widget.replace("w,", "x,"),
            "c.yaml": widget.replace("w,", "y,"),
        },
    )
    report = check_all(git_repository)
    found = [(f.location.file, f.state) for f in report.findings if f.rule == "schema-missing"]
    assert found == [("a.yaml", State.WAIVED), ("b.yaml", State.NEW)]
    assert messages(report, "schema-missing")[1].endswith("(1 more object of this kind)")
    assert report.verdict is Verdict.BLOCKED


def test_a_removed_object_is_excepted_by_the_base_alone(git_repository: RepositoryBuilder) -> None:
    """Lines of the base are compared with comments of the base: a waiver of the head on such lines excepts nothing."""
    waive = WAIVE.replace("unknown-field", "volume-claim-removed")
    text = (
        f"apiVersion: v1\nkind: List\n{waive}\nitems:\n- {{apiVersion: v1, kind: ConfigMap, metadata: {{name: a}}}}\n"
    )
    git_repository.commit("base", {"a.yaml": CLAIM})
    git_repository.branch("pr")
    git_repository.commit("replace", {"a.yaml": text})
    report = check(git_repository, trust=Trust.HEAD)
    assert [state for rule, _, state in seen(report) if rule == "volume-claim-removed"] == [State.NEW]
