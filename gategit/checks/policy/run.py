"""Runs policies in worker processes, and believes nothing that comes back.

A worker is started as early as the caller likes (``start``), because it needs longer to come up than a small change
needs to be judged. Objects are sent once, in batches, and only if some policy looks at their kind. Every answer is
checked: the policy is the one that was asked, the object is one that was sent, paths and messages are what they should
be. A worker that dies, hangs or talks nonsense is replaced, and goes on without the policy that was running.
"""

from __future__ import annotations

import contextlib
import json
import marshal
import os
import queue
import re
import selectors
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

from gategit.checks.policy.api.declare import is_of_type
from gategit.checks.policy.load import PolicyInfo, PolicyParameter, PolicySet, PolicySource, Reach
from gategit.errors import ConfigError, UndecidedError
from gategit.manifests.manifest import Manifest
from gategit.model import FieldPath, Level

Side = Literal["old", "new"]

_BATCH_OBJECTS = 250
_BATCH_BYTES = 1 << 20
_LONGEST_FRAME = 16 << 20
_LONGEST_MESSAGE = 500
_LONGEST_TRACEBACK = 2000
_DEEPEST_PATH = 200
_LONGEST_STEP = 1000
_SURROGATE = re.compile("[\ud800-\udfff]")  # half a character, which no report could be written with

# Only this package can be imported besides the standard library: not the rest of gategit, not what is installed
# beside it, and nothing from the folder that the gate runs in.
_BOOTSTRAP = """
import sys
module = type(sys)
for name, path in (("gategit", []), ("gategit.checks", []), ("gategit.checks.policy", [sys.argv[1]])):
    package = module(name)
    package.__path__ = path
    sys.modules[name] = package
from gategit.checks.policy.worker import main
main()
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a policy may use up.

    Attributes:
        seconds: one policy, for one batch of objects, on the clock.
        memory: bytes of address space of a worker.
        cpu: seconds of processor time of a worker, in all.
    """

    seconds: float = 10.0
    memory: int = 1 << 30
    cpu: int = 1800


@dataclass(frozen=True, slots=True)
class Subject:
    """An object to judge: as it stands (``old`` is None), or as a change (``is_change``).

    Attributes:
        old: the object before the change.
        new: the object after the change; None where the change removes it.
        targets: the names of the clusters that it is for; findings name the first.
        added: the change adds it. Without ``old`` and this, policies that compare old and new do not run.
    """

    old: Manifest | None
    new: Manifest | None
    targets: tuple[str, ...] = ()
    added: bool = False

    @property
    def is_change(self) -> bool:
        """Whether there is something to compare."""
        return self.added or self.old is not None

    @property
    def manifest(self) -> Manifest:
        """The new object, or the old one where there is no new one.

        Raises:
            ValueError: there is neither.
        """
        manifest = self.old if self.new is None else self.new
        if manifest is None:
            raise ValueError("a subject needs an old or a new object")
        return manifest


EPOCH = "1970-01-01T00:00:00+00:00"
"""Stands for the time of a run that has none."""


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """What is known of the pull request; see ``api.PullRequest``. ``now`` is an ISO time with its offset."""

    is_known: bool = False
    number: int | None = None
    author: str = ""
    labels: tuple[str, ...] = ()
    base_branch: str = ""
    is_fork: bool = False
    changed_files: tuple[str, ...] = ()
    now: str = EPOCH


@dataclass(frozen=True, slots=True)
class Scene:
    """What stands around the objects of a run.

    Attributes:
        target: the name of the cluster that they are judged for.
        kubernetes_version: the version that it runs, "" for the newest.
        request: the pull request.
        inventory: other objects of the tree, of the kinds that the policies name.
    """

    target: str = ""
    kubernetes_version: str = ""
    request: RequestFacts = field(default_factory=RequestFacts)
    inventory: tuple[Manifest, ...] = ()

    def frame(self) -> bytes:
        """What a worker is told of it."""
        request = self.request
        return marshal.dumps(
            {
                "target": (self.target, self.kubernetes_version),
                "request": {name: getattr(request, name) for name in request.__slots__},
                "inventory": [(_group_kind(one), one.data, one.source.file) for one in self.inventory],
            },
            2,
        )


