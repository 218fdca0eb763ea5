"""The comparison of rendering with kustomize and helm in a loop: the same objects for both, one line that changes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from bench.fleet import write_fleet
from bench.rendering import HEADING, REPOSITORIES, Rendering, changed_file, loop_of
from bench.repository import start_change
from gategit.gate_render import RenderView, read_rendered
from gategit.request import Request

if TYPE_CHECKING:
    from collections.abc import Iterable

pytestmark = pytest.mark.usefixtures("renderers")


def _view(folder: Path) -> RenderView:
    environment = {"PATH": os.environ["PATH"]}
    return read_rendered(Request(directory=folder, environment=environment, use_cache=False), lambda _: None)


def _sorted(objects: Iterable[Any]) -> list[str]:
    """Objects to compare, without the labels that Flux puts on what it applies."""
    found = []
    for one in objects:
        labels = one["metadata"].get("labels", {})
        own = {name: value for name, value in labels.items() if "toolkit.fluxcd.io/" not in name}
        found.append(json.dumps({**one, "metadata": {**one["metadata"], "labels": own}}, sort_keys=True))
    return sorted(found)


def test_the_loop_makes_the_objects_that_gategit_makes(tmp_path: Path) -> None:
    """Each overlay and each release once, whoever deploys it, with the values that its object or its file holds."""
    fleet = write_fleet(tmp_path / "fleet", 7, 5)
    view = _view(fleet)
    assert view.unchecked == ()
    assert [problem for one in view.side.rendered for problem in one.problems] == []
    loop = loop_of(view, tmp_path)
    assert Counter(line.split()[0] for line in loop.lines) == {"kustomize": 7, "helm": 5}
    text = "\n".join(f"echo ---\n{line.removesuffix(' >/dev/null')}" for line in loop.lines)
    done = subprocess.run(["sh", "-c", text], cwd=fleet, capture_output=True, text=True, check=True)  # noqa: S607
    theirs = [one for one in YAML(typ="safe", pure=True).load_all(done.stdout) if one]
    ours = [one.data for unit in view.side.rendered for one in unit.objects]
    assert _sorted(theirs) == _sorted(ours)
    assert loop.objects == len(ours)


def test_the_line_that_changes_is_in_one_unit_alone(tmp_path: Path) -> None:
    """In a shared base it would reach many."""
    view = _view(write_fleet(tmp_path / "fleet", 7, 5))
    file = changed_file(view)
    assert [file in one.inputs for one in view.side.rendered].count(True) == 1


def test_the_table_says_what_was_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The generated repository, and those that the environment names, which are left as they are."""
    named = write_fleet(tmp_path / "named", 1, 0)
    start_change(named)
    monkeypatch.setenv(REPOSITORIES, str(named))
    monkeypatch.setenv("PATH", os.environ["PATH"])
    environment = dict(os.environ) | {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    (tmp_path / "work").mkdir()
    program = str(Path(sys.executable).parent / "gategit")
    lines = Rendering(program, tmp_path / "work", environment, 1, overlays=2, releases=1).lines()
    rows = [
        dict(zip(HEADING, [cell.strip() for cell in line.strip("|").split("|")], strict=True)) for line in lines[2:]
    ]
    assert [(row["repository"], row["what"].partition(",")[0].partition(" in ")[0]) for row in rows] == [
        ("2 overlays, 1 releases", "outputs: 3"),
        ("2 overlays, 1 releases", "check of a line"),
        ("2 overlays, 1 releases", "the same without a cache"),
        ("named", "outputs: 1"),
        ("named", "check of a line"),
        ("named", "the same without a cache"),
    ]
    assert all("MiB" in row["gategit"] for row in rows if row["aim"])
    assert len(list((named / ".git" / "refs" / "heads").iterdir())) == 2
