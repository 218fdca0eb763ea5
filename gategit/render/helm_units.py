"""Charts that no agent of the repository builds: rendered as whoever tries them out would, with their own values."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Final

from gategit.checks.references.paths import PathIndex
from gategit.manifests.decode import Limits
from gategit.render.helm_charts import ChartFolder
from gategit.render.helm_places import Places
from gategit.render.values import Chart, HelmBuild, Unit, ValuesLayer
from gategit.tree import EntryKind, Tree

_NAME: Final = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,51}[a-z0-9])?\Z")
_RELEASE: Final = "release-name"
"""What Helm calls a release where nobody says."""

_TRIAL: Final = re.compile(r"ci/[^/]+-values\.ya?ml\Z")
"""Values to try a chart with, as the chart testing tool ``ct`` looks for them."""


class LoneCharts:
    """The charts of a tree that may be deployed as they are: neither libraries nor parts of other charts.

    Args:
        tree: the files.
        index: the same files by path.
        folders: those that hold a Chart.yaml.
    """

    def __init__(self, tree: Tree, index: PathIndex, folders: Collection[str]) -> None:
        self._index = index
        self._places = Places(tree, index)
        self._folders = frozenset(folders)

    @cached_property
    def charts(self) -> tuple[ChartFolder, ...]:
        """The charts, by their folders; one whose name is still to be filled in (a starter) is none."""
        found = [ChartFolder(folder, self._places) for folder in sorted(self._folders) if not self._is_inside(folder)]
        parts: set[str] = set()
        for chart in found:
            for one in chart.dependencies:
                part = chart.beside(one) if one.is_local else None
                if part is not None:
                    parts.add(part.folder)
        return tuple(
            chart
            for chart in found
            if chart.exists
            and chart.folder not in parts
            and chart.data.get("type") != "library"
            and not any(sign in chart.name for sign in "<>{}")
        )

    def _is_inside(self, folder: str) -> bool:
        """Whether a chart lies in the ``charts`` or ``templates`` folder of another one."""
        names = folder.split("/")
        return any(
            name in {"charts", "templates"} and "/".join(names[:depth]) in self._folders
            for depth, name in enumerate(names)
        )

    def units(self, built: Iterable[Unit], targets_of: Callable[[str], Sequence[str | None]]) -> Iterator[Unit]:
        """A unit for each chart that no other unit builds, and for each of its ``ci/*-values.yaml`` where it has some.

        Args:
            built: the units that agents ask for.
            targets_of: the targets that a file belongs to.
        """
        used = {unit.build.chart.folder for unit in built if isinstance(unit.build, HelmBuild)}
        used = {self._index.find(folder).path for folder in used if folder is not None}
        for chart in self.charts:
            if chart.folder in used:
                continue
            release = chart.name if _NAME.match(chart.name) else _RELEASE
            for name, layers in self._trials(chart):
                for target in targets_of(chart.file):
                    yield Unit(name, HelmBuild(Chart(chart.folder), release, "", layers, alone=True), target=target)

    def _trials(self, chart: ChartFolder) -> Iterator[tuple[str, tuple[ValuesLayer, ...]]]:
        name = f"chart {chart.folder or '.'}"
        trials = self._values.get(chart.folder, ())
        for path in trials:
            content = self._places.content(path) or b""
            yield f"{name} with {path}", (ValuesLayer(content.decode("utf-8", "surrogateescape"), path),)
        if not trials:
            yield name, ()

    @cached_property
    def _values(self) -> dict[str, list[str]]:
        """The files of values to try charts with, by the chart's folder."""
        found: dict[str, list[str]] = {}
        for path, entry in self._index.entries.items():
            trial = _TRIAL.search(path)
            folder = path[: trial.start()].rstrip("/") if trial else ""
            readable = entry.kind is EntryKind.FILE and entry.size <= Limits().file_bytes
            if trial and readable and folder in self._folders and (not trial.start() or path[trial.start() - 1] == "/"):
                found.setdefault(folder, []).append(path)
        return found
