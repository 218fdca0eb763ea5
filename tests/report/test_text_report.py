from __future__ import annotations

import re
from dataclasses import replace

from gategit.model import Level, Report, State, Verdict
from gategit.report import render
from gategit.report.summary import by_importance, change_line, verdict_line


def test_verdict_line_says_what_counts_and_what_does_not(rich_report: Report) -> None:
    """The last line is the whole answer in one sentence."""
    findings = tuple(finding for finding in rich_report.findings if finding.level is not Level.NOTE)
    report = replace(rich_report, verdict=Verdict.BLOCKED, findings=findings, unchecked=())
    line = "blocked: 2 errors, 2 warnings in 3 files (1 existing, 1 waived not counted)"
    assert verdict_line(report) == line
    assert render(report, "text").splitlines()[-1] == line


def test_existing_findings_count_where_they_block(rich_report: Report) -> None:
    """With --fail-on-existing they are in the numbers and shown in full."""
    report = replace(rich_report, verdict=Verdict.BLOCKED, fail_on_existing=True, unchecked=())
    assert verdict_line(report) == "blocked: 3 errors, 2 warnings, 1 note in 3 files (1 waived not counted)"
    assert "existing error[privileged-container]" in render(report, "text")


def test_pass_says_that_nothing_is_new(clean_report: Report) -> None:
    """A pass is one plain line."""
    assert verdict_line(clean_report) == "pass: no new findings"


def test_existing_findings_are_one_line_unless_verbose(rich_report: Report) -> None:
    """What the base has too does not drown what is new."""
    quiet = render(rich_report, "text")
    assert "1 finding that the base has too, not shown (--verbose shows them)" in quiet
    assert "privileged-container" not in quiet
    assert "existing error[privileged-container]: container 店 is privileged" in render(
        rich_report, "text", verbose=True
    )


def test_waived_findings_are_shown_with_their_reason(rich_report: Report) -> None:
    """A waiver hides nothing."""
    text = render(rich_report, "text")
    assert "waived warning[image-digest]: the image of container 店 is not named by a digest" in text
    assert "= waived: until 2027-01-31 by team-shop: vendor publishes no digests before Q1" in text


def test_fingerprints_are_shown_to_who_asks(rich_report: Report) -> None:
    """The verbose report shows as much of each fingerprint as names the finding."""
    assert "fingerprint" not in render(rich_report, "text")
    assert "= fingerprint: dddddddddd\n" in render(rich_report, "text", verbose=True)


def test_colours_are_the_only_difference(rich_report: Report) -> None:
    """With colours stripped, both texts are the same; without, there is no escape sequence."""
    plain = render(rich_report, "text")
    coloured = render(rich_report, "text", color=True)
    assert "\x1b" not in plain
    assert coloured != plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


def test_width_shortens_source_lines_alone(rich_report: Report) -> None:
    """Every line of source fits a terminal of 60 columns."""
    text = render(rich_report, "text", width=60)
    sources = [line for line in text.splitlines() if re.match(r" +\d* \|", line)]
    assert sources
    assert all(len(line) <= 60 for line in sources)


def test_most_important_findings_come_first(rich_report: Report) -> None:
    """What blocks, then new, existing and waived ones, the higher level first, in the report's order."""
    ordered = [(finding.state, finding.level) for finding in by_importance(rich_report)]
    assert ordered == [
        (State.NEW, Level.ERROR),
        (State.NEW, Level.ERROR),
        (State.NEW, Level.WARNING),
        (State.NEW, Level.WARNING),
        (State.NEW, Level.NOTE),
        (State.EXISTING, Level.ERROR),
        (State.WAIVED, Level.WARNING),
    ]


def test_change_line_counts_objects_only_where_there_is_a_change(clean_report: Report) -> None:
    """Without a base nothing was added or removed; the side is named in words."""
    change = replace(clean_report.change, head="folder", added=0)
    line = change_line(replace(clean_report, change=change))
    assert line == "all of the folder: 1 file; config, policies and waivers from the head"
    change = replace(change, base="1" * 40, head="index", added=1200)
    assert change_line(replace(clean_report, change=change)) == (
        "111111111111 to the index: 1 file, objects: 1,200 added, 0 modified, 0 removed; "
        "config, policies and waivers from the head"
    )


def test_verbose_names_the_schemas_that_judged(rich_report: Report) -> None:
    """Which release or file judged custom kinds stands by kind; Kubernetes' own kinds are only counted."""
    lines = render(rich_report, "text", verbose=True).splitlines()
    start = lines.index("judged by these schemas:")
    assert lines[start + 1 : start + 3] == [
        "  Argo CD 3.6.1: argoproj.io/v1alpha1 Application (12), argoproj.io/v1alpha1 AppProject (1)",
        "  Kubernetes 1.34: 104 objects of 2 kinds",
    ]
    assert "judged by these schemas:" not in render(rich_report, "text")
