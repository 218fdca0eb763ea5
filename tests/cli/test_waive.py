"""``gategit waive``: a finding's waiver is written, counts in the next run, and is refused where it must not be."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from gategit.cli.check import app as check_app
from gategit.cli.waive import app
from gategit.errors import GategitError
from tests.conftest import RepositoryBuilder

TODAY = datetime.now(UTC).date()
UNTIL = (TODAY + timedelta(days=60)).isoformat()
PROMISE = ("--reason", "the vendor mends it", "--until", UNTIL, "--owner", "team-shop")

MAP = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {name}
  namespace: shop
dat:  # of the vendor
  a: b
"""


@pytest.fixture(autouse=True)
def repository(git_repository: RepositoryBuilder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RepositoryBuilder:
    """A repository with two findings, one on main and one that the branch adds; the current folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    git_repository.commit("base", {"apps/a.yaml": MAP.format(name="a")})
    git_repository.branch("work")
    git_repository.commit("add", {"apps/b.yaml": MAP.format(name="b")})
    monkeypatch.chdir(git_repository.folder)
    return git_repository


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def refused(*arguments: str) -> tuple[str, str]:
    """Run a command that must fail as an expected error of exit code 2; its sentence and help."""
    result = run(*arguments)
    assert isinstance(result.exception, GategitError), result.output
    assert result.exception.exit_code == 2
    return result.exception.message, result.exception.hint


def report(*arguments: str) -> dict[str, Any]:
    """What gategit check says as JSON."""
    found: dict[str, Any] = json.loads(CliRunner().invoke(check_app, [*arguments, "--format", "json"]).stdout)
    return found


def fingerprint(file: str) -> str:
    """The fingerprint of the one finding of a file."""
    [found] = [one["fingerprint"] for one in report("--all")["findings"] if one["file"] == file]
    return str(found)


def states(*arguments: str) -> dict[str, str]:
    """The state of the unknown field in each file."""
    return {one["file"]: one["state"] for one in report(*arguments)["findings"] if one["rule"] == "unknown-field"}


def test_entry(repository: RepositoryBuilder) -> None:
    """Where there is no config, it is made; the waiver counts in the next run, for this finding alone."""
    result = run(fingerprint("apps/b.yaml")[:8], *PROMISE)
    assert result.stdout == (
        ".gategit.yaml: waivers: gate/waivers.yaml written\n"
        f"gate/waivers.yaml:3: unknown-field of ConfigMap shop/b is waived until {UNTIL} by team-shop\n"
    )
    assert repository.path(".gategit.yaml").read_text("utf-8") == "version: 1\nwaivers: gate/waivers.yaml\n"
    assert repository.path("gate/waivers.yaml").read_text("utf-8") == (
        "version: 1\nwaivers:\n"
        "  - rule: unknown-field\n"
        "    object: {kind: ConfigMap, namespace: shop, name: b}\n"
        "    paths: [apps/b.yaml]\n"
        "    owner: team-shop\n"
        "    reason: the vendor mends it\n"
        f"    expires: {UNTIL}\n"
    )
    assert states("--all") == {"apps/a.yaml": "new", "apps/b.yaml": "waived"}
    assert report()["verdict"] == "pass"


def test_entry_in_a_file_that_is_there(repository: RepositoryBuilder) -> None:
    """The config's own file is used from a folder below as well, and keeps its comments."""
    repository.write(".gategit.yaml", "version: 1  # ours\nwaivers: w.yaml\n")
    repository.write("w.yaml", "# who and why\nversion: 1\nwaivers: []\n")
    os.chdir(repository.path("apps"))
    result = run(fingerprint("apps/a.yaml"), "--all", *PROMISE)
    assert result.stdout == f"w.yaml:4: unknown-field of ConfigMap shop/a is waived until {UNTIL} by team-shop\n"
    assert repository.path(".gategit.yaml").read_text("utf-8") == "version: 1  # ours\nwaivers: w.yaml\n"
    assert repository.path("w.yaml").read_text("utf-8").startswith("# who and why\nversion: 1\nwaivers:\n  - rule:")
    assert states("--all") == {"apps/a.yaml": "waived", "apps/b.yaml": "new"}


def test_key_is_added_to_the_config(repository: RepositoryBuilder) -> None:
    """A config that names no waivers file gets the one key, and nothing else."""
    repository.write(".gategit.yaml", "version: 1\n# the end\n")
    result = run(fingerprint("apps/b.yaml"), *PROMISE)
    assert result.stdout.splitlines()[0] == ".gategit.yaml: waivers: gate/waivers.yaml added"
    assert repository.path(".gategit.yaml").read_text("utf-8") == "version: 1\n# the end\nwaivers: gate/waivers.yaml\n"


def test_nothing_is_written_where_a_part_cannot_be(repository: RepositoryBuilder) -> None:
    """A config that cannot be edited keeps the waivers file from being made as well."""
    repository.write(".gategit.yaml", "{version: 1}\n")
    message, hint = refused(fingerprint("apps/b.yaml"), *PROMISE)
    assert "cannot be edited safely" in message
    assert hint == "add this key by hand, and run again: waivers: gate/waivers.yaml"
    assert not repository.path("gate").exists()


def test_inline(repository: RepositoryBuilder) -> None:
    """The comment stands above a line that has one already, and counts."""
    result = run(fingerprint("apps/b.yaml"), "--inline", *PROMISE)
    assert result.stdout == (f"apps/b.yaml:6: unknown-field of ConfigMap shop/b is waived until {UNTIL} by team-shop\n")
    waive = f"# gategit: waive unknown-field by team-shop until {UNTIL} -- the vendor mends it"
    assert repository.path("apps/b.yaml").read_text("utf-8") == MAP.format(name="b").replace("dat:", f"{waive}\ndat:")
    assert states("--all") == {"apps/a.yaml": "new", "apps/b.yaml": "waived"}
    assert not repository.path(".gategit.yaml").exists()


def test_from_a_report(repository: RepositoryBuilder, tmp_path: Path) -> None:
    """A report of another run is as good, and the gate does not run."""
    saved = tmp_path / "report.json"
    saved.write_text(json.dumps(report("--all")), encoding="utf-8")
    name = fingerprint("apps/a.yaml")
    repository.write("apps/a.yaml", "a: [\n")
    assert "apps/a.yaml" not in states("--all")
    assert run(name, "--from", str(saved), *PROMISE).exit_code == 0
    assert "name: a}" in repository.path("gate/waivers.yaml").read_text("utf-8")
    message, hint = refused(name, "--from", str(saved), *PROMISE)
    assert message == "gate/waivers.yaml holds a waiver for this finding already"
    assert hint == "to renew it, change its date there"


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"findings": [{}]}', '{"findings": [[]]}', '{"findings": 1}', "["])
def test_no_report(text: str, tmp_path: Path) -> None:
    """A file that is no report is named."""
    saved = tmp_path / "report.json"
    saved.write_text(text, encoding="utf-8")
    assert refused("abcd", "--from", str(saved), *PROMISE)[0] == (f"--from {saved}: this is no JSON report of gategit")


