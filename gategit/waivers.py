"""Waivers: named, dated, reasoned exceptions. They hide nothing: a waived finding is reported as waived.

They stand in the waivers file, which gategit/waivers_format.py describes, or in comments of manifests, which
gategit/inline_waivers.py reads. Both modules are imported when there is something for them to read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from gategit.globs import name_pattern, path_matcher
from gategit.model import AppliedWaiver, Finding, Level, Location, ObjectRef, Rule, Stage, State
from gategit.nearest import did_you_mean

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

EXPIRING = Rule(
    id="waiver-expiring",
    level=Level.WARNING,
    stage=Stage.POLICY,
    summary="A waiver that will expire within 14 days wants a decision.",
    rationale=(
        "On the day after its date the findings that a waiver excepts block again, most likely in a pull request of "
        "somebody who has never heard of it. The warning comes while there is time to mend them in peace."
    ),
    help=(
        "Mend what the waiver is for and delete it, or have its owner agree to a new date. A run warns of the waivers "
        "that it needed."
    ),
)

MALFORMED = Rule(
    id="waiver-malformed",
    level=Level.WARNING,
    stage=Stage.POLICY,
    summary="A waiver must be one that can be read: known rules, a date within a year, a reason, a place.",
    rationale=(
        "A waiver with a slip of the pen excepts nothing, and whoever wrote it believes that it does. One without an "
        "end or a reason is no exception but a rule switched off."
    ),
    help=(
        "Write `# gategit: waive RULE by OWNER until 2027-01-31 -- REASON`, several rules with commas between them, at "
        "the end of the field's line or on a line of its own directly above it. `gategit waive` writes it for you."
    ),
    waivable=False,
)

ADDED = Rule(
    id="waiver-added",
    level=Level.NOTE,
    stage=Stage.POLICY,
    summary="A waiver that a change brings along does not count for that change.",
    rationale=(
        "Whoever opens a pull request could otherwise except themselves from any rule. A reviewer should see each new "
        "waiver for itself: who owns it, why, and until when."
    ),
    help=(
        "Nothing needs mending where the waiver is meant. It counts once it is merged, so merge it first, in a change "
        "of its own."
    ),
    waivable=False,
)

RULES: tuple[Rule, ...] = (EXPIRED, UNUSED, EXPIRING, MALFORMED, ADDED)
"""The rules about waivers themselves."""

MAX_WAIVERS = 10_000
"""More waivers than this are no list of exceptions any more."""

INLINE_MARK = b"gategit:"
"""What a file with waivers in comments holds. A file without it costs this one search."""

LONGEST = timedelta(days=366)
"""How far ahead a waiver may reach that is in a comment, or that ``gategit waive`` writes."""

_SOON = timedelta(days=14)


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
class Scope:
    """What a waiver in a comment is about.

    Attributes:
        first: the first line of its file that it covers.
        last: the last one.
        object: the object that the lines belong to; None where they belong to none, or to several.
        identity: names the waiver and its place without line numbers: equal in two versions of a file where the same
            waiver stands at the same field of the same object.
        removed: True for one in a file of the base, which is about an object that the change removes.
    """

    first: int
    last: int
    object: ObjectRef | None
    identity: str
    removed: bool = False

    def covers(self, finding: Finding) -> bool:
        """Whether a finding in the waiver's file stands on its lines, and is about its object."""
        region = finding.location.region
        if region is None or not self.first <= region.line <= self.last:
            return False
        if self.object is None or finding.object is None:
            return True
        if finding.units:
            # What builds the object may give it another name and namespace; the lines say whose it is.
            return _same_kind(self.object, finding.object)
        return _same_object(self.object, finding.object)


def _same_object(one: ObjectRef, other: ObjectRef) -> bool:
    """Whether two references name the same object, maybe in two versions of its API."""
    return _same_kind(one, other) and (one.namespace, one.name) == (other.namespace, other.name)


def _same_kind(one: ObjectRef, other: ObjectRef) -> bool:
    groups = (one.api_version.rpartition("/")[0], other.api_version.rpartition("/")[0])
    return groups[0] == groups[1] and one.kind == other.kind


@dataclass(frozen=True, slots=True)
class Waiver:
    """One exception.

    Attributes:
        rule: the rule's id.
        owner: who answers for it; "" for one in a comment that leaves it to the owners of the file.
        reason: why.
        expires: the last day on which it holds.
        object: which objects.
        paths: path patterns; () is every file.
        target: a glob on the target's name, or None.
        location: where it stands: in the waivers file, or in the file that it is about.
        scope: for one in a comment, what it is about; None for an entry of the waivers file.
    """

    rule: str
    owner: str
    reason: str
    expires: date
    object: ObjectSelector
    paths: tuple[str, ...]
    target: str | None
    location: Location
    scope: Scope | None = None

    def matches(self, finding: Finding) -> bool:
        """Whether the finding is what this waiver excepts, its date and the rule's own nature aside."""
        if finding.rule != self.rule:
            return False
        if self.scope is not None:
            return finding.location.file == self.location.file and self.scope.covers(finding)
        if not self.object.matches(finding.object):
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
        problems: findings about the waivers themselves, as ``RULES`` describes them.
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


