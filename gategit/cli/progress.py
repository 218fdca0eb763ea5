"""One line of progress on a terminal, once a run is long enough to make a person wonder."""

from __future__ import annotations

import os
import sys
import time
from typing import Self

_PATIENCE = 1.0
_INTERVAL = 0.1
_CLEAR = "\r\x1b[2K"


class Progress:
    """Shows the latest message on standard error after the first second; silent in pipes. A context manager.

    Args:
        enabled: False shows nothing at all.
    """

    def __init__(self, *, enabled: bool) -> None:
        self._enabled = enabled and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._next = time.monotonic() + _PATIENCE
        self._shown = False

    def __call__(self, message: str) -> None:
        """Take note of where the run stands."""
        if not self._enabled or time.monotonic() < self._next:
            return
        try:
            width = os.get_terminal_size(sys.stderr.fileno()).columns
        except OSError:
            width = 0
        # A terminal that does not know its width says 0.
        line = "".join(char if char.isprintable() else "?" for char in message)[: (width or 80) - 1]
        sys.stderr.write(_CLEAR + line)
        sys.stderr.flush()
        self._shown = True
        self._next = time.monotonic() + _INTERVAL

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            sys.stderr.write(_CLEAR)
            sys.stderr.flush()
            self._shown = False
