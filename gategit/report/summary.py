"""What every format says alike: the counts, the order of importance, the verdict's sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gategit.model import Finding, Level, Report, StageResult, StageStatus, State, Unchecked, Verdict
from gategit.report.escaping import visible

_SIDES = {
    "worktree": "the working tree",
    "index": "the index",
    "folder": "the folder",
    "stdin": "standard input",
}


@dataclass(frozen=True, slots=True)
class Counts:
    """How many findings there are: new ones by level, the others by state."""

    error: int
    warning: int
    note: int
    waived: int
    existing: int
    unchecked: int


def count(report: Report) -> Counts:
    """Count the findings of a report: each is in exactly one number."""
    new = Counter(finding.level for finding in report.findings if finding.state is State.NEW)
    states = Counter(finding.state for finding in report.findings)
    return Counts(
        error=new[Level.ERROR],
        warning=new[Level.WARNING],
        note=new[Level.NOTE],
        waived=states[State.WAIVED],
        existing=states[State.EXISTING],
        unchecked=len(report.unchecked),
    )


def plural(number: int, noun: str) -> str:
    """Write ``1 error``, ``2 errors``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def by_importance(report: Report) -> list[Finding]:
    """The findings with the most important first: what blocks, then new, existing and waived ones, by level.

    Among equals the report's own order (file, line) stays, so that what a limit cuts off is always the same.
    """
    state_rank = {State.NEW: 0, State.EXISTING: 1, State.WAIVED: 2}
    return sorted(
        report.findings,
        key=lambda finding: (not report.blocks(finding), state_rank[finding.state], -finding.level.rank),
    )


def grouped_unchecked(unchecked: Iterable[Unchecked]) -> Mapping[str, list[str]]:
    """What was not looked at by reason, the most frequent reason first, names in their given order."""
    groups: dict[str, list[str]] = {}
    for item in unchecked:
        groups.setdefault(item.reason, []).append(item.what)
    return dict(sorted(groups.items(), key=lambda group: (-len(group[1]), group[0])))


def undecided_stages(report: Report) -> tuple[StageResult, ...]:
    """The stages that could not look at something."""
    return tuple(result for result in report.stages if result.status is StageStatus.ERROR)


def level_counts(findings: Iterable[Finding]) -> str:
    """Write ``2 errors, 1 warning``; an empty string where there is nothing to count."""
    counts = Counter(finding.level for finding in findings)
    levels = (Level.ERROR, Level.WARNING, Level.NOTE)
    return ", ".join(plural(counts[level], level.value) for level in levels if counts[level])


def verdict_detail(report: Report) -> str:
    """What the verdict rests on, as in ``2 errors, 1 warning in 2 files (4 existing not counted)``."""
    counted = [
        finding
        for finding in report.findings
        if finding.state is State.NEW or (finding.state is State.EXISTING and report.fail_on_existing)
    ]
    counts = count(report)
    parts: list[str] = []
    if report.verdict is Verdict.UNDECIDED:
        names = [result.stage.value for result in undecided_stages(report)]
        parts.append(f"{' and '.join(names)} could not look at everything" if names else "not everything was looked at")
    if counted:
        files = len({finding.location.file for finding in counted})
        parts.append(f"{level_counts(counted)} in {plural(files, 'file')}")
    else:
        parts.append("no new findings")
    aside = [f"{counts.existing:,} existing"] if counts.existing and not report.fail_on_existing else []
    aside += [f"{counts.waived:,} waived"] if counts.waived else []
    detail = "; ".join(parts)
    if aside:
        detail += f" ({', '.join(aside)} not counted)"
    if counts.unchecked:
        detail += f"; {counts.unchecked:,} not checked"
    return detail


def verdict_line(report: Report) -> str:
    """The one line that says it all, as in ``blocked: 2 errors in 1 file``."""
    return f"{report.verdict.value}: {verdict_detail(report)}"


def change_line(report: Report) -> str:
    """What was compared with what, how much of it there was, and whose rules applied."""
    change = report.change
    head = _revision(change.head)
    compared = f"{_revision(change.base)} to {head}" if change.base else f"all of {head}"
    counts = ((change.added, "added"), (change.modified, "modified"), (change.removed, "removed"))
    objects = ""
    if change.base or any(number for number, _ in counts):
        objects = f", objects: {', '.join(f'{number:,} {word}' for number, word in counts)}"
    trust = visible(change.trust)
    return f"{compared}: {plural(change.files, 'file')}{objects}; config, policies and waivers from the {trust}"


def _revision(name: str) -> str:
    """A commit id as people write it, short; what is no commit in words."""
    return _SIDES.get(name) or (name[:12] if len(name) in {40, 64} else visible(name))
