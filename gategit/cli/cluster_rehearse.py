"""``gategit cluster rehearse``: can the cluster be rebuilt from Git alone?"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from gategit.cli.change_options import TargetName, kubernetes_versions, one_of
from gategit.cli.output import wants_color, write_stdout
from gategit.cli.progress import Progress
from gategit.cli.server_options import Assets, KubernetesVersion, folder_of
from gategit.request import Mode, Request

EPILOG = """\b
Examples:
  gategit cluster rehearse                       the whole working tree
  gategit cluster rehearse clusters/prod         what one folder declares
  gategit cluster rehearse --target prod --format json

\b
Exit codes: 0 nothing missing, 1 something missing or refused, 2 wrong usage or configuration, 3 could not look.
"""

_FORMATS = ("text", "json")
_COLORS = ("auto", "always", "never")


def _complete_format(incomplete: str) -> list[str]:
    return [name for name in _FORMATS if name.startswith(incomplete)]


def rehearse(  # noqa: PLR0913  one parameter for each option
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATHS]...", help="Files and folders to apply. Default: everything.", show_default=False
        ),
    ] = None,
    *,
    target: TargetName = None,
    kubernetes_version: KubernetesVersion = None,
    assets: Assets = None,
    format_: Annotated[
        str,
        typer.Option(
            "--format", metavar="FORMAT", help="How to show it: text or json.", autocompletion=_complete_format
        ),
    ] = "text",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
    color: Annotated[str, typer.Option(metavar="WHEN", help="Colour the text: auto, always or never.")] = "auto",
) -> None:
    """Apply the whole tree, in order, to an empty API server, and list what is missing.

    Namespaces, kinds, classes, service accounts, ConfigMaps, Secrets and claims that objects need and nothing brings
    are listed with the lines that need them: what somebody once made by hand, and a new cluster would not have. The
    API server lives as long as the run; no cluster is asked. docs/sandbox.md says what it can judge.
    """
    environment = dict(os.environ)
    one_of("--format", format_, _FORMATS)
    colored = wants_color(one_of("--color", color, _COLORS), environment)
    request = Request(
        directory=Path.cwd(),
        mode=Mode.ALL,
        paths=tuple(paths or ()),
        kubernetes_versions=kubernetes_versions([kubernetes_version] if kubernetes_version else ()),
        assets=folder_of("--assets", assets),
        target=target,
        environment=environment,
    )
    from gategit import gate_rehearsal  # noqa: PLC0415  after the options are known to be right
    from gategit.checks.rehearsal.show import to_json, to_text  # noqa: PLC0415  the same

    with Progress(enabled=not quiet) as progress:
        found = gate_rehearsal.rehearse(request, progress)
    write_stdout(to_json(found) if format_ == "json" else to_text(found, color=colored))
    raise typer.Exit(found.exit_code)
