"""Running a coroutine to its end."""

from __future__ import annotations

import pytest

from gategit.cluster.together import run
from gategit.errors import UndecidedError


class _Unprintable:
    """A result that takes too long to write out as text."""

    def __repr__(self) -> str:
        raise AssertionError


async def _result(answer: object) -> object:
    if isinstance(answer, Exception):
        raise answer
    return answer


def test_a_result_is_handed_on_as_it_is() -> None:
    """Nobody writes it out as text on the way, however large it is."""
    result = _Unprintable()
    assert run(_result(result)) is result


def test_a_failure_is_raised() -> None:
    """The coroutine's own exception, as it is."""
    with pytest.raises(UndecidedError, match=r"^nobody answers$"):
        run(_result(UndecidedError("nobody answers")))
