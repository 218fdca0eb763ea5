"""Measure gategit side by side with its peers, in one run, on the same generated files.

All start cold: a new process, no cache. kubeconform reads the schemas of kubernetes-validate from disk, and checkov
asks its vendor for nothing, so that no tool waits for the network. A peer that cannot be had is named in the table.
Run by ``make bench``; ``--record FILE`` also writes the tables. Rendering is measured on a generated repository, and
besides on those that the variable ``GATEGIT_BENCH_REPOSITORIES`` names, as PATH names folders: they are copied first.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.cluster import CHANGED, OBJECTS, Cluster
from bench.corpus import write_corpus
from bench.library import Library
from bench.measure import Command, Measure, measure
from bench.peers import PEERS, MissingPeerError, kubeconform
from bench.rendering import Rendering
from bench.repository import commit_change, start_change
from bench.table import Table, met_word

GATEGIT = str(Path(sys.executable).parent / "gategit")
VERSION = "1.34"

NOTES = {
    "stages": "Both accept valid documents, cold and without a cache; the last rows are git changes.",
    "library": (
        "The same files for each, half of the applications with mistakes, and each tool's own text report of them."
        " Rules are those that judge an object as it stands: gategit's whole library but the policies that compare old"
        " and new, kube-score's default checks, checkov's checks of Kubernetes. checkov is run once."
    ),
    "worker": "The cost is the median difference of runs that take turns.",
    "dry-run": (
        f"{OBJECTS} live objects in ten namespaces, applied by kubectl under gategit's name, of which {CHANGED} differ:"
        " by a value, or by one that is gone. Every command asks the same real API server, which shares the cores, as"
        " that manager, in turns with the others. How many times as fast is said against the first row: what there is"
        " to do without a gate that knows what the change touches. gategit also reads and decodes the trees, and learns"
        " in each run what the server serves; kubectl keeps that on disk. The server counts what was sent; others are"
        " discovery and OpenAPI. kubectl diff without --server-side sends only what it finds to differ."
    ),
    "rendering": (
        "`gategit render` and `gategit check`, and the real kustomize and helm, one process for each output, one by one"
        " and on two processors. The overlays share bases, have components, patches and generators; a third of them is"
        " Flux's, a third Argo CD's; the releases are theirs, too. Each check is of a change of its own, that no cache"
        " has seen, by schemas and references. What cannot be built is in no loop."
    ),
    "sandbox": "From nothing: a new etcd and API server in each run, stopped and removed at its end.",
}
EMPTY_TYPER = "import typer\ndef main() -> None: ...\ntyper.run(main)\n"


@dataclass(frozen=True, slots=True)
class Stages:
    """What the measurements of the other stages need; the attributes are those of ``Library``."""

    work: Path
    environment: dict[str, str]
    runs: int
    without: frozenset[str]
    quick: bool

    def lines(self) -> list[str]:
        """Measure the gate beside kubeconform, a small run, and small changes; return the table's lines."""
        peer, why = self._kubeconform()
        table = Table(("what", "gategit", "beside it", "aim", "met"))
        gate = [GATEGIT, "check", "--all", "--no-cache", "--quiet", "--kubernetes-version", VERSION]
        self._beside_kubeconform(table, gate, peer, why)
        self._one_file(table, gate, peer, why)
        self._small_changes(table)
        return table.lines

    def _kubeconform(self) -> tuple[tuple[str, ...] | None, str]:
        """The command of kubeconform, or None and why it is not measured."""
        if "kubeconform" in self.without:
            return None, "kubeconform left out"
        try:
            return kubeconform(self.work, VERSION), ""
        except MissingPeerError as error:
            return None, f"kubeconform cannot be had here: {error}"

    def _timed(self, commands: Sequence[Sequence[str]], cwd: Path, runs: int, *, memory: bool = False) -> list[Measure]:
        return measure([Command(one, cwd, self.environment) for one in commands], runs, memory=memory)

    def _beside_kubeconform(self, table: Table, gate: list[str], peer: tuple[str, ...] | None, why: str) -> None:
        variants = {
            "schema alone, as kubeconform": [*gate, "--stages", "syntax,schema", "."],
            "all stages": [*gate, "."],
        }
        for files, times in ((1_000, 1.0), *(() if self.quick else ((10_000, 2.0),))):
            corpus = write_corpus(self.work / f"corpus-{files}", files)
            commands = [*variants.values(), *([[*peer, "."]] if peer else [])]
            measured = self._timed(commands, corpus, self.runs, memory=True)
            other = measured[-1] if peer else None
            for name, own in zip(variants, measured, strict=False):
                ratio = other.seconds / own.seconds if other else 0.0
                beside = f"kubeconform {other} ({ratio:.2f}x)" if other else why
                aim = f"{times:g} times as fast" if times > 1 else "faster"
                met = met_word(met=ratio > times if other else None)
                table.row(f"{files:,} files, {3 * files:,} documents, {name}", str(own), beside, aim, met)
                if files == 10_000 and own.memory:
                    memory = f"{own.memory:.0f} MiB"
                    table.row(f"memory of that, {name}", memory, "", "< 300 MiB", met_word(met=own.memory < 300))

    def _one_file(self, table: Table, gate: list[str], peer: tuple[str, ...] | None, why: str) -> None:
        one = write_corpus(self.work / "corpus-1", 1)
        script = self.work / "empty.py"
        script.write_text(EMPTY_TYPER, encoding="utf-8")
        commands = [[*gate, "."], [sys.executable, str(script)], *([[*peer, "."]] if peer else [])]
        own, empty, *others = self._timed(commands, one, 2 * self.runs)
        beside = f"kubeconform {others[0]}" if others else why
        table.row("1 file, 3 documents", str(own), beside, "< 250 ms", met_word(met=own.seconds < 0.25))
        ratio = own.seconds / empty.seconds
        table.row("the same", f"{ratio:.2f}x", f"empty Typer {empty}", "<= 3x", met_word(met=ratio <= 3))

    def _small_changes(self, table: Table) -> None:
        for files in (20, 1_000 if self.quick else 10_000):
            repository = _repository(self.work / f"repository-{files}", files)
            command = [GATEGIT, "check", "--base", "main", "--head", "change", "--kubernetes-version", VERSION]
            [cold] = self._timed([command], repository, 1)
            [warm] = self._timed([command], repository, self.runs)
            table.row(f"20 changed files of {files:,}, warm cache", str(warm), f"cold {cold}", "", "")


