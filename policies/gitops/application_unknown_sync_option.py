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
    sync_option_problem,
)


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
        problem = sync_option_problem(option.text(), known)
        if problem:
            yield Violation(option, problem)
