"""Waivers: named, dated, reasoned exceptions. They hide nothing: a waived finding is reported as waived.

gategit/waivers_format.py describes the file, and is imported when there is one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from gategit.globs import name_pattern, path_matcher
from gategit.model import AppliedWaiver, Finding, Level, Location, ObjectRef, Rule, Stage, State

EXPIRED = Rule(
    id="waiver-expired",
    level=Level.WARNING,
    stage=Stage.POLICY,
    summary="A waiver that has expired excepts nothing any more.",
    rationale=(
        "A waiver is a promise to mend something by a date. When the date has passed, the findings count again, "
        "and the waiver is a line that says something untrue."
    ),
    help=(
        "Mend what the waiver was for and delete it. Where the exception is still needed, have its owner agree to a "
        "new date and write it in `expires`."
    ),
    waivable=False,
)

UNUSED = Rule(
    id="waiver-unused",
    level=Level.NOTE,
    stage=Stage.POLICY,
    summary="A waiver should except something.",
    rationale=(
        "A waiver that no finding needs is left over from something that was mended, or it has a slip of the pen and "
        "excepts nothing. Left over, it would silently except the next finding like it."
    ),
    help="Delete the waiver, or correct its rule, object, paths or target.",
    waivable=False,
)

RULES: tuple[Rule, ...] = (EXPIRED, UNUSED)
"""The rules about waivers themselves."""

MAX_WAIVERS = 10_000
"""More waivers than this are no list of exceptions any more."""


@dataclass(frozen=True, slots=True)
class ObjectSelector:
    """Globs on the parts of what names an object; None matches anything, also where a finding is about no object."""

    api_version: str | None = None
    kind: str | None = None
    namespace: str | None = None
    name: str | None = None

    def matches(self, ref: ObjectRef | None) -> bool:
        """Whether every part that is given matches. A namespace that a manifest does not name matches none."""
        wanted = (self.api_version, self.kind, self.namespace, self.name)
        found = (ref.api_version, ref.kind, ref.namespace, ref.name) if ref else (None,) * 4
        return all(
            pattern is None or (value is not None and name_pattern(pattern).match(value) is not None)
            for pattern, value in zip(wanted, found, strict=True)
        )


@dataclass(frozen=True, slots=True)
class Waiver:
    """One exception.

    Attributes:
        rule: the rule's id.
        owner: who answers for it.
        reason: why.
        expires: the last day on which it holds.
        object: which objects.
        paths: path patterns; () is every file.
        target: a glob on the target's name, or None.
        location: where it stands in the waivers file.
    """

    rule: str
    owner: str
    reason: str
    expires: date
    object: ObjectSelector
    paths: tuple[str, ...]
    target: str | None
    location: Location

    def matches(self, finding: Finding) -> bool:
        """Whether the finding is what this waiver excepts, its date and the rule's own nature aside."""
        if finding.rule != self.rule or not self.object.matches(finding.object):
            return False
        if self.paths and not path_matcher(self.paths)(finding.location.file):
            return False
        if self.target is None:
            return True
        return finding.target is not None and name_pattern(self.target).match(finding.target) is not None

    def holds(self, today: date) -> bool:
        """Whether it has not expired."""
        return today <= self.expires


@dataclass(frozen=True, slots=True)
class WaiverOutcome:
    """What waivers did to a run's findings.

    Attributes:
        findings: the same findings in the same order, waived ones marked.
        problems: findings about the waivers themselves (`waiver-expired`, `waiver-unused`).
        expired: the waivers that no longer hold.
        unused: the waivers that hold and except nothing.
    """

    findings: tuple[Finding, ...]
    problems: tuple[Finding, ...]
    expired: tuple[Waiver, ...]
    unused: tuple[Waiver, ...]


def load_waivers(text: bytes, file: str) -> tuple[Waiver, ...]:
    """Read a waivers file.

    Args:
        text: its bytes; they may come from an untrusted tree.
        file: its path, for messages and findings.

    Raises:
        ConfigError: the file does not decode or does not fit; names the file, the line and the key.
    """
    from gategit.settings import read_settings  # noqa: PLC0415  a run without waivers does not pay for it
    from gategit.waivers_format import DESCRIPTION  # noqa: PLC0415  the same

    settings = read_settings(text, file, DESCRIPTION)
    entries = settings.data.get("waivers", [])
    if len(entries) > MAX_WAIVERS:
        raise settings.error(("waivers",), f"waivers has {len(entries)} entries; at most {MAX_WAIVERS} are read")
    return tuple(
        _waiver(entry, Location(file, settings.region(("waivers", index)))) for index, entry in enumerate(entries)
    )


