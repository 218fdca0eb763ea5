"""The programs that are brought in: each is pinned."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools.fetch import LOCKED, PROGRAMS, version

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", [*PROGRAMS, *LOCKED])
def test_every_program_is_pinned_to_one_version(name: str) -> None:
    """No program changes by itself between two runs."""
    assert re.fullmatch(r"\d+\.\d+\.\d+", version(name))


@pytest.mark.parametrize("name", LOCKED)
def test_a_lock_file_names_a_hash_for_every_package(name: str) -> None:
    """Not only the program but all that it needs is exactly what was locked."""
    text = LOCKED[name].read_text(encoding="utf-8")
    packages = re.findall(r"^\S+==.*?(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
    assert len(packages) > 50
    assert [package for package in packages if "--hash=sha256:" not in package] == []


def test_an_unknown_name_is_wrong_usage() -> None:
    """The names that there are, on standard error, and exit code 2."""
    command = [sys.executable, str(ROOT / "tools" / "fetch.py"), "terraform"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    names = ",".join([*PROGRAMS, *LOCKED])
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"usage: python tools/fetch.py {{{names}}}...\n"
