"""Judging many files: by which schemas and policies, in which processes, and what the cache already knows."""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property, partial
from hashlib import blake2b
from typing import TYPE_CHECKING, Self

from gategit import rules
from gategit.cache import Cache, program_id
from gategit.checks.schema.spec import SchemaSpec
from gategit.checks.schema.versions import of
from gategit.errors import UndecidedError, UsageError
from gategit.judge import (
    FileTask,
    FileVerdict,
    JudgeContext,
    SchemaKey,
    SchemaRun,
    cache_key,
    decode_verdict,
    encode_verdict,
    judge_files,
)
from gategit.manifests.decode import Limits
from gategit.model import Stage
from gategit.parallel import map_batches
from gategit.policing import Policing
from gategit.repository import changed
from gategit.side import AGENT_GROUPS, Facts, Side, asks_agents
from gategit.user_cache import cache_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from types import TracebackType

    from gategit.checks.policy.worker_process import Limits as PolicyLimits
    from gategit.checks.references.kustomize import Parsed
    from gategit.cluster.snapshot import Snapshot
    from gategit.config import Config, Target
    from gategit.manifests.manifest import Manifest, Source
    from gategit.model import Finding
    from gategit.rendered_judging import Drawn
    from gategit.repository import SourceTree, TreeDiff, Trees
    from gategit.request import Request
    from gategit.trusted import Trusted

CACHE_FILE = "judgements.sqlite3"

_CRD_GROUP, _CRD_KIND = "apiextensions.k8s.io", "CustomResourceDefinition"
_CRD_MARK = b"CustomResourceDefinition"
_AGENT_MARKS = tuple(mark.encode() for mark in AGENT_GROUPS)


def check_target(config: Config, name: str | None) -> None:
    """See that a target that is asked for is one of the config.

    Raises:
        UsageError: it is none.
    """
    if name is not None and config.target(name) is None:
        known = ", ".join(target.name for target in config.targets) or "none"
        raise UsageError(f"--target {name}: the config has no such target", f"targets in the config: {known}")


