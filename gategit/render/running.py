"""Running a renderer on a stranger's files: nothing of the caller reaches it, and it is held to its limits."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from gategit.errors import UndecidedError
from gategit.process import Result
from gategit.render.private_folder import make_private_folder
from gategit.render.programs import Program
from gategit.render.values import RenderSettings

_CHUNK: Final = 1 << 16
_ERROR_OUTPUT: Final = 1 << 20
"""How many bytes of error output are kept; a renderer that has more to say is heard so far."""
# The runtime of Go says so in words, or falls over the memory that it was not given.
_OUT_OF_MEMORY: Final = (
    b"out of memory",
    b"cannot allocate memory",
    b"failed to reserve page summary memory",
    b"SIGSEGV: segmentation violation",
)
_HOST_SECONDS: Final = 30.0


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
    folder: Path | None = None,
    stdin: bytes = b"",
    network: bool = False,
    others: Sequence[Program] = (),
) -> Result:
    """Run a renderer to its end and return what it answered, whatever its exit code. May be called from any thread.

    It has an empty home, no variables of the caller's and, where the system can keep it from them, no network and no
    file but those below ``folder``.

    Args:
        program: which.
        arguments: what stands after its name; no shell reads them.
        cwd: the working folder.
        settings: the limits.
        folder: the folder with everything that it may read; None for the working folder.
        stdin: the bytes on its standard input.
        network: whether it may reach the network, to fetch what the config allows.
        others: programs that it may start.

    Raises:
        RenderLimitError: it took more time, memory or output than it may, and was ended.
        UndecidedError: it cannot be started.
    """
    host = _hosts.of(network=network)
    with _home() as home:
        request = {
            "arguments": [program.path, *arguments],
            "cwd": str(cwd),
            "environment": _environment(home, settings),
            "limits": _limits(settings),
            "read": [other.path for other in others],
            "write": [str(folder or cwd), home],
        }
        return _Run(host, request, program.name or program.path, settings).result(stdin)


def missing_walls() -> tuple[str, ...]:
    """What this system does not keep from renderers, each as a sentence: for those who want to know."""
    network, files = _hosts.of(network=False).missing
    found: list[str] = []
    if network:
        found.append(f"renderers are not kept from the network by the kernel: {network}")
    if files:
        found.append(f"renderers are not kept from other files by the kernel: {files}")
    return tuple(found)


class _Host:
    """The process that starts the programs, see ``gategit.render.host``."""

    def __init__(self, *, network: bool) -> None:
        if os.name != "posix":
            raise UndecidedError(
                f"renderers cannot be held to their limits on {sys.platform}", "run on Linux or macOS instead"
            )
        ours, theirs = socket.socketpair()
        script = Path(__file__).with_name("host.py")
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(script), "network" if network else "none"],
                env={},
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._socket = ours
        self._socket.settimeout(_HOST_SECONDS)
        self._lock = threading.Lock()
        self._runs = 0
        self._missing: tuple[str, str] | None = None
        self._owner = os.getpid()
        self._has_ended = False

    @property
    def is_ours(self) -> bool:
        """Whether it runs, and for this process: a forked worker must not share the socket."""
        return self._owner == os.getpid() and not self._has_ended and self._process.poll() is None

    def give_up(self) -> None:
        """Ask nothing of it any more: it has ended, even where the system does not say so yet."""
        self._has_ended = True

    @property
    def missing(self) -> tuple[str, str]:
        """Why the kernel keeps the programs neither from the network nor from files, "" for what it does."""
        with self._lock:
            return self._hello()

    def _hello(self) -> tuple[str, str]:
        """The first thing that it says. Not waited for before there is something to start."""
        if self._missing is None:
            line = b""
            while not line.endswith(b"\n"):
                line += self._hear()
            told = json.loads(line)
            self._missing = (told["network"], told["files"])
        return self._missing

    def _hear(self) -> bytes:
        try:
            part = self._socket.recv(_CHUNK)
        except OSError:
            part = b""
        if not part:
            self.give_up()
            raise UndecidedError("the process that starts renderers has ended", "run again")
        return part

    def _say(self, message: Mapping[str, Any], descriptors: Sequence[int] = ()) -> None:
        line = json.dumps(message).encode() + b"\n"
        try:
            sent = socket.send_fds(self._socket, [line], list(descriptors)) if descriptors else 0
            self._socket.sendall(line[sent:])
        except OSError:
            self.give_up()
            raise UndecidedError("the process that starts renderers has ended", "run again") from None
        self._hear()

    def start(self, request: Mapping[str, Any], descriptors: Sequence[int]) -> int:
        """Start a program and return the number of its run."""
        with self._lock:
            self._hello()
            self._runs += 1
            self._say({"run": self._runs, **request}, descriptors)
            return self._runs

    def kill(self, run: int) -> None:
        """End a program; nothing where it has ended."""
        with self._lock:
            self._say({"kill": run})

    def close(self) -> None:
        """End the process and all that it has started."""
        if self._owner == os.getpid():
            self._socket.close()
            self._process.wait()


class _Hosts:
    """At most one host of each sort for a process, started when first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[bool, _Host] = {}

    def of(self, *, network: bool) -> _Host:
        with self._lock:
            host = self._found.get(network)
            if host is None or not host.is_ours:
                host = self._found[network] = _Host(network=network)
                atexit.register(host.close)
            return host


_hosts = _Hosts()


