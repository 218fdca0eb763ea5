"""Work spread over processes gives the answers that it gives in one, in the same order."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from gategit.errors import UndecidedError
from gategit.parallel import map_batches


def double(numbers: Sequence[int]) -> list[int]:
    return [2 * number for number in numbers]


THIS_PROCESS = os.getpid()


def die(numbers: Sequence[int]) -> list[int]:
    if os.getpid() != THIS_PROCESS:
        os._exit(1)
    return list(numbers)


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


def fail(numbers: Sequence[int]) -> list[int]:
    if 499 in numbers:
        raise UndecidedError("this one cannot be read", "look at it")
    return list(numbers)


def test_what_goes_wrong_in_another_process_is_raised_in_this_one() -> None:
    """An error keeps its sentence and its hint on the way."""
    with pytest.raises(UndecidedError, match="this one cannot be read") as caught:
        list(map_batches(fail, list(range(500)), 2))
    assert caught.value.hint == "look at it"


def test_each_process_ends_what_it_started(tmp_path: Path) -> None:
    """The clean-up runs once in every forked process, and not in this one."""

    def finish() -> None:
        (tmp_path / str(os.getpid())).touch()

    list(map_batches(double, list(range(500)), 3, finish))
    assert len(list(tmp_path.iterdir())) == 2
    assert not (tmp_path / str(os.getpid())).exists()
