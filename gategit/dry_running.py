"""The dry-run stage in the gate: what is asked for which target, what it may count on, and what comes of it."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Literal

from gategit.change import ObjectChange
from gategit.checks.dry_run.findings import Locate, findings, outcome_view, place
from gategit.checks.dry_run.shown import Masker
from gategit.checks.dry_run.values import CLASS_GROUPS, DeclaredKind, Expected, Outcome, Problem
from gategit.dry_run_modes import DEADLINE, Asked, Group, ask_group
from gategit.errors import GategitError, UndecidedError, UsageError
from gategit.manifests.manifest import Manifest, Role
from gategit.manifests.secrecy import is_encrypted
from gategit.model import DryRun, DryRunOutcome, DryRunResult, DryRunServer, Region, Unchecked
from gategit.object_changes import place_of_changed, place_of_removed
from gategit.supplied_definitions import Supplied, defined_by, supply

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from gategit.cluster.snapshot import Snapshot
    from gategit.config import Target
    from gategit.judge import RawFact
    from gategit.manifests.manifest import Source
    from gategit.model import FieldPath, Finding, Location
    from gategit.repository import TreeDiff, Trees
    from gategit.request import Request
    from gategit.side import Facts, Side
    from gategit.trusted import Trusted

_OFF = "off"
_SHOWN = 5
_FIRST = Region(0, 0, 0, 0)
_CRD = ("apiextensions.k8s.io", "CustomResourceDefinition")
_NAMESPACE = ("", "Namespace")
_SERVICE_ACCOUNT = ("", "ServiceAccount")
_ADMISSION = "admissionregistration.k8s.io"

_SEEN_BY_ADMISSION = frozenset(
    {
        _CRD,
        _NAMESPACE,
        _SERVICE_ACCOUNT,
        ("", "LimitRange"),
        ("", "ResourceQuota"),
        ("", "Service"),  # allocated node ports
        ("networking.k8s.io", "IngressClass"),
        ("node.k8s.io", "RuntimeClass"),
        ("scheduling.k8s.io", "PriorityClass"),
        ("storage.k8s.io", "StorageClass"),
    }
)
"""Kinds of the base tree that what the server says of other objects depends on: a sandbox holds all of them."""


@dataclass(frozen=True, slots=True)
class DryRunStage:
    """What the stage found.

    Attributes:
        findings: of the head, without fingerprints.
        known: what the base has too, without fingerprints.
        unchecked: what could not be asked.
        dry_run: who was asked, and what of each object; None where the stage did not run.
    """

    findings: tuple[Finding, ...] = ()
    known: tuple[Finding, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
    dry_run: DryRun | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """What the gate knows when the stage begins.

    Attributes:
        request: what is asked.
        trees: the trees of the run.
        trusted: config and snapshots.
        head: the side after the change.
        base: the side before it, or None.
        diff: what differs between the trees.
        changes: the object changes; every object as an added one where a whole tree is judged.
        facts: what the head declares.
        base_facts: what the base declares; worked out when a sandbox asks.
        crds: finds the definitions that a side declares.
    """

    request: Request
    trees: Trees
    trusted: Trusted
    head: Side
    base: Side | None
    diff: TreeDiff
    changes: tuple[ObjectChange, ...]
    facts: Facts
    base_facts: Callable[[], Facts]
    crds: Callable[[Side, Facts], tuple[Manifest, ...]]


def run_stage(scope: Scope, say: Callable[[str], None]) -> DryRunStage:
    """Ask for the change.

    Raises:
        UsageError: options and config do not say who is to be asked.
        ConfigError: a snapshot cannot be used.
    """
    return _Stage(scope, say).run()


class _Stage:
    """One run of the stage."""

    def __init__(self, scope: Scope, say: Callable[[str], None]) -> None:
        self._scope = scope
        self._say = say
        self._unchecked: list[Unchecked] = []
        self._places: dict[tuple[Side, Source, FieldPath, str], Location] = {}

    def run(self) -> DryRunStage:
        """Ask group by group; one that cannot be asked leaves the others alone."""
        masker = Masker(secrets.token_bytes(32))
        found: list[Finding] = []
        known: list[Finding] = []
        servers: list[DryRunServer] = []
        outcomes: list[DryRunOutcome] = []
        for group in self._groups():
            try:
                asked = ask_group(self._scope.request, group, self._scope.trees.root, self._say)
            except UndecidedError as error:
                asked = _unanswered(group, error)
            except UsageError as error:
                # Who runs the gate where the config's clusters cannot be reached has done nothing wrong.
                if self._scope.request.dry_run is not None:
                    raise
                asked = _unanswered(group, error)
            servers.append(asked.server)
            for outcome in asked.outcomes:
                locate = self._locate(outcome.change)
                found += findings(outcome, locate, group.target)
                outcomes.append(outcome_view(outcome, locate, group.target, masker))
            for outcome in asked.before:
                known += findings(outcome, self._locate_old, group.target)
            self._unchecked += _deferred(asked.outcomes, group.target)
        if not servers:
            return DryRunStage(unchecked=tuple(self._unchecked), dry_run=DryRun())
        ordered = sorted(outcomes, key=lambda one: (one.location.file, one.location.region or _FIRST, one.target or ""))
        return DryRunStage(tuple(found), tuple(known), tuple(self._unchecked), DryRun(tuple(servers), tuple(ordered)))

    def _groups(self) -> Iterable[Group]:
        """The changes by target and by how each is asked for, in the order of the config."""
        request, config = self._scope.request, self._scope.trusted.config
        chosen: dict[str | None, list[ObjectChange]] = {}
        homeless = 0
        for change in self._scope.changes:
            if self._is_encrypted(change):
                continue
            targets = config.targets_at(change.manifest.source)
            names: list[str | None] = [one.name for one in targets if request.target in (None, one.name)]
            if not names and self._is_asked_without_target():
                names = [None]
            homeless += not names
            for name in names:
                chosen.setdefault(name, []).append(change)
        if homeless:
            objects = "1 object" if homeless == 1 else f"{homeless:,} objects"
            self._unchecked.append(Unchecked(objects, "no target of the config, so nobody was asked in the dry run"))
        self._count_built()
        asked = [(name, changes) for name, changes in chosen.items() if self._mode(name) != _OFF]
        self._refuse_one_for_several([name for name, _ in asked])
        for name, changes in asked:
            target = config.target(name) if name is not None else None
            mode = self._mode(name)
            snapshot = self._snapshot(target, mode)
            expected = self._expected(target, changes, mode, snapshot)
            present = self._present(target, changes) if mode == "sandbox" else ()
            yield Group(
                target=name,
                mode=mode,
                changes=tuple(changes),
                expected=expected,
                context=target.context if target is not None else None,
                namespace=target.namespace if target is not None else None,
                version=self._version(target),
                timeout=request.timeout or DEADLINE,
                snapshot=snapshot,
                present=present,
                supplied=self._supplied(target, changes, snapshot, {*expected.kinds, *defined_by(present)})
                if mode == "sandbox"
                else Supplied(),
                answered=self._look_for_place,
                notes=self._notes(target, changes, mode),
            )

    def _mode(self, target: str | None) -> str:
        """How a target is asked for: the option decides, then the config."""
        request, config = self._scope.request, self._scope.trusted.config
        known = config.target(target) if target is not None else None
        return request.dry_run or (known.dry_run if known is not None else None) or _OFF

    def _is_asked_without_target(self) -> bool:
        """Whether objects of no target can be asked for: it must be clear whom."""
        request, config = self._scope.request, self._scope.trusted.config
        if request.target is not None or request.dry_run in (None, _OFF):
            return False
        clear = {"sandbox": True, "cluster": request.context is not None, "snapshot": request.snapshot is not None}
        return not config.targets or clear.get(request.dry_run or "", False)

    def _refuse_one_for_several(self, targets: Sequence[str | None]) -> None:
        """One context or snapshot from the command line cannot stand for several clusters."""
        request = self._scope.request
        for option, value in (("--context", request.context), ("--snapshot", request.snapshot)):
            if value is not None and len(targets) > 1:
                names = ", ".join(name or "(none)" for name in targets)
                raise UsageError(
                    f"{option} names one cluster, but the change reaches several targets: {names}",
                    "name one with --target, or let the config say each target's own",
                )

    def _is_encrypted(self, change: ObjectChange) -> bool:
        """Whether nobody but the agent knows the object; it is counted."""
        manifest = change.manifest
        if not is_encrypted(manifest.data):
            return False
        self._unchecked.append(Unchecked(str(manifest.ref), "encrypted with SOPS: only the agent can read it"))
        return True

    def _count_built(self) -> None:
        """Say which objects a kustomization builds that are not rendered: what is applied may differ from a file."""
        graph = self._scope.head.graph
        built = [
            change
            for change in self._scope.changes
            if change.new is not None
            and change.new.source.unit is None
            and graph.roles.get(change.new.source.file) is Role.MANIFEST
        ]
        if built:
            objects = "1 object" if len(built) == 1 else f"{len(built):,} objects"
            reason = "a kustomization builds them: the dry run asked for them as their files declare them"
            self._unchecked.append(Unchecked(objects, reason))

    def _version(self, target: Target | None) -> str | None:
        request, config = self._scope.request, self._scope.trusted.config
        if request.kubernetes_versions:
            return request.kubernetes_versions[0]
        return (target.kubernetes_version if target is not None else None) or config.kubernetes_version

    def _snapshot(self, target: Target | None, mode: str) -> Snapshot | None:
        """The export that the command line names, else the target's.

        Raises:
            UsageError: a snapshot is to be asked, and there is none.
            ConfigError: the target's cannot be used.
        """
        path = self._scope.request.snapshot
        if path is not None:
            from gategit.cluster.snapshot import snapshot_of_option  # noqa: PLC0415  few runs have one

            return snapshot_of_option(path)
        content = self._scope.trusted.snapshot(target) if target is not None else None
        if content is not None and target is not None:
            return _loaded(content, target.snapshot or "")
        if mode == "snapshot":
            what = f"the target {target.name}" if target is not None else "this run"
            raise UsageError(
                f"--dry-run snapshot: there is no snapshot for {what}",
                "name one with --snapshot FILE or with targets.NAME.snapshot in the config; "
                "gategit cluster snapshot exports one",
            )
        return None

    def _expected(
        self, target: Target | None, changes: Sequence[ObjectChange], mode: str, snapshot: Snapshot | None
    ) -> Expected:
        facts = self._of_target(self._scope.head, self._scope.facts, target)
        definitions = [one for one in self._scope.crds(self._scope.head, facts) if one.source.file in facts]
        altered = [
            side
            for change in changes
            for side in (change.old, change.new)
            if side is not None and (side.group, side.kind) == _CRD
        ]
        kinds = {(kind.group, kind.kind): kind for kind in map(_declared_kind, definitions) if kind is not None}
        renamed = {(kind.group, kind.kind) for kind in map(_declared_kind, altered) if kind is not None}
        return Expected(
            namespaces=frozenset(name for _, name in _named(facts, _NAMESPACE)) | self._made_by_agents(facts, target),
            kinds=kinds,
            altered_kinds=frozenset(renamed),
            service_accounts=frozenset(_named(facts, _SERVICE_ACCOUNT)),
            classes=frozenset(
                (kind, name) for kind, group in CLASS_GROUPS.items() for _, name in _named(facts, (group, kind))
            ),
            namespace=(target.namespace if target is not None else None) or "default",
            field_manager=target.field_manager if target is not None else None,
            writable=mode == "sandbox",
            complete=mode != "sandbox" or snapshot is not None,
        )

    def _of_target(self, side: Side, facts: Facts, target: Target | None) -> Facts:
        """What goes to a target: what is rendered for it, what its files declare, and what files of no target do."""
        config = self._scope.trusted.config
        found = {
            path: raw
            for path, raw in side.declared(facts).items()
            if target is None or target.matches(path) or not config.targets_of(path)
        }
        for one in _rendered(side, target):
            raw = (one.api_version, one.kind, one.namespace, one.name, one.source.document, one.source.pointer)
            found[one.source.file] = (*found.get(one.source.file, ()), raw)
        return found

    def _made_by_agents(self, facts: Facts, target: Target | None) -> frozenset[str]:
        """The namespaces that Argo CD and Flux make themselves, because an object of theirs asks for it."""
        found = {
            name
            for whose, name in self._scope.head.rendition.namespaces
            if target is None or whose in (None, target.name)
        }
        for path, raw in facts.items():
            if any(kind in _AGENT_KINDS for _, kind, *_ in raw):
                manifests = _manifests(self._scope.head, path, target)
                found.update(name for one in manifests for name in namespaces_made(one))
        return frozenset(found)

    def _present(self, target: Target | None, changes: Sequence[ObjectChange]) -> tuple[dict[str, Any], ...]:
        """What a sandbox holds before the change: what admission looks at, and the old sides of the change."""
        base = self._scope.base
        if base is None:
            return tuple(_namespace(name) for name in self._out_of_sight(target, changes))
        facts = self._of_target(base, self._scope.base_facts(), target)
        wanted = {key for raw in facts.values() for key in map(_group_kind, raw) if _is_seen_by_admission(key)}
        parameters = _ADMISSION in {group for group, _ in wanted}
        olds = {change.old.source for change in changes if change.old is not None}
        files = sorted({source.file for source in olds} | {path for path, raw in facts.items() if _holds(raw, wanted)})
        declared = {name for _, name in _named(facts, _NAMESPACE)}
        # What the base's objects live in is there, whoever made it.
        used = {namespace for raw in facts.values() for _, _, namespace, *_ in raw if namespace}
        used = {name for name in (*used, *self._built_into(base, facts, target)) if _NAME.match(name)} - declared
        found: list[dict[str, Any]] = [_namespace(name) for name in sorted(used)]
        for path in files:
            for manifest in _manifests(base, path, target):
                key = (manifest.group, manifest.kind)
                if manifest.source in olds or key in wanted or (parameters and key == ("", "ConfigMap")):
                    found.append(_in_namespace(manifest, target))
        return tuple(found)

    def _built_into(self, side: Side, facts: Facts, target: Target | None) -> Iterable[str]:
        """The namespaces that builds put objects of a target into: what the change does not reach is not rendered."""
        for one in side.graph.kustomizations.values():
            whose = self._scope.trusted.config.targets_of(one.file)
            if one.parsed.namespace and (target is None or not whose or target in whose):
                yield one.parsed.namespace
        for path, raw in facts.items():
            if any(kind in _DEPLOYING_KINDS for _, kind, *_ in raw):
                for manifest in _manifests(side, path, target):
                    spec = manifest.data.get("spec")
                    names = (_at(spec, "destination", "namespace"), _at(spec, "targetNamespace"))
                    yield from (name for name in names if isinstance(name, str))

    def _supplied(
        self,
        target: Target | None,
        changes: Sequence[ObjectChange],
        snapshot: Snapshot | None,
        declared: Collection[tuple[str, str]],
    ) -> Supplied:
        """The definitions of kinds that the change touches and that neither the repository nor the snapshot defines."""
        sides = [*(change.new for change in changes), *(change.old for change in changes)]
        wanted = [(one.api_version, one.kind) for one in sides if one is not None]
        exported = defined_by(snapshot.objects) if snapshot is not None else frozenset()
        return supply(wanted, {*declared, *exported}, self._scope.trusted, target, snapshot)

    def _look_for_place(self, change: ObjectChange) -> None:
        """Look where an object stands: while the server is busy, that takes no time."""
        place(change.manifest, self._locate(change))

    def _notes(self, target: Target | None, changes: Sequence[ObjectChange], mode: str) -> tuple[str, ...]:
        """What is to be known of a sandbox for a part of a folder."""
        names = self._out_of_sight(target, changes) if mode == "sandbox" and self._scope.base is None else []
        if not names:
            return ()
        shown = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
        return (f"taken to be there, since only a part of the files was looked at: the namespaces {shown}",)

    def _out_of_sight(self, target: Target | None, changes: Sequence[ObjectChange]) -> list[str]:
        """The namespaces that are used and not declared where a part of a folder is judged: the rest may have them."""
        if not self._scope.trees.paths:
            return []
        facts = self._of_target(self._scope.head, self._scope.facts, target)
        used = {change.new.namespace for change in changes if change.new is not None and change.new.namespace}
        return sorted(used - {name for _, name in _named(facts, _NAMESPACE)})

    def _locate(self, change: ObjectChange) -> Locate:
        return self._locate_removed if change.new is None else partial(self._locate_new, change.old)

    def _locate_new(
        self, old: Manifest | None, manifest: Manifest, path: FieldPath, on: Literal["key", "value"]
    ) -> Location:
        key = (self._scope.head, manifest.source, path, on)
        if key not in self._places:
            touched = self._touched
            self._places[key] = place_of_changed(manifest, old, path, on, head=self._scope.head, touched=touched)
        return self._places[key]

    def _locate_old(self, manifest: Manifest, path: FieldPath, on: Literal["key", "value"]) -> Location:
        return self._located(self._scope.base or self._scope.head, manifest, path, on)

    def _locate_removed(self, manifest: Manifest, path: FieldPath, on: Literal["key", "value"]) -> Location:
        base, head = self._scope.base, self._scope.head
        if base is None:
            return self._located(head, manifest, path, on)
        return place_of_removed(manifest.source, path, on, base=base, head=head, touched=self._touched)

    @cached_property
    def _touched(self) -> frozenset[str]:
        """The files that the change touches."""
        diff = self._scope.diff
        return frozenset((*diff.added, *diff.modified, *diff.removed))

    def _located(self, side: Side, manifest: Manifest, path: FieldPath, on: Literal["key", "value"]) -> Location:
        key = (side, manifest.source, path, on)
        if key not in self._places:
            self._places[key] = side.locate(manifest.source, path, on)
        return self._places[key]


def _rendered(side: Side, target: Target | None) -> Iterable[Manifest]:
    """What is rendered for a target, or for none; all of it where there is no target."""
    return side.rendition.manifests(None if target is None else (target.name, None))


def _manifests(side: Side, path: str, target: Target | None) -> Iterable[Manifest]:
    """What comes to a target out of a file: as it is rendered, or as the file declares it."""
    yield from (one for one in _rendered(side, target) if one.source.file == path)
    if path not in side.rendition.covered and path in side.tree.entries():
        yield from side.file(path).manifests


def _loaded(content: bytes, name: str) -> Snapshot:
    from gategit.cluster.snapshot import load_snapshot  # noqa: PLC0415  few runs have one

    return load_snapshot(content, name)


_DEPLOYING_KINDS = frozenset({"Application", "HelmRelease", "Kustomization"})
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?\Z")
_AGENT_KINDS = frozenset({"Application", "ApplicationSet", "HelmRelease"})


def namespaces_made(manifest: Manifest) -> Iterable[str]:
    """The namespace that an Argo CD Application or a Flux HelmRelease lets its agent make."""
    spec = manifest.data.get("spec")
    if not isinstance(spec, dict):
        return
    if (manifest.group, manifest.kind) == ("argoproj.io", "ApplicationSet"):
        spec = _at(spec, "template", "spec")
    if manifest.group == "argoproj.io":
        options = _at(spec, "syncPolicy", "syncOptions")
        name = _at(spec, "destination", "namespace")
        if isinstance(options, list) and "CreateNamespace=true" in options and isinstance(name, str):
            yield name
    elif (manifest.group, manifest.kind) == ("helm.toolkit.fluxcd.io", "HelmRelease"):
        name = _at(spec, "targetNamespace")
        if _at(spec, "install", "createNamespace") is True and isinstance(name, str):
            yield name


def _at(data: Any, *names: str) -> Any:
    for name in names:
        data = data.get(name) if isinstance(data, dict) else None
    return data


def _group_kind(raw: RawFact) -> tuple[str, str]:
    api_version, kind, *_ = raw
    return api_version.rpartition("/")[0], kind


def _named(facts: Facts, wanted: tuple[str, str]) -> Iterable[tuple[str, str]]:
    """Namespace and name of every declared object of a kind."""
    for raws in facts.values():
        for raw in raws:
            if _group_kind(raw) == wanted:
                _, _, namespace, name, *_ = raw
                yield namespace or "", name


def _is_seen_by_admission(key: tuple[str, str]) -> bool:
    return key in _SEEN_BY_ADMISSION or key[0] == _ADMISSION


def _holds(raw: Iterable[RawFact], wanted: Collection[tuple[str, str]]) -> bool:
    return any(_group_kind(one) in wanted for one in raw)


def _namespace(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def _in_namespace(manifest: Manifest, target: Target | None) -> dict[str, Any]:
    """An object as it is filled in: with the target's namespace where it names none."""
    namespace = target.namespace if target is not None else None
    metadata = manifest.data.get("metadata")
    if namespace is None or manifest.namespace is not None or not isinstance(metadata, dict):
        return manifest.data
    # A cluster-scoped kind takes no harm: the server ignores the namespace in its body.
    return {**manifest.data, "metadata": {**metadata, "namespace": namespace}}


