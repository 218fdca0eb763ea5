"""``gategit check``: every option of the contract arrives in the request, and wrong usage is answered exactly."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gategit import gate
from gategit.cli import check as check_module
from gategit.cli.main import app
from gategit.cli.output import write_stdout
from gategit.errors import ConfigError, UndecidedError
from gategit.model import ChangeSummary, Level, Report, Stage, StageResult, StageStatus, Stats, Verdict
from gategit.report import FORMATS
from gategit.request import Mode, Request, Trust

REPORT = Report(
    verdict=Verdict.PASS,
    change=ChangeSummary(base=None, head="worktree", trust="head", files=0, added=0, modified=0, removed=0),
    stages=tuple(StageResult(stage, StageStatus.PASSED) for stage in Stage),
    findings=(),
    unchecked=(),
    rules={},
    stats=Stats(documents=0, objects=0, seconds=0.1, cache_hits=0, cache_misses=0),
)


class FakeGate:
    """Stands in for the gate: keeps the request, answers with a report or an error."""

    def __init__(self) -> None:
        self.request: Request | None = None
        self.answer: Report | Exception = REPORT

    def run(self, request: Request, progress: Callable[[str], None] | None = None) -> Report:
        """What the gate's own ``run`` does, seen from the command line."""
        self.request = request
        if progress:
            progress("looking")
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def fake_gate(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeGate:
    """A gate that looks at nothing, and an empty working folder without variables that change colours."""
    fake = FakeGate()
    monkeypatch.setattr(gate, "run", fake.run)
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return fake


def check(*arguments: str, stdin: bytes = b"") -> Result:
    """Run ``gategit check`` in this process."""
    return CliRunner().invoke(app, ["check", *arguments], input=stdin)


def asked(fake: FakeGate, *arguments: str) -> Request:
    """The request that arguments become."""
    result = check(*arguments)
    assert result.exit_code == 0, result.stderr
    assert fake.request is not None
    return fake.request


def test_no_options(fake_gate: FakeGate, tmp_path: Path) -> None:
    """Without options, the working tree is compared with the default branch and every choice is left open."""
    assert asked(fake_gate) == Request(directory=tmp_path, environment=dict(os.environ))


def test_every_option(fake_gate: FakeGate, tmp_path: Path) -> None:
    """Each option of the contract arrives in the request."""
    (tmp_path / "c.yaml").write_text("version: 1\n")
    request = asked(
        fake_gate,
        *("apps", "clusters", "--base", "origin/main", "--head", "HEAD"),
        *("--kubernetes-version", "1.33", "--kubernetes-version", "1.34"),
        *("--fail-on", "warning", "--fail-on-existing", "--trust", "base", "--stages", "syntax, schema"),
        *("--dry-run", "off", "--no-waivers", "--config", "c.yaml", "--target", "prod", "--jobs", "3"),
        *("--no-cache", "--select", "duplicate-key", "--select", "image-digest", "--ignore", "yaml-syntax"),
    )
    assert request == Request(
        directory=tmp_path,
        mode=Mode.CHANGE,
        paths=("apps", "clusters"),
        base="origin/main",
        head="HEAD",
        kubernetes_versions=("1.33", "1.34"),
        fail_on=Level.WARNING,
        fail_on_existing=True,
        trust=Trust.BASE,
        stages=frozenset({Stage.SYNTAX, Stage.SCHEMA}),
        dry_run="off",
        use_waivers=False,
        select=frozenset({"duplicate-key", "image-digest"}),
        ignore=frozenset({"yaml-syntax"}),
        config=Path("c.yaml"),
        target="prod",
        jobs=3,
        use_cache=False,
        environment=dict(os.environ),
    )


@pytest.mark.parametrize("format_", FORMATS)
def test_only_formats_that_show_it_have_the_effect_worked_out(fake_gate: FakeGate, format_: str) -> None:
    """It costs, and a run that does not show it does not pay; one report among others is enough to ask for it."""
    shows = format_ in {"markdown", "html", "diff"}
    assert asked(fake_gate, "--format", format_).effect is shows
    assert asked(fake_gate, "--report", f"{format_}=out", "--format", "json").effect is shows


def test_modes(fake_gate: FakeGate, tmp_path: Path) -> None:
    """--all, --staged and - say what is compared."""
    (tmp_path / "apps").mkdir()
    assert asked(fake_gate, "--all").mode is Mode.ALL
    assert asked(fake_gate, "--all", "apps").paths == ("apps",)
    assert asked(fake_gate, "--staged").mode is Mode.STAGED


def test_stdin(fake_gate: FakeGate) -> None:
    """A dash reads the manifests from standard input."""
    assert check("-", stdin=b"kind: Pod\n").exit_code == 0
    assert fake_gate.request is not None
    assert (fake_gate.request.mode, fake_gate.request.stdin) == (Mode.STDIN, b"kind: Pod\n")
    assert fake_gate.request.paths == ()


def test_stdin_has_a_limit(fake_gate: FakeGate, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than the limit is not looked at, and that is undecided."""
    monkeypatch.setattr(check_module, "MAX_STDIN", 2**20)
    result = check("-", stdin=b"x" * (2**20 + 1))
    assert result.exit_code == 3
    assert result.stderr == "gategit: standard input is larger than 1 MiB, so it was not looked at\n"
    assert fake_gate.request is None


FORMAT_HINT = "  help: formats: text, json, sarif, github, junit, markdown, html, diff\n"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--format", "jsn"], "gategit: --format: there is no format jsn; did you mean json?\n" + FORMAT_HINT),
        (["--report", "srif=x"], "gategit: --report: there is no format srif; did you mean sarif?\n" + FORMAT_HINT),
        (
            ["--report", "sarif"],
            (
                "gategit: --report sarif names no file\n"
                "  help: write --report FORMAT=FILE, such as --report sarif=gategit.sarif, or - as FILE for standard "
                "output\n"
            ),
        ),
        (
            ["--report", "sarif=no/such/out"],
            (
                "gategit: no/such/out cannot be written: there is no folder no/such\n"
                "  help: make it first: mkdir -p no/such\n"
            ),
        ),
        (["--output", "."], "gategit: . cannot be written: it is a folder\n"),
        (
            ["--format", "json", "--report", "markdown=-"],
            "gategit: two reports are to be written to standard output\n  help: give each report its own file\n",
        ),
        (
            ["--report", "json=a", "--report", "sarif=./a"],
            "gategit: two reports are to be written to ./a\n  help: give each report its own file\n",
        ),
        (
            ["--all", "--staged"],
            "gategit: --all and --staged exclude each other\n  help: leave out --all or --staged\n",
        ),
        (
            ["--all", "--base", "main"],
            "gategit: --all and --base exclude each other\n  help: leave out --all or --base\n",
        ),
        (
            ["--staged", "--base", "main"],
            "gategit: --staged and --base exclude each other\n  help: leave out --staged or --base\n",
        ),
        (
            ["--staged", "--head", "main"],
            "gategit: --staged and --head exclude each other\n  help: leave out --staged or --head\n",
        ),
        (
            ["-", "a.yaml"],
            "gategit: - (standard input) and a.yaml exclude each other\n  help: check standard input alone\n",
        ),
        (
            ["-", "--staged"],
            "gategit: - (standard input) and --staged exclude each other\n  help: check standard input alone\n",
        ),
        (["--all", "nowhere"], "gategit: there is no file or folder nowhere\n"),
        ([""], "gategit: a path is empty\n  help: name a file or a folder; . is this folder\n"),
        (
            ["--base", ""],
            "gategit: --base needs a revision, not ''\n  help: such as --base origin/main\n",
        ),
        (
            ["--base=--upload-pack=x"],
            "gategit: --base needs a revision, not '--upload-pack=x'\n  help: such as --base origin/main\n",
        ),
        (["--kubernetes-version", "v1.34.2"], "gategit: --kubernetes-version cannot be v1.34.2\n  help: write 1.34\n"),
        (
            ["--kubernetes-version", "latest"],
            "gategit: --kubernetes-version cannot be latest\n  help: write major and minor, such as 1.34\n",
        ),
        (
            ["--fail-on", "errors"],
            "gategit: --fail-on cannot be errors; did you mean error?\n  help: use one of: error, warning, note\n",
        ),
        (["--trust", "main"], "gategit: --trust cannot be main\n  help: use one of: base, head\n"),
        (
            ["--stages", "syntax,polcy"],
            (
                "gategit: --stages cannot be polcy; did you mean policy?\n"
                "  help: use one of: syntax, schema, references, policy, dry-run\n"
            ),
        ),
        (
            ["--stages", ","],
            "gategit: --stages names no stage\n  help: use some of: syntax, schema, references, policy, dry-run\n",
        ),
        (
            ["--dry-run", "sandbx"],
            (
                "gategit: --dry-run cannot be sandbx; did you mean sandbox?\n"
                "  help: use one of: off, cluster, sandbox, snapshot\n"
            ),
        ),
        (
            ["--select", "duplicate-ky"],
            (
                "gategit: --select: there is no rule duplicate-ky; did you mean duplicate-key?\n"
                "  help: the report names each finding's rule; gategit explain RULE says what it asks\n"
            ),
        ),
        (
            ["--ignore", "nothing-like-it"],
            (
                "gategit: --ignore: there is no rule nothing-like-it\n"
                "  help: the report names each finding's rule; gategit explain RULE says what it asks\n"
            ),
        ),
        (
            ["--config", "none.yaml"],
            (
                "gategit: --config none.yaml: the file does not exist\n"
                "  help: gategit init writes a config that fits a repository\n"
            ),
        ),
        (["--jobs", "0"], "gategit: --jobs cannot be 0\n  help: use a number from 1 to 9999\n"),
        (
            ["--color", "alway"],
            "gategit: --color cannot be alway; did you mean always?\n  help: use one of: auto, always, never\n",
        ),
        (["--quiet", "--verbose"], "gategit: --quiet and --verbose exclude each other\n"),
    ],
)
def test_wrong_usage(fake_gate: FakeGate, arguments: list[str], error: str) -> None:
    """Wrong usage ends with exit code 2 and one clear sentence, before anything was looked at."""
    result = check(*arguments)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", error)
    assert fake_gate.request is None


@pytest.mark.parametrize("arguments", [["--bse", "main"], ["--base"]])
def test_wrong_options(fake_gate: FakeGate, arguments: list[str]) -> None:
    """An unknown option and a missing value end with exit code 2 as well."""
    result = check(*arguments)
    assert result.exit_code == 2
    assert "Error: " in result.stderr
    assert fake_gate.request is None


def test_own_policy_can_be_selected(fake_gate: FakeGate, tmp_path: Path) -> None:
    """The repository's own policies have ids too: their files' names."""
    (tmp_path / "gate").mkdir()
    (tmp_path / "gate/team_label.py").write_text("raise SystemExit('this file must not be run here')\n")
    (tmp_path / ".gategit.yaml").write_text("version: 1\npolicies: {folders: [gate]}\n")
    assert asked(fake_gate, "--select", "team-label").select == {"team-label"}


@pytest.mark.parametrize(("verdict", "code"), [(Verdict.PASS, 0), (Verdict.BLOCKED, 1), (Verdict.UNDECIDED, 3)])
@pytest.mark.parametrize("name", FORMATS)
def test_exit_codes(fake_gate: FakeGate, name: str, verdict: Verdict, code: int) -> None:
    """The verdict decides the exit code, in every format alike."""
    fake_gate.answer = replace(REPORT, verdict=verdict)
    assert check("--format", name).exit_code == code


def test_reports_to_files(fake_gate: FakeGate, tmp_path: Path) -> None:
    """Reports go to their files; text goes to standard output unless something else does."""
    assert fake_gate.request is None
    result = check("--report", "sarif=out.sarif", "--report", "json=out.json")
    assert result.exit_code == 0
    assert "pass" in result.stdout.lower()
    assert (tmp_path / "out.sarif").read_text("utf-8").startswith("{")
    assert '"verdict": "pass"' in (tmp_path / "out.json").read_text("utf-8")
    assert '"verdict": "pass"' in check("--report", "json=-").stdout
    alone = check("--format", "json", "--output", "alone.json")
    assert alone.stdout == ""
    assert '"verdict": "pass"' in (tmp_path / "alone.json").read_text("utf-8")


def test_quiet(fake_gate: FakeGate) -> None:
    """Quiet says nothing of a pass, and everything of anything else."""
    assert check("--quiet").stdout == ""
    assert check("--quiet", "--format", "json").stdout != ""
    fake_gate.answer = replace(REPORT, verdict=Verdict.UNDECIDED)
    assert check("--quiet").stdout != ""


@pytest.mark.parametrize(
    ("arguments", "environment", "colored"),
    [
        ([], {}, False),
        (["--color", "always"], {}, True),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "0"}, False),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False),
    ],
)
def test_color(
    fake_gate: FakeGate,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    environment: dict[str, str],
    *,
    colored: bool,
) -> None:
    """The option decides, else NO_COLOR and FORCE_COLOR, else whether there is a terminal."""
    assert fake_gate.request is None
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert ("\x1b[" in CliRunner().invoke(app, ["check", *arguments], color=True).stdout) is colored


def test_config_error(fake_gate: FakeGate) -> None:
    """An error in the config names file, line and column, and how to mend it."""
    fake_gate.answer = ConfigError("unknown key a", "keys: b", file=".gategit.yaml", line=3, column=1)
    result = check()
    assert result.exit_code == 2
    assert result.stderr == "gategit: .gategit.yaml:3:1: unknown key a\n  help: keys: b\n"


def test_undecided_error(fake_gate: FakeGate) -> None:
    """A gate that could not look ends with exit code 3."""
    fake_gate.answer = UndecidedError("git did not answer")
    result = check()
    assert (result.exit_code, result.stderr) == (3, "gategit: git did not answer\n")


def test_crash(fake_gate: FakeGate, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An internal error is one line, a report in a file, and exit code 3; no traceback reaches the user."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("GATEGIT_TEST_TOKEN", "hunter2-value")
    monkeypatch.setattr("tempfile.tempdir", None)
    fake_gate.answer = RuntimeError("boom\nsecond line")
    result = check()
    assert result.exit_code == 3
    assert result.stdout == ""
    (crash,) = tmp_path.glob("gategit-crash-*.txt")
    assert result.stderr == (
        "gategit: internal error, nothing was decided: RuntimeError: boom\n"
        f"  help: please report it with the file {crash} (read it before: it names your files)\n"
    )
    text = crash.read_text("utf-8")
    assert "Traceback (most recent call last)" in text
    assert "RuntimeError: boom" in text
    assert "gategit 0" in text
    assert "hunter2-value" not in text
    assert crash.stat().st_mode & 0o077 == 0


def test_interrupt(fake_gate: FakeGate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends with exit code 130 and no traceback."""

    def interrupted(*_: object) -> Report:
        raise KeyboardInterrupt

    assert fake_gate.request is None
    monkeypatch.setattr(gate, "run", interrupted)
    result = check()
    assert result.exit_code == 130
    assert "Traceback" not in result.stderr


def test_progress_is_silent_in_pipes(fake_gate: FakeGate) -> None:
    """Without a terminal nothing but errors goes to standard error."""
    assert fake_gate.request is None
    assert check().stderr == ""


def test_report_that_cannot_be_written(fake_gate: FakeGate, monkeypatch: pytest.MonkeyPatch) -> None:
    """A report that cannot be written leaves the run undecided, whatever the verdict."""
    assert fake_gate.request is None

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    result = check("--output", "out.txt")
    assert result.exit_code == 3
    assert result.stderr == "gategit: the report out.txt cannot be written: No space left on device\n"


def test_terminal_that_cannot_show_a_character(monkeypatch: pytest.MonkeyPatch) -> None:
    """A character that the terminal's encoding lacks is escaped, and stops nothing."""
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding="ascii"))
    write_stdout("naïve ✓ \udcff\n")
    assert raw.getvalue() == b"na\\xefve \\u2713 \\udcff\n"
