"""From findings to the report: waivers, levels, order, the state of each stage, the verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from gategit.manifests.secrecy import declares_secret
from gategit.model import (
    ChangeSummary,
    DryRun,
    Finding,
    Level,
    Region,
    Report,
    Rule,
    SchemaUse,
    Stage,
    StageResult,
    StageStatus,
    State,
    Stats,
    Unchecked,
    Verdict,
)

_BUILD_FAILED = "render-failed"
_CANNOT_BE_BUILT = "kustomization-invalid"
_NAMELESS = "missing-field"
_NOT_RENDERED = "not-rendered"
_NO_CAUSE = (_BUILD_FAILED, _NOT_RENDERED)

_SAID_BETTER = {
    "application-outside-project": "project-forbids",
    "application-unknown-project": "dangling-reference",
    "flux-dependency-cycle": "dependency-cycle",
    "flux-unknown-dependency": "dangling-reference",
}
"""Policies, and what says the same of what is rendered: that knows more, but is said only where something is."""

_DANGLING = "dangling-reference"

_ENTRY = 2
"""How many steps lead to an entry of a list in a kustomization, such as ``patches[0]``."""

_LINES_AROUND = 2
_LONGEST_EXCERPT = 40


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What blocks, and what is asked for.

    Attributes:
        fail_on: the lowest level that blocks.
        fail_on_existing: findings that the base has too block as well.
        select: when not empty, report only these rules.
        ignore: rules that are not reported.
        level_of: the config's level for a finding's rule where the finding stands; ``off`` is None.
    """

    fail_on: Level = Level.ERROR
    fail_on_existing: bool = False
    select: frozenset[str] = frozenset()
    ignore: frozenset[str] = frozenset()
    level_of: Callable[[Finding], Level | None] = lambda finding: finding.level

    def apply(self, findings: Iterable[Finding], rule: Callable[[str], Rule]) -> list[Finding]:
        """Leave out what is not asked for and set the levels.

        A rule that no waiver may hide is not hidden by an option or a level either: it says that a file could not be
        read, that something was not judged, or that the gate itself changes. Its level can only be raised.
        """
        kept: list[Finding] = []
        for finding in findings:
            level = self.level_of(finding)
            asked = finding.rule not in self.ignore and (not self.select or finding.rule in self.select)
            if not rule(finding.rule).waivable:
                asked = True
                level = finding.level if level is None or level.rank < finding.level.rank else level
            if asked and level is not None:
                kept.append(finding if level is finding.level else replace(finding, level=level))
        return kept


def without_repeats(findings: Sequence[Finding]) -> list[Finding]:
    """Leave out that a build fails where the same line, or the entry that holds it, has an error that says why.

    That must be of no lower level, and not waived. Where only the file of the failure is known, any error of the file
    may be what it is about, if it is as new; on the same line, and of the whole kustomization, an old error is why the
    build failed before as well. What two checks say of one line is left out where it is said better; and of an entry of
    a kustomization, where the file that it names says what it lacks.
    """
    repeating = [finding for finding in findings if finding.rule == _BUILD_FAILED]
    left = _without_nameless(_said_better(findings))
    if not repeating:
        return left
    files = {finding.location.file for finding in repeating}
    causes = [
        finding
        for finding in findings
        if finding.rule not in _NO_CAUSE
        and (finding.location.file in files or (finding.rule == _CANNOT_BE_BUILT and finding.related))
    ]
    return [
        finding
        for finding in left
        if finding.rule != _BUILD_FAILED
        or not any(_is_cause(cause, finding) or _is_circle(cause, finding) for cause in causes)
    ]


def _without_nameless(findings: Sequence[Finding]) -> list[Finding]:
    """Leave out that a kustomization names a file with an object without a name where that is said of the object."""
    nameless: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.rule == _NAMELESS and finding.path == ("metadata", "name"):
            nameless.setdefault(finding.location.file, []).append(finding)

    def is_said(finding: Finding) -> bool:
        return finding.rule == _CANNOT_BE_BUILT and any(
            one.state is finding.state and one.level.rank >= finding.level.rank
            for place in finding.related
            for one in nameless.get(place.location.file, ())
        )

    return [finding for finding in findings if not (nameless and is_said(finding))]


