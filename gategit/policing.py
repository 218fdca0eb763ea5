"""Judging by policies: which ones where, with what around the objects, in which processes."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property, partial
from itertools import groupby
from typing import TYPE_CHECKING, Literal, NamedTuple

from gategit import rules
from gategit.checks.policy.check import check as check_policies
from gategit.checks.policy.choose import PolicyChoice
from gategit.checks.policy.load import PolicySet, Reach, sources_digest
from gategit.checks.policy.run import Runner, start
from gategit.checks.policy.subjects import RequestFacts, Scene, Subject
from gategit.config import PolicySettings
from gategit.judge import RawFact, SchemaRun, name_findings
from gategit.manifests.manifest import UnitKey, group_kind, pack, unpack
from gategit.model import Stage
from gategit.object_changes import place_of_changed, place_of_removed
from gategit.parallel import map_batches
from gategit.side import Facts, Side

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from gategit.change import ObjectChange
    from gategit.checks.policy.check import Locate
    from gategit.checks.policy.load import PolicyInfo
    from gategit.checks.policy.worker_process import Limits as PolicyLimits
    from gategit.manifests.file import ManifestFile
    from gategit.manifests.manifest import Manifest, PackedObject, Source
    from gategit.model import FieldPath, Finding, Location
    from gategit.repository import TreeDiff, Trees
    from gategit.request import Request
    from gategit.trusted import Trusted


_Place = tuple[str | None, UnitKey | None]
"""A target and, where there is none, the unit whose objects are judged."""

Touched = frozenset[tuple[str, str]]
"""Objects that a change touches, by kind (``group/Kind``) and namespace, "" where they name none."""


class Policing:
    """What judges objects by policies in one run: the choice of policies, and their workers.

    Args:
        request: what is asked.
        trees: the trees of the run.
        trusted: config and policies.
        runs: for which targets and versions an object is judged.
        diff: tells what differs between the trees.
        limits: what a policy may use up, where it is not the usual.

    Raises:
        ConfigError: a policy folder cannot be used.
    """

    def __init__(  # noqa: PLR0913, PLR0917  one parameter for each part of what it works with
        self,
        request: Request,
        trees: Trees,
        trusted: Trusted,
        runs: Callable[[Source], tuple[SchemaRun, ...]],
        diff: Callable[[], TreeDiff],
        limits: PolicyLimits | None,
    ) -> None:
        self._request = request
        self._trees = trees
        self._trusted = trusted
        self._runs = runs
        self._diff = diff
        self._limits = limits
        self._sources = (
            trusted.policy_sources(frozenset(rules.check_rules()), request.select)
            if request.stages is None or Stage.POLICY in request.stages
            else ()
        )
        # Started now, so that it comes up while the trees are read.
        self._runner: Runner | None = self._start() if self._sources else None
        self._runner_process = os.getpid()
        self._inventories: tuple[tuple[Manifest, ...], dict[_Place, tuple[Manifest, ...]]] = (), {}
        self._runs_known: dict[str | UnitKey, tuple[SchemaRun, ...]] = {}

    def close(self) -> None:
        """End the workers of this process."""
        if self._runner is not None:
            self._runner.close()

    @property
    def sources_digest(self) -> str:
        """A name for the policies of this run."""
        return sources_digest(self._sources)

    @cached_property
    def choice(self) -> PolicyChoice:
        """The policies that the config switches on.

        Raises:
            ConfigError: one of them cannot be used, or the config names one that is not there.
        """
        config = self._trusted.config
        policies = self._runner.policies() if self._runner is not None else ()
        other_rules = frozenset(rules.check_rules())
        settings = config.policies if self._runner is not None else PolicySettings(packs=())
        return PolicyChoice(policies, settings, config.error, other_rules, self._request.select)

    @property
    def network(self) -> str:
        """Why the repository's own policies could reach the network; "" where there are none, or they could not."""
        if self._runner is None or all(source.is_builtin for source in self._sources):
            return ""
        return self._runner.network

    @cached_property
    def request_facts(self) -> RequestFacts:
        """What policies are told of the pull request."""
        event = self._trees.event
        now = datetime.now(UTC).isoformat(timespec="seconds")
        files = tuple(sorted({*self._diff().added, *self._diff().modified, *self._diff().removed}))
        if event is None or event.number is None:
            return RequestFacts(changed_files=files, now=now)
        return RequestFacts(
            is_known=True,
            number=event.number,
            author=event.author,
            labels=event.labels,
            base_branch=event.base_ref,
            is_fork=event.is_fork,
            changed_files=files,
            now=now,
        )

    def _start(self) -> Runner:
        return start(self._sources, jobs=1, limits=self._limits)

    def _own_runner(self) -> Runner:
        """The policies' worker of this process: a forked process must not speak into its parent's pipes."""
        if self._runner is None or self._runner_process != os.getpid():
            self._runner = self._start()
            self._runner_process = os.getpid()
        return self._runner

    def end_own_runner(self) -> None:
        """End the policies' worker of a forked process; the parent's is the parent's to end."""
        if self._runner is not None and self._runner_process == os.getpid():
            self._runner.close()

    def _targets(self, source: Source) -> tuple[str, ...]:
        """The names of the targets that an object is judged for."""
        return tuple(dict.fromkeys(run.target for run in self._runs(source) if run.target is not None))

    @cached_property
    def compared_kinds(self) -> frozenset[str]:
        """The kinds of the objects that policies compare with others, on either side of the comparison."""
        judged = {kind for policy in self._reaching(Reach.SURROUNDINGS) for kind in policy.kinds}
        others = (policy.inventory for policy in self._reaching(Reach.SURROUNDINGS, Reach.CHANGE, Reach.CHANGES))
        return frozenset(judged.union(*others))

    def check_states(self, subjects: Sequence[tuple[ManifestFile, Manifest]]) -> Iterable[Finding]:
        """Judge objects as they stand, each with its file, by the policies that look at nothing else."""
        files = {manifest.source: file for file, manifest in subjects}

        def locate(manifest: Manifest, path: FieldPath, on: str) -> Location:
            return files[manifest.source].location(manifest.source, path, on="key" if on == "key" else "value")

        each = ((run, None, manifest) for _, manifest in subjects for run in self._known_runs(manifest.source))
        return self._check(each, (Reach.OBJECT,), locate)

    def check_changes(
        self, changes: Sequence[ObjectChange], base: Side | None, head: Side, facts: Facts
    ) -> list[Finding]:
        """Judge object changes by the policies that compare old and new."""
        if not changes:
            return []
        old_side = {id(change.old) for change in changes}
        olds = {id(change.new): change.old for change in changes}
        touched_files = {*self._diff().added, *self._diff().modified, *self._diff().removed}

        def locate(manifest: Manifest, path: FieldPath, on: Literal["key", "value"]) -> Location:
            if base is None or id(manifest) not in old_side:
                return place_of_changed(manifest, olds.get(id(manifest)), path, on, head=head, touched=touched_files)
            return place_of_removed(manifest.source, path, on, base=base, head=head, touched=touched_files)

        touched = {"*", *(change.manifest.group_kind for change in changes)}
        looking = [policy for policy in self._reaching(Reach.CHANGE) if not touched.isdisjoint(policy.kinds)]
        kinds = {kind for policy in looking for kind in policy.inventory}
        each = ((run, change.old, change.new) for change in changes for run in self._known_runs(change.manifest.source))
        inventory = self._inventory(head, facts, kinds)
        found = self._check(each, (Reach.CHANGE,), locate, inventory, compare=True)
        together = self.choice.general.reaching(Reach.CHANGES)
        if together.levels:
            subjects = [
                Subject(change.old, change.new, self._targets(change.manifest.source), added=change.old is None)
                for change in changes
            ]
            wanted = {kind for policy in together.enabled for kind in policy.inventory}
            scene = Scene(request=self.request_facts, inventory=self._inventory(head, facts, wanted))
            found += check_policies(self._own_runner(), together, subjects, locate, scene, self.choice.refused)
        return found

    def check_surroundings(
        self,
        side: Side,
        facts: Facts,
        paths: Collection[str] | None,
        touched: Touched,
        rendered: Collection[Source] | None = None,
    ) -> list[Finding]:
        """Judge objects by the policies that look at other objects of the tree, or at the pull request.

        What is found has its fingerprints already.

        Args:
            side: the tree.
            facts: what its files declare.
            paths: the files that the change touches; None: every object is judged.
            touched: the objects that the change adds, modifies or removes. What compares itself with one of those is
                judged wherever it stands.
            rendered: which rendered objects the change touches; None: every one is judged.
        """
        facts = side.declared(facts)
        policies = self._reaching(Reach.SURROUNDINGS)
        near = tuple(policy for policy in policies if policy.within_namespace)
        far = tuple(policy for policy in policies if not policy.within_namespace)
        tasks: list[_Comparison] = []
        for group in (near, far):
            scope = _Scope(group, paths, touched, rendered, near=group is near)
            files = [path for path, raw in facts.items() if side.in_scope(path) and scope.may_hold(path, raw)]
            chosen: dict[tuple[str, UnitKey | None], list[PackedObject]] = {}
            for path, one in side.objects(files, self.compared_kinds):
                if scope.judges(path, one):
                    chosen.setdefault((path, None), []).append(one)
            for manifest in side.rendition.manifests():
                if scope.judges_rendered(manifest):
                    place = manifest.source.file, manifest.source.unit
                    chosen.setdefault(place, []).append(pack(manifest))
            kinds = {one.group_kind for own in chosen.values() for one in own} | {"*"}
            active = [policy for policy in group if not kinds.isdisjoint(policy.kinds)]
            wanted = frozenset(kind for policy in active for kind in policy.inventory)
            others = _Others(self._packed(side, facts, wanted, scope.neighbours(chosen.values())))
            ids = frozenset(policy.id for policy in active)
            if ids:
                tasks += sorted(
                    (_Comparison(ids, others, scope.place(own), path, tuple(own)) for (path, _), own in chosen.items()),
                    key=lambda task: (task.namespace, task.file),
                )
        answers = map_batches(partial(_compare_batch, self, side), tasks, self._request.jobs, self.end_own_runner)
        return [finding for batch in answers for finding in batch]

    def compare(
        self, side: Side, inventory: tuple[Manifest, ...], policies: frozenset[str], manifests: Sequence[Manifest]
    ) -> Sequence[Finding]:
        """Judge objects by some of the policies that look at other objects, or at the pull request."""

        def locate(manifest: Manifest, path: FieldPath, on: Literal["key", "value"]) -> Location:
            return side.locate(manifest.source, path, on)

        each = ((run, None, one) for one in manifests for run in self._known_runs(one.source))
        named: dict[tuple[tuple[str, str | None], ...], list[Manifest]] = {}
        for one in manifests:
            named.setdefault(one.source.units, []).append(one)
        found: dict[tuple[tuple[str, str | None], ...], list[Finding]] = {}
        for finding in self._check(each, (Reach.SURROUNDINGS,), locate, inventory, only=policies):
            found.setdefault(finding.units, []).append(finding)
        return [one for units, own in found.items() for one in name_findings(named.get(units, ()), own)]

    def _check(  # noqa: PLR0913  what is judged, by what, beside what
        self,
        subjects: Iterable[tuple[SchemaRun, Manifest | None, Manifest | None]],
        reaches: tuple[Reach, ...],
        locate: Locate,
        inventory: tuple[Manifest, ...] = (),
        *,
        compare: bool = False,
        only: frozenset[str] | None = None,
    ) -> list[Finding]:
        """Judge objects, those of each target by the policies and parameters that hold there.

        Args:
            subjects: for which target, the old and the new object.
            reaches: how far the policies look that are run.
            locate: tells where a field stands.
            inventory: other objects of the tree.
            compare: whether the subjects are changes.
            only: the policies that are run; None: all that look so far.
        """
        groups: dict[tuple[int, SchemaRun, UnitKey | None], tuple[PolicySet, list[Subject]]] = {}
        for run, old, new in subjects:
            subject = Subject(old, new, (run.target,) if run.target else (), added=compare and old is None)
            source = subject.manifest.source
            policies = self.choice.of(source.file, run.target)
            alone = source.unit if source.unit is not None and run.target is None else None
            groups.setdefault((id(policies), run, alone), (policies, []))[1].append(subject)
        findings: list[Finding] = []
        seen: set[tuple[object, ...]] = set()
        for (_, run, alone), (policies, own) in groups.items():
            wanted = policies.reaching(*reaches)
            if only is not None:
                wanted = replace(wanted, levels={one: level for one, level in wanted.levels.items() if one in only})
            if not wanted.levels:
                continue
            others = self._inventory_of(inventory, run.target, alone)
            scene = Scene(run.target or "", run.version or "", self.request_facts, others)
            for finding in check_policies(self._own_runner(), wanted, own, locate, scene, self.choice.refused):
                # Several targets or versions say the same of the same field: once is enough.
                identity = (
                    finding.rule,
                    finding.location,
                    finding.path,
                    finding.message,
                    finding.object,
                    finding.units,
                )
                if identity not in seen:
                    seen.add(identity)
                    findings.append(finding)
        return findings

    def _reaching(self, *reaches: Reach) -> tuple[PolicyInfo, ...]:
        """The policies that look this far and run somewhere."""
        return self.choice.somewhere.reaching(*reaches).enabled

    def _inventory(self, side: Side, facts: Facts, kinds: Collection[str]) -> tuple[Manifest, ...]:
        """The tree's objects of some kinds."""
        return tuple(unpack(one, path) for path, one in self._packed(side, side.declared(facts), kinds, None))

    def _packed(
        self, side: Side, facts: Facts, kinds: Collection[str], namespaces: frozenset[str] | None
    ) -> list[tuple[str, PackedObject]]:
        """The tree's objects of some kinds, and of some namespaces, where they are given; "" is a neighbour of all.

        Args:
            side: the tree.
            facts: what its files declare, without those whose objects are rendered: these are added.
            kinds: the kinds.
            namespaces: the namespaces, None for all.
        """
        if not kinds:
            return []
        rendered = [
            (one.source.file, pack(one))
            for one in side.rendition.manifests()
            if one.group_kind in kinds and _stands_in(one.namespace, namespaces)
        ]
        files = [
            path
            for path, raw in facts.items()
            if any(group_kind(one, kind) in kinds and _stands_in(where, namespaces) for one, kind, where, *_ in raw)
        ]
        return [
            (path, one)
            for path, one in side.objects(files, self.compared_kinds)
            if one.group_kind in kinds and _stands_in(one.namespace, namespaces)
        ] + rendered

    def _known_runs(self, source: Source) -> tuple[SchemaRun, ...]:
        """The runs of an object's file or unit, worked out once for each."""
        key = source.file if source.unit is None else source.unit
        if key not in self._runs_known:
            self._runs_known[key] = self._runs(source)
        return self._runs_known[key]

    def _inventory_of(
        self, inventory: tuple[Manifest, ...], target: str | None, unit: UnitKey | None
    ) -> tuple[Manifest, ...]:
        """The objects of an inventory that a target gets: those of its files, and of files that belong to none.

        The same inventory, target and unit give the same tuple, by which the runner knows what a worker has.

        Args:
            inventory: the objects.
            target: the target.
            unit: where there is no target, the unit whose objects are judged. Another one that is made of the same
                files, such as a second overlay of a base, is meant for another cluster or place: it is left out.
        """
        if not inventory:
            return inventory
        known, by_target = self._inventories
        if known is not inventory:
            by_target = {}
            self._inventories = inventory, by_target
        place = target, unit
        if place not in by_target:
            by_target[place] = self._those_of(inventory, target, unit)
        return by_target[place]

    def _those_of(
        self, inventory: tuple[Manifest, ...], target: str | None, unit: UnitKey | None
    ) -> tuple[Manifest, ...]:
        config = self._trusted.config
        if not config.targets and all(one.source.unit in (None, unit) for one in inventory):
            return inventory
        targets = {
            path: config.targets_of(path) for path in {one.source.file for one in inventory if not one.source.unit}
        }
        # Whoever has no target is compared with everything that a file declares.
        mine = {
            path
            for path, found in targets.items()
            if target is None or not found or target in {one.name for one in found}
        }

        same = {one.source.file for one in inventory if unit is not None and one.source.unit == unit}
        twins = {one.source.unit for one in inventory if one.source.file in same} - {unit}

        def is_near(one: Manifest) -> bool:
            own = one.source.unit
            if own is None:
                return one.source.file in mine
            return own not in twins and (target is None or own.target in (None, target))

        return tuple(one for one in inventory if is_near(one))


