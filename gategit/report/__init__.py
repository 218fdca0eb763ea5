"""The faces of a report: one module for each format, each a function from a ``Report`` to text.

A format's module is imported when that format is asked for: a run that prints text never loads the SARIF model.
All of them read nothing but the report, and give the same bytes for the same report.
"""

from __future__ import annotations

from importlib import import_module
from typing import Protocol, cast

from gategit.errors import UsageError
from gategit.model import Report
from gategit.report.redaction import without_secrets

FORMATS: tuple[str, ...] = ("text", "json", "sarif", "github", "junit", "markdown", "html", "diff")
"""What ``--format`` accepts, in the order of the documentation."""

EFFECT_FORMATS: frozenset[str] = frozenset({"markdown", "html", "diff"})
"""The formats that show what the change does to objects, which has to be worked out for them."""

DEFAULT_WIDTH = 100
"""Columns of the text format where the terminal says nothing."""


class _Reporter(Protocol):
    """What each format's module is."""

    def render(self, report: Report, *, color: bool, verbose: bool, width: int) -> str:
        """Write the report in this format, with a newline at its end."""


def render(
    report: Report,
    format: str,  # noqa: A002  the command line's word for it
    *,
    color: bool = False,
    verbose: bool = False,
    width: int = DEFAULT_WIDTH,
) -> str:
    """Write a report in one of ``FORMATS``.

    Args:
        report: what the gate found.
        format: one of ``FORMATS``.
        color: use terminal colours; only the text format has any.
        verbose: show findings and reasons that a person normally wants summarised (text, markdown).
        width: columns of the terminal; only the text format, for shortening long source lines.

    Returns:
        The whole report, valid Unicode without lone surrogates, with a newline at its end.

    Raises:
        UsageError: no such format.
    """
    if format not in FORMATS:
        raise UsageError(f"there is no report format {format!r}", f"use one of: {', '.join(FORMATS)}")
    reporter = cast("_Reporter", import_module(f"gategit.report.{format}_report"))
    return reporter.render(without_secrets(report), color=color, verbose=verbose, width=width)
