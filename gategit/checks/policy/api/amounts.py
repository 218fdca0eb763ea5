"""Amounts as Kubernetes writes them: resource quantities and durations."""

from __future__ import annotations

_SUFFIXES: dict[str, float] = {
    "n": 1e9,
    "u": 1e6,
    "m": 1e3,
    "k": 10**3,
    "M": 10**6,
    "G": 10**9,
    "T": 10**12,
    "P": 10**15,
    "E": 10**18,
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
    "Ti": 2**40,
    "Pi": 2**50,
    "Ei": 2**60,
}


def quantity(value: object) -> float | None:
    """A resource quantity (``500m``, ``1.5Gi``, ``2``, ``1e3``) as a number of its unit; None where it is none."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    text = value.strip() if isinstance(value, str) else ""
    digits = text.rstrip("numkMGTPEi")
    suffix = text[len(digits) :]
    if not digits or not all(character in "0123456789.+-eE" for character in digits):
        return None
    try:
        number = float(digits)
        scale = _SUFFIXES[suffix] if suffix else 1
    except (ValueError, KeyError):
        return None
    return number / scale if suffix in ("n", "u", "m") else number * scale


_UNITS: dict[str, float] = {"ns": 1e-9, "us": 1e-6, "\u00b5s": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}


def duration(value: object) -> float | None:
    """A duration (``90s``, ``1h30m``) in seconds, as Go's ``time.ParseDuration`` reads it; None where it is none."""
    text = value.strip() if isinstance(value, str) else ""
    sign = -1.0 if text.startswith("-") else 1.0
    text = text.removeprefix("-").removeprefix("+")
    if text in ("", "0"):
        return 0.0 if text else None
    seconds = 0.0
    while text:
        rest = text.lstrip("0123456789.")
        number = text[: len(text) - len(rest)]
        unit = rest[: len(rest) - len(rest.lstrip("nu\u00b5msh"))]
        if unit not in _UNITS:
            return None
        try:
            seconds += float(number) * _UNITS[unit]
        except ValueError:
            return None
        text = rest[len(unit) :]
    return sign * seconds
