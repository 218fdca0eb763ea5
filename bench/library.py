"""The policy library beside kube-score and checkov, on the same documents, and what the worker costs a small run."""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.corpus import write_policy_corpus
from bench.measure import Command, Measure, measure
from bench.peers import Linter, MissingPeerError, checkov, kube_score
from bench.table import Table, met_word
from gategit import __version__
from gategit.checks.policy.load import builtin_policies

EVERY_PACK = "version: 1\npolicies:\n  packs: [strict]\n"
"""A config that switches every built-in policy on."""

HEADING = ("tool", "rules", "median", "fastest", "slowest", "memory", "findings", "gategit beside it", "aim", "met")


@dataclass(frozen=True, slots=True)
class Library:
    """What the measurements of the library need.

    Attributes:
        gategit: the program.
        work: a folder for the documents.
        environment: of every command.
        runs: how often each command is run; checkov is run once, since it takes minutes.
        kubernetes: the version that is judged for.
        without: peers that are left out.
    """

    gategit: str
    work: Path
    environment: Mapping[str, str]
    runs: int
    kubernetes: str
    without: frozenset[str]

    def beside_peers(self, documents: int) -> list[str]:
        """Judge the documents by every policy, and by the peers; return the table's lines."""
        corpus = write_policy_corpus(self.work / "policy-corpus", documents)
        files = [str(path.relative_to(corpus)) for path in sorted(corpus.rglob("*.yaml"))]
        own = self._gategit()
        table = Table(HEADING)

        scorer, why = self._peer("kube-score", lambda: kube_score(self.kubernetes))
        commands = [self._command(own, corpus, ["."])]
        if scorer:
            commands.append(self._command(scorer, corpus, files))
        mine, *others = measure(commands, self.runs, memory=True)
        self._row(table, own, mine)
        if scorer:
            ratio = others[0].seconds / mine.seconds
            self._row(table, scorer, others[0], f"{ratio:.1f}x as fast", "faster", met_word(met=ratio > 1))
        else:
            table.row("kube-score", why, *[""] * (len(HEADING) - 2))

        slow, why = self._peer("checkov", checkov)
        if slow:
            # Once, and watched no oftener than does not matter to a run of minutes.
            theirs = self._command(slow, corpus, ["."]).run(watch=0.25)
            ratio = theirs.seconds / mine.seconds
            self._row(table, slow, theirs, f"{ratio:.1f}x as fast", "20x as fast", met_word(met=ratio >= 20))
        else:
            table.row("checkov", why, *[""] * (len(HEADING) - 2))
        return table.lines

    def worker(self) -> list[str]:
        """Judge one file with and without the policy stage; return the table's lines."""
        corpus = write_policy_corpus(self.work / "one-file", 3)
        every = self.work / "every-policy.yaml"
        every.write_text(EVERY_PACK, encoding="utf-8")
        table = Table(("1 file, 3 documents", "without the policy stage", "with it", "cost", "aim", "met"))
        check = (self.gategit, "check", "--all", "--no-cache", "--kubernetes-version", self.kubernetes)
        for what, config in (("pack recommended", ()), ("every policy", ("--config", str(every)))):
            whole = Command((*check, *config, "."), corpus, self.environment, finds=True)
            part = Command(
                (*check, *config, "--stages", "syntax,schema,references", "."), corpus, self.environment, finds=True
            )
            with_it, without = measure([whole, part], 7 * self.runs)
            pairs = zip(with_it.times, without.times, strict=True)
            cost = 1000 * statistics.median(one - other for one, other in pairs)
            table.row(what, str(without), str(with_it), f"{cost:.0f} ms", "< 100 ms", met_word(met=cost < 100))
        return table.lines

    def _gategit(self) -> Linter:
        config = self.work / "all-policies.yaml"
        config.write_text(EVERY_PACK, encoding="utf-8")
        # Policies that compare old and new have nothing to do here: there is no change.
        judging = [policy for policy in builtin_policies() if policy.view not in ("Change", "Changes")]
        options = ("--all", "--stages", "syntax,policy", "--no-cache", "--config", str(config))
        arguments = (self.gategit, "check", *options, "--kubernetes-version", self.kubernetes)
        finding = re.compile(r"^  (?:error|warning|note)\[", re.MULTILINE)
        return Linter(f"gategit {__version__}", len(judging), arguments, finding)

    def _peer(self, name: str, get: Callable[[], Linter]) -> tuple[Linter | None, str]:
        """A peer, or None and why it is not measured."""
        if name in self.without:
            return None, "left out"
        try:
            return get(), ""
        except MissingPeerError as error:
            return None, f"cannot be had here: {error}"

    def _command(self, linter: Linter, corpus: Path, paths: list[str]) -> Command:
        return Command((*linter.arguments, *paths), corpus, self.environment, finds=True)

    def _row(self, table: Table, linter: Linter, measured: Measure, *verdict: str) -> None:
        times = (measured.seconds, min(measured.times), max(measured.times))
        seconds = [f"{one:.2f} s" for one in times] if len(measured.times) > 1 else [f"{times[0]:.2f} s", "1 run", ""]
        memory = f"{measured.memory:.0f} MiB" if measured.memory else ""
        findings = f"{linter.count(measured.output):,}"
        table.row(linter.name, str(linter.rules), *seconds, memory, findings, *(verdict or ("", "", "")))
