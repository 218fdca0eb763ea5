"""Built-in policy: workload-removed."""

from __future__ import annotations

from gategit.checks.policy.api import Change, Violation, Violations, policy


@policy(level="note", kinds=("apps/Deployment", "apps/StatefulSet", "apps/DaemonSet", "batch/CronJob"))
def workload_removed(change: Change) -> Violations:
    """A change that removes a workload says so to its readers.

    What it asks:
        No Deployment, StatefulSet, DaemonSet or CronJob is removed, unless it tells the agent to keep it. To rename one
        is to remove it.

    Why:
        A removed file is easy to overlook at the end of a long diff, and a lost line of a merge removes a document
        without a trace. The agent ends the pods within seconds.

    How to fix:
        Look whether the workload is meant to go. This is a reminder: it blocks only where the config gives it a higher
        level.

    Fails:
        --- # old
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web  # <-
          namespace: shop
        --- # new

    Passes:
        --- # old apps/web.yaml
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        --- # new shop/web.yaml
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}

    References:
        https://kubernetes.io/docs/concepts/workloads/
    """
    old = change.deleted
    if old is not None:
        yield Violation(old, f"the change removes {old}")
