"""Built-in policy: namespace-changed."""

from __future__ import annotations

from gategit.checks.policy.api import POD_CONTROLLERS, Change, Changes, Violation, Violations, policy


@policy(
    level="warning",
    kinds=(*POD_CONTROLLERS, "PersistentVolumeClaim", "Service", "networking.k8s.io/Ingress"),
)
def namespace_changed(changes: Changes) -> Violations:
    """A change does not move an object to another namespace.

    What it asks:
        No workload, claim, Service or Ingress is removed from one namespace and added to another under the same name in
        one pull request.

    Why:
        In the diff it is one word. To the cluster it is a deletion and a new object: the volumes stay behind or are
        deleted, the address changes, Secrets and rights are not there, and nothing waits until the new one runs.

    How to fix:
        Add the object to the new namespace, with all that it needs, move its data and its callers, and remove the old
        one in a later pull request.

    Fails:
        --- # old
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        --- # new
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
          namespace: store  # <-

    Passes:
        --- # old
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        --- # new
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: store}

    References:
        https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/
    """
    removed: dict[tuple[str, str], str] = {}
    added: list[Change] = []
    for change in changes:
        manifest = change.manifest
        if change.deleted is not None and manifest.namespace:
            removed[manifest.group_kind, manifest.name] = manifest.namespace
        elif change.old is None and manifest.namespace:
            added.append(change)
    for change in added:
        manifest = change.manifest
        before = removed.get((manifest.group_kind, manifest.name))
        if before and before != manifest.namespace:
            where = manifest.field("metadata", "namespace")
            message = f"{manifest} moves from the namespace {before} to {manifest.namespace}"
            yield Violation(where, message, of=change)