class Judging:
    """What judges files in one run: the policies' worker, the schemas, the cache. Use it in a ``with`` block.

    Args:
        request: what is asked.
        trees: the trees of the run.
        trusted: config and policies.
        policy_limits: what a policy may use up, where it is not the usual.

    Raises:
        UsageError: ``--target`` names none.
        ConfigError: a policy folder cannot be used.
    """

    def __init__(
        self, request: Request, trees: Trees, trusted: Trusted, policy_limits: PolicyLimits | None = None
    ) -> None:
        self._request = request
        self._trees = trees
        self._trusted = trusted
        config = trusted.config
        check_target(config, request.target)
        self.stages = request.stages if request.stages is not None else frozenset(Stage)
        self.limits = Limits(file_bytes=config.limits.file_size)
        # Whatever ran on this machine before as the same user could have written the cache, a job of the pull request
        # included: where the verdict guards a merge it is not believed.
        guards = trees.event is not None and trees.event.guards_merge
        folder = cache_folder() if request.use_cache and not guards else None
        self.cache = Cache(folder / CACHE_FILE if folder is not None else None)
        self._parsed: dict[str, Parsed] = {}
        self._marked: dict[Side, dict[bytes, list[str]]] = {}
        self.policing = Policing(request, trees, trusted, self.runs_at, lambda: self.diff, policy_limits)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.policing.close()
        self.cache.close()

    @cached_property
    def diff(self) -> TreeDiff:
        """What differs between the two trees; everything, where there is no base."""
        return changed(self._trees.base, self._trees.head)

    def side(self, tree: SourceTree) -> Side:
        """A tree as this run looks at it."""
        selected = self._trees.selects
        if self._request.target is not None:
            target = self._trusted.config.target(self._request.target)
            if target is not None:
                selected = partial(_both, self._trees.selects, target.matches)
        return Side(
            tree,
            self._trusted.config.path_filter(),
            selected,
            self.limits,
            self.cache,
            self._request.jobs,
            self._parsed,
        )

    def runs(self, path: str) -> tuple[SchemaRun, ...]:
        """For which targets and versions a file is checked."""
        targets = self._trusted.config.targets_of(path)
        return self.runs_for([target for target in targets if self._request.target in (None, target.name)])

    def runs_at(self, source: Source) -> tuple[SchemaRun, ...]:
        """For which targets and versions an object is checked; none where its target is not asked for."""
        if source.unit is None:
            return self.runs(source.file)
        if not self.asks_for(source.unit.target):
            return ()
        return self.runs_for(self._trusted.config.targets_at(source))

    def asks_for(self, target: str | None) -> bool:
        """Whether what goes to a target is judged."""
        return self._request.target in (None, target)

    def wants(self, side: Side, source: Source) -> bool:
        """Whether an object is asked for: one of the files that it is made of is, and its target."""
        if source.unit is None:
            return side.in_scope(source.file)
        return self.asks_for(source.unit.target) and any(map(self._trees.selects, side.rendition.made_of(source)))

    def shows(self, side: Side, finding: Finding) -> bool:
        """Whether a finding is asked for. What a target gets may stand in files that are not the target's."""
        path = finding.location.file
        return self._trees.selects(path) if finding.units else side.in_scope(path)

    def target(self, name: str | None) -> Target | None:
        """A target of the config by its name."""
        return None if name is None else self._trusted.config.target(name)

    def runs_for(self, targets: Sequence[Target]) -> tuple[SchemaRun, ...]:
        """For which versions the files of some targets are checked, or without any, those of no target."""
        wanted = self._request.kubernetes_versions
        if wanted:
            whose: Sequence[Target | None] = targets or [None]
            return tuple(self._run(target, version) for target in whose for version in wanted)
        runs = [run for target in targets for run in self._runs_of(target)]
        runs += [self._run(target, target.upgrade_to) for target in targets if target.upgrade_to]
        return tuple(runs) or tuple(self._runs_of(None))

    def _run(self, target: Target | None, version: str | None) -> SchemaRun:
        """One run of a target's files, or of files without a target."""
        name = target.name if target is not None else None
        snapshot = self._snapshots.get(name)
        releases = self._trusted.config.releases_of(target)
        return SchemaRun(name, version, snapshot.name if snapshot is not None else "", releases)

    def _runs_of(self, target: Target | None) -> Iterator[SchemaRun]:
        """The versions that a target's cluster is said to have: by the config, and by its export."""
        name = target.name if target is not None else None
        stated = (target.kubernetes_version if target is not None else None) or self._trusted.config.kubernetes_version
        snapshot = self._snapshots.get(name)
        exported = of(snapshot.version) if snapshot is not None else None
        if exported is not None:
            yield self._run(target, exported)
        if exported is None or stated not in (None, exported):
            yield self._run(target, stated)

    @cached_property
    def _snapshots(self) -> dict[str | None, Snapshot]:
        """The export of each target's cluster, and under None that of files without a target.

        Raises:
            ConfigError: one cannot be used.
            UsageError: the one that the command line names cannot be read.
        """
        request, config = self._request, self._trusted.config
        if request.snapshot is None and not config.snapshots:
            return {}
        from gategit.cluster.snapshot import load_snapshot, snapshot_of_option  # noqa: PLC0415  few runs have one

        found: dict[str | None, Snapshot] = {}
        for target in config.targets:
            content = self._trusted.snapshot(target)
            if content is not None:
                found[target.name] = load_snapshot(content, target.snapshot or "")
        if request.snapshot is not None:
            given = snapshot_of_option(request.snapshot)
            # One export cannot stand for several clusters.
            names = [target.name for target in config.targets if request.target in (None, target.name)]
            if len(names) <= 1:
                found |= dict.fromkeys([None, *names], given)
        return found

    @cached_property
    def _schema_runs(self) -> dict[SchemaKey, Snapshot | None]:
        """All that files can be validated with: by ``SchemaRun.schemas``, with the export."""
        config = self._trusted.config
        found: dict[SchemaKey, Snapshot | None] = {}
        for target in (None, *config.targets):
            name = target.name if target is not None else None
            runs = [*self._runs_of(target)]
            versions = [*self._request.kubernetes_versions, *filter(None, [target.upgrade_to if target else None])]
            runs += [self._run(target, version) for version in versions]
            found |= {run.schemas: self._snapshots.get(name) for run in runs}
        return found

    def context(self, side: Side, crds: Sequence[Manifest]) -> JudgeContext:
        """What a side's files are judged by.

        Args:
            side: the side.
            crds: the custom resource definitions that hold, the most important first.
        """
        config = self._trusted.config
        folder_schemas = self._folder_schemas if Stage.SCHEMA in self.stages else ()
        schemas = {
            key: SchemaSpec(
                kubernetes_version=key[0],
                crds=tuple(crd.data for crd in crds),
                crd_files=tuple(crd.source.file for crd in crds),
                folder_schemas=folder_schemas,
                missing_level=config.schemas.missing,
                snapshot=snapshot,
                releases=key[2],
            )
            for key, snapshot in self._schema_runs.items()
        }
        parts = (
            program_id(),
            repr(self.limits),
            *sorted(self.stages),
            *(one.digest for one in schemas.values()),
            *sorted(side.chart_folders),
            self.policing.sources_digest,
            *self.policing.choice.fingerprint,
        )
        digest = blake2b("\0".join(parts).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
        return JudgeContext(self.limits, schemas, self.stages, side.chart_folders, digest, self.policing.compared_kinds)

    @cached_property
    def _folder_schemas(self) -> tuple[tuple[str, bytes], ...]:
        return self._trusted.folder_schemas()

    def find_crds(self, side: Side, facts: Facts | None) -> tuple[Manifest, ...]:
        """The custom resource definitions that a tree declares.

        Args:
            side: the tree.
            facts: what its files declare, or None where nobody has looked yet: then its files are searched for the
                word, which costs far less than decoding them.
        """
        if facts is None:
            paths = self._files_with_marks(side)[_CRD_MARK]
        else:
            paths = [
                path
                for path, raw in facts.items()
                if any(kind == _CRD_KIND and version.startswith(_CRD_GROUP) for version, kind, *_ in raw)
            ]
        declared = [manifest for path in paths for manifest in side.file(path).manifests]
        # One that is rendered is what the cluster gets, and charts declare none in their files.
        rendered = {one.key: one for one in side.rendition.manifests()}
        found = [*rendered.values(), *(one for one in declared if one.key not in rendered)]
        return tuple(one for one in found if (one.group, one.kind) == (_CRD_GROUP, _CRD_KIND))

    def has_agents(self, side: Side, facts: Facts | None) -> bool:
        """Whether a tree may hold objects of Argo CD or Flux; asked in the same way."""
        if facts is None:
            marked = self._files_with_marks(side)
            return any(marked[mark] for mark in _AGENT_MARKS)
        return asks_agents(facts)

    def draw(
        self,
        head: Side,
        base: Side | None,
        touched: Collection[str] | None,
        say: Callable[[str], None],
        known: Facts | None = None,
    ) -> Drawn | None:
        """Render what a change reaches, which both sides show from then on; None where there is nothing to render.

        Args:
            head: the tree that is judged.
            base: the tree before, None where there is none.
            touched: the files that the change adds, modifies or removes; None: everything is rendered.
            say: hears how far it is.
            known: what the head's files declare, None where nobody has looked yet.
        """
        if not self._trusted.config.render.enabled:
            return None
        # What files of the base say that the change leaves alone, those of the head say as well.
        deployed = self.has_agents(head, known) or (base is not None and self._had_agents(base))
        if not deployed and not head.is_built and not (base is not None and base.is_built):
            return None
        from gategit.rendered_judging import draw  # noqa: PLC0415  plain manifests need nothing of it

        facts = known if known is not None else head.survey() if deployed else {}
        # Where nobody asks agents for anything, nobody asks what else files declare.
        old_facts = {} if base is None or not (facts or deployed) else base.survey(head, facts)
        before = None if base is None else (base, old_facts)
        return draw(self._request, self._trees, self._trusted.config, (head, facts), before, touched, say)

    def _had_agents(self, base: Side) -> bool:
        """Whether files of the base that the change removes or modifies may hold objects of Argo CD or Flux."""
        touched = {*self.diff.removed, *self.diff.modified}
        return bool(_marks_in_files(base, _AGENT_MARKS, [path for path in base.readable if path in touched]))

    def _files_with_marks(self, side: Side) -> dict[bytes, list[str]]:
        """The files of a tree that hold some words, by word; each is searched once."""
        if side not in self._marked:
            found: dict[bytes, list[str]] = {mark: [] for mark in (_CRD_MARK, *_AGENT_MARKS)}
            for batch in map_batches(partial(_marks_in_files, side, tuple(found)), side.readable, self._request.jobs):
                for mark, path in batch:
                    found[mark].append(path)
            self._marked[side] = found
        return self._marked[side]

    def judge(
        self,
        side: Side,
        paths: Sequence[str],
        context: JudgeContext,
        say: Callable[[str], None],
        rendered: Collection[str] = (),
    ) -> dict[str, FileVerdict]:
        """Judge files of a side, or take what the cache knows of them.

        Args:
            side: the tree.
            paths: the files.
            context: what they are judged by.
            say: hears how far it is.
            rendered: files whose objects are judged as they are rendered.

        Raises:
            ConfigError: a policy cannot be used.
            UndecidedError: a process died.
        """
        entries = side.tree.entries()
        tasks = [
            FileTask(path, entries[path].blob_id, side.role(path), self.runs(path), path in rendered) for path in paths
        ]
        keys = {task.path: cache_key(task, context) for task in tasks if task.blob_id}
        known = self.cache.read(keys.values())
        verdicts: dict[str, FileVerdict] = {}
        missing: list[FileTask] = []
        for task in tasks:
            value = known.get(keys.get(task.path, ""))
            if value is None:
                missing.append(task)
            else:
                verdicts[task.path] = decode_verdict(task.path, value)
        fresh: dict[str, object] = {}
        # No policy's own rule says that something was not looked at; policy-crashed does.
        blind = {rule.id for rule in rules.check_rules().values() if rule.undecided}
        work = partial(_judge_batch, self, side, context)
        side.tree.prefetch([task.path for task in missing])
        done = 0
        for batch in map_batches(work, missing, self._request.jobs, self.policing.end_own_runner):
            for verdict in batch:
                verdicts[verdict.path] = verdict
                side.keep_objects(verdict.path, verdict.objects)
                if verdict.path in keys and blind.isdisjoint(finding.rule for finding in verdict.findings):
                    fresh[keys[verdict.path]] = encode_verdict(verdict)
            done += len(batch)
            say(f"judged {done} of {len(missing)} files")
        self.cache.write(fresh)
        return verdicts


def _both(one: Callable[[str], bool], other: Callable[[str], bool], path: str) -> bool:
    return one(path) and other(path)


def _marks_in_files(side: Side, marks: Sequence[bytes], paths: Sequence[str]) -> list[tuple[bytes, str]]:
    found: list[tuple[bytes, str]] = []
    for path in paths:
        # A file that cannot be read is judged later, and its finding says why.
        with suppress(UndecidedError):
            content = side.read(path)
            found += [(mark, path) for mark in marks if mark in content]
    return found


def _judge_batch(judging: Judging, side: Side, context: JudgeContext, tasks: Sequence[FileTask]) -> list[FileVerdict]:
    check = judging.policing.check_states if Stage.POLICY in judging.stages else None
    return judge_files(tasks, side.read, context, check)
