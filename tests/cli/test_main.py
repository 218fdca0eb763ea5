"""The program as a process: help, version, exit codes, what it imports, and what happens when its reader goes away."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gategit import __version__
from gategit.cli.lazy import COMMANDS
from gategit.cli.main import app
from gategit.cli.progress import Progress

ROOT = Path(__file__).resolve().parents[2]

POD = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: web
  namespace: web
data:
  a: b
"""


def gategit(
    *arguments: str, cwd: Path, environment: dict[str, str] | None = None, options: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Run the program in a process of its own."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "GIT_"))}
    return subprocess.run(
        [sys.executable, *options, "-m", "gategit", *arguments],
        cwd=cwd,
        env={**inherited, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(cwd / ".cache"), **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_version() -> None:
    """The version is one line."""
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.stdout) == (0, f"gategit {__version__}\n")


def test_help_names_every_command() -> None:
    """The help lists the commands and the exit codes; each command has help with its own words."""
    result = CliRunner().invoke(app, ["--help"], terminal_width=200)
    assert result.exit_code == 0
    for name in COMMANDS:
        assert f"\n  {name} " in result.stdout
        own = CliRunner().invoke(app, [name, "--help"])
        assert own.exit_code == 0
        assert own.stdout.startswith(f"Usage: gategit {name}")
    assert "Exit codes: 0 pass, 1 blocked, 2 wrong usage or configuration, 3 undecided" in result.stdout
    assert CliRunner().invoke(app, ["-h"]).exit_code == 0


def test_wrong_command() -> None:
    """A wrong command is answered with the nearest right one, and exit code 2."""
    result = CliRunner().invoke(app, ["chek"])
    assert result.exit_code == 2
    assert result.stderr.endswith("Error: no such command: chek; did you mean check?\n")


def test_no_command() -> None:
    """No command at all is wrong usage."""
    assert CliRunner().invoke(app, []).exit_code == 2


def test_exit_codes_of_the_process(tmp_path: Path) -> None:
    """The process itself ends with 0 for a pass, 1 for a block, 2 for wrong usage or config, 3 for undecided."""
    (tmp_path / "good.yaml").write_text(POD)
    (tmp_path / "bad.yaml").write_text("a: 1\na: 2\n")
    passed = gategit("check", "--all", "good.yaml", cwd=tmp_path)
    assert (passed.returncode, passed.stderr) == (0, "")
    blocked = gategit("check", "--all", "bad.yaml", cwd=tmp_path)
    assert (blocked.returncode, blocked.stderr) == (1, "")
    assert "duplicate-key" in blocked.stdout
    usage = gategit("check", "--format", "jsn", cwd=tmp_path)
    assert (usage.returncode, usage.stdout) == (2, "")
    (tmp_path / ".gategit.yaml").write_text("version: 1\npolices: {}\n")
    config = gategit("check", "--all", cwd=tmp_path)
    assert (config.returncode, config.stdout) == (2, "")
    assert config.stderr.startswith("gategit: .gategit.yaml:2:1: unknown key polices; did you mean policies?\n")
    (tmp_path / ".gategit.yaml").unlink()
    elsewhere = gategit("check", "good.yaml", cwd=tmp_path)
    assert elsewhere.returncode in (2, 3)
    assert elsewhere.stderr.startswith("gategit: ")
    assert "Traceback" not in elsewhere.stderr


UNNEEDED = ("rich", "pydantic", "sarif_om", "jsonschema", "asyncio", "gategit.settings", "gategit.cli.init")


def test_start_imports_little(tmp_path: Path) -> None:
    """Parsing the options of a check imports neither rich nor pydantic nor any other command."""
    done = gategit("check", "--color", "x", "path", cwd=tmp_path, options=("-X", "importtime"))
    assert done.returncode == 2
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert "typer" in imported
    assert [name for name in UNNEEDED if name in imported] == []


def test_reader_that_goes_away(tmp_path: Path) -> None:
    """A reader that stops reading changes no exit code and causes no message."""
    (tmp_path / "bad.yaml").write_text("a: 1\na: 2\n")
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "gategit", "check", "--all", "bad.yaml"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(tmp_path / ".cache")},
            stdout=write,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=120,
        )
    finally:
        os.close(write)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script(tmp_path: Path, shell: str) -> None:
    """Shell completion can be shown for the common shells."""
    shown = gategit("--show-completion", cwd=tmp_path, environment={"SHELL": f"/bin/{shell}"})
    assert shown.returncode in (0, 1)
    sourced = gategit(cwd=tmp_path, environment={"_GATEGIT_COMPLETE": f"source_{shell}"})
    assert "_GATEGIT_COMPLETE" in sourced.stdout


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("gategit ch", ["check"]),
        ("gategit check --format s", ["sarif"]),
        ("gategit check --stages syntax,p", ["syntax,policy"]),
        ("gategit check --trust ", ["base", "head"]),
        ("gategit explain duplicate-", ["duplicate-key", "duplicate-object", "duplicate-owner"]),
    ],
)
def test_completion(tmp_path: Path, line: str, offered: list[str]) -> None:
    """The shell is offered commands, formats, stages and rules."""
    words = line.split(" ")
    environment = {
        "_GATEGIT_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
    }
    done = gategit(cwd=tmp_path, environment=environment)
    assert done.stdout.split() == offered


def terminal_output(monkeypatch: pytest.MonkeyPatch, *, enabled: bool, late: bool) -> str:
    """What a progress line writes to a terminal."""
    master, slave = pty.openpty()
    with os.fdopen(slave, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        monkeypatch.setenv("TERM", "xterm")
        with Progress(enabled=enabled) as progress:
            if late:
                now = time.monotonic()
                monkeypatch.setattr(time, "monotonic", lambda: now + 2)
            progress("judging 3 of 10 files\x1b[31m")
    os.set_blocking(master, False)
    try:
        return os.read(master, 4096).decode()
    except OSError:
        return ""
    finally:
        os.close(master)


def test_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a second a terminal shows one line without control characters, and it is cleared at the end."""
    assert terminal_output(monkeypatch, enabled=True, late=True) == ("\r\x1b[2Kjudging 3 of 10 files?[31m\r\x1b[2K")


def test_progress_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A short run shows nothing."""
    assert terminal_output(monkeypatch, enabled=True, late=False) == ""


def test_progress_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """With --quiet nothing is shown."""
    assert terminal_output(monkeypatch, enabled=False, late=True) == ""


def test_commands_are_plain() -> None:
    """No command loads rich for its help, and only the program itself installs shell completion."""
    for name in COMMANDS:
        result = CliRunner().invoke(app, [name, "--help"])
        assert "╭" not in result.stdout
        assert "--install-completion" not in result.stdout


def test_interrupted_process(tmp_path: Path) -> None:
    """Ctrl-C while standard input is read ends the process with exit code 130 and says nothing."""
    process = subprocess.Popen(
        [sys.executable, "-m", "gategit", "check", "-"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        # More than a pipe holds: once this is written, the program is reading.
        process.stdin.write(b"# filler\n" * 50_000)
        process.stdin.flush()
        for _ in range(10):
            # A signal that comes just before the program goes to sleep in its read is noticed with the next one.
            process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=3)
                break
        assert process.returncode == 130
        assert (process.stdout.read(), process.stderr.read()) == (b"", b"")
