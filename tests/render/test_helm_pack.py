"""Packing a chart without Helm: only where Helm would leave nothing out, and then with everything."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

import pytest

from gategit.disk import FolderTree
from gategit.process import run
from gategit.render.helm_charts import ChartFolder
from gategit.render.helm_pack import may_ignore, packed
from gategit.render.helm_places import Places
from tests.render.charts import chart_of
from tools.golang import built

CLEAR = ("", "# a comment\n\n", "*.bak\n.git/\n", "/docs/\n", "tests/data/*.txt\n", "\ufeff*.swp\n")
UNCLEAR = (
    "*.tgz\n!templates\n",
    "con*\n",
    "templates/\n",
    "*.yaml",
    "/values.yaml\n",
    "docs/**\n",
    "[a-z].md\n",
    "a\\*\n",
)


def _chart(folder: Path, ignored: str) -> ChartFolder:
    for path, text in (chart_of() | {"web/.helmignore": ignored}).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return ChartFolder("web", Places(FolderTree(folder)))


@pytest.mark.parametrize("ignored", CLEAR)
def test_what_helm_packs(tmp_path: Path, ignored: str) -> None:
    """Where nothing can be ignored, the archive holds the files that Helm packs."""
    chart = _chart(tmp_path, ignored)
    assert not may_ignore(chart)
    done = run((str(built("helm")), "package", str(tmp_path / "web"), "--destination", str(tmp_path)))
    assert done.code == 0
    assert _names(packed(chart)) == _names((tmp_path / "web-1.0.0.tgz").read_bytes())


@pytest.mark.parametrize("ignored", UNCLEAR)
def test_what_only_helm_knows(tmp_path: Path, ignored: str) -> None:
    """Any rule that might name a file leaves it to Helm."""
    assert may_ignore(_chart(tmp_path, ignored))


def test_hidden_files_among_templates(tmp_path: Path) -> None:
    """Helm passes them by, whatever .helmignore says."""
    _chart(tmp_path, "")
    (tmp_path / "web/templates/.hidden.yaml").write_text("a: b\n")
    assert may_ignore(ChartFolder("web", Places(FolderTree(tmp_path))))


def _names(archive: bytes) -> set[str]:
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(archive))) as tar:
        return {name.partition("/")[2] for name in tar.getnames()}
