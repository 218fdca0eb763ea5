"""Objects that tell their agent to act in another way than with most: to make them anew, to keep them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from gategit.checks.dry_run.values import Outcome
from gategit.model import DryRunResult

_FIXED: Final = "immutable-field"
_NO_REFUSALS: Final = frozenset({"api-warning", "field-conflict"})
_HOOKS: Final = ("helm.sh/hook", "argocd.argoproj.io/hook")
_FLUX_KEEPS: Final = ("kustomize.toolkit.fluxcd.io/prune", "kustomize.toolkit.fluxcd.io/reconcile")
_RECREATED: Final = frozenset({"Replace=true", "Force=true"})


def as_told(outcome: Outcome) -> Outcome:
    """An outcome as the object tells its agent to act.

    Hooks of Argo CD and Helm, and what says so to Argo CD or Flux, are made anew: no field of them is fixed. What is
    kept when it goes from the repository is not removed.
    """
    new, old = outcome.change.new, outcome.change.old
    if new is None:
        is_asked = outcome.result in {DryRunResult.REMOVED, DryRunResult.REJECTED} and not outcome.reason
        if old is None or not is_asked or not _is_kept(old.data):
            return outcome
        reason = "it tells its agent to leave it in the cluster when it goes from the repository"
        return replace(outcome, result=DryRunResult.UNCHANGED, problems=(), reason=reason)
    if outcome.result is not DryRunResult.REJECTED or not _is_recreated(new.data):
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
    marks = _marks(data)
    return (
        any(hook in marks for hook in _HOOKS)
        or _options(marks) >= _RECREATED
        or str(marks.get("kustomize.toolkit.fluxcd.io/force") or "").lower() == "enabled"
    )


def _is_kept(data: Mapping[str, Any]) -> bool:
    marks = _marks(data)
    return (
        "Prune=false" in _options(marks)
        or marks.get("helm.sh/resource-policy") == "keep"
        or any(str(marks.get(mark) or "").lower() == "disabled" for mark in _FLUX_KEEPS)
    )


def _options(marks: Mapping[str, Any]) -> set[str]:
    return {option.strip() for option in str(marks.get("argocd.argoproj.io/sync-options") or "").split(",")}


def _marks(data: Mapping[str, Any]) -> dict[str, Any]:
    metadata = data.get("metadata")
    blocks = [metadata.get(block) for block in ("labels", "annotations")] if isinstance(metadata, dict) else []
    return {name: value for block in blocks if isinstance(block, dict) for name, value in block.items()}
