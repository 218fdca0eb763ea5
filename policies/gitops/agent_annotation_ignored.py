"""Built-in policy: agent-annotation-ignored."""

from __future__ import annotations

import re

from gategit.checks.policy.api import Manifest, Violation, Violations, is_filled_in_later, policy, sync_option_problem

_NUMBER = re.compile(r"[+-]?[0-9]+")
_FLUX = {
    "kustomize.toolkit.fluxcd.io/prune": ("disabled", "enabled", "true"),
    "kustomize.toolkit.fluxcd.io/reconcile": ("disabled", "enabled", "true"),
    "kustomize.toolkit.fluxcd.io/substitute": ("disabled", "enabled", "true"),
    "kustomize.toolkit.fluxcd.io/force": ("enabled", "disabled", "false"),
    "kustomize.toolkit.fluxcd.io/ssa": ("override", "merge", "ifnotpresent", "ignore"),
}  # what Flux understands, and what it ignores but does anyway
_SAYS = {"force": "enabled", "ssa": "Override, Merge, IfNotPresent and Ignore"}
_ARGO_LISTS = {
    "argocd.argoproj.io/hook": ("PreSync", "Sync", "Skip", "PostSync", "SyncFail", "PreDelete", "PostDelete"),
    "argocd.argoproj.io/hook-delete-policy": ("HookSucceeded", "HookFailed", "BeforeHookCreation"),
}
_SYNC_OPTIONS = "argocd.argoproj.io/sync-options"
_SYNC_WAVE = "argocd.argoproj.io/sync-wave"
_KEYS = frozenset({*_FLUX, *_ARGO_LISTS, _SYNC_OPTIONS, _SYNC_WAVE})


@policy(level="warning", kinds=("*",))
def agent_annotation_ignored(manifest: Manifest, *, known: tuple[str, ...] = ()) -> Violations:
    """What an annotation tells Argo CD or Flux is something that they understand.

    What it asks:
        The values of Argo CD's `sync-options`, `sync-wave`, `hook` and `hook-delete-policy`, and of Flux's `prune`,
        `reconcile`, `substitute`, `force` and `ssa`, are among those that the agent knows. Flux takes its own from
        labels too.

    Why:
        The agent ignores a value that it does not know and says nothing. `kustomize.toolkit.fluxcd.io/prune: "false"`
        looks as if the object were kept; Flux knows only `disabled`, and deletes it.

    How to fix:
        Write the value as the agent's documentation does. If it is newer than this rule, name it in the parameter
        `known`.

    Parameters:
        known: further values that the agent knows, and names of further sync options

    Fails:
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata:
          name: data
          annotations:
            kustomize.toolkit.fluxcd.io/prune: "false"  # <-

    Fails (Argo CD):
        apiVersion: batch/v1
        kind: Job
        metadata:
          name: migrate
          annotations:
            argocd.argoproj.io/hook: pre-sync  # <-
            argocd.argoproj.io/hook-delete-policy: HookSucceeded
            argocd.argoproj.io/sync-wave: first  # <-
            argocd.argoproj.io/sync-options: Prune=False, Force=true  # <-

    Passes:
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata:
          name: data
          annotations:
            kustomize.toolkit.fluxcd.io/prune: disabled
            argocd.argoproj.io/sync-options: Prune=false,Delete=false
            argocd.argoproj.io/sync-wave: "-1"

    References:
        https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/
        https://argo-cd.readthedocs.io/en/stable/user-guide/sync-waves/
        https://fluxcd.io/flux/components/kustomize/kustomizations/#controlling-the-apply-behavior-of-resources
    """
    for holder in ("annotations", "labels"):
        values = manifest.get("metadata", holder)
        if not isinstance(values, dict):
            continue
        for key in sorted(_KEYS.intersection(values)):
            value = values[key]
            if not isinstance(value, str) or value in known or is_filled_in_later(value):
                continue
            problem = _of_flux(key, value) if key in _FLUX else ""
            if holder == "annotations" and not problem:
                problem = _of_argo(key, value, known)
            if problem:
                yield Violation(manifest.field("metadata", holder, key), problem)


def _of_flux(key: str, value: str) -> str:
    """Why Flux ignores a value, "" where it does not; large and small letters are the same to it."""
    if value.lower() in _FLUX[key]:
        return ""
    name = key.rpartition("/")[2]
    return f"Flux ignores {name}: {value[:60] or 'nothing'}; it knows {_SAYS.get(name, 'disabled')}"


def _of_argo(key: str, value: str, known: tuple[str, ...]) -> str:
    """Why Argo CD ignores a value, "" where it does not."""
    if key == _SYNC_WAVE:
        return (
            "" if _NUMBER.fullmatch(value) else f"Argo CD ignores the sync wave {value[:60]}; it must be a whole number"
        )
    if key == _SYNC_OPTIONS:
        options = [option.strip() for option in value.split(",")]
        return next((problem for one in options if one and (problem := sync_option_problem(one, known))), "")
    if key in _ARGO_LISTS:
        wrong = [one.strip() for one in value.split(",") if one.strip() not in (*_ARGO_LISTS[key], *known)]
        if wrong:
            return f"Argo CD knows no {key.rpartition('/')[2]} {wrong[0][:60] or '(nothing)'}"
    return ""
