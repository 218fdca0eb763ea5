"""What can be said of one file alone: its syntax, its objects against their schemas, and each object's state.

A judgement is a pure function of the file's content, path, role and of the context, so it can be made in another
process and kept in the cache under a key that names all of these.
"""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any, NamedTuple

from gategit.checks.schema.check import check_file as check_schema
from gategit.checks.schema.check import judged_by
from gategit.checks.schema.rules import SURPRISING_SCALAR
from gategit.checks.schema.spec import SchemaSet, SchemaSpec
from gategit.checks.syntax import check_file as check_syntax
from gategit.errors import GategitError
from gategit.fingerprints import fingerprint, stable_path
from gategit.manifests.decode import Limits
from gategit.manifests.file import ManifestFile, read_file
from gategit.manifests.manifest import Manifest, PackedObject, Role, pack
from gategit.model import (
    AppliedWaiver,
    Finding,
    Level,
    Location,
    ObjectRef,
    Region,
    RelatedLocation,
    Rule,
    Stage,
    State,
    Unchecked,
)
from gategit.waivers import INLINE_MARK, Waiver

CHECK_CRASHED = Rule(
    id="check-crashed",
    level=Level.ERROR,
    stage=Stage.SYNTAX,
    summary="Every check must come to an end on every file.",
    rationale="A check that crashed on a file has not looked at it. A gate that could not look does not open, so the "
    "verdict is undecided; the results for the other files stand.",
    help="Report the file and the last lines of the message to gategit's developers. Until it is mended, `exclude` in "
    "`.gategit.yaml` leaves the file out, which is counted.",
    waivable=False,
    undecided=True,
)

RULES = (CHECK_CRASHED,)

RawFact = tuple[str, str, str | None, str, int, tuple[str | int, ...]]
"""An object as the cache keeps it: API version, kind, namespace, name, document, pointer."""


SchemaKey = tuple[str | None, str, tuple[tuple[str, str], ...]]
"""What names the schemas that hold for a file: Kubernetes version, export, and releases."""

SchemaCount = tuple[str, str, str, int]
"""API version, kind, the origin of the schema that judged, and how many objects it judged."""


@dataclass(frozen=True, slots=True)
class SchemaRun:
    """For which target and Kubernetes version a file is checked.

    Attributes:
        target: the target's name, None for a file of none.
        version: the Kubernetes version, None for the newest.
        snapshot: the name of the export of the target's cluster, "" where there is none.
        releases: the releases of other projects that the cluster is said to run, by short name.
    """

    target: str | None
    version: str | None
    snapshot: str = ""
    releases: tuple[tuple[str, str], ...] = ()

    @property
    def schemas(self) -> SchemaKey:
        """What names the schemas that hold."""
        return self.version, self.snapshot, self.releases


@dataclass(frozen=True, slots=True)
class FileTask:
    """One file to judge.

    Attributes:
        path: the file.
        blob_id: names its content.
        role: what it is known to be, None where its content decides.
        runs: for which targets and versions.
        rendered: whether its objects are judged as they are rendered, so that here only its syntax is looked at.
    """

    path: str
    blob_id: str
    role: Role | None
    runs: tuple[SchemaRun, ...]
    rendered: bool = False


@dataclass(frozen=True, slots=True)
class JudgeContext:
    """What every file of a run is judged by.

    Attributes:
        limits: how large and deep a file may be.
        schemas: what each Kubernetes version, and the export of a cluster, is validated with: by ``SchemaRun.schemas``.
        stages: the stages that run.
        chart_folders: folders that hold a Chart.yaml; files in their ``templates`` are Helm's.
        digest: names everything above and the policies; part of each cache key.
        kept_kinds: the kinds of objects that will be compared with others, so that they are kept; ``*`` for all.
    """

    limits: Limits
    schemas: dict[SchemaKey, SchemaSpec]
    stages: frozenset[Stage]
    chart_folders: frozenset[str]
    digest: str
    kept_kinds: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class FileVerdict:
    """What is said of one file; ``objects`` are those that were asked to be kept, and no part of what the cache has.

    ``schemas`` says by which schemas its objects were judged.
    """

    path: str
    role: Role
    documents: int
    facts: tuple[RawFact, ...]
    findings: tuple[Finding, ...]
    unchecked: tuple[Unchecked, ...]
    waivers: tuple[Waiver, ...] = ()
    objects: tuple[PackedObject, ...] = ()
    schemas: tuple[SchemaCount, ...] = ()


StateCheck = Callable[[Sequence[tuple[ManifestFile, Manifest]]], Iterable[Finding]]
"""Judges the state of objects, many at a time: the policies."""


def facts_of(file: ManifestFile) -> tuple[RawFact, ...]:
    """The objects that a file declares; none for a patch, whose objects are others' parts."""
    if file.role is not Role.MANIFEST:
        return ()
    return tuple(
        (m.api_version, m.kind, m.namespace, m.name, m.source.document, m.source.pointer) for m in file.manifests
    )


