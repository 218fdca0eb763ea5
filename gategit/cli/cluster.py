"""``gategit cluster``: everything that has to do with an API server."""

from __future__ import annotations

import typer

from gategit.cli import (
    cluster_drift,
    cluster_dry_run,
    cluster_rbac,
    cluster_rehearse,
    cluster_sandbox,
    cluster_snapshot,
)
from gategit.cli.lazy import StringCommand, StringGroup

app = typer.Typer(
    cls=StringGroup,
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="Ask an API server: a cluster, a sandbox that lives as long as the run, or an export of a cluster.",
)


@app.callback()
def cluster() -> None:
    """Ask an API server: a cluster, a sandbox that lives as long as the run, or an export of a cluster."""


app.command("drift", cls=StringCommand, epilog=cluster_drift.EPILOG)(cluster_drift.drift)
app.command("dry-run", cls=StringCommand, epilog=cluster_dry_run.EPILOG)(cluster_dry_run.dry_run)
app.command("rbac", cls=StringCommand, epilog=cluster_rbac.EPILOG)(cluster_rbac.rbac)
app.command("rehearse", cls=StringCommand, epilog=cluster_rehearse.EPILOG)(cluster_rehearse.rehearse)
app.command("sandbox", cls=cluster_sandbox.SandboxCommand, epilog=cluster_sandbox.EPILOG)(cluster_sandbox.sandbox)
app.command("snapshot", cls=StringCommand, epilog=cluster_snapshot.EPILOG)(cluster_snapshot.snapshot)
