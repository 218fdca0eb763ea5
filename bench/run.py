"""Measure gategit side by side with kubeconform, in one run, on the same generated files.

Both start cold: a new process, no cache. Each figure is the median of the runs. kubeconform reads the schemas of
kubernetes-validate from disk, so that neither tool asks the network. Run by ``make bench``; ``--record FILE`` also
writes the table.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
GATEGIT = str(Path(sys.executable).parent / "gategit")
VERSION = "1.34"
CORES = os.cpu_count() or 1

EMPTY_TYPER = "import typer\ndef main() -> None: ...\ntyper.run(main)\n"


@dataclass(frozen=True, slots=True)
class Measure:
    """The median wall time in seconds and the highest memory of the whole process tree in MiB."""

    seconds: float
    memory: float


def _documents(number: int) -> str:
    """Three objects of an application: a Deployment, a Service, a ConfigMap."""
    name = f"app-{number}"
    digest = f"{number:064x}"
    return f"""apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  namespace: bench
  labels: {{app.kubernetes.io/name: {name}}}
spec:
  replicas: 2
  selector:
    matchLabels:
      app.kubernetes.io/name: {name}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: {name}
    spec:
      containers:
        - name: main
          image: registry.example.com/{name}@sha256:{digest}
          ports:
            - {{name: http, containerPort: 8080}}
          env:
            - {{name: LOG_LEVEL, value: info}}
          resources:
            requests: {{cpu: 100m, memory: 128Mi}}
            limits: {{cpu: 500m, memory: 256Mi}}
---
apiVersion: v1
kind: Service
metadata:
  name: {name}
  namespace: bench
spec:
  selector:
    app.kubernetes.io/name: {name}
  ports:
    - {{name: http, port: 80, targetPort: http}}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {name}
  namespace: bench
data:
  number: "{number}"
  greeting: hello from {name}
"""


def write_corpus(folder: Path, files: int) -> Path:
    """Write ``files`` files of three documents, a hundred to a folder."""
    for number in range(files):
        path = folder / f"group-{number // 100:03}" / f"app-{number}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_documents(number), encoding="utf-8")
    return folder


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


def measure(command: Sequence[str], cwd: Path, runs: int, *, environment: dict[str, str], memory: bool) -> Measure:
    """Run a command several times; with ``memory`` once more, watched.

    Raises:
        RuntimeError: it did not end with 0: a benchmark of an error measures nothing.
    """
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, check=False)
        times.append(time.perf_counter() - start)
        if done.returncode:
            raise RuntimeError(
                f"{' '.join(command)} ended with {done.returncode}:\n{(done.stdout + done.stderr).decode()[-2000:]}"
            )
    peak = 0.0
    if memory and Path("/proc/self/stat").exists():
        process = subprocess.Popen(
            command, cwd=cwd, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while process.poll() is None:
            peak = max(peak, _tree_memory(process.pid))
            time.sleep(0.01)
    return Measure(statistics.median(times), peak)


def write_schemas(source: Path, folder: Path) -> Path:
    """Write the schemas of the corpus's kinds as kubeconform wants them: each with all that it refers to inside."""
    prefix = "/api/_definitions.json"
    definitions: dict[str, Any] = json.loads((source / "_definitions.json").read_text(encoding="utf-8"))["$defs"]
    folder.mkdir()
    for name in ("deployment-apps-v1.json", "service-v1.json", "configmap-v1.json"):
        text = (source / name).read_text(encoding="utf-8").replace(prefix, "")
        needed: dict[str, Any] = {}
        waiting = [text]
        while waiting:
            for found in set(re.findall(r"#/\$defs/([\w.-]+)", waiting.pop())) - needed.keys():
                needed[found] = json.loads(json.dumps(definitions[found]).replace(prefix, ""))
                waiting.append(json.dumps(needed[found]))
        (folder / name).write_text(json.dumps(json.loads(text) | {"$defs": needed}), encoding="utf-8")
    return folder


