"""The diff report: what the change does to objects, all of it. Other reports show as much as they have room for."""

from __future__ import annotations

from gategit.model import Report
from gategit.report.effect_text import effect_lines, effect_total
from gategit.report.summary import change_line


def render(report: Report, *, color: bool, verbose: bool, width: int) -> str:  # noqa: ARG001  one signature for all
    """Write what the change does to each object, with every value, and what is in objects that come or go."""
    if report.effect is None:
        return f"{change_line(report)}\nno change was read: there is nothing to compare with\n"
    lines = effect_lines(report.effect, whole=True)
    return "\n".join([change_line(report), "", *lines, f"objects: {effect_total(report.effect)}"]) + "\n"
