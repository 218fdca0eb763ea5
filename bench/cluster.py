"""The dry run beside kubectl diff: a real API server with live objects, on loopback and a round trip away."""

from __future__ import annotations

import http.client
import os
import re
import ssl
import statistics
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bench.corpus import write_corpus
from bench.measure import Command, Measure, measure
from bench.peers import MissingPeerError, kubectl
from bench.relay import relay
from bench.repository import commit_change, git, start_change
from bench.table import Table, met_word
from gategit.cluster.access import Access
from gategit.sandbox.assets import Assets, find_assets
from gategit.sandbox.server import Sandbox, start
from tools.fetch import FetchError, fetch

OBJECTS = 500
CHANGED = 24
ROUND_TRIP = 20
"""Milliseconds."""

HEADING = ("what is asked", "command", "loopback", f"{ROUND_TRIP} ms", "memory", "sent", "aim", "met")

_AIMS = (1.3, 2.0)
"""How many times as fast as the peer: on loopback, and a round trip away."""

_NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: %s}\n---\n"
_ENV = "          env:\n            - {name: LOG_LEVEL, value: info}\n"
# In turns: a value, a removal, and another kind's value.
_CHANGES = (("replicas: 2", "replicas: 3"), (_ENV, ""), ("greeting: hello", "greeting: goodbye"))
_COUNTED = re.compile(r"^apiserver_request_total\{([^}]*)\} (\d+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')
_KINDS = frozenset({"deployments", "services", "configmaps"})


@dataclass(frozen=True, slots=True)
class Way:
    """One way to the server.

    Attributes:
        name: what the table calls it.
        kubeconfig: a file that says how to go it.
    """

    name: str
    kubeconfig: Path


@dataclass(frozen=True, slots=True)
class Asking:
    """A command that asks a server; the way there comes between program and arguments.

    Attributes:
        what: what it asks for.
        name: what the table calls it.
        program: the program and its command.
        arguments: what it is to do.
    """

    what: str
    name: str
    program: Sequence[str]
    arguments: Sequence[str]


@dataclass(frozen=True, slots=True)
class Cluster:
    """What the measurements of the dry run need.

    Attributes:
        gategit: the program.
        work: a folder for the documents.
        environment: of every command.
        runs: how often each command is run; what takes a minute is run once.
        without: peers that are left out.
        quick: leave out what takes a minute.
        objects: how many are live.
        changed: how many of them the change touches.
    """

    gategit: str
    work: Path
    environment: Mapping[str, str]
    runs: int
    without: frozenset[str]
    quick: bool
    objects: int = OBJECTS
    changed: int = CHANGED

    def beside_kubectl(self) -> list[str]:
        """Ask for a whole tree and for a change alone, and let kubectl do the same; return the table's lines."""
        table = Table(HEADING)
        try:
            assets, peer = _assets(), self._kubectl()
        except (FetchError, MissingPeerError) as error:
            table.row("", "", str(error).partition("\n")[0], *[""] * (len(HEADING) - 3))
            return table.lines
        repository, changed = write_repository(self.work / "live", self.objects, self.changed)
        with start(assets, authorization="RBAC") as sandbox, self._ways(sandbox) as ways:
            _fill(peer, sandbox, repository)
            bench = _Bench(self, table, sandbox, ways, repository)
            mine = (self.gategit, "cluster", "dry-run", "--quiet")
            diff = (peer, "diff", "--field-manager=gategit")
            served = ("--server-side", "--recursive", "--filename=apps")
            at_once = "kubectl diff --server-side --concurrency=32"
            files = [f"--filename={path}" for path in changed]
            bench.rows(
                Asking(f"all {self.objects} objects", at_once, diff, (*served, "--concurrency=32")),
                Asking(f"all {self.objects} objects", "gategit cluster dry-run --all", mine, ("--all", "apps")),
                Asking(
                    f"what the change touches: {self.changed} objects",
                    "gategit cluster dry-run --base main",
                    mine,
                    ("--base", "main", "--head", "change"),
                ),
                Asking(f"the {len(files)} changed files", at_once, diff, ("--server-side", "--concurrency=32", *files)),
            )
            if not self.quick:
                serial = "kubectl diff --server-side"
                bench.once(Asking(f"all {self.objects} objects", serial, diff, served))
                bench.once(Asking(f"all {self.objects} objects", "kubectl diff", diff, served[1:]))
        return table.lines

    def sandbox(self) -> list[str]:
        """Start a sandbox, and fill it; return the table's lines."""
        table = Table(("what", "gategit", "memory of the whole process tree", "aim", "met"))
        try:
            folder = _assets().apiserver.parent
        except FetchError as error:
            table.row(str(error).partition("\n")[0], "", "", "", "")
            return table.lines
        empty = self.work / "empty"
        empty.mkdir()
        repository, _ = write_repository(self.work / "sandboxed", self.objects, self.changed)
        command = (self.gategit, "cluster", "sandbox", "--assets", str(folder))
        check = (self.gategit, "check", "--base", "main", "--head", "change", "--stages", "dry-run", "--no-cache")
        measured = measure(
            [
                Command((*command, ".", "--", "true"), empty, self.environment),
                Command((*command, ".", "--", "true"), repository, self.environment),
                Command((*check, "--dry-run", "sandbox", "--assets", str(folder)), repository, self.environment),
            ],
            self.runs,
            memory=True,
        )
        names = (
            "start it and stop it",
            f"the same, with {OBJECTS} objects in it",
            f"check a change of {CHANGED} in it",
        )
        for name, one, aim in zip(names, measured, (8, 20, None), strict=True):
            met = met_word(met=one.seconds < aim if aim else None)
            table.row(name, f"{one.seconds:.2f} s", f"{one.memory:.0f} MiB", f"< {aim} s" if aim else "", met)
        return table.lines

    def _kubectl(self) -> str:
        if "kubectl" in self.without:
            raise MissingPeerError("kubectl left out")
        return kubectl()

    @contextmanager
    def _ways(self, sandbox: Sandbox) -> Iterator[tuple[Way, Way]]:
        """Straight to the server, and through a relay."""
        text = sandbox.kubeconfig.read_text(encoding="utf-8")
        port = urlsplit(sandbox.access.server).port or 443
        with relay(port, ROUND_TRIP) as other:
            far = self.work / "far.kubeconfig"
            far.touch(mode=0o600)
            far.write_text(text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{other}"), encoding="utf-8")
            yield Way("loopback", sandbox.kubeconfig), Way(f"{ROUND_TRIP} ms", far)


@dataclass(frozen=True, slots=True)
class _Bench:
    """One table of commands that ask the same server the same thing."""

    options: Cluster
    table: Table
    sandbox: Sandbox
    ways: Sequence[Way]
    repository: Path

    def rows(self, peer: Asking, *others: Asking) -> None:
        """Measure commands in turns, on every way; gategit's own have the peer's time as their aim."""
        askings = (peer, *others)
        commands = [self._command(asking, way) for way in self.ways for asking in askings]
        measured = measure(commands, self.options.runs)
        ways = [measured[start : start + len(askings)] for start in range(0, len(measured), len(askings))]
        for number, asking in enumerate(askings):
            memory = commands[number].run(watch=0.01).memory
            ratios = [_ratio(way[0], way[number]) for way in ways]
            own = asking.program[0] == self.options.gategit
            times = [
                f"{way[number].seconds:.2f} s" + f" ({ratio:.2f}x as fast)" * (number > 0)
                for way, ratio in zip(ways, ratios, strict=True)
            ]
            aim = " and ".join(f"{wanted:g}x" for wanted in _AIMS) + " as fast" if own else ""
            reached = all(ratio >= wanted for ratio, wanted in zip(ratios, _AIMS, strict=True))
            met = met_word(met=reached if own else None)
            sent = self._sent(commands[number])
            self.table.row(asking.what, asking.name, *times, f"{memory:.0f} MiB", sent, aim, met)

    def once(self, peer: Asking) -> None:
        """Measure what takes long, once on every way."""
        commands = [self._command(peer, way) for way in self.ways]
        before = counted(self.sandbox.access)
        near = commands[0].run()
        sent = _said(counted(self.sandbox.access) - before)
        far = commands[1].run()
        self.table.row(
            peer.what, peer.name, f"{near.seconds:.2f} s, once", f"{far.seconds:.2f} s, once", "", sent, "", ""
        )

    def _command(self, asking: Asking, way: Way) -> Command:
        # kubectl keeps what it has learnt of a server; what it wrote into the user's home would stay there.
        environment = {**self.options.environment, "KUBECACHEDIR": str(self.options.work / "kubectl")}
        arguments = (*asking.program, "--kubeconfig", str(way.kubeconfig), *asking.arguments)
        return Command(arguments, self.repository, environment, finds=True)

    def _sent(self, command: Command) -> str:
        before = counted(self.sandbox.access)
        command.run()
        return _said(counted(self.sandbox.access) - before)


def write_repository(folder: Path, objects: int, changed: int) -> tuple[Path, list[str]]:
    """A repository with a branch ``change``, checked out, where some of the objects differ: one of a file.

    Args:
        folder: where.
        objects: how many; three make a file, and seventeen files a namespace.
        changed: how many differ.

    Returns:
        The folder, and the files that the branch changes.
    """
    write_corpus(folder / "apps", -(-objects // 3), together=17)
    files = sorted((folder / "apps").rglob("*.yaml"), key=lambda path: int(path.stem.removeprefix("app-")))
    spare = 3 * len(files) - objects
    last = files[-1].read_text(encoding="utf-8")
    files[-1].write_text("---\n".join(last.split("---\n")[: 3 - spare]), encoding="utf-8")
    namespaces = sorted({path.parent.name for path in files})
    (folder / "namespaces.yaml").write_text("".join(_NAMESPACE % name for name in namespaces), encoding="utf-8")
    start_change(folder)
    chosen = files[:: len(files) // changed][:changed]
    for number, path in enumerate(chosen):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(*_CHANGES[number % len(_CHANGES)]), encoding="utf-8")
    commit_change(folder)
    return folder, [str(path.relative_to(folder)) for path in chosen]


def _assets() -> Assets:
    """The programs of the server.

    Raises:
        FetchError: they cannot be had here.
    """
    fetch("etcd")
    return find_assets(None, fetch("kube-apiserver").parent, os.environ)


def _fill(program: str, sandbox: Sandbox, repository: Path) -> None:
    """Let kubectl apply what the branch ``main`` says, under gategit's name."""
    environment = {
        **os.environ,
        "KUBECONFIG": str(sandbox.kubeconfig),
        "KUBECACHEDIR": str(repository.parent / "kubectl"),
    }
    base = repository.parent / "base"
    git(repository, "worktree", "add", "--quiet", str(base), "main")
    for names in (("--filename=namespaces.yaml",), ("--recursive", "--filename=apps")):
        command = [program, "apply", "--server-side", "--field-manager=gategit", *names]
        subprocess.run(command, cwd=base, env=environment, check=True, capture_output=True)


def counted(access: Access) -> Counter[str]:
    """How many requests of each kind the server has answered, those that it sends itself left out where one can."""
    context = ssl.create_default_context(cadata=(access.authority or b"").decode())
    connection = http.client.HTTPSConnection(urlsplit(access.server).netloc, context=context, timeout=60)
    try:
        connection.request("GET", "/metrics", headers={"Authorization": f"Bearer {access.token}"})
        text = connection.getresponse().read().decode()
    finally:
        connection.close()
    counts: Counter[str] = Counter()
    for labels, count in _COUNTED.findall(text):
        label = dict(_LABEL.findall(labels))
        if label["resource"] in _KINDS:
            counts[f"{label['verb']}{' dry run' if label['dry_run'] else ''}"] += int(count)
        elif not label["resource"]:
            counts["others"] += int(count)
    return counts


def _said(counts: Counter[str]) -> str:
    # One is that of the metrics.
    counts["others"] -= 1
    return ", ".join(f"{count:,} {verb}" for verb, count in counts.most_common() if count > 0)


def _ratio(theirs: Measure, own: Measure) -> float:
    """How many times as fast: the median of runs that followed each other."""
    return statistics.median(one / other for one, other in zip(theirs.times, own.times, strict=True))