def test_owner(repository: RepositoryBuilder) -> None:
    """Whoever owns the file by CODEOWNERS answers for it, else the e-mail address in git's config."""
    name = fingerprint("apps/b.yaml")
    repository.git("config", "user.email", "")
    message, hint = refused(name, *PROMISE[:4])
    assert message == "nobody is named who answers for the waiver"
    assert hint == "name a person or a team: --owner team-shop"
    repository.git("config", "user.email", "me@example.com")
    assert run(name, *PROMISE[:4]).stdout.endswith("by me@example.com\n")
    repository.write("CODEOWNERS", "* @everybody\n/apps/ @shop @ops\n")
    assert run(fingerprint("apps/a.yaml"), "--all", *PROMISE[:4]).stdout.endswith("by @shop, @ops\n")


def test_twice() -> None:
    """A finding that is waived already is not waived again."""
    name = fingerprint("apps/b.yaml")
    assert run(name, *PROMISE).exit_code == 0
    message, hint = refused(name, *PROMISE)
    assert message == f"this finding is waived already, until {UNTIL} by team-shop"
    assert hint == "to renew it, change its date where it stands"


def test_after_an_expired_one(repository: RepositoryBuilder) -> None:
    """The expired entry for the same finding is named, so that it goes."""
    past = (TODAY - timedelta(days=1)).isoformat()
    entry = f"version: 1\nwaivers:\n  - {{rule: unknown-field, owner: a, reason: b, expires: {past}}}\n"
    repository.write(".gategit.yaml", "version: 1\nwaivers: w.yaml\n")
    repository.write("w.yaml", entry)
    result = run(fingerprint("apps/b.yaml"), *PROMISE)
    assert result.stdout.splitlines()[1:] == [f"w.yaml:3: this waiver for it expired on {past}; delete it"]
    assert states()["apps/b.yaml"] == "waived"


