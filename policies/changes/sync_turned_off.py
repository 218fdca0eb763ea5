"""Built-in policy: sync-turned-off."""

from __future__ import annotations

from gategit.checks.policy.api import Change, Field, Manifest, Violation, Violations, application_spec, policy


@policy(
    level="warning",
    kinds=(
        "argoproj.io/Application",
        "argoproj.io/ApplicationSet",
        "kustomize.toolkit.fluxcd.io/Kustomization",
        "helm.toolkit.fluxcd.io/HelmRelease",
    ),
)
def sync_turned_off(change: Change) -> Violations:
    """A change does not turn off what keeps the cluster like the repository.

    What it asks:
        An Argo CD Application or ApplicationSet that was synced automatically still is, and keeps `prune` and
        `selfHeal`. A Flux Kustomization keeps `prune: true`, a HelmRelease its drift detection.

    Why:
        From then on the repository no longer says what runs. Merged changes do not arrive, what is removed stays, and
        what somebody edits by hand in the cluster is not seen. Turned off for an hour, it is forgotten for a year.

    How to fix:
        Keep it on. For work by hand, exclude the one field or object that is worked on. Where it has to be off, say in
        a waiver until when.

    Fails:
        --- # old
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: shop, namespace: argocd}
        spec: {syncPolicy: {automated: {prune: true, selfHeal: true}}}
        --- # new
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: shop, namespace: argocd}
        spec:
          syncPolicy:
            automated:
              prune: true
              selfHeal: false  # <-

    Fails (no sync at all):
        --- # old
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: shop, namespace: argocd}
        spec: {syncPolicy: {automated: {prune: true}, syncOptions: [CreateNamespace=true]}}
        --- # new
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: shop, namespace: argocd}
        spec:
          syncPolicy:  # <-
            syncOptions: [CreateNamespace=true]

    Passes:
        --- # old
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: shop, namespace: flux-system}
        spec: {path: ./shop, prune: false}
        --- # new
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: shop, namespace: flux-system}
        spec: {path: ./shop, prune: true}

    References:
        https://argo-cd.readthedocs.io/en/stable/user-guide/auto_sync/
        https://fluxcd.io/flux/components/helm/helmreleases/#drift-detection
    """
    old, new = change.old, change.new
    if old is None or new is None or old.get("spec") == new.get("spec"):
        return
    if new.kind == "Kustomization":
        if old.is_true("spec", "prune") and not new.is_true("spec", "prune"):
            yield Violation(new.field("spec", "prune"), f"{new} no longer deletes what is removed (prune)")
    elif new.kind == "HelmRelease":
        mode = new.field("spec", "driftDetection", "mode")
        if old.get("spec", "driftDetection", "mode") == "enabled" and mode.value != "enabled":
            yield Violation(mode, f"{new} no longer corrects what is changed by hand (drift detection)")
    else:
        yield from _argo(application_spec(old).field("syncPolicy"), application_spec(new).field("syncPolicy"), new)


def _argo(old: Field, new: Field, manifest: Manifest) -> Violations:
    if not _is_automated(old):
        return
    if not _is_automated(new):
        yield Violation(new.field("automated"), f"{manifest} is no longer synced automatically")
        return
    for name, what in (("prune", "deletes what is removed"), ("selfHeal", "corrects what is changed by hand")):
        if old.is_true("automated", name) and not new.is_true("automated", name):
            yield Violation(new.field("automated", name), f"{manifest} no longer {what} ({name})")


def _is_automated(sync: Field) -> bool:
    return isinstance(sync.get("automated"), dict) and not sync.is_false("automated", "enabled")
