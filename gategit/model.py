"""The values that the layers hand each other: places, rules, findings, stage results, the report.

All of them are frozen and slotted; nothing is changed after it was made (``dataclasses.replace`` makes a new one).
Lines and columns are 1-based and count Unicode code points; an end column is the one *after* the last character,
as in SARIF 2.1.0, section 3.30.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

FieldPath = tuple[str | int, ...]
"""Keys and list indices from an object's root to one of its fields."""

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
"""Plain data, as JSON knows it."""


class Level(StrEnum):
    """How much a finding weighs. The names are SARIF's."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    @property
    def rank(self) -> int:
        """0 for a note, 1 for a warning, 2 for an error."""
        return {"note": 0, "warning": 1, "error": 2}[self.value]


class State(StrEnum):
    """What a finding is to the change: its own, one the base has too, or excepted by a waiver."""

    NEW = "new"
    EXISTING = "existing"
    WAIVED = "waived"


class Verdict(StrEnum):
    """The gate's answer. Undecided blocks: a gate that could not look does not open."""

    PASS = "pass"  # noqa: S105  a verdict, not a password
    BLOCKED = "blocked"
    UNDECIDED = "undecided"

    @property
    def exit_code(self) -> int:
        """The process's exit code: 0 pass, 1 blocked, 3 undecided (2 is wrong usage or configuration)."""
        return {"pass": 0, "blocked": 1, "undecided": 3}[self.value]


class Stage(StrEnum):
    """The checks of the gate, in the order in which they run."""

    SYNTAX = "syntax"
    SCHEMA = "schema"
    REFERENCES = "references"
    POLICY = "policy"
    DRY_RUN = "dry-run"


class StageStatus(StrEnum):
    """How a stage ended. ``ERROR`` means that it could not look at something, so the verdict is undecided."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    ERROR = "error"


@dataclass(frozen=True, slots=True, order=True)
class Region:
    """A range of characters in a file."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a tree: a file by its path from the repository's root (``/`` between names), and where in it.

    ``region`` is None where only the file is known, for example a file that is not text. ``was`` is where something
    stood in the base's version of a file that the head has too, and that holds it no more.
    """

    file: str
    region: Region | None = None
    was: Region | None = None


@dataclass(frozen=True, slots=True)
class RelatedLocation:
    """A second place that explains a finding, with what it has to do with it."""

    location: Location
    message: str


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """Which cluster object a finding is about. ``namespace`` is None where the manifest names none."""

    api_version: str
    kind: str
    namespace: str | None
    name: str

    def __str__(self) -> str:
        where = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind} {where}{self.name}"


@dataclass(frozen=True, slots=True)
class Rule:
    """What a finding is about.

    Attributes:
        id: stable, kebab-case.
        level: the default level.
        stage: the check that reports it.
        summary: one sentence of at most 120 characters: what the rule asks.
        rationale: why it matters, in plain Markdown.
        help: how to fix it, in plain Markdown.
        security_severity: CVSS-like 0.1 to 10.0 where the rule is about security, else None.
        waivable: False where no waiver may hide it.
        undecided: True where a finding of this rule means that something could not be looked at.
        example_fail: a YAML example that breaks the rule, where there is one.
        example_pass: the mended example.
        references: URLs.
        sensitive: True where the line itself may hold a secret: no report shows the source of such a finding.
    """

    id: str
    level: Level
    stage: Stage
    summary: str
    rationale: str
    help: str
    security_severity: float | None = None
    waivable: bool = True
    undecided: bool = False
    example_fail: str = ""
    example_pass: str = ""
    references: tuple[str, ...] = ()
    sensitive: bool = False


@dataclass(frozen=True, slots=True)
class AppliedWaiver:
    """Why a finding is excepted: who owns the exception, the reason, and until when (ISO date).

    ``inline`` is True where the waiver stands in a comment of the manifest, False for one of the waivers file.
    """

    owner: str
    reason: str
    expires: str
    inline: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule broken at a place.

    Attributes:
        rule: the rule's id.
        stage: the check that found it.
        level: how much it weighs (config may differ from the rule's default).
        message: one sentence that names the thing and what is wrong with it; no trailing newline.
        help: how to mend it, or an empty string.
        location: where.
        object: the cluster object, where the finding is about one.
        path: the field in the object, () where the finding is about the whole.
        subject: what, besides object and path, tells this finding from another of the same rule; it must not
            contain line numbers. Used for the fingerprint only.
        related: further places.
        target: the target's name, where it is about one.
        units: the units that render the object, each with its target; several that share a line share its finding.
        fingerprint: set by the gate; survives moved lines and renamed files.
        state: set by the gate.
        waiver: set by the gate where state is waived.
        advisory: it never blocks, whatever its level and the options: it is about a gate that is not in force yet.
    """

    rule: str
    stage: Stage
    level: Level
    message: str
    location: Location
    help: str = ""
    object: ObjectRef | None = None
    path: FieldPath = ()
    subject: str = ""
    related: tuple[RelatedLocation, ...] = ()
    target: str | None = None
    units: tuple[tuple[str, str | None], ...] = ()
    fingerprint: str = ""
    state: State = State.NEW
    waiver: AppliedWaiver | None = None
    advisory: bool = False

    def blocks(self, fail_on: Level, *, fail_on_existing: bool) -> bool:
        """Whether this finding alone is a reason to block the merge."""
        if self.advisory or self.state is State.WAIVED or self.level.rank < fail_on.rank:
            return False
        return self.state is State.NEW or fail_on_existing


