"""Built-in policy: cron-day-or-weekday."""

from __future__ import annotations

from gategit.checks.policy.api import CronError, Manifest, Violation, Violations, is_filled_in_later, parse_cron, policy


@policy(level="warning", kinds=("batch/CronJob",))
def cron_day_or_weekday(cron_job: Manifest) -> Violations:
    """A schedule does not choose both the day of the month and the day of the week.

    What it asks:
        At most one of the third and the fifth field of `spec.schedule` is something else than `*`.

    Why:
        With both, either of them is enough: `0 3 1-7 * 1` reads like the first Monday of the month, and runs on every
        Monday and on each of the first seven days.

    How to fix:
        Choose by one of the two, and let the program itself look at the date for the other.

    Fails:
        apiVersion: batch/v1
        kind: CronJob
        metadata: {name: report, namespace: shop}
        spec:
          schedule: "0 3 1-7 * 1"  # <-

    Passes:
        apiVersion: batch/v1
        kind: CronJob
        metadata: {name: report, namespace: shop}
        spec:
          schedule: "0 3 * * 1"

    References:
        https://pubs.opengroup.org/onlinepubs/9699919799/utilities/crontab.html
        https://pkg.go.dev/github.com/robfig/cron/v3#hdr-CRON_Expression_Format
    """
    schedule = cron_job.text("spec", "schedule")
    if not schedule or is_filled_in_later(schedule):
        return
    try:
        cron = parse_cron(schedule)
    except CronError:
        return
    if cron is not None and not cron.any_day and not cron.any_weekday:
        problem = f"the schedule of {cron_job} runs on the days of the month and, besides, on the days of the week"
        yield Violation(cron_job.field("spec", "schedule"), problem)
