"""What an unquoted YAML scalar is, read as kubectl reads it.

kubectl decodes YAML with go-yaml version 2, which resolves scalars by YAML 1.1 with Go's number syntax. Its order is
kept: the fixed words first, then integers, then floats, and whatever is left is a string. Timestamps and base-60
numbers are strings there, so they are strings here.
"""

from __future__ import annotations

import math
import re
from typing import Final

Scalar = None | bool | int | float | str

_WORDS: Final[dict[str, Scalar]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}

_INTEGER = re.compile(
    r"([-+]?)(?:(?:0[xX]([0-9a-fA-F]+))|(?:0[oO]?([0-7]+))|(?:0[bB]([01]+))|(0|[1-9][0-9]*))\Z",
)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_POINT_FLOAT = re.compile(r"\.[0-9]+(?:[eE][-+]?[0-9]+)?\Z")

_UINT64_MAX: Final = 2**64 - 1
_INT64_MIN: Final = -(2**63)
_INT64_MAX: Final = 2**63 - 1
_EXACT_JSON_FLOAT: Final = 1e21
"""From here on Go writes a float with an exponent; below it, a whole float is written without a point."""

_LONGEST_NUMBER: Final = 512
"""No number in a manifest is longer; what is longer is a string, which bounds the cost of parsing one."""


def resolve_plain(text: str) -> Scalar:
    """The value of an unquoted scalar.

    A float without a fraction becomes an int, since that is how Go's JSON encoder writes it to the API server.
    """
    if text in _WORDS:
        return _WORDS[text]
    first = text[0]
    if first == ".":
        return _float(text) if _POINT_FLOAT.match(text) else text
    if first not in "+-0123456789" or len(text) > _LONGEST_NUMBER:
        return text
    digits = text.replace("_", "")
    integer = _integer(digits)
    if integer is not None:
        return integer
    if _FLOAT.match(digits):
        number = _float(digits)
        return text if isinstance(number, str) else number
    return text


def _integer(digits: str) -> int | None:
    found = _INTEGER.match(digits)
    if found is None:
        return None
    sign, hexadecimal, octal, binary, decimal = found.groups()
    if hexadecimal:
        value = int(hexadecimal, 16)
    elif octal:
        value = int(octal, 8)
    elif binary:
        value = int(binary, 2)
    else:
        value = int(decimal)
    if sign == "-":
        value = -value
    # Go tries a signed 64-bit integer, then an unsigned one, which takes no sign.
    limit = _INT64_MAX if sign else _UINT64_MAX
    return value if _INT64_MIN <= value <= limit else None


def _float(text: str) -> float | int | str:
    value = float(text)
    if math.isinf(value):  # out of range: Go's ParseFloat fails, and the scalar stays a string
        return text
    return plain_float(value)


def plain_float(value: float) -> float | int:
    """A finite float as Go's JSON encoder writes it: an int where it has no fraction."""
    if value.is_integer() and abs(value) < _EXACT_JSON_FLOAT:
        return int(value)
    return value


def key_text(value: Scalar) -> str | None:  # noqa: PLR0911  one return for each type
    """A mapping key as the JSON that kubectl sends has it; None where kubectl refuses such a key (null)."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        if math.isnan(value):
            return ".nan"
        if math.isinf(value):
            return ".inf" if value > 0 else "-.inf"
        return repr(value)
    return None
