"""What agents apply, rendered by gategit and by kustomize and helm themselves, run in a loop for the same outputs."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.fleet import write_fleet
from bench.measure import Command, Measure, measure
from bench.peers import MissingPeerError, renderers
from bench.repository import git, start_change
from bench.table import Table, met_word
from gategit.gate_render import RenderView, read_rendered
from gategit.render.values import HelmBuild, KustomizeBuild, Rendered
from gategit.request import Request

REPOSITORIES: Final = "GATEGIT_BENCH_REPOSITORIES"
"""The variable that names more repositories to measure, as PATH names folders."""

HEADING: Final = (
    "repository",
    "what",
    "gategit",
    "the programs, one by one",
    "two at a time",
    "gategit beside one by one",
    "aim",
    "met",
)
_COLD: Final = 1.3
_CHANGED: Final = 10.0
_ELSEWHERE: Final = ("not-followed", "not-rendered")
_ORDINARY: Final = '"$@"; test $? -ne 2'
"""In a repository that nobody made for this, something may fail to build or lead elsewhere."""


@dataclass(frozen=True, slots=True)
class Loop:
    """The programs, run for the outputs that gategit has.

    Attributes:
        lines: the commands of a shell, one for each output.
        objects: how many objects gategit makes of them.
    """

    lines: tuple[str, ...]
    objects: int

    def one_by_one(self, folder: Path) -> list[str]:
        """The command that runs them one after the other."""
        return ["sh", str(_script(folder / "loop.sh", self.lines))]

    def two_at_a_time(self, folder: Path) -> list[str]:
        """The command that runs them on two processors."""
        halves = [_script(folder / f"half-{number}.sh", self.lines[number::2]) for number in range(2)]
        first, second = (shlex.quote(str(half)) for half in halves)
        return ["sh", "-c", f"sh {first} & sh {second} & wait"]


@dataclass(frozen=True, slots=True)
class Rendering:
    """What the measurements of rendering need.

    Attributes:
        gategit: the program.
        work: a folder for repositories and scripts.
        environment: of every command; its XDG_CACHE_HOME holds the cache.
        runs: how often each command is run.
        overlays: how many the generated repository has.
        releases: how many releases of charts it has.
    """

    gategit: str
    work: Path
    environment: Mapping[str, str]
    runs: int
    overlays: int = 60
    releases: int = 20

    def lines(self) -> list[str]:
        """Measure every repository; return the table's lines."""
        table = Table(HEADING)
        try:
            folder = renderers()
        except MissingPeerError as error:
            table.row("kustomize and helm", f"cannot be had here: {error}", *[""] * (len(HEADING) - 2))
            return table.lines
        os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"
        environment = dict(self.environment) | {"PATH": os.environ["PATH"]}
        fleet = write_fleet(self.work / "fleet", self.overlays, self.releases)
        start_change(fleet)
        self._measure(table, f"{self.overlays} overlays, {self.releases} releases", fleet, environment)
        for given in filter(None, os.environ.get(REPOSITORIES, "").split(os.pathsep)):
            copy = self.work / "repositories" / Path(given).name
            shutil.copytree(given, copy, symlinks=True)
            git(copy, "switch", "--quiet", "--force-create", "main")
            self._measure(table, Path(given).name, copy, environment)
        return table.lines

    def _measure(self, table: Table, name: str, repository: Path, environment: dict[str, str]) -> None:
        scripts = self.work / f"scripts-{Path(repository).name}"
        scripts.mkdir()
        view = read_rendered(Request(directory=repository, environment=environment, use_cache=False), lambda _: None)
        loop = loop_of(view, scripts)
        # A cache that cannot be opened keeps nothing, and holds nothing.
        cold = environment | {"XDG_CACHE_HOME": os.devnull}
        render = self._ordinary("render", "--format", "json")
        plain = [
            Command(one, repository, environment) for one in (loop.one_by_one(scripts), loop.two_at_a_time(scripts))
        ]
        own, alone, both = measure([Command(render, repository, cold), *plain], self.runs, memory=True)
        what = f"outputs: {len(loop.lines)}, with {loop.objects:,} objects, cold"
        self._row(table, name, what, own, (alone, both), _COLD)
        file = changed_file(view)
        if file:
            self._changed(table, name, repository, environment, file, (alone, both))

    def _changed(  # noqa: PLR0913, PLR0917  what is measured, and beside what
        self,
        table: Table,
        name: str,
        repository: Path,
        environment: dict[str, str],
        file: str,
        loops: tuple[Measure, Measure],
    ) -> None:
        branches = [f"change-{number}" for number in range(self.runs + 1)]
        for number, branch in enumerate(branches):
            git(repository, "switch", "--quiet", "--create", branch, "main")
            with (repository / file).open("a", encoding="utf-8") as text:
                text.write(f"# {number}\n")
            git(repository, "commit", "--quiet", "--message", branch, "--", file)
        check, cold = (
            [
                Command(self._ordinary("check", "--base", "main", "--head", branch, *more), repository, environment)
                for branch in branches
            ]
            for more in ((), ("--no-cache",))
        )
        # The first one knows nothing; each of the others knows the base, and not the line that is changed this time.
        warm = [command.run() for command in check][1:]
        memory = check[-1].run(watch=0.01).memory
        own = Measure(tuple(one.seconds for one in warm), memory, "")
        self._row(table, name, f"check of a line in {file}, warm cache", own, loops, 1 / _CHANGED)
        blind = Measure(tuple(command.run().seconds for command in cold[1:]), 0.0, "")
        self._row(table, name, "the same without a cache", blind, loops, None)

    def _ordinary(self, *arguments: str) -> list[str]:
        return ["sh", "-c", _ORDINARY, "sh", self.gategit, *arguments]

    @staticmethod
    def _row(  # noqa: PLR0913, PLR0917  the cells
        table: Table, name: str, what: str, own: Measure, loops: tuple[Measure, Measure], most: float | None
    ) -> None:
        alone, both = loops
        ratio = own.seconds / alone.seconds
        said = f"{ratio:.2f}x the time" if ratio > 0.5 else f"{1 / ratio:.1f} times less"
        aim = "" if most is None else f"<= {most:g}x" if most > 1 else f"{1 / most:g} times less"
        table.row(
            name,
            what,
            str(own),
            str(alone),
            str(both),
            said,
            aim,
            met_word(met=None if most is None else ratio <= most),
        )


