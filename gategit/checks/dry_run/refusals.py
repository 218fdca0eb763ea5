"""What comes of an object that the server does not take, or says nothing of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from gategit.change import ObjectChange
from gategit.checks.dry_run.answers import Reading, ReadingKind
from gategit.checks.dry_run.culprits import narrowed
from gategit.checks.dry_run.plan import REJECTED, UNANSWERED, Request, group_kind
from gategit.checks.dry_run.releases import Releases
from gategit.checks.dry_run.values import Expected, Outcome, Problem
from gategit.model import DryRunResult, Level

_ADMISSION = frozenset({"admission-denied", "quota-exceeded"})
_API_WARNING = "api-warning"
_RIGHTS_HINT = "gategit cluster rbac prints the rights that a dry run needs"
_BY_THE_OLD: Final = "the change also alters the definition of its kind, and the server has judged by the old one"
_GROUPS: Final = {
    "ClusterRole": "rbac.authorization.k8s.io",
    "PriorityClass": "scheduling.k8s.io",
    "Role": "rbac.authorization.k8s.io",
    "RuntimeClass": "node.k8s.io",
}
_STALE: Final = Problem(
    REJECTED,
    "the manifest names a version of the object that is not the live one, so no agent can apply it",
    ("metadata", "resourceVersion"),
    "remove metadata.resourceVersion",
)


class Refusals:
    """Tells a rejection from what has to wait for other parts of the change.

    Args:
        changes: all of the change: what one object lacks, another one may bring.
        expected: what the change may count on.
    """

    def __init__(self, changes: Sequence[ObjectChange], expected: Expected) -> None:
        self._expected = expected
        self._releases = Releases(expected.carried)
        self._brought = {(*group_kind(change.new), change.new.name) for change in changes if change.new is not None}

    def outcome(
        self, request: Request, reading: Reading, manager: str = "", live: dict[str, Any] | None = None
    ) -> Outcome:
        """What comes of an object whose answer is no consent.

        Args:
            request: what was asked.
            reading: what came back.
            manager: under whose name.
            live: the live object, where it is known.
        """
        change = request.change
        if reading.kind in {ReadingKind.NOT_ALLOWED, ReadingKind.UNANSWERED}:
            hint = _RIGHTS_HINT if reading.kind is ReadingKind.NOT_ALLOWED else ""
            problems = (Problem(UNANSWERED, reading.message, help=hint), *reading.warnings)
            return Outcome(change, DryRunResult.UNKNOWN, problems, reading.message, manager, live)
        waiting = self._waits_for(request, reading)
        if waiting:
            reason = f"{waiting}: {reading.message}"
            return Outcome(change, DryRunResult.DEFERRED, reading.warnings, reason, manager, live)
        problems = (_STALE,) if reading.kind is ReadingKind.STALE else reading.problems
        if live is not None:
            problems = narrowed(problems, live, request.data)
        refusing = self._releases.said(request.data, problems or (Problem(REJECTED, reading.message),))
        problems = (*refusing, *reading.warnings)
        decisive = [one for one in refusing if one.rule != _API_WARNING]
        if decisive and all(one.level is Level.WARNING for one in decisive):
            reason = f"it depends on the release that the cluster runs: {decisive[0].message}"
            return Outcome(change, DryRunResult.DEFERRED, problems, reason, manager, live)
        return Outcome(change, DryRunResult.REJECTED, problems, "", manager, live)

    def remark(self, request: Request) -> str:
        """What else there is to know of an object that the server takes."""
        return _BY_THE_OLD if self._is_judged_by_the_old_definition(request) else ""

    def _waits_for(self, request: Request, reading: Reading) -> str:
        """What of the repository has to be there first, "" where the rejection is final."""
        accounts = self._expected.service_accounts
        for missing in reading.missing:
            if missing.kind == "ServiceAccount" and (request.namespace, missing.name) in accounts:
                return f"the ServiceAccount {missing.name} comes with the repository"
            if (_GROUPS.get(missing.kind, ""), *missing) in self._brought:
                return f"the {missing.kind} {missing.name} comes with the change"
        return "" if by_admission(reading) else self.remark(request)

    def _is_judged_by_the_old_definition(self, request: Request) -> bool:
        expected = self._expected
        return not expected.writable and group_kind(request.change.manifest) in expected.altered_kinds


def by_admission(reading: Reading) -> bool:
    """Whether a policy, a webhook or a quota says no: what the kind allows is another matter."""
    return any(problem.rule in _ADMISSION for problem in reading.problems)


def no_object(request: Request) -> Outcome:
    """What comes of an object that something takes which shows no object: no API server would."""
    message = "the server took it, and did not show what it would make of it"
    return Outcome(request.change, DryRunResult.UNKNOWN, (Problem(UNANSWERED, message),), message)


def for_servers_alone(problem: Problem) -> Problem:
    """What becomes of a problem that a tool does not have which applies on its own side."""
    message = f"an agent that applies server-side is refused, one that applies client-side is not: {problem.message}"
    return replace(problem, rule=_API_WARNING, message=message)
