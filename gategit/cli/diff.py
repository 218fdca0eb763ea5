"""``gategit diff``: what a change does to each object."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from gategit.cli.lazy import StringCommand
from gategit.cli.output import write_stdout
from gategit.errors import UsageError
from gategit.model import Verdict
from gategit.nearest import did_you_mean
from gategit.request import Mode, Request

app = typer.Typer(rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False)

_FORMATS = ("text", "json")

_EPILOG = """\b
Examples:
  gategit diff                       what the working tree changes, against the default branch
  gategit diff --base main apps/web  against another branch, for one folder
  gategit diff --staged              what the next commit changes

\b
Exit codes: 0 shown in full, 2 wrong usage, 3 something that differs could not be read.
"""


def _complete_format(incomplete: str) -> list[str]:
    return [name for name in _FORMATS if name.startswith(incomplete)]


@app.command(cls=StringCommand, epilog=_EPILOG)
def diff(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATHS]...", help="Files and folders to look at. Default: everything.", show_default=False
        ),
    ] = None,
    *,
    base: Annotated[
        str | None,
        typer.Option(
            metavar="REF",
            help="What the change is based on: the merge base of REF and the head. Default: in CI the event's base, "
            "else the default branch.",
        ),
    ] = None,
    head: Annotated[
        str | None,
        typer.Option(metavar="REF", help="The changed side. Default: in CI the event's head, else the working tree."),
    ] = None,
    staged: Annotated[
        bool, typer.Option("--staged", help="Compare what is staged for the next commit with HEAD.")
    ] = False,
    format_: Annotated[
        str,
        typer.Option(
            "--format", metavar="FORMAT", help="How to show it: text or json.", autocompletion=_complete_format
        ),
    ] = "text",
) -> None:
    """Show what a change adds, modifies and removes, object by object and field by field.

    A moved file is no change, and a new API version of an object is a modification of it. Values of Secrets are never
    shown.
    """
    if format_ not in _FORMATS:
        raise UsageError(
            f"--format cannot be {format_}{did_you_mean(format_, _FORMATS)}", f"use one of: {', '.join(_FORMATS)}"
        )
    for option, value in (("--base", base), ("--head", head)):
        if value is not None and not value.strip():
            raise UsageError(f"{option} is empty", "name a branch, a tag or a commit id")
    request = Request(
        directory=Path.cwd(),
        mode=Mode.STAGED if staged else Mode.CHANGE,
        paths=tuple(paths or ()),
        base=base,
        head=head,
        environment=dict(os.environ),
    )
    from gategit.gate_diff import read_object_diff  # noqa: PLC0415  after the options are known to be right
    from gategit.object_diff import to_json, to_text  # noqa: PLC0415  the same

    found = read_object_diff(request)
    write_stdout(to_json(found) if format_ == "json" else to_text(found))
    raise typer.Exit(Verdict.UNDECIDED.exit_code if found.incomplete else Verdict.PASS.exit_code)
