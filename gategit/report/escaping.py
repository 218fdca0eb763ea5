"""Making text from a pull request safe to show.

File names, keys and values are chosen by whoever wrote the change. Shown as they are, they could move the cursor of
a terminal, reorder a line with bidirectional controls, hide behind characters of no width, or end the frame that a
format puts around them. What a reader could not see is shown as an escape instead, so that it is seen.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# Letters by category, yet drawn as nothing: the Hangul fillers.
_BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0")
# To YAML the other spaces are letters like any; they would look like the plain one. East Asian text has a wide one.
_SPACES = frozenset(" \u3000")
_UNSEEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_NON_CHARACTER = re.compile("[\ufdd0-\ufdef\ufffe\uffff]")

LOG_COMMAND = re.compile(r"##(?=[a-z]*\[)", re.IGNORECASE)
"""What CI systems take for a command anywhere in a line of a log: ``##[...]`` (GitHub), ``##vso[...]`` (Azure)."""


def is_unseen(character: str) -> bool:
    """Whether a character acts on its surroundings, or on nothing at all, instead of being drawn."""
    category = unicodedata.category(character)
    if category == "Zs":
        return character not in _SPACES
    return category in _UNSEEN_CATEGORIES or character in _BLANK_LETTERS


def escape_character(character: str) -> str:
    r"""Write one character as ``\n``, ``\x1b``, ``\u202e`` or ``\U000e0041``.

    A byte that was not UTF-8 arrives as a surrogate (PEP 383) and is written as that byte.
    """
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        code -= 0xDC00
    if character in _NAMED:
        return _NAMED[character]
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def visible(text: str) -> str:
    """Make one line of text safe to print: whatever would not be seen, or would command a CI system, is escaped."""
    if not (text.isascii() and text.isprintable()):
        text = "".join(escape_character(character) if is_unseen(character) else character for character in text)
    return LOG_COMMAND.sub(r"\\x23#", text) if "##" in text else text


def line_start(text: str) -> str:
    """Make safe text safe at the start of a line too, where ``::`` begins a workflow command of GitHub Actions."""
    return f"\\x3a{text[1:]}" if text.startswith("::") else text


def well_formed(text: str) -> str:
    """Make text encodable as UTF-8: lone surrogates are written as escapes, everything else stays."""
    if text.isascii():
        return text
    return _LONE_SURROGATE.sub(lambda match: escape_character(match.group()), text)


def shorten(text: str, limit: int) -> str:
    """Cut text to at most ``limit`` characters, the last one an ellipsis where something was cut."""
    return text if len(text) <= limit else text[: max(limit - 1, 0)] + "…"


def xml(text: str) -> str:
    """Make text safe inside an XML or HTML element or a double-quoted attribute, with what is unseen made visible.

    XML 1.0 (section 2.2) knows no control characters, not even as references, nor the non-characters of a plane.
    """
    text = _NON_CHARACTER.sub(lambda match: escape_character(match.group()), visible(text))
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


@lru_cache(1024)
def safe_lines(text: str) -> tuple[str, ...]:
    """Split text that may have several lines, such as a help, and make each safe to print on its own.

    A report repeats the same few helps.
    """
    return tuple([line_start(visible(line.strip())) for line in text.strip().split("\n")])


def fence_for(text: str) -> str:
    """A Markdown fence that is longer than any run of backticks in the text, so that the text cannot end it."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    return "`" * max(3, longest + 1)