def objects_of(file: ManifestFile, kinds: frozenset[str]) -> tuple[PackedObject, ...]:
    """The objects of some kinds that a file declares, put away; ``*`` is every kind."""
    if file.role is not Role.MANIFEST or not kinds:
        return ()
    return tuple(pack(one) for one in file.manifests if "*" in kinds or one.group_kind in kinds)


_sets: dict[str, SchemaSet] = {}


def schema_set(spec: SchemaSpec) -> SchemaSet:
    """The schemas of a spec. Compiled schemas are kept for the life of the process: they are the costly part."""
    known = _sets.get(spec.digest)
    if known is None:
        known = _sets[spec.digest] = SchemaSet(spec)
    return known


def judge_files(
    tasks: Sequence[FileTask],
    read: Callable[[str], bytes],
    context: JudgeContext,
    check_states: StateCheck | None,
) -> list[FileVerdict]:
    """Judge files; one that makes a check crash gets a finding that says so, and the others lose nothing."""
    judged: list[_Judgement] = []
    for task in tasks:
        try:
            judged.append(_judge_alone(task, read(task.path), context))
        except Exception as error:  # noqa: BLE001  a crash is a finding: nothing may hide the other files
            judged.append(_crashed(task.path, error))
    rendered = {task.path for task in tasks if task.rendered}
    files = [one.file for one in judged if one.file.role is Role.MANIFEST and one.file.path not in rendered]
    subjects = [(file, manifest) for file in files for manifest in file.manifests]
    by_file: dict[str, list[Finding]] = {}
    if check_states is not None and subjects:
        for finding in check_states(subjects):
            by_file.setdefault(finding.location.file, []).append(finding)
    return [
        FileVerdict(
            one.file.path,
            one.file.role,
            len(one.file.decoded.documents),
            facts_of(one.file),
            tuple(name_findings(one.file.manifests, [*one.findings, *by_file.get(one.file.path, ())])),
            tuple(one.unchecked),
            one.waivers,
            objects_of(one.file, context.kept_kinds),
            tuple((*used, count) for used, count in one.schemas.items()),
        )
        for one in judged
    ]


class _Judgement(NamedTuple):
    """What is said of one file alone."""

    file: ManifestFile
    findings: list[Finding]
    unchecked: list[Unchecked]
    waivers: tuple[Waiver, ...]
    schemas: Counter[tuple[str, str, str]]


def _is_rendered(task: FileTask, file: ManifestFile) -> bool:
    """Whether a file's objects are judged elsewhere; a kustomization itself is no object."""
    return task.rendered and file.role is not Role.KUSTOMIZATION


def _judge_alone(task: FileTask, content: bytes, context: JudgeContext) -> _Judgement:
    file = read_file(task.path, content, task.role, context.limits, chart_folders=context.chart_folders)
    findings: list[Finding] = []
    unchecked: list[Unchecked] = []
    schemas: Counter[tuple[str, str, str]] = Counter()
    if Stage.SYNTAX in context.stages:
        found, missed = check_syntax(file)
        findings += found
        unchecked += missed
    if (
        Stage.SCHEMA in context.stages
        and not _is_rendered(task, file)
        and file.role in (Role.MANIFEST, Role.PATCH, Role.KUSTOMIZATION)
    ):
        seen: set[tuple[object, ...]] = set()
        for run in task.runs:
            known = schema_set(context.schemas[run.schemas])
            found, missed = check_schema(file, known, run.target)
            schemas.update(judged_by(file, known))
            if task.role is Role.MANIFEST:
                found = [_as_kustomize_reads(file, finding) for finding in found]
            unchecked += [one for one in missed if one not in unchecked]
            for finding in found:
                # Several targets or versions say the same of the same field: once is enough.
                identity = (finding.rule, finding.location, finding.path, finding.message)
                if identity not in seen:
                    seen.add(identity)
                    findings.append(finding)
    if INLINE_MARK not in content:
        return _Judgement(file, findings, unchecked, (), schemas)
    from gategit.inline_waivers import read_inline  # noqa: PLC0415  few files have any

    inline = read_inline(file)
    return _Judgement(file, [*findings, *inline.problems], unchecked, inline.waivers, schemas)


_KUSTOMIZE_STRINGS = frozenset(("y", "n", "yes", "no", "on", "off"))


def _as_kustomize_reads(file: ManifestFile, finding: Finding) -> Finding:
    """Weigh a surprising scalar of a file that a kustomization names.

    Kustomize reads YAML 1.2, where yes and on are strings, and writes them in quotes; annotations it always quotes. So
    the object is right as long as Kustomize builds it, and wrong once somebody applies the file itself.
    """
    if finding.rule != SURPRISING_SCALAR.id or finding.object is None:
        return finding
    manifest = next((one for one in file.manifests if one.ref == finding.object), None)
    if manifest is None:
        return finding
    text = file.source_map.scalar(manifest.source.document, (*manifest.source.pointer, *finding.path))
    is_annotation = finding.path[:2] == ("metadata", "annotations")
    if text is None or not (is_annotation or text.lower() in _KUSTOMIZE_STRINGS):
        return finding
    return replace(
        finding,
        level=Level.WARNING,
        message=f"{finding.message}; Kustomize puts it in quotes, whoever applies the file itself does not",
    )


