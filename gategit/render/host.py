"""The process that starts renderers: it gives up the network once, and each program the files that it does not need.

It runs as ``python -I -S host.py NETWORK`` with an empty environment, imports nothing of gategit, and has one thread,
so that it may fork. It is spoken to through the socket on its standard input, by one line of JSON after another, each
of which it answers by a dot. A program comes with four descriptors: its standard input, output and error output, and a
pipe on which one line of JSON says how it ended.

* ``{"run": id, "arguments": [...], "cwd": ..., "environment": {...}, "limits": {...}, "read": [...], "write": [...]}``
  starts a program: below the paths of ``read`` it may read and execute, below those of ``write`` everything;
* ``{"kill": id}`` ends it, and whatever it has started.

The first thing that it says, unasked, is what it could not give up: ``{"network": "", "files": ""}``. When its socket
is closed, everything ends.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import socket
import struct
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_CHUNK = 1 << 16
_NEW_USER, _NEW_NET = 0x10000000, 0x40000000  # linux/sched.h
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38  # linux/prctl.h
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446  # the same numbers on every architecture
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_FOLDER, _TRUNCATE = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 14
_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache", "/nix/store")
_FOR_NETWORK = (
    "/etc/resolv.conf",
    "/run/systemd/resolve",
    "/etc/hosts",
    "/etc/nsswitch.conf",
    "/etc/ssl",
    "/etc/pki",
    "/etc/ca-certificates",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
)


class _Kernel:
    """What Linux lets a process give up; nothing where this is not Linux."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(None, use_errno=True) if sys.platform.startswith("linux") else None
        self.landlock = self._landlock_version()

    def _landlock_version(self) -> int:
        if self._library is None:
            return 0
        version = self._library.syscall(ctypes.c_long(_LANDLOCK_CREATE), None, ctypes.c_size_t(0), ctypes.c_uint32(1))
        return max(0, int(version))

    def leave_network(self) -> str:
        """Move into a network namespace with nothing in it; "", or why that could not be."""
        if self._library is None:
            return f"{sys.platform} has no network namespaces"
        if self._library.unshare(_NEW_USER | _NEW_NET) == 0:
            return ""
        return os.strerror(ctypes.get_errno())

    def die_with_parent(self) -> None:
        """Have the kernel end this process when the one that started it ends."""
        if self._library is not None:
            self._library.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    def leave_files(self, read: list[str], write: list[str]) -> None:
        """Have the kernel refuse every file that lies below none of these, for good (landlock(7), Linux 5.13)."""
        library, version = self._library, self.landlock
        if library is None or version < 1:
            return
        every = (1 << 13) - 1 | sum(1 << bit for bit, since in ((13, 2), (14, 3), (15, 5)) if version >= since)
        # Signals to other processes, and sockets without a path, where the kernel knows how to refuse them.
        wanted = struct.pack("=QQQ", every, 0, 0b11)
        wanted = wanted if version >= 6 else wanted[:8]
        rules = library.syscall(
            ctypes.c_long(_LANDLOCK_CREATE), wanted, ctypes.c_size_t(len(wanted)), ctypes.c_uint32(0)
        )
        if rules < 0:
            return
        of_file = _EXECUTE | _WRITE_FILE | _READ_FILE | (_TRUNCATE & every)
        for rights, places in ((_EXECUTE | _READ_FILE | _READ_FOLDER, read), (every, [*write, os.devnull])):
            for place in places:
                self._allow(rules, place, rights, of_file)
        library.prctl(_PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0))
        library.syscall(ctypes.c_long(_LANDLOCK_RESTRICT), ctypes.c_int(rules), ctypes.c_uint32(0))
        os.close(rules)

    def _allow(self, rules: int, place: str, rights: int, of_file: int) -> None:
        try:
            found = os.open(place, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            return
        allowed = rights if os.path.isdir(place) else rights & of_file  # noqa: PTH112  pathlib costs start-up
        if self._library is not None:
            self._library.syscall(
                ctypes.c_long(_LANDLOCK_ADD),
                ctypes.c_int(rules),
                ctypes.c_int(1),
                struct.pack("=Qi", allowed, found),
                ctypes.c_uint32(0),
            )
        os.close(found)


class Host:
    """Starts programs and says how they ended."""

    def __init__(self, channel: socket.socket, *, network: bool) -> None:
        self._channel = channel
        self._network = network
        self._kernel = _Kernel()
        self._running: dict[int, tuple[int, int]] = {}  # by process id: the id of the run, and the pipe to answer on
        self._wakes, self._woken = os.pipe()
        for end in (self._wakes, self._woken):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._woken, warn_on_full_buffer=False)

    def serve(self) -> None:
        """Start what is asked for until the socket is closed."""
        missing = "" if self._network else self._kernel.leave_network()
        files = "" if self._kernel.landlock else "this system has no Landlock"
        self._channel.send(json.dumps({"network": missing, "files": files}).encode() + b"\n")
        try:
            while self._turn():
                pass
        finally:
            for process in self._running:
                _end(process)

    def _turn(self) -> bool:
        readable, _, _ = select.select([self._channel.fileno(), self._wakes], [], [])
        if self._wakes in readable:
            with contextlib.suppress(BlockingIOError):
                while os.read(self._wakes, 1 << 10):
                    pass
            self._reap()
        if self._channel.fileno() in readable:
            return self._hear()
        return True

    def _hear(self) -> bool:
        """Do what the next line says; False where there is none."""
        line, descriptors = b"", []
        while not line.endswith(b"\n"):
            part, found, _, _ = socket.recv_fds(self._channel, _CHUNK, 4)
            if not part:
                return False
            line += part
            descriptors += found
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)  # noqa: FBT003  it takes no name
        self._do(json.loads(line), descriptors)
        self._channel.send(b".")
        return True

    def _do(self, message: dict[str, Any], descriptors: list[int]) -> None:
        if "kill" in message:
            for process, (run, _) in self._running.items():
                if run == message["kill"]:
                    _end(process)
            return
        *streams, answer = descriptors
        try:
            process = os.fork()
            if process == 0:
                self._become(message, streams, answer)
        except OSError as error:
            _say(answer, {"error": error.strerror})
            os.close(answer)
        else:
            self._running[process] = (message["run"], answer)
        finally:
            for descriptor in streams:
                os.close(descriptor)

    def _become(self, message: dict[str, Any], streams: list[int], answer: int) -> None:
        """Turn this process, a copy of the host, into the program. It never comes back."""
        try:
            os.setsid()
            self._kernel.die_with_parent()
            for number, descriptor in enumerate(streams):
                os.dup2(descriptor, number)
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGPIPE):
                signal.signal(number, signal.SIG_DFL)
            os.chdir(message["cwd"])
            for name, value in message["limits"].items():
                _limit(name, value)
            arguments: list[str] = message["arguments"]
            read = [arguments[0], *_LIBRARIES, *message["read"], *(_FOR_NETWORK if self._network else ())]
            self._kernel.leave_files(read, message["write"])
            os.execve(arguments[0], arguments, message["environment"])  # noqa: S606  no shell is wanted
        except OSError as error:
            _say(answer, {"error": error.strerror or str(error)})
        except ValueError as error:  # a NUL in an argument
            _say(answer, {"error": str(error)})
        finally:
            os._exit(127)

    def _reap(self) -> None:
        while self._running:
            process, status = os.waitpid(-1, os.WNOHANG)
            if process == 0:
                return
            found = self._running.pop(process, None)
            if found is not None:
                _end(process)  # what it has started
                _say(found[1], {"code": os.waitstatus_to_exitcode(status)})
                os.close(found[1])


def _say(descriptor: int, what: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):  # whoever asked is not interested any more
        os.write(descriptor, json.dumps(what).encode() + b"\n")


def _end(process: int) -> None:
    """Kill a program and its process group; it leads one from its first moment or does not run yet."""
    with contextlib.suppress(OSError):
        os.killpg(process, signal.SIGKILL)


def _limit(name: str, value: int) -> None:
    number = getattr(resource, name, None)
    if number is None:
        return
    with contextlib.suppress(OSError, ValueError):  # macOS refuses some of them
        hard = resource.getrlimit(number)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(number, (value, value))


def main() -> None:
    """Serve on standard input; the first argument says whether the programs may reach the network."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for gategit, which then closes the socket
    channel = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    Host(channel, network=sys.argv[1] == "network").serve()


if __name__ == "__main__":
    main()
