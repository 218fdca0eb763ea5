"""Built-in policy: prune-turned-on."""

from __future__ import annotations

from gategit.checks.policy.api import APPLICATIONS, Change, Violation, Violations, application_spec, policy

_PRUNE = ("syncPolicy", "automated", "prune")


@policy(level="warning", kinds=APPLICATIONS)
def prune_turned_on(change: Change) -> Violations:
    """A change does not let Argo CD delete what an existing application has left behind, without a look at it.

    What it asks:
        `syncPolicy.automated.prune` of an Application or ApplicationSet that is there already does not become true.
        One that is new may have it from the start.

    Why:
        While pruning was off, everything that went from the repository stayed in the cluster. With the first sync after
        this change Argo CD deletes all of it at once, also what somebody has come to rely on. None of it is in the
        diff.

    How to fix:
        Look at what the application shows as out of sync and to be pruned, remove or mark it by hand
        (`argocd.argoproj.io/sync-options: Prune=false`), and say in a waiver that the rest may go.

    Fails:
        --- # old
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: shop, namespace: argocd}
        spec: {syncPolicy: {automated: {selfHeal: true}}}
        --- # new
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: shop, namespace: argocd}
        spec:
          syncPolicy:
            automated:
              prune: true  # <-
              selfHeal: true

    Passes:
        --- # old
        --- # new
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: shop, namespace: argocd}
        spec: {syncPolicy: {automated: {prune: true}}}

    References:
        https://argo-cd.readthedocs.io/en/stable/user-guide/auto_sync/#automatic-pruning
    """
    if change.old is None or change.new is None:
        return
    prune = application_spec(change.new).field(*_PRUNE)
    if prune.value is True and not application_spec(change.old).is_true(*_PRUNE):
        yield Violation(prune, f"{change.new} will delete everything that has gone from the repository before")
