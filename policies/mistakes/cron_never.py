"""Built-in policy: cron-never."""

from __future__ import annotations

from gategit.checks.policy.api import CronError, Manifest, Violation, Violations, is_filled_in_later, parse_cron, policy


@policy(level="error", kinds=("batch/CronJob", "velero.io/Schedule"))
def cron_never(cron_job: Manifest) -> Violations:
    """A schedule of a CronJob or of Velero can be read, and comes.

    What it asks:
        `spec.schedule` has five fields (or is `@daily` and its like) with values in their ranges, and there is a day
        on which it runs: 30 February is none. The day of the week goes from 0 (Sunday) to 6: 7 is refused. A time
        zone belongs into `spec.timeZone` of a CronJob; Velero takes one in front of the schedule.

    Why:
        The API server refuses a schedule that it cannot read, and the agent's sync stops there. One that never comes is
        taken, and the backup that it was for is never made.

    How to fix:
        Correct the field that the message names. The fields are minute, hour, day of the month, month, day of the week.

    Fails:
        apiVersion: batch/v1
        kind: CronJob
        metadata: {name: backup, namespace: shop}
        spec:
          schedule: "0 3 31 2,4 *"  # <-

    Fails (no such day):
        apiVersion: batch/v1
        kind: CronJob
        metadata: {name: backup, namespace: shop}
        spec:
          schedule: "0 3 * * 7"  # <-

    Fails (Velero):
        apiVersion: velero.io/v1
        kind: Schedule
        metadata: {name: daily, namespace: velero}
        spec:
          schedule: "0 0 3 * * *"  # <-

    Passes:
        apiVersion: batch/v1
        kind: CronJob
        metadata: {name: backup, namespace: shop}
        spec:
          schedule: "0 3 * * 0"
          timeZone: Europe/Berlin

    References:
        https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax
    """
    schedule = cron_job.text("spec", "schedule")
    if not schedule or is_filled_in_later(schedule):
        return
    if cron_job.kind == "Schedule" and schedule.startswith(("CRON_TZ=", "TZ=")):
        schedule = schedule.partition(" ")[2]
    try:
        cron = parse_cron(schedule)
    except CronError as error:
        yield Violation(cron_job.field("spec", "schedule"), f"the schedule of {cron_job} cannot be read: {error}")
        return
    if cron is not None and not cron.ever_comes:
        yield Violation(cron_job.field("spec", "schedule"), f"the schedule of {cron_job} never comes: no such day")
