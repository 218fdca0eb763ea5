"""The three ways to ask for a group of object changes: a cluster, a sandbox, a snapshot. One kind of answer."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from gategit.change import ObjectChange
from gategit.checks.dry_run.values import Expected, Outcome
from gategit.cluster.together import run
from gategit.model import DryRunServer
from gategit.supplied_definitions import Supplied

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from gategit.cluster.access import Access
    from gategit.cluster.client import Client
    from gategit.cluster.discovery import Discovery
    from gategit.cluster.snapshot import Snapshot
    from gategit.request import Request

_REFUSED_SHOWN = 3
DEADLINE = 300.0
"""Seconds that asking one server may take in all, where nobody says."""


def _do_nothing(_: ObjectChange) -> None:
    """Let the time pass."""


@dataclass(frozen=True, slots=True)
class Group:
    """The object changes of one target, and how they are asked for.

    Attributes:
        target: the target's name, None where the repository has none.
        mode: ``cluster``, ``sandbox`` or ``snapshot``.
        changes: the changes.
        expected: what they may count on.
        context: the kubeconfig's context, None for the current one.
        namespace: that the config names for objects that name none; None: the context's, where it names one.
        version: the Kubernetes version that the target runs, such as 1.34; None: the newest.
        snapshot: the export of the target, None where there is none.
        present: objects that a sandbox is filled with, besides the snapshot's.
        supplied: definitions that a sandbox is given for kinds that neither the tree nor the snapshot defines.
        timeout: seconds that asking may take in all.
        notes: what a reader has to know of the answers.
        answered: is told of each change that has its answer: a chance to do something while the server is busy.
    """

    target: str | None
    mode: str
    changes: tuple[ObjectChange, ...]
    expected: Expected
    context: str | None = None
    namespace: str | None = None
    version: str | None = None
    snapshot: Snapshot | None = None
    present: tuple[dict[str, Any], ...] = ()
    supplied: Supplied = field(default_factory=Supplied)
    timeout: float = DEADLINE
    notes: tuple[str, ...] = ()
    answered: Callable[[ObjectChange], None] = _do_nothing


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of a group: who answered, what of each change, and what of the old side of those with problems."""

    server: DryRunServer
    outcomes: tuple[Outcome, ...]
    before: tuple[Outcome, ...] = field(default=())


def ask_group(request: Request, group: Group, repository: Path | None, say: Callable[[str], None]) -> Asked:
    """Ask for every change of a group.

    Args:
        request: how clusters and programs are found.
        group: what is asked.
        repository: the folder on disk under judgement, from which neither programs nor credentials are taken.
        say: told in a few words what is being done.

    Raises:
        UndecidedError: nobody could be asked.
        UsageError: the kubeconfig or an option cannot be used.
    """
    if group.mode == "snapshot":
        return _ask_snapshot(group)
    if group.mode == "sandbox":
        return _ask_sandbox(request, group, repository, say)
    from gategit.cluster.kubeconfig import read_access  # noqa: PLC0415  costs what only a cluster needs

    access = read_access(
        kubeconfig=request.kubeconfig,
        context=request.context or group.context,
        environment=request.environment,
        repository=repository,
    )
    if group.namespace is None and access.namespace is not None:
        group = replace(group, expected=replace(group.expected, namespace=access.namespace))
    return run(_ask_cluster(access, group, say))


async def _ask_cluster(access: Access, group: Group, say: Callable[[str], None]) -> Asked:
    from gategit.cluster.client import Client  # noqa: PLC0415  aiohttp costs what a run without servers does not need

    say(f"asking {access.name}")
    async with Client(access, deadline=group.timeout) as client:
        from gategit.cluster.discovery import discover  # noqa: PLC0415  the same

        discovery = await discover(client)
        return await _ask_server(client, discovery, group, (), say)


