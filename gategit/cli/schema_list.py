"""``gategit schema list``: every kind that has a schema, and where it comes from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gategit.cli.change_options import TargetName, kubernetes_versions, one_of
from gategit.cli.output import write_stdout
from gategit.request import Request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gategit.checks.schema.known import KnownKind

EPILOG = """\b
Examples:
  gategit schema list                            everything, your own definitions first
  gategit schema list --kind hr                  one kind: its name, plural or short name
  gategit schema list --group "*.fluxcd.io"      the kinds of some groups
  gategit schema list --source flux --format json

\b
Exit codes: 0 shown, 2 wrong usage or configuration, or nothing has such a kind.
"""

_FORMATS = ("text", "json")


def _complete_format(incomplete: str) -> list[str]:
    return [name for name in _FORMATS if name.startswith(incomplete)]


def _complete_source(incomplete: str) -> list[str]:
    from gategit.checks.schema.ecosystem import index  # noqa: PLC0415  only completion needs it

    return [name for name in sorted(index().sources) if name.startswith(incomplete)]


def complete_kind(incomplete: str) -> list[str]:
    """The kinds that begin like this, for the shell: those that gategit carries, and Kubernetes' own."""
    from gategit.checks.schema.known import known_kinds  # noqa: PLC0415  only completion needs it here
    from gategit.checks.schema.spec import SchemaSet, SchemaSpec  # noqa: PLC0415  the same

    names = {one.name.full.lower() for one in known_kinds(SchemaSet(SchemaSpec()))}
    return sorted(name for name in names if name.startswith(incomplete.lower()))


def list_schemas(  # noqa: PLR0913  one parameter for each option
    *,
    kind: Annotated[
        str | None,
        typer.Option(
            metavar="KIND",
            help="Only this kind: its name, plural or short name in any case, with the group if you like "
            "(application.argoproj.io); * stands for anything.",
            autocompletion=complete_kind,
        ),
    ] = None,
    group: Annotated[
        str | None, typer.Option(metavar="GROUP", help="Only kinds of this API group; * stands for anything.")
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            metavar="SOURCE",
            help="Only kinds from here: a project whose kinds gategit carries, such as flux, or one of repository, "
            "snapshot, folder, carried and kubernetes.",
            autocompletion=_complete_source,
        ),
    ] = None,
    target: TargetName = None,
    kubernetes_version: Annotated[
        str | None,
        typer.Option(metavar="VERSION", help="The Kubernetes version, such as 1.34; default: the config's, or newest."),
    ] = None,
    format_: Annotated[
        str,
        typer.Option(
            "--format", metavar="FORMAT", help="How to show it: text or json.", autocompletion=_complete_format
        ),
    ] = "text",
) -> None:
    """List the kinds that have a schema.

    Each with its API versions and where the schema comes from. Of several sources the first one judges: a
    CustomResourceDefinition in the repository, the snapshot of the target's cluster, the config's schema folders, what
    gategit carries, Kubernetes' own.
    """
    one_of("--format", format_, _FORMATS)
    request = request_for(target, kubernetes_version)
    from gategit.checks.schema.known import known_kinds  # noqa: PLC0415  after the options are known to be right
    from gategit.checks.schema.known_text import to_json, to_text  # noqa: PLC0415  the same
    from gategit.known_schemas import schemas_here  # noqa: PLC0415  the same

    found = _only(known_kinds(schemas_here(request).schemas), kind, group, source)
    write_stdout(to_json(found) if format_ == "json" else to_text(found))


def request_for(target: str | None, kubernetes_version: str | None) -> Request:
    """What is asked of the current folder's repository.

    Raises:
        UsageError: there are no schemas for the Kubernetes version.
    """
    wanted = kubernetes_versions([kubernetes_version] if kubernetes_version is not None else [])
    if wanted:
        from gategit.checks.schema.versions import resolve  # noqa: PLC0415  few runs name a version

        resolve(wanted[0])
    return Request(directory=Path.cwd(), kubernetes_versions=wanted, target=target, environment=dict(os.environ))


def _only(kinds: Sequence[KnownKind], kind: str | None, group: str | None, source: str | None) -> list[KnownKind]:
    """The kinds that the options let through.

    Raises:
        UsageError: none is left.
    """
    from fnmatch import fnmatchcase  # noqa: PLC0415  only this command needs it

    from gategit.checks.schema.known import Where, chosen  # noqa: PLC0415  the same as above
    from gategit.cli.schema_kinds import no_such_group, no_such_kind, no_such_source  # noqa: PLC0415  the same

    found = list(kinds)
    if source is not None:
        found = [one for one in found if source.lower() in {one.source, one.where.value}]
        if not found and source.lower() not in {where.value for where in Where}:
            raise no_such_source(source, kinds)
    if group is not None:
        known = [one for one in found if fnmatchcase(one.name.group, group.lower())]
        if not known and found:
            raise no_such_group(group, found)
        found = known
    if kind is not None:
        known = chosen(found, kind)
        if not known:
            raise no_such_kind(kind, found)
        found = known
    return found
