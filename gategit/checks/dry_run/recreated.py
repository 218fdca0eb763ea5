"""Objects that their agent deletes and makes anew, so that no field of them is fixed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from gategit.checks.dry_run.values import Outcome
from gategit.model import DryRunResult

_FIXED: Final = "immutable-field"
_NO_REFUSALS: Final = frozenset({"api-warning", "field-conflict"})
_HOOKS: Final = ("helm.sh/hook", "argocd.argoproj.io/hook")
_RECREATED: Final = frozenset({"Replace=true", "Force=true"})


def as_recreated(outcome: Outcome) -> Outcome:
    """An outcome without the problems of fixed fields, where the agent makes the object anew.

    That are hooks of Argo CD and Helm, and what says so to Argo CD or Flux.
    """
    new = outcome.change.new
    if outcome.result is not DryRunResult.REJECTED or new is None or not _is_recreated(new.data):
        return outcome
    fixed = [one for one in outcome.problems if one.rule == _FIXED]
    if not fixed:
        return outcome
    problems = tuple(one for one in outcome.problems if one.rule != _FIXED)
    if any(one.rule not in _NO_REFUSALS for one in problems):
        return replace(outcome, problems=problems)
    reason = (
        f"its agent deletes the live object and makes it anew, since the server refuses the change: {fixed[0].message}"
    )
    return replace(outcome, result=DryRunResult.CONFIGURED, problems=problems, reason=reason)


def _is_recreated(data: Mapping[str, Any]) -> bool:
    metadata = data.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    if not isinstance(annotations, dict):
        return False
    options = str(annotations.get("argocd.argoproj.io/sync-options") or "").split(",")
    return (
        any(hook in annotations for hook in _HOOKS)
        or {option.strip() for option in options} >= _RECREATED
        or str(annotations.get("kustomize.toolkit.fluxcd.io/force") or "").lower() == "enabled"
    )
