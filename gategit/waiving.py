"""Which waivers a run has, and which of them count: the waivers file's, and those in comments of what was judged.

A waiver in a comment is part of the file that it is about, so whoever opens a pull request could write one. Where the
base is trusted, such a waiver counts only if the base has the same one at the same field of the same object.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from gategit import rules
from gategit.checks.policy.load import BUILTIN_IDS, Reach
from gategit.code_owners import CodeOwners, place_of, read_code_owners
from gategit.config import CONFIG_FILE
from gategit.errors import GategitError
from gategit.model import Finding, Level, ObjectRef, Rule, Stage
from gategit.request import Trust
from gategit.tree import EntryKind
from gategit.trusted import load_from
from gategit.waivers import (
    INLINE_MARK,
    Waiver,
    WaiverContext,
    WaiverOutcome,
    apply_waivers,
    entry_identity,
    inline_identity,
    new_in,
)

if TYPE_CHECKING:
    from gategit.judge import FileVerdict
    from gategit.judging import Judging
    from gategit.repository import Trees
    from gategit.request import Request
    from gategit.side import Side
    from gategit.trusted import Trusted


@dataclass(frozen=True, slots=True)
class Sides:
    """What a run's waivers in comments are read from.

    Attributes:
        head: the side after the change.
        base: the side before it, None where there is no change.
        gone: the objects that the change removes, by file: what is found of them stands in the base's file.
    """

    head: Side
    base: Side | None
    gone: Collection[tuple[str, ObjectRef]] = ()

    def is_gone(self, finding: Finding) -> bool:
        """Whether a finding is about an object that the change removes."""
        return finding.object is not None and (finding.location.file, finding.object) in self.gone


class Waiving:
    """The waivers of one run.

    Args:
        request: what is asked.
        trees: the trees of the run.
        trusted: config and waivers file.
        judging: the policies and the change.
        rule: looks up a rule; raises KeyError where there is none.
        whole: whether everything was looked at, and no change.
    """

    def __init__(  # noqa: PLR0913, PLR0917  one parameter for each part of what a run knows
        self,
        request: Request,
        trees: Trees,
        trusted: Trusted,
        judging: Judging,
        rule: Callable[[str], Rule],
        whole: bool,  # noqa: FBT001  passed once, by name
    ) -> None:
        self._request = request
        self._trees = trees
        self._trusted = trusted
        self._judging = judging
        self._find_rule = rule
        self._whole = whole
        self._read: dict[tuple[int, str], tuple[Waiver, ...]] = {}
        self._rules: dict[str, Rule | None] = {}

    def apply(self, findings: Sequence[Finding], verdicts: Mapping[str, FileVerdict], sides: Sides) -> WaiverOutcome:
        """Mark the findings that a waiver excepts, and say what is wrong with the waivers.

        Args:
            findings: what was found, with levels and states.
            verdicts: what was judged of the head.
            sides: where the comments are.
        """
        if not self._request.use_waivers:
            return WaiverOutcome(tuple(findings), (), (), ())
        inline = {path: verdict.waivers for path, verdict in verdicts.items() if verdict.waivers}
        for path in sorted({finding.location.file for finding in findings} - verdicts.keys()):
            inline[path] = self._inline(sides.head, path)
        counting = list(self._trusted.waivers)
        added: list[Waiver] = []
        if self._trees.trust is Trust.BASE:
            added += self._added_entries()
            side = self._trusted_side(sides.base)
            for path, waivers in inline.items():
                fresh = dict.fromkeys(self._fresh(path, waivers, sides.head, side))
                added += fresh
                counting += [waiver for waiver in waivers if waiver not in fresh]
        else:
            counting += [waiver for waivers in inline.values() for waiver in waivers]
        counting += self._of_removed(findings, sides)
        context = replace(self._context(), is_gone=sides.is_gone)
        return apply_waivers(findings, self._owned(counting), context, self._owned(added))

    def _inline(self, side: Side, path: str) -> tuple[Waiver, ...]:
        """The waivers in a file's comments; none in a file that is not there or is never read."""
        key = (id(side), path)
        if key not in self._read:
            entry = side.tree.entries().get(path)
            found: tuple[Waiver, ...] = ()
            if entry is not None and entry.kind is EntryKind.FILE and entry.size <= side.limits.file_bytes:
                try:
                    is_marked = INLINE_MARK in side.read(path)
                except GategitError:
                    is_marked = False  # what cannot be read is said elsewhere, and excepts nothing
                if is_marked:
                    from gategit.inline_waivers import read_inline  # noqa: PLC0415  few files have any

                    found = read_inline(side.file(path)).waivers
            self._read[key] = found
        return self._read[key]

    def _trusted_side(self, base: Side | None) -> Side | None:
        if base is not None and self._trees.trusted is self._trees.base:
            return base
        return self._judging.side(self._trees.trusted) if self._trees.trusted is not None else None

    def _fresh(self, path: str, waivers: tuple[Waiver, ...], head: Side, trusted: Side | None) -> list[Waiver]:
        """Those waivers of a file that its trusted version, maybe under another name, does not have."""
        if trusted is None:
            return list(waivers)
        was = next((old for old, new in self._judging.diff.renames.items() if new == path), path)
        before, now = trusted.tree.entries().get(was), head.tree.entries().get(path)
        if before is not None and now is not None and before.blob_id and before.blob_id == now.blob_id:
            return []
        return new_in(waivers, self._inline(trusted, was), inline_identity)

    def _added_entries(self) -> list[Waiver]:
        """The entries that the head's waivers file would add. A file that cannot be used is said elsewhere."""
        trusted, head = self._trusted.tree.entries(), self._trees.head.entries()
        files = [path for path in (CONFIG_FILE, self._trusted.waivers_file) if path is not None]
        if all(trusted.get(path) == head.get(path) for path in files):
            return []
        try:
            after = load_from(self._request, self._trees.head, Trust.HEAD).waivers
        except GategitError:
            return []
        return new_in(after, self._trusted.waivers, entry_identity)

    def _of_removed(self, findings: Iterable[Finding], sides: Sides) -> list[Waiver]:
        """The base's waivers for what is found of removed objects: an object that goes takes its comments along."""
        found: dict[Waiver, None] = {}
        for finding in findings:
            if sides.base is not None and sides.is_gone(finding):
                for waiver in self._inline(sides.base, finding.location.file):
                    if waiver.scope is not None and waiver.matches(finding):
                        found[replace(waiver, scope=replace(waiver.scope, removed=True))] = None
        return list(found)

    def _owned(self, waivers: Iterable[Waiver]) -> list[Waiver]:
        """The same waivers; one that names no owner belongs to those whom its file belongs to."""
        return [waiver if waiver.owner else replace(waiver, owner=self._owner(waiver)) for waiver in waivers]

    def _owner(self, waiver: Waiver) -> str:
        file = waiver.location.file
        return ", ".join(self._code_owners.of(file)) or f"the owners of {file}"

    @cached_property
    def _code_owners(self) -> CodeOwners:
        tree = self._trusted.tree
        place = place_of(tree.entries())
        if place is None or tree.entries()[place].kind is not EntryKind.FILE:
            return CodeOwners()
        return read_code_owners(tree.read(place).decode("utf-8", "replace"))

    def _context(self) -> WaiverContext:
        narrowed = bool(self._request.paths or self._request.select or self._request.target)
        return WaiverContext(
            today=datetime.now(UTC).date(),
            rule=self._rule,
            rule_ids=self._rule_ids,
            complete=self._whole and not narrowed,
            judged=self._is_judged,
        )

    def _rule(self, rule_id: str) -> Rule | None:
        if rule_id not in self._rules:
            self._rules[rule_id] = self._look_up(rule_id)
        return self._rules[rule_id]

    def _look_up(self, rule_id: str) -> Rule | None:
        if rule_id in self._unloaded:
            # A policy that does not run here: that there is one is all that anybody asks.
            rule: Rule | None = Rule(rule_id, Level.NOTE, Stage.POLICY, "", "", "")
        else:
            try:
                rule = self._find_rule(rule_id)
            except KeyError:
                rule = None
        if rule is not None and rule_id in self._trusted.config.policies.not_waivable:
            return replace(rule, waivable=False)
        return rule

    @cached_property
    def _unloaded(self) -> frozenset[str]:
        """The ids of policies that this run has not loaded."""
        loaded = {policy.id for policy in self._judging.policing.choice.general.policies}
        own: set[str] = set()
        if Stage.POLICY not in self._judging.stages:
            # A folder that cannot be read stops the runs that need it.
            with suppress(GategitError):
                own = {source.id for source in self._trusted.policy_sources(frozenset())}
        return frozenset({*BUILTIN_IDS, *own} - loaded)

    def _rule_ids(self) -> set[str]:
        return {
            *rules.check_rules(),
            *self._unloaded,
            *(policy.id for policy in self._judging.policing.choice.general.policies),
        }

    def _is_judged(self, rule_id: str) -> bool:
        """Whether a rule was asked of all that a waiver in a judged file may be about."""
        request = self._request
        if request.select or request.target or rule_id in request.ignore:
            return False
        if rule_id in rules.check_rules():
            return rules.check_rules()[rule_id].stage in self._judging.stages
        policy = self._judging.policing.choice.general.get(rule_id)
        if policy is None:
            return Stage.POLICY in self._judging.stages
        # A file is judged again when what it is judged by changes; other objects are then not compared with it.
        return policy.reach is Reach.OBJECT or (policy.reach is Reach.SURROUNDINGS and self._whole)
