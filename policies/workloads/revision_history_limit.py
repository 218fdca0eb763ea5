"""Built-in policy: revision-history-limit."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy


@policy(level="note", kinds=("apps/Deployment", "apps/StatefulSet", "apps/DaemonSet"))
def revision_history_limit(manifest: Manifest, *, most: int = 10) -> Violations:
    """A workload keeps some old revisions, and not heaps of them.

    What it asks:
        `spec.revisionHistoryLimit` is not 0 and not above 10, or what the parameter says. A field that is absent
        stands for 10.

    Why:
        With no old revision `kubectl rollout undo` has nothing to go back to, in the very hour in which nobody wants
        to wait for a merge. Each old revision is an object in the cluster's store.

    How to fix:
        Set it to 2 or 3: enough to go back, and little to keep. Or remove the field.

    Parameters:
        most: how many old revisions are let through

    Fails:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          revisionHistoryLimit: 0  # <-
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2

    Passes:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          revisionHistoryLimit: 3
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2

    References:
        https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#revision-history-limit
    """
    limit = manifest.get("spec", "revisionHistoryLimit")
    if limit is None or not isinstance(limit, int) or 0 < limit <= most:
        return
    what = f"{limit} old revisions, more than {most}" if limit else "no old revision to go back to"
    yield Violation(manifest.field("spec", "revisionHistoryLimit"), f"{manifest} keeps {what}")