@dataclass(frozen=True, slots=True)
class WaiverContext:
    """What a run's waivers are judged by.

    Attributes:
        today: the day on which the run is judged.
        rule: looks a rule up, with the config's say on whether it is waivable; None where no rule has the id.
        rule_ids: the rules' ids, for the nearest to one that is not there; asked for only then.
        complete: whether everything that the waivers file may be about was looked at. In a run that looked at a
            change only, an entry that excepts nothing may still be needed: it is not reported.
        judged: whether a rule was asked of everything that a waiver in a comment of a judged file is about.
        is_gone: whether a finding is about an object that the change removes, and so stands in a file of the base.
    """

    today: date
    rule: Callable[[str], Rule | None]
    rule_ids: Callable[[], Collection[str]]
    complete: bool = True
    judged: Callable[[str], bool] = lambda _: True
    is_gone: Callable[[Finding], bool] = lambda _: False

    def can_waive(self, rule_id: str) -> bool:
        """Whether there is such a rule and a waiver may except it; those about waivers are excepted by none."""
        rule = self.rule(rule_id)
        return rule is not None and rule.waivable and rule.id not in _OWN_IDS

    def matches(self, waiver: Waiver, finding: Finding) -> bool:
        """Whether the finding is what a waiver excepts; lines of a comment's file are compared on its own side only."""
        if not waiver.matches(finding):
            return False
        return waiver.scope is None or waiver.scope.removed == self.is_gone(finding)


_OWN_IDS = frozenset(rule.id for rule in RULES)


def apply_waivers(
    findings: Iterable[Finding], waivers: Sequence[Waiver], context: WaiverContext, added: Sequence[Waiver] = ()
) -> WaiverOutcome:
    """Mark what is excepted, and say which waivers are of no use.

    A waiver that has expired excepts nothing, nor does one in a comment that reaches too far ahead. A finding of a
    rule that is not waivable, or that is not known, is never excepted. Where several waivers match, the one that
    holds longest is named.

    Args:
        findings: what was found, new and existing.
        waivers: the exceptions that count.
        context: the day, the rules, and what the run looked at.
        added: waivers that the change brings along: they except nothing yet, and are reported.
    """
    counting, coming = _by_place(waivers), _by_place(added)
    uses = [_Uses() for _ in waivers]
    marked = []
    for finding in findings:
        places = ((finding.rule, None), (finding.rule, finding.location.file))
        matching = [
            index for place in places for index in counting.get(place, ()) if context.matches(waivers[index], finding)
        ]
        likely = [added[index] for place in places for index in coming.get(place, ())]
        able = bool(matching or likely) and context.can_waive(finding.rule)
        holding = [index for index in matching if able and _counts(waivers[index], context.today)]
        best = max(holding, key=lambda index: waivers[index].expires, default=None)
        for index in matching:
            uses[index].matched += 1
            uses[index].decided += best is None or index == best
        if best is not None:
            marked.append(_waived(finding, waivers[best]))
        elif able and any(_counts(one, context.today) and context.matches(one, finding) for one in likely):
            marked.append(_after_the_merge(finding))
        else:
            marked.append(finding)
    problems: list[Finding] = []
    for waiver, used in zip(waivers, uses, strict=True):
        problems += _problems(waiver, used, context)
    for waiver in added:
        problems += _flaws(waiver, _Uses(), context) or _added_findings(waiver, context.today)
    holds = [waiver.holds(context.today) for waiver in waivers]
    return WaiverOutcome(
        findings=tuple(marked),
        problems=tuple(problems),
        expired=tuple(waiver for waiver, valid in zip(waivers, holds, strict=True) if not valid),
        unused=tuple(
            waiver for waiver, valid, used in zip(waivers, holds, uses, strict=True) if valid and not used.matched
        ),
    )


def _by_place(waivers: Iterable[Waiver]) -> dict[tuple[str, str | None], list[int]]:
    """Where each waiver stands in the list, by rule and, for one in a comment, by its file: there may be thousands."""
    found: dict[tuple[str, str | None], list[int]] = {}
    for index, waiver in enumerate(waivers):
        place = (waiver.rule, None if waiver.scope is None else waiver.location.file)
        found.setdefault(place, []).append(index)
    return found


@dataclass(slots=True)
class _Uses:
    """How many findings a waiver matches, and for how many of them it decides: no other one holds, or holds longer."""

    matched: int = 0
    decided: int = 0


def new_in(waivers: Iterable[Waiver], known: Iterable[Waiver], identity: Callable[[Waiver], str]) -> list[Waiver]:
    """The waivers that are not among the known ones.

    Where the same one stands more often than it is known, none of them is known: which is the copy cannot be told.
    """
    counts = Counter(identity(waiver) for waiver in known)
    listed = list(waivers)
    wanted = Counter(identity(waiver) for waiver in listed)
    return [waiver for waiver in listed if wanted[identity(waiver)] > counts[identity(waiver)]]


