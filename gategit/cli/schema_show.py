"""``gategit schema show``: what judges a kind here, and which fields it has."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from gategit.cli.change_options import TargetName, one_of
from gategit.cli.output import write_stdout
from gategit.cli.schema_list import complete_kind, request_for
from gategit.errors import UsageError
from gategit.report.escaping import visible

if TYPE_CHECKING:
    from gategit.checks.schema.known import KnownKind
    from gategit.checks.schema.shown import Shown

EPILOG = """\b
Examples:
  gategit schema show application                   where its schema comes from, and all of its fields
  gategit schema show hr --field spec.chart.spec     one field in full, with its CEL rules
  gategit schema show cluster.postgresql.cnpg.io    one of several kinds of a name
  gategit schema show hr --release 2.5 --depth 2    as an older release had it
  gategit schema show deploy --format json          the schema itself

\b
Reading the fields: []string is a list of texts, map[string]object a mapping by any name.

\b
Exit codes: 0 shown, 2 wrong usage or configuration, or no such kind, version, release or field.
"""

_FORMATS = ("text", "json")
_WIDTH = 80
_WIDEST = 120


def _complete_format(incomplete: str) -> list[str]:
    return [name for name in _FORMATS if name.startswith(incomplete)]


def show_schema(  # noqa: PLR0913  one parameter for each option
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND",
            help="A kind: its name, plural or short name in any case, with the group where several have the name "
            "(cluster.postgresql.cnpg.io).",
            show_default=False,
            autocompletion=complete_kind,
        ),
    ],
    *,
    api_version: Annotated[
        str | None,
        typer.Option(metavar="VERSION", help="Such as v1beta1. Default: the most stable version that is served."),
    ] = None,
    release: Annotated[
        str | None,
        typer.Option(
            metavar="RELEASE",
            help="The kind as this release of its project has it, such as 3.5, whatever judges here.",
        ),
    ] = None,
    field: Annotated[
        str | None,
        typer.Option(metavar="FIELD", help="Only this field, in full, such as spec.source.helm."),
    ] = None,
    depth: Annotated[
        str | None, typer.Option(metavar="N", help="Show fields so many levels deep. Default: all.")
    ] = None,
    target: TargetName = None,
    kubernetes_version: Annotated[
        str | None,
        typer.Option(metavar="VERSION", help="The Kubernetes version, such as 1.34; default: the config's, or newest."),
    ] = None,
    format_: Annotated[
        str,
        typer.Option(
            "--format", metavar="FORMAT", help="text, or json for the schema itself.", autocompletion=_complete_format
        ),
    ] = "text",
) -> None:
    """Show the schema of a kind, field by field.

    It says where the schema comes from by which objects of the kind are judged here, the API versions and the releases
    that serve them, and of each field the type, what its value must be, its default and, where gategit knows it, since
    which release it is there.
    """
    one_of("--format", format_, _FORMATS)
    levels = _levels(depth)
    request = request_for(target, kubernetes_version)
    from gategit.checks.schema.known import chosen, known_kinds  # noqa: PLC0415  after the options are known to be right
    from gategit.checks.schema.shown import json_text, lines, show  # noqa: PLC0415  the same
    from gategit.cli.schema_kinds import no_such_kind  # noqa: PLC0415  the same
    from gategit.known_schemas import schemas_here  # noqa: PLC0415  the same

    here = schemas_here(request)
    kinds = known_kinds(here.schemas)
    if not chosen(kinds, kind):
        elsewhere = [name for name, schemas in here.others.items() if chosen(known_kinds(schemas), kind)]
        raise no_such_kind(kind, kinds, elsewhere)
    group, name = _one(kinds, kind)
    shown: Shown = show(here.schemas, group, name, api_version, release)
    if field is not None:
        shown = shown.narrowed(field)
    if format_ == "json":
        write_stdout(json_text(shown))
        return
    found = lines(shown, here.others if release is None else {}, _width(), levels)
    write_stdout("".join(f"{line}\n" for line in found))


def _levels(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and 0 < int(text[:4]) < _WIDEST):
        raise UsageError(f"--depth cannot be {visible(text)}", "use a number from 1 on")
    return int(text[:4])


def _width() -> int:
    """How wide the text may be: as the terminal, within limits."""
    return min(shutil.get_terminal_size((_WIDTH, 0)).columns, _WIDEST) if sys.stdout.isatty() else _WIDTH


def _one(kinds: list[KnownKind], wanted: str) -> tuple[str, str]:
    """Group and name of the one kind that is meant.

    Kubernetes' own kind comes before others of its name, as it does in kubectl.

    Raises:
        UsageError: there are several.
    """
    from gategit.checks.schema.kind_names import own_name  # noqa: PLC0415  the same as above
    from gategit.checks.schema.known import Where, chosen  # noqa: PLC0415  the same
    from gategit.cli.schema_kinds import several_kinds  # noqa: PLC0415  the same

    found = chosen(kinds, wanted)
    names = list(dict.fromkeys((one.name.group, one.name.kind) for one in found))
    own = list(dict.fromkeys((o.name.group, o.name.kind) for o in found if o.where is Where.KUBERNETES))
    if len(names) > 1 and len(own) != 1:
        raise several_kinds(wanted, [own_name(*name) for name in names])
    return own[0] if len(own) == 1 else names[0]
