"""Judging what agents would apply: rendered objects by schemas and policies, each finding on the line that sets it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from gategit.checks.schema.check import check_file, judged_by
from gategit.judge import name_findings, schema_set
from gategit.manifests.manifest import UnitKey
from gategit.model import Finding, Stage, Unchecked
from gategit.rendered_objects import rendition_of
from gategit.rendering import Rendering, key_of, render_sides
from gategit.rules import by_id

if TYPE_CHECKING:
    from gategit.config import Config
    from gategit.judge import JudgeContext, SchemaCount
    from gategit.judging import Judging
    from gategit.manifests.file import ManifestFile
    from gategit.model import ObjectRef
    from gategit.render.values import RenderProblem, Unit
    from gategit.rendering import RenderedSide
    from gategit.repository import Trees
    from gategit.request import Request
    from gategit.side import Facts, Side

_LOOKING: Final = frozenset({Stage.SCHEMA, Stage.POLICY, Stage.DRY_RUN})
"""The stages that look at rendered objects."""


@dataclass(frozen=True, slots=True)
class RenderedVerdict:
    """What is said of what was rendered: as of files."""

    findings: tuple[Finding, ...]
    unchecked: tuple[Unchecked, ...]
    schemas: tuple[SchemaCount, ...]


def judge_rendered(judging: Judging, side: Side, context: JudgeContext, rendered: RenderedSide) -> RenderedVerdict:
    """Judge the objects of units, and say what went wrong with the units themselves.

    Args:
        judging: the run.
        side: the tree that was rendered, with what came of it.
        context: what its files are judged by.
        rendered: what was rendered of it.

    Raises:
        ConfigError: a policy cannot be used.
    """
    findings: list[Finding] = []
    unchecked: dict[Unchecked, None] = {}
    schemas: Counter[tuple[str, str, str]] = Counter()
    if Stage.REFERENCES in judging.stages:
        findings += [_finding(problem, None) for problem in rendered.problems if _is_asked_for(problem, judging, side)]
    # Whichever stage is asked for, it has not looked at what cannot be built.
    every, looking = Stage.REFERENCES in judging.stages, not _LOOKING.isdisjoint(judging.stages)
    wrong = [
        (one.unit, problem)
        for one in rendered.rendered
        if judging.asks_for(one.unit.target)
        for problem in one.problems
    ]
    broken = [_finding(problem, unit) for unit, problem in wrong if problem.fatal and (every or looking)]
    findings += [_finding(problem, unit) for unit, problem in wrong if every and not problem.fatal]
    for what, reason in [*rendered.unchecked, *(pair for one in rendered.rendered for pair in one.unchecked)]:
        unchecked[Unchecked(what, reason)] = None
    units: dict[UnitKey, list[ManifestFile]] = {}
    for source, file in side.rendition.files.items():
        if source.unit is not None:
            units.setdefault(source.unit, []).append(file)
    for unit, files in units.items():
        said = _judge(judging, context, unit, files, unchecked, schemas)
        findings += _with_variables(said, side, rendered.units.get(unit))
    # A build that fails because of a file that the config leaves out fails all the same.
    seen = (*broken, *(one for one in findings if side.looks_at(one.location.file)))
    inside = (one for one in seen if judging.shows(side, one))
    return RenderedVerdict(tuple(inside), tuple(unchecked), tuple((*used, count) for used, count in schemas.items()))


def _judge(  # noqa: PLR0913, PLR0917  what is judged, by what, and where else something is noted
    judging: Judging,
    context: JudgeContext,
    unit: UnitKey,
    files: Sequence[ManifestFile],
    unchecked: dict[Unchecked, None],
    schemas: Counter[tuple[str, str, str]],
) -> Iterator[Finding]:
    runs = judging.runs_at(files[0].manifests[0].source)
    found: dict[int, list[Finding]] = {}
    if Stage.SCHEMA in judging.stages:
        for index, file in enumerate(files):
            for run in runs:
                schema = schema_set(context.schemas[run.schemas])
                own, missed = check_file(file, schema, run.target)
                found.setdefault(index, []).extend(own)
                unchecked.update(dict.fromkeys(missed))
                schemas.update(judged_by(file, schema))
    if Stage.POLICY in judging.stages and files:
        places: dict[ObjectRef | None, int] = {file.manifests[0].ref: index for index, file in enumerate(files)}
        subjects = [(file, file.manifests[0]) for file in files]
        for finding in judging.policing.check_states(subjects):
            found.setdefault(places.get(finding.object, 0), []).append(finding)
    for index, own in sorted(found.items()):
        yield from (replace(one, units=(unit,)) for one in name_findings(files[index].manifests, own))


def _with_variables(findings: Iterator[Finding], side: Side, unit: Unit | None) -> Iterator[Finding]:
    """Findings on lines into which Flux puts variables, each with where these are set."""
    if unit is None or not unit.set_at:
        yield from findings
        return
    from gategit.render.flux_variables import set_elsewhere  # noqa: PLC0415  few units have variables

    for finding in findings:
        region = finding.location.region
        text = side.text(finding.location.file) if region is not None else None
        if text is None or region is None:
            yield finding
        else:
            line = "".join(text.split("\n")[region.line - 1 : region.line])
            yield replace(finding, related=(*finding.related, *set_elsewhere(line, unit)))


def _is_asked_for(problem: RenderProblem, judging: Judging, side: Side) -> bool:
    """Whether a problem of a side is about what is judged: its unit's target is, or the file that it stands in."""
    if problem.unit is None or judging.asks_for(problem.unit[1]):
        return True
    return side.in_scope(problem.location.file)


