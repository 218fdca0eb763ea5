"""Unquoted scalars are what kubectl takes them for."""

from __future__ import annotations

import math

import pytest

from gategit.manifests.scalars import key_text, resolve_plain


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((word, True) for word in ("y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE")),
        *((word, False) for word in ("n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE")),
        *((word, None) for word in ("", "~", "null", "Null", "NULL")),
        *((word, word) for word in ("yEs", "tRUE", "nULL", "NUll", "yess", "oN", "None", "nil", "undefined")),
        ("0", 0),
        ("-0", 0),
        ("12", 12),
        ("+12", 12),
        ("-12", -12),
        ("0644", 420),
        ("0o644", 420),
        ("-010", -8),
        ("0x1F", 31),
        ("-0x1f", -31),
        ("0b101", 5),
        ("1_000", 1000),
        ("0x_ff", 255),
        ("08", 8),
        ("0888", 888),
        ("18446744073709551615", 2**64 - 1),
        ("9223372036854775808", 2**63),
        ("-9223372036854775808", -(2**63)),
        ("0x", "0x"),
        ("0b2", "0b2"),
        ("1__2", 12),
        ("_1", "_1"),
        ("1.5", 1.5),
        ("1.10", 1.1),
        ("1.0", 1),
        ("1.", 1),
        (".5", 0.5),
        ("-.5", -0.5),
        ("1e3", 1000),
        ("1E-2", 0.01),
        ("1e400", "1e400"),
        ("1.2.3", "1.2.3"),
        ("1e", "1e"),
        (".", "."),
        ("..", ".."),
        ("-", "-"),
        ("+", "+"),
        ("12:30:45", "12:30:45"),
        ("190:20", "190:20"),
        ("2024-01-31", "2024-01-31"),
        ("2024-01-31T10:00:00Z", "2024-01-31T10:00:00Z"),
        ("100m", "100m"),
        ("1Gi", "1Gi"),
        ("=", "="),
        ("<<", "<<"),
        ("٣", "٣"),
    ],
)
def test_plain_scalars(text: str, value: object) -> None:
    """Words, Go's integers with every prefix, floats, and strings for the rest."""
    resolved = resolve_plain(text)
    assert resolved == value
    assert type(resolved) is type(value)


def test_numbers_too_large_for_an_integer_become_floats() -> None:
    """Beyond 64 bits a number loses digits, as it does on its way to the API server."""
    assert resolve_plain("18446744073709551616") == 2**64
    assert resolve_plain("1" + "0" * 30) == pytest.approx(1e30)
    assert resolve_plain("9" * 5000) == "9" * 5000


@pytest.mark.parametrize("text", [".inf", "+.INF", "-.Inf"])
def test_infinity(text: str) -> None:
    """Infinity is a number, which the caller has to refuse."""
    resolved = resolve_plain(text)
    assert isinstance(resolved, float)
    assert math.isinf(resolved)


@pytest.mark.parametrize(
    ("value", "text"),
    [("a", "a"), (True, "true"), (False, "false"), (12, "12"), (1.5, "1.5"), (math.inf, ".inf"), (None, None)],
)
def test_keys_become_text(value: object, text: str | None) -> None:
    """JSON has text keys only; null is none."""
    assert key_text(value) == text  # type: ignore[arg-type]  # parametrised over every scalar type
