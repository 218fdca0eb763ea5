"""The text report, for a person at a terminal or reading a log."""

from __future__ import annotations

from itertools import groupby

from gategit.model import Finding, Level, Location, Report, StageResult, StageStatus, State, Verdict, format_path
from gategit.report.escaping import line_start, safe_lines, shorten, visible
from gategit.report.excerpt import Excerpt, excerpt
from gategit.report.summary import (
    change_line,
    count,
    grouped_unchecked,
    level_counts,
    plural,
    verdict_detail,
)

_MAX_MESSAGE = 2000
_KUBERNETES = "Kubernetes "
_MAX_REASONS = 5  # groups of unchecked things shown without --verbose
_MAX_NAMES = 3  # names in each of them
_FINGERPRINT = 10  # digits of a fingerprint: enough to tell it from the report's others

_CODES = {
    Level.ERROR: "1;31",
    Level.WARNING: "1;33",
    Level.NOTE: "1;36",
    Verdict.PASS: "1;32",
    Verdict.BLOCKED: "1;31",
    Verdict.UNDECIDED: "1;35",
}
_BOLD, _DIM, _BLUE = "1", "2", "34"


def render(report: Report, *, color: bool, verbose: bool, width: int) -> str:
    """Write the report as text: findings by file with their lines, then what was not looked at, then the verdict."""
    return "\n".join(_Text(report, color=color, verbose=verbose, width=width).lines()) + "\n"


