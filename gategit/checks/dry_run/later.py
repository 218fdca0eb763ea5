"""What a server refuses of values that are filled in later: it has seen the variable and not the value."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Final

from gategit.checks.dry_run.plan import REJECTED
from gategit.checks.dry_run.values import Outcome, Problem
from gategit.model import DryRunResult, FieldPath

# Flux's substitution, templates, Argo CD's vault plugin.
_VARIABLE: Final = re.compile(r"\$\{|\{\{|<(path|secret):")
_FIXED: Final = "immutable-field"
_NO_REFUSALS: Final = frozenset({"api-warning", "field-conflict"})


def without_variables(outcome: Outcome) -> Outcome:
    """An outcome without the problems of values that hold variables.

    Where nothing else is wrong, the object is deferred: what an agent fills in, it alone knows.
    """
    new = outcome.change.new
    if outcome.result is not DryRunResult.REJECTED or new is None:
        return outcome
    old = outcome.change.old.data if outcome.change.old is not None else None
    later = [one for one in outcome.problems if one.path and _is_of_variable(one, new.data, old)]
    if not later:
        return outcome
    problems = tuple(one for one in outcome.problems if one not in later)
    if any(one.rule not in _NO_REFUSALS for one in problems):
        return replace(outcome, problems=problems)
    reason = f"a value is filled in later (such as ${{VARIABLE}}), and was refused as it stands: {later[0].message}"
    return replace(outcome, result=DryRunResult.DEFERRED, problems=problems, reason=reason)


def _is_of_variable(problem: Problem, new: Any, old: Any) -> bool:
    value = _at(new, problem.path)
    if not _holds_variable(value):
        return False
    # A fixed field that the change itself touches is refused with any value.
    return problem.rule == REJECTED or (problem.rule == _FIXED and (old is None or _at(old, problem.path) == value))


def _at(content: Any, path: FieldPath) -> Any:
    for step in path:
        inside = isinstance(content, dict) and step in content
        listed = isinstance(content, list) and isinstance(step, int) and step < len(content)
        if not inside and not listed:
            return None
        content = content[step]
    return content


def _holds_variable(value: Any) -> bool:
    if isinstance(value, str):
        return bool(_VARIABLE.search(value))
    if isinstance(value, dict):
        return any(_holds_variable(part) for part in value.values())
    return isinstance(value, list) and any(map(_holds_variable, value))
