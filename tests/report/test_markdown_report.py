from __future__ import annotations

import re
from dataclasses import replace

import pytest

from gategit.model import Finding, Level, Location, Region, Report, Stage, StageResult, StageStatus, Unchecked
from gategit.report import render
from gategit.report.markdown_parts import COMMENT_LIMIT, prose
from gategit.report.markdown_report import SUMMARY_LIMIT, render_within


def outside_code(text: str) -> str:
    """The text with everything taken out that stands in <code>, where GitHub makes nothing live."""
    return re.sub(r"<code>[^<]*</code>", "", text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain words", "plain words"),
        ("ask @team now", "ask <code>@team</code> now"),
        ("see #12, org/repo#3 and GH-4", "see <code>#12,</code> <code>org/repo#3</code> and <code>GH-4</code>"),
        ("at https://x.test/a", "at <code>https://x.test/a</code>"),
        ("www.x.test", "<code>www.x.test</code>"),
        ("<img src=x> *a* _b_", "&lt;img src=x&gt; *a* _b_"),
        ("</code>@team", "<code>&lt;/code&gt;@team</code>"),
    ],
)
def test_nothing_in_prose_is_live(text: str, expected: str) -> None:
    """Mentions, references and links are shown as code, HTML as text."""
    assert prose(text) == expected


def test_hostile_names_notify_nobody_and_load_nothing(rich_report: Report) -> None:
    """No mention, link, image or tag of the pull request is live anywhere in the report."""
    text = render(rich_report, "markdown", verbose=True)
    fences = re.compile(r"^(`{3,})text\n.*?^\1$", re.MULTILINE | re.DOTALL)
    live = outside_code(fences.sub("", text))
    for trace in ("@team", "https:", "#12", "<script", "<b>é"):
        assert trace not in live
    tags = set(re.findall(r"</?([a-z0-9]+)", live))
    assert tags <= {*("p", "ul", "li", "b", "i", "br", "table", "tr", "th", "td"), *("details", "summary", "sub")}


def test_outside_text_stands_in_html_blocks_alone(rich_report: Report) -> None:
    """A Markdown block begins after an empty line; each such line is a fixed one or opens HTML or a fence."""
    text = render(rich_report, "markdown")
    fences = re.compile(r"^(`{3,})text\n.*?^\1$", re.MULTILINE | re.DOTALL)
    blocks = [block.strip("\n") for block in fences.sub("", text).split("\n\n")]
    allowed = re.compile(r"<(p|ul|table|details|/details)\b|## gategit: \w+$|$")
    assert [block for block in blocks if not allowed.match(block)] == []


def test_fence_is_longer_than_any_in_the_source(clean_report: Report) -> None:
    """A line of backticks does not end the block."""
    finding = Finding("r", Stage.SCHEMA, Level.ERROR, "m", Location("a.yaml", Region(1, 1, 1, 2)))
    report = replace(clean_report, findings=(finding,), sources={"a.yaml": {1: "`````"}})
    assert "\n``````text\n1 | `````\n  | ^\n``````\n" in render(report, "markdown")


def big(report: Report, number: int) -> Report:
    findings = tuple(
        Finding(
            "r",
            Stage.SCHEMA,
            Level.ERROR if line == number else Level.WARNING,
            f"店 {line} " + "@x " * 200,
            Location(f"{line}.yaml", Region(1, 1, 1, 2)),
            help="h" * 2000,
        )
        for line in range(1, number + 1)
    )
    return replace(
        report,
        findings=findings,
        stages=tuple(StageResult(stage, StageStatus.ERROR, "@x " * 5000) for stage in Stage),
        unchecked=tuple(Unchecked(f"{line} " + "@n" * 500, f"{line} " + "@r " * 500) for line in range(500)),
        sources={f"{line}.yaml": {1: "`" * 5000} for line in range(1, number + 1)},
    )


@pytest.mark.parametrize("limit", [COMMENT_LIMIT, SUMMARY_LIMIT])
def test_report_stays_below_the_limit_and_says_what_is_missing(limit: int, clean_report: Report) -> None:
    """The most important finding is kept, and the others are counted."""
    text = render_within(big(clean_report, 2000), limit)
    assert len(text.encode()) <= limit
    assert len(text.encode()) > limit // 3
    assert "<code>2000.yaml:1:1</code>" in text
    match = re.search(r"([\d,]+) findings more not shown for lack of room: ([\d,]+) warnings\.", text)
    assert match is not None
    assert match[1] == match[2]
    assert int(match[1].replace(",", "")) + text.count("<tr><td>") == 2000
    assert "more reasons not shown" in text


def test_default_fits_into_a_comment(clean_report: Report) -> None:
    """A report written to a file can be posted as it is."""
    assert len(render(big(clean_report, 500), "markdown")) <= COMMENT_LIMIT


def test_existing_findings_are_counted_unless_verbose(rich_report: Report) -> None:
    """What the base has too is one sentence."""
    text = render(rich_report, "markdown")
    assert "<p>1 finding that the base has too not shown.</p>" in text
    assert "privileged-container" not in text
    assert "error (existing)" in render(rich_report, "markdown", verbose=True)
