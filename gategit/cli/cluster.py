"""``gategit cluster``: everything that has to do with an API server."""

from __future__ import annotations

import typer

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="Ask an API server: a cluster, a sandbox that lives as long as the run, or an export of a cluster.",
)


@app.callback()
def cluster() -> None:
    """Ask an API server: a cluster, a sandbox that lives as long as the run, or an export of a cluster."""