def _kubeconform(work: Path) -> list[str] | None:
    """The command of kubeconform with offline schemas, or None where it cannot be built."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "fetch.py"), "kubeconform"], capture_output=True, text=True, check=False
    )
    package = find_spec("kubernetes_validate")
    if done.returncode or package is None or not package.submodule_search_locations:
        print(f"kubeconform is left out: {done.stderr.strip() or 'kubernetes-validate is not installed'}\n")
        return None
    source = Path(package.submodule_search_locations[0]) / "kubernetes-json-schema" / f"v{VERSION}.0-local-strict"
    schemas = write_schemas(source, work / "schemas")
    location = f"{schemas}/{{{{ .ResourceKind }}}}{{{{ .KindSuffix }}}}.json"
    options = ("-strict", "-n", str(CORES), "-kubernetes-version", f"{VERSION}.0", "-schema-location", location)
    return [done.stdout.split()[-1], *options]


class Bench:
    """Collects rows and prints each as soon as it is known."""

    def __init__(self, runs: int) -> None:
        self.runs = runs
        self.lines = ["| what | gategit | beside it | aim | met |", "|---|---|---|---|---|"]
        print("\n".join(self.lines), flush=True)

    def row(self, what: str, own: str, beside: str, aim: str, *, met: bool | None) -> None:
        """Add a row."""
        word = {True: "yes", False: "**no**", None: ""}[met]
        self.lines.append(f"| {what} | {own} | {beside} | {aim} | {word} |")
        print(self.lines[-1], flush=True)


def _figure(measured: Measure | None) -> str:
    if measured is None:
        return "not measured"
    return f"{measured.seconds:.3f} s" + (f", {measured.memory:.0f} MiB" if measured.memory else "")


def _git(folder: Path, *arguments: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    identity = ("-c", "user.name=bench", "-c", "user.email=bench@example.com", "-c", "gc.auto=0")
    subprocess.run(
        ["git", *identity, *arguments],  # noqa: S607
        cwd=folder,
        env=environment | {"GIT_CONFIG_GLOBAL": os.devnull},
        check=True,
        capture_output=True,
    )


def run(work: Path, runs: int, *, quick: bool) -> list[str]:
    """Measure everything and return the table's lines."""
    environment = dict(os.environ) | {"XDG_CACHE_HOME": str(work / "cache")}
    kubeconform = _kubeconform(work)
    bench = Bench(runs)
    gate = [GATEGIT, "check", "--all", "--no-cache", "--quiet", "--kubernetes-version", VERSION]
    no_policy = [*gate, "--stages", "syntax,schema"]

    def timed(command: Sequence[str], cwd: Path, *, memory: bool = False, count: int = runs) -> Measure:
        return measure(command, cwd, count, environment=environment, memory=memory)

    for files, times in ((1_000, 1.0), *(() if quick else ((10_000, 2.0),))):
        corpus = write_corpus(work / f"corpus-{files}", files)
        size = f"{files:,} files, {3 * files:,} documents"
        other = timed([*kubeconform, "."], corpus, memory=True) if kubeconform else None
        for name, command in (("schema alone, as kubeconform", no_policy), ("all stages", gate)):
            own = timed([*command, "."], corpus, memory=True)
            ratio = other.seconds / own.seconds if other else 0.0
            aim = f"{times:g} times as fast" if times > 1 else "faster"
            met = ratio > times if other else None
            bench.row(f"{size}, {name}", _figure(own), f"kubeconform {_figure(other)} ({ratio:.2f}x)", aim, met=met)
            if files == 10_000:
                bench.row(f"memory of that, {name}", f"{own.memory:.0f} MiB", "", "< 300 MiB", met=own.memory < 300)

    one = write_corpus(work / "corpus-1", 1)
    script = work / "empty.py"
    script.write_text(EMPTY_TYPER, encoding="utf-8")
    empty = timed([sys.executable, str(script)], one, count=2 * runs)
    other = timed([*kubeconform, "."], one, count=2 * runs) if kubeconform else None
    own = timed([*gate, "."], one, count=2 * runs)
    bench.row("1 file, 3 documents", _figure(own), f"kubeconform {_figure(other)}", "< 250 ms", met=own.seconds < 0.25)
    ratio = own.seconds / empty.seconds
    bench.row("the same", f"{ratio:.2f}x", f"empty Typer {_figure(empty)}", "<= 3x", met=ratio <= 3)

    for files in (20, 1_000 if quick else 10_000):
        repository = write_corpus(work / f"repository-{files}", files)
        _git(repository, "init", "--quiet", "--initial-branch=main")
        _git(repository, "add", "--all")
        _git(repository, "commit", "--quiet", "--message", "base")
        _git(repository, "switch", "--quiet", "--create", "change")
        for number in range(20):
            path = repository / f"group-{number // 100:03}" / f"app-{number}.yaml"
            path.write_text(path.read_text(encoding="utf-8").replace("replicas: 2", "replicas: 3"), encoding="utf-8")
        _git(repository, "commit", "--quiet", "--all", "--message", "change")
        command = [GATEGIT, "check", "--base", "main", "--head", "change", "--kubernetes-version", VERSION]
        cold = timed(command, repository, count=1)
        warm = timed(command, repository)
        bench.row(f"20 changed files of {files:,}, warm cache", _figure(warm), f"cold {_figure(cold)}", "", met=None)
    return bench.lines


def main() -> int:
    """Run the benchmark; print it, and write it where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="how often each command is run")
    parser.add_argument("--quick", action="store_true", help="leave out the large corpus")
    parser.add_argument("--record", type=Path, help="also write the table to this file")
    options = parser.parse_args()
    system = f"{CORES} cores, CPython {platform.python_version()}, {platform.system()} {platform.machine()}"
    print(f"{system}; medians of {options.runs} runs\n")
    work = Path(tempfile.mkdtemp(prefix="gategit-bench-"))
    try:
        lines = run(work, options.runs, quick=options.quick)
    finally:
        shutil.rmtree(work)
    if options.record:
        heading = f"# Benchmarks\n\nWritten by `make bench-record`: {system}; medians of {options.runs} runs.\n\n"
        options.record.write_text(heading + "\n".join(lines) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
