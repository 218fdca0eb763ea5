"""Built-in policy: crd-removed."""

from __future__ import annotations

from gategit.checks.policy.api import Change, Violation, Violations, policy


@policy(level="error", kinds=("apiextensions.k8s.io/CustomResourceDefinition",))
def crd_removed(change: Change) -> Violations:
    """A change does not remove a CustomResourceDefinition.

    What it asks:
        No CustomResourceDefinition is removed from the repository. One that tells the agent to keep it
        (`argocd.argoproj.io/sync-options: Prune=false`, `kustomize.toolkit.fluxcd.io/prune: disabled`,
        `helm.sh/resource-policy: keep`) may go.

    Why:
        When the agent deletes a definition, the cluster deletes every object of its kind, in all namespaces, also
        those that other teams and repositories have made. Controllers then delete what stands behind those objects.

    How to fix:
        Keep the definition. If nothing uses it any more, make sure that the cluster holds no object of its kind, and
        remove it in a pull request of its own with a waiver. If something else installs it from now on, mark it to be
        kept by the agent in one pull request, and remove it in the next.

    Fails:
        --- # old
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata:
          name: databases.example.com  # <-
        spec: {group: example.com, names: {kind: Database, plural: databases}, scope: Namespaced, versions: []}
        --- # new

    Passes:
        --- # old
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata:
          name: databases.example.com
          annotations:
            argocd.argoproj.io/sync-options: Prune=false
        spec: {group: example.com, names: {kind: Database, plural: databases}, scope: Namespaced, versions: []}
        --- # new

    References:
        https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#delete-a-customresourcedefinition
    """
    old = change.deleted
    if old is not None:
        kind = old.text("spec", "names", "kind") or old.name
        yield Violation(old, f"the change removes {old}, and with it every {kind} in the cluster")