def _declared_kind(manifest: Manifest) -> DeclaredKind | None:
    """The kind that a definition defines; None where it does not say."""
    spec = manifest.data.get("spec")
    group, kind, plural = _at(spec, "group"), _at(spec, "names", "kind"), _at(spec, "names", "plural")
    versions = _at(spec, "versions")
    if not (isinstance(group, str) and isinstance(kind, str) and isinstance(plural, str)):
        return None
    served = [
        _at(one, "name") for one in (versions if isinstance(versions, list) else ()) if _at(one, "served") is True
    ]
    names = frozenset(name for name in served if isinstance(name, str))
    return DeclaredKind(group, kind, plural, _at(spec, "scope") == "Namespaced", names)


def _deferred(outcomes: Iterable[Outcome], target: str | None) -> Iterable[Unchecked]:
    """What could not be asked yet: it blocks nothing, and it is counted."""
    where = f" (target {target})" if target is not None else ""
    return [
        Unchecked(f"{outcome.change.manifest.ref}{where}", f"dry run deferred: {outcome.reason}")
        for outcome in outcomes
        if outcome.result is DryRunResult.DEFERRED
    ]


def _unanswered(group: Group, error: GategitError) -> Asked:
    """Nobody answered: nothing is known of any object, and one finding says so."""
    from gategit.dry_run_modes import Asked  # noqa: PLC0415  the same

    problem = Problem("dry-run-unanswered", error.message, help=error.hint)
    outcomes = tuple(
        Outcome(change, DryRunResult.UNKNOWN, () if index else (problem,), error.message)
        for index, change in enumerate(group.changes)
    )
    return Asked(DryRunServer(group.target, group.mode), outcomes)
