"""The tree of a kind's fields as lines of text that fit a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap
from typing import Final

from gategit.checks.schema.outline import Outline
from gategit.report.escaping import line_start, shorten, visible
from gategit.report.summary import plural

_INDENT: Final = 2
_WIDEST_NAME: Final = 28
_NARROWEST: Final = 30
_NOT_OPENED: Final = frozenset({"metadata", "status"})
_MAX_TEXT: Final = 2000


def tree_lines(tree: Outline, width: int, depth: int | None = None) -> Iterator[str]:
    """The fields below one, each with its type and what is asked of its value.

    Of a whole object the metadata, which all kinds share, and the status, which nobody declares, are not opened.

    Args:
        tree: whose fields.
        width: of the terminal.
        depth: how many levels; None for all.
    """
    yield from _fields(tree.fields, width, 0, depth, _NOT_OPENED if not tree.name else frozenset())


def _fields(
    fields: tuple[Outline, ...], width: int, level: int, depth: int | None, closed: frozenset[str] = frozenset()
) -> Iterator[str]:
    names = min(max((len(visible(one.name)) for one in fields), default=0), _WIDEST_NAME)
    for one in fields:
        head = " " * (_INDENT * level) + visible(one.name).ljust(names) + "  "
        facts = [*_facts(one)]
        is_open = one.name not in closed and (depth is None or level + 1 < depth)
        if one.fields and not is_open:
            facts.append(f"{plural(len(one.fields), 'field')} below")
        yield from hang(line_start(head), ", ".join(facts), width)
        for pattern in one.patterns:
            room = max(width - len(head), _NARROWEST)
            yield f"{' ' * len(head)}{visible(shorten(f'matches {pattern}', room))}"
        if is_open:
            yield from _fields(one.fields, width, level + 1, depth)


def _facts(one: Outline) -> Iterator[str]:
    yield visible(one.type)
    if one.required:
        yield "required"
    yield from (visible(shorten(words, _MAX_TEXT)) for words in one.facts)
    if one.rules:
        yield plural(len(one.rules), "CEL rule")
    if one.since:
        yield f"since {visible(one.since)}"


def detail_lines(one: Outline, width: int) -> Iterator[str]:
    """What is asked of one field's value, everything in full."""
    yield from hang("value    ", ", ".join(_facts(one)), width)
    for pattern in one.patterns:
        yield from hang("matches  ", visible(shorten(pattern, _MAX_TEXT)), width)
    for rule in one.rules:
        yield from hang("CEL      ", visible(shorten(rule.rule, _MAX_TEXT)), width)
        if rule.message:
            yield from hang("         ", f"else: {visible(shorten(rule.message, _MAX_TEXT))}", width)


def hang(head: str, text: str, width: int) -> Iterator[str]:
    """A head and a text that goes on below itself where the line ends."""
    room = max(width - len(head), _NARROWEST)
    lines = wrap(text, room, break_long_words=True, break_on_hyphens=False) or [""]
    yield f"{head}{lines[0]}".rstrip()
    yield from (f"{' ' * len(head)}{line}" for line in lines[1:])
