r"""Path and name globs, compiled to regular expressions that need no more than length times length steps.

Path globs follow gitignore's rules (gitignore(5), PATTERN FORMAT), without negation:

- ``*`` and ``?`` match within one name, ``[a-z]`` and ``[!a-z]`` match one character, ``\`` takes the next one as
  it is;
- ``**`` between slashes matches any number of folders;
- a pattern with a slash at its start or in its middle is relative to the repository's root, any other matches at
  every depth;
- a pattern that matches a folder matches everything below it; with a slash at its end it matches folders only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

MAX_LENGTH = 1000
"""The longest pattern, in characters."""

_NOTHING = re.compile(r"(?!)")


class GlobError(ValueError):
    """A pattern that is not a glob; the message is one sentence without the pattern."""


def _tokens(text: str) -> list[str | None]:
    """One regular expression for each character that must match, and None for each run of ``*``."""
    found: list[str | None] = []
    position = 0
    while position < len(text):
        char = text[position]
        position += 1
        if char == "*":
            if not found or found[-1] is not None:
                found.append(None)
        elif char == "?":
            found.append("[^/]")
        elif char == "[":
            # A "]" that comes first is a member, not the end.
            start = position + (text[position : position + 1] in ("!", "^"))
            end = text.find("]", start + 1)
            if end < 0:
                raise GlobError("a [ has no ]; write \\[ for the character itself")
            members = re.sub(r"([\\\[\]&~|^])", r"\\\1", text[start:end])
            negated = "^" if start > position else ""
            found.append(f"(?!/)[{negated}{members}]")
            position = end + 1
        elif char == "\\":
            if position == len(text):
                raise GlobError("a \\ at the end takes no character")
            found.append(re.escape(text[position]))
            position += 1
        else:
            found.append(re.escape(char))
    return found


def _segment(text: str, anything: str, end: str) -> str:
    """The expression for text in which ``*`` matches any run of ``anything``, up to ``end``.

    What stands between two stars is matched at the first place where it fits and never tried again (an atomic
    group): a later place leaves less for the rest, so no match is lost, and no pattern takes exponential time.
    """
    pieces: list[list[str]] = [[]]
    for token in _tokens(text):
        if token is None:
            pieces.append([])
        else:
            pieces[-1].append(token)
    if len(pieces) == 1:
        return "".join(pieces[0]) + end
    middle = "".join(f"(?>{anything}*?{''.join(piece)})" for piece in pieces[1:-1] if piece)
    return f"{''.join(pieces[0])}{middle}{anything}*{''.join(pieces[-1])}{end}"


def _names(text: str) -> list[str]:
    """The names between the slashes of a pattern without a slash at either end."""
    if not text:
        raise GlobError("it is empty")
    if text.startswith("!"):
        raise GlobError("a pattern cannot be negated; write \\! for the character itself")
    names = text.split("/")
    if any(name in ("", ".", "..") for name in names):
        raise GlobError("it has an empty name, . or .. between slashes")
    return names


def _chunk_expression(chunk: list[str], end: str) -> str:
    """The expression for names that follow one another, up to ``end``."""
    inner = [_segment(name, "[^/]", "/") for name in chunk[:-1]]
    return "".join([*inner, _segment(chunk[-1], "[^/]", end)])


def _path_expression(pattern: str) -> str:
    if len(pattern) > MAX_LENGTH:
        raise GlobError(f"it is longer than {MAX_LENGTH} characters")
    text = pattern.removeprefix("./")
    folder_only = text.endswith("/")
    names = _names(text.strip("/"))
    if "/" not in text.rstrip("/"):
        names.insert(0, "**")
    chunks: list[list[str]] = [[]]
    for name in names:
        if name == "**":
            chunks.append([])
        else:
            chunks[-1].append(name)
    # ".../**" asks for something below the folder.
    last = "(?=/)" if folder_only or not chunks[-1] else r"(?=/|\Z)"
    floating = [chunk for chunk in chunks[1:] if chunk]
    expression = _chunk_expression(chunks[0], "/" if floating else last) if chunks[0] else ""
    for index, chunk in enumerate(floating):
        end = last if index == len(floating) - 1 else "/"
        expression += f"(?>(?:[^/]+/)*?{_chunk_expression(chunk, end)})"
    # Only "**" itself has neither: it matches everything (and, with a slash at its end, all that is in a folder).
    return expression or ("[^/]+/" if folder_only else "")


@lru_cache(maxsize=256)
def _compile(patterns: tuple[str, ...]) -> re.Pattern[str]:
    if not patterns:
        return _NOTHING
    return re.compile("|".join(f"(?:{_path_expression(pattern)})" for pattern in patterns), re.DOTALL)


def path_matcher(patterns: Iterable[str]) -> Callable[[str], object]:
    """A test, true where a path matches any of the patterns.

    Raises:
        GlobError: a pattern is not a glob.
    """
    return _compile(tuple(patterns)).match


@lru_cache(maxsize=1024)
def name_pattern(pattern: str) -> re.Pattern[str]:
    """Compile a glob on a plain name, in which ``*`` matches any characters.

    Raises:
        GlobError: the pattern is not a glob.
    """
    if len(pattern) > MAX_LENGTH:
        raise GlobError(f"it is longer than {MAX_LENGTH} characters")
    return re.compile(_segment(pattern, ".", r"\Z"), re.DOTALL)
