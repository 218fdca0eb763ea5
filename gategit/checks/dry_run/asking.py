"""Asking for one object.

An object is applied server-side as a dry run, under the name of the manager that applies the live one. What the answer
leaves open is asked with a create (more problems than one), an update (fields that the manifest no longer has) or in
another namespace (where its own one is not there yet).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gategit.change import ChangeKind, ObjectChange
from gategit.checks.dry_run.answers import ReadingKind
from gategit.checks.dry_run.conflicts import conflicts
from gategit.checks.dry_run.differences import differences
from gategit.checks.dry_run.line import Line
from gategit.checks.dry_run.lookups import UNREAD, Live, Lookups
from gategit.checks.dry_run.managers import OURS, Owner, Way, owner
from gategit.checks.dry_run.marks import with_marks
from gategit.checks.dry_run.owned import entries
from gategit.checks.dry_run.plan import Request, no_namespace, without_kind
from gategit.checks.dry_run.ports import mistaken_ports
from gategit.checks.dry_run.questions import Questions, Reply
from gategit.checks.dry_run.refusals import Refusals, by_admission, for_servers_alone, no_object
from gategit.checks.dry_run.removals import Rebuilt, without_removed
from gategit.checks.dry_run.values import Expected, Outcome, Problem
from gategit.cluster.discovery import Discovery
from gategit.model import DryRunResult

_TRIES = 3


@dataclass(frozen=True, slots=True)
class _Applied:
    """What came of an apply, with what is known of the live object.

    ``marked`` is the change as the agent would apply it: with its marks.
    """

    request: Request
    marked: ObjectChange
    reply: Reply
    live: Live
    owner: Owner


class Asking:
    """Asks for the objects of one change.

    Args:
        line: to the server.
        lookups: reads live objects.
        changes: all of the change: what one object lacks, another one may bring.
        expected: what the change may count on, and how it is asked for.
    """

    def __init__(self, line: Line, lookups: Lookups, changes: Sequence[ObjectChange], expected: Expected) -> None:
        self._questions = Questions(line)
        self._lookups = lookups
        self._expected = expected
        self._refusals = Refusals(changes, expected)
        # A sandbox holds what we filled it with: nobody else has applied anything there.
        self._configured = None if expected.writable else expected.field_manager

    async def ask(self, request: Request) -> Outcome:
        """Ask for one object.

        Raises:
            ClusterError: no answer came.
        """
        if request.change.new is None:
            return await self._remove(request)
        if not _is_applied(request):
            return await self._create(request)
        return await self._judge(await self._apply(request))

    async def _remove(self, request: Request) -> Outcome:
        reply = await self._questions.remove(request)
        if reply.answer.ok:
            return Outcome(request.change, DryRunResult.REMOVED, reply.reading.warnings)
        if reply.answer.status == 404:
            return Outcome(request.change, DryRunResult.REMOVED, reason="it is not in the cluster already")
        return self._refusals.outcome(request, reply.reading)

    async def _create(self, request: Request) -> Outcome:
        """Ask for an object that the server names, or whose kind it knows no apply for."""
        reply = await self._questions.create(request, request.data)
        reading = reply.reading
        if reading.kind is ReadingKind.ACCEPTED:
            if reply.content is None:
                return no_object(request)
            warnings = reading.warnings
            return Outcome(request.change, DryRunResult.CREATED, warnings, manager=OURS, after=reply.content)
        if reading.kind is ReadingKind.EXISTS:
            reason = "it is in the cluster already, and the server knows no apply for its kind"
            return Outcome(request.change, DryRunResult.UNCHANGED, reason=reason)
        if reading.kind is ReadingKind.NO_NAMESPACE:
            return await self._elsewhere(request)
        return self._refusals.outcome(request, reading)

    async def _apply(self, request: Request) -> _Applied:
        """Apply an object until the answer speaks of the live object that is known."""
        added = request.change.kind is ChangeKind.ADDED and not self._lookups.is_cheap(request)
        # A name that is known beforehand needs no look at the live object, which is read when the answer needs it.
        live = UNREAD if added or self._configured is not None else await self._lookups.read(request)
        who = self._owner(live)
        marked = with_marks(request.change, live.content)
        reply = await self._questions.apply(request, who.name, marked.manifest.data)
        for _ in range(_TRIES):
            if _is_settled(reply, live):
                break
            live = await (self._lookups.read_again if live.read else self._lookups.read)(request)
            known, who = who, self._owner(live)
            before, marked = marked, with_marks(request.change, live.content)
            if who.name != known.name or marked != before or not _is_settled(reply, live):
                reply = await self._questions.apply(request, who.name, marked.manifest.data)
        return _Applied(request, marked, reply, live, who)

    def _owner(self, live: Live) -> Owner:
        if live.content is None:
            return Owner(self._configured or OURS, Way.APPLY)
        return owner(live.content, self._configured)

    async def _judge(self, applied: _Applied) -> Outcome:
        """Read what the server says of an apply."""
        request, reading = applied.request, applied.reply.reading
        name, live = applied.owner.name, applied.live.content
        if reading.kind is ReadingKind.NO_KIND:
            return without_kind(request.change, Discovery((), ""), self._expected)
        if reading.kind is ReadingKind.REJECTED and reading.partial:
            listed = await self._questions.all_problems(request, request.data, reading)
            return self._refusals.outcome(request, listed, name, live)
        if reading.kind is ReadingKind.NO_NAMESPACE:
            return await self._elsewhere(request)
        if reading.kind is ReadingKind.NO_OBJECT:
            return await self._create(request)
        judge = {ReadingKind.ACCEPTED: self._accepted, ReadingKind.REJECTED: self._rejected}.get(reading.kind)
        return await judge(applied) if judge else self._refusals.outcome(request, reading, name, live)

    async def _accepted(self, applied: _Applied) -> Outcome:
        request, live, who = applied.request, applied.live.content, applied.owner
        after = applied.reply.content
        problems = applied.reply.reading.warnings
        reason = self._refusals.remark(request)
        if after is None:
            return no_object(request)
        if applied.reply.created:
            return Outcome(request.change, DryRunResult.CREATED, problems, reason, who.name, None, after)
        if live is None:
            reason = "the live object could not be read, so what changes is not known"
            reason += f" ({applied.live.refused})" if applied.live.refused else ""
            return Outcome(request.change, DryRunResult.CONFIGURED, problems, reason, who.name, None, after)
        taken = conflicts(entries(live), after, request.data, who.name)
        problems = (*problems, *_mistaken(request, who))
        reason = reason or _left_in_secret(request, after)
        rebuilt = without_removed(applied.marked, after, live, who)
        if rebuilt is not None and rebuilt.removed:
            reply = await self._update(request, rebuilt, live, who)
            if reply.reading.kind in {ReadingKind.NOT_ALLOWED, ReadingKind.STALE}:
                reason = reason or f"what becomes of the removed fields could not be asked ({reply.reading.message})"
            elif reply.reading.kind is not ReadingKind.ACCEPTED:
                return self._refusals.outcome(request, reply.reading, who.name, live)
            elif reply.content is None:
                return no_object(request)
            else:
                after = reply.content
                problems = (*problems, *(one for one in reply.reading.warnings if one not in problems))
        result = DryRunResult.CONFLICT if taken else _result(live, after)
        return Outcome(request.change, result, (*problems, *taken), reason, who.name, live, after)

    async def _rejected(self, applied: _Applied) -> Outcome:
        """Look again at a rejection: the apply may have kept what the live object's manager would take out."""
        request, live, who = applied.request, applied.live.content, applied.owner
        reading = applied.reply.reading
        if live is not None and self._expected.writable:
            # We have applied it ourselves. Who does in the cluster, and on which side, nobody knows here.
            old = request.change.old
            who = Owner(who.name, Way.THREE_WAY, old.data if old is not None else None)
        rebuilt = None
        if live is not None and who.way is not Way.APPLY:
            rebuilt = without_removed(applied.marked, live, live, who)
        if live is None or rebuilt is None or not (rebuilt.removed or who.way is Way.THREE_WAY):
            return self._refusals.outcome(request, reading, who.name, live)
        reply = await self._update(request, rebuilt, live, who)
        if reply.reading.kind is ReadingKind.ACCEPTED and reply.content is not None:
            problems = (*reply.reading.warnings, *_mistaken(request, applied.owner))
            if self._expected.writable:
                problems = (*(for_servers_alone(one) for one in reading.problems), *problems)
            reason = self._refusals.remark(request)
            result = _result(live, reply.content)
            return Outcome(request.change, result, problems, reason, who.name, live, reply.content)
        if reply.reading.kind is ReadingKind.REJECTED and not self._expected.writable:
            reading = reply.reading
        return self._refusals.outcome(request, reading, who.name, live)

    async def _update(self, request: Request, rebuilt: Rebuilt, live: Mapping[str, Any], who: Owner) -> Reply:
        metadata = {**rebuilt.content["metadata"], "resourceVersion": _version(live)}
        return await self._questions.update(request, who.name, {**rebuilt.content, "metadata": metadata})

    async def _elsewhere(self, request: Request) -> Outcome:
        """Ask in another namespace, where the object's own one comes with the repository."""
        own = request.namespace or ""
        if own not in self._expected.namespaces:
            return no_namespace(request)
        for namespace in self._expected.scratch_namespaces:
            outcome = await self._in_place_of(request, namespace) if namespace != own else None
            if outcome is not None:
                return outcome
        reason = f"the namespace {own} comes with the repository, and no other one could stand in for it"
        return Outcome(request.change, DryRunResult.DEFERRED, reason=reason)

    async def _in_place_of(self, request: Request, namespace: str) -> Outcome | None:
        """Ask in a namespace that is not the object's own; None where that says nothing of the object."""
        metadata = request.data.get("metadata")
        inner = metadata if isinstance(metadata, dict) else {}
        body = {**request.data, "metadata": {**inner, "namespace": namespace}}
        moved = replace(request, namespace=namespace)
        if not _is_applied(request):
            reply = await self._questions.create(moved, body)
        elif (await self._lookups.read_again(moved)).content is not None:
            return None
        else:
            reply = await self._questions.apply(moved, OURS, body)
        reading, after = reply.reading, reply.content
        if reading.kind is ReadingKind.ACCEPTED and after is not None:
            after["metadata"]["namespace"] = request.namespace
            reason = f"asked in the namespace {namespace}, since {request.namespace} is not there yet"
            return Outcome(request.change, DryRunResult.CREATED, reading.warnings, reason, OURS, None, after)
        if reading.kind is not ReadingKind.REJECTED:
            return None
        if reading.partial:
            reading = await self._questions.all_problems(moved, body, reading)
        if by_admission(reading) or reading.missing:
            reason = f"the namespace {request.namespace} is not there yet, and {namespace} takes no such object"
            return Outcome(request.change, DryRunResult.DEFERRED, reason=f"{reason}: {reading.message}")
        return self._refusals.outcome(request, reading)


