"""The dry run in the text report: who answered, how many objects came to what, and what the change does to each."""

from __future__ import annotations

from collections.abc import Callable

from gategit.model import DryRun, DryRunOutcome, DryRunResult
from gategit.report.dry_run_view import (
    UNANSWERED,
    by_reason,
    by_server,
    diff_lines,
    place,
    result_counts,
    server_name,
)
from gategit.report.escaping import line_start, shorten, visible

Paint = Callable[[str, str], str]
"""Gives a text in the colour of a code, or as it is."""

_BOLD, _DIM = "1", "2"
_MAX_MESSAGE = 2000
_MAX_NAMES = 3  # names in each group without --verbose
_MAX_DIFF = 1000  # lines of one object's differences
_LINE_CODES = {"+": "32", "-": "31"}
_CODES = {
    DryRunResult.REJECTED: "1;31",
    DryRunResult.REMOVED: "1;31",
    DryRunResult.CONFLICT: "1;33",
    DryRunResult.CONFIGURED: "1;33",
    DryRunResult.CREATED: "1;32",
    DryRunResult.UNKNOWN: "1;35",
    DryRunResult.DEFERRED: "1;36",
}


def dry_run_lines(dry_run: DryRun, paint: Paint, *, verbose: bool) -> list[str]:
    """Write a dry run as lines with an empty one at the end: the counts, and what has no answer with its reason.

    Args:
        dry_run: what was asked, and what came of it.
        paint: colours a text.
        verbose: write each object that changes with its fields as well.
    """
    lines: list[str] = []
    for server, outcomes in by_server(dry_run):
        lines.append(f"{paint(visible(server_name(server)), _BOLD)}: {result_counts(outcomes)}")
        lines += [f"  note: {visible(shorten(note, _MAX_MESSAGE))}" for note in server.notes]
        told = [outcome for outcome in outcomes if outcome.result not in {*UNANSWERED, DryRunResult.UNCHANGED}]
        if verbose:
            for outcome in told:
                lines += ["", *_outcome(outcome, paint)]
        groups = by_reason(outcomes)
        lines += [""] if verbose and told and groups else []
        for (result, reason), names in groups.items():
            few = names if verbose else names[:_MAX_NAMES]
            more = f" and {len(names) - len(few):,} more" if len(names) > len(few) else ""
            lines.append(f"  {paint(result.value, _CODES[result])}: {', '.join(map(visible, few))}{more}")
            lines.append(f"      {line_start(visible(shorten(reason, _MAX_MESSAGE)))}")
        if not verbose and any(outcome.differences for outcome in told):
            lines.append("  (--verbose shows what changes)")
        lines.append("")
    return lines


def _outcome(outcome: DryRunOutcome, paint: Paint) -> list[str]:
    manager = paint(f"  as {visible(outcome.manager)}", _DIM) if outcome.manager else ""
    name = paint(visible(str(outcome.object)), _BOLD)
    lines = [f"  {paint(outcome.result.value, _CODES[outcome.result])} {name}  {visible(place(outcome))}{manager}"]
    if outcome.reason:
        lines.append(f"      {line_start(visible(shorten(outcome.reason, _MAX_MESSAGE)))}")
    for line in diff_lines(outcome.differences, _MAX_DIFF):
        code = _LINE_CODES.get(line[:1])
        lines.append(f"    {line if code is None else paint(line, code)}")
    return lines
