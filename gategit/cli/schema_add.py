"""``gategit schema add``: schemas of custom resources into the repository's schema folder."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gategit.cli.output import write_stdout
from gategit.config import CONFIG_FILE
from gategit.errors import GategitError
from gategit.report.escaping import visible
from gategit.request import Request

if TYPE_CHECKING:
    from gategit.schema_store import Added, StoreSettings

EPILOG = """\b
Examples:
  gategit schema add crds/                             every CustomResourceDefinition in a folder
  gategit schema add prod.json.gz --group example.com  from a snapshot of a cluster that has them
  gategit schema add catalogue/ --kind Widget          of a folder with {group}/{kind}_{version}.json files

\b
Exit codes: 0 added (or there already), 2 nothing was written: a source is wrong, or a file is there and differs.
"""


_SHOWN = 10


def add_schemas(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCES",
            help="CRD files, folders of them, folders in the layout of the public CRD catalogues "
            "({group}/{kind}_{version}.json), and snapshots (gategit cluster snapshot).",
            show_default=False,
        ),
    ],
    *,
    kind: Annotated[
        list[str] | None,
        typer.Option(metavar="KIND", help="Add only this kind: its name, plural or short name; * for any. Repeatable."),
    ] = None,
    group: Annotated[
        list[str] | None,
        typer.Option(metavar="GROUP", help="Add only kinds of this API group; * for any. Repeatable."),
    ] = None,
    folder: Annotated[
        str | None,
        typer.Option(metavar="FOLDER", help="The schema folder. Default: the config's first, or gate/crds."),
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Overwrite files that are there and differ.")] = False,
) -> None:
    """Add schemas of custom resources to the repository.

    They are checked and copied, without descriptions, into the repository's schema folder, or none of them is. Of a
    snapshot its CustomResourceDefinitions are taken and, where it holds none of a kind, what its server publishes; a
    target that names a snapshot in the config has its schemas already.

    What is added goes before what gategit carries. A CustomResourceDefinition elsewhere in the repository and the
    target's snapshot go before what is added.
    """
    from gategit.schema_store import Wanted, add, load_settings, target_folder  # noqa: PLC0415  imports the checks

    here = Path.cwd()
    settings = load_settings(here)
    given = Path(folder) if folder is not None else None
    target = target_folder(settings, given)
    wanted = Wanted(tuple(kind or ()), tuple(group or ()))
    done = list(add([Path(source) for source in sources], target, wanted, replace=replace))
    lines = [f"{one.word} {visible(str(one.file))}: {visible(one.kinds)}" for one in done]
    lines += _told(settings, target)
    lines += _who_judges(here, settings.root.resolve(), done)
    write_stdout("".join(f"{line}\n" for line in lines))


def _told(settings: StoreSettings, target: Path) -> Iterator[str]:
    """How to tell the config about the folder, where it does not know it."""
    folders = settings.config.schemas.folders
    root, place = settings.root.resolve(), target.resolve()
    if any(place.is_relative_to(root / folder) for folder in folders):
        return
    name = place.relative_to(root).as_posix() if place.is_relative_to(root) else str(target)
    yield f"now name the folder in {CONFIG_FILE}: schemas: {{folders: [{', '.join([*folders, name])}]}}"


def _who_judges(here: Path, root: Path, done: Sequence[Added]) -> Iterator[str]:
    """Of kinds that have other schemas as well, which one judges."""
    from gategit.checks.schema.ecosystem import index  # noqa: PLC0415  after the files are written
    from gategit.checks.schema.spec import KindSchema  # noqa: PLC0415  the same
    from gategit.known_schemas import schemas_here  # noqa: PLC0415  the same

    carried = {(one.group, one.kind.lower()): one for one in index().kinds}
    try:
        schemas = schemas_here(Request(directory=here, environment=dict(os.environ))).schemas
    except GategitError as error:
        yield f"which schemas judge now was not looked at: {visible(str(error))}"
        return
    instead: dict[str, None] = {}
    for one in done:
        project = carried.get((one.group, one.kind.lower()))
        kind = project.kind if project is not None else one.kind
        for version in one.versions:
            found = schemas.find(f"{one.group}/{version}", kind)
            if not isinstance(found, KindSchema):
                continue
            place = one.file.resolve()
            name = place.relative_to(root).as_posix() if place.is_relative_to(root) else None
            if name is None or found.origin not in {name, f"the CustomResourceDefinition in {name}"}:
                what = f"{one.group}/{version} {kind}"
                yield f"{visible(what)} is judged by {visible(found.origin)}, which goes before what was added"
            elif project is not None:
                instead[f"{kind}.{one.group}"] = None
    if instead:
        names = list(instead)
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        yield f"judged from now on by what was added, not by what gategit carries: {', '.join(names[:_SHOWN])}{more}"
