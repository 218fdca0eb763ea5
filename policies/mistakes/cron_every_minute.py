"""Built-in policy: cron-every-minute."""

from __future__ import annotations

from gategit.checks.policy.api import CronError, Manifest, Violation, Violations, parse_cron, policy


@policy(level="warning", kinds=("batch/CronJob",))
def cron_every_minute(cron_job: Manifest) -> Violations:
    """A schedule with chosen hours does not run in each of their minutes.

    What it asks:
        Where the hour of `spec.schedule` is chosen (`3`, `8-18`), or the day is, the minute is chosen too. A schedule
        that is meant to run every minute of every day (`* * * * *`) passes.

    Why:
        `* 3 * * *` looks like once at three o'clock, and runs sixty times. A backup then starts each minute over the
        one before.

    How to fix:
        Write the minute as well: `0 3 * * *` runs once, at three o'clock.

    Fails:
        apiVersion: batch/v1
        kind: CronJob
        metadata: {name: backup, namespace: shop}
        spec:
          schedule: "* 3 * * *"  # <-

    Passes:
        apiVersion: batch/v1
        kind: CronJob
        metadata: {name: backup, namespace: shop}
        spec:
          schedule: "*/10 3 * * *"

    References:
        https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax
    """
    schedule = cron_job.text("spec", "schedule")
    if not schedule.lstrip().startswith(("* ", "*\t", "*/1 ")):
        return
    try:
        cron = parse_cron(schedule)
    except CronError:
        return
    if cron is None or (len(cron.hours) == 24 and cron.any_day and cron.any_weekday):
        return
    place = cron_job.field("spec", "schedule")
    yield Violation(place, f"the schedule of {cron_job} runs {cron.runs_per_day} times on each of its days")