def test_unknown_fingerprint() -> None:
    """The nearest one is shown; where none is near, where to look is."""
    name = fingerprint("apps/b.yaml")
    slip = name[:9] + ("0" if name[9] != "0" else "1")
    assert refused(slip, *PROMISE) == (
        f"no finding here has a fingerprint that begins with {slip}",
        f"the nearest: {name}  unknown-field  apps/b.yaml:6",
    )
    far = "".join("0" if digit in "123456789" else "1" for digit in name)
    assert refused(far, *PROMISE)[0] == f"no finding here has a fingerprint that begins with {far}"


def test_ambiguous_beginning(repository: RepositoryBuilder, tmp_path: Path) -> None:
    """A beginning that two findings have names neither; both are shown."""
    data = report("--all")
    for number, finding in enumerate(data["findings"]):
        finding["fingerprint"] = f"abcd{number}"
    saved = tmp_path / "report.json"
    saved.write_text(json.dumps(data), encoding="utf-8")
    assert refused("abcd", "--from", str(saved), *PROMISE) == (
        "2 findings have a fingerprint that begins with abcd",
        "abcd0  unknown-field  apps/a.yaml:6\nabcd1  unknown-field  apps/b.yaml:6",
    )
    assert run("abcd1", "--from", str(saved), *PROMISE).exit_code == 0
    assert "name: b}" in repository.path("gate/waivers.yaml").read_text("utf-8")


