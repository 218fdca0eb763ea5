"""The crash report: what a maintainer needs to know of an internal error, and no more."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import traceback

from gategit import __version__


def crash_text(error: BaseException) -> str:
    """Version, platform, arguments and traceback. No environment variables, no file contents, no local variables."""
    trace = "".join(traceback.format_exception(error))
    lines = [
        f"gategit {__version__}",
        f"Python {platform.python_version()} ({platform.python_implementation()})",
        f"Platform {platform.platform()}",
        f"Arguments {sys.argv[1:]!r}",
        "",
        trace,
    ]
    return "\n".join(lines)


def write_report(error: BaseException) -> str:
    """Write the report to a new file that only its owner can read; return its path.

    Raises:
        OSError: no file can be written.
    """
    handle, path = tempfile.mkstemp(prefix="gategit-crash-", suffix=".txt")
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(crash_text(error))
    return path