class _Scope:
    """Which objects some policies judge, given what the change touches.

    Args:
        policies: the policies.
        paths: the files that the change touches; None: every object is judged.
        touched: the objects that it touches.
        rendered: the rendered objects that it touches; None: every one is judged.
        near: whether the policies compare objects of one namespace alone.
    """

    def __init__(
        self,
        policies: Sequence[PolicyInfo],
        paths: Collection[str] | None,
        touched: Touched,
        rendered: Collection[Source] | None,
        *,
        near: bool,
    ) -> None:
        self._paths = paths
        self._rendered = rendered
        self._near = near
        self._wanted = {kind for policy in policies for kind in policy.kinds}
        others = {kind for policy in policies for kind in policy.inventory}
        kinds = {kind for kind, _ in touched}
        self._everywhere = {
            kind for policy in policies if not kinds.isdisjoint(policy.inventory) for kind in policy.kinds
        }
        namespaces = frozenset(namespace for kind, namespace in touched if kind in others)
        self._namespaces = namespaces if near and "" not in namespaces else None

    def _may_judge(self, kind: str, namespace: str | None, *, is_touched: bool) -> bool:
        if is_touched and not {kind, "*"}.isdisjoint(self._wanted):
            return True
        return not {kind, "*"}.isdisjoint(self._everywhere) and _stands_in(namespace, self._namespaces)

    def may_hold(self, path: str, raw: Sequence[RawFact]) -> bool:
        """Whether a file declares an object that is judged."""
        is_touched = self._is_touched(path)
        return any(
            self._may_judge(group_kind(version, kind), where, is_touched=is_touched) for version, kind, where, *_ in raw
        )

    def judges(self, path: str, packed: PackedObject) -> bool:
        """Whether an object that a file declares is judged."""
        return self._may_judge(packed.group_kind, packed.namespace, is_touched=self._is_touched(path))

    def judges_rendered(self, manifest: Manifest) -> bool:
        """Whether a rendered object is judged."""
        is_touched = self._rendered is None or manifest.source in self._rendered
        return self._may_judge(manifest.group_kind, manifest.namespace, is_touched=is_touched)

    def _is_touched(self, path: str) -> bool:
        return self._paths is None or path in self._paths

    def neighbours(self, files: Iterable[Sequence[PackedObject]]) -> frozenset[str] | None:
        """The namespaces of the objects that these are compared with; None for all."""
        namespaces = frozenset(one.namespace for own in files for one in own)
        return namespaces if self._near and "" not in namespaces else None

    def place(self, own: Sequence[PackedObject]) -> str:
        """The one namespace that a file's objects are compared within, "" for all of them."""
        namespaces = {one.namespace for one in own}
        return namespaces.pop() if self._near and len(namespaces) == 1 else ""


