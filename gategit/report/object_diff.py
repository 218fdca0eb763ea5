"""What ``gategit diff`` prints: the effect of a change as text, as JSON and as Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from gategit.model import Effect, Unchecked
from gategit.report.effect_text import effect_lines, effect_total
from gategit.report.effect_view import KINDS
from gategit.report.parts import unchecked_data, unchecked_lines

VERSION = 1
"""Of the JSON form: raised when a key changes its meaning or goes away; new keys do not raise it."""


@dataclass(frozen=True, slots=True)
class ObjectDiff:
    """What a change does to objects.

    Attributes:
        base: the base's commit, or None where the change starts from nothing.
        head: the head's name.
        effect: what it does to each.
        unchecked: what differs, or may differ, and was not looked at.
        incomplete: whether some of that should have been readable.
    """

    base: str | None
    head: str
    effect: Effect
    unchecked: tuple[Unchecked, ...] = ()
    incomplete: bool = False


def to_text(diff: ObjectDiff, paint: Callable[[str, str], str] = lambda text, _: text) -> str:
    """The change for people: for whom, each object with its file and line, each field with its old and new value."""
    lines = [*effect_lines(diff.effect, paint=paint), *unchecked_lines(diff.unchecked)]
    missed = f"; {len(diff.unchecked):,} not looked at" if diff.unchecked else ""
    lines.append(f"objects: {effect_total(diff.effect)}{missed}")
    return "\n".join(lines) + "\n"


def to_markdown(diff: ObjectDiff) -> str:
    """The same for a comment or a job summary, as much of it as a comment may hold."""
    from gategit.report.effect_markdown import EffectSection  # noqa: PLC0415  text needs none of it
    from gategit.report.markdown_parts import COMMENT_LIMIT, size, unchecked_section  # noqa: PLC0415  the same

    tail = unchecked_section(diff.unchecked)
    return EffectSection(diff.effect, COMMENT_LIMIT).within(COMMENT_LIMIT - size(tail)) + tail


def to_json(diff: ObjectDiff) -> str:
    """The change for scripts: one JSON object, the riskiest objects first."""
    from gategit.report.effect_json import effect_data  # noqa: PLC0415  text needs none of it
    from gategit.report.json_report import dump  # noqa: PLC0415  the same

    counts = Counter(one.change for one in diff.effect.objects)
    return dump(
        {
            "version": VERSION,
            "base": diff.base,
            "head": diff.head,
            "summary": {kind: counts[kind] for kind in KINDS},
            **effect_data(diff.effect),
            "unchecked": unchecked_data(diff.unchecked),
        }
    )
