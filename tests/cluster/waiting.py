"""Waiting for what a server does in its own time."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(happened: Callable[[], bool]) -> None:
    """Ask again and again until it happened; fails the test where it never does."""
    for _ in range(1200):
        if happened():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen")
