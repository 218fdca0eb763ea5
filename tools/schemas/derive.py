"""Derive the schemas that gategit carries: ``make schemas``, or ``python tools/schemas/derive.py --source argo-cd``.

Each source's releases are read from what the project has published (``sources.toml`` pins it), and written to
``schemas/ecosystem``: what is no longer yielded is removed, the index and the table in docs/schemas.md are written
again. Publications are downloaded once by the clients that the user has set up, and then come from those clients'
caches.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tools.schemas.bundle import FOLDER, headers, kind_files, remove_kinds, write_index, write_kinds
from tools.schemas.carried import write_table
from tools.schemas.errors import SchemasError
from tools.schemas.sources import Release, Source, read_sources


def derive(sources: Sequence[Source], names: Sequence[str], folder: Path) -> None:
    """Write the kinds of some sources, or of all, into a folder, and its index.

    Raises:
        SchemasError: a source does not yield what it must, or two sources yield the same kind.
    """
    chosen = [source for source in sources if not names or source.name in names]
    for name in names:
        if all(source.name != name for source in sources):
            raise SchemasError(f"there is no source {name}")
    known = {source.name for source in sources}
    replaced = {source.name for source in chosen}
    kept: dict[str, str] = {}
    removed = set()
    for path, header, _ in headers(folder):
        if header["source"] in replaced or header["source"] not in known:
            removed.add(path)
        else:
            kept[path] = header["source"]
    contents: dict[str, bytes] = {}
    for source in chosen:
        own = kind_files(source, [(release, _definitions(release)) for release in source.releases])
        for path in own:
            if path in kept:
                raise SchemasError(f"{path} is yielded by two sources, {kept[path]} and {source.name}")
            kept[path] = source.name
        contents |= own
        _say(f"{source.name}: {len(own)} kinds of {len(source.releases)} releases")
    write_kinds(folder, contents)
    remove_kinds(folder, sorted(removed - set(contents)))
    write_index(folder, sources)


def _definitions(release: Release) -> list[dict[str, Any]]:
    form = f"tools.schemas.form_{release.form}"
    try:
        module = importlib.import_module(form)
    except ModuleNotFoundError as error:
        if error.name != form:
            raise
        raise SchemasError(f"{release} has the form {release.form}, which nothing here reads") from None
    found: list[dict[str, Any]] = module.definitions(release)
    if not found:
        raise SchemasError(f"{release} yields no kinds")
    return found


def _say(what: str) -> None:
    print(what, file=sys.stderr)


def main(arguments: Sequence[str]) -> int:
    """Derive what is asked for; 1 where that cannot be done."""
    parser = argparse.ArgumentParser(prog="tools/schemas/derive.py", description="Derive the carried schemas.")
    parser.add_argument("--source", action="append", default=[], metavar="NAME", help="only this source; repeatable")
    parser.add_argument("--output", type=Path, default=FOLDER, metavar="DIR", help="where to write; %(default)s")
    asked = parser.parse_args(arguments)
    try:
        derive(read_sources(), asked.source, asked.output)
    except SchemasError as error:
        _say(f"tools/schemas/derive.py: {error}")
        return 1
    if asked.output == FOLDER:
        write_table()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
