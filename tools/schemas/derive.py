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
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tools.schemas.bundle import FOLDER, headers, kind_files, remove_kinds, write_index, write_kinds
from tools.schemas.carried import write_table
from tools.schemas.errors import SchemasError
from tools.schemas.sources import Release, Source, read_sources


def derive(sources: Sequence[Source], names: Sequence[str], folder: Path) -> list[str]:
    """Write the kinds of some sources, or of all, into a folder, and its index.

    What was carried of a source that cannot be derived now stays.

    Returns:
        why sources could not be derived, one sentence for each that could not.

    Raises:
        SchemasError: there is no source of a name.
    """
    for name in names:
        if all(source.name != name for source in sources):
            raise SchemasError(f"there is no source {name}")
    chosen = [source for source in sources if not names or source.name in names]
    before: dict[str, list[str]] = {}
    for path, header, _ in headers(folder):
        before.setdefault(header["source"], []).append(path)
    # Of the sources that are left as they are; what belongs to none in the end is removed.
    untouched = {source.name for source in sources} - {source.name for source in chosen}
    owners = {path: name for name in untouched for path in before.get(name, ())}
    failures = []
    for source in chosen:
        try:
            contents = _contents(source, owners)
        except SchemasError as error:
            failures.append(str(error))
            owners = dict.fromkeys(before.get(source.name, ()), source.name) | owners
            continue
        owners |= dict.fromkeys(contents, source.name)
        write_kinds(folder, contents)
        _say(f"{source.name}: {len(contents)} kinds of {len(source.releases)} releases")
    remove_kinds(folder, [path for paths in before.values() for path in paths if path not in owners])
    write_index(folder, sources)
    return failures


def _contents(source: Source, owners: Mapping[str, str]) -> dict[str, bytes]:
    found = kind_files(source, [(release, _definitions(release)) for release in source.releases])
    for path in found:
        if owners.get(path, source.name) != source.name:
            raise SchemasError(f"{path} is yielded by two sources, {owners[path]} and {source.name}")
    return found


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
        failures = derive(read_sources(), asked.source, asked.output)
        if asked.output == FOLDER:
            write_table()
    except SchemasError as error:
        failures = [str(error)]
    for failure in failures:
        _say(f"tools/schemas/derive.py: {failure}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