@dataclass(frozen=True, slots=True)
class Unchecked:
    """Something that was not looked at, and why. Said and counted in every report."""

    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class SchemaUse:
    """Where the schema comes from that judged objects of a kind, and how many objects those are."""

    api_version: str
    kind: str
    origin: str
    objects: int


@dataclass(frozen=True, slots=True)
class StageResult:
    """What one check says of the change. ``reason`` says why it was skipped or could not look."""

    stage: Stage
    status: StageStatus
    reason: str | None = None
    findings: tuple[Finding, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeSummary:
    """The change in numbers. ``base`` is a commit or None; ``head`` a commit, ``worktree`` or ``index``."""

    base: str | None
    head: str
    trust: str
    files: int
    added: int
    modified: int
    removed: int


@dataclass(frozen=True, slots=True)
class Stats:
    """What the run looked at and what it cost. ``seconds`` is wall time."""

    documents: int
    objects: int
    seconds: float
    cache_hits: int
    cache_misses: int


class DryRunResult(StrEnum):
    """What an API server would make of an object, or why nobody knows.

    ``CONFLICT``: applying it takes fields from another manager. ``DEFERRED``: it needs what only the change itself
    brings (a namespace, a kind), so that the server could not be asked yet. ``UNKNOWN``: the server gave no answer that
    speaks of the object.
    """

    CREATED = "created"
    CONFIGURED = "configured"
    UNCHANGED = "unchanged"
    REMOVED = "removed"
    REJECTED = "rejected"
    CONFLICT = "conflict"
    DEFERRED = "deferred"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class DryRunDifference:
    """A field that differs between the live object and what the server would make of it, ready to be shown.

    Attributes:
        path: the field, as ``format_path`` writes it.
        change: ``added``, ``removed``, ``modified`` or ``reordered``.
        old: the live value, None where there is none; of a Secret its keyed hash, never the value.
        new: the value after the change, in the same way.
    """

    path: str
    change: str
    old: Json = None
    new: Json = None


@dataclass(frozen=True, slots=True)
class DryRunOutcome:
    """What came of asking for one object.

    Attributes:
        object: which one.
        result: what came of it.
        location: where the change declares it, or where the base did.
        target: the target's name, None where the repository has none.
        reason: why it is deferred or unknown, or what else there is to know; a sentence without a full stop.
        manager: the field manager under whose name the server was asked, "" where it was not.
        differences: what the change does to the live object.
    """

    object: ObjectRef
    result: DryRunResult
    location: Location
    target: str | None = None
    reason: str = ""
    manager: str = ""
    differences: tuple[DryRunDifference, ...] = ()


@dataclass(frozen=True, slots=True)
class DryRunServer:
    """Who was asked for a target: a cluster, a sandbox or a snapshot.

    Attributes:
        target: the target's name, None where the repository has none.
        mode: ``cluster``, ``sandbox`` or ``snapshot``.
        version: the Kubernetes version that answered, such as v1.36.3; "" where nothing did.
        notes: what a reader has to know of the answers (another version than the target's, webhooks that do not run).
    """

    target: str | None
    mode: str
    version: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DryRun:
    """What the last stage asked, and what came of it: the outcomes in the order of their files."""

    servers: tuple[DryRunServer, ...] = ()
    outcomes: tuple[DryRunOutcome, ...] = ()


class RiskKind(StrEnum):
    """Why a change to an object should be looked at before others, the gravest first.

    ``UNKNOWN``: nobody could judge it. ``KEPT``: the object leaves the repository and stays in the cluster.
    """

    DATA_LOSS = "data-loss"
    UNKNOWN = "unknown"
    REMOVAL = "removal"
    IMMUTABLE = "immutable"
    ACCESS = "access"
    STORAGE = "storage"
    ADMISSION = "admission"
    PRIVILEGE = "privilege"
    EXPOSURE = "exposure"
    CAPACITY = "capacity"
    DEPLOYMENT = "deployment"
    IMAGE = "image"
    KEPT = "kept"

    @property
    def rank(self) -> int:
        """0 for the gravest."""
        return list(RiskKind).index(self)

    @property
    def is_grave(self) -> bool:
        """Whether a reviewer should not have to look for it."""
        return self.rank < RiskKind.DEPLOYMENT.rank


@dataclass(frozen=True, slots=True)
class Risk:
    """One reason why a change to an object is risky: a sentence without a full stop, and the field that it is about."""

    kind: RiskKind
    reason: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class EffectField:
    """A field that a change gives another value, and the lines that set it before and after.

    Its path is "" where the whole object comes or goes.
    """

    difference: DryRunDifference
    old: Location | None = None
    new: Location | None = None


@dataclass(frozen=True, slots=True)
class EffectObject:
    """What a change does to one object of one cluster, ready to be shown.

    Attributes:
        object: which one.
        change: ``added``, ``modified`` or ``removed``.
        old: where it comes from before the change, None where it is added.
        new: where it comes from after the change, None where it is removed.
        target: the target that it goes to, None where it goes to none of the config's.
        unit: what an agent builds it with, None where a file declares it as it is.
        fields: what differs.
        risks: why to look at it first, the gravest first.
        same: equal for objects of one kind and name that change in the same way, as those of one base in several
            overlays do.
    """

    object: ObjectRef
    change: str
    old: Location | None = None
    new: Location | None = None
    target: str | None = None
    unit: str | None = None
    fields: tuple[EffectField, ...] = ()
    risks: tuple[Risk, ...] = ()
    same: str = ""

    @property
    def rank(self) -> int:
        """How risky it is: 0 for the gravest."""
        return min((risk.kind.rank for risk in self.risks), default=len(RiskKind))

    @property
    def is_grave(self) -> bool:
        """Whether one of its risks is grave."""
        return any(risk.kind.is_grave for risk in self.risks)


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change does to objects as they are applied: each of them, and what nobody knows the effect on."""

    objects: tuple[EffectObject, ...] = ()
    unknown: tuple[Unchecked, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """Everything a reporter needs. Findings are sorted: file, line, column, rule, message.

    ``rules`` holds the rule of every finding by id. ``sources`` holds, for files that findings stand in, the lines
    of text around them by file and line number, so that a reporter can show them without reading the tree.
    ``line_hashes`` holds GitHub's hash of the first line of each finding (line 1 where there is no region), made by
    ``report.line_hash`` from the whole file; SARIF alone needs it, and leaves it out where it is not there.
    ``schemas`` says which schemas judged. ``dry_run`` is None where nobody was asked. ``effect`` is what the change
    does to objects, None where no format asked for it.
    """

    verdict: Verdict
    change: ChangeSummary
    stages: tuple[StageResult, ...]
    findings: tuple[Finding, ...]
    unchecked: tuple[Unchecked, ...]
    rules: Mapping[str, Rule]
    stats: Stats
    fail_on: Level = Level.ERROR
    fail_on_existing: bool = False
    sources: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    line_hashes: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    schemas: tuple[SchemaUse, ...] = ()
    dry_run: DryRun | None = None
    effect: Effect | None = None

    @property
    def exit_code(self) -> int:
        """The process's exit code."""
        return self.verdict.exit_code

    def blocks(self, finding: Finding) -> bool:
        """Whether this finding alone is a reason to block the merge."""
        return finding.blocks(self.fail_on, fail_on_existing=self.fail_on_existing)


_PLAIN_KEY = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]*\Z")


def format_path(path: FieldPath) -> str:
    """Write a field path as people do: ``spec.containers[0].env``, ``metadata.labels["app.kubernetes.io/name"]``."""
    parts: list[str] = []
    for step in path:
        if isinstance(step, int):
            parts.append(f"[{step}]")
        elif _PLAIN_KEY.match(step):
            parts.append(f".{step}" if parts else step)
        else:
            escaped = step.replace("\\", "\\\\").replace('"', '\\"')
            parts.append(f'["{escaped}"]')
    return "".join(parts)