def test_rules_that_no_waiver_excepts(repository: RepositoryBuilder) -> None:
    """By nature, by the config, and those about waivers."""
    repository.write("apps/c.yaml", "a: [\n")
    assert refused(fingerprint("apps/c.yaml"), *PROMISE) == (
        "no waiver can except yaml-syntax",
        "gategit explain yaml-syntax says how to mend it",
    )
    repository.write(".gategit.yaml", "version: 1\npolicies: {not_waivable: [unknown-field]}\n")
    assert refused(fingerprint("apps/b.yaml"), *PROMISE)[0] == "no waiver can except unknown-field"
    near = (TODAY + timedelta(days=1)).isoformat()
    waive = f"a:  # gategit: waive unknown-field by b until {near} -- c"
    repository.write(".gategit.yaml", "version: 1\n")
    repository.write("apps/b.yaml", MAP.format(name="b").replace("dat:  # of the vendor", waive.replace("a:", "dat:")))
    [found] = [one["fingerprint"] for one in report()["findings"] if one["rule"] == "waiver-expiring"]
    assert refused(found, *PROMISE)[0] == "no waiver can except waiver-expiring"


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (
            ("xyz", *PROMISE),
            "xyz is no fingerprint: it has at least 4 hexadecimal digits",
            "gategit check --verbose shows each finding's",
        ),
        (
            ("abc", *PROMISE),
            "abc is no fingerprint: it has at least 4 hexadecimal digits",
            "gategit check --verbose shows each finding's",
        ),
        (("abcd", "--until", UNTIL), "--reason is missing", 'say why the exception is needed: --reason "..."'),
        (
            ("abcd", "--until", UNTIL, "--reason", " "),
            "--reason is missing",
            'say why the exception is needed: --reason "..."',
        ),
        (
            ("abcd", "--until", UNTIL, "--reason", "a\nb"),
            "--reason holds characters that nobody would see",
            "write it on one line, in plain text",
        ),
        (
            ("abcd", "--reason", "a"),
            "--until is missing",
            f"name the last day on which it holds, up to {TODAY + timedelta(days=366)}",
        ),
        (
            ("abcd", "--reason", "a", "--until", "tomorrow"),
            "--until cannot be tomorrow",
            "write a date such as 2027-01-31",
        ),
        (
            ("abcd", "--reason", "a", "--until", "2027-02-30"),
            "--until cannot be 2027-02-30",
            "write a date such as 2027-01-31",
        ),
        (
            ("abcd", "--reason", "a", "--until", "2020-01-31"),
            "--until cannot be 2020-01-31: that day has passed",
            f"choose a day up to {TODAY + timedelta(days=366)}",
        ),
        (
            ("abcd", "--reason", "a", "--until", "2999-01-31"),
            "--until cannot be 2999-01-31: that is more than 366 days ahead",
            f"choose a day up to {TODAY + timedelta(days=366)}; renewing a waiver is a decision as well",
        ),
        (
            ("abcd", "--all", "--base", "main", *PROMISE),
            "--all and --base exclude each other",
            "leave out --all or --base",
        ),
        (
            ("abcd", "--from", "r.json", "--all", *PROMISE),
            "--from and --all exclude each other",
            "leave out --from or --all",
        ),
        (
            ("abcd", "apps", "--from", "r.json", *PROMISE),
            "--from and PATHS exclude each other",
            "leave out --from or PATHS",
        ),
        (
            ("abcd", "--inline", "--from", "r.json", *PROMISE),
            "--from and --inline exclude each other: lines may have moved since the report",
            "leave out --from",
        ),
        (
            ("abcd", "--inline", "--head", "HEAD", *PROMISE),
            "--inline and --head exclude each other",
            "leave out --inline or --head",
        ),
        (
            ("abcd", "--base", "-x", *PROMISE),
            "--base needs a revision, not '-x'",
            "such as --base origin/main",
        ),
        (("abcd", "--from", "r.json", *PROMISE), "--from r.json: the file does not exist", ""),
        (("abcd", "--config", "c.yaml", *PROMISE), "--config c.yaml: the file does not exist", ""),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], message: str, hint: str) -> None:
    """Each wrong option is answered before anything is looked for or written."""
    assert refused(*arguments) == (message, hint)
    assert not Path("gate").exists()


def test_no_owner_is_no_owner() -> None:
    """An owner that nobody could read is none."""
    assert refused(fingerprint("apps/b.yaml"), *PROMISE[:4], "--owner", " ")[0] == "--owner names nobody"


def test_links_are_not_written_through(repository: RepositoryBuilder, tmp_path: Path) -> None:
    """A waivers file that is a link to another place is left alone."""
    outside = tmp_path / "outside.yaml"
    outside.write_text("version: 1\n", encoding="utf-8")
    repository.path("gate").mkdir()
    repository.symlink("gate/waivers.yaml", str(outside))
    message, _ = refused(fingerprint("apps/b.yaml"), *PROMISE)
    assert message.endswith("is a symbolic link, and is not written through")
    assert outside.read_text("utf-8") == "version: 1\n"


def test_the_program(repository: RepositoryBuilder) -> None:
    """The real program, from a finding to a change that passes."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}

    def gategit(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "gategit", *arguments]
        return subprocess.run(
            command, cwd=repository.folder, env=environment, capture_output=True, text=True, check=False
        )

    blocked = gategit("check", "--verbose", "--base", "main")
    assert blocked.returncode == 1
    [shown] = [line.split()[-1] for line in blocked.stdout.splitlines() if "= fingerprint: " in line]
    written = gategit("waive", shown, "--base", "main", *PROMISE)
    assert (written.returncode, written.stdout.count("\n")) == (0, 2)
    assert gategit("check", "--base", "main").returncode == 0
    wrong = gategit("waive", shown, "--base", "main", *PROMISE)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr.startswith("gategit: this finding is waived already")
