"""Nothing that a worker answers is believed before it was looked at."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gategit.checks.policy import run as module
from gategit.checks.policy.answers import LostError
from gategit.checks.policy.load import builtin_policies
from gategit.checks.policy.run import Runner
from gategit.checks.policy.subjects import Hit

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
BATCH = module._Batch((7, 9), (0,), b"")  # noqa: SLF001  the smallest door behind which everything is checked


class FakeRunner(Runner):
    """A runner without a process."""

    def __init__(self) -> None:
        self._jobs = 1


def believe(answer: Any) -> tuple[Hit, ...] | None:
    """The hits that an answer is believed to hold, None where it is not believed at all."""
    run = module._Run(FakeRunner(), [0], builtin_policies(), {}, (b"", b""))  # noqa: SLF001  the same
    try:
        run._believe(answer, 0, "seal", BATCH)  # noqa: SLF001  the same
    except LostError:
        return None
    return tuple(run._hits)  # noqa: SLF001  the same


def answer_with(**changes: Any) -> dict[str, Any]:
    """A good answer, but for the changes."""
    good = {"policy": 0, "hits": [[1, "new", ["spec", 0], "x"]], "crashes": [], "crashed": 0, "stopped": False}
    return good | {"seal": "seal"} | changes


def test_a_good_answer_is_believed() -> None:
    """Its subject is the run's, not the batch's."""
    assert believe(answer_with()) == (Hit(builtin_policies()[0].id, 9, "new", ("spec", 0), "x"),)


@pytest.mark.parametrize(
    "changes",
    [
        *({"seal": "another"}, {"seal": None}, {"seal": ["seal"]}),
        *({"policy": 1}, {"policy": None}, {"hits": None}, {"hits": {}}, {"crashes": 1}, {"crashed": "many"}),
        *({"hits": [[2, "new", [], "x"]]}, {"hits": [[-1, "new", [], "x"]]}, {"hits": [[True, "new", [], "x"]]}),
        *({"hits": [[0, "both", [], "x"]]}, {"hits": [[0, "new", "path", "x"]]}, {"hits": [[0, "new", [None], "x"]]}),
        *({"hits": [[0, "new", [[]], "x"]]}, {"hits": [[0, "new", [], 1]]}, {"hits": [[0, "new", [], "x", 1]]}),
        *({"crashes": [[5, "x", ""]]}, {"crashes": [[0, 1, ""]]}, {"crashes": ["x"]}, {"hits": [{}]}),
    ],
)
def test_a_lie_is_not_believed(changes: dict[str, Any]) -> None:
    """No question's seal, a policy that was not asked, an object that was not sent, a path or message that is none."""
    assert believe(answer_with(**changes)) is None


@settings(max_examples=150, deadline=None)
@given(hit=st.lists(_json, max_size=5), crash=st.lists(_json, max_size=4), crashed=_json, stopped=_json)
def test_no_answer_breaks_the_gate(hit: Any, crash: Any, crashed: Any, stopped: Any) -> None:
    """It is believed or not; what is believed is sound."""
    for found in believe(answer_with(hits=[hit], crashes=[crash], crashed=crashed, stopped=stopped)) or ():
        assert found.subject in BATCH.indices
        assert found.message.isprintable()
        assert all(type(step) in (str, int) for step in found.path)
