"""The whole pipeline on one page: a request in, a report out.

Both trees are listed; what differs is decoded and judged; the head's findings are compared with the base's. The base
is judged only where the head has findings, because nothing else can need comparing.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

from gategit import links, rules
from gategit.change import ChangeKind, ObjectChange
from gategit.checks.policy.rules import policy_rule
from gategit.checks.references.check import ReferenceSettings
from gategit.checks.references.check import check as check_references
from gategit.checks.schema.check import FOR_THE_SERVER
from gategit.checks.schema.crd import is_crd
from gategit.errors import GategitError, UndecidedError
from gategit.fingerprints import mark_existing, number_repeats
from gategit.gate_changes import Steering, judge_gate_changes, may_steer, policy_facts
from gategit.judge import FileVerdict, name_findings
from gategit.judging import Judging
from gategit.manifests.manifest import Manifest, Role
from gategit.model import (
    ChangeSummary,
    DryRun,
    DryRunResult,
    Effect,
    Finding,
    Level,
    Report,
    Rule,
    SchemaUse,
    Stage,
    Stats,
    Unchecked,
)
from gategit.object_changes import object_changes
from gategit.report.line_hash import line_hashes
from gategit.repository import TreeDiff, Trees, open_trees
from gategit.request import Mode, Request, Trust
from gategit.side import is_candidate
from gategit.trusted import Trusted, load_from, load_trusted
from gategit.verdict import Thresholds, in_order, make_report, once_per_line, once_per_subject
from gategit.waivers import MALFORMED
from gategit.waiving import Sides, Waiving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from gategit.policing import Touched
    from gategit.preview import Preview
    from gategit.rendered_judging import Drawn
    from gategit.side import Facts, Side
    from gategit.tree import Tree

UnitName = tuple[str, str | None]
"""A unit's name and target, as findings have them."""

_ONCE = {
    "schema-missing": "of this kind",
    "version-not-served": "of this kind",
    "duplicate-owner": "of the same two",
}
"""Rules whose findings may speak of a kind, or of two owners, rather than of an object: once is enough."""

_NOT_ASKED = "not among --stages"


def run(request: Request, progress: Callable[[str], None] | None = None) -> Report:
    """Judge a change, or a whole tree.

    Args:
        request: what to do.
        progress: told in a few words what is being done.

    Raises:
        UsageError: the request cannot be met.
        ConfigError: config, waivers or policies cannot be used.
        UndecidedError: the gate could not look at all.
    """
    started = time.perf_counter()
    say = progress or _silent
    say("reading the change")
    trees = open_trees(request)
    try:
        trusted = load_trusted(request, trees)
        with Judging(request, trees, trusted) as judging:
            gate = _Gate(request, trees, trusted, judging, say)
            found = gate.findings()
            effect = gate.effect() if request.effect else None
            return replace(gate.report(found, started), effect=effect)
    finally:
        trees.close()


def _as_rendered(side: Side) -> frozenset[str]:
    """The files whose objects are judged as they are rendered alone."""
    return side.rendition.covered - side.rendition.loose


def _silent(_: str) -> None:
    """Say nothing."""


