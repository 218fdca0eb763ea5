"""The nearest right word to a wrong one, for error messages."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that is most like ``word``, or None where none is alike."""
    from difflib import get_close_matches  # noqa: PLC0415  only a wrong word pays for the import

    # The comparison is quadratic in the length of a word: a long one is no typing error.
    found = get_close_matches(word[:80].casefold(), sorted(candidates), n=1, cutoff=0.6)
    return found[0] if found else None


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """The end of an error's sentence: ``; did you mean x?``, or nothing."""
    found = nearest(word, candidates)
    return f"; did you mean {found}?" if found else ""