@dataclass(frozen=True, slots=True)
class Hit:
    """A policy's violation: which policy, of which of the subjects, on which side and field."""

    policy: str
    subject: int
    side: Side
    path: FieldPath
    message: str


@dataclass(frozen=True, slots=True)
class Crash:
    """A policy that did not do its work.

    Attributes:
        policy: its id; "" where no worker could be had at all.
        message: what happened, one sentence.
        traceback: the last calls, one per line, "" where there are none.
        subject: the first object concerned, None where it is not known which one.
        count: how many objects are concerned, at least.
    """

    policy: str
    message: str
    traceback: str = ""
    subject: int | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the policies said."""

    hits: tuple[Hit, ...] = ()
    crashes: tuple[Crash, ...] = ()


class _LostError(Exception):
    """The worker is gone or not to be believed; the text says what happened."""


class _Worker:
    """One worker process and the frames to and from it."""

    def __init__(self, sources: Sequence[PolicySource], limits: Limits) -> None:
        self._limits = limits
        self._folder = tempfile.TemporaryDirectory(prefix="gategit-policy-", ignore_cleanup_errors=True)
        try:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    *("-I", "-S", "-X", "utf8", "-c", _BOOTSTRAP),
                    str(Path(__file__).resolve().parent),
                ],
                cwd=self._folder.name,
                env={name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
            )
        except OSError as error:
            self._folder.cleanup()
            raise UndecidedError(f"the policy worker cannot be started: {error.strerror or error}") from None
        self._buffer = bytearray()
        self.network = ""
        self.scene: bytes | None = None
        self._selector = selectors.DefaultSelector()
        if self._process.stdout is not None:
            self._selector.register(self._process.stdout, selectors.EVENT_READ)
        with contextlib.suppress(_LostError):  # whoever reads the first answer hears of it
            self.send(
                marshal.dumps(
                    {
                        "policies": [(source.stem, source.path, source.content) for source in sources],
                        "limits": {"seconds": limits.seconds, "memory": limits.memory, "cpu": limits.cpu},
                    }
                )
            )

    def send(self, content: bytes) -> None:
        """Send a frame.

        Raises:
            _LostError: the worker is gone.
        """
        pipe = self._process.stdin
        if pipe is None or pipe.closed:
            raise _LostError("the worker process is gone")
        try:
            for part in (len(content).to_bytes(4, "big"), content):
                view = memoryview(part)
                while view:
                    view = view[os.write(pipe.fileno(), view) :]
        except OSError:
            raise _LostError(self._how_it_ended()) from None

    def receive(self) -> dict[str, Any]:
        """The next frame, which is a JSON object; nothing more is known of it.

        Raises:
            _LostError: the worker is gone, did not answer in time, or answered something else.
        """
        deadline = time.monotonic() + self._limits.seconds * 1.5 + 2
        size = int.from_bytes(self._take(4, deadline), "big")
        if size > _LONGEST_FRAME:
            raise _LostError("it made the worker process answer something that is not an answer")
        try:
            answer = json.loads(self._take(size, deadline))
        except (ValueError, RecursionError):
            raise _LostError("it made the worker process answer something that is not an answer") from None
        if not isinstance(answer, dict):
            raise _LostError("it made the worker process answer something that is not an answer")
        return answer

    def _take(self, size: int, deadline: float) -> bytes:
        pipe = self._process.stdout
        while len(self._buffer) < size:
            left = deadline - time.monotonic()
            if left <= 0 or not self._selector.select(left):
                raise _LostError(f"it took more than {self._limits.seconds:g} seconds and had to be killed")
            part = b"" if pipe is None else os.read(pipe.fileno(), 1 << 16)
            if not part:
                raise _LostError(self._how_it_ended())
            self._buffer += part
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    def _how_it_ended(self) -> str:
        try:
            code = self._process.wait(1)
        except subprocess.TimeoutExpired:
            return "it closed the worker process's output"
        if code < 0:
            return f"it ended the worker process (killed by signal {-code})"
        return f"it ended the worker process (exit code {code})"

    def close(self) -> None:
        """End the process, whatever it is doing."""
        self._selector.close()
        with contextlib.suppress(OSError):
            self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self._process.wait()
        self._folder.cleanup()


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
        self._jobs = max(1, jobs)
        self._limits = limits or Limits()
        self._policies: tuple[PolicyInfo, ...] | None = None
        self._spare: _Worker | None = _Worker(self._sources, self._limits)
        self.network = ""
        """Why the policies can reach the network, "" where they cannot; known once they are loaded."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End every worker."""
        if self._spare is not None:
            self._spare.close()
            self._spare = None

    def policies(self) -> tuple[PolicyInfo, ...]:
        """What the policies declare of themselves; waits until they are loaded.

        Raises:
            ConfigError: one of the repository's own policies cannot be used.
            UndecidedError: the worker did not come up.
        """
        if self._policies is None:
            worker = self._spare or _Worker(self._sources, self._limits)
            self._spare = worker
            self._policies = _load(worker, self._sources)
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
        order = {policy.id: index for index, policy in enumerate(known)}
        wanted = [order[policy.id] for policy in policies.enabled]
        parameters = {order[policy]: dict(values) for policy, values in policies.parameters.items() if policy in order}
        return _Run(self, wanted, known, parameters, (scene or Scene()).frame()).judge(subjects)

    def worker(self) -> _Worker:
        """A worker with the policies loaded: the one that was started early, or a new one.

        Raises:
            UndecidedError: it did not come up.
        """
        if self._spare is not None:
            worker, self._spare = self._spare, None
            return worker
        worker = _Worker(self._sources, self._limits)
        try:
            _load(worker, self._sources)
        except ConfigError as error:
            worker.close()
            raise UndecidedError(f"policies that had been loaded could not be loaded again: {error.message}") from None
        except UndecidedError:
            worker.close()
            raise
        return worker

    def keep(self, worker: _Worker) -> None:
        """Take back a worker that is still good."""
        if self._spare is None:
            self._spare = worker
        else:
            worker.close()


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
        scene: bytes,
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
                kind = _group_kind(subject.manifest)
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
        worker: _Worker | None = None
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

    def _judge_batch(self, batch: _Batch, worker: _Worker | None) -> _Worker | None:
        """Run every policy over a batch, with as many workers as it takes."""
        pending = [index for index in batch.policies if index not in self._dropped]
        second_try = False
        while pending:
            try:
                worker = worker or self._runner.worker()
            except UndecidedError as error:
                self._crash(Crash("", error.message, subject=batch.indices[0], count=len(batch.indices)))
                return None
            try:
                if worker.scene != self._scene:
                    worker.send(self._scene)
                    worker.scene = self._scene
                worker.send(marshal.dumps([(index, self._parameters.get(index)) for index in pending], 2))
                worker.send(batch.frame)
            except _LostError as error:
                worker.close()
                worker = None
                if second_try:
                    self._drop(pending.pop(0), str(error), batch)
                second_try = not second_try
                continue
            while pending:
                try:
                    answer = worker.receive()
                    still_good = self._believe(answer, pending[0], batch)
                except _LostError as error:
                    worker.close()
                    worker = None
                    self._drop(pending.pop(0), str(error), batch)
                    break
                index = pending.pop(0)
                if not still_good:
                    with self._lock:
                        self._dropped.add(index)
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

    def _believe(self, answer: dict[str, Any], index: int, batch: _Batch) -> bool:
        """Take what can be believed of an answer; tell whether the policy may go on.

        Raises:
            _LostError: it is no answer to what was asked.
        """
        policy = self._policies[index]
        hits, crashes, crashed = answer.get("hits"), answer.get("crashes"), answer.get("crashed")
        if (
            answer.get("policy") != index
            or not isinstance(hits, list)
            or not isinstance(crashes, list)
            or not isinstance(crashed, int)
        ):
            raise _LostError("it made the worker process answer something that is not an answer")
        believed = [_hit(policy.id, hit, batch) for hit in hits]
        for crash in crashes[:1]:
            subject, message, trace = _crash_parts(crash, batch)
            self._crash(Crash(policy.id, message, trace, subject, max(1, crashed)))
        with self._lock:
            self._hits.extend(believed)
        return answer.get("stopped") is False


