"""Which kinds of a tree have a schema: its objects, counted by what would validate them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from gategit.cache import program_id
from gategit.checks.schema import facts as kubernetes_facts
from gategit.checks.schema.coverage import NO_SCHEMA, Coverage, KindCoverage, Lack, Origin
from gategit.checks.schema.known import Where, where_from
from gategit.checks.schema.spec import KindSchema, NotServed, SchemaSet, Unusable
from gategit.disk import show_path
from gategit.judge import JudgeContext, SchemaRun
from gategit.judging import Judging
from gategit.manifests.classify import NEVER_APPLIED
from gategit.manifests.manifest import Role
from gategit.manifests.secrecy import SEALED
from gategit.model import Stage, Unchecked
from gategit.rendered_tree import render_tree
from gategit.repository import open_trees
from gategit.request import Mode
from gategit.trusted import load_trusted

if TYPE_CHECKING:
    from gategit.judge import FileVerdict, SchemaKey
    from gategit.manifests.manifest import Manifest
    from gategit.request import Request
    from gategit.side import Side

_UNREAD: Final = {
    "yaml-syntax": "not all of it is YAML that can be read",
    "yaml-limit": "it goes beyond the limits of what is read",
    "not-text": "it is not text",
    "merge-conflict-marker": "it holds an unresolved merge",
    "lfs-pointer": "what it points to is in Git LFS",
    "check-crashed": "gategit failed on it",
}
"""The rules that say of a file that not all of it was read, in words that many files share."""

_GENERATORS: Final = "builtin"
"""The API version of Kustomize's own generators."""

_Outcome = tuple[Where, str] | tuple[None, str, bool]
"""Where a schema comes from; or None, why there is none, and whether adding one would help."""


def read_coverage(request: Request, say: Callable[[str], None]) -> Coverage:
    """Count the objects of a tree by where their schemas come from.

    It looks at what a check of all files would look at, by the same config: what is rendered counts as it is rendered.

    Args:
        request: the folder, the paths and the target.
        say: told in a few words what is being done.

    Raises:
        ConfigError: the config cannot be used.
        UsageError: the request cannot be met.
        UndecidedError: the tree cannot be read.
    """
    request = replace(request, mode=Mode.ALL, stages=frozenset({Stage.SYNTAX, Stage.SCHEMA}))
    trees = open_trees(request)
    try:
        trusted = load_trusted(request, trees)
        with Judging(request, trees, trusted) as judging:
            side = judging.side(trees.head)
            # Definitions count wherever they are, objects within the request's paths.
            verdicts = judging.judge(side, side.readable, _reading(judging, side), say)
            all_facts = {path: verdict.facts for path, verdict in verdicts.items()}
            known = {path: tuple(raw) for path, raw in all_facts.items()}
            rendered = render_tree(side, known, trees, trusted.config, say, jobs=request.jobs, alone=True)
            context = judging.context(side, judging.find_crds(side, all_facts))
            inside = {path: one for path, one in verdicts.items() if side.in_scope(path)}
            say("looking for schemas")
            counting = _Counting({key: SchemaSet(spec) for key, spec in context.schemas.items()})
            for path, verdict in inside.items():
                if path not in side.rendition.covered:
                    counting.add(path, _kinds(verdict), judging.runs(path))
            for manifest in side.rendition.manifests():
                if judging.wants(side, manifest.source):
                    counting.add(manifest.source.file, [_kind(manifest)], judging.runs_at(manifest.source))
            large = [Unchecked(show_path(path), "it is too large") for path in side.too_large if side.in_scope(path)]
            unread = [*large, *(one for verdict in inside.values() for one in _unread(verdict)), *trees.unchecked()]
            templates = {path for path, verdict in inside.items() if verdict.role is Role.TEMPLATE}
            unknown = dict.fromkeys(rendered.unfollowed(inside=trees.selects, target=request.target, alone=True))
            return Coverage(tuple(counting.kinds()), tuple(unread), len(templates - rendered.templates), tuple(unknown))
    finally:
        trees.close()


def _reading(judging: Judging, side: Side) -> JudgeContext:
    """Files are decoded, and nothing else is asked of them."""
    digest = f"reading {program_id()} {judging.limits!r} {sorted(side.chart_folders)!r}"
    return JudgeContext(judging.limits, {}, frozenset({Stage.SYNTAX}), side.chart_folders, digest)


def _kinds(verdict: FileVerdict) -> Iterator[tuple[str, str]]:
    return ((api_version, kind) for api_version, kind, *_ in verdict.facts)


def _kind(manifest: Manifest) -> tuple[str, str]:
    return manifest.api_version, manifest.kind


