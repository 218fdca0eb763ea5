"""Built-in policy: mass-deletion."""

from __future__ import annotations

from gategit.checks.policy.api import Changes, Violation, Violations, policy


@policy(level="error", kinds=("*",))
def mass_deletion(changes: Changes, *, most: int = 20) -> Violations:
    """A pull request does not remove many objects at once.

    What it asks:
        The pull request removes no more objects than the parameter allows. What moves to another file is not removed,
        and what tells the agent to keep it does not count.

    Why:
        A wrong path, a lost file in a merge, a generator that wrote nothing: each removes everything that it can reach,
        and the agent deletes all of it within a minute.

    How to fix:
        Look whether each object is meant to go. Remove them in smaller steps, or say in a waiver that all of them go.

    Fails:
        --- # parameters
        most: 1
        --- # old
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: web  # <-
          namespace: shop
        ---
        apiVersion: v1
        kind: Service
        metadata:
          name: web
          namespace: shop
        --- # new

    Passes:
        --- # parameters
        most: 1
        --- # old
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: web, namespace: shop}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        --- # new
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}

    Parameters:
        most: how many objects a pull request may remove.

    References:
        https://argo-cd.readthedocs.io/en/stable/user-guide/auto_sync/#automatic-pruning
        https://fluxcd.io/flux/components/kustomize/kustomizations/#prune
    """
    removed = [change for change in changes if change.deleted is not None]
    if len(removed) > most:
        first = removed[0]
        yield Violation(first.manifest, f"the pull request removes {len(removed)} objects, more than {most}", of=first)