class _Others:
    """The objects that others are compared with, unpacked one namespace at a time."""

    def __init__(self, packed: Iterable[tuple[str, PackedObject]]) -> None:
        self._by_namespace: dict[str, list[tuple[str, PackedObject]]] = {}
        for path, one in packed:
            self._by_namespace.setdefault(one.namespace, []).append((path, one))
        self._last: tuple[str, tuple[Manifest, ...]] | None = None

    def of(self, namespace: str) -> tuple[Manifest, ...]:
        """Those that may stand in a namespace; "" for all. Asked twice in a row, it is the same tuple."""
        if self._last is None or self._last[0] != namespace:
            names = [namespace, ""] if namespace else list(self._by_namespace)
            found = (unpack(one, path) for name in names for path, one in self._by_namespace.get(name, ()))
            self._last = namespace, tuple(found)
        return self._last[1]


class _Comparison(NamedTuple):
    """A file's objects, the policies that compare them, and what with."""

    policies: frozenset[str]
    others: _Others
    namespace: str
    file: str
    objects: tuple[PackedObject, ...]


def _stands_in(namespace: str | None, namespaces: frozenset[str] | None) -> bool:
    """Whether an object may stand in one of some namespaces; one that names none may stand in any."""
    return namespaces is None or not namespace or namespace in namespaces


def _compare_batch(policing: Policing, side: Side, tasks: Sequence[_Comparison]) -> list[Finding]:
    found: list[Finding] = []
    for (policies, namespace), group in groupby(tasks, key=lambda task: (task.policies, task.namespace)):
        together = list(group)
        manifests = [unpack(one, task.file) for task in together for one in task.objects]
        found += policing.compare(side, together[0].others.of(namespace), policies, manifests)
    return found
