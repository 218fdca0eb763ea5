"""The YAML that an object is in Flux's hands when its variables are filled in.

Flux fills them in as text, so what comes of ``port: ${port}`` depends on whether there are quotes around it. That is
for Go's YAML library to say (``sigs.k8s.io/yaml``, ``go.yaml.in/yaml/v2``), not for the author of the file: keys are
sorted, quotes are gone where none are needed, long lines are broken. The styles are chosen here as they are there.
"""

from __future__ import annotations

import re
from functools import cmp_to_key
from typing import Any, Final

from gategit.manifests.scalars import resolve_plain

_WIDTH: Final = 80
_KEY: Final = 128
_INDICATORS: Final = frozenset("#,[]{}&*!|>'\"%@`")
_BREAKS: Final = frozenset("\r\n\x85\u2028\u2029")
_ESCAPES: Final = {
    "\0": "0",
    "\x07": "a",
    "\x08": "b",
    "\t": "t",
    "\n": "n",
    "\x0b": "v",
    "\x0c": "f",
    "\r": "r",
    "\x1b": "e",
    '"': '"',
    "\\": "\\",
    "\x85": "N",
    "\xa0": "_",
    "\u2028": "L",
    "\u2029": "P",
}
_BASE_60: Final = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?\Z")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ][0-9:.]+(?:Z|[-+][0-9:]+)?)?\Z")


def write_yaml(data: Any) -> str:
    """Plain data as YAML."""
    writer = _Writer()
    if isinstance(data, dict) and data:
        writer.mapping(data, 0)
    elif isinstance(data, list) and data:
        writer.sequence(data, 0)
    else:
        writer.value(data, 0)
    return "".join([*writer.parts, "\n"]).removeprefix("\n").removeprefix(" ")


class _Writer:
    """Text in the making; ``column`` is where the next character stands."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self._column = 0

    def mapping(self, data: dict[Any, Any], indent: int, *, inline: bool = False) -> None:
        """Write a mapping that is not empty, its first key on this line where it stands in a list."""
        for key in sorted(data, key=_key_order):
            if not inline:
                self._line(indent)
            inline = False
            if len(key.encode("utf-8", "surrogatepass")) > _KEY or _BREAKS & set(key):
                self._write("?")
                self._scalar(key, indent + 2)
                self._line(indent)
                self._write(":")
                self._item(data[key], indent)
            else:
                self._scalar(key, indent, is_key=True)
                self._write(":")
                self.value(data[key], indent)

    def sequence(self, data: list[Any], indent: int, *, inline: bool = False) -> None:
        """Write a list that is not empty."""
        for item in data:
            if not inline:
                self._line(indent)
            inline = False
            self._write("-")
            self._item(item, indent)

    def value(self, data: Any, indent: int) -> None:
        """Write what stands behind a key's colon or an item's dash."""
        if isinstance(data, dict):
            if data:
                self.mapping(data, indent + 2)
            else:
                self._write(" {}")
        elif isinstance(data, list):
            if data:
                self.sequence(data, indent)
            else:
                self._write(" []")
        elif isinstance(data, str):
            self._scalar(data, indent + 2)
        else:
            self._write(f" {_plain(data)}")

    def _item(self, data: Any, indent: int) -> None:
        """Write what starts on the line of its dash."""
        if isinstance(data, dict) and data:
            self._write(" ")
            self.mapping(data, indent + 2, inline=True)
        elif isinstance(data, list) and data:
            self._write(" ")
            self.sequence(data, indent + 2, inline=True)
        else:
            self.value(data, indent)

    def _write(self, text: str) -> None:
        self.parts.append(text)
        self._column += len(text)

    def _line(self, indent: int) -> None:
        self.parts.append("\n" + " " * indent)
        self._column = indent

    def _scalar(self, text: str, indent: int, *, is_key: bool = False) -> None:
        style = _style(text, is_key=is_key)
        if not is_key:
            self._write(" ")
        if style == "|":
            self._literal(text, indent)
        elif style == '"':
            self._double_quoted(text, indent, wrap=not is_key)
        else:
            self._write(style)
            self._wrapped(text.replace("'", "''") if style else text, indent, wrap=not is_key, quoted=bool(style))
            self._write(style)

    def _literal(self, text: str, indent: int) -> None:
        hint = "2" if text[0] in " \n" else ""
        chomp = "" if text.endswith("\n") else "-"
        if text.endswith("\n\n") or text == "\n":
            chomp = "+"
        self._write(f"|{hint}{chomp}")
        for line in text.removesuffix("\n").split("\n") if text != "\n" else [""]:
            self.parts.append(f"\n{' ' * indent}{line}" if line else "\n")
        self._column = 0

    def _wrapped(self, text: str, indent: int, *, wrap: bool, quoted: bool) -> None:
        """Write a text on one line, or on several where it gets longer than they should be."""
        after_space = False
        for index, sign in enumerate(text):
            if sign == " ":
                following = text[index + 1 : index + 2]
                inside = not quoted or 0 < index < len(text) - 1
                if wrap and not after_space and self._column > _WIDTH and inside and following != " ":
                    self._line(indent)
                else:
                    self._write(" ")
                after_space = True
            else:
                self._write(sign)
                after_space = False

    def _double_quoted(self, text: str, indent: int, *, wrap: bool) -> None:
        self._write('"')
        after_space = False
        for index, sign in enumerate(text):
            if not _is_printable(sign) or sign in _BREAKS or sign in '"\\':
                self._write("\\" + (_ESCAPES.get(sign) or _code(sign)))
                after_space = False
            elif sign == " ":
                if wrap and not after_space and self._column > _WIDTH and 0 < index < len(text) - 1:
                    self._line(indent)
                    if text[index + 1] == " ":
                        self._write("\\")
                else:
                    self._write(" ")
                after_space = True
            else:
                self._write(sign)
                after_space = False
        self._write('"')


def _style(text: str, *, is_key: bool) -> str:
    """``|``, ``'``, ``"`` or, for a plain scalar, ""."""
    broken = bool(_BREAKS & set(text))
    special = not all(map(_is_printable, text))
    space_break = any(sign in _BREAKS and text[index - 1] == " " for index, sign in enumerate(text) if index)
    if "\n" in text:
        blocked = is_key or space_break or special or text.endswith(" ")
        return '"' if blocked else "|"
    if not _is_string(text):
        return '"'
    if special or space_break or (broken and (is_key or _break_space(text))):
        return '"'
    return "" if not broken and _may_be_plain(text) else "'"


