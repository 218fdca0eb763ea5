"""Built-in policy: application-removed."""

from __future__ import annotations

from gategit.checks.policy.api import Change, Manifest, Violation, Violations, policy

_CASCADE = "resources-finalizer.argocd.argoproj.io"


@policy(
    level="error",
    kinds=(
        "kustomize.toolkit.fluxcd.io/Kustomization",
        "helm.toolkit.fluxcd.io/HelmRelease",
        "argoproj.io/Application",
        "argoproj.io/ApplicationSet",
    ),
)
def application_removed(change: Change) -> Violations:
    """A change does not remove what the agent deploys other objects from.

    What it asks:
        No Flux Kustomization that prunes, no HelmRelease, no Argo CD Application with the finalizer
        `resources-finalizer.argocd.argoproj.io` and no ApplicationSet is removed. One that is suspended, that leaves
        its objects behind (`deletionPolicy: Orphan`, `preserveResourcesOnDeletion: true`), that keeps its Applications
        (`applicationsSync: create-update` or `create-only`), or that tells the agent to keep it, may go.

    Why:
        The diff removes one object; the agent deletes everything that was deployed from it: namespaces, volume claims,
        definitions. None of that is in the diff.

    How to fix:
        To move what it deploys, first turn its pruning off, deploy the objects from the new place, and remove it then.
        To retire it, look at what it deploys, and say in a waiver that all of it may go.

    Fails:
        --- # old
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata:
          name: shop  # <-
          namespace: flux-system
        spec: {path: ./shop, prune: true}
        --- # new

    Fails (Argo CD):
        --- # old
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata:
          name: shop  # <-
          namespace: argocd
          finalizers: [resources-finalizer.argocd.argoproj.io]
        spec: {destination: {namespace: shop}}
        --- # new

    Passes:
        --- # old
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: shop, namespace: flux-system}
        spec: {path: ./shop, prune: false}
        ---
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: shop, namespace: argocd}
        spec: {destination: {namespace: shop}}
        --- # new

    References:
        https://fluxcd.io/flux/components/kustomize/kustomizations/#deletion-policy
        https://argo-cd.readthedocs.io/en/stable/user-guide/app_deletion/
        https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Application-Deletion/
    """
    old = change.deleted
    if old is not None and _deletes(old):
        yield Violation(old, f"the change removes {old}, and with it everything that is deployed from it")


def _deletes(manifest: Manifest) -> bool:
    """Whether what was deployed from the object goes with it."""
    if manifest.kind == "Application":
        return any(one.text().startswith(_CASCADE) for one in manifest.items("metadata", "finalizers"))
    if manifest.kind == "ApplicationSet":
        if manifest.text("spec", "syncPolicy", "applicationsSync") in {"create-only", "create-update"}:
            return False
        return not manifest.is_true("spec", "syncPolicy", "preserveResourcesOnDeletion")
    if manifest.is_true("spec", "suspend"):
        return False
    if manifest.kind == "HelmRelease":
        return True
    policy_name = manifest.text("spec", "deletionPolicy") or "MirrorPrune"
    return policy_name != "Orphan" and (policy_name != "MirrorPrune" or manifest.is_true("spec", "prune"))