def _crashed(path: str, error: Exception) -> _Judgement:
    if isinstance(error, GategitError):
        message, help_text = f"this file cannot be read: {error.message}", error.hint or CHECK_CRASHED.help
    else:
        tail = traceback.extract_tb(error.__traceback__)[-1]
        message = f"gategit could not look at this file: {type(error).__name__} in {tail.name}, line {tail.lineno}"
        help_text = CHECK_CRASHED.help
    finding = Finding(
        rule=CHECK_CRASHED.id,
        stage=CHECK_CRASHED.stage,
        level=CHECK_CRASHED.level,
        message=message,
        help=help_text,
        location=Location(path),
        subject=type(error).__name__,
    )
    return _Judgement(read_file(path, b"", Role.DATA), [finding], [], (), Counter())


def name_findings(manifests: Iterable[Manifest], findings: Iterable[Finding]) -> Iterable[Finding]:
    """Give each finding of one file its fingerprint, its field path named by the items' names.

    Args:
        manifests: the objects that the findings are about; where one is not among them, indices are not named.
        findings: the findings.
    """
    by_ref = {manifest.ref: manifest for manifest in manifests}
    for finding in findings:
        manifest = by_ref.get(finding.object) if finding.object is not None else None
        path = stable_path(manifest.data if manifest is not None else None, finding.path)
        yield replace(finding, fingerprint=fingerprint(finding, path, finding.location.file))


def cache_key(task: FileTask, context: JudgeContext) -> str:
    """Name everything that a file's verdict depends on."""
    parts = (task.path, task.blob_id, str(task.role), repr(task.runs), str(task.rendered), context.digest)
    return "verdict:" + blake2b("\0".join(parts).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def encode_verdict(verdict: FileVerdict) -> Any:
    """Turn a verdict into JSON values for the cache."""
    waivers: list[Any] = []
    if verdict.waivers:
        from gategit.inline_waivers import encode_inline  # noqa: PLC0415  few files have any

        waivers = [encode_inline(waiver) for waiver in verdict.waivers]
    return [
        verdict.role.value,
        verdict.documents,
        verdict.facts,
        [encode_finding(finding) for finding in verdict.findings],
        [[one.what, one.reason] for one in verdict.unchecked],
        waivers,
        verdict.schemas,
    ]


def decode_verdict(path: str, value: Any) -> FileVerdict:
    """The inverse of `encode_verdict`."""
    role, documents, facts, findings, unchecked, encoded, schemas = value
    waivers: tuple[Waiver, ...] = ()
    if encoded:
        from gategit.inline_waivers import decode_inline  # noqa: PLC0415  few files have any

        waivers = tuple(decode_inline(path, one) for one in encoded)
    return FileVerdict(
        path,
        Role(role),
        documents,
        tuple(decode_fact(fact) for fact in facts),
        tuple(decode_finding(finding) for finding in findings),
        tuple(Unchecked(what, reason) for what, reason in unchecked),
        waivers,
        schemas=tuple((api_version, kind, origin, count) for api_version, kind, origin, count in schemas),
    )


def decode_fact(value: Any) -> RawFact:
    """Turn a fact from the cache's JSON into a tuple again."""
    api_version, kind, namespace, name, document, pointer = value
    return api_version, kind, namespace, name, document, tuple(pointer)


def _encode_location(location: Location) -> Any:
    region = location.region
    at = None if region is None else [region.line, region.column, region.end_line, region.end_column]
    return [location.file, at]


def _decode_location(value: Any) -> Location:
    file, at = value
    return Location(file, None if at is None else Region(*at))


def encode_finding(finding: Finding) -> Any:
    """Turn a finding into JSON values."""
    ref, waiver = finding.object, finding.waiver
    return {
        "rule": finding.rule,
        "stage": finding.stage.value,
        "level": finding.level.value,
        "message": finding.message,
        "at": _encode_location(finding.location),
        "help": finding.help,
        "object": None if ref is None else [ref.api_version, ref.kind, ref.namespace, ref.name],
        "path": finding.path,
        "subject": finding.subject,
        "related": [[_encode_location(one.location), one.message] for one in finding.related],
        "target": finding.target,
        "fingerprint": finding.fingerprint,
        "state": finding.state.value,
        "waiver": None if waiver is None else [waiver.owner, waiver.reason, waiver.expires, waiver.inline],
    }


def decode_finding(value: Any) -> Finding:
    """The inverse of `encode_finding`."""
    return Finding(
        rule=value["rule"],
        stage=Stage(value["stage"]),
        level=Level(value["level"]),
        message=value["message"],
        location=_decode_location(value["at"]),
        help=value["help"],
        object=None if value["object"] is None else ObjectRef(*value["object"]),
        path=tuple(value["path"]),
        subject=value["subject"],
        related=tuple(RelatedLocation(_decode_location(at), text) for at, text in value["related"]),
        target=value["target"],
        fingerprint=value["fingerprint"],
        state=State(value["state"]),
        waiver=None if value["waiver"] is None else AppliedWaiver(*value["waiver"]),
    )
