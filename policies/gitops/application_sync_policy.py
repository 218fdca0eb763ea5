"""Built-in policy: application-sync-policy."""

from __future__ import annotations

from gategit.checks.policy.api import (
    APPLICATIONS,
    Field,
    Manifest,
    ParameterError,
    Violation,
    Violations,
    application_spec,
    policy,
)

_WORDS = ("required", "forbidden", "any")


@policy(level="warning", kinds=APPLICATIONS)
def application_sync_policy(
    manifest: Manifest, *, automated: str = "required", prune: str = "required", self_heal: str = "required"
) -> Violations:
    """An Argo CD Application is synced by itself, prunes and heals, as the config asks.

    What it asks:
        `spec.syncPolicy.automated` is set, and in it `prune` and `selfHeal` are true. Each of the three can be
        required, forbidden, or left open. `automated: {enabled: false}` counts as not automated.

    Why:
        Without automated sync a merge changes nothing until somebody presses a button. Without `prune`, what is
        deleted in Git goes on running. Without `selfHeal`, a change by hand in the cluster stays. In each case the
        branch and the cluster are no longer the same.

    How to fix:
        Set `automated: {prune: true, selfHeal: true}` in `spec.syncPolicy`. Where a cluster is synced by hand on
        purpose, set the parameters for it.

    Parameters:
        automated: whether automated sync is `required`, `forbidden` or `any`
        prune: the same for `prune`; it is asked only where sync is automated
        self_heal: the same for `selfHeal`; it is asked only where sync is automated

    Fails:
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: web, namespace: argocd}
        spec:
          project: shop
          syncPolicy:
            automated:  # <-
              prune: true

    Fails (not automated):
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: web, namespace: argocd}
        spec:
          project: shop
          syncPolicy:  # <-
            syncOptions: [CreateNamespace=true]

    Fails (a cluster that is synced by hand):
        --- # new
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: web, namespace: argocd}
        spec:
          project: shop
          syncPolicy:
            automated:  # <-
              prune: false
        --- # parameters
        automated: forbidden

    Passes:
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: web, namespace: argocd}
        spec:
          project: shop
          syncPolicy:
            automated:
              prune: true
              selfHeal: true

    References:
        https://argo-cd.readthedocs.io/en/stable/user-guide/auto_sync/
    """
    for name, word in (("automated", automated), ("prune", prune), ("self_heal", self_heal)):
        if word not in _WORDS:
            raise ParameterError(name, f"must be one of {', '.join(_WORDS)}, not {word[:40]}")
    spec = application_spec(manifest)
    if not spec:
        return
    field = spec.field("syncPolicy", "automated")
    is_on = isinstance(field.value, dict) and not field.is_false("enabled")
    if is_on and automated == "forbidden":
        yield Violation(field, f"{manifest} is synced automatically")
    elif not is_on and automated == "required":
        yield Violation(field, f"{manifest} is not synced automatically, so a merge alone changes nothing")
    elif is_on:
        yield from _asked(manifest, field, "prune", prune)
        yield from _asked(manifest, field, "selfHeal", self_heal)


def _asked(manifest: Manifest, automated: Field, name: str, word: str) -> Violations:
    is_on = automated.is_true(name)
    if is_on and word == "forbidden":
        yield Violation(automated.field(name), f"{manifest} is synced with {name}")
    elif not is_on and word == "required":
        yield Violation(automated.field(name), f"{manifest} is synced without {name}")
