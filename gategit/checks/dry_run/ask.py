"""Asking an API server what it would make of a change: in which order, and what comes of each object."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from gategit.change import ObjectChange
from gategit.checks.dry_run.asking import Asking
from gategit.checks.dry_run.later import without_variables
from gategit.checks.dry_run.line import Line
from gategit.checks.dry_run.lookups import Lookups
from gategit.checks.dry_run.plan import UNANSWERED, Request, group_kind, plan
from gategit.checks.dry_run.preparing import DEFINITION, NAMESPACE, prepare
from gategit.checks.dry_run.told import as_told
from gategit.checks.dry_run.values import Expected, Outcome, Problem
from gategit.cluster.client import Client
from gategit.cluster.discovery import Discovery
from gategit.cluster.failures import ClusterError
from gategit.model import DryRunResult


def _do_nothing(_: ObjectChange) -> None:
    """Let the time pass."""


async def ask(  # noqa: PLR0913  what is asked, of whom, and who is told
    client: Client,
    discovery: Discovery,
    changes: Sequence[ObjectChange],
    expected: Expected,
    say: Callable[[str], None],
    *,
    answered: Callable[[ObjectChange], None] = _do_nothing,
) -> list[Outcome]:
    """Ask what a server would make of each object change.

    Namespaces and definitions go first, since the others may need them; then all the rest side by side. One object's
    failure leaves the others alone.

    Args:
        client: of the server.
        discovery: what it serves.
        changes: the object changes.
        expected: what they may count on, and how they are asked for.
        say: is told what is going on.
        answered: is told of each change that has its answer: a chance to do something while the server is busy.

    Returns:
        What came of each change, in their order. What got no answer is said to be unknown: nothing is raised.
    """
    line = Line(client)
    numbers = range(len(changes))
    first = [n for n in numbers if group_kind(changes[n].manifest) in {NAMESPACE, DEFINITION}]
    rest = sorted({*numbers} - {*first})
    outcomes: dict[int, Outcome] = {}

    async def ask_all(chosen: Sequence[int]) -> None:
        planned = [plan(n, changes[n], discovery, expected) for n in chosen]
        requests = [one for one in planned if isinstance(one, Request)]
        outcomes.update((n, one) for n, one in zip(chosen, planned, strict=True) if isinstance(one, Outcome))
        asking = Asking(line, Lookups(line, requests), changes, expected)
        async with asyncio.TaskGroup() as group:
            tasks = {request.number: group.create_task(ask_one(asking, request)) for request in requests}
        outcomes.update((number, task.result()) for number, task in tasks.items())

    async def ask_one(asking: Asking, request: Request) -> Outcome:
        outcome = await _guarded(line, asking, request)
        answered(request.change)
        return outcome

    say(f"asking {client.access.name} about {len(changes):,} object{'s' * (len(changes) != 1)}")
    if first:
        await ask_all(first)
        if expected.writable:
            try:
                discovery = await prepare(line, discovery, [outcomes[n] for n in first])
            except ClusterError as error:
                line.failed(error)
    await ask_all(rest)
    return _said_once([as_told(without_variables(outcomes[n])) for n in numbers])


async def _guarded(line: Line, asking: Asking, request: Request) -> Outcome:
    """Ask for one object; whatever goes wrong is what comes of it."""
    try:
        return await asking.ask(request)
    except ClusterError as error:
        line.failed(error)
        problem = Problem(UNANSWERED, error.message, help=error.hint)
        return Outcome(request.change, DryRunResult.UNKNOWN, (problem,), error.message)
    except Exception as error:  # noqa: BLE001  a crash is a finding: it must not hide what comes of the others
        message = f"gategit could not make sense of what the server answered ({type(error).__name__}: {error})"
        return Outcome(request.change, DryRunResult.UNKNOWN, (Problem(UNANSWERED, message),), message)


def _said_once(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """A failure of the connection is one problem, however many objects it leaves without an answer."""
    said: set[str] = set()
    result: list[Outcome] = []
    for outcome in outcomes:
        repeated = [problem.message for problem in outcome.problems] == [outcome.reason] and outcome.reason in said
        said.add(outcome.reason)
        unknown = outcome.result is DryRunResult.UNKNOWN
        result.append(replace(outcome, problems=()) if repeated and unknown else outcome)
    return result
