"""Running a renderer on a stranger's files: nothing of the caller reaches it, and it is held to its limits."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, Final

from gategit.errors import UndecidedError
from gategit.process import Result
from gategit.render.programs import Program
from gategit.render.values import RenderSettings

_CHUNK: Final = 1 << 16
_ERROR_OUTPUT: Final = 1 << 20
"""How many bytes of error output are kept; a renderer that has more to say is heard so far."""


class RenderLimitError(UndecidedError):
    """A renderer used up what it may use. ``limit`` is ``time``, ``memory`` or ``output``."""

    def __init__(self, limit: str, message: str, hint: str) -> None:
        super().__init__(message, hint)
        self.limit = limit


def run_renderer(  # noqa: PLR0913  what a program is run with
    program: Program,
    arguments: Sequence[str],
    *,
    cwd: Path,
    settings: RenderSettings,
    stdin: bytes = b"",
    network: bool = False,
) -> Result:
    """Run a renderer to its end and return what it answered, whatever its exit code.

    It has an empty home, no variables of the caller's, and, where the system can keep it from that, no network.

    Args:
        program: which.
        arguments: what stands after its name; no shell reads them.
        cwd: the working folder.
        settings: the limits.
        stdin: the bytes on its standard input.
        network: whether it may reach the network, to fetch what the config allows.

    Raises:
        RenderLimitError: it took more time, memory or output than it may, and was ended.
        UndecidedError: it cannot be started.
    """
    with _home() as home:
        command = [*_wall(network=network), program.path, *arguments]
        try:
            process = subprocess.Popen(
                command,
                cwd=cwd,
                env=_environment(home, settings),
                stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise UndecidedError(f"{program.path} cannot be started: {error.strerror or error}") from None
        with process:
            _limit(process.pid, settings)
            return _Conversation(process, program.name or program.path, settings).result(stdin)


class _Conversation:
    """What goes into a program and comes out of it, all at once, as far as it may."""

    def __init__(self, process: subprocess.Popen[bytes], name: str, settings: RenderSettings) -> None:
        self._process = process
        self._name = name
        self._settings = settings
        self._stdout = bytearray()
        self._stderr = bytearray()
        self._too_much = False

    def result(self, stdin: bytes) -> Result:
        deadline = time.monotonic() + self._settings.timeout
        threads = [
            threading.Thread(target=self._take_output, daemon=True),
            threading.Thread(target=self._take_errors, daemon=True),
        ]
        if stdin:
            threads.append(threading.Thread(target=self._give, args=(stdin,), daemon=True))
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(max(0.0, deadline - time.monotonic()))
            in_time = not any(thread.is_alive() for thread in threads) and self._ended(deadline)
        finally:
            self._kill()
            for thread in threads:
                thread.join()
        if self._too_much:
            raise RenderLimitError(
                "output",
                f"{self._name} wrote more than the {self._settings.output:,} bytes that a build may write",
                "build less at once, or raise render.output in the config",
            )
        if not in_time:
            raise RenderLimitError(
                "time",
                f"{self._name} did not end within {self._settings.timeout:g} seconds",
                "see what it waits for or repeats, or raise render.timeout in the config",
            )
        code = self._process.returncode
        if _out_of_memory(code, self._stderr):
            raise RenderLimitError(
                "memory",
                f"{self._name} needs more than the {self._settings.memory:,} bytes of memory that a build may use",
                "build less at once, or raise render.memory in the config",
            )
        if code < 0:
            raise UndecidedError(f"{self._name} was ended by {_signal_name(-code)}")
        return Result(code, bytes(self._stdout), bytes(self._stderr))

    def _take_output(self) -> None:
        for part in _parts(self._process.stdout):
            self._stdout += part
            if len(self._stdout) > self._settings.output:
                self._too_much = True
                self._kill()
                return

    def _take_errors(self) -> None:
        for part in _parts(self._process.stderr):
            self._stderr += part[: max(0, _ERROR_OUTPUT - len(self._stderr))]

    def _give(self, stdin: bytes) -> None:
        pipe = self._process.stdin
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):  # it has read all it wants
                pipe.write(stdin)
            with contextlib.suppress(BrokenPipeError):
                pipe.close()

    def _ended(self, deadline: float) -> bool:
        try:
            self._process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            return False
        return True

    def _kill(self) -> None:
        """End the program and whatever it has started."""
        if os.name == "posix":
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        elif self._process.poll() is None:
            self._process.kill()
        self._process.wait()


def _parts(pipe: IO[bytes] | None) -> Iterator[bytes]:
    while pipe is not None and (part := os.read(pipe.fileno(), _CHUNK)):
        yield part


def _out_of_memory(code: int, stderr: bytearray) -> bool:
    return code != 0 and any(
        mark in stderr for mark in (b"out of memory", b"cannot allocate memory", b"failed to reserve page summary")
    )


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


@contextlib.contextmanager
def _home() -> Iterator[str]:
    """An empty folder that a program takes for its home, and for every other folder that it might look into."""
    folder = tempfile.mkdtemp(prefix="gategit-home-")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _environment(home: str, settings: RenderSettings) -> Mapping[str, str]:
    names: tuple[str, ...] = ("HOME", "TMPDIR", "TMP", "TEMP", "USERPROFILE")
    names += tuple(f"XDG_{what}_HOME" for what in ("CACHE", "CONFIG", "DATA", "STATE"))
    names += tuple(f"HELM_{what}_HOME" for what in ("CACHE", "CONFIG", "DATA"))
    return {
        **dict.fromkeys(names, home),
        # An empty PATH means the working folder, which is the change's.
        "PATH": os.path.join(home, "none"),  # noqa: PTH118  a text
        "KUBECONFIG": os.devnull,
        "HELM_PLUGINS": os.path.join(home, "none"),  # noqa: PTH118  the same
        "GOMEMLIMIT": str(settings.memory * 3 // 4),
        "LC_ALL": "C",
        "TZ": "UTC",
    }


@cache
def _unshare() -> tuple[str, ...]:
    """The command that starts a program without a network; () where the system has none, or does not allow it."""
    if not sys.platform.startswith("linux"):
        return ()
    path = shutil.which("unshare", path="/usr/bin:/bin:/usr/local/bin:/usr/sbin:/sbin")
    if path is None:
        return ()
    command = (path, "--user", "--net", "--")
    try:
        done = subprocess.run((*command, path, "--version"), capture_output=True, check=False, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return command if done.returncode == 0 else ()


def has_network_wall() -> bool:
    """Whether this system keeps renderers from the network; a report says so where it does not."""
    return bool(_unshare())


def _wall(*, network: bool) -> tuple[str, ...]:
    return () if network else _unshare()


def _limit(process_id: int, settings: RenderSettings) -> None:
    """Have the kernel hold a program to its limits, where it knows how to from outside."""
    if not sys.platform.startswith("linux"):
        return
    import resource  # noqa: PLC0415  not everywhere

    seconds = max(1, int(settings.timeout) + 1) * (os.cpu_count() or 1)
    for number, value in (
        (resource.RLIMIT_DATA, settings.memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, settings.output),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(OSError, ValueError):  # it has ended already, or may not have so much
            resource.prlimit(process_id, number, (value, value))
