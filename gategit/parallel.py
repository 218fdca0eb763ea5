"""Work on many items in several processes, where there are enough of them to pay for it.

Processes are forked, so they share what was set up before (config, schemas, compiled policies) without sending it.
Where the system cannot fork safely, the work is done in this process.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from gategit.errors import UndecidedError

Item = TypeVar("Item")
Answer = TypeVar("Answer")

_SMALLEST = 96
_BATCH = 64

# What the forked processes call: set just before they are forked, so that a closure needs no pickling.
_work: Callable[[Sequence[Any]], Any] | None = None


def _call(batch: Sequence[Any]) -> Any:
    if _work is None:
        raise RuntimeError("a worker was asked before it was told what to do")
    return _work(batch)


def _start_worker() -> None:
    # Decoding makes no cycles worth collecting, and what was inherited must not be copied page by page.
    gc.disable()
    gc.freeze()


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def map_batches(work: Callable[[Sequence[Item]], Answer], items: Sequence[Item], jobs: int | None) -> Iterator[Answer]:
    """Apply ``work`` to batches of the items and yield the answers in order.

    Raises:
        UndecidedError: a process died before it answered.
    """
    global _work  # noqa: PLW0603  see above: inherited by the fork
    count = jobs or processors()
    if count < 2 or len(items) < _SMALLEST or sys.platform != "linux":
        for start in range(0, len(items), _BATCH):
            yield work(items[start : start + _BATCH])
        return
    import multiprocessing  # noqa: PLC0415  only large runs pay for it
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415  the same
    from concurrent.futures.process import BrokenProcessPool  # noqa: PLC0415  the same

    _work = work
    batches = [items[start : start + _BATCH] for start in range(0, len(items), _BATCH)]
    try:
        with ProcessPoolExecutor(count, multiprocessing.get_context("fork"), _start_worker) as pool:
            yield from pool.map(_call, batches)
    except BrokenProcessPool:
        raise UndecidedError(
            "a worker process was ended by the system before it answered",
            "there may be too little memory: try fewer with --jobs, or lower limits.file_size in .gategit.yaml",
        ) from None
    finally:
        _work = None
