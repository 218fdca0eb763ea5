"""How an error ends the process: an expected one with a sentence, an unexpected one with a report to send."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gategit.errors import GategitError

INTERNAL_ERROR = 3
"""The exit code of a crash: the gate could not look, so it does not open."""

INTERRUPTED = 130
"""The exit code after Ctrl-C: 128 and the number of the signal, as shells count."""


def say(text: str) -> None:
    """Write to standard error, whatever its encoding and even if nobody reads it any more."""
    encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
    try:
        sys.stderr.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        sys.stderr.flush()
    except OSError:
        pass


def report_error(error: GategitError) -> int:
    """Say what is wrong and how to mend it; return the exit code."""
    say(f"gategit: {error}")
    if error.hint:
        say(f"  help: {error.hint}")
    return error.exit_code


def report_crash(error: BaseException) -> int:
    """Write a report that can be pasted into a bug tracker, say where it is, and return the exit code."""
    from gategit.cli.crash import write_report  # noqa: PLC0415  only a crash needs it

    what = f"{type(error).__name__}: {error}".splitlines()[0][:200]
    say(f"gategit: internal error, nothing was decided: {what}")
    try:
        say(f"  help: please report it with the file {write_report(error)} (read it before: it names your files)")
    except OSError as problem:
        say(f"  help: the crash report could not be written: {problem}")
    return INTERNAL_ERROR