class _Run:
    """One program: what goes into it and what comes out, all at once, as far as it may."""

    def __init__(self, host: _Host, request: Mapping[str, Any], name: str, settings: RenderSettings) -> None:
        self._host = host
        self._request = request
        self._name = name
        self._settings = settings
        self._number = 0
        self._said: dict[str, bytearray] = {"output": bytearray(), "errors": bytearray(), "end": bytearray()}
        self._too_much = False
        self._in_time = True

    def result(self, stdin: bytes) -> Result:
        with selectors.DefaultSelector() as selector:
            try:
                self._start(selector, bool(stdin))
                self._talk(selector, memoryview(stdin))
            finally:
                for key in list(selector.get_map().values()):
                    os.close(key.fd)
        return self._judge()

    def _start(self, selector: selectors.BaseSelector, has_input: bool) -> None:  # noqa: FBT001  private
        """Start the program, with our ends of its pipes in the selector."""
        theirs: list[int] = []
        try:
            if has_input:
                read, write = os.pipe()
                theirs.append(read)
                os.set_blocking(write, False)
                selector.register(write, selectors.EVENT_WRITE, "input")
            else:
                theirs.append(os.open(os.devnull, os.O_RDONLY))
            for what in self._said:
                read, write = os.pipe()
                theirs.append(write)
                selector.register(read, selectors.EVENT_READ, what)
            self._number = self._host.start(self._request, theirs)
        finally:
            for descriptor in theirs:
                os.close(descriptor)

    def _talk(self, selector: selectors.BaseSelector, stdin: memoryview) -> None:
        deadline = time.monotonic() + self._settings.timeout
        while selector.get_map():
            left = deadline - time.monotonic() if self._in_time else _HOST_SECONDS
            ready = selector.select(max(0.0, left))
            if not ready:
                if not self._in_time:  # killed, and still there: the host is, too
                    return
                self._in_time = False
                self._host.kill(self._number)
            for key, _ in ready:
                if key.data == "input":
                    stdin = self._give(selector, key.fd, stdin)
                else:
                    self._take(selector, key.fd, key.data)

    def _give(self, selector: selectors.BaseSelector, pipe: int, stdin: memoryview) -> memoryview:
        try:
            stdin = stdin[os.write(pipe, stdin[:_CHUNK]) :]
        except BrokenPipeError:  # it has read all it wants
            stdin = stdin[:0]
        if not stdin:
            selector.unregister(pipe)
            os.close(pipe)
        return stdin

    def _take(self, selector: selectors.BaseSelector, pipe: int, what: str) -> None:
        part = os.read(pipe, _CHUNK)
        said = self._said[what]
        if not part:
            selector.unregister(pipe)
            os.close(pipe)
        elif what == "errors":
            said += part[: max(0, _ERROR_OUTPUT - len(said))]
        elif not self._too_much:
            said += part
            if what == "output" and len(said) > self._settings.output:
                self._too_much = True
                self._host.kill(self._number)

    def _judge(self) -> Result:
        if self._too_much:
            raise RenderLimitError(
                "output",
                f"{self._name} wrote more than the {self._settings.output:,} bytes that a build may write",
                "build less at once, or raise render.output in the config",
            )
        if not self._in_time:
            raise RenderLimitError(
                "time",
                f"{self._name} did not end within {self._settings.timeout:g} seconds",
                "see what it waits for or repeats, or raise render.timeout in the config",
            )
        line, _, _ = self._said["end"].partition(b"\n")
        if not line:
            self._host.give_up()
            raise UndecidedError(
                f"{self._name} did not come to its end: the process that starts renderers has ended", "run again"
            )
        told: dict[str, Any] = json.loads(line)
        if "error" in told:
            raise UndecidedError(f"{self._name} cannot be started: {told['error']}")
        code: int = told["code"]
        if code == -signal.SIGSEGV or (code and any(mark in self._said["errors"] for mark in _OUT_OF_MEMORY)):
            raise RenderLimitError(
                "memory",
                f"{self._name} needs more than the {self._settings.memory:,} bytes of memory that a build may use",
                "build less at once, or raise render.memory in the config",
            )
        if code < 0:
            raise UndecidedError(f"{self._name} was ended by signal {-code} before it was done")
        return Result(code, bytes(self._said["output"]), bytes(self._said["errors"]))


@contextlib.contextmanager
def _home() -> Iterator[str]:
    """An empty folder that a program takes for its home, and for every other folder that it might look into."""
    folder = make_private_folder("gategit-home-")
    try:
        yield folder
    finally:
        try:
            os.rmdir(folder)  # noqa: PTH106  pathlib is slower than the disk
        except OSError:  # it has left something behind
            shutil.rmtree(folder, ignore_errors=True)


_HOMES: Final = (
    *("HOME", "TMPDIR", "TMP", "TEMP", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"),
    *("HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"),
)


def _environment(home: str, settings: RenderSettings) -> dict[str, str]:
    return {
        **dict.fromkeys(_HOMES, home),
        "PATH": f"{home}/none",  # an empty one means the working folder, which is the change's
        "HELM_PLUGINS": f"{home}/none",
        "KUBECONFIG": f"{home}/none",
        # Collected less often, a build takes a tenth less time; near the limit it is collected as often as needed.
        "GOGC": "400",
        "GOMEMLIMIT": str(settings.memory * 3 // 4),
        "LC_ALL": "C",
        "TZ": "UTC",
    }


def _limits(settings: RenderSettings) -> dict[str, int]:
    return {
        "RLIMIT_DATA": settings.memory,
        "RLIMIT_CPU": (int(settings.timeout) + 1) * (os.cpu_count() or 1),
        "RLIMIT_FSIZE": settings.output,
        "RLIMIT_CORE": 0,
    }
