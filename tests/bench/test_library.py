"""The comparison of the policy library with its peers: what it counts, and what it says where a peer is missing."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from bench.corpus import write_policy_corpus
from bench.library import HEADING, Library
from bench.peers import CHECKOV_FINDING, KUBE_SCORE_FINDING
from tools.fetch import version

ROOT = Path(__file__).parents[2]
GATEGIT = str(Path(sys.executable).parent / "gategit")

KUBE_SCORE_SAYS = """\
apps/v1/Deployment app-0 in team-00                                           💥
    path=/corpus/team-00/app-0.yaml
    [CRITICAL] Container Resources
        · main -> CPU limit is not set
            Resource limits are recommended to avoid resource DDOS. Set
            resources.limits.cpu
        · main -> Memory limit is not set
            Resource limits are recommended to avoid resource DDOS. Set
            resources.limits.memory
    [WARNING] Deployment Replicas
        · Deployment few replicas
v1/Service app-0 in team-00                                                   ✅
"""

CHECKOV_SAYS = """\
kubernetes scan results:

Passed checks: 312, Failed checks: 2, Skipped checks: 0

Check: CKV_K8S_9: "Readiness Probe Should be Configured"
\tFAILED for resource: Deployment.bench.app-1
\tFile: /app-1.yaml:1-27
Check: CKV2_K8S_6: "Minimize the admission of pods which lack an associated NetworkPolicy"
\tFAILED for resource: Pod.bench.app-3.app.kubernetes.io/name-app-3
\tFile: /app-3.yaml:1-27
"""


def _library(work: Path, *without: str) -> Library:
    environment = dict(os.environ) | {"XDG_CACHE_HOME": str(work / "cache")}
    return Library(GATEGIT, work, environment, 1, "1.34", frozenset(without))


def _cells(line: str) -> dict[str, str]:
    return dict(zip(HEADING, line.strip("| ").split(" | "), strict=False))


def test_findings_of_the_peers_are_counted_one_by_one() -> None:
    """Not by check: kube-score puts several findings below one check."""
    assert len(KUBE_SCORE_FINDING.findall(KUBE_SCORE_SAYS)) == 3
    assert len(CHECKOV_FINDING.findall(CHECKOV_SAYS)) == 2


def test_own_findings_are_counted_as_the_report_counts_them(tmp_path: Path) -> None:
    """The table's number is that of the JSON report of the same documents, and it is not nothing."""
    _, _, row = _library(tmp_path, "kube-score", "checkov").beside_peers(60)[:3]
    corpus = write_policy_corpus(tmp_path / "again", 60)
    config = ("--config", str(tmp_path / "all-policies.yaml"))
    check = (GATEGIT, "check", "--all", "--stages", "syntax,policy", "--no-cache", *config)
    done = subprocess.run([*check, "--format", "json", "."], cwd=corpus, capture_output=True, text=True, check=False)
    expected = json.loads(done.stdout)["findings"]
    assert len(expected) > 10
    assert _cells(row)["findings"] == str(len(expected))


def test_a_peer_can_be_left_out(tmp_path: Path) -> None:
    """Its row says so, and nothing else is missing."""
    lines = _library(tmp_path, "kube-score", "checkov").beside_peers(6)
    assert [re.sub(r"[| ]+$", "", line) for line in lines[3:]] == ["| kube-score | left out", "| checkov | left out"]
    assert _cells(lines[2])["tool"].startswith("gategit ")
    assert re.fullmatch(r"\d+\.\d\d s", _cells(lines[2])["median"])


def test_a_peer_that_cannot_be_had_does_not_end_the_bench(tmp_path: Path) -> None:
    """Without a package index, the rows of the peers say that they cannot be had; gategit's row is there."""
    # A checkout that has fetched nothing yet, of a user who has built nothing yet.
    for name in ("bench", "tools"):
        shutil.copytree(ROOT / name, tmp_path / "checkout" / name)
    offline = {
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "GOPROXY": "off",
        "GOPATH": str(tmp_path / "go"),
        "GOMODCACHE": str(tmp_path / "modules"),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(tmp_path),
        "UV_OFFLINE": "1",
        "UV_CACHE_DIR": str(tmp_path / "uv"),
    }
    code = (
        "import os, sys; from pathlib import Path; from bench.library import Library\n"
        "work = Path(sys.argv[2])\n"
        "Library(sys.argv[1], work, dict(os.environ), 1, '1.34', frozenset()).beside_peers(6)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, GATEGIT, str(tmp_path)],
        cwd=tmp_path / "checkout",
        env=os.environ | offline,
        capture_output=True,
        text=True,
        check=False,
    )
    building = f"Building kube-score {version('kube-score')}; the first time it takes up to some minutes\n"
    assert (done.returncode, done.stderr) == (0, building)
    own, scorer, slow = done.stdout.splitlines()[-3:]
    assert own.startswith("| gategit ")
    assert scorer.startswith("| kube-score | cannot be had here: ")
    assert slow.startswith("| checkov | cannot be had here: ")
    assert {line.count(" | ") for line in (own, scorer, slow)} == {len(HEADING) - 1}


def test_the_worker_s_cost_is_measured_for_a_pack_and_for_every_policy(tmp_path: Path) -> None:
    """Two rows, each with both times and their difference."""
    lines = _library(tmp_path).worker()
    row = r"\| %s \| \d\.\d{3} s \| \d\.\d{3} s \| -?\d+ ms \| < 100 ms \| (yes|\*\*no\*\*) \|"
    assert len(lines) == 4
    assert re.fullmatch(row % "pack recommended", lines[2])
    assert re.fullmatch(row % "every policy", lines[3])
