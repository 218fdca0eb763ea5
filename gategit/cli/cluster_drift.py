"""``gategit cluster drift``: what a cluster has otherwise than Git declares it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from gategit.cli.change_options import TargetName, one_of, revision
from gategit.cli.output import wants_color, write_stdout
from gategit.cli.progress import Progress
from gategit.cli.server_options import Context, Kubeconfig
from gategit.request import Request

EPILOG = """\b
Examples:
  gategit cluster drift                          the current context's cluster against HEAD
  gategit cluster drift --target prod --base origin/main
  gategit cluster drift apps/web --format json   the objects of one folder, for scripts

\b
Exit codes: 0 no drift, 1 drift, 2 wrong usage or configuration, 3 something could not be looked at.
"""

_FORMATS = ("text", "json")
_COLORS = ("auto", "always", "never")


def _complete_format(incomplete: str) -> list[str]:
    return [name for name in _FORMATS if name.startswith(incomplete)]


def drift(  # noqa: PLR0913  one parameter for each option
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATHS]...", help="Files and folders to compare. Default: everything.", show_default=False
        ),
    ] = None,
    *,
    base: Annotated[
        str | None,
        typer.Option(metavar="REF", help="The commit that the cluster should be at. Default: HEAD."),
    ] = None,
    target: TargetName = None,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
    manager: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The field manager that applies the manifests. Default: the target's, else what live objects say.",
        ),
    ] = None,
    format_: Annotated[
        str,
        typer.Option(
            "--format", metavar="FORMAT", help="How to show it: text or json.", autocompletion=_complete_format
        ),
    ] = "text",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
    color: Annotated[str, typer.Option(metavar="WHEN", help="Colour the text: auto, always or never.")] = "auto",
) -> None:
    """Compare a cluster with what Git declares, and show what differs, field by field.

    Objects that the cluster lacks are drift, and so are objects that Git does not declare in the namespaces of those
    that it does. Rights to read are enough, and values of Secrets are never shown.
    """
    environment = dict(os.environ)
    one_of("--format", format_, _FORMATS)
    colored = wants_color(one_of("--color", color, _COLORS), environment)
    request = Request(
        directory=Path.cwd(),
        paths=tuple(paths or ()),
        base=revision("--base", base),
        kubeconfig=kubeconfig,
        context=context,
        target=target,
        environment=environment,
    )
    from gategit.checks.drift.show import to_json, to_text  # noqa: PLC0415  after the options are known to be right
    from gategit.gate_drift import read_drift  # noqa: PLC0415  the same

    with Progress(enabled=not quiet) as progress:
        found = read_drift(request, manager or None, progress)
    write_stdout(to_json(found) if format_ == "json" else to_text(found, color=colored))
    raise typer.Exit(found.exit_code)
