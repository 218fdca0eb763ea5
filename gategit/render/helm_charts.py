"""A chart as its files say it is, read without running anything: its name, its dependencies, what lies in charts/."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal, TypeGuard

from gategit.checks.references.paths import Found, Place, join
from gategit.checks.references.sources import text_at
from gategit.manifests.decode import Problem, decode
from gategit.model import FieldPath, Location
from gategit.render.helm_places import Places

_ARCHIVE: Final = re.compile(r"(.+?)-v?\d+(?:\.\d+)*(?:[.+-][\w.+-]*)?\.tgz\Z")
_LOCAL: Final = "file://"
_FIELDS: Final = ("name", "version", "repository", "condition", "tags", "enabled", "import-values", "alias")
_ALWAYS: Final = frozenset({"name", "repository"})
_OTHERS: Final = frozenset({"tags", "enabled", "import-values"})

_DEPTH: Final = 20
"""How deep charts hold charts."""

_FOLDER_LINKS: Final = 200
"""How many links to folders are followed in a chart; a circle of them ends here, and Helm with an error."""


@dataclass(frozen=True, slots=True)
class Dependency:
    """A chart that a chart is put together with.

    Attributes:
        name: the chart's name.
        version: the version or range that is wanted.
        repository: where it is found: a URL, ``file://`` with a path, or "".
        alias: the name by which it is known here, or "".
        file: the file that asks for it: Chart.yaml, or requirements.yaml of older charts.
        position: which of that file's dependencies it is.
    """

    name: str
    version: str
    repository: str
    alias: str
    file: str
    position: int

    @property
    def path(self) -> FieldPath:
        """The field of the file."""
        return ("dependencies", self.position)

    @property
    def is_local(self) -> bool:
        """Whether it is a folder beside the chart."""
        return self.repository.startswith(_LOCAL)


class ChartFolder:
    """A chart of the tree. Nothing of it raises, whatever the files say.

    Args:
        folder: a path of the tree, with no link on the way to it.
        places: the tree's texts.
    """

    def __init__(self, folder: str, places: Places) -> None:
        self.folder = folder
        self.places = places
        self.file = self._path("Chart.yaml")
        self._parts: dict[str, ChartFolder | str | None] = {}

    def _path(self, name: str) -> str:
        return f"{self.folder}/{name}" if self.folder else name

    @property
    def exists(self) -> bool:
        """Whether there is a Chart.yaml."""
        return self.places.content(self.file) is not None

    @cached_property
    def _read(self) -> tuple[Mapping[str, Any], tuple[Problem, ...]]:
        return self._yaml(self.file)

    def _yaml(self, file: str) -> tuple[Mapping[str, Any], tuple[Problem, ...]]:
        decoded = decode(self.places.content(file) or b"", file)
        data = decoded.documents[0].data if decoded.documents else None
        return (data if isinstance(data, dict) else {}), decoded.problems

    @property
    def data(self) -> Mapping[str, Any]:
        """What Chart.yaml says; nothing where it cannot be read."""
        return self._read[0]

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Why Chart.yaml cannot be read."""
        return self._read[1]

    @property
    def name(self) -> str:
        """The chart's name, "" where it has none."""
        return text_at(self.data, "name")

    def locate(self, path: FieldPath, *, on: Literal["key", "value"] = "value") -> Location:
        """The place of a field of Chart.yaml."""
        return self.places.field(self.file, path, on=on)

    @cached_property
    def dependencies(self) -> tuple[Dependency, ...]:
        """The charts that Chart.yaml asks for, or requirements.yaml where there is one."""
        file = self._path("requirements.yaml")
        data = self._yaml(file)[0]
        if not isinstance(data.get("dependencies"), list):
            file, data = self.file, self.data
        listed = data.get("dependencies")
        return tuple(
            Dependency(
                text_at(one, "name"),
                text_at(one, "version"),
                text_at(one, "repository"),
                text_at(one, "alias"),
                file,
                position,
            )
            for position, one in enumerate(listed if isinstance(listed, list) else ())
            if isinstance(one, dict)
        )

    @cached_property
    def locked(self) -> Mapping[str, str]:
        """The versions that Chart.lock (or requirements.lock) has settled on, by the dependency's name."""
        found: dict[str, str] = {}
        for name in ("requirements.lock", "Chart.lock"):
            listed = self._yaml(self._path(name))[0].get("dependencies")
            for one in listed if isinstance(listed, list) else ():
                if isinstance(one, dict) and text_at(one, "name"):
                    found[text_at(one, "name")] = text_at(one, "version")
        return found

    @cached_property
    def lock(self) -> str:
        """The path of the file that settles versions, "" where there is none."""
        found = (self._path(name) for name in ("Chart.lock", "requirements.lock"))
        return next((path for path in found if self.places.content(path) is not None), "")

    @cached_property
    def lock_is_current(self) -> bool:
        """Whether the lock file is one of the dependencies as they are, as ``helm dependency build`` wants it.

        Its digest is that of both lists (``HashReq`` in Helm's internal/resolver/resolver.go).
        """
        data = self._yaml(self.lock)[0] if self.lock else {}
        digest, locked = data.get("digest"), data.get("dependencies")
        asked = self.data.get("dependencies")
        if not isinstance(digest, str) or not _are_plain(asked) or not _are_plain(locked):
            return True
        pair = [[_as_helm_writes(one) for one in several] for several in (asked, locked)]
        text = json.dumps(pair, separators=(",", ":"), ensure_ascii=False)
        for sign in "<>&\u2028\u2029":
            text = text.replace(sign, f"\\u{ord(sign):04x}")
        return digest == "sha256:" + hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()

    @cached_property
    def files(self) -> frozenset[str]:
        """The paths of everything in the folder, with what links of it lead to, by the paths that Helm reads."""
        index = self.places.index
        found: set[str] = set()
        waiting = [(self.folder, self.folder)]
        links = 0
        while waiting:
            shown, real = waiting.pop()
            start = f"{real}/" if real else ""
            for path in index.entries:
                if not path.startswith(start):
                    continue
                below = f"{shown}/{path[len(start) :]}" if shown else path[len(start) :]
                found.add(below)
                target = index.find(path)
                if target.path != path:
                    found.add(target.path)
                    links += target.place is Place.FOLDER
                    if target.place is Place.FOLDER and links <= _FOLDER_LINKS:
                        waiting.append((below, target.path))
        return frozenset(found)

    @cached_property
    def vendored(self) -> Mapping[str, ChartFolder | str]:
        """What lies in ``charts/``, by the chart's name: a folder, or the path of an archive."""
        found: dict[str, ChartFolder | str] = {}
        folder = self.places.index.find(self._path("charts"))
        if folder.place is not Place.FOLDER:
            return found
        for name in self.places.index.children(folder.path):
            if name.startswith(("_", ".")):
                continue  # Helm passes them by
            one = self.places.index.find(f"{folder.path}/{name}")
            if one.place is Place.FILE and name.endswith(".tgz"):
                found.setdefault(name_in(name), one.path)
            elif one.place is Place.FOLDER:
                chart = ChartFolder(one.path, self.places)
                if chart.exists:
                    found.setdefault(chart.name or name, chart)
        return found

    def beside(self, dependency: Dependency) -> ChartFolder | None:
        """The chart that a ``file://`` dependency names; None where there is none in this tree."""
        path = join(self.folder, dependency.repository.removeprefix(_LOCAL))
        found = self.places.index.find(path) if path is not None else None
        if found is None or found.place is not Place.FOLDER:
            return None
        chart = ChartFolder(found.path, self.places)
        return chart if chart.exists else None

    @property
    def missing(self) -> tuple[Dependency, ...]:
        """The dependencies that are not in ``charts/``."""
        return tuple(one for one in self.dependencies if one.name and one.name not in self.vendored)

    def part(self, name: str) -> ChartFolder | str | None:
        """A chart that this one is put together with, by its name or alias: a folder, an archive's path, or None."""
        if name not in self._parts:
            self._parts[name] = self._part(name)
        return self._parts[name]

    def _part(self, name: str) -> ChartFolder | str | None:
        names = [name, *(one.name for one in self.dependencies if one.alias == name)]
        for one in names:
            if one in self.vendored:
                return self.vendored[one]
        for dependency in self.dependencies:
            if dependency.name in names and dependency.is_local:
                return self.beside(dependency)
        return None

    def source(self, name: str) -> str:
        """The path of the tree that Helm means by ``web/charts/db/templates/x.yaml``, or of the archive that holds it.

        "" where it is no file of this tree.
        """
        found = self._source(name)
        return found.path if found is not None and found.place is Place.FILE else ""

    def _source(self, name: str) -> Found | None:
        rest = name.partition("/")[2]
        chart = self
        while rest.startswith("charts/"):
            _, part, rest = rest.split("/", 2) if rest.count("/") > 1 else ("", "", "")
            found = chart.part(part) if part else None
            if found is None:
                return None
            if isinstance(found, str):
                return Found(Place.FILE, found)
            chart = found
        path = join(chart.folder, rest) if rest else None
        return self.places.index.find(path) if path else None

    def by_name(self, name: str) -> tuple[ChartFolder, FieldPath] | None:
        """The first chart of this name, this one or a part of it, and where its values stand in this one's."""
        waiting: list[tuple[ChartFolder, FieldPath]] = [(self, ())]
        while waiting:
            chart, path = waiting.pop(0)
            if chart.name == name or (path and path[-1] == name):
                return chart, path
            known = {one.alias or one.name for one in chart.dependencies} | set(chart.vendored)
            for key in sorted(known) if len(path) < _DEPTH else ():
                part = chart.part(key)
                if isinstance(part, ChartFolder):
                    waiting.append((part, (*path, key)))
        return None


