"""Built-in policy: freeze-window."""

from __future__ import annotations

from os.path import isfile

from gategit.checks.policy.api import Changes, ParameterError, PullRequest, Violation, Violations, policy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEK = 7 * 24 * 60
_DATE = 10  # characters of a date without a time


_SHAPE = "must hold windows such as 2026-12-20/2027-01-02 or Fri 16:00/Mon 08:00"


@policy(level="error", kinds=("*",))
def freeze_window(
    changes: Changes,
    request: PullRequest,
    *,
    windows: tuple[str, ...] = (),
    time_zone: str = "UTC",
    labels: tuple[str, ...] = ("freeze-override",),
) -> Violations:
    """No pull request is merged while changes are frozen.

    What it asks:
        The run does not fall into one of the windows that the parameter names, unless the pull request has one of the
        labels. Outside of pull requests, and while the parameter names no window, nothing is judged.

    Why:
        A change on Friday evening or on a holiday breaks when those who could mend it are away. What everyone agreed
        on is kept more easily when the gate remembers it.

    How to fix:
        Wait until the window is over and run the check again. Where it cannot wait, put one of the labels on the pull
        request.

    Fails:
        --- # parameters
        windows: [2026-12-20/2027-01-02]
        --- # pull request
        now: "2026-12-24T12:00:00Z"
        --- # old
        --- # new
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: web  # <-
          namespace: shop

    Fails (each weekend):
        --- # parameters
        windows: [Fri 16:00/Mon 08:00]
        time_zone: Europe/Berlin
        --- # pull request
        now: "2026-11-20T15:30:00Z"
        --- # old
        --- # new
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: web  # <-
          namespace: shop

    Passes:
        --- # parameters
        windows: [2026-12-20/2027-01-02, Fri 16:00/Mon 08:00]
        --- # pull request
        now: "2026-12-03T12:00:00Z"
        --- # old
        --- # new
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: web, namespace: shop}

    Passes (a label says that it cannot wait):
        --- # parameters
        windows: [2026-12-20/2027-01-02]
        labels: [urgent]
        --- # pull request
        now: "2026-12-24T12:00:00Z"
        labels: [urgent]
        --- # old
        --- # new
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: web, namespace: shop}

    Parameters:
        windows: from and to, as dates (`2026-12-20/2027-01-02`), moments (`2026-12-24T12:00/2026-12-27T08:00`) or days
            of each week (`Fri 16:00/Mon 08:00`).
        time_zone: the time zone that the windows are meant in, such as `Europe/Berlin`.
        labels: labels of the pull request that let it through.

    References:
        https://argo-cd.readthedocs.io/en/stable/user-guide/sync_windows/
    """
    if not windows or not request.is_known or not set(labels).isdisjoint(request.labels):
        return
    first = next(iter(changes), None)
    if first is None:
        return
    # A window that cannot be read must not pass for one that is over.
    now = _local(request.now, time_zone)
    if now is None:
        raise ParameterError("time_zone", f"must be a time zone such as Europe/Berlin, not {time_zone!r:.60}")
    for window in windows:
        try:
            is_frozen = _holds(window, now)
        except ValueError:
            raise ParameterError("windows", f"{_SHAPE}, not {window!r:.60}") from None
        if is_frozen:
            yield Violation(first.manifest, f"changes are frozen: {window} ({time_zone})", of=first)


def _local(now: datetime, time_zone: str) -> datetime | None:
    """A moment as clocks show it in a time zone, None where there is no such time zone."""
    if time_zone == "UTC":
        return now.replace(tzinfo=None)
    from zoneinfo import TZPATH, ZoneInfo  # noqa: PLC0415  most runs have no windows

    # ZoneInfo would look for a package that brings time zones, which a policy may not.
    if not any(isfile(f"{folder}/{time_zone}") for folder in TZPATH):  # noqa: PTH113  pathlib costs more than this process
        return None
    try:
        return now.astimezone(ZoneInfo(time_zone)).replace(tzinfo=None)
    except ValueError:
        return None


def _holds(window: str, now: datetime) -> bool:
    """Whether a moment falls into a window.

    Raises:
        ValueError: the window is none.
    """
    start, _, end = (part.strip() for part in window.partition("/"))
    if start[:3].lower() in _DAYS:
        begin, length = _minute(start), (_minute(end) - _minute(start)) % _WEEK
        minute = now.weekday() * 24 * 60 + now.hour * 60 + now.minute
        return (minute - begin) % _WEEK < (length or _WEEK)
    parse = type(now).fromisoformat
    last = parse(f"{end}T23:59:59.999999" if len(end) == _DATE else end)
    if last < parse(start):
        raise ValueError(window)
    return parse(start) <= now <= last


def _minute(text: str) -> int:
    """A day and time such as ``Fri 16:00`` in minutes since Monday.

    Raises:
        ValueError: it is none.
    """
    day, _, time = text.partition(" ")
    hour, _, minute = time.strip().partition(":")
    if not 0 <= int(hour) <= 24 or not 0 <= int(minute) < 60:
        raise ValueError(text)
    return (_DAYS.index(day.lower()[:3]) * 24 + int(hour)) * 60 + int(minute)
