"""The one door for subprocesses: argument lists only, a time-out, a scrubbed environment, bounded output."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gategit.errors import UndecidedError

_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "XDG_CACHE_HOME")


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The caller's environment reduced to what programs need to start; no credentials, no language hooks."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return kept | dict(extra or {})


@dataclass(frozen=True, slots=True)
class Result:
    """What a program answered."""

    code: int
    stdout: bytes
    stderr: bytes

    @property
    def error_text(self) -> str:
        """The error output as text, stripped."""
        return self.stderr.decode("utf-8", "replace").strip()


def run(
    arguments: Sequence[str],
    *,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    timeout: float = 60.0,
) -> Result:
    """Run a program to its end and return what it answered, whatever its exit code.

    Args:
        arguments: the program and its arguments; no shell reads them.
        cwd: the working folder.
        environment: variables on top of the scrubbed environment.
        stdin: the bytes on its standard input.
        timeout: seconds.

    Raises:
        UndecidedError: the program is not installed, cannot be started, or did not end in time.
    """
    try:
        done = subprocess.run(
            list(arguments),
            cwd=cwd,
            env=clean_environment(environment),
            input=stdin,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError:
        raise UndecidedError(
            f"{arguments[0]} is not installed or not in PATH", f"install {arguments[0]} and run again"
        ) from None
    except subprocess.TimeoutExpired:
        raise UndecidedError(f"{arguments[0]} did not end within {timeout:g} seconds") from None
    except OSError as error:
        raise UndecidedError(f"{arguments[0]} cannot be started: {error.strerror or error}") from None
    return Result(done.returncode, done.stdout, done.stderr)
