"""Texts of strangers, as a part of a sentence."""

from __future__ import annotations

from typing import Final

from gategit.disk import show_path

_LONGEST: Final = 400
"""Nobody reads on in one sentence; templates may say as much as they like."""


def sentence(text: str) -> str:
    """What somebody else wrote, as one line that is not too long and does nothing to a terminal."""
    line = " ".join(text[: 4 * _LONGEST].split())
    shown = show_path(line.removesuffix("."))
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}..."