def _said_better(findings: Sequence[Finding]) -> Sequence[Finding]:
    """Leave out what another check says of the same line, with no lower level and as new.

    The path that an agent's object asks for is looked up in the file that declares it, which offers another path, and
    as the agent gets the object.
    """
    better: dict[tuple[str, str], list[tuple[Region, Finding]]] = {}
    rules = {*_SAID_BETTER.values(), _DANGLING}
    for finding in findings:
        if finding.rule in rules:
            for place in (finding.location, *(one.location for one in finding.related)):
                if place.region is not None:
                    better.setdefault((finding.rule, place.file), []).append((place.region, finding))

    def is_said(finding: Finding) -> bool:
        region = finding.location.region
        rule = _DANGLING if finding.rule == _DANGLING and finding.units else _SAID_BETTER.get(finding.rule)
        if rule is None or region is None:
            return False
        return any(
            there.line <= region.line <= there.end_line
            and one.level.rank >= finding.level.rank
            and one.advisory is finding.advisory
            and (one.state is finding.state or (one.state is State.NEW and finding.state is State.EXISTING))
            and (rule != _DANGLING or one.location == finding.location)
            and (rule != finding.rule or not one.units)
            for there, one in better.get((rule, finding.location.file), ())
        )

    return [finding for finding in findings if not is_said(finding)] if better else findings


def _is_circle(cause: Finding, finding: Finding) -> bool:
    """Whether a build fails in a circle that is said at another entry of it: Kustomize meets it where it comes in."""
    if cause.rule != _CANNOT_BE_BUILT or cause.level.rank < finding.level.rank:
        return False
    is_as_new = cause.state in (finding.state, State.NEW)
    return is_as_new and any(
        one.location == finding.location for one in cause.related if one.location.region is not None
    )


