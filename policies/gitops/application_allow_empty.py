"""Built-in policy: application-allow-empty."""

from __future__ import annotations

from gategit.checks.policy.api import APPLICATIONS, Manifest, Violation, Violations, application_spec, policy


@policy(level="warning", kinds=APPLICATIONS)
def application_allow_empty(manifest: Manifest) -> Violations:
    """An Argo CD Application that prunes is not allowed to become empty.

    What it asks:
        `spec.syncPolicy.automated.allowEmpty` is not true where `prune` is.

    Why:
        A wrong path, a broken template or an emptied folder renders to nothing. Argo CD then refuses to delete all
        that the Application has deployed, unless `allowEmpty` takes this last guard away.

    How to fix:
        Take `allowEmpty` out. To empty an Application on purpose, delete the Application.

    Fails:
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: web, namespace: argocd}
        spec:
          project: shop
          syncPolicy:
            automated:
              prune: true
              allowEmpty: true  # <-

    Passes:
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: web, namespace: argocd}
        spec:
          project: shop
          syncPolicy:
            automated:
              prune: true

    References:
        https://argo-cd.readthedocs.io/en/stable/user-guide/auto_sync/#automatic-pruning-with-allow-empty-v18
    """
    automated = application_spec(manifest).field("syncPolicy", "automated")
    if automated.is_true("allowEmpty") and automated.is_true("prune"):
        yield Violation(automated.field("allowEmpty"), f"{manifest} may delete everything that it has deployed")
