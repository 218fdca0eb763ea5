"""Runs policies in worker processes, and believes nothing that comes back.

A worker is started as early as the caller likes (``start``), because it needs longer to come up than a small change
needs to be judged. Objects are sent once, in batches, and only if some policy looks at their kind. Every answer is
checked: the policy is the one that was asked, the object is one that was sent, paths and messages are what they should
be. A worker that dies, hangs or talks nonsense is replaced, and goes on without the policy that was running.
"""

from __future__ import annotations

import marshal
import math
import os
import queue
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from gategit.checks.policy.answers import LostError, believed_crash, believed_hit, believed_refusal
from gategit.checks.policy.load import PolicyInfo, PolicySet, PolicySource, Reach
from gategit.checks.policy.subjects import Crash, Hit, Outcome, Refusal, Scene, Subject
from gategit.checks.policy.worker_process import Limits, WorkerProcess, load_policies
from gategit.errors import ConfigError, UndecidedError
from gategit.manifests.manifest import Manifest

_BATCH_OBJECTS = 250
_BATCH_BYTES = 1 << 20
_OBJECTS = marshal.dumps(("objects", None), 2)
_NO_ANSWER = "it made the worker process answer something that is not an answer"


@dataclass(frozen=True, slots=True)
class _Batch:
    """Objects on their way to a worker: their indices among the run's subjects, who looks at them, and their frame."""

    indices: tuple[int, ...]
    policies: tuple[int, ...]
    frame: bytes


class Runner:
    """Policies that are loaded, or being loaded, in a worker process. Use it in a ``with`` block.

    Args:
        sources: every policy, in the order in which they run.
        jobs: how many workers at most; further ones are started when there is enough to do.
        limits: what a policy may use up.
    """

    def __init__(self, sources: Sequence[PolicySource], *, jobs: int = 1, limits: Limits | None = None) -> None:
        self._sources = tuple(sources)
        own = tuple(source for source in self._sources if not source.is_builtin)
        self.is_foreign = bool(own)
        """Whether the policies are the repository's own, and not gategit's."""
        # In one process, a repository's own policy could change what a built-in one says.
        self._parts: tuple[Runner, ...] = ()
        if own and len(own) < len(self._sources):
            builtin = tuple(source for source in self._sources if source.is_builtin)
            self._parts = (Runner(builtin, jobs=jobs, limits=limits), Runner(own, jobs=jobs, limits=limits))
        self._jobs = max(1, jobs)
        self._limits = limits or Limits()
        self._policies: tuple[PolicyInfo, ...] | None = None
        self._until = math.inf if self._limits.total is None else time.monotonic() + self._limits.total
        self._spare: WorkerProcess | None = None if self._parts else self._start()
        self._inventory: tuple[tuple[Manifest, ...], bytes] = (), Scene().inventory_frame()
        self.network = ""
        """Why the policies can reach the network, "" where they cannot; known once they are loaded."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End every worker."""
        for part in self._parts:
            part.close()
        if self._spare is not None:
            self._spare.close()
            self._spare = None

    def policies(self) -> tuple[PolicyInfo, ...]:
        """What the policies declare of themselves; waits until they are loaded.

        Raises:
            ConfigError: one of the repository's own policies cannot be used.
            UndecidedError: the worker did not come up.
        """
        if self._policies is None and self._parts:
            self._policies = tuple(policy for part in self._parts for policy in part.policies())
            self.network = self._parts[-1].network
        if self._policies is None:
            worker = self._spare or self._start()
            self._spare = worker
            self._policies = load_policies(worker, self._sources)
            self.network = worker.network
        return self._policies

    def run(self, policies: PolicySet, subjects: Iterable[Subject], scene: Scene | None = None) -> Outcome:
        """Judge the subjects. They are taken one by one, so they may still be in the making.

        Policies that look at all changes get all subjects at once, so they are best run by themselves.

        Args:
            policies: which policies run, with their parameters.
            subjects: the objects.
            scene: what stands around them.

        Raises:
            ConfigError: one of the repository's own policies cannot be used.
            UndecidedError: the worker did not come up.
        """
        known = self.policies()
        if self._parts:
            everything = tuple(subjects)
            return _together([part.run(_only(policies, part), everything, scene) for part in self._parts], known)
        order = {policy.id: index for index, policy in enumerate(known)}
        wanted = [order[policy.id] for policy in policies.enabled]
        parameters = {order[policy]: dict(values) for policy, values in policies.parameters.items() if policy in order}
        scene = scene or Scene()
        return _Run(self, wanted, known, parameters, (self._inventory_frame(scene), scene.frame())).judge(subjects)

    def _inventory_frame(self, scene: Scene) -> bytes:
        """The inventory as a worker gets it; the last one is kept, since many runs share it."""
        if scene.inventory is not self._inventory[0]:
            self._inventory = scene.inventory, scene.inventory_frame()
        return self._inventory[1]

    def worker(self) -> WorkerProcess:
        """A worker with the policies loaded: the one that was started early, or a new one.

        Raises:
            UndecidedError: it did not come up.
        """
        if self._spare is not None:
            worker, self._spare = self._spare, None
            return worker
        worker = self._start()
        try:
            load_policies(worker, self._sources)
        except ConfigError as error:
            worker.close()
            raise UndecidedError(f"policies that had been loaded could not be loaded again: {error.message}") from None
        except UndecidedError:
            worker.close()
            raise
        return worker

    def _start(self) -> WorkerProcess:
        if time.monotonic() >= self._until:
            raise UndecidedError(f"the {self._limits.total:g} seconds for all policies together were up")
        return WorkerProcess(self._sources, self._limits, self._until)

    def keep(self, worker: WorkerProcess) -> None:
        """Take back a worker that is still good."""
        if self._spare is None:
            self._spare = worker
        else:
            worker.close()


