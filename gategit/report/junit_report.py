"""The JUnit XML report: a test suite for each stage, a test case for each finding.

There is no standard; what is written here is what Jenkins, GitLab and the common viewers read.
"""

from __future__ import annotations

from dataclasses import dataclass

from gategit.model import Finding, Report, StageResult, StageStatus, State, format_path
from gategit.report.escaping import safe_lines, shorten, visible, xml
from gategit.report.summary import grouped_unchecked, verdict_line

_MAX_TEXT = 2000
_MAX_NAMES = 100


@dataclass(frozen=True, slots=True)
class _Case:
    """A test case as written; ``outcome`` is passed, failure, error or skipped."""

    outcome: str
    lines: tuple[str, ...]


def render(report: Report, *, color: bool, verbose: bool, width: int) -> str:  # noqa: ARG001  one signature for all
    """Write the report as JUnit XML: what blocks is a failure, what a stage could not look at an error."""
    suites = [(result.stage.value, _stage_cases(report, result)) for result in report.stages]
    staged = {result.stage for result in report.stages}
    stray = [_finding_case(report, finding) for finding in report.findings if finding.stage not in staged]
    if stray:
        suites.append(("other", stray))
    unchecked = [_unchecked_case(reason, names) for reason, names in grouped_unchecked(report.unchecked).items()]
    if unchecked:
        suites.append(("not-checked", unchecked))
    lines = ['<?xml version="1.0" encoding="UTF-8"?>']
    every = [case for _, cases in suites for case in cases]
    lines.append(f'<testsuites name="gategit" {_totals(every)} time="{report.stats.seconds:.3f}">')
    for name, cases in suites:
        lines.append(f'  <testsuite name="gategit.{name}" {_totals(cases)} time="0.000">')
        if (name, cases) == suites[0]:
            properties = {"verdict": report.verdict.value, "summary": verdict_line(report)}
            lines.append("    <properties>")
            lines += [f'      <property name="{key}" value="{xml(text)}"/>' for key, text in properties.items()]
            lines.append("    </properties>")
        lines += [f"    {line}" for case in cases for line in case.lines]
        lines.append("  </testsuite>")
    lines.append("</testsuites>")
    return "\n".join(lines) + "\n"


def _totals(cases: list[_Case]) -> str:
    outcomes = [case.outcome for case in cases]
    counts = f'failures="{outcomes.count("failure")}" errors="{outcomes.count("error")}"'
    return f'tests="{len(cases)}" {counts} skipped="{outcomes.count("skipped")}"'


def _stage_cases(report: Report, result: StageResult) -> list[_Case]:
    """One case for the stage itself, so that no suite is empty, then one for each of its findings."""
    name = result.stage.value
    head = f'<testcase classname="gategit" name="{name}"'
    if result.status is StageStatus.ERROR:
        reason = xml(shorten(result.reason or "it could not look at everything", _MAX_TEXT))
        own = _Case("error", (f"{head}>", f'  <error type="undecided" message="{reason}"/>', "</testcase>"))
    elif result.status is StageStatus.SKIPPED:
        reason = xml(shorten(result.reason or "no reason given", _MAX_TEXT))
        own = _Case("skipped", (f"{head}>", f'  <skipped message="{reason}"/>', "</testcase>"))
    else:
        own = _Case("passed", (f"{head}/>",))
    return [own, *(_finding_case(report, finding) for finding in report.findings if finding.stage is result.stage)]


def _finding_case(report: Report, finding: Finding) -> _Case:
    place = finding.location
    region = place.region
    where = place.file if region is None else f"{place.file}:{region.line}:{region.column}"
    line = "" if region is None else f' line="{region.line}"'
    message = xml(shorten(finding.message, _MAX_TEXT))
    file, name = xml(place.file), xml(f"{finding.rule} {where}")
    head = f'<testcase classname="{file}" name="{name}" file="{file}"{line}>'
    kind = f'type="{xml(finding.rule)}" message="{message}"'
    body = _body(finding, where)
    if report.blocks(finding):
        return _Case("failure", (head, f"  <failure {kind}>{body}</failure>", "</testcase>"))
    if finding.state is State.NEW:
        return _Case("passed", (head, f"  <system-out>{body}</system-out>", "</testcase>"))
    why = "the base has it too"
    if finding.state is State.WAIVED:
        waiver = finding.waiver
        why = f"waived until {waiver.expires} by {waiver.owner}: {waiver.reason}" if waiver else "waived"
    reason = xml(shorten(f"{why}; {finding.level.value}: {finding.message}", _MAX_TEXT))
    return _Case("skipped", (head, f'  <skipped message="{reason}"/>', "</testcase>"))


def _body(finding: Finding, where: str) -> str:
    lines = [f"{finding.level.value}[{finding.rule}]: {visible(shorten(finding.message, _MAX_TEXT))}"]
    lines.append(f"at {visible(where)}")
    if finding.object:
        field = f", field {format_path(finding.path)}" if finding.path else ""
        lines.append(visible(shorten(f"object: {finding.object}{field}", _MAX_TEXT)))
    if finding.target:
        lines.append(f"target: {visible(finding.target)}")
    for related in finding.related:
        region = related.location.region
        place = related.location.file if region is None else f"{related.location.file}:{region.line}"
        lines.append(visible(shorten(f"see {place}: {related.message}", _MAX_TEXT)))
    if finding.help:
        first, *more = safe_lines(shorten(finding.help, _MAX_TEXT))
        lines += [f"help: {first}", *more]
    return "\n".join(xml(line) for line in lines)


def _unchecked_case(reason: str, names: list[str]) -> _Case:
    few = ", ".join(names[:_MAX_NAMES])
    more = f" and {len(names) - _MAX_NAMES:,} more" if len(names) > _MAX_NAMES else ""
    text = xml(shorten(f"{len(names):,}: {few}", _MAX_TEXT * 4)) + more
    head = f'<testcase classname="gategit" name="not checked: {xml(shorten(reason, _MAX_TEXT))}">'
    return _Case("skipped", (head, f'  <skipped message="{text}"/>', "</testcase>"))
