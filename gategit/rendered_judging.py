"""Judging what agents would apply: rendered objects by schemas and policies, each finding on the line that sets it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from gategit.checks.schema.check import check_file, judged_by
from gategit.judge import name_findings, schema_set
from gategit.manifests.decode import decode
from gategit.manifests.file import ManifestFile
from gategit.manifests.manifest import Manifest, Role, Source
from gategit.model import Finding, Location, Stage, Unchecked
from gategit.render.provenance import Provenance
from gategit.render.values import HelmBuild
from gategit.rendering import Rendering, key_of, render_sides
from gategit.rules import by_id

if TYPE_CHECKING:
    from gategit.config import Config
    from gategit.judge import JudgeContext, SchemaCount
    from gategit.judging import Judging
    from gategit.model import FieldPath, ObjectRef
    from gategit.render.values import Rendered, RenderedObject, RenderProblem, RenderSettings
    from gategit.rendering import RenderedSide
    from gategit.repository import Trees
    from gategit.request import Request
    from gategit.side import Facts, Side

_MOST_NAMES = 5


@dataclass(frozen=True, slots=True)
class RenderedVerdict:
    """What is said of what was rendered: as of files."""

    findings: tuple[Finding, ...]
    unchecked: tuple[Unchecked, ...]
    schemas: tuple[SchemaCount, ...]


class _RenderedFile(ManifestFile):
    """One rendered object, as checks look at a file; its places are those of the lines that people edit."""

    def __init__(self, manifest: Manifest, one: RenderedObject, provenance: Provenance, default: str) -> None:
        path = manifest.source.file
        super().__init__(path, b"", Role.MANIFEST, decode(b"", path))
        self._manifest = manifest
        self._one = one
        self._provenance = provenance
        self._default = default

    @cached_property
    def manifests(self) -> tuple[Manifest, ...]:
        """The object."""
        return (self._manifest,)

    def location(self, source: Source, path: FieldPath = (), *, on: Literal["key", "value"] = "value") -> Location:  # noqa: ARG002  there is one object
        """The line that sets a field; the file alone, where it is not sure which line does."""
        located = self._provenance.locate(self._one, path, on)
        file = located.location.file or self._default
        return Location(file, located.location.region if located.sure else None)


def judge_rendered(
    judging: Judging,
    side: Side,
    context: JudgeContext,
    rendered: RenderedSide,
    settings: Callable[[str | None], RenderSettings],
) -> RenderedVerdict:
    """Judge the objects of units, and say what went wrong with the units themselves.

    Args:
        judging: the run.
        side: the tree that was rendered.
        context: what its files are judged by.
        rendered: what was rendered of it.
        settings: what the config says of rendering for a target.

    Raises:
        ConfigError: a policy cannot be used.
    """
    findings: list[tuple[str, Finding]] = []
    unchecked: dict[Unchecked, None] = {}
    schemas: Counter[tuple[str, str, str]] = Counter()
    if Stage.REFERENCES in judging.stages:
        findings += [("", _finding(problem, None)) for problem in rendered.problems]
        findings += [
            (one.unit.name, _finding(problem, one.unit.target)) for one in rendered.rendered for problem in one.problems
        ]
    for what, reason in [*rendered.unchecked, *(pair for one in rendered.rendered for pair in one.unchecked)]:
        unchecked[Unchecked(what, reason)] = None
    for one in rendered.rendered:
        if one.failed:
            continue
        provenance = Provenance(side.tree, side.graph, one, settings(one.unit.target))
        files = list(_files(one, provenance))
        for finding in _judge(judging, context, one, files, unchecked, schemas):
            findings.append((one.unit.name, finding))
    inside = [
        (unit, finding)
        for unit, finding in findings
        if side.looks_at(finding.location.file) and side.in_scope(finding.location.file)
    ]
    return RenderedVerdict(
        tuple(_once(inside)), tuple(unchecked), tuple((*used, count) for used, count in schemas.items())
    )


def _files(rendered: Rendered, provenance: Provenance) -> Iterator[_RenderedFile]:
    default = _default_file(rendered)
    unit = key_of(rendered.unit)
    for index, one in enumerate(rendered.objects):
        data = one.data
        version, kind, metadata = data.get("apiVersion"), data.get("kind"), data.get("metadata")
        if not isinstance(version, str) or not isinstance(kind, str):
            continue
        known = metadata if isinstance(metadata, dict) else {}
        namespace, name, generated = known.get("namespace"), known.get("name"), known.get("generateName")
        manifest = Manifest(
            version,
            kind,
            namespace if isinstance(namespace, str) and namespace else None,
            name if isinstance(name, str) else f"{generated}*" if isinstance(generated, str) else "",
            data,
            Source(one.trace.file or one.trace.generated_by or default, index, (), unit),
        )
        yield _RenderedFile(manifest, one, provenance, default)


def _default_file(rendered: Rendered) -> str:
    """The file to name where nobody knows better: the one that has it built."""
    unit = rendered.unit
    if unit.owner is not None:
        return unit.owner.location.file
    folder = unit.build.chart.folder if isinstance(unit.build, HelmBuild) else unit.build.folder
    return min((path for path in rendered.inputs if path.rpartition("/")[0] == folder), default=folder or "")


def _judge(  # noqa: PLR0913, PLR0917  what is judged, by what, and where else something is noted
    judging: Judging,
    context: JudgeContext,
    rendered: Rendered,
    files: Sequence[_RenderedFile],
    unchecked: dict[Unchecked, None],
    schemas: Counter[tuple[str, str, str]],
) -> Iterator[Finding]:
    target = judging.target(rendered.unit.target)
    runs = judging.runs_for([target] if target is not None else [])
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
        for finding in judging.policing.check_states(subjects, runs):
            found.setdefault(places.get(finding.object, 0), []).append(finding)
    for index, own in sorted(found.items()):
        yield from name_findings(files[index].manifests, own)


def _finding(problem: RenderProblem, target: str | None) -> Finding:
    rule = by_id(problem.rule)
    finding = Finding(
        rule=problem.rule,
        stage=rule.stage,
        level=problem.level or rule.level,
        message=problem.message,
        location=problem.location,
        help=problem.help or rule.help,
        object=problem.object,
        path=problem.path,
        subject=problem.message,
        target=target,
    )
    return next(iter(name_findings((), [finding])))


def _once(findings: Iterable[tuple[str, Finding]]) -> Iterator[Finding]:
    """Say once what several builds share, with their names."""
    groups: dict[tuple[object, ...], list[tuple[str, Finding]]] = {}
    for unit, finding in findings:
        name = (finding.rule, finding.location, finding.path, finding.message, finding.target)
        groups.setdefault(name, []).append((unit, finding))
    for several in groups.values():
        finding = several[0][1]
        units = list(dict.fromkeys(unit for unit, _ in several if unit))
        if len(units) > 1:
            few = ", ".join(units[:_MOST_NAMES])
            more = f" and {len(units) - _MOST_NAMES} more" if len(units) > _MOST_NAMES else ""
            yield replace(finding, message=f"{finding.message} (in {len(units)} builds: {few}{more})")
        else:
            yield finding


class Drawn:
    """What agents apply of both sides of a change, as far as the change reaches it, and what is said of that.

    Args:
        head: the tree that is judged, rendered.
        base: the tree before, rendered; None where there is none.
        sides: the trees, in the same order.
        settings: what the config says of rendering for a target.
    """

    def __init__(
        self,
        head: RenderedSide,
        base: RenderedSide | None,
        sides: tuple[Side, Side | None],
        settings: Callable[[str | None], RenderSettings],
    ) -> None:
        self.head = head
        self.base = base
        self._sides = sides
        self._settings = settings
        self.unchecked: tuple[Unchecked, ...] = ()
        self.schemas: tuple[SchemaCount, ...] = ()

    def judge_head(self, judging: Judging, context: JudgeContext) -> tuple[Finding, ...]:
        """What is said of the tree that is judged; ``unchecked`` and ``schemas`` are known afterwards."""
        verdict = judge_rendered(judging, self._sides[0], context, self.head, self._settings)
        self.unchecked = verdict.unchecked
        self.schemas = verdict.schemas
        return verdict.findings

    def judge_base(self, judging: Judging, context: JudgeContext) -> tuple[Finding, ...]:
        """What was to be said of the tree before."""
        side = self._sides[1]
        if self.base is None or side is None:
            return ()
        return judge_rendered(judging, side, context, self.base, self._settings).findings


def draw(  # noqa: PLR0913, PLR0917  what is rendered, and of what
    request: Request,
    trees: Trees,
    config: Config,
    head: tuple[Side, Facts],
    base: tuple[Side, Facts] | None,
    touched: Collection[str] | None,
    say: Callable[[str], None],
) -> Drawn:
    """Render what a change reaches, on both sides.

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
        return Rendering(
            side,
            facts,
            config,
            root=str(trees.root or ""),
            urls=(*trees.remotes, *config.repositories),
            gone=gone if side is head[0] else (),
            jobs=request.jobs,
        )

    new = rendering(*head)
    after, before = render_sides(new, None if base is None else rendering(*base), touched, say)
    return Drawn(after, before, (head[0], None if base is None else base[0]), new.settings)
