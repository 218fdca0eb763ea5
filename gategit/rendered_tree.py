"""What agents make of a whole tree, for whoever looks at all of it and at no change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gategit.disk import show_path
from gategit.model import Unchecked
from gategit.render.values import HelmBuild, Rendered, RenderProblem
from gategit.side import asks_agents

if TYPE_CHECKING:
    from gategit.config import Config
    from gategit.repository import Trees
    from gategit.side import Facts, Side


@dataclass(frozen=True, slots=True)
class RenderedTree:
    """What came of a tree. Its side shows the objects.

    Attributes:
        units: what is deployed, built or not.
        alone: the charts that nothing here deploys, tried with values of their own.
        not_followed: what could not be followed on the way to the units.
        wrong: why objects that ask for units get none.
    """

    units: tuple[Rendered, ...] = ()
    alone: tuple[Rendered, ...] = ()
    not_followed: tuple[Unchecked, ...] = ()
    wrong: tuple[RenderProblem, ...] = ()

    @property
    def templates(self) -> frozenset[str]:
        """The files that units are made of, among them the templates that are rendered."""
        return frozenset().union(*(one.inputs for one in (*self.units, *self.alone)))

    def unfollowed(
        self, *, inside: Callable[[str], bool], target: str | None, alone: bool = False
    ) -> Iterator[Unchecked]:
        """What could not be rendered, and why.

        Args:
            inside: whether a file is asked for.
            target: the target that is asked for, None for all.
            alone: whether charts that nothing here deploys are asked for, too.
        """
        for one in (*self.units, *(self.alone if alone else ())):
            goes_there = target in (None, one.unit.target) or one.unit.target is None
            if goes_there and any(map(inside, one.inputs or (_file_of(one),))):
                yield from _not_rendered(one)
        yield from self.not_followed

    def faults(self, *, inside: Callable[[str], bool]) -> Iterator[Unchecked]:
        """The objects that ask for something to be deployed, and are not understood."""
        for problem in self.wrong:
            if inside(problem.location.file):
                yield Unchecked(_place(problem), problem.message)


def render_tree(  # noqa: PLR0913  what is rendered, and of what
    side: Side,
    facts: Facts,
    trees: Trees,
    config: Config,
    say: Callable[[str], None],
    *,
    jobs: int | None,
    alone: bool = False,
) -> RenderedTree:
    """Render everything that a tree deploys; its side shows that from then on in place of what its files declare.

    Args:
        side: the tree.
        facts: what its files declare.
        trees: the trees of the run.
        config: the trusted config.
        say: hears how far it is.
        jobs: how many builds run side by side; None for one for each processor.
        alone: whether the side shows charts that nothing here deploys, too.

    Raises:
        ConfigError: a program of the config cannot be used.
    """
    if not config.render.enabled or not (side.is_built or asks_agents(facts)):
        return RenderedTree()
    from gategit.rendered_objects import rendition_of  # noqa: PLC0415  plain manifests need nothing of it
    from gategit.rendering import Rendering, render_sides  # noqa: PLC0415  the same

    rendering = Rendering.of(side, facts, trees, config, jobs=jobs)
    found, _ = render_sides(rendering, None, None, say, lint=False)
    lone = tuple(one for one in found.rendered if _is_alone(one))
    units = tuple(one for one in found.rendered if not _is_alone(one))
    # What a chart would be that nobody deploys is nothing that a cluster has.
    side.rendition = rendition_of(side, found if alone else replace(found, rendered=units), rendering.settings)
    return RenderedTree(
        units,
        lone,
        tuple(Unchecked(what, reason) for what, reason in found.unchecked),
        tuple(problem for problem in found.problems if problem.fatal),
    )


def _not_rendered(one: Rendered) -> Iterator[Unchecked]:
    """What of a unit is not rendered, and why."""
    yield from (Unchecked(what, reason) for what, reason in one.unchecked)
    wrong = next((problem for problem in one.problems if problem.fatal), None)
    if wrong is not None and not one.unchecked:  # the problem is the same in other words
        yield Unchecked(f"the {show_path(one.unit.name)}", f"it cannot be built: {_place(wrong)}: {wrong.message}")


def _place(problem: RenderProblem) -> str:
    line = f":{problem.location.region.line}" if problem.location.region is not None else ""
    return f"{show_path(problem.location.file)}{line}"


def _file_of(one: Rendered) -> str:
    return one.unit.owner.location.file if one.unit.owner is not None else ""


def _is_alone(one: Rendered) -> bool:
    return isinstance(one.unit.build, HelmBuild) and one.unit.build.alone
