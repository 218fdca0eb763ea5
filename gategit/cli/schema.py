"""``gategit schema``: which kinds there are schemas for, what they say, and adding those of custom resources."""

from __future__ import annotations

import typer

from gategit.cli import schema_add, schema_coverage, schema_list, schema_show
from gategit.cli.lazy import StringCommand, StringGroup

_HELP = "Show and add the schemas that objects are validated with."

app = typer.Typer(
    cls=StringGroup,
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help=_HELP,
)


@app.callback(help=_HELP)
def schema() -> None:
    """Show and add the schemas that objects are validated with."""


app.command("add", cls=StringCommand, epilog=schema_add.EPILOG)(schema_add.add_schemas)
app.command("coverage", cls=StringCommand, epilog=schema_coverage.EPILOG)(schema_coverage.coverage)
app.command("list", cls=StringCommand, epilog=schema_list.EPILOG)(schema_list.list_schemas)
app.command("show", cls=StringCommand, epilog=schema_show.EPILOG)(schema_show.show_schema)
