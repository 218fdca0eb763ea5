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
    """What is carried of each project: how many kinds, of which releases, read where, and below that which kinds."""
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    sources = sorted(index["sources"].items(), key=lambda one: one[1]["title"].lower())
    kinds: dict[str, dict[str, list[str]]] = {name: {} for name, _ in sources}
    for kind in index["kinds"]:
        said = f"{kind['kind']} ({', '.join(kind['versions']) or 'not served'})"
        kinds[kind["source"]].setdefault(kind["group"], []).append(said)
    lines = [f"Projects: {len(sources)}. Kinds: {len(index['kinds'])}.", ""]
    lines += ["| project | kinds | releases | read from | licence |", "|---|---|---|---|---|"]
    lines += [_row(source, sum(map(len, kinds[name].values()))) for name, source in sources]
    lines += ["", "### Kinds and API versions"]
    for name, source in sources:
        lines += ["", f"<details><summary>{source['title']}</summary>", ""]
        lines += [f"- `{group}`: {', '.join(said)}" for group, said in kinds[name].items()]
        lines += ["", "</details>"]
    return "\n".join(lines)


def _row(source: dict[str, Any], kinds: int) -> str:
    releases = ", ".join(release["release"] for release in source["releases"])
    packages = [one for release in source["releases"] for one in release.get("packages", [release])]
    origins = ", ".join(f"`{origin}`" for origin in dict.fromkeys(one["origin"] for one in packages))
    licences = ", ".join(dict.fromkeys(release["licence"] for release in source["releases"]))
    return f"| {source['title']} | {kinds} | {releases} | {origins} | {licences} |"


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
