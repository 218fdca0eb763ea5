"""What the gate would say of a change if the change's own config and policies were in force already.

The policies of the preview are the pull request's: they run in workers of their own, with tighter limits than those
that decide, and whatever they say or do ends in notes that block nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gategit import rules
from gategit.checks.policy.load import PolicyInfo
from gategit.checks.policy.worker_process import Limits
from gategit.ci_event import EventKind
from gategit.config import CONFIG_FILE
from gategit.disk import show_path
from gategit.errors import ConfigError, GategitError
from gategit.gate_changes import GATE_PREVIEW
from gategit.judging import Judging
from gategit.manifests.manifest import Role
from gategit.model import Finding, Level, Location, Region, Stage
from gategit.policing import Touched

if TYPE_CHECKING:
    from gategit.change import ObjectChange
    from gategit.repository import Trees
    from gategit.request import Request
    from gategit.side import Facts, Side
    from gategit.trusted import Trusted

MOST_NOTES = 50
"""Notes that are shown one by one; the rest is counted."""

LIMITS = Limits(seconds=2.0, memory=512 << 20, cpu=30, total=30.0)
"""What the policies of a preview may use up."""

_LONGEST = 600


@dataclass(frozen=True, slots=True)
class Judged:
    """What the run has judged, so that the preview judges the same.

    Attributes:
        head: the side after the change.
        base: the side before it.
        paths: the head's files that the change touches.
        changes: what it does to objects.
        facts: what the head's files declare.
        touched: the objects that it touches, by kind and namespace.
        findings: what the gate says of them.
    """

    head: Side
    base: Side | None
    paths: Sequence[str]
    changes: Sequence[ObjectChange]
    facts: Facts
    touched: Touched
    findings: Sequence[Finding]


@dataclass(frozen=True, slots=True)
class Preview:
    """What the preview has to say, and what the policies after the merge declare, by file."""

    notes: tuple[Finding, ...] = ()
    policies: Mapping[str, PolicyInfo] = field(default_factory=dict)


def preview(  # noqa: PLR0913, PLR0917  what is asked, the trees, both sides of the gate, and what was judged
    request: Request,
    trees: Trees,
    before: Trusted,
    after: Trusted,
    judged: Judged,
    named: Callable[[Iterable[Finding]], list[Finding]],
) -> Preview:
    """Judge what the run has judged by the config, policies and waivers as they would be after the merge.

    Args:
        request: what the run is asked.
        trees: the trees of the run.
        before: what steers the gate now.
        after: what would steer it.
        judged: what the run has judged.
        named: gives findings their fingerprints.
    """
    scene = _Preview(before, after, judged)
    if not scene.may_run(trees):
        text = "the new policies are not tried out: for the event pull_request_target only code of the base is run"
        return Preview((_note(text, Location(after.config.file or CONFIG_FILE)),))
    quiet = replace(request, use_cache=False, jobs=1, target=None, stages=frozenset({Stage.POLICY}))
    policies: dict[str, PolicyInfo] = {}
    secret = frozenset(rule.id for rule in rules.check_rules().values() if rule.sensitive)
    try:
        with Judging(quiet, trees, after, LIMITS) as judging:
            loaded = judging.policing.choice.general.policies
            policies = {info.source.path: info for info in loaded if not info.source.is_builtin}
            secret |= {info.id for info in loaded if info.sensitive}
            found = named(_judge(judging, judged))
    except GategitError as error:
        return Preview((*_bounded(scene.notes((), secret)), _failed(error)), policies)
    return Preview(tuple(_bounded(scene.notes(found, secret))), policies)


def _judge(judging: Judging, judged: Judged) -> list[Finding]:
    head = judged.head
    files = [head.file(path) for path in judged.paths]
    states = [(file, manifest) for file in files if file.role is Role.MANIFEST for manifest in file.manifests]
    return [
        *judging.policing.check_states(states),
        *judging.policing.check_changes(judged.changes, judged.base, head, judged.facts),
        *judging.policing.check_surroundings(head, judged.facts, set(judged.paths), judged.touched),
    ]


class _Preview:
    """The gate before and after the merge, on the same objects."""

    def __init__(self, before: Trusted, after: Trusted, judged: Judged) -> None:
        self._before = before
        self._after = after
        self._judged = judged
        self._today = datetime.now(UTC).date()

    def may_run(self, trees: Trees) -> bool:
        """Whether new policies may be run: not where the job holds secrets that their author must not have.

        For pull_request_target, the workflow and its secrets are the base's, and nothing else of the head is run.
        """
        if trees.event is None or trees.event.kind is not EventKind.PULL_REQUEST_TARGET:
            return True
        return _own_policies(self._before) == _own_policies(self._after)

    def notes(self, found: Iterable[Finding], secret: frozenset[str]) -> Iterator[Finding]:
        """What would be said after the merge, and is not said, or weighs less, today.

        Args:
            found: what the policies of the preview say.
            secret: rules whose lines no report may show.
        """
        today: dict[str, int] = {}
        for finding in self._judged.findings:
            today[finding.fingerprint] = max(self._weight(self._before, finding), today.get(finding.fingerprint, 0))
        included = self._after.config.path_filter()
        # What today's policies say counts for nothing here: tomorrow's have been asked.
        others = (finding for finding in self._judged.findings if finding.stage is not Stage.POLICY)
        for finding in (*found, *others):
            weight = self._weight(self._after, finding)
            if weight > today.get(finding.fingerprint, 0) and included(finding.location.file):
                note = _translated(finding, self._level(self._after, finding) or finding.level)
                # A place without a line shows none; the rule of all notes is the same, whatever they are about.
                if finding.rule in secret:
                    note = replace(note, location=Location(note.location.file), related=())
                yield note

    def _level(self, trusted: Trusted, finding: Finding) -> Level | None:
        settings = trusted.config.policies
        return settings.level_of(finding.rule, finding.level, finding.location.file, finding.target)

    def _weight(self, trusted: Trusted, finding: Finding) -> int:
        """How much a finding counts: 0 where it is off or excepted, else more for a higher level."""
        level = self._level(trusted, finding)
        if level is None:
            return 0
        is_excepted = any(waiver.matches(finding) and waiver.holds(self._today) for waiver in trusted.waivers)
        return 0 if is_excepted else level.rank + 1


def _own_policies(trusted: Trusted) -> set[tuple[str, bytes | None]]:
    return {(source.id, source.content) for source in trusted.policy_sources(frozenset()) if not source.is_builtin}


def _translated(finding: Finding, level: Level) -> Finding:
    message = f"after the merge {finding.rule} ({level.value}) would say: {finding.message}"
    return replace(
        finding,
        rule=GATE_PREVIEW.id,
        stage=GATE_PREVIEW.stage,
        level=GATE_PREVIEW.level,
        message=message if len(message) <= _LONGEST else f"{message[: _LONGEST - 1]}…",
        help=finding.help or GATE_PREVIEW.help,
        subject=f"{finding.rule} {finding.subject}",
        fingerprint="",
        advisory=True,
    )


def _failed(error: GategitError) -> Finding:
    """The preview came to no end: why, where the error says it is."""
    text = f"after the merge the gate could not judge: {error.message}"
    if not isinstance(error, ConfigError):
        return _note(text, Location(CONFIG_FILE), error.hint)
    region = Region(error.line, error.column or 1, error.line, (error.column or 1) + 1) if error.line else None
    return _note(text, Location(error.file or CONFIG_FILE, region), error.hint)


def _note(text: str, location: Location, hint: str = "") -> Finding:
    return Finding(
        rule=GATE_PREVIEW.id,
        stage=GATE_PREVIEW.stage,
        level=GATE_PREVIEW.level,
        message=show_path(text),
        location=location,
        help=hint or GATE_PREVIEW.help,
        subject=text,
        advisory=True,
    )


def _bounded(notes: Iterable[Finding]) -> list[Finding]:
    listed = list(notes)
    kept, left = listed[:MOST_NOTES], len(listed) - MOST_NOTES
    if left > 0:
        text = f"after the merge the gate would say {left:,} more, not listed here"
        kept.append(_note(text, kept[-1].location))
    return kept