class _Gate:
    """One run: its sides, and what is worked out of them once."""

    def __init__(
        self, request: Request, trees: Trees, trusted: Trusted, judging: Judging, say: Callable[[str], None]
    ) -> None:
        self.request = request
        self.trees = trees
        self.trusted = trusted
        self.judging = judging
        self.say = say
        self.head = judging.side(trees.head)
        self.base = judging.side(trees.base) if trees.base is not None else None
        self.whole = request.mode in (Mode.ALL, Mode.STDIN)
        self.head.before = self.base if not self.whole else None
        self._verdicts: dict[str, FileVerdict] = {}
        self._unchecked: list[Unchecked] = []
        self._changes: tuple[ObjectChange, ...] = ()
        self._links_unchecked: list[Unchecked] = []
        self._drawn: Drawn | None = None
        self._dry_run: DryRun | None = None
        self._dry_run_unchecked: list[Unchecked] = []
        self._rules: dict[str, Rule] = {}

    @property
    def diff(self) -> TreeDiff:
        """What differs between the two trees; everything, where there is no base."""
        return self.judging.diff

    def findings(self) -> list[Finding]:
        """Everything that is wrong, each finding with its fingerprint and state, in no particular order."""
        facts = None if self.whole else self.head.survey()
        old_facts = self._old_facts()
        self._drawn = drawn = self._render(facts)
        crds = self._crds(self.head, facts)
        known = {crd.key for crd in crds}
        # A definition that the change removes still says what its resources, which are left, may hold.
        crds += tuple(crd for crd in self._crds(self.base, old_facts) if crd.key not in known)
        paths = self._head_paths(facts or {}, old_facts)
        context = self.judging.context(self.head, crds)
        verdicts = self.judging.judge(self.head, paths, context, self.say, _as_rendered(self.head))
        facts = {**(facts or {}), **{path: verdict.facts for path, verdict in verdicts.items()}}
        found = [finding for verdict in verdicts.values() for finding in verdict.findings]
        if drawn is not None:
            found += drawn.judge_head(self.judging, context)
        broken, missed = self._references(self.head, facts, self._gone)
        self._verdicts = verdicts
        filled = self.head.rendition.templates
        looked = (one for one in verdicts.values() if not (one.role is Role.TEMPLATE and one.path in filled))
        self._unchecked = [one for verdict in looked for one in verdict.unchecked] + missed
        self._unchecked += drawn.unchecked if drawn is not None else ()
        found += broken + self._file_findings()
        self._changes = () if self.whole else self._object_changes(self.base, self.diff)
        touched = self._touched()
        around = self._surroundings(self.head, facts, touched, (change.new for change in self._changes))
        found += around
        if self.whole:
            return found + self._ask(facts)
        found += self._named(one for one in self._check_changes(facts) if self.judging.shows(self.head, one))
        if self.base is not None and found:
            found = self._marked(self.base, found, facts, refer=bool(broken), touched=touched if around else None)
        return found + self._ask(facts) + self._definitions() + self._gate_changes(found, facts, touched)

    def _render(self, known: Facts | None) -> Drawn | None:
        """What agents apply of what the change reaches; None where nothing is rendered.

        Args:
            known: what the head's files declare, None where nobody has looked yet.
        """
        if self.request.mode is Mode.STDIN:
            return None
        touched = None if self.whole else {*self.diff.added, *self.diff.modified, *self.diff.removed}
        return self.judging.draw(self.head, None if self.whole else self.base, touched, self.say, known)

    def _ask(self, facts: Facts) -> list[Finding]:
        """What an API server, or what stands in for one, says of the objects."""
        if not self._is_dry_run_wanted:
            return []
        from gategit.dry_running import Scope, run_stage  # noqa: PLC0415  few runs ask a server

        base = self.base
        changes = self._changes if not self.whole else self._everything(facts)
        base_facts: Callable[[], Facts] = dict if base is None else partial(base.survey, self.head, facts)
        scope = Scope(
            self.request,
            self.trees,
            self.trusted,
            self.head,
            base,
            self.diff,
            changes,
            facts,
            base_facts,
            self.judging.find_crds,
        )
        stage = run_stage(scope, self.say)
        self._dry_run = stage.dry_run
        self._dry_run_unchecked = list(stage.unchecked)
        found = self._named(stage.findings)
        if base is None:
            return found
        blind = [finding for finding in found if self.rule(finding.rule).undecided]
        seen = in_order(finding for finding in found if not self.rule(finding.rule).undecided)
        known = self._named(stage.known, base)
        return [*blind, *mark_existing(seen, known, self.diff.renames, self.trees.head.entries())]

    def _everything(self, facts: Facts) -> tuple[ObjectChange, ...]:
        """Every object of the tree, as if the change added it."""
        everything = TreeDiff((*facts,), (), (), (), {})
        return self._object_changes(None, everything)

    def _object_changes(self, base: Side | None, diff: TreeDiff) -> tuple[ObjectChange, ...]:
        """What the change does to the objects that are asked for."""
        found = object_changes(self.head, base, diff, self.trusted.config)
        return tuple(change for change in found if self._wants(change, base))

    def _wants(self, change: ObjectChange, base: Side | None) -> bool:
        sides = ((self.head, change.new), (base, change.old))
        return any(
            self.judging.wants(side, manifest.source)
            for side, manifest in sides
            if side is not None and manifest is not None
        )

    @cached_property
    def _is_dry_run_wanted(self) -> bool:
        """Whether anybody is to be asked, by the options and the config."""
        if Stage.DRY_RUN not in self.judging.stages:
            return False
        asked = self.request.dry_run
        modes = [target.dry_run for target in self.trusted.config.targets] if asked is None else [asked]
        return any(mode not in (None, "off") for mode in modes)

    def _touched(self) -> Touched:
        """The kinds and namespaces of the objects that the change adds, modifies or removes."""
        both = (side for change in self._changes for side in (change.old, change.new) if side is not None)
        return frozenset((one.group_kind, one.namespace or "") for one in both)

    def _surroundings(
        self, side: Side, facts: Facts, touched: Touched, manifests: Iterable[Manifest | None]
    ) -> list[Finding]:
        """What the policies that compare an object with others say; the manifests are those that the change touches."""
        if Stage.POLICY not in self.judging.stages:
            return []
        self.say("comparing objects")
        if self.whole or self._fails_on_existing:
            return self.judging.policing.check_surroundings(side, facts, None, touched)
        paths = {*self.diff.added, *self.diff.modified}
        rendered = {one.source for one in manifests if one is not None and one.source.unit is not None}
        return self.judging.policing.check_surroundings(side, facts, paths, touched, rendered)

    def _marked(
        self, base: Side, found: list[Finding], facts: Facts, *, refer: bool, touched: Touched | None
    ) -> list[Finding]:
        """Mark what the base has too. What says that something was not looked at is never old news.

        Args:
            base: the side before the change.
            found: the head's findings.
            facts: what the head's files declare.
            refer: whether some of the findings are about references, so that the base's are needed as well.
            touched: what the change touches, where some of the findings compare objects with others.
        """
        base_facts = base.survey(self.head, facts)
        crds = self._crds(base, base_facts)
        context = self.judging.context(base, crds)
        verdicts = self.judging.judge(base, self._base_paths(base, found), context, self.say, _as_rendered(base))
        known = [finding for verdict in verdicts.values() for finding in verdict.findings]
        if self._drawn is not None:
            known += self._drawn.judge_base(self.judging, context)
        if refer:
            base_facts.update({path: verdict.facts for path, verdict in verdicts.items()})
            known += self._references(base, base_facts, {})[0]
        if touched is not None:
            known += self._surroundings(base, base_facts, touched, (change.old for change in self._changes))
        blind = [finding for finding in found if self.rule(finding.rule).undecided]
        seen = in_order(finding for finding in found if not self.rule(finding.rule).undecided)
        return [*blind, *mark_existing(seen, known, self.diff.renames, self.trees.head.entries())]

    def _old_facts(self) -> Facts:
        """What the files of the base that the change removes or modifies declare."""
        if self.base is None:
            return {}
        touched = {*self.diff.removed, *self.diff.modified}
        return self.base.survey_files([path for path in self.base.readable if path in touched])

    def _crds(self, side: Side | None, facts: Facts | None) -> tuple[Manifest, ...]:
        if side is None or Stage.SCHEMA not in self.judging.stages:
            return ()
        return self.judging.find_crds(side, facts)

    def _head_paths(self, facts: Facts, old_facts: Facts) -> list[str]:
        """Which files of the head are judged: those that differ, and those that are judged otherwise now."""
        readable = [path for path in self.head.readable if self.head.in_scope(path)]
        if self.whole or self._fails_on_existing:
            return readable
        # What could not be read now could not be judged by any earlier run either.
        touched = {*self.diff.added, *self.diff.modified, *(path for path in readable if path not in facts)}
        if self.base is not None:
            touched |= {path for path in readable if self.head.role(path) != self.base.role(path)}
            groups = self._changed_crd_groups(facts, old_facts)
            if groups:
                touched |= {
                    path
                    for path, raw in facts.items()
                    if any(version.rpartition("/")[0] in groups for version, *_ in raw)
                }
        return [path for path in readable if path in touched]

    def _changed_crd_groups(self, facts: Facts, old_facts: Facts) -> set[str]:
        """The API groups whose definitions the change adds, modifies or removes."""
        touched = {*self.diff.added, *self.diff.modified}
        new_facts = {path: raw for path, raw in facts.items() if path in touched}
        found = self._crds(self.head, new_facts) + self._crds(self.base, old_facts)
        specs = [crd.data.get("spec") for crd in found]
        groups = [spec.get("group") for spec in specs if isinstance(spec, dict)]
        return {group for group in groups if isinstance(group, str)}

    def _base_paths(self, base: Side, found: Sequence[Finding]) -> list[str]:
        """Which files of the base are judged: those that the change touches, and the old sides of the findings'."""
        wanted = {*self.diff.removed, *self.diff.modified, *(finding.location.file for finding in found)}
        return [path for path in base.readable if path in wanted]

    @cached_property
    def _fails_on_existing(self) -> bool:
        return self.request.fail_on_existing or self.trusted.config.fail_on_existing

    @cached_property
    def _gone(self) -> dict[str, str | None]:
        """What the change removes, with the new path where it was renamed."""
        if self.whole:
            return {}
        return {path: self.diff.renames.get(path) for path in self.diff.removed}

    def _references(
        self, side: Side, facts: Facts, gone: dict[str, str | None]
    ) -> tuple[list[Finding], list[Unchecked]]:
        """What a side's files name, and whether it is there."""
        if Stage.REFERENCES not in self.judging.stages:
            return [], []
        self.say("following references")
        settings = ReferenceSettings(
            repository_urls=(*self.trees.remotes, *self.trusted.config.repositories),
            targets={target.name: target.matches for target in self.trusted.config.targets},
            gone=gone,
            rendered=self._drawn is not None,
        )
        broken, missed = check_references(side.inventory(facts), side.graph, settings)
        inside = [
            finding
            for finding in broken
            if side.looks_at(finding.location.file) and side.in_scope(finding.location.file)
        ]
        return self._named(inside, side), missed

    def effect(self) -> Effect | None:
        """What the change does to objects, for reports that show it; None where there is no change."""
        if self.whole:
            return None
        from gategit.effect import place_of, read_effect, unknown_effects  # noqa: PLC0415  most formats do not show it
        from gategit.risk import Assessor  # noqa: PLC0415  the same

        self.say("weighing the change")
        drawn = () if self._drawn is None else (self._drawn.head, self._drawn.base)
        try:
            with Assessor() as assessor:
                return read_effect(
                    self._changes,
                    self.trusted.config,
                    assessor,
                    locate_old=partial(place_of, self.base or self.head),
                    locate_new=partial(place_of, self.head),
                    files=(*self.diff.added, *self.diff.modified, *self.diff.removed),
                    target=self.request.target,
                    unknown=unknown_effects(drawn, self.request.target),
                )
        except UndecidedError as error:  # the findings are worth more than what is shown beside them
            return Effect(unknown=(Unchecked("what the change does to objects", error.message),))

    def _named(self, findings: Iterable[Finding], side: Side | None = None) -> list[Finding]:
        """Give findings of several files their fingerprints."""
        side = side or self.head
        by_file: dict[str, list[Finding]] = {}
        by_unit: dict[UnitName, list[Finding]] = {}
        for finding in findings:
            if finding.units:
                by_unit.setdefault(finding.units[0], []).append(finding)
            else:
                by_file.setdefault(finding.location.file, []).append(finding)
        named: list[Finding] = []
        for unit, own in by_unit.items():
            named += name_findings([one for one in side.rendition.manifests() if one.source.unit == unit], own)
        for path, own in by_file.items():
            readable = any(finding.object is not None for finding in own) and path in side.tree.entries()
            named += name_findings(side.file(path).manifests if readable else (), own)
        return named

    def _file_findings(self) -> list[Finding]:
        """What is said of files without decoding them: links that lead nowhere, files over the limit."""
        touched = None if self.whole else {*self.diff.added, *self.diff.modified}

        def selects(path: str) -> bool:
            return (touched is None or path in touched) and self.head.looks_at(path) and self.head.in_scope(path)

        found, self._links_unchecked = links.check_links(self.trees.head, selects)
        seen = self.head.candidate_set
        found += links.check_unseen(self.trees.head, selects, is_candidate, lambda path: path in seen)
        if touched is not None:
            found += links.check_submodules(self.trees.head, selects)
        found += [self.head.too_large_finding(path) for path in self.head.too_large if selects(path)]
        return self._named(found)

    def _check_changes(self, facts: Facts) -> list[Finding]:
        if Stage.POLICY not in self.judging.stages:
            return []
        self.say("judging the change")
        return self.judging.policing.check_changes(self._changes, self.base, self.head, facts)

    def _definitions(self) -> list[Finding]:
        """What the change's own definitions do to the schemas that its objects are judged by."""
        pairs = [(change.old, change.new) for change in self._changes]
        if Stage.SCHEMA not in self.judging.stages or not any(is_crd(new.data) for _, new in pairs if new is not None):
            return []
        from gategit.checks.schema.replaced import judge_definitions  # noqa: PLC0415  few changes bring definitions

        return self._named(judge_definitions(pairs, lambda one: self.head.locate(one.source, ("spec",), "key")))

    def _gate_changes(self, found: Sequence[Finding], facts: Facts, touched: Touched) -> list[Finding]:
        """What the change does to the gate itself, and what the gate would say of the change then."""
        paths = {*self.diff.added, *self.diff.modified, *self.diff.removed}
        config = self.trusted.config
        if self.trees.trust is not Trust.BASE or not any(may_steer(path, config) for path in paths):
            return []
        shown = self._preview(found, facts, touched)
        own = {policy.source.path: policy for policy in self.judging.policing.choice.general.policies}
        steering = Steering(
            tree=self.trusted.tree,
            config=config,
            fixed=self.request.config is not None,
            own_level=self._own_level,
            load=self._load_after_merge,
            facts=lambda path: (policy_facts(own.get(path)), policy_facts(shown.policies.get(path))),
        )
        return self._named([*judge_gate_changes(steering, self.trees.head, paths), *shown.notes])

    def _preview(self, found: Sequence[Finding], facts: Facts, touched: Touched) -> Preview:
        """What the gate would say if this change's own config and policies were in force."""
        from gategit.preview import Judged, Preview, preview  # noqa: PLC0415  few changes touch the gate

        if Stage.POLICY not in self.judging.stages:
            return Preview()
        self.say("looking ahead")
        try:
            after = self._load_after_merge(self.trees.head)
        except GategitError:
            return Preview()  # an error of its own says so
        there = {*self.diff.added, *self.diff.modified}
        paths = [path for path in self.head.readable if path in there and self.head.in_scope(path)]
        judged = Judged(self.head, self.base, paths, self._changes, facts, touched, found)
        return preview(self.request, self.trees, self.trusted, after, judged, self._named)

    def _load_after_merge(self, tree: Tree) -> Trusted:
        """What would steer the gate if this tree were the base.

        Raises:
            ConfigError: it could not be used.
        """
        loaded = load_from(replace(self.request, use_waivers=True), tree, Trust.BASE)
        loaded.policy_sources(frozenset(rules.check_rules()))
        return loaded

    def _own_level(self, rule_id: str) -> Level | None:
        """A rule's level where the config does not mention it; None where it does not run then."""
        if rule_id in rules.check_rules():
            return rules.check_rules()[rule_id].level
        policy = self.judging.policing.choice.general.get(rule_id)
        if policy is None:
            return None
        is_on = not policy.source.is_builtin or not set(self.trusted.config.policies.packs).isdisjoint(policy.packs)
        return policy.level if is_on else None

    def rule(self, rule_id: str) -> Rule:
        """A rule by its id, the repository's own policies included.

        Raises:
            KeyError: there is none.
        """
        known = self._rules.get(rule_id) or rules.check_rules().get(rule_id)
        if known is None:
            policy = self.judging.policing.choice.general.get(rule_id)
            known = self._rules[rule_id] = rules.by_id(rule_id) if policy is None else policy_rule(policy)
        return known

    def _level_of(self, finding: Finding) -> Level | None:
        """The config's level for a finding's rule where the finding stands; None is off."""
        settings = self.trusted.config.policies
        return settings.level_of(finding.rule, finding.level, finding.location.file, finding.target)

    def report(self, findings: Sequence[Finding], started: float) -> Report:
        """Apply levels and waivers, decide, and freeze it all."""
        config, request = self.trusted.config, self.request
        thresholds = Thresholds(
            fail_on=request.fail_on or config.fail_on,
            fail_on_existing=self._fails_on_existing,
            select=request.select,
            ignore=request.ignore,
            level_of=self._level_of,
        )
        kept = number_repeats(in_order(thresholds.apply(findings, self.rule)))
        if not request.use_waivers:
            kept = [finding for finding in kept if finding.rule != MALFORMED.id]
        waiving = Waiving(request, self.trees, self.trusted, self.judging, self.rule, self.whole)
        gone = {(one.old.source.file, one.old.ref) for one in self._changes if one.old is not None and one.new is None}
        waived = waiving.apply(kept, self._verdicts, Sides(self.head, self.base, gone))
        problems = number_repeats(in_order(thresholds.apply(self._named(waived.problems), self.rule)))
        verdicts = self._verdicts
        changes = [change.kind for change in self._changes]
        return make_report(
            (*once_per_line(once_per_subject(waived.findings, _ONCE)), *problems),
            stages=self._stages(),
            change=ChangeSummary(
                base=self.trees.base_commit,
                head=self.trees.head_name,
                trust=self.trees.trust.value,
                files=len(verdicts) if self.whole else self.diff.files,
                added=changes.count(ChangeKind.ADDED),
                modified=changes.count(ChangeKind.MODIFIED),
                removed=changes.count(ChangeKind.REMOVED),
            ),
            unchecked=self._all_unchecked(),
            stats=Stats(
                documents=sum(verdict.documents for verdict in verdicts.values()),
                objects=self._judged_objects(),
                seconds=time.perf_counter() - started,
                cache_hits=self.judging.cache.hits,
                cache_misses=self.judging.cache.misses,
            ),
            thresholds=thresholds,
            rule=self.rule,
            text_of=self._text_of,
            line_hashes=line_hashes if request.line_hashes else None,
            schemas=self._schemas(),
            dry_run=self._dry_run,
        )

    def _judged_objects(self) -> int:
        """How many objects were judged: as they are rendered, and where nothing renders them, as they are declared."""
        shown = self.head.rendition
        declared = (len(one.facts) for path, one in self._verdicts.items() if path not in shown.covered)
        return sum(declared) + sum(1 for source in shown.files if self.judging.wants(self.head, source))

    def _stages(self) -> dict[Stage, str | None]:
        reasons: dict[Stage, str | None] = {
            stage: None if stage in self.judging.stages else _NOT_ASKED for stage in Stage
        }
        if not self._is_dry_run_wanted:
            reasons[Stage.DRY_RUN] = reasons[Stage.DRY_RUN] or "off"
        return reasons

    def _schemas(self) -> tuple[SchemaUse, ...]:
        """Which schemas judged the objects of the files that were judged."""
        counts: Counter[tuple[str, str, str]] = Counter()
        drawn = self._drawn.schemas if self._drawn is not None else ()
        for schemas in (*(verdict.schemas for verdict in self._verdicts.values()), drawn):
            for api_version, kind, origin, objects in schemas:
                counts[origin, api_version, kind] += objects
        return tuple(
            SchemaUse(api_version, kind, origin, objects)
            for (origin, api_version, kind), objects in sorted(counts.items())
        )

    def _all_unchecked(self) -> list[Unchecked]:
        asked = self._asked_kinds()
        schemas = (one for one in self._unchecked if not (one.what in asked and one.reason.endswith(FOR_THE_SERVER)))
        unchecked = [*self.trees.unchecked(), *self._links_unchecked, *schemas, *self._dry_run_unchecked]
        excluded = self.head.excluded
        if excluded:
            files = "file" if excluded == 1 else "files"
            unchecked.append(Unchecked(f"{excluded} {files}", "left out by include and exclude in the config"))
        if self.judging.policing.network:
            reason = f"it could not be taken from them: {self.judging.policing.network}"
            unchecked.append(Unchecked("the network of the repository's own policies", reason))
        # A pattern that matches nothing is a cluster, or a folder, that nobody looks at.
        candidates = self.head.candidates
        unchecked += [
            Unchecked(f"target {target.name}", "its paths match no file that may hold manifests")
            for target in self.trusted.config.targets
            if not any(target.matches(path) for path in candidates)
        ]
        return unchecked

    def _asked_kinds(self) -> frozenset[str]:
        """The kinds, each with its API version, of which a real API server has judged every object of the change."""
        if self._dry_run is None:
            return frozenset()
        offline = {server.target for server in self._dry_run.servers if server.mode == "snapshot"}
        kinds = {True: set[str](), False: set[str]()}
        for one in self._dry_run.outcomes:
            judged = one.target not in offline and one.result not in (DryRunResult.DEFERRED, DryRunResult.UNKNOWN)
            kinds[judged].add(f"{one.object.api_version} {one.object.kind}")
        return frozenset(kinds[True] - kinds[False])

    def _text_of(self, path: str) -> str | None:
        """A file's text for the report: the head's, else the base's; None where it cannot be shown."""
        for side in (self.head, self.base):
            if side is not None and path in side.tree.entries():
                return side.text(path)
        return None