def _break_space(text: str) -> bool:
    return any(sign == " " and text[index - 1] in _BREAKS for index, sign in enumerate(text) if index)


def _may_be_plain(text: str) -> bool:
    first, second = text[0], text[1:2]
    if first in _INDICATORS or text.startswith(("---", "...")) or " " in {first, text[-1]}:
        return False
    if first in "?:-" and second in {"", " ", "\t"}:
        return False
    return ": " not in text and " #" not in text and not text.endswith(":")


def _is_string(text: str) -> bool:
    """Whether a plain scalar of this text is read as a string."""
    if not text or _BASE_60.match(text) or _DATE.match(text):
        return False
    return isinstance(resolve_plain(text), str)


def _is_printable(sign: str) -> bool:
    code = ord(sign)
    if code < 0xA0:
        return sign == "\n" or 0x20 <= code <= 0x7E
    return code <= 0xFFFD and code != 0xFEFF and not 0xD800 <= code <= 0xDFFF


def _code(sign: str) -> str:
    code = ord(sign)
    if code <= 0xFF:
        return f"x{code:02X}"
    return f"u{code:04X}" if code <= 0xFFFF else f"U{code:08X}"


def _plain(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value)


def _before(one: str, other: str) -> int:
    """Go's order of keys: letters come after everything else, and digits in the same place count as numbers."""
    for index, (left, right) in enumerate(zip(one, other, strict=False)):
        if left == right:
            continue
        if left.isalpha() or right.isalpha():
            both = left.isalpha() and right.isalpha()
            return -1 if (left < right if both else right.isalpha()) else 1
        inside = _is_inside_number(one[:index]) if "0" in {left, right} else False
        left_number, left_length = _number(one, index, int(inside))
        right_number, right_length = _number(other, index, int(inside))
        return -1 if (left_number, left_length, left) < (right_number, right_length, right) else 1
    return len(one) - len(other)


def _is_inside_number(before: str) -> bool:
    """Whether what stands before a place ends in a number: then zeros there are digits of it."""
    return bool(before[len(before.rstrip("0123456789")) :].strip("0"))


def _number(key: str, index: int, number: int) -> tuple[int, int]:
    end = index
    while end < len(key) and key[end].isdecimal():
        number = number * 10 + ord(key[end]) - ord("0")
        end += 1
    return number, end


_key_order: Final = cmp_to_key(_before)
