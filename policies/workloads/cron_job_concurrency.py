"""Built-in policy: cron-job-concurrency."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy


@policy(level="note", kinds=("batch/CronJob",))
def cron_job_concurrency(manifest: Manifest) -> Violations:
    """A CronJob says what happens when its last run is not over yet.

    What it asks:
        `spec.concurrencyPolicy` of a CronJob is set: to `Forbid`, to `Replace`, or to `Allow` where runs beside each
        other are meant.

    Why:
        Without it runs are started beside each other. A job that gets slower than its schedule then piles up, until
        the node, the database behind it or the quota gives way.

    How to fix:
        Set `concurrencyPolicy: Forbid` to skip a run, `Replace` to end the last one, or write `Allow` down.

    Fails:
        apiVersion: batch/v1
        kind: CronJob
        metadata: {name: report, namespace: shop}
        spec:  # <-
          schedule: "0 3 * * *"
          jobTemplate:
            spec:
              template:
                spec:
                  restartPolicy: OnFailure
                  containers:
                    - name: report
                      image: registry.example.com/report:1.4.2

    Passes:
        apiVersion: batch/v1
        kind: CronJob
        metadata: {name: report, namespace: shop}
        spec:
          schedule: "0 3 * * *"
          concurrencyPolicy: Forbid
          jobTemplate:
            spec:
              template:
                spec:
                  restartPolicy: OnFailure
                  containers:
                    - name: report
                      image: registry.example.com/report:1.4.2

    References:
        https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#concurrency-policy
    """
    if manifest.get("spec", "concurrencyPolicy") is None:
        where = manifest.field("spec", "concurrencyPolicy")
        yield Violation(where, f"{manifest} does not say what happens when its last run is not over yet")
