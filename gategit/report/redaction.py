"""Keeping secrets out of reports: logs and artifacts are read by more people than the repository is."""

from __future__ import annotations

from dataclasses import replace

from gategit.model import Report


def without_secrets(report: Report) -> Report:
    """Take the lines of findings of sensitive rules out of the sources.

    They are taken out for every finding: the secret's line may be the context of another one.
    """
    secret: dict[str, set[int] | None] = {}
    for finding in report.findings:
        rule = report.rules.get(finding.rule)
        if rule is None or not rule.sensitive:
            continue
        region = finding.location.region
        numbers = secret.setdefault(finding.location.file, set())
        if region is None:
            secret[finding.location.file] = None  # it may be any line
        elif numbers is not None:
            numbers.update(range(region.line, region.end_line + 1))
    if not secret:
        return report
    sources = dict(report.sources)
    for file, hidden in secret.items():
        lines = sources.pop(file, {})
        if hidden is not None:
            sources[file] = {number: text for number, text in lines.items() if number not in hidden}
    return replace(report, sources=sources)
