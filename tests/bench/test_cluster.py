"""The comparison of the dry run with kubectl diff: the same live objects for both, and what is said of either."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from bench.cluster import HEADING, Cluster, counted, write_repository
from tests.api_server import ApiServer

GATEGIT = str(Path(sys.executable).parent / "gategit")


def _objects(folder: Path) -> dict[tuple[str, str, str], Any]:
    yaml = YAML(typ="safe", pure=True)
    documents = [one for path in sorted(folder.rglob("*.yaml")) for one in yaml.load_all(path.read_text())]
    return {(one["kind"], one["metadata"]["namespace"], one["metadata"]["name"]): one for one in documents}


def _cluster(work: Path, *without: str) -> Cluster:
    environment = dict(os.environ) | {"XDG_CACHE_HOME": str(work / "cache")}
    return Cluster(GATEGIT, work, environment, 1, frozenset(without), quick=True, objects=31, changed=6)


def _cells(line: str) -> dict[str, str]:
    return dict(zip(HEADING, [cell.strip() for cell in line.strip("|").split("|")], strict=True))


def test_some_objects_differ_by_values_and_some_by_what_is_gone(tmp_path: Path) -> None:
    """As many objects as were asked for, each change of one object in a file of its own."""
    repository, files = write_repository(tmp_path / "repository", 500, 24)
    head = _objects(repository / "apps")
    subprocess.run(["git", "switch", "--quiet", "main"], cwd=repository, check=True)  # noqa: S607
    base = _objects(repository / "apps")
    assert (len(base), len(files), len(set(files))) == (500, 24, 24)
    assert base.keys() == head.keys()
    assert len({namespace for _, namespace, _ in base}) == 10
    changed = [key for key in base if base[key] != head[key]]
    assert Counter(kind for kind, *_ in changed) == {"Deployment": 16, "ConfigMap": 8}
    containers = [head[key]["spec"]["template"]["spec"]["containers"][0] for key in changed if key[0] == "Deployment"]
    assert len([container for container in containers if "env" not in container]) == 8


def test_the_server_counts_what_it_is_asked(api_server: ApiServer, namespace: str) -> None:
    """Reads, and what only asks what would happen, are told apart."""
    before = counted(api_server.access)
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    api_server.send("GET", path)
    api_server.send("POST", f"{path}?dryRun=All", {"metadata": {"name": "settings"}})
    after = counted(api_server.access)
    assert after["LIST"] > before["LIST"]
    assert after["POST dry run"] > before["POST dry run"]


def test_a_missing_peer_is_named(tmp_path: Path) -> None:
    """No server is started for nobody to compare with."""
    [_, _, row] = _cluster(tmp_path, "kubectl").beside_kubectl()
    assert _cells(row)["loopback"] == "kubectl left out"


def test_every_command_runs(tmp_path: Path) -> None:
    """The rows name what was asked and what each command sent for it: reads and dry runs, and nothing else."""
    lines = _cluster(tmp_path).beside_kubectl()
    rows = [_cells(line) for line in lines[2:]]
    assert [row["command"].split()[0] for row in rows] == ["kubectl", "gategit", "gategit", "kubectl"]
    assert [bool(row["met"]) for row in rows] == [False, True, True, False]
    for row, applied in zip(rows, (31, 31, 6, 18), strict=True):
        sent = dict(part.split(" ", 1)[::-1] for part in row["sent"].split(", "))
        assert sent.keys() <= {"GET", "LIST", "APPLY dry run", "others"}
        assert sent["APPLY dry run"] == str(applied)