def _is_cause(cause: Finding, finding: Finding) -> bool:
    if cause.location.file != finding.location.file or cause.level.rank < finding.level.rank:
        return False
    if cause.state is State.WAIVED and finding.state is not State.WAIVED:
        return False
    here, there = cause.location.region, finding.location.region
    if there is None:
        return cause.state in (finding.state, State.NEW) or cause.rule == _CANNOT_BE_BUILT
    if here is not None and here.line == there.line:
        return True
    return len(cause.path) >= _ENTRY and cause.path == finding.path[: len(cause.path)]


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Sort findings by file, line, column, rule and message: the same run always reads the same."""

    def key(finding: Finding) -> tuple[object, ...]:
        region = finding.location.region or finding.location.was
        place = (0, 0) if region is None else (region.line, region.column)
        units = tuple((name, target or "") for name, target in finding.units)
        target = finding.target or ""
        return (finding.location.file, *place, finding.rule, finding.message, target, finding.subject, units)

    return sorted(findings, key=key)


def once_per_subject(findings: Sequence[Finding], rules: Mapping[str, str]) -> list[Finding]:
    """Keep the first finding of some rules for each subject and state, and say how many objects it stands for.

    Findings of these rules that have no subject speak of their object alone.

    Args:
        findings: the findings.
        rules: the rules' ids, each with words for what its objects have in common.
    """

    def named(finding: Finding) -> tuple[str, str, State] | None:
        # One that is old or waived speaks for no other.
        if finding.rule in rules and finding.subject:
            return finding.rule, finding.subject, finding.state
        return None

    # What several units render of one declaration is one object.
    objects: dict[tuple[object, ...], list[Finding]] = {}
    for finding in findings:
        if (name := named(finding)) is not None:
            objects.setdefault((name, finding.object, finding.location), []).append(finding)
    counts = Counter(name for name, *_ in objects)
    seen: set[tuple[str, str, State]] = set()
    kept: list[Finding] = []
    for finding in findings:
        name = named(finding)
        if name is None:
            kept.append(finding)
        elif name not in seen:
            seen.add(name)
            more = counts[name] - 1
            note = f" ({more} more object{'s' if more > 1 else ''} {rules[finding.rule]})" if more else ""
            same = objects[name, finding.object, finding.location]
            units = tuple(dict.fromkeys(unit for one in same for unit in one.units))
            target = finding.target if len({one.target for one in same}) == 1 else None
            kept.append(replace(finding, message=finding.message + note, units=units, target=target))
    return kept


_MOST_UNITS = 5
_MOST_RELATED = 10


def once_per_line(findings: Sequence[Finding]) -> list[Finding]:
    """Say once what several units share, such as the overlays of one base, with their names.

    What is old or waived for one of them stands for none of which it is new. What is said of a file as it stands is not
    said again where it holds for what is rendered of it. What is wrong with a field for each of several units in other
    words, such as the paths that one template makes, is said of the first of them. So is what keeps many from being
    rendered, such as a program that is not installed.
    """
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for finding in _once_per_cause(findings):
        if finding.units:
            groups.setdefault(_sentence(finding), []).append(finding)
    alone = [finding for finding in findings if not finding.units and _sentence(finding) not in groups]
    joined = [several[0] if len(several) == 1 else _joined(several) for several in groups.values()]
    return [*alone, *_once_per_field(joined)]


def _once_per_cause(findings: Sequence[Finding]) -> Iterator[Finding]:
    """Say once why builds are not rendered where that is no matter of the build: its subject is the cause alone."""
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for finding in findings:
        is_shared = finding.rule == _NOT_RENDERED and finding.units and finding.subject != finding.message
        name: tuple[object, ...] = (finding.subject, finding.state, finding.level) if is_shared else (id(finding),)
        groups.setdefault(name, []).append(finding)
    for several in groups.values():
        first, *others = several
        units = tuple(dict.fromkeys(unit for one in several for unit in one.units))
        if not others or len(units) == 1:
            yield first
            continue
        yield replace(
            first,
            message=f"{first.subject}, so {len(units)} builds are not rendered: {_named(units)}",
            units=units,
            target=first.target if len({target for _, target in units}) == 1 else None,
        )


def _once_per_field(findings: Sequence[Finding]) -> Iterator[Finding]:
    fields: dict[tuple[object, ...], list[Finding]] = {}
    for finding in findings:
        is_alike = finding.stage is Stage.REFERENCES and finding.path
        # Where no line is known, a file may hold many fields that are called the same.
        about = finding.object if finding.location.region is None else None
        name = replace(finding, message="", help="", subject="", object=about, related=(), target=None, fingerprint="")
        fields.setdefault(_sentence(name) if is_alike else (id(finding),), []).append(finding)
    for several in fields.values():
        units = [unit for finding in several for unit in finding.units]
        if len(several) == 1 or len(units) != len(set(units)):  # of one unit it says several things
            yield from several
            continue
        first, *others = several
        names = _named([unit for finding in others for unit in finding.units])
        yield replace(
            first,
            message=f"{first.message} (and the like in {names})",
            units=tuple(units),
            target=first.target if len({target for _, target in units}) == 1 else None,
        )


def _sentence(finding: Finding) -> tuple[object, ...]:
    """What makes two findings read alike."""
    return (
        finding.rule,
        finding.location,
        finding.path,
        finding.message,
        finding.level,
        finding.state,
        finding.waiver,
        finding.advisory,
    )


def _joined(findings: Sequence[Finding]) -> Finding:
    first = findings[0]
    units = tuple(dict.fromkeys(unit for finding in findings for unit in finding.units))
    if len(units) == 1:
        return first
    return replace(
        first,
        message=f"{first.message} (in {len(units)} builds: {_named(units)})",
        units=units,
        related=tuple(dict.fromkeys(one for finding in findings for one in finding.related))[:_MOST_RELATED],
        target=first.target if len({target for _, target in units}) == 1 else None,
    )


def _named(units: Sequence[tuple[str, str | None]]) -> str:
    """Some units in words, with their targets where those differ."""
    several = len({target for _, target in units}) > 1
    names = [f"{name} for {target}" if target and several else name for name, target in units]
    few = ", ".join(names[:_MOST_UNITS])
    return f"{few} and {len(names) - _MOST_UNITS} more" if len(names) > _MOST_UNITS else few


def stage_results(
    stages: Mapping[Stage, str | None],
    findings: Sequence[Finding],
    rule: Callable[[str], Rule],
    blocks: Callable[[Finding], bool],
) -> tuple[StageResult, ...]:
    """Say how each stage ended.

    Args:
        stages: each stage with the reason why it did not run, or None where it did.
        findings: all findings.
        rule: looks up a rule.
        blocks: whether a finding blocks the merge.
    """
    results: list[StageResult] = []
    for stage, reason in stages.items():
        own = tuple(finding for finding in findings if finding.stage is stage)
        blind = [finding for finding in own if rule(finding.rule).undecided]
        if reason is not None:
            results.append(StageResult(stage, StageStatus.SKIPPED, reason, own))
        elif blind:
            results.append(StageResult(stage, StageStatus.ERROR, blind[0].message, own))
        else:
            failed = any(blocks(finding) for finding in own)
            results.append(StageResult(stage, StageStatus.FAILED if failed else StageStatus.PASSED, None, own))
    return tuple(results)


def decide(findings: Sequence[Finding], blocks: Callable[[Finding], bool], rule: Callable[[str], Rule]) -> Verdict:
    """The gate's answer: blocked where something is wrong for sure, else undecided where it could not look."""
    if any(blocks(finding) and not rule(finding.rule).undecided for finding in findings):
        return Verdict.BLOCKED
    if any(rule(finding.rule).undecided for finding in findings):
        return Verdict.UNDECIDED
    return Verdict.PASS


