"""A chart of the tree as an archive, as ``helm package`` makes it, without starting Helm where that is not needed."""

from __future__ import annotations

import fnmatch
import gzip
import io
import tarfile
from typing import Final

from gategit.manifests.text import NotText, decode_text
from gategit.render.helm_charts import ChartFolder

_UNCLEAR: Final = frozenset("![\\")


def packed(chart: ChartFolder) -> bytes:
    """The archive of a chart, with every file of its folder."""
    start = f"{chart.folder}/" if chart.folder else ""
    written = io.BytesIO()
    # Nobody keeps it: packing it small would cost more than it saves.
    with (
        gzip.GzipFile(fileobj=written, mode="wb", compresslevel=1, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w") as archive,
    ):
        for path in sorted(chart.files):
            content = chart.places.content(path) if path.startswith(start) else None
            if content is not None:
                member = tarfile.TarInfo(f"chart/{path[len(start) :]}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return written.getvalue()


def may_ignore(chart: ChartFolder) -> bool:
    """Whether Helm may leave files of a chart out: its .helmignore may name one of them.

    Never False where it is not certain: a rule is taken to name whatever its last part names, and one that is more than
    a plain pattern to name everything.
    """
    start = len(chart.folder) + 1 if chart.folder else 0
    paths = [path[start:].split("/") for path in chart.files]
    if any(names[0] == "templates" and any(name.startswith(".") for name in names) for names in paths):
        return True  # Helm's own rule
    text = decode_text(chart.places.content(f"{chart.folder}/.helmignore".lstrip("/")) or b"")
    if isinstance(text, NotText):
        return True
    known = {name for names in paths for name in names}
    for line in text.splitlines():
        rule = line.strip()
        if not rule or rule.startswith("#"):
            continue
        if "**" in rule or _UNCLEAR & set(rule):
            return True
        if _named(known, rule.rstrip("/").rpartition("/")[2]):
            return True
    return False


def _named(names: set[str], rule: str) -> bool:
    return any(fnmatch.fnmatchcase(name, rule) for name in names)