def _finding(problem: RenderProblem, unit: Unit | None) -> Finding:
    rule = by_id(problem.rule)
    own = None if problem.unit is None else UnitKey(*problem.unit)
    finding = Finding(
        rule=problem.rule,
        stage=rule.stage,
        level=problem.level or rule.level,
        message=problem.message,
        location=problem.location,
        help=problem.help or rule.help,
        object=problem.object,
        path=problem.path,
        subject=problem.subject or problem.message,
        target=None if unit is None else unit.target,
        units=(key_of(unit),) if unit is not None else (own,) if own is not None else (),
        related=problem.related,
    )
    return next(iter(name_findings((), [finding])))


class Drawn:
    """What agents apply of both sides of a change, as far as the change reaches it, and what is said of that.

    Args:
        head: the tree that is judged, rendered.
        base: the tree before, rendered; None where there is none.
        sides: the trees, in the same order.
    """

    def __init__(self, head: RenderedSide, base: RenderedSide | None, sides: tuple[Side, Side | None]) -> None:
        self.head = head
        self.base = base
        self._sides = sides
        self.unchecked: tuple[Unchecked, ...] = ()
        self.schemas: tuple[SchemaCount, ...] = ()

    def judge_head(self, judging: Judging, context: JudgeContext) -> tuple[Finding, ...]:
        """What is said of the tree that is judged; ``unchecked`` and ``schemas`` are known afterwards."""
        verdict = judge_rendered(judging, self._sides[0], context, self.head)
        self.unchecked = verdict.unchecked
        self.schemas = verdict.schemas
        return verdict.findings

    def judge_base(self, judging: Judging, context: JudgeContext) -> tuple[Finding, ...]:
        """What was to be said of the tree before."""
        side = self._sides[1]
        if self.base is None or side is None:
            return ()
        return judge_rendered(judging, side, context, self.base).findings


def draw(  # noqa: PLR0913, PLR0917  what is rendered, and of what
    request: Request,
    trees: Trees,
    config: Config,
    head: tuple[Side, Facts],
    base: tuple[Side, Facts] | None,
    touched: Collection[str] | None,
    say: Callable[[str], None],
) -> Drawn:
    """Render what a change reaches, on both sides, which show it from then on in place of what their files declare.

    Args:
        request: what is asked.
        trees: the trees of the run.
        config: the trusted config.
        head: the tree that is judged, and what its files declare.
        base: the tree before, in the same way; None where there is none.
        touched: the files that the change adds, modifies or removes; None: everything is rendered.
        say: hears how far it is.
    """
    gone = () if base is None else {*base[0].tree.entries()} - {*head[0].tree.entries()}

    def rendering(side: Side, facts: Facts) -> Rendering:
        return Rendering.of(side, facts, trees, config, gone=gone if side is head[0] else (), jobs=request.jobs)

    new = rendering(*head)
    after, before = render_sides(new, None if base is None else rendering(*base), touched, say)
    head[0].rendition = rendition_of(head[0], after, new.settings, before)
    if base is not None and before is not None:
        base[0].rendition = rendition_of(base[0], before, new.settings)
    return Drawn(after, before, (head[0], None if base is None else base[0]))
