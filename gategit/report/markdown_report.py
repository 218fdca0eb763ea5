"""The Markdown report, for GitHub's job summary and for pull request comments.

Whatever comes from the pull request stands in an HTML block, where Markdown is not read, escaped as HTML; what
GitHub would still turn into a mention, a reference or a link stands in ``<code>``, where it does not look; and source
lines stand in a fence that is longer than any in them.
"""

from __future__ import annotations

from gategit.model import (
    DryRun,
    DryRunOutcome,
    DryRunResult,
    DryRunServer,
    Finding,
    Report,
    StageStatus,
    State,
    Verdict,
)
from gategit.report.dry_run_view import (
    BY_RISK,
    UNANSWERED,
    by_reason,
    by_server,
    diff_lines,
    place,
    result_counts,
    server_name,
)
from gategit.report.effect_markdown import EffectSection
from gategit.report.escaping import fence_for, safe_lines, shorten, xml
from gategit.report.excerpt import excerpt
from gategit.report.markdown_parts import COMMENT_LIMIT, first, prose, size, unchecked_section
from gategit.report.redaction import without_secrets
from gategit.report.summary import (
    by_importance,
    change_line,
    level_counts,
    plural,
    verdict_detail,
)

SUMMARY_LIMIT = 1_048_576
"""Bytes in a step's job summary."""

_MAX_MESSAGE = 1000
_MAX_NAMES = 10
_MAX_STAGE_REASON = 1000
_MAX_NOTES = 5
_MAX_DIFF = 200  # lines of one object's differences
_ROOM_FOR_COUNTS = 512  # bytes for what is not shown of a dry run
_HEADINGS = {Verdict.PASS: "passed", Verdict.BLOCKED: "blocked", Verdict.UNDECIDED: "undecided"}
_MARKS = {
    StageStatus.PASSED: "passed",
    StageStatus.FAILED: "failed",
    StageStatus.SKIPPED: "skipped",
    StageStatus.ERROR: "could not look",
}


def render(report: Report, *, color: bool, verbose: bool, width: int) -> str:  # noqa: ARG001  one signature for all
    """Write the report as Markdown that fits into a comment, and so into a job summary as well."""
    return render_within(report, COMMENT_LIMIT, verbose=verbose)