def _repository(folder: Path, files: int) -> Path:
    """A git repository of many files, and the branch ``change`` that changes twenty of them."""
    write_corpus(folder, files)
    start_change(folder)
    for number in range(20):
        path = folder / "group-000" / f"app-{number}.yaml"
        path.write_text(path.read_text(encoding="utf-8").replace("replicas: 2", "replicas: 3"), encoding="utf-8")
    commit_change(folder)
    return folder


def run(work: Path, runs: int, *, without: frozenset[str], quick: bool, only: frozenset[str] = frozenset()) -> str:
    """Measure everything, or ``only`` some sections, and return the page's tables, each below its heading."""
    environment = dict(os.environ) | {"XDG_CACHE_HOME": str(work / "cache")}
    # An installed program has its bytecode beside it; one that has to compile itself first is not what users run.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    stages = Stages(work, environment, runs, without, quick)
    library = Library(GATEGIT, work, environment, runs, VERSION, without)
    documents = 1_000 if quick else 10_000
    cluster = Cluster(GATEGIT, work, environment, runs, without, quick)
    rendering = Rendering(GATEGIT, work, environment, runs, *((12, 4) if quick else (60, 20)))
    sections = {
        "stages": ("Schemas, start-up and small changes", stages.lines),
        "library": (f"The policy library, {documents:,} documents", lambda: library.beside_peers(documents)),
        "worker": ("What the policy worker costs", library.worker),
        "dry-run": (f"The dry run, {OBJECTS} live objects", cluster.beside_kubectl),
        "rendering": ("What agents apply", rendering.lines),
        "sandbox": ("A sandbox", cluster.sandbox),
    }
    page = []
    for name, (title, section) in sections.items():
        if only and name not in only:
            continue
        heading = f"## {title}\n\n{NOTES[name]}\n"
        print(f"\n{heading}", flush=True, end="")
        page.append(f"{heading}\n" + "\n".join(section()) + "\n")
    return "\n".join(page)


def main() -> int:
    """Run the benchmark; print it, and write it where that is asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench.run", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="how often each command is run")
    parser.add_argument("--quick", action="store_true", help="leave out the large corpora")
    parser.add_argument("--without", action="append", default=[], choices=PEERS, help="leave out a peer; repeatable")
    parser.add_argument("--only", action="append", default=[], choices=NOTES, help="only this section; repeatable")
    parser.add_argument("--record", type=Path, help="also write the tables to this file")
    options = parser.parse_args()
    cores = os.cpu_count() or 1
    system = f"{cores} cores, CPython {platform.python_version()}, {platform.system()} {platform.machine()}"
    print(f"{system}; medians of {options.runs} runs")
    work = Path(tempfile.mkdtemp(prefix="gategit-bench-"))
    try:
        without, only = frozenset(options.without), frozenset(options.only)
        tables = run(work, options.runs, without=without, quick=options.quick, only=only)
    finally:
        shutil.rmtree(work)
    if options.record:
        heading = f"# Benchmarks\n\nWritten by `make bench-record`: {system}; medians of {options.runs} runs.\n\n"
        options.record.write_text(heading + tables, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
