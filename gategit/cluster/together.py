"""Doing several things at once, with one plain exception where one of them fails."""

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


def _first(group: BaseExceptionGroup[GategitError]) -> GategitError:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
