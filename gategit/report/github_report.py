"""Annotations for GitHub Actions: workflow commands on standard output, within what GitHub shows.

A step shows at most ten annotations of each level and drops the others without a word, so the most important go
first and the last line says how many were left out.
"""

from __future__ import annotations

from collections import Counter

from gategit.model import Finding, Level, Report, State
from gategit.report.escaping import safe_lines, shorten, visible
from gategit.report.summary import by_importance, grouped_unchecked, plural, undecided_stages, verdict_line

PER_LEVEL = 10
"""Annotations of one level that GitHub shows for one step."""

_MAX_TITLE = 255
_MAX_MESSAGE = 4000
_MAX_FILE = 1000
_MAX_REASONS = 20
_MAX_WAIVED = 50
_COMMANDS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "notice"}


def render(report: Report, *, color: bool, verbose: bool, width: int) -> str:  # noqa: ARG001  one signature for all
    """Write one workflow command for each finding that counts, then plain lines with the rest and the verdict."""
    lines: list[str] = []
    shown: Counter[Level] = Counter()
    left_out: Counter[Level] = Counter()
    for stage in undecided_stages(report):
        reason = visible(shorten(stage.reason or "it could not look at everything", _MAX_MESSAGE))
        if shown[Level.ERROR] < PER_LEVEL:
            shown[Level.ERROR] += 1
            lines.append(command("error", {"title": f"gategit: {stage.stage.value} is undecided"}, reason))
    for finding in by_importance(report):
        if finding.state is not State.NEW and not report.blocks(finding):
            continue
        if shown[finding.level] < PER_LEVEL:
            shown[finding.level] += 1
            lines.append(_annotation(finding))
        else:
            left_out[finding.level] += 1
    groups = grouped_unchecked(report.unchecked)
    for reason, names in list(groups.items())[:_MAX_REASONS]:
        lines.append(f"gategit: not checked: {len(names):,}: {visible(shorten(reason, _MAX_MESSAGE))}")
    if len(groups) > _MAX_REASONS:
        lines.append(f"gategit: not checked for {plural(len(groups) - _MAX_REASONS, 'more reason')}")
    lines += _waived(report)
    last = f"gategit: {verdict_line(report)}"
    if left_out:
        counts = ", ".join(plural(left_out[level], level.value) for level in Level if left_out[level])
        last += f"; without an annotation, because GitHub shows {PER_LEVEL} of each level: {counts}"
    return "\n".join([*lines, last]) + "\n"


def _waived(report: Report) -> list[str]:
    """One plain line for each waived finding: an annotation would ask for a mend."""
    waived = [finding for finding in by_importance(report) if finding.state is State.WAIVED]
    lines = []
    for finding in waived[:_MAX_WAIVED]:
        region = finding.location.region
        place = finding.location.file if region is None else f"{finding.location.file}:{region.line}"
        waiver = finding.waiver
        why = f" until {waiver.expires} by {waiver.owner}: {waiver.reason}" if waiver is not None else ""
        text = f"{finding.rule} at {shorten(place, _MAX_FILE)} is waived{why}"
        lines.append(f"gategit: {visible(shorten(text, _MAX_MESSAGE))}")
    if len(waived) > _MAX_WAIVED:
        lines.append(f"gategit: {plural(len(waived) - _MAX_WAIVED, 'more finding')} waived")
    return lines


def command(name: str, properties: dict[str, str], message: str) -> str:
    """Write one workflow command. Nothing in it can end its line or its properties."""
    written = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {written}::{_data(message)}"


def _annotation(finding: Finding) -> str:
    properties = {"file": visible(shorten(finding.location.file, _MAX_FILE))}
    region = finding.location.region
    if region:
        properties |= {"line": str(region.line), "endLine": str(region.end_line)}
        if region.line == region.end_line:  # GitHub takes columns on a single line only
            properties |= {"col": str(region.column), "endColumn": str(region.end_column)}
    state = "" if finding.state is State.NEW else f" ({finding.state.value})"
    properties["title"] = visible(shorten(f"{finding.rule}{state}", _MAX_TITLE))
    parts = [visible(finding.message)]
    parts += [line for line in safe_lines(finding.help) if line]
    for related in finding.related:
        where = visible(related.location.file)
        place = f"{where}:{related.location.region.line}" if related.location.region else where
        parts.append(f"See {place}: {visible(related.message)}")
    return command(_COMMANDS[finding.level], properties, shorten("\n".join(parts), _MAX_MESSAGE))


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
