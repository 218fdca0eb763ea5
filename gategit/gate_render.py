"""What agents would apply of a tree, for people to read: every unit rendered, or those that some files are part of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gategit.judging import Judging, check_target
from gategit.model import Unchecked
from gategit.rendering import RenderedSide, Rendering, render_sides
from gategit.repository import open_trees
from gategit.request import Mode
from gategit.trusted import load_trusted

if TYPE_CHECKING:
    from collections.abc import Callable

    from gategit.request import Request


@dataclass(frozen=True, slots=True)
class RenderView:
    """What came of a tree. ``side`` holds the units that were asked for; ``unchecked`` what could not be looked at."""

    side: RenderedSide
    unchecked: tuple[Unchecked, ...]


def read_rendered(request: Request, say: Callable[[str], None]) -> RenderView:
    """Render what the paths and the target of a request name.

    Raises:
        ConfigError: the config cannot be used.
        UsageError: the request cannot be met.
        UndecidedError: the tree cannot be read.
    """
    request = replace(request, mode=Mode.ALL, stages=frozenset())
    trees = open_trees(request)
    try:
        trusted = load_trusted(request, trees)
        check_target(trusted.config, request.target)
        with Judging(replace(request, target=None), trees, trusted) as judging:
            side = judging.side(trees.head)
            rendering = Rendering.of(side, side.survey(), trees, trusted.config, jobs=request.jobs)
            wanted = None if not request.paths else {path for path in trees.head.entries() if trees.selects(path)}
            found, _ = render_sides(rendering, None, wanted, say, lint=False)
            if request.target is not None:
                kept = tuple(one for one in found.rendered if one.unit.target == request.target)
                found = replace(found, rendered=kept)
            unchecked = tuple(Unchecked(what, reason) for what, reason in found.unchecked)
            return RenderView(found, (*unchecked, *trees.unchecked()))
    finally:
        trees.close()
