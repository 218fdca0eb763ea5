"""A short way to check a text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gategit.checks.schema.check import check_file
from gategit.checks.schema.spec import SchemaSet, SchemaSpec
from gategit.manifests.file import read_file
from gategit.manifests.manifest import Role
from gategit.model import Finding, Unchecked

Check = Callable[..., list[tuple[int, int, str, str]]]
Judge = Callable[..., tuple[list[Finding], list[Unchecked]]]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the tests out of the user's own cache."""
    folder = tmp_path / "cache-home"
    folder.mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


def _judge(
    text: str, *, path: str = "web.yaml", role: Role | None = Role.MANIFEST, **spec: Any
) -> tuple[list[Finding], list[Unchecked]]:
    """Findings and gaps of one file."""
    return check_file(read_file(path, text.encode(), role), SchemaSet(SchemaSpec(**spec)))


@pytest.fixture
def judge() -> Judge:
    """Check a text; gives the findings and what was not looked at."""
    return _judge


@pytest.fixture
def check() -> Check:
    """Check a text; gives line, column, rule and message of every finding, in the order of the file."""

    def run(text: str, **settings: Any) -> list[tuple[int, int, str, str]]:
        found = []
        for finding in _judge(text, **settings)[0]:
            region = finding.location.region
            assert region is not None
            found.append((region.line, region.column, finding.rule, finding.message))
        return sorted(found)

    return run
