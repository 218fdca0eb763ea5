"""Bytes to text, and indices into the text to lines and columns."""

from __future__ import annotations

import codecs
import re
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate

from gategit.model import Region

_LINE_END = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class NotText:
    """Why bytes are not text: a sentence, and the offset of the first offending byte."""

    message: str
    offset: int


def decode_text(content: bytes) -> str | NotText:
    """Decode UTF-8, or UTF-16 where a byte order mark says so. The mark itself is not part of the text."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding, start = "utf-16", 0
    else:
        encoding, start = "utf-8", len(codecs.BOM_UTF8) if content.startswith(codecs.BOM_UTF8) else 0
    try:
        text = content[start:].decode(encoding)
    except UnicodeDecodeError as error:
        offset = start + error.start
        name = "UTF-16" if encoding == "utf-16" else "UTF-8"
        byte = f" (0x{content[offset]:02x})" if offset < len(content) else ""
        return NotText(f"byte {offset + 1}{byte} is not valid {name}", offset)
    nul = text.find("\0")
    if nul >= 0:
        return NotText(f"character {nul + 1} is NUL, as in a binary file", nul)
    return text


class Lines:
    """Where each line of a text starts. Lines end with LF, CRLF or CR, as editors count them."""

    __slots__ = ("_starts", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        if "\r" in text:
            self._starts = [0, *(found.end() for found in _LINE_END.finditer(text))]
        else:
            lines = text.split("\n")
            lines.pop()
            self._starts = list(accumulate((len(line) + 1 for line in lines), initial=0))

    def position(self, index: int) -> tuple[int, int]:
        """The 1-based line and column of an index."""
        index = max(0, min(index, len(self.text)))
        line = bisect_right(self._starts, index)
        return line, index - self._starts[line - 1] + 1

    def region(self, start: int, end: int) -> Region:
        """The range from one index up to (not including) another."""
        line, column = self.position(start)
        end_line, end_column = self.position(max(start, end))
        return Region(line, column, end_line, end_column)

    def first_line(self, start: int, end: int) -> Region:
        """The range from one index up to another, cut at the end of its first line, at least one column wide."""
        end_of_line = self.rest_of_line(start)
        whole = self.region(start, max(end, start + 1))
        return whole if whole.end_line == whole.line else end_of_line

    def line_start(self, line: int) -> int:
        """The index of a line's first character."""
        return self._starts[max(0, min(line, len(self._starts)) - 1)]

    def line(self, line: int) -> str:
        """The text of a line without its end; "" where there is no such line."""
        if not 1 <= line <= len(self._starts):
            return ""
        start = self._starts[line - 1]
        end = self._starts[line] if line < len(self._starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")

    def rest_of_line(self, index: int) -> Region:
        """From an index to the last character of its line that is not white space, at least one column wide."""
        line, column = self.position(index)
        width = len(self.line(line).rstrip())
        return Region(line, column, line, max(width, column) + 1)

    @property
    def count(self) -> int:
        """How many lines there are; the text after the last line end counts as one."""
        return len(self._starts)
