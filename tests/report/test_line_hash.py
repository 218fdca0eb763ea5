from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gategit.report.line_hash import line_hashes

GREETING = [
    "e9496ae3ebfced30:1",
    "fb7c023a8b9ccb3f:1",
    "ce8ba1a563dcdaca:1",
    "e20e36e16fcb0cc8:1",
    "b3edc88f2938467e:1",
    "c8e28b0b4002a3a0:1",
    "c129715d7a2bc9a3:1",
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["c129715d7a2bc9a3:1"]),
        (" a\nb\n  \t\tc\n d", ["271789c17abda88f:1", "54703d4cd895b18:1", "180aee12dab6264:1", "a23a3dc5e078b07b:1"]),
        (" hello; \t\nworld!!!\n\n\n  \t\tGreetings\n End\n", GREETING),
        (" hello; \t\nworld!!!\r\r\r  \t\tGreetings\r End\r", GREETING),
        (" hello; \t\r\nworld!!!\r\n\r\n\r\n  \t\tGreetings\r\n End\r\n", GREETING),
        (" hello; \t\nworld!!!\r\n\n\r  \t\tGreetings\r End\r\n", GREETING),
        (
            "Lorem ipsum dolor sit amet.\n" * 10,
            [
                *(f"a7f2ff13bc495cf2:{count}" for count in range(1, 7)),
                "a7f2ff1481e87703:1",
                "a9cf91f7bbf1862b:1",
                "55ec222b86bcae53:1",
                "cc97dc7b1d7d8f7b:1",
                "c129715d7a2bc9a3:1",
            ],
        ),
    ],
)
def test_hashes_are_those_that_github_publishes(text: str, expected: list[str]) -> None:
    """The values are the ones that GitHub's upload action states for these texts."""
    assert line_hashes(text) == expected


def plainly(text: str) -> list[str]:
    """The definition, one line at a time, with no trick."""
    units = text.encode("utf-16-le", "surrogatepass")
    stream = [int.from_bytes(units[index : index + 2], "little") for index in range(0, len(units), 2)]
    kept: list[int] = []
    starts = [0]
    after_return = False
    for unit in stream:
        if unit in {0x20, 0x09} or (unit == 0x0A and after_return):
            after_return = False
            continue
        after_return = unit == 0x0D
        kept.append(0x0A if after_return else unit)
        if kept[-1] == 0x0A:
            starts.append(len(kept))
    kept.append(65535)
    seen: dict[int, int] = {}
    hashes = []
    for start in starts:
        block = (kept[start : start + 100] + [0] * 100)[:100]
        value = sum(unit * 37 ** (99 - index) for index, unit in enumerate(block)) % 2**64
        seen[value] = seen.get(value, 0) + 1
        hashes.append(f"{value:x}:{seen[value]}")
    return hashes


@given(st.text(st.characters() | st.sampled_from("\r\n\t ab"), max_size=400))
@settings(max_examples=200, deadline=None)
def test_hashes_are_those_of_the_definition(text: str) -> None:
    """The rolling sum gives what the definition gives, for any text."""
    assert line_hashes(text) == plainly(text)
