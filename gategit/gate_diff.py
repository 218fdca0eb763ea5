"""What a change does to objects, for people to read: both trees read and rendered, nothing judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from gategit.disk import UnreadableError
from gategit.effect import place_of, read_effect, unknown_effects
from gategit.judging import Judging
from gategit.manifests.manifest import Role
from gategit.model import Unchecked
from gategit.object_changes import object_changes
from gategit.report.object_diff import ObjectDiff
from gategit.repository import TreeDiff, open_trees
from gategit.risk import Assessor
from gategit.trusted import load_trusted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gategit.rendered_judging import Drawn
    from gategit.request import Request
    from gategit.side import Side

_TEMPLATE: Final = "it is a template, which becomes YAML only when it is rendered"


def read_object_diff(request: Request, say: Callable[[str], None]) -> ObjectDiff:
    """Read a change and say what it does to each object, as it is applied.

    The config says, as it does for a check, which files are looked at, how large they may be, and what is rendered.

    Args:
        request: which change; its paths and its target narrow what is shown.
        say: hears how far it is.

    Raises:
        ConfigError: the config cannot be used.
        UsageError: the request cannot be met.
        UndecidedError: the change cannot be read.
    """
    trees = open_trees(request)
    try:
        trusted = load_trusted(request, trees)
        with Assessor() as assessor, Judging(replace(request, stages=frozenset()), trees, trusted) as judging:
            head = judging.side(trees.head)
            base = judging.side(trees.base) if trees.base is not None else None
            files = _Files()
            diff = files.readable(judging.diff, head, base)
            touched = {path for path in (*diff.added, *diff.modified, *diff.removed) if trees.selects(path)}
            drawn = judging.draw(head, base, touched, say)
            files.note_templates(head, diff, drawn)
            changes = object_changes(head, base, diff, trusted.config)
            effect = read_effect(
                changes,
                trusted.config,
                assessor,
                locate_old=partial(place_of, base or head),
                locate_new=partial(place_of, head),
                files=(*diff.added, *diff.modified, *diff.removed),
                target=request.target,
                unknown=unknown_effects(() if drawn is None else (drawn.head, drawn.base), request.target),
            )
            unchecked = (*files.unchecked, *(_not_followed(drawn) if drawn is not None else ()))
            return ObjectDiff(
                trees.base_commit,
                trees.head_name,
                effect,
                tuple(dict.fromkeys(unchecked)),
                incomplete=files.failed or bool(effect.unknown),
            )
    finally:
        trees.close()


def _not_followed(drawn: Drawn) -> Iterator[Unchecked]:
    for side in (drawn.head, drawn.base):
        if side is not None:
            pairs = [*side.unchecked, *(pair for one in side.rendered for pair in one.unchecked)]
            yield from (Unchecked(what, reason) for what, reason in pairs)


class _Files:
    """What of the files of a change cannot be read, or is not looked at."""

    def __init__(self) -> None:
        self.unchecked: list[Unchecked] = []
        self.failed = False

    def readable(self, diff: TreeDiff, head: Side, base: Side | None) -> TreeDiff:
        """The same difference without what cannot be read, each of which is noted."""
        bad = {path for path in (*diff.modified, *diff.added) if not self._is_readable(head, path)}
        if base is not None:
            bad |= {path for path in (*diff.modified, *diff.removed) if not self._is_readable(base, path)}

        def kept(paths: Sequence[str]) -> tuple[str, ...]:
            return tuple(path for path in paths if path not in bad)

        return replace(diff, added=kept(diff.added), modified=kept(diff.modified), removed=kept(diff.removed))

    def _is_readable(self, side: Side, path: str) -> bool:
        """Whether a file can be decoded, or need not be; what cannot be is noted."""
        if path not in side.candidate_set or not side.in_scope(path):
            return True
        if path in side.too_large:
            self._note(path, side.too_large_finding(path).message)
            return True
        try:
            file = side.file(path)
        except UnreadableError as error:
            self._note(path, error.reason)
            return False
        if file.decoded.problems:
            self._note(path, file.decoded.problems[0].message)
        return True

    def note_templates(self, head: Side, diff: TreeDiff, drawn: Drawn | None) -> None:
        """Note templates that nothing renders."""
        rendered = frozenset().union(*(one.inputs for one in drawn.head.rendered)) if drawn is not None else frozenset()
        for path in (*diff.added, *diff.modified):
            looked_at = path in head.candidate_set and head.in_scope(path) and path not in head.too_large
            if looked_at and path not in rendered and head.file(path).role is Role.TEMPLATE:
                self.unchecked.append(Unchecked(path, _TEMPLATE))

    def _note(self, path: str, reason: str) -> None:
        self.failed = True
        self.unchecked.append(Unchecked(path, reason))
