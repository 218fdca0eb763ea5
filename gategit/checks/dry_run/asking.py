"""Asking for one object.

An object is applied server-side as a dry run, under the name of the manager that applies the live one, and always with
force: an apply that ends in a conflict is not judged any further. What force takes from others shows in the answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gategit.change import ChangeKind, ObjectChange
from gategit.checks.dry_run.answers import Reading, ReadingKind, read_answer
from gategit.checks.dry_run.conflicts import conflicts
from gategit.checks.dry_run.culprits import narrowed
from gategit.checks.dry_run.differences import differences
from gategit.checks.dry_run.line import APPLY_PATCH, DRY, Line
from gategit.checks.dry_run.lookups import UNREAD, Live, Lookups
from gategit.checks.dry_run.managers import OURS, Owner, Way, owner, taken_over
from gategit.checks.dry_run.owned import APPLY, combined, entries
from gategit.checks.dry_run.plan import REJECTED, UNANSWERED, Request, group_kind, no_namespace, without_kind
from gategit.checks.dry_run.removals import Rebuilt, rebuild
from gategit.checks.dry_run.values import Expected, Outcome, Problem
from gategit.cluster.answer import Answer
from gategit.cluster.discovery import Discovery
from gategit.model import DryRunResult

_TRIES = 3
_ADMISSION = frozenset({"admission-denied", "quota-exceeded"})
_GROUPS = {
    "ClusterRole": "rbac.authorization.k8s.io",
    "PriorityClass": "scheduling.k8s.io",
    "Role": "rbac.authorization.k8s.io",
    "RuntimeClass": "node.k8s.io",
}
_API_WARNING = "api-warning"
_RIGHTS_HINT = "gategit cluster rbac prints the rights that a dry run needs"


@dataclass(frozen=True, slots=True)
class _Applied:
    """An apply as a dry run, with what is known of the live object."""

    request: Request
    answer: Answer
    reading: Reading
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
        self._line = line
        self._lookups = lookups
        self._expected = expected
        # A sandbox holds what we filled it with: nobody else has applied anything there.
        self._configured = None if expected.writable else expected.field_manager
        self._brought = {(*group_kind(change.new), change.new.name) for change in changes if change.new is not None}

    async def ask(self, request: Request) -> Outcome:
        """Ask for one object.

        Raises:
            ClusterError: no answer came.
        """
        if request.change.new is None:
            return await self._remove(request)
        if request.name is None or "patch" not in request.resource.verbs:
            return await self._create(request)
        return await self._judge(await self._apply(request))

    async def _remove(self, request: Request) -> Outcome:
        answer = await self._line.send("DELETE", request.path, query={"dryRun": "All"})
        reading = read_answer(answer, request.data)
        if answer.ok:
            return Outcome(request.change, DryRunResult.REMOVED, reading.warnings)
        if answer.status == 404:
            return Outcome(request.change, DryRunResult.REMOVED, reason="it is not in the cluster already")
        return self._refused(request, reading)

    async def _create(self, request: Request) -> Outcome:
        """Ask for an object that the server names, or whose kind it knows no apply for."""
        answer, reading = await self._post(request, request.data)
        after = _object(answer)
        if reading.kind is ReadingKind.ACCEPTED and after is None:
            return _no_object(request)
        if reading.kind is ReadingKind.ACCEPTED:
            return Outcome(request.change, DryRunResult.CREATED, reading.warnings, manager=OURS, after=after)
        if reading.kind is ReadingKind.EXISTS:
            reason = "it is in the cluster already, and the server knows no apply for its kind"
            return Outcome(request.change, DryRunResult.UNCHANGED, reason=reason)
        if reading.kind is ReadingKind.NO_NAMESPACE:
            return await self._elsewhere(request)
        return self._refused(request, reading)

    async def _apply(self, request: Request) -> _Applied:
        """Apply an object until the answer speaks of the live object that is known."""
        added = request.change.kind is ChangeKind.ADDED and not self._lookups.is_cheap(request)
        # A name that is known beforehand needs no look at the live object, which is read when the answer needs it.
        live = UNREAD if added or self._configured is not None else await self._lookups.read(request)
        who = self._owner(live)
        answer = await self._patch(request, request.data, who.name)
        reading = read_answer(answer, request.data)
        for _ in range(_TRIES):
            if _is_settled(answer, reading, live):
                break
            live = await (self._lookups.read_again if live.read else self._lookups.read)(request)
            known, who = who, self._owner(live)
            if who.name != known.name or not _is_settled(answer, reading, live):
                answer = await self._patch(request, request.data, who.name)
                reading = read_answer(answer, request.data)
        return _Applied(request, answer, reading, live, who)

    def _owner(self, live: Live) -> Owner:
        if live.content is None:
            return Owner(self._configured or OURS, Way.APPLY)
        return owner(live.content, self._configured)

    async def _judge(self, applied: _Applied) -> Outcome:
        """Read what the server says of an apply."""
        request, reading = applied.request, applied.reading
        if reading.kind is ReadingKind.NO_KIND:
            return without_kind(request.change, Discovery((), ""), self._expected)
        if reading.kind is ReadingKind.REJECTED and reading.partial:
            return self._refused(request, await self._all_problems(request, request.data, reading), applied)
        if reading.kind is ReadingKind.NO_NAMESPACE:
            return await self._elsewhere(request)
        if reading.kind is ReadingKind.NO_OBJECT:
            return await self._create(request)
        judge = {ReadingKind.ACCEPTED: self._accepted, ReadingKind.REJECTED: self._rejected}.get(reading.kind)
        return await judge(applied) if judge else self._refused(request, reading, applied)

    async def _accepted(self, applied: _Applied) -> Outcome:
        request, live, who = applied.request, applied.live.content, applied.owner
        after = _object(applied.answer)
        problems = applied.reading.warnings
        reason = self._remark(request)
        if after is None:
            return _no_object(request)
        if applied.answer.status == 201:
            return Outcome(request.change, DryRunResult.CREATED, problems, reason, who.name, None, after)
        if live is None:
            reason = "the live object could not be read, so what changes is not known"
            reason += f" ({applied.live.refused})" if applied.live.refused else ""
            return Outcome(request.change, DryRunResult.CONFIGURED, problems, reason, who.name, None, after)
        taken = conflicts(entries(live), after, request.data, who.name)
        reason = reason or _left_in_secret(request, after)
        rebuilt = _without_removed(request, after, live, who)
        if rebuilt is not None and rebuilt.removed:
            answer, reading = await self._put(request, rebuilt, live, who)
            if reading.kind is ReadingKind.REJECTED:
                return self._refused(request, reading, applied)
            if reading.kind is ReadingKind.ACCEPTED:
                after = _object(answer) or after
                problems = (*problems, *(problem for problem in reading.warnings if problem not in problems))
            else:
                reason = reason or f"what becomes of the removed fields could not be asked ({reading.message})"
        result = DryRunResult.CONFLICT if taken else _result(live, after)
        return Outcome(request.change, result, (*problems, *taken), reason, who.name, live, after)

    async def _rejected(self, applied: _Applied) -> Outcome:
        """Look again at a rejection: the apply may have kept what the live object's manager would take out."""
        request, live, who = applied.request, applied.live.content, applied.owner
        if live is not None and self._expected.writable:
            # We have applied it ourselves. Who does in the cluster, and on which side, nobody knows here.
            old = request.change.old
            who = Owner(who.name, Way.THREE_WAY, old.data if old is not None else None)
        rebuilt = None
        if live is not None and who.way is not Way.APPLY:
            rebuilt = _without_removed(request, live, live, who)
        if live is None or rebuilt is None or not (rebuilt.removed or who.way is Way.THREE_WAY):
            return self._refused(request, applied.reading, applied)
        answer, reading = await self._put(request, rebuilt, live, who)
        after = _object(answer)
        if reading.kind is ReadingKind.ACCEPTED and after is not None:
            problems = reading.warnings
            if self._expected.writable:
                problems = (*(_for_clients_alone(one) for one in applied.reading.problems), *problems)
            reason = self._remark(request)
            return Outcome(request.change, _result(live, after), problems, reason, who.name, live, after)
        by_update = reading.kind is ReadingKind.REJECTED and not self._expected.writable
        return self._refused(request, reading if by_update else applied.reading, applied)

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
        body = {
            **request.data,
            "metadata": {**(metadata if isinstance(metadata, dict) else {}), "namespace": namespace},
        }
        moved = replace(request, namespace=namespace)
        if request.name is None or "patch" not in request.resource.verbs:
            answer, reading = await self._post(moved, body)
        else:
            if (await self._lookups.read_again(moved)).content is not None:
                return None
            answer = await self._patch(moved, body, OURS)
            reading = read_answer(answer, body)
        after = _object(answer)
        if reading.kind is ReadingKind.ACCEPTED and after is not None:
            after["metadata"]["namespace"] = request.namespace
            reason = f"asked in the namespace {namespace}, since {request.namespace} is not there yet"
            return Outcome(request.change, DryRunResult.CREATED, reading.warnings, reason, OURS, None, after)
        if reading.kind is not ReadingKind.REJECTED:
            return None
        if reading.partial:
            reading = await self._all_problems(moved, body, reading)
        if _by_admission(reading) or reading.missing:
            reason = f"the namespace {request.namespace} is not there yet, and {namespace} takes no such object"
            return Outcome(request.change, DryRunResult.DEFERRED, reason=f"{reason}: {reading.message}")
        return self._refused(request, reading)

    async def _patch(self, request: Request, body: Mapping[str, Any], manager: str) -> Answer:
        query = {**DRY, "fieldManager": manager, "force": "true"}
        return await self._line.send("PATCH", request.path, query=query, body=body, content_type=APPLY_PATCH)

    async def _post(
        self, request: Request, body: Mapping[str, Any], query: Mapping[str, str] = DRY
    ) -> tuple[Answer, Reading]:
        path = request.resource.path(request.namespace)
        answer = await self._line.send("POST", path, query={**query, "fieldManager": OURS}, body=body)
        return answer, read_answer(answer, body)

    async def _put(
        self, request: Request, rebuilt: Rebuilt, live: Mapping[str, Any], who: Owner
    ) -> tuple[Answer, Reading]:
        """Ask with an update of the version that was looked at."""
        metadata = {**rebuilt.content["metadata"], "resourceVersion": _version(live)}
        body = {**rebuilt.content, "metadata": metadata}
        answer = await self._line.send("PUT", request.path, query={**DRY, "fieldManager": who.name}, body=body)
        return answer, read_answer(answer, request.data)

    async def _all_problems(self, request: Request, body: Mapping[str, Any], reading: Reading) -> Reading:
        """Ask with a create: server-side apply stops at the first field that it cannot read, a create lists all."""
        _, listed = await self._post(request, body)
        if listed.kind is not ReadingKind.REJECTED:
            return reading
        if listed.partial:
            # Until every field is known, the server looks at no value.
            _, further = await self._post(request, body, {**DRY, "fieldValidation": "Ignore"})
            if further.kind is ReadingKind.REJECTED:
                listed = replace(listed, problems=tuple(dict.fromkeys((*listed.problems, *further.problems))))
        places = {problem.path for problem in listed.problems}
        first = tuple(problem for problem in reading.problems if problem.path not in places)
        return replace(reading, problems=(*first, *listed.problems), partial=False)

    def _refused(self, request: Request, reading: Reading, applied: _Applied | None = None) -> Outcome:
        """What comes of an object that the server does not take, or says nothing of."""
        manager = applied.owner.name if applied is not None else ""
        live = applied.live.content if applied is not None else None
        problems = reading.problems
        if reading.kind in {ReadingKind.NOT_ALLOWED, ReadingKind.UNANSWERED}:
            hint = _RIGHTS_HINT if reading.kind is ReadingKind.NOT_ALLOWED else ""
            problem = Problem(UNANSWERED, reading.message, help=hint)
            return Outcome(
                request.change, DryRunResult.UNKNOWN, (problem, *reading.warnings), reading.message, manager, live
            )
        waiting = self._waits_for(request, reading)
        if waiting:
            return Outcome(
                request.change, DryRunResult.DEFERRED, reading.warnings, f"{waiting}: {reading.message}", manager, live
            )
        if reading.kind is ReadingKind.STALE:
            problems = (
                Problem(
                    REJECTED,
                    "the manifest names a version of the object that is not the live one, so no agent can apply it",
                    ("metadata", "resourceVersion"),
                    "remove metadata.resourceVersion",
                ),
            )
        if live is not None:
            problems = narrowed(problems, live, request.data)
        problems = (*(problems or (Problem(REJECTED, reading.message),)), *reading.warnings)
        return Outcome(request.change, DryRunResult.REJECTED, problems, "", manager, live)

    def _waits_for(self, request: Request, reading: Reading) -> str:
        """What of the repository has to be there first, "" where the rejection is final."""
        for missing in reading.missing:
            if (
                missing.kind == "ServiceAccount"
                and (request.namespace, missing.name) in self._expected.service_accounts
            ):
                return f"the ServiceAccount {missing.name} comes with the repository"
            if (_GROUPS.get(missing.kind, ""), *missing) in self._brought:
                return f"the {missing.kind} {missing.name} comes with the change"
        if self._is_judged_by_the_old_definition(request) and not _by_admission(reading):
            return "the change also alters the definition of its kind, and the server has judged by the old one"
        return ""

    def _is_judged_by_the_old_definition(self, request: Request) -> bool:
        expected = self._expected
        return not expected.writable and group_kind(request.change.manifest) in expected.altered_kinds

    def _remark(self, request: Request) -> str:
        """What else there is to know of an object that the server takes."""
        if self._is_judged_by_the_old_definition(request):
            return "the change also alters the definition of its kind, and the server has judged by the old one"
        return ""