class _Text:
    """One rendering. Every text that comes from outside passes ``visible`` on its way into a line."""

    def __init__(self, report: Report, *, color: bool, verbose: bool, width: int) -> None:
        self.report = report
        self.color = color
        self.verbose = verbose
        self.width = max(width, 40)

    def paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.color and text else text

    def lines(self) -> list[str]:
        shown = [finding for finding in self.report.findings if self._is_shown(finding)]
        lines: list[str] = []
        for file, group in groupby(shown, key=lambda finding: finding.location.file):
            findings = list(group)
            counted = level_counts(f for f in findings if f.state is not State.WAIVED)
            head = self.paint(line_start(visible(file)), _BOLD)
            lines += [f"{head}  {self.paint(counted, _DIM)}" if counted else head, ""]
            for finding in findings:
                lines += [*self._finding(finding), ""]
        lines += self._hidden(len(self.report.findings) - len(shown))
        lines += self._dry_run()
        lines += self._stages()
        lines += self._schemas()
        lines += self._unchecked()
        lines += [self.paint(change_line(self.report), _DIM), self.paint(self._stats(), _DIM)]
        verdict = self.report.verdict
        lines.append(f"{self.paint(verdict.value, _CODES[verdict])}: {verdict_detail(self.report)}")
        return lines

    def _is_shown(self, finding: Finding) -> bool:
        return self.verbose or finding.state is not State.EXISTING or self.report.blocks(finding)

    def _finding(self, finding: Finding) -> list[str]:
        label = finding.level.value if finding.state is State.NEW else f"{finding.state.value} {finding.level.value}"
        code = _DIM if finding.state is State.WAIVED else _CODES[finding.level]
        message = visible(shorten(finding.message, _MAX_MESSAGE))
        lines = [f"  {self.paint(f'{label}[{visible(finding.rule)}]', code)}: {self.paint(message, _BOLD)}"]
        shown = self._source(finding)
        numbers = [line.number for line in shown if line.number is not None]
        gutter = max([len(str(number)) for number in numbers], default=1)
        pad = " " * (gutter + 3)
        lines.append(f"{pad[:-1]}{self.paint('-->', _BLUE)} {_place(finding.location)}")
        bar = self.paint("|", _BLUE)
        if shown:
            lines.append(f"{pad}{bar}")
        for line in shown:
            number = "" if line.number is None else str(line.number)
            lines.append(f"  {self.paint(number.rjust(gutter), _BLUE)} {bar} {line.text}".rstrip())
            if line.marker:
                lines.append(f"{pad}{bar} {self.paint(line.marker, code)}")
        for name, text in self._details(finding):
            first, *more = safe_lines(text)
            indent = " " * (len(name) + 4)
            lines.append(f"{pad}{self.paint('=', _BLUE)} {self.paint(f'{name}:', _BOLD)} {first}")
            lines += [f"{pad}{indent}{extra}".rstrip() for extra in more]
        return lines

    def _source(self, finding: Finding) -> list[Excerpt]:
        region = finding.location.region
        if region is None or (finding.state is State.WAIVED and not self.verbose):
            return []
        gutter = len(str(region.end_line)) + 5
        return excerpt(self.report.sources.get(finding.location.file, {}), region, self.width - gutter)

    def _details(self, finding: Finding) -> list[tuple[str, str]]:
        details: list[tuple[str, str]] = []
        about = [visible(str(finding.object))] if finding.object else []
        if finding.path:
            about.append(f"field {visible(shorten(format_path(finding.path), 300))}")
        if finding.target:
            about.append(f"target {visible(finding.target)}")
        if about:
            details.append(("object" if finding.object else "about", ", ".join(about)))
        if finding.location.region is None and finding.location.was is None:
            details.append(("note", "the place in the file is not known"))
        details.extend(
            ("see", f"{_place(related.location)}: {visible(shorten(related.message, _MAX_MESSAGE))}")
            for related in finding.related
        )
        if finding.waiver:
            waiver = finding.waiver
            details.append(
                ("waived", visible(f"until {waiver.expires} by {waiver.owner}: {shorten(waiver.reason, _MAX_MESSAGE)}"))
            )
        if finding.help and finding.state is not State.WAIVED:
            details.append(("help", shorten(finding.help, _MAX_MESSAGE)))
        if self.verbose and finding.fingerprint:
            details.append(("fingerprint", finding.fingerprint[:_FINGERPRINT]))
        return details

    def _hidden(self, hidden: int) -> list[str]:
        if not hidden:
            return []
        return [f"{plural(hidden, 'finding')} that the base has too, not shown (--verbose shows them)", ""]

    def _dry_run(self) -> list[str]:
        if self.report.dry_run is None:
            return []
        from gategit.report.dry_run_text import dry_run_lines  # noqa: PLC0415  most runs ask nobody

        return dry_run_lines(self.report.dry_run, self.paint, verbose=self.verbose)

    def _stages(self) -> list[str]:
        lines = []
        for result in self.report.stages:
            if result.status is StageStatus.ERROR:
                reason = visible(self._said_above(result) or result.reason or "it could not look at everything")
                lines.append(
                    f"{self.paint('could not look', _CODES[Verdict.UNDECIDED])}: {result.stage.value}: {reason}"
                )
            elif result.status is StageStatus.SKIPPED:
                lines.append(f"skipped: {result.stage.value}: {visible(result.reason or 'no reason given')}")
        return [*lines, ""] if lines else []

    def _said_above(self, result: StageResult) -> str:
        """Which finding says why a stage could not look, where it is shown; "" where none is."""
        why = next((one for one in result.findings if one.message == result.reason and self._is_shown(one)), None)
        return "" if why is None else f"{why.rule} in {why.location.file}, as above"

    def _schemas(self) -> list[str]:
        """Which schemas judged, with --verbose: of Kubernetes' own kinds their number says enough."""
        if not self.verbose or not self.report.schemas:
            return []
        lines = ["judged by these schemas:"]
        for origin, group in groupby(self.report.schemas, key=lambda use: use.origin):
            uses = list(group)
            if origin.startswith(_KUBERNETES):
                objects = plural(sum(use.objects for use in uses), "object")
                names = f"{objects} of {plural(len(uses), 'kind')}"
            else:
                names = ", ".join(f"{use.api_version} {use.kind} ({use.objects:,})" for use in uses)
            lines.append(f"  {line_start(visible(f'{origin}: {names}'))}")
        return [*lines, ""]

    def _unchecked(self) -> list[str]:
        groups = grouped_unchecked(self.report.unchecked)
        if not groups:
            return []
        lines = [f"not checked: {count(self.report).unchecked:,}"]
        limit = len(groups) if self.verbose else _MAX_REASONS
        for reason, names in list(groups.items())[:limit]:
            few = names if self.verbose else names[:_MAX_NAMES]
            more = f" and {len(names) - len(few):,} more" if len(names) > len(few) else ""
            lines.append(f"  {len(names):,}: {visible(reason)}")
            lines.append(f"      {line_start(', '.join(visible(name) for name in few))}{more}")
        if len(groups) > limit:
            rest = sum(len(names) for names in list(groups.values())[limit:])
            lines.append(f"  {rest:,} for {plural(len(groups) - limit, 'other reason')} (--verbose shows all)")
        return [*lines, ""]

    def _stats(self) -> str:
        stats = self.report.stats
        return (
            f"{plural(stats.documents, 'document')}, {plural(stats.objects, 'object')} in {stats.seconds:.2f} s"
            f" ({stats.cache_hits:,} from the cache)"
        )


def _place(location: Location) -> str:
    """``file:line:column``, or the file alone; of what is gone, its line in the base."""
    region = location.region
    where = visible(location.file)
    if location.was is not None:
        return f"{where} (line {location.was.line} of the base)"
    return where if region is None else f"{where}:{region.line}:{region.column}"
