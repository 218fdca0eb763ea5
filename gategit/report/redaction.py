"""Keeping secrets out of reports: logs and artifacts are read by more people than the repository is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from gategit.manifests.secrecy import is_secret
from gategit.model import DryRun, DryRunDifference, DryRunOutcome, Effect, EffectObject, Finding, Report, format_path
from gategit.report.effect_view import HIDDEN

_HIDDEN = "(not shown: a finding says that a secret stands here)"
_INDEX = re.compile(r"\[\d+\]")


def without_secrets(report: Report) -> Report:
    """Take out of a report what findings of sensitive rules are about: lines, the values of the dry run and the effect.

    The lines are taken out for every finding: the secret's line may be the context of another one. So are the lines of
    findings about the values of a Secret, whatever the rule; of those the dry run shows no more than a hash.
    """
    sensitive = [
        found for found in report.findings if found.rule in report.rules and report.rules[found.rule].sensitive
    ]
    values = [found for found in report.findings if found.object and is_secret(found.object.kind, found.path)]
    if not sensitive and not values:
        return report
    dry_run = None if report.dry_run is None else _without_values(report.dry_run, sensitive)
    effect = None if report.effect is None else _effect_without_values(report.effect, sensitive)
    sources = _without_lines(report.sources, (*sensitive, *values))
    return replace(report, sources=sources, dry_run=dry_run, effect=effect)


def _without_lines(
    sources: Mapping[str, Mapping[int, str]], sensitive: Iterable[Finding]
) -> dict[str, Mapping[int, str]]:
    secret: dict[str, set[int] | None] = {}
    for finding in sensitive:
        region = finding.location.region
        numbers = secret.setdefault(finding.location.file, set())
        if region is None:
            secret[finding.location.file] = None  # it may be any line
        elif numbers is not None:
            numbers.update(range(region.line, region.end_line + 1))
    kept = dict(sources)
    for file, hidden in secret.items():
        lines = kept.pop(file, {})
        if hidden is not None:
            kept[file] = {number: text for number, text in lines.items() if number not in hidden}
    return kept


def _without_values(dry_run: DryRun, sensitive: Iterable[Finding]) -> DryRun:
    """Hide the values at and around the fields of the findings, in the objects of the same file, kind and name.

    Indices are not compared: an item may stand elsewhere in the live list.
    """
    paths: dict[tuple[str, str, str], set[str]] = {}
    for finding in sensitive:
        obj = finding.object
        key = (finding.location.file, obj.kind, obj.name) if obj else (finding.location.file, "", "")
        paths.setdefault(key, set()).add(_INDEX.sub("", format_path(finding.path)))
    return replace(dry_run, outcomes=tuple(_without_values_of(outcome, paths) for outcome in dry_run.outcomes))


def _without_values_of(outcome: DryRunOutcome, paths: Mapping[tuple[str, str, str], set[str]]) -> DryRunOutcome:
    file = outcome.location.file
    secret = paths.get((file, outcome.object.kind, outcome.object.name), set()) | paths.get((file, "", ""), set())
    if not secret:
        return outcome
    return replace(outcome, differences=tuple(_without_value(one, secret) for one in outcome.differences))


def _effect_without_values(effect: Effect, sensitive: Iterable[Finding]) -> Effect:
    """Hide the values at and around the fields of the findings, in objects of the same kind and name.

    Files are not compared: a finding stands where the value is set, which may be a patch.
    """
    paths: dict[tuple[str, str], set[str]] = {}
    files: set[str] = set()
    for finding in sensitive:
        if finding.object is None:
            files.add(finding.location.file)
        else:
            key = finding.object.kind, finding.object.name
            paths.setdefault(key, set()).add(_INDEX.sub("", format_path(finding.path)))

    def hidden(one: EffectObject) -> EffectObject:
        secret = paths.get((one.object.kind, one.object.name), set())
        if any(place is not None and place.file in files for place in (one.old, one.new)):
            secret = {""}
        if not secret:
            return one
        fields = (replace(field, difference=_without_value(field.difference, secret, HIDDEN)) for field in one.fields)
        return replace(one, fields=tuple(fields))

    return replace(effect, objects=tuple(map(hidden, effect.objects)))


def _without_value(difference: DryRunDifference, secret: Iterable[str], hidden: str = _HIDDEN) -> DryRunDifference:
    path = _INDEX.sub("", difference.path)
    if not any(_is_within(path, other) or _is_within(other, path) for other in secret):
        return difference
    return replace(
        difference,
        old=None if difference.old is None else hidden,
        new=None if difference.new is None else hidden,
    )


def _is_within(path: str, other: str) -> bool:
    """Whether a path is another one or lies below it."""
    return not other or path == other or path.startswith((f"{other}.", f"{other}["))