def _waiver(data: Mapping[str, Any], location: Location) -> Waiver:
    selector = data.get("object", {})
    return Waiver(
        rule=data["rule"],
        owner=data["owner"].strip(),
        reason=data["reason"].strip(),
        expires=date.fromisoformat(data["expires"]),
        object=ObjectSelector(
            selector.get("apiVersion"), selector.get("kind"), selector.get("namespace"), selector.get("name")
        ),
        paths=tuple(data.get("paths", ())),
        target=data.get("target"),
        location=location,
    )


def apply_waivers(
    findings: Iterable[Finding],
    waivers: Sequence[Waiver],
    today: date,
    rules: Mapping[str, Rule],
    *,
    complete: bool = True,
) -> WaiverOutcome:
    """Mark what is excepted, and say which waivers are of no use.

    A waiver that has expired excepts nothing. A finding of a rule that is not waivable, or that ``rules`` does not
    know, is never excepted. Where several waivers match, the one that holds longest is named.

    Args:
        findings: what was found, new and existing.
        waivers: the exceptions.
        today: the day on which the run is judged.
        rules: every finding's rule by id.
        complete: whether everything that the waivers may be about was looked at. In a run that looked at a change
            only, a waiver that excepts nothing may still be needed: it is not reported.
    """
    by_rule: dict[str, list[int]] = {}
    for index, waiver in enumerate(waivers):
        by_rule.setdefault(waiver.rule, []).append(index)
    uses = [0] * len(waivers)
    marked = []
    for finding in findings:
        rule = rules.get(finding.rule)
        matching = [index for index in by_rule.get(finding.rule, ()) if waivers[index].matches(finding)]
        if rule is None or not rule.waivable:
            matching = []
        for index in matching:
            uses[index] += 1
        holding = [waivers[index] for index in matching if waivers[index].holds(today)]
        marked.append(_waived(finding, max(holding, key=_expiry)) if holding else finding)
    expired = [(waiver, count) for waiver, count in zip(waivers, uses, strict=True) if not waiver.holds(today)]
    unused = [waiver for waiver, count in zip(waivers, uses, strict=True) if waiver.holds(today) and not count]
    problems = [_expired_finding(waiver, count) for waiver, count in expired]
    if complete:
        problems += [_unused_finding(waiver, rules.get(waiver.rule)) for waiver in unused]
    return WaiverOutcome(
        findings=tuple(marked),
        problems=tuple(problems),
        expired=tuple(waiver for waiver, _ in expired),
        unused=tuple(unused),
    )


def _expiry(waiver: Waiver) -> date:
    return waiver.expires


def _waived(finding: Finding, waiver: Waiver) -> Finding:
    applied = AppliedWaiver(owner=waiver.owner, reason=waiver.reason, expires=waiver.expires.isoformat())
    return replace(finding, state=State.WAIVED, waiver=applied)


def _expired_finding(waiver: Waiver, uses: int) -> Finding:
    if uses:
        counted = "the finding that it excepted counts" if uses == 1 else f"the {uses} findings that it excepted count"
        now, mend = f"{counted} again", f"mend what it was for, or have {waiver.owner} agree to a new date"
    else:
        now, mend = "it excepts nothing", "delete it"
    return _finding(EXPIRED, waiver, f"the waiver for {waiver.rule} expired on {waiver.expires}: {now}", mend)


def _unused_finding(waiver: Waiver, rule: Rule | None) -> Finding:
    if rule is not None and not rule.waivable:
        return _finding(UNUSED, waiver, f"no waiver can except {waiver.rule}", "delete it, and mend what it was for")
    return _finding(
        UNUSED, waiver, f"the waiver for {waiver.rule} excepts nothing", "delete it, or correct what it matches"
    )


def _finding(rule: Rule, waiver: Waiver, message: str, mend: str) -> Finding:
    parts = (waiver.object.api_version, waiver.object.kind, waiver.object.namespace, waiver.object.name)
    subject = "|".join([waiver.rule, *(part or "" for part in parts), *waiver.paths, waiver.target or ""])
    return Finding(
        rule=rule.id,
        stage=rule.stage,
        level=rule.level,
        message=message,
        location=waiver.location,
        help=mend,
        subject=subject,
    )
