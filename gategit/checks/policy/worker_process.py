"""One worker process: how it is started, how it is spoken to, and how it is ended."""

from __future__ import annotations

import contextlib
import json
import marshal
import math
import os
import selectors
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gategit.checks.policy.answers import LostError, clean, is_count, policy_info
from gategit.checks.policy.load import PolicyInfo, PolicySource
from gategit.errors import ConfigError, UndecidedError

_LONGEST_FRAME = 16 << 20

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
        total: all policies and workers together, on the clock, from the start of the first one; None for no limit.
    """

    seconds: float = 10.0
    memory: int = 1 << 30
    cpu: int = 1800
    total: float | None = None


class WorkerProcess:
    """One worker process and the frames to and from it."""

    def __init__(self, sources: Sequence[PolicySource], limits: Limits, until: float = math.inf) -> None:
        self._limits = limits
        self._until = until
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
        self._scene = b"", b""
        self._selector = selectors.DefaultSelector()
        if self._process.stdin is not None:
            os.set_blocking(self._process.stdin.fileno(), False)
        if self._process.stdout is not None:
            self._selector.register(self._process.stdout, selectors.EVENT_READ)
        with contextlib.suppress(LostError):  # whoever reads the first answer hears of it
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
            LostError: the worker is gone.
        """
        pipe = self._process.stdin
        if pipe is None or pipe.closed:
            raise LostError("the worker process is gone")
        deadline = self._deadline()
        try:
            for part in (len(content).to_bytes(4, "big"), content):
                view = memoryview(part)
                while view:
                    try:
                        view = view[os.write(pipe.fileno(), view) :]
                    except BlockingIOError:  # a worker that stopped itself reads nothing, for ever
                        self._wait_until_writable(pipe.fileno(), deadline)
        except OSError:
            raise LostError(self._how_it_ended()) from None

    def _deadline(self) -> float:
        return min(time.monotonic() + self._limits.seconds * 1.5 + 2, self._until)

    def _wait_until_writable(self, descriptor: int, deadline: float) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_WRITE)
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise self._late()

    def _late(self) -> LostError:
        if time.monotonic() >= self._until:
            return LostError("the time for all policies together was up")
        return LostError(f"it took more than {self._limits.seconds:g} seconds and had to be killed")

    def set_scene(self, inventory: bytes, scene: bytes) -> None:
        """Tell the worker what stands around the objects that come next; what it knows already is not sent again.

        Raises:
            LostError: the worker is gone.
        """
        known_inventory, known_scene = self._scene
        if inventory is not known_inventory and inventory != known_inventory:
            self.send(marshal.dumps(("inventory", inventory), 2))
        if scene != known_scene or inventory is not known_inventory:
            self.send(scene)
        self._scene = inventory, scene

    def receive(self) -> dict[str, Any]:
        """The next frame, which is a JSON object; nothing more is known of it.

        Raises:
            LostError: the worker is gone, did not answer in time, or answered something else.
        """
        deadline = self._deadline()
        size = int.from_bytes(self._take(4, deadline), "big")
        if size > _LONGEST_FRAME:
            raise LostError("it made the worker process answer something that is not an answer")
        try:
            answer = json.loads(self._take(size, deadline))
        except (ValueError, RecursionError):
            raise LostError("it made the worker process answer something that is not an answer") from None
        if not isinstance(answer, dict):
            raise LostError("it made the worker process answer something that is not an answer")
        return answer

    def _take(self, size: int, deadline: float) -> bytes:
        pipe = self._process.stdout
        while len(self._buffer) < size:
            left = deadline - time.monotonic()
            if left <= 0 or not self._selector.select(left):
                raise self._late()
            part = b"" if pipe is None else os.read(pipe.fileno(), 1 << 16)
            if not part:
                raise LostError(self._how_it_ended())
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


def load_policies(worker: WorkerProcess, sources: Sequence[PolicySource]) -> tuple[PolicyInfo, ...]:
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
                    clean(message) if isinstance(message, str) else "cannot be loaded",
                    "gategit policy test shows it too; docs/writing-policies.md says what a policy file holds",
                    file=source.path,
                    line=line if isinstance(line, int) and is_count(line) else 0,
                )
            loaded.append(policy_info(source, answer, index))
        except LostError as error:
            if source.is_builtin:
                raise UndecidedError(f"the policy worker did not come up: {error}") from None
            raise ConfigError(f"cannot be loaded: {error}", "mend the policy", file=source.path) from None
    try:
        ready = worker.receive().get("ready")
    except LostError as error:
        raise UndecidedError(f"the policy worker did not come up: {error}") from None
    worker.network = clean(ready) if isinstance(ready, str) else "unknown"
    return tuple(loaded)
