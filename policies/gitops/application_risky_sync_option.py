"""Built-in policy: application-risky-sync-option."""

from __future__ import annotations

from gategit.checks.policy.api import APPLICATIONS, Manifest, Violation, Violations, application_spec, policy

_RISKS = {
    "Replace=true": "objects are replaced, so what others have set in them is lost",
    "Force=true": "objects are deleted and made anew where they cannot be updated",
    "Validate=false": "objects are applied without validation, and misspelt fields are dropped",
}


@policy(level="warning", kinds=APPLICATIONS)
def application_risky_sync_option(manifest: Manifest, *, allowed: tuple[str, ...] = ()) -> Violations:
    """An Argo CD Application does not replace, force or skip validation for everything that it deploys.

    What it asks:
        `spec.syncPolicy.syncOptions` holds none of `Replace=true`, `Force=true` and `Validate=false`. The same
        options on single objects, in the annotation `argocd.argoproj.io/sync-options`, are not judged here.

    Why:
        Set for the whole Application, they hit every object in it: `Force` deletes a workload, and its pods, to make
        it anew; `Replace` overwrites what autoscalers and operators have set; without validation a typing error is
        dropped silently.

    How to fix:
        Set the option on the one object that needs it, as an annotation. For objects that are too large to apply,
        use `ServerSideApply=true`.

    Parameters:
        allowed: options that are let through, such as `Replace=true`

    Fails:
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: web, namespace: argocd}
        spec:
          project: shop
          syncPolicy:
            syncOptions:
              - CreateNamespace=true
              - Replace=true  # <-

    Passes:
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: web, namespace: argocd}
        spec:
          project: shop
          syncPolicy:
            syncOptions:
              - CreateNamespace=true
              - ServerSideApply=true

    References:
        https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/
    """
    for option in application_spec(manifest).items("syncPolicy", "syncOptions"):
        text = option.text().strip()
        if text in _RISKS and text not in allowed:
            yield Violation(option, f"with {text} {_RISKS[text]}")
