"""Deriving schemas from a published Go module: what is pinned is read, and what comes out is what is carried."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tools.schemas.bundle import FOLDER, headers
from tools.schemas.derive import derive, main
from tools.schemas.sources import Source, read_sources

NAME = "volume-snapshots"
"""A source of small modules."""


@pytest.fixture(scope="module")
def source() -> Source:
    """The source as it is pinned."""
    return next(source for source in read_sources() if source.name == NAME)


def changed(source: Source, **changes: Any) -> Source:
    """A source whose newest release is its only one, and says something else."""
    return replace(source, releases=(replace(source.releases[0], **changes),))


def test_deriving_again_gives_what_is_carried(tmp_path: Path) -> None:
    """From the pinned modules, all kinds of the source: the same files and the same contents."""
    assert main(["--source", NAME, "--output", str(tmp_path)]) == 0
    carried = {path: content for path, header, content in headers(FOLDER) if header["source"] == NAME}
    assert {path: content for path, _, content in headers(tmp_path)} == carried


def test_a_run_writes_the_same_bytes_again_and_removes_what_is_no_longer_yielded(
    tmp_path: Path, source: Source
) -> None:
    """A kind's file of the source, or of a source that is gone, does not stay."""
    assert derive([source], [], tmp_path) == []
    before = {file.relative_to(tmp_path): file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    for group, name in (("snapshot.storage.k8s.io", NAME), ("gone.example.com", "gone")):
        (tmp_path / group).mkdir(exist_ok=True)
        content = b'{"source":"%s"}\n' % name.encode()
        (tmp_path / group / "old.jsonl.gz").write_bytes(gzip.compress(content, mtime=0))
    assert derive([source], [], tmp_path) == []
    after = {file.relative_to(tmp_path): file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    assert after == before


def test_what_was_carried_of_a_source_stays_where_it_cannot_be_derived(tmp_path: Path, source: Source) -> None:
    """The others are derived all the same."""
    second = replace(source, name="zz", releases=(replace(source.releases[0], source="zz"),))
    assert derive([second], [], tmp_path) == []
    before = [path for path, _, _ in headers(tmp_path)]
    broken = replace(second, releases=(replace(second.releases[0], form="papyrus"),))
    assert derive([source, broken], ["zz"], tmp_path) == [
        f"zz {source.releases[0].name} has the form papyrus, which nothing here reads"
    ]
    assert [path for path, _, _ in headers(tmp_path)] == before


def test_a_kind_that_moves_to_another_source_is_carried_by_that_one(tmp_path: Path, source: Source) -> None:
    """In whatever order the two are derived."""
    snapshots, groups = (
        replace(source, releases=(replace(source.releases[0], options={"files": files}),))
        for files in (["config/crd/snapshot*.yaml"], ["config/crd/groupsnapshot*.yaml"])
    )
    assert derive([snapshots, replace(groups, name="zz")], [], tmp_path) == []
    assert derive([source, replace(groups, name="zz")], [NAME], tmp_path) != []
    assert derive([replace(snapshots, name="zz"), groups], [], tmp_path) == []
    assert {header["group"]: header["source"] for _, header, _ in headers(tmp_path)} == {
        "groupsnapshot.storage.k8s.io": NAME,
        "snapshot.storage.k8s.io": "zz",
    }


def test_a_kind_belongs_to_one_source(tmp_path: Path, source: Source) -> None:
    """Two sources that yield the same kind are refused."""
    second = replace(source, name="zz", releases=(replace(source.releases[0], source="zz"),))
    (said,) = derive([source, second], [], tmp_path)
    assert said == (
        f"groupsnapshot.storage.k8s.io/volumegroupsnapshot.jsonl.gz is yielded by two sources, {NAME} and zz"
    )
    assert {header["source"] for _, header, _ in headers(tmp_path)} == {NAME}


def failure(source: Source, folder: Path) -> str:
    """What is said of a source that cannot be derived."""
    (said,) = derive([source], [], folder)
    return said


def test_files_without_definitions_are_refused(tmp_path: Path, source: Source) -> None:
    """A release that yields nothing is a mistake in what is pinned."""
    said = failure(changed(source, options={"files": ["go.mod"], "without": ["go.mod"]}), tmp_path)
    assert said == f"{NAME} {source.releases[0].name} yields no kinds"


def test_a_form_that_nothing_reads_is_refused(tmp_path: Path, source: Source) -> None:
    """It is a mistake in what is pinned, said in one sentence."""
    said = failure(changed(source, form="papyrus"), tmp_path)
    assert said == f"{NAME} {source.releases[0].name} has the form papyrus, which nothing here reads"


def test_a_module_that_is_not_there_is_named(tmp_path: Path, source: Source) -> None:
    """What Go says of it is said."""
    said = failure(changed(source, origin="example.invalid/none", version="v1.0.0"), tmp_path)
    assert said.startswith("the module example.invalid/none@v1.0.0 cannot be downloaded: ")


def test_a_source_that_is_not_there_ends_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The tool says so and exits with 1."""
    assert main(["--source", "nothing", "--output", str(tmp_path)]) == 1
    assert capsys.readouterr().err == "tools/schemas/derive.py: there is no source nothing\n"