def _are_plain(dependencies: Any) -> TypeGuard[list[dict[str, Any]]]:
    """Whether all fields that Helm reads as texts are texts; what it makes of others is not known here."""
    return isinstance(dependencies, list) and all(
        isinstance(one, dict)
        and all(isinstance(one.get(name, ""), str) for name in _FIELDS if name not in _OTHERS)
        and isinstance(one.get("tags", []), list)
        and all(isinstance(tag, str) for tag in one.get("tags", []))
        for one in dependencies
    )


def _as_helm_writes(dependency: Mapping[str, Any]) -> dict[str, Any]:
    """A dependency with its fields in Helm's order; those that are empty are left out, but for two."""
    written: dict[str, Any] = {}
    for name in _FIELDS:
        value = dependency.get(name)
        if name == "import-values" and isinstance(value, list):  # Go writes the keys of a map in order
            value = [dict(sorted(one.items())) if isinstance(one, dict) else one for one in value]
        if value or name in _ALWAYS:
            written[name] = value or ""
    return written


def name_in(archive: str) -> str:
    """The name of a chart by that of its archive."""
    found = _ARCHIVE.match(archive)
    return found[1] if found else archive.removesuffix(".tgz")


def version_in(archive: str) -> str:
    """The version of a chart by the path of its archive, "" where the name does not end with one."""
    name = archive.rpartition("/")[2]
    return name.removesuffix(".tgz")[len(name_in(name)) + 1 :]


def chart_at(folder: str, places: Places) -> ChartFolder | None:
    """The chart in a folder of the tree, links followed; None where there is no Chart.yaml."""
    found = places.index.find(folder)
    if found.place is not Place.FOLDER:
        return None
    chart = ChartFolder(found.path, places)
    return chart if chart.exists else None
