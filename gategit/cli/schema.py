"""``gategit schema``: which kinds there are schemas for, and adding those of custom resources."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="Show and add the schemas that objects are validated with.",
)

_VERSION = Annotated[
    str | None,
    typer.Option(
        "--kubernetes-version", help="The Kubernetes version, such as 1.34; default: the config's, or the newest."
    ),
]
_FOLDER = Annotated[
    Path | None,
    typer.Option("--folder", help="The schema folder; default: the config's first, or gate/crds."),
]


@app.command("list")
def list_schemas(kubernetes_version: _VERSION = None) -> None:
    """List the kinds that have a schema: those added to the config's folders, then Kubernetes' own."""
    from gategit.cli.schema_store import known_schemas, load_settings  # noqa: PLC0415  the other commands need it not

    settings = load_settings(Path.cwd())
    for line in known_schemas(settings, kubernetes_version):
        typer.echo(line)


@app.command("add")
def add_schemas(
    sources: Annotated[
        list[Path],
        typer.Argument(help="CRD files, folders of them, or a folder in the layout {group}/{kind}_{version}.json."),
    ],
    folder: _FOLDER = None,
    *,
    replace: Annotated[bool, typer.Option("--replace", help="Overwrite files that are there and differ.")] = False,
) -> None:
    """Check schemas and copy them into the repository's schema folder."""
    from gategit.cli.schema_store import add, load_settings  # noqa: PLC0415  the other commands need it not

    settings = load_settings(Path.cwd())
    for line in add(settings, sources, folder, replace=replace):
        typer.echo(line)
