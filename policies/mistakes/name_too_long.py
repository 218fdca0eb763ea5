"""Built-in policy: name-too-long."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, is_filled_in_later, policy

_LONGEST = {
    "batch/CronJob": 52,
    "apps/StatefulSet": 52,
    "batch/Job": 63,
    "Service": 63,
    "Namespace": 63,
}


@policy(level="error", kinds=tuple(_LONGEST))
def name_too_long(manifest: Manifest) -> Violations:
    """A name leaves room for what Kubernetes appends to it.

    What it asks:
        The name of a CronJob or a StatefulSet has at most 52 characters, that of a Job, a Service or a Namespace at
        most 63.

    Why:
        The API server refuses the longer names of most of these kinds. A StatefulSet with a longer name is taken, and
        never gets a pod: the label that its pods carry, its name and a hash, is longer than a label may be.

    How to fix:
        Shorten the name; the namespace need not be repeated in it.

    Fails:
        apiVersion: batch/v1
        kind: CronJob
        metadata:
          name: shop-database-backup-to-object-store-every-night-at-three  # <-

    Passes:
        apiVersion: batch/v1
        kind: CronJob
        metadata:
          name: database-backup

    References:
        https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax
        https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
    """
    name = manifest.name
    longest = _LONGEST[manifest.group_kind]
    if len(name) > longest and not is_filled_in_later(name):
        problem = f"the name of {manifest} has {len(name)} characters; a {manifest.kind} may have {longest}"
        yield Violation(manifest.field("metadata", "name"), problem)