def _unread(verdict: FileVerdict) -> Iterator[Unchecked]:
    for finding in verdict.findings:
        if finding.rule in _UNREAD:
            yield Unchecked(show_path(verdict.path), _UNREAD[finding.rule])
            return
    if any(kind.startswith(SEALED) for _, kind, *_ in verdict.facts):
        yield Unchecked(show_path(verdict.path), "SOPS encrypted the whole of it")


@dataclass(slots=True)
class _Kind:
    """What is counted of one kind."""

    objects: int = 0
    missing: int = 0
    files: set[str] = field(default_factory=set)
    outcomes: Counter[_Outcome] = field(default_factory=Counter)
    targets: defaultdict[_Outcome, set[str]] = field(default_factory=lambda: defaultdict(set))


class _Counting:
    """Counts objects.

    Args:
        schemas: what they are validated with.
    """

    def __init__(self, schemas: Mapping[SchemaKey, SchemaSet]) -> None:
        self._schemas = schemas
        self._kinds: defaultdict[tuple[str, str], _Kind] = defaultdict(_Kind)
        self._known: dict[tuple[SchemaKey, str, str], _Outcome] = {}

    def add(self, path: str, kinds: Iterable[tuple[str, str]], runs: tuple[SchemaRun, ...]) -> None:
        """Count objects of a file, by API version and kind."""
        for api_version, kind in kinds:
            if api_version.rpartition("/")[0] in NEVER_APPLIED or api_version == _GENERATORS or kind.startswith(SEALED):
                continue
            counted = self._kinds[api_version, kind]
            counted.objects += 1
            counted.files.add(path)
            found = [(self._outcome(run, api_version, kind), run.target) for run in runs]
            counted.missing += any(outcome[0] is None for outcome, _ in found)
            counted.outcomes.update({outcome for outcome, _ in found})
            for outcome, target in found:
                if target is not None:
                    counted.targets[outcome].add(target)

    def _outcome(self, run: SchemaRun, api_version: str, kind: str) -> _Outcome:
        key = (run.schemas, api_version, kind)
        if key not in self._known:
            self._known[key] = _outcome(self._schemas[run.schemas], api_version, kind)
        return self._known[key]

    def kinds(self) -> list[KindCoverage]:
        """What was counted: kinds that lack a schema first, then by source; of each the most frequent first."""
        found = [self._kind(*name, counted) for name, counted in self._kinds.items()]
        order = list(Where)
        return sorted(
            found,
            key=lambda one: (
                not one.missing,
                min((order.index(origin.where) for origin in one.origins), default=0) if not one.missing else 0,
                -one.objects,
                one.api_version,
                one.kind,
            ),
        )

    def _kind(self, api_version: str, kind: str, counted: _Kind) -> KindCoverage:
        origins: list[Origin] = []
        lacks: list[Lack] = []
        for outcome, objects in counted.outcomes.most_common():
            targets = tuple(sorted(counted.targets[outcome])) if len(counted.outcomes) > 1 else ()
            if outcome[0] is None:
                lacks.append(Lack(outcome[1], targets, objects, outcome[2]))
            else:
                origins.append(Origin(outcome[0], outcome[1], targets, objects))
        return KindCoverage(
            api_version, kind, counted.objects, len(counted.files), counted.missing, tuple(origins), tuple(lacks)
        )


def _outcome(schemas: SchemaSet, api_version: str, kind: str) -> _Outcome:
    """What validates objects of a kind, or why nothing does."""
    group = api_version.rpartition("/")[0]
    schemas.validator(api_version, kind, part=False)  # only compiling shows that some schemas cannot be used
    found = schemas.find(api_version, kind)
    match found:
        case KindSchema():
            return where_from(schemas, group, kind, found), found.origin
        case NotServed():
            served = " and ".join(found.served) or "none"
            return None, f"{found.origin} does not serve this version; it serves {served}", not found.sure
        case Unusable():
            return None, found.reason, False
        case None:
            reason = _not_in_kubernetes(schemas, api_version, kind)
            return None, reason or NO_SCHEMA, reason is None


def _not_in_kubernetes(schemas: SchemaSet, api_version: str, kind: str) -> str | None:
    """Why a kind of Kubernetes itself is not there; None for any other kind."""
    cluster = schemas.served
    if cluster is not None and kubernetes_facts.serves(schemas.version, api_version, kind):
        return f"the cluster of the snapshot {cluster.name} does not serve it"
    known = kubernetes_facts.retirement(api_version, kind)
    if known is not None and known.removed is not None:
        instead = known.replacement or known.instead
        return f"Kubernetes {known.removed} removed it{f'; use {instead}' if instead else ''}"
    if kubernetes_facts.own_group(api_version.rpartition("/")[0]):
        return f"Kubernetes {schemas.version} does not have it"
    return None
