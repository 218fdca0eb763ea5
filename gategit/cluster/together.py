"""Running coroutines: one to its end, and several at once with one plain exception where one of them fails."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import TypeVar

from gategit.errors import GategitError

T = TypeVar("T")


async def together(work: Iterable[Coroutine[object, object, T]]) -> list[T]:
    """Run coroutines side by side and return their results in the same order; the first failure stops the others.

    Raises:
        GategitError: the first expected failure, as it is: not in a group, which no caller looks into.
    """
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one) for one in work]
    except BaseExceptionGroup as failures:
        expected, unexpected = failures.split(GategitError)
        if unexpected is None and expected is not None:
            raise _first(expected) from None
        raise
    return [task.result() for task in tasks]


def run(work: Coroutine[object, object, T]) -> T:
    """Run a coroutine in an event loop of its own, and return its result.

    ``asyncio.run`` alone would write the result out as text in the end, to compare a signal's handler with others: for
    the objects of a cluster that takes longer than to read them.
    """
    results: list[T] = []

    async def keep() -> None:
        results.append(await work)

    asyncio.run(keep())
    return results[0]


def _first(group: BaseExceptionGroup[GategitError]) -> GategitError:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
