"""Other spellings of the same amount: ``1000m`` and ``1``, ``1Gi`` and ``1024Mi``, ``1h`` and ``60m``.

Only where a field is known to hold an amount: elsewhere ``1`` and ``"1"``, or ``1h`` and ``60m``, are two values.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

from gategit.model import FieldPath

_LONGEST = 64
"""Characters of an amount; what is longer is compared as it is written, for numbers grow with their exponents."""

_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d{1,2}))?\Z", re.ASCII)
_SCALES = {
    "": Fraction(1),
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 10**3),
    "k": Fraction(10**3),
    **{letter: Fraction(1000**power) for power, letter in enumerate("MGTPE", 2)},
    **{f"{letter}i": Fraction(1024**power) for power, letter in enumerate("KMGTPE", 1)},
}

_DURATION = re.compile(r"([+-]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|\u00b5s|\u03bcs|ms|s|m|h))+|0)\Z", re.ASCII)
_DURATION_PART = re.compile(r"([\d.]+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)", re.ASCII)
_UNITS = {
    "ns": 1,
    "us": 10**3,
    "\u00b5s": 10**3,
    "\u03bcs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}

_MAPS_OF_QUANTITIES = frozenset({"limits", "requests", "hard", "capacity", "overhead", "podFixed"})
_QUANTITIES = frozenset({"sizeLimit", "divisor", "averageValue"})
_LIMIT_RANGE_MAPS = frozenset({"default", "defaultRequest", "min", "max", "maxLimitRequestRatio"})
_DURATION_NAME = re.compile(
    r"(timeout|interval|duration|period|delay|ttl|backoff|renewBefore|maxAge)s?\Z", re.IGNORECASE
)


def quantity(value: Any) -> Fraction | None:
    """A resource quantity as an exact number; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    text = str(value)
    match = _QUANTITY.match(text) if len(text) <= _LONGEST else None
    if match is None:
        return None
    digits, suffix, exponent = match.groups()
    return Fraction(digits) * (Fraction(10) ** int(exponent) if exponent else _SCALES[suffix or ""])


def duration(value: Any) -> Fraction | None:
    """A duration in nanoseconds as Go reads it; None where it is none."""
    match = _DURATION.match(value) if isinstance(value, str) and len(value) <= _LONGEST else None
    if match is None:
        return None
    total = sum((Fraction(number) * _UNITS[unit] for number, unit in _DURATION_PART.findall(match[2])), Fraction(0))
    return -total if match[1] == "-" else total


def same_amount(kind: str, path: FieldPath, one: Any, other: Any, *, custom: bool) -> bool:
    """Whether two values of a field are the same amount in two spellings.

    Args:
        kind: the object's kind.
        path: the field.
        one: a value.
        other: another one.
        custom: whether the kind is a custom one: only those have durations that are texts.
    """
    if holds_quantity(kind, path):
        amount = quantity(one)
        return amount is not None and amount == quantity(other)
    if custom and _holds_duration(path):
        time = duration(one)
        return time is not None and time == duration(other)
    return False


def holds_quantity(kind: str, path: FieldPath) -> bool:
    """Whether a field of an object of some kind is known to hold a resource quantity."""
    names = [step for step in path if isinstance(step, str)]
    if len(names) < 2:
        return False
    parent, name = names[-2:]
    if parent in _MAPS_OF_QUANTITIES or name in _QUANTITIES:
        return True
    if kind == "LimitRange":
        return parent in _LIMIT_RANGE_MAPS
    return kind == "HorizontalPodAutoscaler" and (parent, name) == ("target", "value")


def _holds_duration(path: FieldPath) -> bool:
    return bool(path) and isinstance(path[-1], str) and _DURATION_NAME.search(path[-1]) is not None
