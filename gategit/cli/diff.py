"""``gategit diff``: what a change does to each object."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from gategit.cli.change_options import Base, Head, Staged, TargetName, compared, one_of, revision
from gategit.cli.lazy import StringCommand
from gategit.cli.output import wants_color, write_stdout
from gategit.cli.progress import Progress
from gategit.errors import UsageError
from gategit.model import Verdict
from gategit.request import Mode, Request

app = typer.Typer(rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False)

_FORMATS = ("text", "json", "markdown")

_EPILOG = """\b
Examples:
  gategit diff                       what the working tree changes, against the default branch
  gategit diff --base main apps/web  against another branch, for one folder
  gategit diff --staged              what the next commit changes
  gategit diff --target prod         what one cluster gets

\b
Exit codes: 0 shown in full, 2 wrong usage, 3 something that differs could not be read or rendered.
"""


def _complete_format(incomplete: str) -> list[str]:
    return [name for name in _FORMATS if name.startswith(incomplete)]


@app.command(cls=StringCommand, epilog=_EPILOG)
def diff(  # noqa: PLR0913  one parameter for each option
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATHS]...", help="Files and folders to look at. Default: everything.", show_default=False
        ),
    ] = None,
    *,
    base: Base = None,
    head: Head = None,
    staged: Staged = False,
    format_: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="How to show it: text, json or markdown.",
            autocompletion=_complete_format,
        ),
    ] = "text",
    target: TargetName = None,
) -> None:
    """Show what a change adds, modifies and removes, object by object and field by field.

    Objects are those that agents apply: rendered, for each target, each field with the line that sets it. What is at
    risk comes first, with the reason, and what is the same in many places is shown once. A moved file is no change, and
    a new API version of an object is a modification of it. Values of Secrets are never shown.
    """
    one_of("--format", format_, _FORMATS)
    given = tuple(paths or ())
    mode = compared(given, all_=False, staged=staged, base=base, head=head)
    if mode is Mode.STDIN:
        raise UsageError("standard input is no change: it has one side only", "name files and folders")
    request = Request(
        directory=Path.cwd(),
        mode=mode,
        paths=given,
        base=revision("--base", base),
        head=revision("--head", head),
        target=target,
        environment=dict(os.environ),
    )
    from gategit.gate_diff import read_object_diff  # noqa: PLC0415  after the options are known to be right
    from gategit.report.object_diff import to_json, to_markdown, to_text  # noqa: PLC0415  the same

    with Progress(enabled=True) as progress:
        found = read_object_diff(request, progress)
    if format_ == "text":
        colored = wants_color("auto", request.environment)
        write_stdout(to_text(found, _painted) if colored else to_text(found))
    else:
        write_stdout(to_json(found) if format_ == "json" else to_markdown(found))
    raise typer.Exit(Verdict.UNDECIDED.exit_code if found.incomplete else Verdict.PASS.exit_code)


def _painted(text: str, code: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if text else text
