"""Measuring a command: what counts as a run, and what is kept of it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from bench.measure import Command, measure


def _command(code: str, folder: Path, *, finds: bool = False) -> Command:
    return Command((sys.executable, "-I", "-c", code), folder, dict(os.environ), finds=finds)


def test_commands_take_turns(tmp_path: Path) -> None:
    """Each is run as often as is asked for, one after the other, so that all meet the same machine."""
    first, second = (_command(f"open('order', 'a').write('{name}')", tmp_path) for name in "ab")
    one, other = measure([first, second], 3)
    assert (tmp_path / "order").read_text() == "ababab"
    assert (len(one.times), len(other.times)) == (3, 3)


def test_the_output_is_kept(tmp_path: Path) -> None:
    """What the last run wrote to standard output, and nothing of standard error."""
    [measured] = measure([_command("import sys; print('found'); print('noise', file=sys.stderr)", tmp_path)], 1)
    assert measured.output == "found\n"


def test_memory_is_that_of_the_whole_process_tree(tmp_path: Path) -> None:
    """A child's memory counts; it is watched in one more run."""
    child = "import time; held = b'x' * (100 << 20); time.sleep(0.5)"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-I', '-c', {child!r}])"
    [watched] = measure([_command(code, tmp_path)], 1, memory=True)
    [unwatched] = measure([_command("pass", tmp_path)], 1)
    assert watched.memory > 100
    assert unwatched.memory == 0


@pytest.mark.parametrize("code", [2, 3])
@pytest.mark.parametrize("finds", [True, False])
def test_a_command_that_fails_is_no_measurement(code: int, finds: bool, tmp_path: Path) -> None:  # noqa: FBT001  a parameter
    """Wrong usage and an undecided verdict end the bench, with what the program said."""
    with pytest.raises(RuntimeError, match=rf"ended with {code}:\nwhat went wrong"):
        _command(f"print('what went wrong'); raise SystemExit({code})", tmp_path, finds=finds).run()


def test_findings_are_no_failure_where_they_are_expected(tmp_path: Path) -> None:
    """Exit code 1 means findings for a linter, and a failure for everything else."""
    code = "raise SystemExit(1)"
    assert len(_command(code, tmp_path, finds=True).run().times) == 1
    with pytest.raises(RuntimeError, match="ended with 1:"):
        _command(code, tmp_path).run()
