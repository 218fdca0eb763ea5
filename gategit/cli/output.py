"""Where reports go: standard output and files, each at most once."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gategit.errors import UndecidedError, UsageError
from gategit.nearest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

STANDARD_OUTPUT = "-"


@dataclass(frozen=True, slots=True)
class Destination:
    """A report to write: its format, and a file's path or ``-`` for standard output."""

    format: str
    path: str


def destinations(
    format: str | None,  # noqa: A002  the command line's word for it
    output: str | None,
    reports: Sequence[str],
    formats: Sequence[str],
) -> tuple[Destination, ...]:
    """What ``--format``, ``--output`` and ``--report`` ask for together.

    A run prints text to standard output unless something else is to go there, or ``--output`` takes the place.

    Raises:
        UsageError: an unknown format, a malformed ``--report``, two reports for one place, a place that cannot be
            written to.
    """
    found = [_pair(text, formats) for text in reports]
    to_stdout = any(destination.path == STANDARD_OUTPUT for destination in found)
    if format is not None or output is not None or not to_stdout:
        found.insert(0, Destination(_format(format or "text", "--format", formats), output or STANDARD_OUTPUT))
    taken: set[str] = set()
    for destination in found:
        place = destination.path
        key = place if place == STANDARD_OUTPUT else os.path.realpath(place)
        if key in taken:
            name = "standard output" if place == STANDARD_OUTPUT else place
            raise UsageError(f"two reports are to be written to {name}", "give each report its own file")
        taken.add(key)
        _check_place(place)
    return tuple(found)


def _format(name: str, option: str, formats: Sequence[str]) -> str:
    if name not in formats:
        hint = f"formats: {', '.join(formats)}"
        raise UsageError(f"{option}: there is no format {name}{did_you_mean(name, formats)}", hint)
    return name


def _pair(text: str, formats: Sequence[str]) -> Destination:
    name, equals, path = text.partition("=")
    if not equals or not path:
        hint = "write --report FORMAT=FILE, such as --report sarif=gategit.sarif, or - as FILE for standard output"
        raise UsageError(f"--report {text} names no file", hint)
    return Destination(_format(name, "--report", formats), path)


def _check_place(path: str) -> None:
    """Refuse before the run what would fail after it."""
    if path == STANDARD_OUTPUT:
        return
    folder = Path(path).parent
    if not folder.is_dir():
        raise UsageError(f"{path} cannot be written: there is no folder {folder}", f"make it first: mkdir -p {folder}")
    if Path(path).is_dir():
        raise UsageError(f"{path} cannot be written: it is a folder")


def write(destination: Destination, text: str) -> None:
    """Write a report.

    Raises:
        UndecidedError: a file cannot be written.
    """
    if destination.path == STANDARD_OUTPUT:
        write_stdout(text)
        return
    try:
        Path(destination.path).write_bytes(text.encode("utf-8"))
    except OSError as error:
        reason = error.strerror or str(error)
        raise UndecidedError(f"the report {destination.path} cannot be written: {reason}") from None


def write_stdout(text: str) -> None:
    """Write to standard output; a reader that stops reading (``| head``) is no error and changes no exit code.

    Raises:
        UndecidedError: standard output cannot be written for another reason (a full disk).
    """
    stream = sys.stdout
    encoding = getattr(stream, "encoding", None) or "utf-8"
    # A terminal that cannot show a character, or a file's name that is no text, gets an escape; it stops nothing.
    data = text.encode(encoding, "backslashreplace").decode(encoding)
    try:
        stream.write(data)
        stream.flush()
    except BrokenPipeError:
        # The interpreter flushes once more at its end: give it a place where that works.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except OSError as error:
        raise UndecidedError(f"the report cannot be written: {error.strerror or error}") from None


def wants_color(choice: str, environment: Mapping[str, str]) -> bool:
    """Whether text on standard output is coloured.

    ``always`` and ``never`` decide; with ``auto``, NO_COLOR (https://no-color.org) and FORCE_COLOR do, each when it
    is not empty, and else whether standard output is a terminal.
    """
    if choice != "auto":
        return choice == "always"
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR"):
        return environment["FORCE_COLOR"] != "0"
    return sys.stdout.isatty() and environment.get("TERM") != "dumb"