def loop_of(view: RenderView, folder: Path) -> Loop:
    """The commands that make what gategit made, as far as one command can.

    Args:
        view: what gategit made.
        folder: where values are written that stand in an object.
    """
    lines, objects = [], 0
    for number, one in enumerate(view.side.rendered):
        # What is remote is left out by gategit, and stops the programs.
        whole = not one.failed and not any(problem.rule in _ELSEWHERE for problem in one.problems)
        line = _line(one, folder / f"values-{number}") if whole else None
        if line is not None:
            lines.append(f"{line} >/dev/null")
            objects += len(one.objects)
    return Loop(tuple(lines), objects)


def _line(rendered: Rendered, values: Path) -> str | None:
    """The command that makes a unit's objects; None where no single one does."""
    build = rendered.unit.build
    if isinstance(build, KustomizeBuild):
        folder = build.folder or "."
        if not any(
            path.rpartition("/")[0] == build.folder and "kustomization" in path.lower() for path in rendered.inputs
        ):
            return None  # the agent writes one
        free = ["--load-restrictor", "LoadRestrictionsNone"] if build.free else []
        return shlex.join(["kustomize", "build", folder, *free])
    if not isinstance(build, HelmBuild) or build.chart.folder is None:
        return None
    layers = []
    for number, layer in enumerate(build.values):
        file = values.with_name(f"{values.name}-{number}.yaml")
        file.write_text(layer.text, encoding="utf-8")
        layers += ["--values", str(file)]
    single = [
        text
        for one in build.parameters
        for text in (f"--set{'-string' if one.text else ''}", f"{one.name}={one.value}")
    ]
    namespace = ["--namespace", build.namespace] if build.namespace else []
    crds = [] if build.skip_crds else ["--include-crds"]
    return shlex.join(["helm", "template", build.release, build.chart.folder, *namespace, *crds, *layers, *single])


def changed_file(view: RenderView) -> str:
    """A file that one unit alone is made of: where the one line is changed. "" where there is none."""
    used: dict[str, int] = {}
    for one in view.side.rendered:
        for path in one.inputs:
            used[path] = used.get(path, 0) + 1
    built = [one for one in view.side.rendered if not one.failed and isinstance(one.unit.build, KustomizeBuild)]
    candidates = [
        path
        for one in built
        for path in sorted(one.inputs)
        if used[path] == 1 and path.endswith(".yaml") and not path.endswith("kustomization.yaml")
    ]
    return candidates[len(candidates) // 2] if candidates else ""


def _script(path: Path, lines: Sequence[str]) -> Path:
    path.write_text("set -e\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path
