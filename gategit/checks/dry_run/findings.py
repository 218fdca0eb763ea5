"""Outcomes of a dry run as findings at their fields' own lines, and as what the reports show of each object."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Literal

from gategit.checks.dry_run.differences import differences_of
from gategit.checks.dry_run.rules import API_WARNING, DRY_RUN_REJECTED, RULES
from gategit.checks.dry_run.shown import Masker, shown
from gategit.checks.dry_run.values import Outcome, Problem
from gategit.checks.policy.check import anchor, first_sentences
from gategit.manifests.manifest import Manifest
from gategit.model import DryRunOutcome, FieldPath, Finding, Location, Rule, Stage

Locate = Callable[[Manifest, FieldPath, Literal["key", "value"]], Location]
"""Finds the place of a manifest's field: its key or its value."""

_RULES: Final = {rule.id: rule for rule in RULES}
_SPEAK_FOR_THEMSELVES: Final = frozenset({DRY_RUN_REJECTED.id, API_WARNING.id})
_WRONG_NAME = re.compile("(?:unknown|duplicate) field ")
_SUBJECT = 300

# What differs from one run to the next, or with what else is in the cluster.
_CHANGING = re.compile(
    r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"
    r"|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)?"
    r"|\d+(?:\.\d+)*"
)
_FIELD_BEFORE = re.compile(r"\A\S+?(?:\[[^\]]*\]\S*?)*: ")


def findings(outcome: Outcome, locate: Locate, target: str | None) -> tuple[Finding, ...]:
    """A finding for each problem of an outcome, without a fingerprint; of a removed object at the base's place.

    Args:
        outcome: what came of one object change.
        locate: finds a field in the tree of the manifest: the head's, or the base's where the object is removed.
        target: the target's name, None where the repository has none.
    """
    return tuple(_finding(problem, outcome, locate, target) for problem in dict.fromkeys(outcome.problems))


def place(manifest: Manifest, locate: Locate) -> Location:
    """Where an object stands, for what is said of all of it."""
    return locate(manifest, *anchor(manifest.data, ()))


def outcome_view(outcome: Outcome, locate: Locate, target: str | None, masker: Masker) -> DryRunOutcome:
    """What the reports show of an outcome.

    Args:
        outcome: what came of one object change.
        locate: as for ``findings``.
        target: the target's name, None where the repository has none.
        masker: hides the values of Secrets; the same one for the whole run.
    """
    manifest = outcome.change.manifest
    after = outcome.after if outcome.live is not None else manifest.data
    return DryRunOutcome(
        object=manifest.ref,
        result=outcome.result,
        location=place(manifest, locate),
        target=target,
        reason=outcome.reason,
        manager=outcome.manager,
        differences=shown(manifest.kind, differences_of(outcome), masker, old=outcome.live, new=after),
    )


def _finding(problem: Problem, outcome: Outcome, locate: Locate, target: str | None) -> Finding:
    manifest = outcome.change.manifest
    rule = _RULES.get(problem.rule, DRY_RUN_REJECTED)
    return Finding(
        rule=rule.id,
        stage=Stage.DRY_RUN,
        level=problem.level or rule.level,
        message=problem.message,
        location=locate(manifest, *_place(manifest, problem)),
        help=problem.help or ("" if rule.id in _SPEAK_FOR_THEMSELVES else first_sentences(rule.help)),
        object=manifest.ref,
        path=problem.path,
        subject=_subject(rule, problem),
        target=target,
        units=manifest.source.units,
    )


def _place(manifest: Manifest, problem: Problem) -> tuple[FieldPath, Literal["key", "value"]]:
    """Where to underline: the name of a field that should not be there, and of any other what stands there."""
    place, on = anchor(manifest.data, problem.path)
    return place, "key" if place == problem.path and _WRONG_NAME.match(problem.message) else on


def _subject(rule: Rule, problem: Problem) -> str:
    """What tells two problems of a field apart, without numbers, uids and times, and without the field's indices."""
    if rule.undecided:
        return ""
    words = _FIELD_BEFORE.sub("", problem.message) if problem.path else problem.message
    return _CHANGING.sub("#", words)[:_SUBJECT]