def make_report(  # noqa: PLR0913  a report has these parts, each named by the caller
    findings: Sequence[Finding],
    *,
    stages: Mapping[Stage, str | None],
    change: ChangeSummary,
    unchecked: Sequence[Unchecked],
    stats: Stats,
    thresholds: Thresholds,
    rule: Callable[[str], Rule],
    text_of: Callable[[str], str | None],
    line_hashes: Callable[[str], Sequence[str]] | None,
    schemas: tuple[SchemaUse, ...] = (),
    dry_run: DryRun | None = None,
) -> Report:
    """Freeze everything into a report.

    Args:
        findings: with state and fingerprint, in any order.
        stages: see `stage_results`.
        change: the change in numbers.
        unchecked: what was not looked at.
        stats: what was looked at, and the cost.
        thresholds: what blocks.
        rule: looks up a rule.
        text_of: a file's text, or None where there is none to show.
        line_hashes: GitHub's hash of each line of a text; None where nobody wants to know them.
        schemas: which schemas judged.
        dry_run: what came of the dry run; None where there was none.
    """
    ordered = tuple(without_repeats(in_order(findings)))

    def blocks(finding: Finding) -> bool:
        return finding.blocks(thresholds.fail_on, fail_on_existing=thresholds.fail_on_existing)

    sources: dict[str, Mapping[int, str]] = {}
    hashes: dict[str, Mapping[int, str]] = {}
    places: dict[str, list[Region | None]] = {}
    for finding in ordered:
        for location in (finding.location, *(related.location for related in finding.related)):
            places.setdefault(location.file, []).append(location.region)
    # Of what could not be read nobody knows which lines are the values of a Secret.
    unread = {finding.location.file for finding in ordered if finding.object is None}
    for file, regions in places.items():
        text = text_of(file)
        if text is not None:
            if not (file in unread and declares_secret(text)):
                sources[file] = _excerpts(text, regions)
            if line_hashes is not None:
                hashes[file] = _first_lines(line_hashes(text), regions)
    return Report(
        verdict=decide(ordered, blocks, rule),
        change=change,
        stages=stage_results(stages, ordered, rule, blocks),
        findings=ordered,
        unchecked=tuple(dict.fromkeys(unchecked)),
        rules={rule_id: rule(rule_id) for rule_id in sorted({finding.rule for finding in ordered})},
        stats=stats,
        fail_on=thresholds.fail_on,
        fail_on_existing=thresholds.fail_on_existing,
        sources=sources,
        line_hashes=hashes,
        schemas=schemas,
        dry_run=dry_run,
    )


def _excerpts(text: str, regions: Iterable[Region | None]) -> dict[int, str]:
    """The lines around each region."""
    lines = text.replace("\r\n", "\n").split("\n")
    shown: dict[int, str] = {}
    for region in regions:
        first = region.line if region is not None else 1
        last = min(region.end_line if region is not None else 0, first + _LONGEST_EXCERPT)
        for number in range(max(1, first - _LINES_AROUND), min(len(lines), last + _LINES_AROUND) + 1):
            shown[number] = lines[number - 1]
    return shown


def _first_lines(hashed: Sequence[str], regions: Iterable[Region | None]) -> dict[int, str]:
    """The hash of the line that each region starts on."""
    wanted = {region.line if region is not None else 1 for region in regions}
    return {line: hashed[line - 1] for line in wanted if line <= len(hashed)}