def _only(policies: PolicySet, part: Runner) -> PolicySet:
    """Those of the policies that a runner has."""
    own = {policy.id for policy in part.policies()}
    return PolicySet(
        tuple(policy for policy in policies.policies if policy.id in own),
        {policy: level for policy, level in policies.levels.items() if policy in own},
        {policy: values for policy, values in policies.parameters.items() if policy in own},
    )


def _together(outcomes: Iterable[Outcome], policies: Sequence[PolicyInfo]) -> Outcome:
    """What several runners said of the same subjects, in the order of the subjects and policies."""
    order = {policy.id: index for index, policy in enumerate(policies)}
    listed = list(outcomes)
    hits = [hit for outcome in listed for hit in outcome.hits]
    crashes = [crash for outcome in listed for crash in outcome.crashes]
    return Outcome(
        tuple(sorted(hits, key=lambda hit: (hit.subject, order[hit.policy]))),
        tuple(sorted(crashes, key=lambda crash: (crash.policy, crash.subject or 0, crash.message))),
        tuple(refusal for outcome in listed for refusal in outcome.refusals),
    )


def start(sources: Sequence[PolicySource], *, jobs: int = 1, limits: Limits | None = None) -> Runner:
    """Start a worker process that loads the policies, and return at once.

    Args:
        sources: every policy (``load.load_sources``).
        jobs: how many workers at most.
        limits: what a policy may use up.

    Raises:
        UndecidedError: the process cannot be started.
    """
    return Runner(sources, jobs=jobs, limits=limits)


class _Lookers:
    """Which of the wanted policies look at objects of a kind, worked out once for each kind."""

    def __init__(self, policies: Sequence[PolicyInfo], wanted: Sequence[int]) -> None:
        self._policies = policies
        self._wanted = wanted
        self._objects: dict[str, tuple[int, ...]] = {}
        self._changes: dict[str, tuple[int, ...]] = {}

    def of_object(self, kind: str) -> tuple[int, ...]:
        """The policies that look at an object as it stands."""
        found = self._objects.get(kind)
        if found is None:
            found = self._objects[kind] = self._find(kind, needs_change=False)
        return found

    def of_change(self, kind: str) -> tuple[int, ...]:
        """The policies that compare old and new."""
        found = self._changes.get(kind)
        if found is None:
            found = self._changes[kind] = self._find(kind, needs_change=True)
        return found

    def _find(self, kind: str, *, needs_change: bool) -> tuple[int, ...]:
        return tuple(
            index
            for index in self._wanted
            if (self._policies[index].reach in (Reach.CHANGE, Reach.CHANGES)) is needs_change
            and not {kind, "*"}.isdisjoint(self._policies[index].kinds)
        )


