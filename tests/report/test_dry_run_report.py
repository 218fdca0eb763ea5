"""The dry run in every format that shows it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema.validators import Draft202012Validator

from gategit.model import (
    DryRun,
    DryRunDifference,
    DryRunOutcome,
    DryRunResult,
    DryRunServer,
    Finding,
    Json,
    Level,
    Location,
    ObjectRef,
    Region,
    Report,
    Rule,
    Stage,
)
from gategit.report import render
from gategit.report.dry_run_view import diff_lines
from gategit.report.escaping import is_unseen
from gategit.report.html_report import MAX_OUTCOMES
from gategit.report.markdown_parts import COMMENT_LIMIT
from gategit.report.markdown_report import SUMMARY_LIMIT, render_within

SCHEMA: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "schemas" / "report.schema.json").read_text(encoding="utf-8")
)
HOSTILE = "::error::x </code><script>alert(1)</script> @team #12 https://x.test ``` \x1b[31m \u202eevil ##[command]"


def at(file: str, line: int = 1) -> Location:
    return Location(file, Region(line, 1, line, 2))


def outcome(result: DryRunResult, name: str, *differences: DryRunDifference, **more: Any) -> DryRunOutcome:
    fields = {"target": "prod", "location": at(f"apps/{name}.yaml"), **more}
    return DryRunOutcome(ObjectRef("v1", "ConfigMap", "shop", name), result, differences=differences, **fields)


REPLICAS = DryRunDifference("spec.replicas", "modified", 2, 3)


@pytest.fixture
def asked(clean_report: Report) -> Report:
    """A report of a change that two servers were asked about, and one that did not answer."""
    servers = (
        DryRunServer("prod", "cluster", "v1.36.3", ("2 webhooks do not run in a dry run",)),
        DryRunServer("dev", "sandbox", "v1.36.3", ("the target runs 1.34, the sandbox 1.36",)),
        DryRunServer(None, "snapshot"),
    )
    outcomes = (
        outcome(
            DryRunResult.CONFIGURED,
            "web",
            REPLICAS,
            DryRunDifference("spec.containers[0].env[1]", "removed", {"name": "B", "value": "2"}),
            DryRunDifference("spec.containers[0].volumeMounts", "added", None, [{"name": "data", "a": [1, []]}, "b"]),
            DryRunDifference("data.text", "modified", "one\ntwo\nthree\n", "one\n2\nthree\n  ::error::x\n"),
            DryRunDifference("spec.initContainers", "reordered", ["a", "b"], ["b", "a"]),
            DryRunDifference("data.odd", "added", None, HOSTILE),
            manager="argocd-controller",
        ),
        outcome(DryRunResult.UNCHANGED, "same"),
        outcome(DryRunResult.CREATED, "new", DryRunDifference("data", "added", None, {"on": "yes", "b": "x\ny"})),
        outcome(DryRunResult.REJECTED, "bad"),
        outcome(DryRunResult.REMOVED, "gone"),
        outcome(DryRunResult.CONFLICT, "taken", REPLICAS, reason="kubectl owns spec.replicas"),
        *(outcome(DryRunResult.DEFERRED, f"w{n}", target="dev", reason="its kind comes with it") for n in range(5)),
        outcome(DryRunResult.UNKNOWN, HOSTILE, target=None, reason=HOSTILE),
    )
    return replace(clean_report, dry_run=DryRun(servers, outcomes))


@pytest.mark.parametrize("format_", ["text", "json", "markdown", "html"])
def test_dry_run_is_written_exactly_as_in_its_snapshot(
    format_: str, asked: Report, assert_snapshot: Callable[[str, str], None]
) -> None:
    """Any change of what a reader sees shows in the review of the snapshot."""
    suffix = {"text": "txt", "json": "json", "markdown": "md", "html": "html"}[format_]
    assert_snapshot(f"dry-run.{suffix}", render(asked, format_, verbose=True))


@pytest.mark.parametrize("format_", ["sarif", "github", "junit"])
def test_other_formats_show_findings_alone(format_: str, asked: Report) -> None:
    """What those are read by knows findings, nothing else."""
    assert render(asked, format_) == render(replace(asked, dry_run=None), format_)


def test_counts_stand_in_the_order_of_the_risk(asked: Report) -> None:
    """One line for each server says who answered, and what."""
    lines = render(asked, "text").splitlines()
    assert lines[0] == (
        "dry run of prod in the cluster, Kubernetes v1.36.3: "
        "1 rejected, 1 removed, 1 conflict, 1 configured, 1 created, 1 unchanged"
    )
    assert lines[1] == "  note: 2 webhooks do not run in a dry run"
    assert "dry run of dev in a sandbox, Kubernetes v1.36.3: 5 deferred" in lines
    assert "dry run against a snapshot, which did not answer: 1 unknown" in lines


def test_what_is_not_known_has_its_reason(asked: Report) -> None:
    """Verbose or not; the names are summed up only where they are not asked for."""
    assert asked.dry_run
    outcomes = tuple(
        replace(one, result=DryRunResult.UNKNOWN) if one.result is DryRunResult.DEFERRED else one
        for one in asked.dry_run.outcomes
    )
    unknown = replace(asked, dry_run=replace(asked.dry_run, outcomes=outcomes))
    few = (
        "  unknown: ConfigMap shop/w0, ConfigMap shop/w1, ConfigMap shop/w2 and 2 more\n      its kind comes with it\n"
    )
    assert few in render(unknown, "text")
    assert "ConfigMap shop/w4\n      its kind comes with it\n" in render(unknown, "text", verbose=True)


def test_what_is_deferred_is_counted_and_no_more(asked: Report) -> None:
    """Its reason stands among what was not checked, once."""
    for format_ in ("text", "markdown"):
        assert "5 deferred" in render(asked, format_)
        assert "its kind comes with it" not in render(asked, format_)


def test_fields_are_shown_to_who_asks(asked: Report) -> None:
    """Without --verbose the text says that there is more."""
    assert "spec.replicas" not in render(asked, "text")
    assert "  (--verbose shows what changes)\n" in render(asked, "text")
    text = render(asked, "text", verbose=True)
    assert "  configured ConfigMap shop/web  apps/web.yaml:1  as argocd-controller\n    - spec.replicas: 2\n" in text
    assert "  conflict ConfigMap shop/taken  apps/taken.yaml:1\n      kubectl owns spec.replicas\n" in text


def test_colours_are_the_only_difference(asked: Report) -> None:
    """With colours stripped, both texts are the same."""
    plain, coloured = (render(asked, "text", verbose=True, color=color) for color in (False, True))
    assert "\x1b" not in plain
    assert "\x1b[32m+ spec.replicas: 3\x1b[0m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


@pytest.mark.parametrize("format_", ["text", "markdown", "html"])
def test_no_line_is_a_command(format_: str, asked: Report) -> None:
    """Neither GitHub's runner nor a terminal obeys a value, even where a text's line begins with it."""
    for line in render(asked, format_, verbose=True).splitlines():
        assert not line.strip().startswith("::")
        assert "##[" not in line
        assert "\x1b" not in line
        assert "\u202e" not in line


def test_json_is_what_the_schema_describes(asked: Report) -> None:
    """Every result and change has its word in the contract."""
    data = json.loads(render(asked, "json"))
    Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker()).validate(data)
    assert data["dry_run"]["servers"][2] == {"target": None, "mode": "snapshot", "version": "", "notes": []}
    web = data["dry_run"]["objects"][0]
    assert list(web) == ["target", "object", "result", "reason", "manager", "file", "line", "differences"]
    assert web["differences"][0] == {"path": "spec.replicas", "change": "modified", "old": 2, "new": 3}
    assert SCHEMA["$defs"]["outcome"]["properties"]["result"]["enum"] == [result.value for result in DryRunResult]


def test_json_says_that_nobody_was_asked(clean_report: Report) -> None:
    """The key is always there."""
    assert json.loads(render(clean_report, "json"))["dry_run"] is None


def test_markdown_folds_each_object_the_riskiest_first(asked: Report) -> None:
    """What stays as it is is counted, not listed; the fields stand in a fence that no value can end."""
    text = render(asked, "markdown")
    heads = re.findall(r"<b>(\w+)</b> <code>ConfigMap shop/(\w+)</code> in", text)
    assert [result for result, _ in heads] == ["rejected", "removed", "conflict", "configured", "created"]
    assert "shop/same" not in text
    assert "\n\n````diff\n- spec.replicas: 2\n+ spec.replicas: 3\n" in text


def test_nothing_is_live_in_markdown(asked: Report) -> None:
    """Outside of fences and code there is no mention, link, image or tag of the pull request."""
    fences = re.compile(r"^(`{3,})diff\n.*?^\1$", re.MULTILINE | re.DOTALL)
    live = re.sub(r"<code>[^<]*</code>", "", fences.sub("", render(asked, "markdown")))
    for trace in ("@team", "https:", "#12", "<script"):
        assert trace not in live
    assert {block[:2] for block in live.split("\n\n") if block.strip()} <= {"##", "<p", "<u", "<d", "</"}


def many(report: Report, number: int) -> Report:
    findings = tuple(Finding("r", Stage.SCHEMA, Level.ERROR, "m" * 900, at(f"{n}.yaml")) for n in range(number))
    long = tuple(DryRunDifference(f"spec.f{n}", "modified", "店" * 200, "@" * 200) for n in range(300))
    outcomes = tuple(outcome(DryRunResult.CONFIGURED, f"web{n}", *long) for n in range(number))
    servers = tuple(DryRunServer(f"t{n}", "cluster", "v1", ("@x " * 900,) * 9) for n in range(number))
    first = DryRunServer("prod", "cluster", "v1.36.3")
    return replace(report, findings=findings, dry_run=DryRun((first, *servers), outcomes))


@pytest.mark.parametrize("limit", [8192, COMMENT_LIMIT, SUMMARY_LIMIT])
def test_markdown_stays_below_the_limit_and_says_what_is_missing(limit: int, clean_report: Report) -> None:
    """Findings leave some room to the dry run; what does not fit is counted."""
    text = render_within(many(clean_report, 600), limit)
    assert len(text.encode()) <= limit
    assert "<p>dry run of <code>prod</code>" in text or "<p>dry run of prod in the cluster" in text
    assert re.search(r"<p>\d+ targets more not shown for lack of room\.</p>", text)
    match = re.search(r"<p>(\d+) objects more not shown for lack of room: (\d+) configured\.</p>", text)
    assert match is not None
    assert match[1] == match[2]
    assert int(match[1]) + text.count("<details><summary><b>configured") == 600


def test_html_is_bounded(clean_report: Report) -> None:
    """A page with more objects than a browser bears says how many are left out."""
    outcomes = tuple(outcome(DryRunResult.CONFIGURED, f"web{n}", REPLICAS) for n in range(MAX_OUTCOMES + 2))
    report = replace(clean_report, dry_run=DryRun((DryRunServer("prod", "cluster", "v1"),), outcomes))
    page = render(report, "html")
    assert page.count("<details>") == MAX_OUTCOMES
    assert "<p>2 objects more not shown, the least important ones.</p>" in page


@pytest.mark.parametrize(
    ("difference", "lines"),
    [
        (REPLICAS, ["- spec.replicas: 2", "+ spec.replicas: 3"]),
        (DryRunDifference("a", "modified", "1", 1), ['- a: "1"', "+ a: 1"]),
        (DryRunDifference("a", "modified", None, {}), ["- a: null", "+ a: {}"]),
        (DryRunDifference("a", "added", None, "true"), ['+ a: "true"']),
        (DryRunDifference("a", "added", None, "nginx:1.27"), ["+ a: nginx:1.27"]),
        (DryRunDifference("a", "added", None, "(secret, 0123456789…)"), ["+ a: (secret, 0123456789…)"]),
        (
            DryRunDifference("a", "removed", [[1, 2], {"b": {"c": 1}}]),
            ["- a:", "-   - - 1", "-     - 2", "-   - b:", "-       c: 1"],
        ),
        (DryRunDifference("a", "modified", "x\n", "y\n"), ["  a:", "    @@ -1 +1 @@", "-   x", "+   y"]),
        (
            DryRunDifference("a", "modified", "x" * 500 + "1", "x" * 500 + "2"),
            [f'- a: "…{"x" * 30}1"', f'+ a: "…{"x" * 30}2"'],
        ),
        (
            DryRunDifference("a", "modified", "x\n" * 3000, "y"),
            ["  a:", "    (a text of 3,001 lines became one of 1 lines)"],
        ),
    ],
)
def test_lines_of_a_difference(difference: DryRunDifference, lines: list[str]) -> None:
    """Values are written in the manner of YAML, so that a text does not look like a number."""
    assert diff_lines([difference], 100) == lines


PLAIN: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)


@given(st.text(max_size=20), st.sampled_from(["added", "removed", "modified", "reordered"]), PLAIN, PLAIN)
def test_any_value_is_safe_to_print(path: str, change: str, old: Json, new: Json) -> None:
    """Whatever a live object holds, each line is one printable line with its sign, and no command of a runner."""
    for line in diff_lines([DryRunDifference(path, change, old, new)], 100):
        assert line[:2].rstrip() in {"", "+", "-"}
        assert not any(map(is_unseen, line))
        assert not line.strip().startswith("::")
        assert len(line) < 1000 * 12


def test_lines_of_an_object_are_bounded() -> None:
    """How many are left out is said."""
    value: list[Json] = list(range(100))
    assert diff_lines([DryRunDifference("a", "added", None, value)], 3) == [
        *("+ a:", "+   - 0", "+   - 1"),
        "  … 98 more lines",
    ]


SENSITIVE = Rule("leak", Level.ERROR, Stage.POLICY, "s", "r", "h", sensitive=True)


@pytest.mark.parametrize(
    ("path", "hidden"),
    [
        (("data", "password"), True),
        (("data",), True),
        ((), True),
        (("data", "password", "x"), True),
        (("data", "pass"), False),
        (("metadata",), False),
    ],
)
def test_what_a_finding_calls_a_secret_is_not_shown(
    path: tuple[str, ...], *, hidden: bool, clean_report: Report
) -> None:
    """A value that a sensitive finding is about is in no format, neither the old nor the new one."""
    leaky = outcome(DryRunResult.CONFIGURED, "web", DryRunDifference("data.password", "modified", "HUNTER1", "HUNTER2"))
    finding = Finding("leak", Stage.POLICY, Level.ERROR, "m", at("apps/web.yaml"), object=leaky.object, path=path)
    report = replace(
        clean_report,
        findings=(finding,),
        rules={"leak": SENSITIVE},
        dry_run=DryRun((DryRunServer("prod", "cluster", "v1"),), (leaky,)),
    )
    for format_ in ("text", "json", "markdown", "html"):
        assert ("HUNTER" not in render(report, format_, verbose=True)) is hidden


def test_list_items_are_hidden_wherever_they_stand(clean_report: Report) -> None:
    """The live list may have the item in another place."""
    leaky = outcome(DryRunResult.CONFIGURED, "web", DryRunDifference("spec.env[3].value", "added", None, "HUNTER"))
    finding = Finding("leak", Stage.POLICY, Level.ERROR, "m", at("apps/web.yaml"))
    report = replace(
        clean_report,
        findings=(replace(finding, object=leaky.object, path=("spec", "env", 0)),),
        rules={"leak": SENSITIVE},
        dry_run=DryRun((), (leaky,)),
    )
    assert "HUNTER" not in render(report, "json")
