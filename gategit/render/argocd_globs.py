r"""The four ways in which Argo CD reads a pattern, each as the library behind it does.

- ``gobwas``: ``include`` and ``exclude`` of a directory, and projects (``github.com/gobwas/glob``): ``*`` stops at a
  separator, ``**`` does not, ``{a,b}`` are alternatives, ``[!a-z]`` is a class;
- ``go_match``: folders of git generators and kinds of projects (``path.Match``): ``*`` stops at ``/``, ``[^a-z]``;
- ``doublestar``: value files (``github.com/bmatcuk/doublestar``): ``**`` between slashes is any number of folders;
- ``pathspec``: files of git generators (``git ls-files``): ``*`` matches ``/`` too, and a folder is all that is in it.

Alternatives are written out, each as a regular expression that does not try again what has matched, so no pattern takes
long, whoever wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Final

from gategit.globs import GlobError

MAX_LENGTH: Final = 1000
MAX_ALTERNATIVES: Final = 64
MAX_MIXED_STARS: Final = 3

_MEMBERS: Final = re.compile(r"(?:[^][\\!^/-](?:-[^][\\!^/-])?)+")

Matcher = Callable[[str], bool]
"""A test of a whole text."""


def is_pattern(text: str) -> bool:
    """Whether Argo CD looks for files where it reads this text among value files (``isGlobPath``)."""
    return bool(frozenset("*?[") & set(text))


@lru_cache(maxsize=512)
def gobwas(pattern: str, separator: str = "") -> Matcher:
    """A pattern as ``github.com/gobwas/glob`` reads it.

    Args:
        pattern: the pattern.
        separator: the character at which ``*`` and ``?`` stop, "" for none.

    Raises:
        GlobError: it is none, or one that asks for too much.
    """
    return _any(_expression(one, separator, "!", deep=True) for one in _alternatives(pattern))


@lru_cache(maxsize=512)
def go_match(pattern: str) -> Matcher:
    """A pattern as Go's ``path.Match`` reads it.

    Raises:
        GlobError: it is none, or one that asks for too much.
    """
    return _any(_expression(one, "/", "^") for one in [_short(pattern)])


@lru_cache(maxsize=512)
def doublestar(pattern: str) -> Matcher:
    """A pattern as ``doublestar.FilepathGlob`` reads it.

    Raises:
        GlobError: it is none, or one that asks for too much.
    """
    return _any(map(_folders, _alternatives(pattern)))


@lru_cache(maxsize=512)
def pathspec(pattern: str) -> Matcher:
    """A pattern as ``git ls-files`` reads it: a file, a folder with all that is in it, or a glob.

    Raises:
        GlobError: it is none, or one that asks for too much.
    """
    plain = _short(pattern).removeprefix("./").rstrip("/")
    if pattern.startswith(":"):
        raise GlobError("git gives a : at its start a meaning of its own")
    glob = _any([_expression(pattern.removeprefix("./"), "", "!^")])
    return lambda text: not plain or text == plain or text.startswith(f"{plain}/") or glob(text)


def _any(expressions: Iterator[str] | list[str]) -> Matcher:
    try:
        compiled = re.compile("|".join(f"(?:{one})" for one in expressions), re.DOTALL)
    except re.error:
        raise GlobError("it has a class of characters that is none") from None
    return lambda text: compiled.fullmatch(text) is not None


def _short(pattern: str) -> str:
    if len(pattern) > MAX_LENGTH:
        raise GlobError(f"it is longer than {MAX_LENGTH} characters")
    return pattern


def _alternatives(pattern: str) -> list[str]:
    """The pattern once for each way through its braces."""
    done: list[str] = []
    waiting = [_short(pattern)]
    while waiting:
        text = waiting.pop(0)
        span = _first_braces(text)
        if span is None:
            done.append(text)
        else:
            start, end, commas = span
            edges = [start, *commas, end]
            waiting.extend(text[:start] + text[left + 1 : right] + text[end + 1 :] for left, right in pairwise(edges))
        if len(waiting) + len(done) > MAX_ALTERNATIVES:
            raise GlobError(f"it has more than {MAX_ALTERNATIVES} alternatives")
    return done


def _first_braces(text: str) -> tuple[int, int, list[int]] | None:
    """Where the first braces open and close, and the commas between them that are in no others."""
    position, depth, start = 0, 0, -1
    commas: list[int] = []
    while position < len(text):
        sign = text[position]
        if sign == "\\":
            position += 1
        elif sign == "[":
            end = text.find("]", position + 2)
            position = end if end > 0 else position
        elif sign == "{":
            start = position if depth == 0 else start
            depth += 1
        elif sign == "," and depth == 1:
            commas.append(position)
        elif sign == "}":
            if not depth:
                raise GlobError("a } has no {")
            depth -= 1
            if depth == 0:
                return start, position, commas
        position += 1
    if depth:
        raise GlobError("a { has no }")
    return None


def _folders(pattern: str) -> str:
    """``**`` between slashes, or at an end, stands for any number of folders."""
    chunks: list[list[str]] = [[]]
    names = pattern.split("/")
    for name in names:
        if name == "**":
            chunks.append([])
        else:
            chunks[-1].append(_expression(name, "/", "!^"))
    pieces = ["".join(f"{name}/" for name in chunk) for chunk in chunks[:-1]]
    if names[-1] != "**":
        return _joined([*pieces, "/".join(chunks[-1])], "(?:[^/]+/)")
    # What ends with "/**" is the folder, too.
    before = pieces[-1].removesuffix("/")
    return _joined([*pieces[:-1], f"{before}(?:/.*)?"], "(?:[^/]+/)") if before else ".*"


def _joined(pieces: list[str], anything: str) -> str:
    """The expression for pieces with any run of ``anything`` between them.

    A piece in the middle is matched at the first place where it fits and never tried again: a later place leaves less
    for the rest, so no match is lost, and no pattern takes exponential time.
    """
    if len(pieces) == 1:
        return pieces[0]
    middle = "".join(f"(?>{anything}*?{piece})" for piece in pieces[1:-1] if piece)
    return f"{pieces[0]}{middle}{anything}*{pieces[-1]}"


def _expression(text: str, separator: str, negation: str, *, deep: bool = False) -> str:
    """The regular expression for a pattern without braces.

    Args:
        text: the pattern.
        separator: at which ``*`` and ``?`` stop, "" for nowhere.
        negation: with which signs a class of characters begins that stands for all others.
        deep: whether ``**`` does not stop there.
    """
    one = f"[^{re.escape(separator)}]" if separator else "."
    pieces: list[list[str]] = [[]]
    stars: list[str] = []
    position = 0
    while position < len(text):
        sign = text[position]
        position += 1
        if sign == "*":
            end = position
            while text[end : end + 1] == "*":
                end += 1
            stars.append("." if deep and end > position else one)
            pieces.append([])
            position = end
        elif sign == "?":
            pieces[-1].append(one)
        elif sign == "[":
            piece, position = _class(text, position, negation)
            pieces[-1].append(piece)
        elif sign == "\\":
            if position == len(text):
                raise GlobError("a \\ at the end takes no character")
            pieces[-1].append(re.escape(text[position]))
            position += 1
        else:
            pieces[-1].append(re.escape(sign))
    whole = ["".join(piece) for piece in pieces]
    if len(set(stars)) < 2:
        return _joined(whole, stars[0] if stars else "")
    if len(stars) > MAX_MIXED_STARS:
        raise GlobError(f"it has more than {MAX_MIXED_STARS} stars, of both kinds")
    return whole[0] + "".join(f"{star}*{piece}" for star, piece in zip(stars, whole[1:], strict=True))


def _class(text: str, start: int, negation: str) -> tuple[str, int]:
    """A class of characters, and where it ends. Of those that libraries read in different ways none is read here."""
    end = text.find("]", start)
    if end < 0:
        raise GlobError("a [ has no ]")
    members = text[start:end]
    negated = members[:1] != "" and members[0] in negation
    members = members[1:] if negated else members
    if not _MEMBERS.fullmatch(members):
        raise GlobError("it has a class of characters that is none, or one that gategit does not read")
    escaped = "".join(f"\\{sign}" if sign in "&~|" else sign for sign in members)
    return f"[{'^' if negated else ''}{escaped}]", end + 1
