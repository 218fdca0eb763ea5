"""Built-in policy: cron-job-deadline."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy


@policy(level="note", kinds=("batch/CronJob",))
def cron_job_deadline(manifest: Manifest, *, least: int = 10) -> Violations:
    """A CronJob says how late a run may still start, and allows for more than the controller's own delay.

    What it asks:
        `spec.startingDeadlineSeconds` of a CronJob is set, and is at least 10, or what the parameter says.

    Why:
        Without a deadline a run that was missed, because the cluster was down or the last run was not over, starts
        whenever it can: the nightly job at noon. With one below 10 seconds it may never start, because the controller
        looks every 10 seconds.

    How to fix:
        Set it to the delay after which a run does more harm than good, a few minutes for most.

    Parameters:
        least: the shortest deadline that is let through, in seconds

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

    Fails (shorter than the controller's own delay):
        apiVersion: batch/v1
        kind: CronJob
        metadata: {name: report, namespace: shop}
        spec:
          schedule: "0 3 * * *"
          startingDeadlineSeconds: 5  # <-
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
          startingDeadlineSeconds: 300
          jobTemplate:
            spec:
              template:
                spec:
                  restartPolicy: OnFailure
                  containers:
                    - name: report
                      image: registry.example.com/report:1.4.2

    References:
        https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#starting-deadline
    """
    deadline = manifest.get("spec", "startingDeadlineSeconds")
    if deadline is None:
        problem = "does not say how late a run may still start"
    elif isinstance(deadline, int) and deadline < least:
        problem = f"lets a run start only {deadline} seconds late, less than {least}"
    else:
        return
    yield Violation(manifest.field("spec", "startingDeadlineSeconds"), f"{manifest} {problem}")
