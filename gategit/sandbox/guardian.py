"""Holds the programs of one sandbox, and takes them and their folder away when whoever started it is gone.

It runs as a process of its own (``python -I -S guardian.py PARENT``) and imports nothing of gategit, so that it can
outlive a gategit that was killed. It is spoken to by lines of JSON on its standard input, and answers each by one:

* the first line it says, unasked: ``{"folder": …}``, a private folder that it made;
* ``{"start": name, "arguments": […]}`` starts a program in that folder: ``{"error": …}``, null when it runs;
* ``{"ended": name}`` asks for a program's end: ``{"code": …}``, null while it runs;
* ``{"stop": name}`` kills a program: ``{}``.

When its standard input ends, or its parent changes, everything goes.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from typing import Any

_PR_SET_PDEATHSIG = 1
_LOOK_AT_PARENT = 1.0


def _death_with_parent() -> Callable[[], None] | None:
    """What a program does before it starts so that it dies with this process; only Linux knows how."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)

    def before_start() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    return before_start


class Guardian:
    """The programs that run in ``folder``."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._programs: dict[str, subprocess.Popen[bytes]] = {}
        self._before_start = _death_with_parent()

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do what one line asks for."""
        if "start" in request:
            return {"error": self._start(str(request["start"]), [str(part) for part in request["arguments"]])}
        if "ended" in request:
            return {"code": self._programs[str(request["ended"])].poll()}
        self._stop(self._programs[str(request["stop"])])
        return {}

    def _start(self, name: str, arguments: list[str]) -> str | None:
        try:
            with open(os.path.join(self.folder, f"{name}.log"), "wb") as log:  # noqa: PTH118, PTH123  pathlib costs start-up
                self._programs[name] = subprocess.Popen(
                    arguments,
                    cwd=self.folder,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    preexec_fn=self._before_start,  # noqa: PLW1509  this process has one thread
                )
        except (OSError, subprocess.SubprocessError) as error:
            return getattr(error, "strerror", None) or str(error)
        return None

    @staticmethod
    def _stop(program: subprocess.Popen[bytes]) -> None:
        with contextlib.suppress(OSError):
            program.kill()
        program.wait()

    def close(self) -> None:
        """Kill what runs and remove the folder. Nothing in it is worth a farewell."""
        for program in reversed(self._programs.values()):
            self._stop(program)
        shutil.rmtree(self.folder, ignore_errors=True)


def _requests(parent: int) -> Any:
    """The lines of standard input, until it ends or the parent is another one."""
    buffer = b""
    while os.getppid() == parent:
        readable, _, _ = select.select([0], [], [], _LOOK_AT_PARENT)
        if not readable:
            continue
        part = os.read(0, 1 << 16)
        if not part:
            return
        *lines, buffer = (buffer + part).split(b"\n")
        for line in lines:
            yield json.loads(line)


def _say(answer: dict[str, Any]) -> None:
    os.write(1, json.dumps(answer).encode() + b"\n")


def main() -> None:
    """Serve until the parent, whose process id is the first argument, is gone."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(1))
    guardian = Guardian(tempfile.mkdtemp(prefix="gategit-sandbox-"))
    try:
        with contextlib.suppress(OSError):  # nobody reads the answers any more
            _say({"folder": guardian.folder})
            for request in _requests(int(sys.argv[1])):
                _say(guardian.answer(request))
    finally:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        guardian.close()


if __name__ == "__main__":
    main()
