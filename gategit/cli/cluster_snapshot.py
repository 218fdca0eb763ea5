"""``gategit cluster snapshot``: a cluster exported into one file, to be asked without the cluster."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gategit.cli.errors import say
from gategit.cli.progress import Progress
from gategit.cli.server_options import Context, Kubeconfig
from gategit.errors import UndecidedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gategit.cluster.access import Access
    from gategit.cluster.snapshot import Snapshot

DEFAULT_OUTPUT = "snapshot.json.gz"

EPILOG = """\b
Examples:
  gategit cluster snapshot --context prod --output gate/prod.json.gz
  gategit cluster snapshot --namespace shop --namespace pay   where the account may read no others
  gategit cluster snapshot --live-objects --output -          objects too, as plain JSON to standard output

\b
Exit codes: 0 exported, 2 wrong usage, 3 the cluster did not answer, or the account may not read all of it.
"""

_SUFFIXES = (".json", ".json.gz")
_STANDARD_OUTPUT = "-"
_SHOWN = 20


def snapshot(  # noqa: PLR0913  one parameter for each option
    *,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
    output: Annotated[
        str,
        typer.Option(
            "--output",
            metavar="FILE",
            help="Where to write it: FILE.json.gz, FILE.json (larger, and its changes can be read), or - for standard "
            "output.",
        ),
    ] = DEFAULT_OUTPUT,
    namespace: Annotated[
        list[str] | None,
        typer.Option("--namespace", metavar="NAME", help="Export nothing of other namespaces. Repeatable."),
    ] = None,
    live_objects: Annotated[
        bool,
        typer.Option("--live-objects", help="Export the objects that manifests may declare, too; Secrets never."),
    ] = False,
    partial: Annotated[
        bool,
        typer.Option("--partial", help="Write the file even where the account may not read everything; it says what."),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary.")] = False,
) -> None:
    """Export what an offline run needs to know of a cluster into one file.

    The file holds the API's schemas, the definitions, namespaces, quotas and limit ranges, classes and admission
    policies: no Secret, and nothing of other objects unless --live-objects asks for them. The same state of the cluster
    gives the same file, so it can be committed. Name it in the config as targets.NAME.snapshot.
    """
    _check_place(output)
    names = tuple(namespace or ())
    if "" in names:
        raise UsageError("--namespace is empty", "name a namespace")
    from gategit.cluster.kubeconfig import read_access  # noqa: PLC0415  after the options are known to be right
    from gategit.cluster.snapshot import compress, load_snapshot  # noqa: PLC0415  the same
    from gategit.init_repository import find_root  # noqa: PLC0415  the same

    environment = dict(os.environ)
    repository = find_root(Path.cwd())
    access = read_access(kubeconfig=kubeconfig, context=context, environment=environment, repository=repository)
    with Progress(enabled=not quiet) as progress:
        content = _exported(access, names, progress, live_objects=live_objects)
    # What was written is what is read again: a file that no run could use is not written.
    read = load_snapshot(content, output)
    if read.missing:
        _say_missing(read)
        if not partial:
            raise UndecidedError(
                f"{access.name} was not exported in full, so nothing was written",
                "use an account that may read these, or --partial to write a file that says what it lacks",
            )
    written = compress(content) if output.endswith(".gz") else content
    _write(output, written)
    if not quiet and output != _STANDARD_OUTPUT:
        kinds = len(read.discovery.resources)
        say(f"{output}: {read.version}, {kinds:,} kinds, {len(read.objects):,} objects, {len(written):,} bytes")


def _exported(access: Access, namespaces: Sequence[str], say: Callable[[str], None], *, live_objects: bool) -> bytes:
    from gategit.cluster.client import Client  # noqa: PLC0415  costs what the help does not need
    from gategit.cluster.export import export  # noqa: PLC0415  the same
    from gategit.cluster.together import run  # noqa: PLC0415  the same

    async def exported() -> bytes:
        async with Client(access) as client:
            return await export(client, live_objects=live_objects, namespaces=namespaces, say=say)

    return run(exported())


def _say_missing(read: Snapshot) -> None:
    for one in read.missing[:_SHOWN]:
        say(f"gategit: not exported: {one.what}: {one.reason}")
    if len(read.missing) > _SHOWN:
        say(f"gategit: not exported: {len(read.missing) - _SHOWN:,} more")


def _check_place(output: str) -> None:
    """Refuse before the export what would fail after it."""
    if output == _STANDARD_OUTPUT:
        return
    if not output.endswith(_SUFFIXES):
        raise UsageError(f"--output {output}: a snapshot ends with .json or .json.gz", f"such as {DEFAULT_OUTPUT}")
    folder = Path(output).parent
    if not folder.is_dir():
        raise UsageError(
            f"{output} cannot be written: there is no folder {folder}", f"make it first: mkdir -p {folder}"
        )
    if os.path.isdir(output):  # noqa: PTH112  of pathlib, a name that is too long for any file raises
        raise UsageError(f"{output} cannot be written: it is a folder")


def _write(output: str, content: bytes) -> None:
    """Write beside and rename: a full disk leaves the earlier snapshot as it was.

    Raises:
        UndecidedError: the file cannot be written.
    """
    if output == _STANDARD_OUTPUT:
        from gategit.cli.output import write_stdout  # noqa: PLC0415  few ask for it

        write_stdout(content.decode("utf-8"))
        return
    import tempfile  # noqa: PLC0415  the same

    try:
        handle, beside = tempfile.mkstemp(dir=Path(output).parent, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
            Path(beside).chmod(0o644)
            Path(beside).replace(output)
        except OSError:
            Path(beside).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UndecidedError(f"the snapshot {output} cannot be written: {error.strerror or error}") from None