def _group_kind(manifest: Manifest) -> str:
    return f"{manifest.group}/{manifest.kind}" if manifest.group else manifest.kind


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _hit(policy: str, hit: object, batch: _Batch) -> Hit:
    """A hit, if it is one.

    Raises:
        _LostError: it is not.
    """
    match hit:
        case [int(subject), "old" | "new" as side, list(path), str(message)] if (
            0 <= subject < len(batch.indices)
            and not isinstance(subject, bool)
            and len(path) <= _DEEPEST_PATH
            and all(_is_step(step) for step in path)
        ):
            return Hit(policy, batch.indices[subject], side, tuple(path), _clean(message, _LONGEST_MESSAGE))
    raise _LostError("it answered with a place or a message that cannot be one")


def _is_step(step: object) -> bool:
    if isinstance(step, str):
        return len(step) <= _LONGEST_STEP and not _SURROGATE.search(step)
    return isinstance(step, int) and not isinstance(step, bool) and 0 <= step < 1 << 31


def _crash_parts(crash: object, batch: _Batch) -> tuple[int, str, str]:
    match crash:
        case [int(subject), str(message), str(trace)] if 0 <= subject < len(batch.indices):
            lines = (_clean(line, _LONGEST_MESSAGE) for line in trace[:_LONGEST_TRACEBACK].splitlines())
            return batch.indices[subject], _clean(message, _LONGEST_MESSAGE), "\n".join(lines)
    raise _LostError("it made the worker process answer something that is not an answer")


