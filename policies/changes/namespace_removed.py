"""Built-in policy: namespace-removed."""

from __future__ import annotations

from gategit.checks.policy.api import Change, Violation, Violations, policy


@policy(level="error", kinds=("Namespace",))
def namespace_removed(change: Change) -> Violations:
    """A change does not remove a Namespace.

    What it asks:
        No Namespace is removed from the repository. One that tells the agent to keep it
        (`argocd.argoproj.io/sync-options: Prune=false`, `kustomize.toolkit.fluxcd.io/prune: disabled`,
        `helm.sh/resource-policy: keep`) may go. To rename a Namespace is to remove it.

    Why:
        When the agent deletes a Namespace, the cluster deletes everything in it: workloads, volume claims, Secrets,
        and also what was never in the repository. Nothing brings that back.

    How to fix:
        Keep the Namespace. If it has to go: first remove what is in it, look at what is left in the cluster, and
        remove the Namespace in a pull request of its own with a waiver.

    Fails:
        --- # old
        apiVersion: v1
        kind: Namespace
        metadata:
          name: shop  # <-
        --- # new

    Fails (renamed):
        --- # old
        apiVersion: v1
        kind: Namespace
        metadata:
          name: shop  # <-
        --- # new
        apiVersion: v1
        kind: Namespace
        metadata:
          name: webshop

    Passes:
        --- # old
        apiVersion: v1
        kind: Namespace
        metadata:
          name: shop
          annotations:
            kustomize.toolkit.fluxcd.io/prune: disabled
        --- # new

    Passes (moved to another file):
        --- # old apps/shop.yaml
        apiVersion: v1
        kind: Namespace
        metadata:
          name: shop
        --- # new namespaces/shop.yaml
        apiVersion: v1
        kind: Namespace
        metadata:
          name: shop

    References:
        https://kubernetes.io/docs/tasks/administer-cluster/namespaces/#deleting-a-namespace
    """
    old = change.deleted
    if old is not None:
        yield Violation(old, f"the change removes {old}, and with it everything in it")
