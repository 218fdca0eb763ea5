"""Cron schedules as Kubernetes reads them, and whether they ever come.

Source: https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax
"""

from __future__ import annotations

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of week", 0, 6, _DAYS),
)
_LONGEST_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class CronError(ValueError):
    """A schedule that cannot be read; the text says why."""


class Cron:
    """A schedule, taken apart.

    Attributes:
        minutes: 0 to 59.
        hours: 0 to 23.
        days: of the month, 1 to 31.
        months: 1 to 12.
        weekdays: 0 (Sunday) to 6.
        any_day: whether the day of the month is ``*`` or ``?``.
        any_weekday: whether the day of the week is ``*`` or ``?``.
    """

    __slots__ = ("any_day", "any_weekday", "days", "hours", "minutes", "months", "weekdays")

    def __init__(self, fields: list[frozenset[int]], *, any_day: bool, any_weekday: bool) -> None:
        self.minutes, self.hours, self.days, self.months, self.weekdays = fields
        self.any_day = any_day
        self.any_weekday = any_weekday

    @property
    def ever_comes(self) -> bool:
        """Whether there is a day that the schedule names: 30 February never comes."""
        if not self.any_weekday and not self.any_day:
            return True  # either of the two is enough
        return any(day <= _LONGEST_MONTH[month - 1] for month in self.months for day in self.days)

    @property
    def runs_per_day(self) -> int:
        """How often it runs on a day on which it runs."""
        return len(self.minutes) * len(self.hours)


def parse_cron(schedule: str) -> Cron | None:
    """Take a schedule apart; None for ``@every 1h``, which names no time of day.

    Raises:
        CronError: it is no schedule.
    """
    text = schedule.strip()
    if text.startswith(("TZ=", "CRON_TZ=")):
        raise CronError("a time zone belongs in spec.timeZone")
    if text.startswith("@every "):
        return None
    if text.startswith("@"):
        if text not in _MACROS:
            raise CronError(f"there is no {text[:40]}; there are {', '.join(_MACROS)}")
        text = _MACROS[text]
    parts = text.split()
    if len(parts) != len(_FIELDS):
        raise CronError(f"a schedule has five fields; this one has {len(parts)}")
    fields = [_field(part, *known) for part, known in zip(parts, _FIELDS, strict=True)]
    return Cron(fields, any_day=_is_any(parts[2]), any_weekday=_is_any(parts[4]))


def _is_any(part: str) -> bool:
    return part in ("*", "?", "*/1", "?/1")


def _field(text: str, what: str, lowest: int, highest: int, names: tuple[str, ...]) -> frozenset[int]:
    """The numbers that one field stands for."""
    found: set[int] = set()
    for part in text.split(","):
        span, slash, step = part.partition("/")
        first, dash, last = span.partition("-")
        if span in ("*", "?"):
            low, high = lowest, highest
        else:
            low = _number(first, what, lowest, names)
            high = _number(last, what, lowest, names) if dash else highest if slash else low
        if not lowest <= low <= highest or not lowest <= high <= highest:
            raise CronError(f"the {what} must be from {lowest} to {highest}, not {part[:40]}")
        if low > high:
            raise CronError(f"the {what} {part[:40]} ends before it starts")
        if slash and (not step.isdecimal() or not step.isascii() or int(step[:9]) == 0):
            raise CronError(f"the {what} {part[:40]} has no usable step")
        found.update(range(low, high + 1, int(step[:9]) if slash else 1))
    return frozenset(found)


def _number(text: str, what: str, lowest: int, names: tuple[str, ...]) -> int:
    if text.isdecimal() and text.isascii() and len(text) < 4:
        return int(text)
    if text.lower() in names:
        return names.index(text.lower()) + lowest
    raise CronError(f"the {what} {text[:40] or '(nothing)'} is no number")
