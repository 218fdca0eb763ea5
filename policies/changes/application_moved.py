"""Built-in policy: application-moved."""

from __future__ import annotations

from gategit.checks.policy.api import (
    Change,
    Field,
    Manifest,
    PullRequest,
    Violation,
    Violations,
    is_filled_in_later,
    policy,
)

_FLUX = (
    ("spec", "path"),
    ("spec", "targetNamespace"),
    ("spec", "namePrefix"),
    ("spec", "nameSuffix"),
    ("spec", "sourceRef", "kind"),
    ("spec", "sourceRef", "name"),
)
_HELM = (
    ("spec", "releaseName"),
    ("spec", "targetNamespace"),
    ("spec", "storageNamespace"),
    ("spec", "chart", "spec", "chart"),
)
_ARGO = (
    ("spec", "source", "path"),
    ("spec", "source", "repoURL"),
    ("spec", "source", "chart"),
    ("spec", "destination", "namespace"),
    ("spec", "destination", "server"),
    ("spec", "destination", "name"),
)


@policy(
    level="warning",
    kinds=(
        "kustomize.toolkit.fluxcd.io/Kustomization",
        "helm.toolkit.fluxcd.io/HelmRelease",
        "argoproj.io/Application",
    ),
)
def application_moved(change: Change, request: PullRequest) -> Violations:
    """A change does not point what the agent deploys at another source or place.

    What it asks:
        `path`, `sourceRef`, `targetNamespace` and the name prefixes of a Flux Kustomization that prunes stay as they
        are, and so do the release name, namespaces and chart of a HelmRelease, and the source and destination of an
        Argo CD Application. Versions may change. Only what was set before is compared. A path whose folder moves in the
        same pull request, with all files that it loses, passes.

    Why:
        What the new source does not declare under the same names is deleted, and in another namespace or cluster all
        of it is made anew, beside the old one or in its stead. The diff shows one word.

    How to fix:
        Compare what the old and the new place declare. Turn pruning off for the move, and on again when everything is
        as it should be; or say in a waiver that the objects are the same.

    Fails:
        --- # old
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: shop, namespace: flux-system}
        spec: {path: ./apps/shop, prune: true}
        --- # new
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: shop, namespace: flux-system}
        spec:
          path: ./apps  # <-
          prune: true

    Fails (another namespace):
        --- # old
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: shop, namespace: argocd}
        spec: {destination: {namespace: shop}}
        --- # new
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: shop, namespace: argocd}
        spec:
          destination:
            namespace: store  # <-

    Passes (the folder moves as well):
        --- # pull request
        changed_files: [cluster/shop.yaml, apps/shop/web.yaml, apps/store/web.yaml]
        --- # old
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: shop, namespace: flux-system}
        spec: {path: ./apps/shop, prune: true}
        --- # new
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: shop, namespace: flux-system}
        spec: {path: ./apps/store, prune: true}

    Passes:
        --- # old
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: shop, namespace: flux-system}
        spec: {path: ./apps/shop, prune: true, interval: 10m}
        --- # new
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: shop, namespace: flux-system}
        spec: {path: apps/shop/, prune: true, interval: 1h}

    References:
        https://fluxcd.io/flux/components/kustomize/kustomizations/#prune
        https://argo-cd.readthedocs.io/en/stable/user-guide/auto_sync/#automatic-pruning
    """
    old, new = change.old, change.new
    if old is None or new is None or old.get("spec") == new.get("spec"):
        return
    for path in _fields(new):
        field = new.field(*path)
        before, after = _place(old.field(*path)), _place(field)
        if not before or before == after or is_filled_in_later(before + after):
            continue
        if path[-1] != "path" or not _has_moved(before, after, request.changed_files):
            yield Violation(field, f"{'.'.join(path[1:])} of {new} changes from {before} to {after or 'nothing'}")


def _fields(manifest: Manifest) -> tuple[tuple[str, ...], ...]:
    if manifest.kind == "Kustomization":
        return _FLUX if manifest.is_true("spec", "prune") else ()
    return _HELM if manifest.kind == "HelmRelease" else _ARGO


def _place(field: Field) -> str:
    """A path or name without what says nothing; of a chart in a folder, its name."""
    text = field.text()
    if field.path[-1] == "chart":
        return text.rstrip("/").rpartition("/")[2]
    return text.removeprefix("./").rstrip("/") or text if field.path[-1] == "path" else text


def _has_moved(before: str, after: str, files: tuple[str, ...]) -> bool:
    """Whether every file that changes in the one folder changes in the other too: the one is emptied into the other."""
    lost = {file[len(before) + 1 :] for file in files if file.startswith(f"{before}/")}
    return bool(lost) and lost <= {file[len(after) + 1 :] for file in files if file.startswith(f"{after}/")}