def entry_identity(waiver: Waiver) -> str:
    """What makes an entry of the waivers file the same in two versions of the file: everything but its place."""
    return repr(replace(waiver, location=Location("")))


def inline_identity(waiver: Waiver) -> str:
    """What makes a waiver in a comment the same in two versions of a file."""
    return waiver.scope.identity if waiver.scope is not None else ""


def _counts(waiver: Waiver, today: date) -> bool:
    return waiver.holds(today) and not _too_far(waiver, today)


def _too_far(waiver: Waiver, today: date) -> bool:
    """Whether a waiver in a comment reaches too far ahead; an entry of the waivers file has a file of reviewers."""
    return waiver.scope is not None and waiver.expires > today + LONGEST


def _waived(finding: Finding, waiver: Waiver) -> Finding:
    applied = AppliedWaiver(
        owner=waiver.owner,
        reason=waiver.reason,
        expires=waiver.expires.isoformat(),
        inline=waiver.scope is not None,
    )
    return replace(finding, state=State.WAIVED, waiver=applied)


def _after_the_merge(finding: Finding) -> Finding:
    note = "this change brings a waiver for it along, which counts after the merge: merge the waiver first"
    return replace(finding, help=f"{finding.help}\n{note}" if finding.help else note)


def _problems(waiver: Waiver, uses: _Uses, context: WaiverContext) -> list[Finding]:
    """What is wrong with a waiver that counts, or would if nothing were."""
    flaws = _flaws(waiver, uses, context)
    if flaws:
        return flaws
    if not waiver.holds(context.today):
        return [_expired_finding(waiver, uses.decided)]
    looked = context.complete if waiver.scope is None else context.judged(waiver.rule)
    if not uses.matched and looked and context.judged(waiver.rule):
        mend = "delete it, or correct what it matches" if waiver.scope is None else "delete it, or put it at its field"
        return [_finding(UNUSED, waiver, f"the waiver for {waiver.rule} excepts nothing", mend)]
    if waiver.expires <= context.today + _SOON and uses.decided:
        return [_expiring_finding(waiver, uses.decided, context.today)]
    return []


def _flaws(waiver: Waiver, uses: _Uses, context: WaiverContext) -> list[Finding]:
    """Why a waiver can never except anything."""
    rule = context.rule(waiver.rule)
    if rule is None:
        near = did_you_mean(waiver.rule, context.rule_ids())
        message = f"the waiver names {waiver.rule}, and there is no such rule{near}"
        return [_finding(MALFORMED, waiver, message, "a finding shows its rule's id; gategit explain RULE explains it")]
    if not context.can_waive(waiver.rule) and (uses.matched or waiver.scope is not None or context.complete):
        mend = "delete it, and mend what it was for"
        return [_finding(UNUSED, waiver, f"no waiver can except {waiver.rule}", mend)]
    if _too_far(waiver, context.today):
        message = f"the waiver for {waiver.rule} ends on {waiver.expires}, more than {LONGEST.days} days ahead"
        mend = f"choose a day up to {context.today + LONGEST}: until then it excepts nothing"
        return [_finding(MALFORMED, waiver, message, mend)]
    return []


def _expired_finding(waiver: Waiver, uses: int) -> Finding:
    if uses:
        counted = "the finding that it excepted counts" if uses == 1 else f"the {uses} findings that it excepted count"
        now, mend = f"{counted} again", f"mend what it was for, or have {waiver.owner} agree to a new date"
    else:
        now, mend = "it excepts nothing", "delete it"
    return _finding(EXPIRED, waiver, f"the waiver for {waiver.rule} expired on {waiver.expires}: {now}", mend)


def _expiring_finding(waiver: Waiver, uses: int, today: date) -> Finding:
    left = (waiver.expires - today).days
    when = {0: "today", 1: "tomorrow"}.get(left, f"in {left} days")
    found = "1 finding" if uses == 1 else f"{uses} findings"
    message = f"the waiver for {waiver.rule} ends {when}, on {waiver.expires}: {found} will count again"
    return _finding(EXPIRING, waiver, message, f"mend what it is for, or have {waiver.owner} agree to a new date")


def _added_findings(waiver: Waiver, today: date) -> list[Finding]:
    """Say that a comment is new; of the waivers file's entries `gate-changed` says it."""
    if not waiver.holds(today):
        return [_expired_finding(waiver, 0)]
    if waiver.scope is None:
        return []
    message = f"this change adds a waiver for {waiver.rule} by {waiver.owner} until {waiver.expires}: {waiver.reason}"
    return [_finding(ADDED, waiver, message, "it counts after the merge; nothing needs mending where it is meant")]


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
        subject=subject if waiver.scope is None else f"{waiver.rule}|{waiver.scope.identity}",
    )
