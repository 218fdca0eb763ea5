from __future__ import annotations

from dataclasses import replace

from gategit.model import Finding, Level, Location, Region, Report, Stage, State, Verdict
from gategit.report import render
from gategit.report.github_report import command


def many(level: Level, number: int, state: State = State.NEW) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            "r", Stage.SCHEMA, level, f"{level.value} {line}", Location("a.yaml", Region(line, 1, line, 2)), state=state
        )
        for line in range(1, number + 1)
    )


def test_command_escapes_what_would_end_it() -> None:
    """The runner takes %25, %0D, %0A back everywhere, and %3A and %2C in properties."""
    assert command("error", {"file": "a:b,c%\r\n", "line": "1"}, "50%: a,b\r\n::error::x") == (
        "::error file=a%3Ab%2Cc%25%0D%0A,line=1::50%25: a,b%0D%0A::error::x"
    )


def test_no_more_annotations_than_github_shows_and_the_rest_is_said(clean_report: Report) -> None:
    """Ten of each level, the new errors first; the last line counts what was left out."""
    existing = many(Level.ERROR, 3, State.EXISTING)
    findings = many(Level.WARNING, 12) + many(Level.ERROR, 30) + many(Level.NOTE, 2) + existing
    text = render(replace(clean_report, verdict=Verdict.BLOCKED, findings=findings), "github")
    lines = text.splitlines()
    assert sum(line.startswith("::error ") for line in lines) == 10
    assert sum(line.startswith("::warning ") for line in lines) == 10
    assert sum(line.startswith("::notice ") for line in lines) == 2
    assert lines[0] == "::error file=a.yaml,line=1,endLine=1,col=1,endColumn=2,title=r::error 1"
    assert lines[-1] == (
        "gategit: blocked: 30 errors, 12 warnings, 2 notes in 1 file (3 existing not counted); "
        "without an annotation, because GitHub shows 10 of each level: 20 errors, 2 warnings"
    )


def test_region_of_several_lines_has_no_columns(clean_report: Report) -> None:
    """GitHub takes columns only where the first and the last line are the same."""
    finding = Finding("r", Stage.SCHEMA, Level.ERROR, "m", Location("a.yaml", Region(1, 2, 3, 4)))
    text = render(replace(clean_report, findings=(finding,)), "github")
    assert text.splitlines()[0] == "::error file=a.yaml,line=1,endLine=3,title=r::m"


def test_existing_findings_are_annotated_only_where_they_block(rich_report: Report) -> None:
    """Annotations are few: they go to what the change must mend."""
    assert "privileged-container" not in render(rich_report, "github")
    blocking = render(replace(rich_report, fail_on_existing=True), "github")
    assert "title=privileged-container (existing)::" in blocking


def test_waived_findings_are_plain_lines(rich_report: Report, clean_report: Report) -> None:
    """They are said with reason, owner and date, and are no annotations; of very many the rest is counted."""
    lines = [line for line in render(rich_report, "github").splitlines() if "waived until" in line]
    [line] = lines
    assert line == (
        "gategit: image-digest at apps/web.yaml:16 is waived until 2027-01-31 by team-shop: "
        "vendor publishes no digests before Q1"
    )
    many_waived = many(Level.ERROR, 53, State.WAIVED)
    text = render(replace(clean_report, findings=many_waived), "github").splitlines()
    assert text[49:51] == ["gategit: r at a.yaml:50 is waived", "gategit: 3 more findings waived"]


def test_undecided_stage_is_an_error_of_its_own(rich_report: Report) -> None:
    """A gate that could not look says so first."""
    first = render(rich_report, "github").splitlines()[0]
    assert first.startswith("::error title=gategit%3A policy is undecided::the policy image-digest crashed: ::error::x")