def _without_removed(request: Request, start: Mapping[str, Any], live: Mapping[str, Any], who: Owner) -> Rebuilt | None:
    """The object without what its manifest no longer has; None where there is nothing that the server would leave in.

    Args:
        request: what is asked.
        start: the object to take it out of.
        live: the live object.
        who: applies it.
    """
    old = request.change.old
    before = who.before if who.before is not None else old.data if old is not None else None
    if who.way is Way.THREE_WAY:
        return rebuild(start, request.data, before or {}, shape=_shape(start, live), three_way=True)
    if before is None:
        return None
    listed = entries(start)
    others = [entry for entry in listed if not taken_over(who.name, entry)]
    kept = others
    if who.way is Way.UPDATE:
        kept = [entry for entry in others if entry.operation == APPLY or entry.subresource]
    elif not any(entry.operation != APPLY and entry not in others for entry in listed):
        return None
    return rebuild(
        start,
        request.data,
        before,
        shape=_shape(start, live),
        kept=[entry.fields for entry in kept],
        others=[entry.fields for entry in others],
    )


def _shape(*contents: Mapping[str, Any]) -> dict[str, Any]:
    return combined(entry.fields for content in contents for entry in entries(content) if entry.subresource != "status")


def _for_clients_alone(problem: Problem) -> Problem:
    """What becomes of a problem that a tool does not have which applies on its own side."""
    message = f"an agent that applies server-side is refused, one that applies client-side is not: {problem.message}"
    return replace(problem, rule=_API_WARNING, message=message)


def _is_settled(answer: Answer, reading: Reading, live: Live) -> bool:
    """Whether the answer speaks of the live object that is known, as far as it has to."""
    if answer.status == 201 or live.refused:
        return True
    if reading.kind is ReadingKind.ACCEPTED:
        # A dry run changes nothing, so its result has the version of what it started from.
        return live.content is not None and _version(live.content) == _version(answer.data)
    return live.read or reading.kind is not ReadingKind.REJECTED or reading.partial


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


def _by_admission(reading: Reading) -> bool:
    return any(problem.rule in _ADMISSION for problem in reading.problems)


def _object(answer: Answer) -> dict[str, Any] | None:
    """The object that an answer shows, None where it shows none."""
    data = answer.data
    return data if answer.ok and isinstance(data, dict) and isinstance(data.get("metadata"), dict) else None


def _no_object(request: Request) -> Outcome:
    message = "the server took it, and did not show what it would make of it"
    return Outcome(request.change, DryRunResult.UNKNOWN, (Problem(UNANSWERED, message),), message)


def _version(content: Any) -> str | None:
    metadata = content.get("metadata") if isinstance(content, dict) else None
    version = metadata.get("resourceVersion") if isinstance(metadata, dict) else None
    return version if isinstance(version, str) else None