def render_within(report: Report, limit: int, *, verbose: bool = False) -> str:
    """Write the report as Markdown of at most ``limit`` bytes of UTF-8 (so characters, too).

    The most important findings come first; how many are not shown is said.

    Args:
        report: what the gate found.
        limit: at least 8,192: the verdict and the stages are never left out.
        verbose: show findings that the base has too.
    """
    report = without_secrets(report)
    shown = [
        finding
        for finding in by_importance(report)
        if verbose or finding.state is not State.EXISTING or report.blocks(finding)
    ]
    head = _head(report)
    tail = _tail(report)
    # The sentence about what is not shown, and the frames of the table and the list, need room as well.
    room = limit - size(head) - size(tail) - 1024
    asked = _DryRunSection(report.dry_run or DryRun(), limit)
    # However many findings there are, some of the diff is worth more than the last of them.
    kept = min(asked.size, room // 3) if report.dry_run is not None else 0
    room -= kept
    # The same holds for what the change does.
    effect = None if report.effect is None else EffectSection(report.effect, limit)
    kept_for_effect = 0 if effect is None else min(effect.size, room // 3)
    room -= kept_for_effect
    rows = first((_row(finding) for finding in shown), room)
    room -= sum(map(size, rows))
    answers = asked.within(room + kept) if report.dry_run is not None else ""
    room += kept - size(answers)
    sources = first((_source(report, finding) for finding in shown[: len(rows)]), room)
    text = head
    if rows:
        text += "<table>\n<tr><th>Level</th><th>Place</th><th>Rule</th><th>What is wrong</th></tr>\n"
        text += "".join(rows) + "</table>\n\n"
    text += _not_shown(report, shown, len(rows)) + answers
    if any(sources):
        text += "<details><summary>The lines</summary>\n\n" + "".join(sources) + "</details>\n\n"
        room -= sum(map(size, sources))
    if effect is not None:
        text += effect.within(room + kept_for_effect)
    return text + tail


def _head(report: Report) -> str:
    heading = f"## gategit: {_HEADINGS[report.verdict]}\n\n<p>{prose(verdict_detail(report))}</p>\n\n"
    stages = []
    for result in report.stages:
        reason = f": {prose(shorten(result.reason, _MAX_STAGE_REASON))}" if result.reason else ""
        stages.append(f"<li><b>{result.stage.value}</b> {_MARKS[result.status]}{reason}</li>\n")
    return heading + "<ul>\n" + "".join(stages) + "</ul>\n\n"


def _tail(report: Report) -> str:
    text = unchecked_section(report.unchecked)
    return f"{text}<p><sub>{prose(change_line(report))}</sub></p>\n"


def _not_shown(report: Report, shown: list[Finding], rows: int) -> str:
    rest = shown[rows:]
    sentences = []
    if rest:
        sentences.append(f"{plural(len(rest), 'finding')} more not shown for lack of room: {level_counts(rest)}.")
    existing = len(report.findings) - len(shown)
    if existing:
        sentences.append(f"{plural(existing, 'finding')} that the base has too not shown.")
    return f"<p>{' '.join(sentences)}</p>\n\n" if sentences else ""


class _DryRunSection:
    """What the servers said, at most ``limit`` bytes of each part, so that its size is known before its room is."""

    def __init__(self, dry_run: DryRun, limit: int) -> None:
        asked = list(by_server(dry_run))
        self._servers = [_server(server, outcomes) for server, outcomes in asked]
        quiet = {*UNANSWERED, DryRunResult.UNCHANGED}
        told = [outcome for _, outcomes in asked for outcome in outcomes if outcome.result not in quiet]
        self._told = sorted(told, key=lambda outcome: BY_RISK.index(outcome.result))
        self._objects = first(map(_outcome, self._told), limit)

    @property
    def size(self) -> int:
        """Bytes of the whole section."""
        return sum(map(size, (*self._servers, *self._objects))) + _ROOM_FOR_COUNTS

    def within(self, room: int) -> str:
        """As much of the section as there is room for, the riskiest objects first, and how many are not shown."""
        room -= _ROOM_FOR_COUNTS
        servers = first(self._servers, room)
        objects = first(self._objects, room - sum(map(size, servers)))
        text = "".join(servers)
        if len(servers) < len(self._servers):
            text += f"<p>{plural(len(self._servers) - len(servers), 'target')} more not shown for lack of room.</p>\n\n"
        text += "".join(objects)
        rest = self._told[len(objects) :]
        if rest:
            text += f"<p>{plural(len(rest), 'object')} more not shown for lack of room: {result_counts(rest)}.</p>\n\n"
        return text


def _server(server: DryRunServer, outcomes: list[DryRunOutcome]) -> str:
    notes = server.notes
    items = [prose(shorten(note, _MAX_STAGE_REASON)) for note in notes[:_MAX_NOTES]]
    if len(notes) > _MAX_NOTES:
        items.append(f"{plural(len(notes) - _MAX_NOTES, 'more note')} not shown")
    groups = by_reason(outcomes)
    for (result, reason), names in list(groups.items())[:_MAX_NOTES]:
        few = " ".join(f"<code>{xml(shorten(name, 100))}</code>" for name in names[:_MAX_NAMES])
        more = f" and {len(names) - _MAX_NAMES:,} more" if len(names) > _MAX_NAMES else ""
        items.append(f"<b>{result}</b> {few}{more}: {prose(shorten(reason, 300))}")
    if len(groups) > _MAX_NOTES:
        items.append(f"{plural(len(groups) - _MAX_NOTES, 'more reason')} not shown")
    listed = "<ul>\n" + "".join(f"<li>{item}</li>\n" for item in items) + "</ul>\n" if items else ""
    return f"<p>{prose(shorten(server_name(server), 300))}: {result_counts(outcomes)}</p>\n{listed}\n"


def _outcome(outcome: DryRunOutcome) -> str:
    """One object, its fields folded away in a fence of their own."""
    where = xml(shorten(place(outcome), 500))
    head = f"<b>{outcome.result}</b> <code>{xml(shorten(str(outcome.object), 300))}</code> in <code>{where}</code>"
    if outcome.target is not None:
        head += f" of <code>{xml(shorten(outcome.target, 100))}</code>"
    if outcome.reason:
        head += f": {prose(shorten(outcome.reason, 300))}"
    lines = diff_lines(outcome.differences, _MAX_DIFF)
    if not lines:
        return f"<p>{head}</p>\n\n"
    body = "\n".join(lines)
    fence = fence_for(body)
    return f"<details><summary>{head}</summary>\n\n{fence}diff\n{body}\n{fence}\n\n</details>\n\n"


def _row(finding: Finding) -> str:
    level = finding.level.value if finding.state is State.NEW else f"{finding.level.value} ({finding.state.value})"
    details = [prose(shorten(finding.message, _MAX_MESSAGE))]
    if finding.object:
        target = f", target {finding.target}" if finding.target else ""
        details.append(f"<code>{xml(shorten(f'{finding.object}{target}', 300))}</code>")
    for related in finding.related[:5]:
        place = shorten(related.location.file, 300)
        if related.location.region:
            place += f":{related.location.region.line}"
        details.append(f"See <code>{xml(place)}</code>: {prose(shorten(related.message, 300))}")
    if finding.waiver:
        waiver = finding.waiver
        sentence = f"waived until {waiver.expires} by {waiver.owner}: {waiver.reason}"
        details.append(prose(shorten(sentence, _MAX_MESSAGE)))
    elif finding.help:
        lines = safe_lines(shorten(finding.help, _MAX_MESSAGE))
        details.append(f"<i>Help:</i> {'<br>'.join(prose(line) for line in lines)}")
    region = finding.location.region
    file = shorten(finding.location.file, 500)
    place = f"{file}:{region.line}:{region.column}" if region else file
    return (
        f"<tr><td>{level}</td><td><code>{xml(place)}</code></td>"
        f"<td><code>{xml(finding.rule)}</code></td><td>{'<br>'.join(details)}</td></tr>\n"
    )


def _source(report: Report, finding: Finding) -> str:
    """The lines of one finding in a fence, or an empty string where they are not known or not to be shown."""
    region = finding.location.region
    if region is None or finding.state is State.WAIVED:
        return ""
    lines = []
    shown = excerpt(report.sources.get(finding.location.file, {}), region, 120)
    gutter = max((len(str(line.number)) for line in shown if line.number is not None), default=0)
    for line in shown:
        number = "" if line.number is None else str(line.number)
        lines.append(f"{number.rjust(gutter)} | {line.text}".rstrip())
        if line.marker:
            lines.append(f"{' ' * gutter} | {line.marker}")
    if not lines:
        return ""
    body = "\n".join(lines)
    fence = fence_for(body)
    place = f"{shorten(finding.location.file, 500)}:{region.line}:{region.column}"
    return f"<p><code>{xml(place)}</code> <code>{xml(finding.rule)}</code></p>\n\n{fence}text\n{body}\n{fence}\n\n"
