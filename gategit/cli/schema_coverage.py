"""``gategit schema coverage``: which kinds of a repository have a schema."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gategit.cli.change_options import TargetName, one_of
from gategit.cli.output import write_stdout
from gategit.cli.progress import Progress
from gategit.cli.schema_list import request_for
from gategit.errors import UsageError
from gategit.model import Verdict
from gategit.report.escaping import visible

if TYPE_CHECKING:
    from gategit.request import Request

EPILOG = """\b
Examples:
  gategit schema coverage                       the repository of this folder
  gategit schema coverage clusters/prod         what one folder declares
  gategit schema coverage --missing             for CI: fail where a kind has no schema
  gategit schema coverage --format markdown     a table for a comment

\b
Exit codes: 0 counted; 2 wrong usage or configuration; with --missing also 1 an object has no schema, 3 a file could
not be read, so that nobody knows.
"""

_FORMATS = ("text", "markdown", "json")


def _complete_format(incomplete: str) -> list[str]:
    return [name for name in _FORMATS if name.startswith(incomplete)]


def coverage(
    path: Annotated[
        str | None,
        typer.Argument(
            metavar="PATH",
            help="A repository, or a file or folder in one: only what it declares. Default: this folder's repository.",
            show_default=False,
        ),
    ] = None,
    *,
    missing: Annotated[
        bool, typer.Option("--missing", help="Show only kinds without a schema, and exit with 1 where there are any.")
    ] = False,
    target: TargetName = None,
    kubernetes_version: Annotated[
        str | None,
        typer.Option(metavar="VERSION", help="The Kubernetes version, such as 1.34; default: the config's, or newest."),
    ] = None,
    format_: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="How to show it: text, markdown or json.",
            autocompletion=_complete_format,
        ),
    ] = "text",
) -> None:
    """Say which kinds of a repository have a schema.

    Counted is what gategit check --all looks at, by the same config, targets and sources: of each kind the objects, the
    files, and where the schema comes from. Charts and kustomizations count as they are rendered. Kinds without a schema
    come first, with the command that adds one: of their objects only syntax and metadata are checked.
    """
    one_of("--format", format_, _FORMATS)
    request = _at(request_for(target, kubernetes_version), path)
    from gategit.checks.schema.coverage import to_json, to_markdown, to_text  # noqa: PLC0415  after the options
    from gategit.gate_coverage import read_coverage  # noqa: PLC0415  the same

    with Progress(enabled=True) as progress:
        found = read_coverage(request, progress)
    render = {"text": to_text, "markdown": to_markdown, "json": to_json}[format_]
    write_stdout(render(found, missing_only=missing))
    if missing and found.missing:
        raise typer.Exit(Verdict.BLOCKED.exit_code)
    if missing and found.unread:
        raise typer.Exit(Verdict.UNDECIDED.exit_code)


def _at(request: Request, path: str | None) -> Request:
    """The request for a place that may be in another repository.

    Raises:
        UsageError: there is no such file or folder.
    """
    if path is None:
        return request
    if not os.path.lexists(path):
        raise UsageError(f"there is no file or folder {visible(path)}")
    place = Path(path)
    folder, name = (place, ".") if place.is_dir() else (place.parent, place.name)
    return replace(request, directory=folder, paths=(name,))
