"""Work on many items in several processes, where there are enough of them to pay for it.

Processes are forked, so they share what was set up before (config, schemas, what was read ahead) without sending it;
this one does a share of the work itself. The standard library's process pools cost 30 ms to import and start, which is
a tenth of a run on a thousand files. Where the system cannot fork safely, the work is done in this process.
"""

from __future__ import annotations

import gc
import os
import pickle
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from gategit.errors import UndecidedError

Item = TypeVar("Item")
Answer = TypeVar("Answer")

_SMALLEST = 96
_BATCH = 64


@dataclass(frozen=True, slots=True)
class _Worker:
    """A forked process, and the end of the pipe that its answers come from."""

    process: int
    pipe: int


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _nothing() -> None:
    """Clean up nothing."""


def map_batches(
    work: Callable[[Sequence[Item]], Answer],
    items: Sequence[Item],
    jobs: int | None,
    finish: Callable[[], None] = _nothing,
) -> Iterator[Answer]:
    """Apply ``work`` to batches of the items and yield the answers in order.

    Args:
        work: must give answers that can be pickled.
        items: what to work on.
        jobs: how many processes at most; None for one per processor.
        finish: called in each forked process when its work is done or has failed: it ends what ``work`` started there.

    Raises:
        UndecidedError: a process died before it answered.
        Exception: whatever ``work`` raises, also in another process.
    """
    batches = [items[start : start + _BATCH] for start in range(0, len(items), _BATCH)]
    count = min(jobs or processors(), len(batches))
    if count < 2 or len(items) < _SMALLEST or sys.platform != "linux":
        yield from map(work, batches)
        return
    # Every process takes each count-th batch, so that large files, which often lie together, are spread.
    workers = [_fork(work, batches[number::count], finish) for number in range(1, count)]
    collecting = gc.isenabled()
    gc.disable()  # as in the workers
    try:
        shares = [[work(batch) for batch in batches[::count]]]
        shares += [_collect(worker) for worker in workers]
    finally:
        if collecting:
            gc.enable()
        for worker in workers:
            os.close(worker.pipe)
            os.waitpid(worker.process, 0)
    for number in range(len(batches)):
        yield shares[number % count][number // count]


def _fork(
    work: Callable[[Sequence[Item]], Answer], batches: Sequence[Sequence[Item]], finish: Callable[[], None]
) -> _Worker:
    """Start a process that works on its batches and then sends all answers at once."""
    reading, writing = os.pipe()
    process = os.fork()
    if process:
        os.close(writing)
        return _Worker(process, reading)
    code = 1
    try:
        os.close(reading)
        # Decoding makes no cycles worth collecting, and what was inherited must not be copied page by page.
        gc.disable()
        gc.freeze()
        answer: tuple[bool, Any]
        try:
            answer = (True, [work(batch) for batch in batches])
        except BaseException as error:  # noqa: BLE001  it is raised again where somebody can catch it
            answer = (False, error)
        finish()
        with os.fdopen(writing, "wb") as pipe:
            pickle.dump(answer, pipe, pickle.HIGHEST_PROTOCOL)
        code = 0
    finally:
        # Without the interpreter's own way out: what it would end belongs to the process that was forked from.
        os._exit(code)


def _collect(worker: _Worker) -> list[Any]:
    """The answers of a forked process.

    Raises:
        UndecidedError: it died before it answered.
        BaseException: what ended its work.
    """
    try:
        # Nothing but this program's own code ran in that process, so its pickle is its own.
        with os.fdopen(os.dup(worker.pipe), "rb") as pipe:
            done, answer = pickle.load(pipe)  # noqa: S301  see above
    except (EOFError, pickle.UnpicklingError):
        raise UndecidedError(
            "a worker process was ended by the system before it answered",
            "there may be too little memory: try fewer with --jobs, or lower limits.file_size in .gategit.yaml",
        ) from None
    if not done:
        raise answer
    answers: list[Any] = answer
    return answers
