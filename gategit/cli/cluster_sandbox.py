"""``gategit cluster sandbox``: an API server with what the manifests declare, for as long as it is wanted."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gategit.cli.change_options import TargetName, kubernetes_versions
from gategit.cli.lazy import StringCommand
from gategit.cli.output import write_stdout
from gategit.cli.progress import Progress
from gategit.cli.server_options import Assets, KubernetesVersion, Snapshot, file_of, folder_of
from gategit.errors import UsageError
from gategit.request import Mode, Request

if TYPE_CHECKING:
    from collections.abc import Sequence

EPILOG = """\b
Examples:
  gategit cluster sandbox                        with what the working tree declares; ends with Ctrl-C
  gategit cluster sandbox clusters/prod --snapshot prod.json
  gategit cluster sandbox -- kubectl get namespaces
  gategit cluster sandbox --kubernetes-version 1.34 -- ./test.sh

\b
Exit codes: the command's own; else 0 ended, 2 wrong usage or configuration, 3 the sandbox did not come up.
"""

_COMMAND = "gategit.command"
_REFUSED_SHOWN = 10


class SandboxCommand(StringCommand):
    """Takes what stands behind ``--`` for a command to run, and not for paths."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse what stands before ``--`` and keep the rest as it is."""
        if "--" in args:
            place = args.index("--")
            ctx.meta[_COMMAND] = tuple(args[place + 1 :])
            args = args[:place]
        return super().parse_args(ctx, args)


def sandbox(  # noqa: PLR0913  one parameter for each option
    context: typer.Context,
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATHS]...",
            help="Files and folders to fill it with. Default: everything. What stands behind -- is a command, which "
            "runs with KUBECONFIG set.",
            show_default=False,
        ),
    ] = None,
    *,
    target: TargetName = None,
    kubernetes_version: KubernetesVersion = None,
    snapshot: Snapshot = None,
    assets: Assets = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes.")] = False,
) -> None:
    """Start an API server, fill it with what the manifests declare, and keep it until Ctrl-C or a command's end.

    It prints the path of a kubeconfig, which is valid as long as the sandbox runs. Nothing runs in it: it judges and
    keeps objects, as docs/sandbox.md says.
    """
    command: tuple[str, ...] | None = context.meta.get(_COMMAND)
    if command == ():
        raise UsageError("there is no command behind --", "gategit cluster sandbox -- kubectl get namespaces")
    request = Request(
        directory=Path.cwd(),
        mode=Mode.ALL,
        paths=tuple(paths or ()),
        kubernetes_versions=kubernetes_versions([kubernetes_version] if kubernetes_version else ()),
        assets=folder_of("--assets", assets),
        snapshot=file_of("--snapshot", snapshot),
        target=target,
        environment=dict(os.environ),
    )
    from gategit import gate_sandbox  # noqa: PLC0415  after the options are known to be right

    with ExitStack() as stack:
        with Progress(enabled=not quiet) as progress:
            running = stack.enter_context(gate_sandbox.filled_sandbox(request, progress))
        if not quiet:
            _say_notes(running.notes, [f"{one.what}: {one.message}" for one in running.refused])
        if command is not None:
            raise typer.Exit(gate_sandbox.run_command(command, running.kubeconfig))
        write_stdout(f"{running.kubeconfig}\n")
        gate_sandbox.wait_for_end()


def _say_notes(notes: Sequence[str], refused: Sequence[str]) -> None:
    for note in notes:
        sys.stderr.write(f"note: {_printable(note)}\n")
    for message in refused[:_REFUSED_SHOWN]:
        sys.stderr.write(f"refused: {_printable(message)}\n")
    if len(refused) > _REFUSED_SHOWN:
        sys.stderr.write(f"refused: {len(refused) - _REFUSED_SHOWN:,} more\n")
    sys.stderr.flush()


def _printable(text: str) -> str:
    from gategit.report.escaping import visible  # noqa: PLC0415  only what comes from manifests needs it

    return visible(text)