def _clean(text: str, most: int) -> str:
    """One line without control or formatting characters (which could hide or reorder text), of bounded length."""
    text = " ".join(text[: most * 2].split())
    if not text.isascii() or not text.isprintable():
        text = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _join(parts: Sequence[bytes]) -> bytes:
    """Marshalled values as one marshalled list. Version 2 of the format has no references between values."""
    return b"[" + len(parts).to_bytes(4, "little") + b"".join(parts)


def _load(worker: _Worker, sources: Sequence[PolicySource]) -> tuple[PolicyInfo, ...]:
    """Read what the policies declare of themselves.

    Raises:
        ConfigError: a policy cannot be used.
        UndecidedError: the worker went away, and no policy can be blamed.
    """
    loaded: list[PolicyInfo] = []
    for index, source in enumerate(sources):
        try:
            answer = worker.receive()
            if answer.get("refused") == index:
                message, line = answer.get("message"), answer.get("line")
                raise ConfigError(
                    _clean(message, _LONGEST_MESSAGE) if isinstance(message, str) else "cannot be loaded",
                    "gategit policy test shows it too; docs/writing-policies.md says what a policy file holds",
                    file=source.path,
                    line=line if isinstance(line, int) and _is_count(line) else 0,
                )
            loaded.append(_info(source, answer, index))
        except _LostError as error:
            if source.is_builtin:
                raise UndecidedError(f"the policy worker did not come up: {error}") from None
            raise ConfigError(f"cannot be loaded: {error}", "mend the policy", file=source.path) from None
    try:
        ready = worker.receive().get("ready")
    except _LostError as error:
        raise UndecidedError(f"the policy worker did not come up: {error}") from None
    worker.network = _clean(ready, _LONGEST_MESSAGE) if isinstance(ready, str) else "unknown"
    return tuple(loaded)


def _info(source: PolicySource, answer: dict[str, Any], index: int) -> PolicyInfo:
    """What a policy declares, if it is what it should be.

    Raises:
        _LostError: it is not.
    """
    match answer:
        case {
            "loaded": int(number),
            "line": int(line),
            "level": "error" | "warning" | "note" as level,
            "kinds": list(kinds),
            "security_severity": float() | None as severity,
            "sensitive": bool(sensitive),
            "view": "Manifest" | "Workload" | "Change" | "Changes" as view,
            "doc": str(doc),
            "inventory": list(inventory),
            "needs_request": bool(needs_request),
            "parameters": list(parameters),
        } if number == index and all(isinstance(name, str) for name in [*kinds, *inventory]):
            return PolicyInfo(
                source,
                line,
                Level(level),
                tuple(kinds),
                severity,
                view,
                doc,
                sensitive,
                tuple(inventory),
                needs_request,
                tuple(map(_parameter, parameters)),
            )
    raise _LostError("it declares something that is not a policy")


def _parameter(declared: object) -> PolicyParameter:
    """A parameter, if it is one.

    Raises:
        _LostError: it is not.
    """
    match declared:
        case [str(name), str(type_name), bool() | int() | float() | str() | list() as default]:
            value = tuple(default) if isinstance(default, list) else default
            if is_of_type(value, type_name):
                return PolicyParameter(name, type_name, value)
    raise _LostError("it declares a parameter that is none")
