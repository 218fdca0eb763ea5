"""Running a command and measuring it: wall time, the memory of the whole process tree, what it wrote."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Measure:
    """What was measured of a command.

    Attributes:
        times: the wall time of each run, in seconds.
        memory: the highest memory of the whole process tree in MiB, 0 where it was not watched.
        output: what the last run wrote to standard output.
    """

    times: tuple[float, ...]
    memory: float
    output: str

    @property
    def seconds(self) -> float:
        """The median wall time."""
        return statistics.median(self.times)

    def __str__(self) -> str:
        return f"{self.seconds:.3f} s" + (f", {self.memory:.0f} MiB" if self.memory else "")


@dataclass(frozen=True, slots=True)
class Command:
    """A command to measure.

    Attributes:
        arguments: the program and its arguments.
        cwd: the folder that it runs in.
        environment: its environment.
        finds: it may end with 1, which says that it found something.
    """

    arguments: Sequence[str]
    cwd: Path
    environment: Mapping[str, str]
    finds: bool = False

    def run(self, *, watch: float = 0.0) -> Measure:
        """Run it once; with ``watch``, look at its memory every so many seconds.

        Raises:
            RuntimeError: it failed: a benchmark of an error measures nothing.
        """
        # Files, so that nobody has to read along: that would cost one of the cores that are measured.
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            peak = 0.0
            start = time.perf_counter()
            with subprocess.Popen(
                self.arguments, cwd=self.cwd, env=self.environment, stdout=output, stderr=errors
            ) as process:
                while watch and process.poll() is None:
                    peak = max(peak, _tree_memory(process.pid))
                    time.sleep(watch)
                code = process.wait()
            seconds = time.perf_counter() - start
            output.seek(0)
            written = output.read().decode(errors="replace")
            errors.seek(0)
            if code not in ({0, 1} if self.finds else {0}):
                said = written[-2000:] + errors.read().decode(errors="replace")[-2000:]
                raise RuntimeError(f"{' '.join(self.arguments)[:500]} ended with {code}:\n{said}")
        return Measure((seconds,), peak, written)


def measure(commands: Sequence[Command], runs: int, *, memory: bool = False) -> list[Measure]:
    """Run each command ``runs`` times, in turns, so that a busy minute of the machine hits all of them alike.

    With ``memory`` each is run once more, watched: watching takes time that would otherwise be counted.

    Raises:
        RuntimeError: one of them failed.
    """
    rounds = [[command.run() for command in commands] for _ in range(runs)]
    watched = [command.run(watch=0.01).memory if memory else 0.0 for command in commands]
    return [
        Measure(tuple(one.times[0] for one in mine), peak, mine[-1].output)
        for mine, peak in zip(zip(*rounds, strict=True), watched, strict=True)
    ]


def _tree_memory(root: int) -> float:
    """The resident memory of a process and everything below it, in MiB; shared pages count once for each process."""
    children: dict[int, list[int]] = {}
    pages: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(entry.name))
        pages[int(entry.name)] = int(fields[21])
    total, waiting = 0, [root]
    while waiting:
        process = waiting.pop()
        total += pages.get(process, 0)
        waiting += children.get(process, [])
    return total * os.sysconf("SC_PAGE_SIZE") / 2**20
