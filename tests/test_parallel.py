"""Work spread over processes gives the answers that it gives in one, in the same order."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest

from gategit.errors import UndecidedError
from gategit.parallel import map_batches


def double(numbers: Sequence[int]) -> list[int]:
    return [2 * number for number in numbers]


def die(numbers: Sequence[int]) -> list[int]:
    os._exit(len(numbers))


@pytest.mark.parametrize("count", [0, 1, 95, 500])
@pytest.mark.parametrize("jobs", [1, 2])
def test_every_item_is_answered_in_order(count: int, jobs: int) -> None:
    """Neither the number of items nor that of processes changes the answer."""
    answers = [answer for batch in map_batches(double, list(range(count)), jobs) for answer in batch]
    assert answers == [2 * number for number in range(count)]


def test_a_process_that_dies_leaves_the_run_undecided() -> None:
    """A worker that the system ended is an error that says what to do, never a shorter result."""
    with pytest.raises(UndecidedError, match="a worker process was ended by the system") as caught:
        list(map_batches(die, list(range(500)), 2))
    assert "--jobs" in caught.value.hint
