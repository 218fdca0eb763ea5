"""``gategit cluster dry-run``: the last stage alone, with what it does to each object."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from gategit.cli.change_options import (
    Base,
    Head,
    KubernetesVersions,
    Staged,
    TargetName,
    compared,
    kubernetes_versions,
    one_of,
    revision,
)
from gategit.cli.output import STANDARD_OUTPUT, Destination, wants_color, write
from gategit.cli.progress import Progress
from gategit.cli.server_options import Assets, Context, Kubeconfig, Snapshot, Timeout, file_of, folder_of, seconds_of
from gategit.errors import UsageError
from gategit.model import Stage
from gategit.report import render
from gategit.request import Mode, Request

EPILOG = """\b
Examples:
  gategit cluster dry-run                        what the working tree changes, in the current context's cluster
  gategit cluster dry-run --base main --context staging
  gategit cluster dry-run --all apps/web         every object of a folder, changed or not
  gategit cluster dry-run --mode sandbox         in an API server that is started for the run; no credentials

\b
Exit codes: 0 accepted, 1 refused, 2 wrong usage or configuration, 3 no answer.
"""

_MODES = ("cluster", "sandbox", "snapshot")
_FORMATS = ("text", "markdown", "json")
_COLORS = ("auto", "always", "never")


def _complete_mode(incomplete: str) -> list[str]:
    return [mode for mode in _MODES if mode.startswith(incomplete)]


def _complete_format(incomplete: str) -> list[str]:
    return [name for name in _FORMATS if name.startswith(incomplete)]


def dry_run(  # noqa: PLR0913  one parameter for each option
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATHS]...", help="Files and folders to look at. Default: everything.", show_default=False
        ),
    ] = None,
    *,
    all_: Annotated[bool, typer.Option("--all", help="Ask for every object below PATHS, changed or not.")] = False,
    base: Base = None,
    head: Head = None,
    staged: Staged = False,
    mode: Annotated[
        str,
        typer.Option(metavar="MODE", help="Whom to ask: cluster, sandbox or snapshot.", autocompletion=_complete_mode),
    ] = "cluster",
    context: Context = None,
    kubeconfig: Kubeconfig = None,
    snapshot: Snapshot = None,
    assets: Assets = None,
    timeout: Timeout = None,
    target: TargetName = None,
    kubernetes_version: KubernetesVersions = None,
    format_: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="How to show it: text, markdown or json.",
            autocompletion=_complete_format,
        ),
    ] = "text",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
    color: Annotated[str, typer.Option(metavar="WHEN", help="Colour the text: auto, always or never.")] = "auto",
) -> None:
    """Ask an API server what it would do with a change, and show the difference of each object.

    It is the last stage of `gategit check` and nothing else; nothing is ever written to a cluster. What the server
    refuses stands on the field's line.
    """
    environment = dict(os.environ)
    one_of("--format", format_, _FORMATS)
    given = tuple(paths or ())
    compares = compared(given, all_=all_, staged=staged, base=base, head=head)
    request = Request(
        directory=Path.cwd(),
        mode=compares,
        paths=given,
        base=revision("--base", base),
        head=revision("--head", head),
        kubernetes_versions=kubernetes_versions(kubernetes_version or ()),
        # What cannot be decoded cannot be asked for: that is to be said too.
        stages=frozenset({Stage.SYNTAX, Stage.DRY_RUN}),
        dry_run=one_of("--mode", mode, _MODES),
        kubeconfig=kubeconfig,
        context=context,
        assets=folder_of("--assets", assets),
        timeout=seconds_of("--timeout", timeout),
        snapshot=file_of("--snapshot", snapshot),
        target=target,
        environment=environment,
    )
    if compares is Mode.STDIN:
        raise UsageError("standard input is not read here", "helm template . | gategit check - --dry-run cluster")
    colored = wants_color(one_of("--color", color, _COLORS), environment)
    from gategit import gate  # noqa: PLC0415  after the options are known to be right

    with Progress(enabled=not quiet) as progress:
        result = gate.run(request, progress)
    write(Destination(format_, STANDARD_OUTPUT), render(result, format_, color=colored, verbose=True))
    raise typer.Exit(result.exit_code)