class _Run:
    """One pass over the subjects: batches in, hits and crashes out."""

    def __init__(
        self,
        runner: Runner,
        wanted: Sequence[int],
        policies: Sequence[PolicyInfo],
        parameters: Mapping[int, dict[str, Any]],
        scene: tuple[bytes, bytes],
    ) -> None:
        self._runner = runner
        self._wanted = tuple(wanted)
        self._policies = policies
        self._parameters = parameters
        self._scene = scene
        self._at_once = any(policies[index].reach is Reach.CHANGES for index in wanted)
        self._lock = threading.Lock()
        self._dropped: set[int] = set()
        self._hits: list[Hit] = []
        self._crashes: dict[tuple[str, str], Crash] = {}
        self._refusals: set[Refusal] = set()
        self._failure: Exception | None = None
        self._batches: queue.Queue[_Batch | None] = queue.Queue(4)
        self._lanes: list[threading.Thread] = []
        self._most_lanes = runner._jobs  # noqa: SLF001  the two classes are one thing, split by what lives how long

    def judge(self, subjects: Iterable[Subject]) -> Outcome:
        """Send every subject that a policy looks at, and gather what they say."""
        lookers = _Lookers(self._policies, self._wanted)
        policies: set[int] = set()
        indices: list[int] = []
        parts: list[bytes] = []
        size = 0
        try:
            for index, subject in enumerate(subjects):
                kind = subject.manifest.group_kind
                of_new = lookers.of_object(kind) if subject.new is not None else ()
                of_change = lookers.of_change(kind) if subject.is_change else ()
                if not of_new and not of_change:
                    continue
                old = subject.old.data if of_change and subject.old is not None else None
                new = subject.new.data if subject.new is not None else None
                new_file = subject.new.source.file if subject.new is not None else ""
                old_file = subject.old.source.file if old is not None and subject.old is not None else ""
                part = marshal.dumps((kind, old, new, bool(of_change), new_file, old_file, subject.targets), 2)
                policies.update(of_new, of_change)
                indices.append(index)
                parts.append(part)
                size += len(part)
                if not self._at_once and (len(parts) >= _BATCH_OBJECTS or size >= _BATCH_BYTES):
                    self._put(_Batch(tuple(indices), tuple(sorted(policies)), _join(parts)))
                    policies, indices, parts, size = set(), [], [], 0
            if parts:
                self._put(_Batch(tuple(indices), tuple(sorted(policies)), _join(parts)))
        finally:
            for _ in self._lanes:
                self._batches.put(None)
            for lane in self._lanes:
                lane.join()
        if self._failure is not None:
            raise self._failure
        order = {policy.id: index for index, policy in enumerate(self._policies)}
        return Outcome(
            tuple(sorted(self._hits, key=lambda hit: (hit.subject, order[hit.policy]))),
            tuple(sorted(self._crashes.values(), key=lambda crash: (crash.policy, crash.subject or 0, crash.message))),
            tuple(sorted(self._refusals, key=lambda refusal: (refusal.policy, refusal.name))),
        )

    def _put(self, batch: _Batch) -> None:
        """Hand a batch to a lane; open another lane when those that there are have enough to do."""
        if not self._lanes or (len(self._lanes) < self._most_lanes and not self._batches.empty()):
            lane = threading.Thread(target=self._work, daemon=True)
            self._lanes.append(lane)
            lane.start()
        self._batches.put(batch)

    def _work(self) -> None:
        """One lane: a thread that talks to one worker at a time."""
        worker: WorkerProcess | None = None
        try:
            while (batch := self._batches.get()) is not None:
                if self._failure is None:
                    worker = self._judge_batch(batch, worker)
        except Exception as error:  # noqa: BLE001  raised again where the run is gathered
            self._failure = error
            if worker is not None:
                worker.close()
                worker = None
            while self._batches.get() is not None:  # whoever fills the queue must not wait for ever
                pass
        if worker is not None:
            self._runner.keep(worker)

    def _judge_batch(self, batch: _Batch, worker: WorkerProcess | None) -> WorkerProcess | None:
        """Run every policy over a batch, with as many workers as it takes."""
        pending = [index for index in batch.policies if index not in self._dropped]
        second_try = False
        sealed: dict[str, int] = {}  # what each question carries, and which policy it was for
        while pending:
            try:
                worker = worker or self._runner.worker()
            except UndecidedError as error:
                self._crash(Crash("", error.message, subject=batch.indices[0], count=len(batch.indices)))
                return None
            try:
                worker.set_scene(*self._scene)
                worker.send(_OBJECTS)
                worker.send(batch.frame)
            except LostError as error:
                worker.close()
                worker = None
                if second_try:
                    self._drop(pending.pop(0), str(error), batch)
                second_try = not second_try
                continue
            while pending and worker is not None:
                worker = self._ask(worker, pending, batch, sealed)
        return worker

    def _ask(
        self, worker: WorkerProcess, pending: list[int], batch: _Batch, sealed: dict[str, int]
    ) -> WorkerProcess | None:
        """Ask a worker what the pending policies say; take out those that have been answered.

        The built-in policies are asked all at once. The repository's own are asked one by one, each question with a
        seal that nobody knows before: a policy that answers twice, to speak for the next one, shows itself.

        Returns:
            The worker, or None where it is gone or not to be believed any more.
        """
        asked = pending[:1] if self._runner.is_foreign else list(pending)
        seals = [os.urandom(8).hex() for _ in asked]
        sealed.update(zip(seals, asked, strict=True))
        culprit = asked[0]
        try:
            questions = [(index, self._parameters.get(index), seal) for index, seal in zip(asked, seals, strict=True)]
            worker.send(marshal.dumps(("ask", questions), 2))
            for index, seal in zip(asked, seals, strict=True):
                culprit = index
                answer = worker.receive()
                # Whose question an answer carries, that policy has spoken: once too often, where it is another's turn.
                culprit = index if answer.get("seal") == seal else sealed.get(str(answer.get("seal")), index)
                still_good = self._believe(answer, index, seal, batch)
                pending.remove(index)
                if not still_good:
                    with self._lock:
                        self._dropped.add(index)
        except LostError as error:
            worker.close()
            self._drop(culprit, str(error), batch)
            if culprit in pending:
                pending.remove(culprit)
            return None
        return worker

    def _drop(self, index: int, message: str, batch: _Batch) -> None:
        """A policy that took its worker down is not run again."""
        with self._lock:
            self._dropped.add(index)
        self._crash(Crash(self._policies[index].id, message, subject=batch.indices[0], count=len(batch.indices)))

    def _crash(self, crash: Crash) -> None:
        """Keep a crash; of those that read the same, the first object's, and how many there are."""
        key = (crash.policy, crash.message)
        with self._lock:
            other = self._crashes.get(key)
            if other is not None:
                first = min((crash, other), key=lambda one: -1 if one.subject is None else one.subject)
                crash = Crash(first.policy, first.message, first.traceback, first.subject, crash.count + other.count)
            self._crashes[key] = crash

    def _believe(self, answer: dict[str, Any], index: int, seal: str, batch: _Batch) -> bool:
        """Take what can be believed of an answer; tell whether the policy may go on.

        Raises:
            LostError: it is no answer to what was asked.
        """
        policy = self._policies[index]
        hits, crashes, crashed = answer.get("hits"), answer.get("crashes"), answer.get("crashed")
        if (
            answer.get("seal") != seal
            or answer.get("policy") != index
            or not isinstance(hits, list)
            or not isinstance(crashes, list)
            or not isinstance(crashed, int)
        ):
            raise LostError(_NO_ANSWER)
        believed = [believed_hit(policy.id, hit, batch.indices) for hit in hits]
        for crash in crashes[:1]:
            subject, message, trace = believed_crash(crash, batch.indices)
            self._crash(Crash(policy.id, message, trace, subject, max(1, crashed)))
        refusal = believed_refusal(policy.id, answer.get("refused"))
        with self._lock:
            self._hits.extend(believed)
            if refusal is not None:
                self._refusals.add(refusal)
        return answer.get("stopped") is False


def _join(parts: Sequence[bytes]) -> bytes:
    """Marshalled values as one marshalled list. Version 2 of the format has no references between values."""
    return b"[" + len(parts).to_bytes(4, "little") + b"".join(parts)
