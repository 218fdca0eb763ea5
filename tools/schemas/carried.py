"""The table of what is carried, in docs/schemas.md between its two markers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from tools.schemas.bundle import FOLDER
from tools.schemas.errors import SchemasError

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "schemas.md"

_START: Final = "<!-- carried -->"
_END: Final = "<!-- /carried -->"


def table(folder: Path = FOLDER) -> str:
    """The table: for each project its kinds and their API versions, its releases, where they were read, the licence."""
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    kinds: dict[str, dict[str, list[str]]] = {}
    for kind in index["kinds"]:
        said = f"{kind['kind']} ({', '.join(kind['versions']) or 'not served'})"
        kinds.setdefault(kind["source"], {}).setdefault(kind["group"], []).append(said)
    rows = [
        _row(source, kinds[name])
        for name, source in sorted(index["sources"].items(), key=lambda one: one[1]["title"].lower())
    ]
    return "\n".join(["| project | kinds | releases | read from | licence |", "|---|---|---|---|---|", *rows])


def _row(source: dict[str, Any], kinds: dict[str, list[str]]) -> str:
    groups = "<br>".join(f"`{group}`: {', '.join(said)}" for group, said in kinds.items())
    releases = ", ".join(release["release"] for release in source["releases"])
    origins = ", ".join(dict.fromkeys(f"`{release['origin']}`" for release in source["releases"]))
    licences = ", ".join(dict.fromkeys(release["licence"] for release in source["releases"]))
    return f"| {source['title']} | {groups} | {releases} | {origins} | {licences} |"


def with_table(page: str, rows: str) -> str:
    """A page with the table between its markers.

    Raises:
        SchemasError: the page lacks one of them.
    """
    before, start, rest = page.partition(_START)
    _, end, after = rest.partition(_END)
    if not start or not end:
        raise SchemasError(f"docs/schemas.md lacks the marker {_START} or {_END}")
    return f"{before}{_START}\n\n{rows}\n\n{_END}{after}"


def write_table() -> None:
    """Write the table into its page.

    Raises:
        SchemasError: the page lacks one of the markers.
    """
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8"), table()), encoding="utf-8")
