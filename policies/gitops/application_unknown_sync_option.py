"""Built-in policy: application-unknown-sync-option."""

from __future__ import annotations

from gategit.checks.policy.api import (
    APPLICATIONS,
    Manifest,
    Violation,
    Violations,
    application_spec,
    is_filled_in_later,
    policy,
)

_YES_OR_NO = ("true", "false")
_OPTIONS: dict[str, tuple[str, ...]] = {
    "ApplyOutOfSyncOnly": _YES_OR_NO,
    "ClientSideApplyMigration": _YES_OR_NO,
    "CreateNamespace": _YES_OR_NO,
    "Delete": (*_YES_OR_NO, "confirm"),
    "FailOnSharedResource": _YES_OR_NO,
    "Force": _YES_OR_NO,
    "Prune": (*_YES_OR_NO, "confirm"),
    "PruneLast": _YES_OR_NO,
    "PrunePropagationPolicy": ("foreground", "background", "orphan"),
    "Replace": _YES_OR_NO,
    "RespectIgnoreDifferences": _YES_OR_NO,
    "ServerSideApply": _YES_OR_NO,
    "SkipDryRunOnMissingResource": _YES_OR_NO,
    "Validate": _YES_OR_NO,
}
_IN_SMALL_LETTERS = {name.lower(): name for name in _OPTIONS}


@policy(level="warning", kinds=APPLICATIONS)
def application_unknown_sync_option(manifest: Manifest, *, known: tuple[str, ...] = ()) -> Violations:
    """The sync options of an Argo CD Application are options that Argo CD knows.

    What it asks:
        Each of `spec.syncPolicy.syncOptions` is a text `Option=value` with the name of an option, in its exact
        letters, and a value that it takes.

    Why:
        Argo CD compares the whole text and ignores what it does not know. A misspelt `CreateNamespace=True` creates no
        namespace, a misspelt `Prune=False` prunes, and nothing says so.

    How to fix:
        Write the option as the documentation does: `CreateNamespace=true`, without spaces. If it is newer than this
        rule, name it in the parameter `known`.

    Parameters:
        known: names of further options, such as those of a newer Argo CD

    Fails:
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: web, namespace: argocd}
        spec:
          project: shop
          syncPolicy:
            syncOptions:
              - CreateNamespace=True  # <-
              - pruneLast=true  # <-
              - Replace  # <-
              - PrunePropagationPolicy=foreground

    Fails (a mapping instead of a text):
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: web, namespace: argocd}
        spec:
          project: shop
          syncPolicy:
            syncOptions:
              - CreateNamespace: true  # <-

    Passes:
        --- # new
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: web, namespace: argocd}
        spec:
          project: shop
          syncPolicy:
            syncOptions:
              - CreateNamespace=true
              - SyncTwice=true
        --- # parameters
        known: [SyncTwice]

    References:
        https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/
    """
    for option in application_spec(manifest).items("syncPolicy", "syncOptions"):
        if is_filled_in_later(option.value):
            continue
        text = option.text()
        name, _, value = text.partition("=")
        if value and (name in known or value in _OPTIONS.get(name, ())):
            continue
        yield Violation(option, _problem(text, name, value))


def _problem(text: str, name: str, value: str) -> str:
    if not text:
        return "a sync option must be a text such as CreateNamespace=true"
    meant = _IN_SMALL_LETTERS.get(name.strip().lower(), "")
    if not meant:
        return f"Argo CD knows no sync option {name[:60]}"
    if name != meant:
        return f"Argo CD ignores the sync option {name[:60]}; it is written {meant}"
    values = ", ".join(_OPTIONS[meant])
    return f"the sync option {meant} must have one of the values {values}, not {value[:60] or 'none'}"