def _is_applied(request: Request) -> bool:
    """Whether an object can be applied: it has a name, and its kind knows how."""
    return request.name is not None and "patch" in request.resource.verbs


def _is_settled(reply: Reply, live: Live) -> bool:
    """Whether the answer speaks of the live object that is known, as far as it has to."""
    if reply.created or live.refused:
        return True
    if reply.reading.kind is ReadingKind.ACCEPTED:
        # A dry run changes nothing, so its result has the version of what it started from.
        return live.content is not None and _version(live.content) == _version(reply.answer.data)
    return live.read or reply.reading.kind is not ReadingKind.REJECTED or reply.reading.partial


def _result(live: Mapping[str, Any], after: Mapping[str, Any]) -> DryRunResult:
    """Whether an object changes. Most do not, and are equal but for who owns what: that is looked at first."""
    same = live.keys() == after.keys() and all(
        part == after[name]
        if name != "metadata"
        else {**part, "managedFields": None} == {**after[name], "managedFields": None}
        for name, part in live.items()
    )
    return DryRunResult.UNCHANGED if same or not differences(live, after) else DryRunResult.CONFIGURED


def _left_in_secret(request: Request, after: Mapping[str, Any]) -> str:
    """What is left of keys that the manifest had in ``stringData``: the server keeps their values in ``data``."""
    if request.change.old is None or (request.resource.group, request.resource.kind) != ("", "Secret"):
        return ""
    before, now = request.change.old.data.get("stringData"), request.data.get("stringData") or {}
    data = after.get("data")
    if not isinstance(before, dict) or not isinstance(data, dict) or not isinstance(now, dict):
        return ""
    left = [key for key in before if key in data and key not in now and key not in (request.data.get("data") or {})]
    return f"what is removed from stringData stays in the live Secret: {', '.join(sorted(left))}" if left else ""


def _mistaken(request: Request, who: Owner) -> tuple[Problem, ...]:
    """What a client-side apply gets wrong by itself."""
    old = request.change.old
    before = who.before if who.before is not None else old.data if old is not None else None
    return mistaken_ports(request.data, before) if who.way is Way.THREE_WAY and before is not None else ()


def _version(content: Any) -> str | None:
    metadata = content.get("metadata") if isinstance(content, dict) else None
    version = metadata.get("resourceVersion") if isinstance(metadata, dict) else None
    return version if isinstance(version, str) else None
