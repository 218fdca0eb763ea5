"""Built-in policy: applicationset-deletes-applications."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy


@policy(level="note", kinds=("argoproj.io/ApplicationSet",))
def applicationset_deletes_applications(manifest: Manifest) -> Violations:
    """An Argo CD ApplicationSet does not delete what runs when a generator finds less.

    What it asks:
        `spec.syncPolicy.applicationsSync` is `create-only` or `create-update`, or
        `spec.syncPolicy.preserveResourcesOnDeletion` is true.

    Why:
        What a generator does not find any more is deleted, with all that it has deployed. A renamed folder, a label
        taken from a cluster or an empty answer of the Git host is enough; and so is deleting the ApplicationSet.

    How to fix:
        Set `preserveResourcesOnDeletion: true`; or set `applicationsSync: create-update`, and delete Applications
        on purpose.

    Fails:
        apiVersion: argoproj.io/v1alpha1
        kind: ApplicationSet
        metadata: {name: apps, namespace: argocd}
        spec:  # <-
          generators:
            - clusters: {}

    Passes:
        apiVersion: argoproj.io/v1alpha1
        kind: ApplicationSet
        metadata: {name: apps, namespace: argocd}
        spec:
          syncPolicy:
            preserveResourcesOnDeletion: true
          generators:
            - clusters: {}

    References:
        https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Controlling-Resource-Modification/
    """
    policy_field = manifest.field("spec", "syncPolicy")
    if policy_field.is_true("preserveResourcesOnDeletion"):
        return
    if policy_field.get("applicationsSync") not in ("create-only", "create-update"):
        yield Violation(policy_field, f"{manifest} deletes what its generators do not find any more")