def _ask_sandbox(request: Request, group: Group, repository: Path | None, say: Callable[[str], None]) -> Asked:
    from gategit.sandbox.assets import find_assets  # noqa: PLC0415  only a sandbox needs programs
    from gategit.sandbox.server import start  # noqa: PLC0415  the same

    version = group.version or (group.snapshot.version if group.snapshot is not None else None)
    assets = find_assets(version, request.assets, request.environment, repository)
    with start(assets, say=say) as sandbox:
        return run(_fill_and_ask(sandbox.access, group, assets.notes, say))


async def _fill_and_ask(access: Access, group: Group, notes: tuple[str, ...], say: Callable[[str], None]) -> Asked:
    from gategit.cluster.client import Client  # noqa: PLC0415  aiohttp costs what a run without servers does not need
    from gategit.cluster.discovery import discover  # noqa: PLC0415  the same
    from gategit.sandbox.fill import fill  # noqa: PLC0415  the same

    exported = group.snapshot.objects if group.snapshot is not None else ()
    present = (*exported, *group.supplied.definitions.values(), *group.present)
    async with Client(access, deadline=group.timeout) as client:
        say("filling the sandbox")
        filled = await fill(client, present, say)
        discovery = await discover(client)
        supplied, filled = group.supplied.in_sandbox(filled, discovery)
        expected = replace(group.expected, supplied_kinds=frozenset(supplied.definitions), carried=supplied.carried)
        said = [*notes, *supplied.said, *filled.notes]
        said += [f"the sandbox refused {one.what}: {one.message}" for one in filled.refused[:_REFUSED_SHOWN]]
        more = len(filled.refused) - _REFUSED_SHOWN
        if more > 0:
            said.append(f"the sandbox refused {more:,} more objects that are there before the change")
        return await _ask_server(client, discovery, replace(group, expected=expected), tuple(said), say)


async def _ask_server(
    client: Client, discovery: Discovery, group: Group, notes: tuple[str, ...], say: Callable[[str], None]
) -> Asked:
    from gategit.checks.dry_run.ask import ask  # noqa: PLC0415  a snapshot needs no questions

    outcomes = await ask(client, discovery, group.changes, group.expected, say, answered=group.answered)
    before: Sequence[Outcome] = ()
    olds = _old_sides(outcomes, group.expected)
    if olds:
        say("asking about the base")
        before = await ask(client, discovery, olds, group.expected, say)
    server = DryRunServer(group.target, group.mode, discovery.version, (*notes, *group.notes))
    return Asked(server, tuple(outcomes), tuple(before))


def _ask_snapshot(group: Group) -> Asked:
    from gategit.checks.dry_run.offline import ask_snapshot  # noqa: PLC0415  only a snapshot needs it

    if group.snapshot is None:
        raise AssertionError("a group that asks a snapshot has one")
    outcomes = ask_snapshot(group.snapshot, group.changes, group.expected)
    olds = _old_sides(outcomes, group.expected)
    before = ask_snapshot(group.snapshot, olds, group.expected) if olds else ()
    server = DryRunServer(group.target, group.mode, group.snapshot.version, group.snapshot.notes)
    return Asked(server, tuple(outcomes), tuple(before))


def _old_sides(outcomes: Sequence[Outcome], expected: Expected) -> list[ObjectChange]:
    """What the base says of the objects that have problems: a problem that it has too is no news.

    A sandbox has the Namespaces and definitions of the change by now, and would judge the old side by new rules: what
    stands on such ground is not asked again.
    """
    changes = [one.change for one in outcomes if one.problems]
    if expected.writable:
        manifests = [one.change.manifest for one in outcomes]
        spaces = {one.name for one in manifests if (one.group, one.kind) == ("", "Namespace")}
        changes = [
            one
            for one in changes
            if (one.manifest.group, one.manifest.kind) not in expected.altered_kinds
            and (one.manifest.namespace or expected.namespace) not in spaces
        ]
    return [ObjectChange(change.old, change.old) for change in changes if change.old is not None and change.new]
