"""Built-in policy: appproject-sync-window-invalid."""

from __future__ import annotations

from gategit.checks.policy.api import (
    CronError,
    Field,
    Manifest,
    Violation,
    Violations,
    duration,
    is_filled_in_later,
    parse_cron,
    policy,
)


@policy(level="error", kinds=("argoproj.io/AppProject",))
def appproject_sync_window_invalid(manifest: Manifest) -> Violations:
    """The sync windows of an Argo CD AppProject can be read, come, and hold for something.

    What it asks:
        Each of `spec.syncWindows` has a `schedule` of five fields (no `@daily`) that names a day that there is, a
        `duration` such as `8h` or `30m`, and names at least one of `applications`, `namespaces` and `clusters`.

    Why:
        Of a window that it cannot read Argo CD cannot tell whether it is open, and syncs nothing that it is about. A
        window that never comes, or holds for nothing, protects nothing: the freeze is not there.

    How to fix:
        Write the schedule as cron does, and the length in hours and minutes. `applications: ["*"]` is all of them.

    Fails:
        apiVersion: argoproj.io/v1alpha1
        kind: AppProject
        metadata: {name: shop, namespace: argocd}
        spec:
          syncWindows:
            - kind: deny
              schedule: 0 22 * *  # <-
              duration: 1d  # <-
              applications: ["*"]
            - kind: deny
              schedule: 0 0 30 2 *  # <-
              duration: 8h
              applications: ["*"]
            - kind: deny  # <-
              schedule: 0 22 * * 5
              duration: 8h

    Passes:
        apiVersion: argoproj.io/v1alpha1
        kind: AppProject
        metadata: {name: shop, namespace: argocd}
        spec:
          syncWindows:
            - kind: deny
              schedule: 0 22 * * 5
              duration: 8h
              timeZone: Europe/Berlin
              applications: ["*"]

    References:
        https://argo-cd.readthedocs.io/en/stable/user-guide/sync_windows/
    """
    for window in manifest.items("spec", "syncWindows"):
        if not isinstance(window.value, dict):
            continue
        schedule, length = window.field("schedule"), window.field("duration")
        problem = _of_schedule(schedule)
        if problem:
            yield Violation(schedule, problem)
        if not is_filled_in_later(length.value) and not duration(length.value):
            yield Violation(length, f"the window's duration {length.text()[:40] or '(none)'} is not such as 8h or 30m")
        if not any(window.get(key) for key in ("applications", "namespaces", "clusters")):
            yield Violation(window.field("kind"), "the window names no applications, namespaces or clusters")


def _of_schedule(schedule: Field) -> str:
    """What is wrong with a schedule, "" where nothing is."""
    if is_filled_in_later(schedule.value):
        return ""
    if schedule.text().lstrip().startswith("@"):
        return f"the window's schedule must have five fields; Argo CD does not know {schedule.text().strip()[:40]}"
    try:
        cron = parse_cron(schedule.text())
    except CronError as error:
        return f"the window's schedule cannot be read: {error}"
    return "" if cron is None or cron.ever_comes else f"the window's schedule {schedule.text()[:40]} never comes"
