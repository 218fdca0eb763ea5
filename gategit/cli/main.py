"""The program ``gategit``: its commands, and the console entry point."""

from __future__ import annotations

import gc
import sys
from typing import Annotated

import typer

from gategit import __version__
from gategit.cli.errors import INTERRUPTED
from gategit.cli.lazy import LazyGroup

app = typer.Typer(
    name="gategit",
    cls=LazyGroup,
    # Rich would cost more than the rest of the start-up.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
    epilog="Exit codes: 0 pass, 1 blocked, 2 wrong usage or configuration, 3 undecided (something was not looked at).",
)


def _print_version(asked: bool) -> None:  # noqa: FBT001  Typer calls it with the option's value
    if asked:
        typer.echo(f"gategit {__version__}")
        raise typer.Exit


@app.callback()
def main(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Check what a change does to a GitOps repository before it is merged.

    gategit reads a change (a base and a head), works out what it does to each Kubernetes object, and blocks the merge
    with findings on the exact lines.

    Start with: gategit check
    """


def run() -> None:
    """The console entry point."""
    # A run makes much that stays and little garbage: looking for it as often as usual takes a tenth of the time.
    gc.set_threshold(50_000, 50, 50)
    try:
        app(prog_name="gategit")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    finally:
        # The process ends: nobody needs to look for garbage among all that it still holds.
        gc.freeze()
