"""Built-in policy: application-finalizer."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, ParameterError, Violation, Violations, policy

_WORDS = ("required", "forbidden")
_PREFIXES = (
    "resources-finalizer.argocd.argoproj.io",
    "foreground-finalizer.argocd.argoproj.io",
    "background-finalizer.argocd.argoproj.io",
)


@policy(level="note", kinds=("argoproj.io/Application",))
def application_finalizer(manifest: Manifest, *, finalizer: str = "required") -> Violations:
    """An Argo CD Application says whether what it deployed goes with it, as the config asks.

    What it asks:
        `metadata.finalizers` holds `resources-finalizer.argocd.argoproj.io`; or does not, where the parameter forbids
        it. Applications that an ApplicationSet makes are not judged: it gives them the finalizer itself.

    Why:
        With the finalizer, deleting the Application deletes everything that it has deployed. Without it, all of that
        goes on running and nobody manages it any more. Both come as a surprise where it is done differently elsewhere.

    How to fix:
        Add the finalizer to the Applications of a repository that is meant to be the whole truth. Forbid it by the
        parameter where deleting must never reach the workloads.

    Parameters:
        finalizer: whether it is `required` or `forbidden`

    Fails:
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata:  # <-
          name: web
          namespace: argocd
        spec: {project: shop}

    Fails (a cluster where nothing may be deleted):
        --- # new
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata:
          name: web
          namespace: argocd
          finalizers:
            - resources-finalizer.argocd.argoproj.io/background  # <-
        spec: {project: shop}
        --- # parameters
        finalizer: forbidden

    Passes:
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata:
          name: web
          namespace: argocd
          finalizers: [resources-finalizer.argocd.argoproj.io]
        spec: {project: shop}

    References:
        https://argo-cd.readthedocs.io/en/stable/user-guide/app_deletion/
    """
    if finalizer not in _WORDS:
        raise ParameterError("finalizer", f"must be one of {', '.join(_WORDS)}, not {finalizer[:40]}")
    found = [one for one in manifest.items("metadata", "finalizers") if one.text().startswith(_PREFIXES)]
    if finalizer == "forbidden":
        for one in found:
            yield Violation(one, f"deleting {manifest} deletes everything that it has deployed")
    elif not found:
        yield Violation(manifest.field("metadata", "finalizers"), f"deleting {manifest} leaves what it has deployed")
