"""``gategit check``: options in, one request to the gate, reports out."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gategit.cli.change_options import (
    Base,
    Head,
    KubernetesVersions,
    Staged,
    TargetName,
    compared,
    kubernetes_versions,
    one_of,
    revision,
)
from gategit.cli.lazy import StringCommand
from gategit.cli.output import destinations, wants_color, write
from gategit.cli.progress import Progress
from gategit.cli.rule_ids import check_rule_ids, complete_rule
from gategit.cli.server_options import Assets, Context, Kubeconfig, Snapshot, Timeout, file_of, folder_of, seconds_of
from gategit.config import DRY_RUN_MODES
from gategit.errors import UndecidedError, UsageError
from gategit.model import Level, Stage, Verdict
from gategit.report import EFFECT_FORMATS, FORMATS, render
from gategit.request import Mode, Request, Trust

if TYPE_CHECKING:
    from collections.abc import Sequence

app = typer.Typer(rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False)

MAX_STDIN = 100 * 1024 * 1024
"""Bytes of standard input that are read; the config's own limit on a file's size is lower."""

_COLORS = ("auto", "always", "never")

_EPILOG = """\b
Examples:
  gategit check                            what the working tree changes, against the default branch
  gategit check apps/web                   the same, for one folder
  gategit check --base origin/main         against another branch
  gategit check --staged                   what the next commit changes
  gategit check --all                      every manifest below this folder
  helm template . | gategit check -        manifests on standard input
  gategit check --report sarif=out.sarif --report markdown=summary.md

\b
Exit codes: 0 pass, 1 blocked, 2 wrong usage or configuration, 3 undecided.
"""


def _complete(words: Sequence[str], incomplete: str) -> list[str]:
    return [word for word in words if word.startswith(incomplete)]


def _complete_formats(incomplete: str) -> list[str]:
    return _complete(FORMATS, incomplete)


def _complete_levels(incomplete: str) -> list[str]:
    return _complete([level.value for level in Level], incomplete)


def _complete_stages(incomplete: str) -> list[str]:
    done, comma, last = incomplete.rpartition(",")
    return [done + comma + word for word in _complete([stage.value for stage in Stage], last)]


def _complete_trust(incomplete: str) -> list[str]:
    return _complete([trust.value for trust in Trust], incomplete)


def _complete_dry_run(incomplete: str) -> list[str]:
    return _complete(DRY_RUN_MODES, incomplete)


def _complete_color(incomplete: str) -> list[str]:
    return _complete(_COLORS, incomplete)


@app.command(cls=StringCommand, epilog=_EPILOG, short_help="Check a change, or whole folders, before it is merged.")
def check(  # noqa: PLR0913  the contract's options, one parameter each
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PATHS",
            help="Files and folders to look at; - reads manifests from standard input. Default: everything.",
            show_default=False,
        ),
    ] = None,
    *,
    all_: Annotated[
        bool, typer.Option("--all", help="Check every manifest below PATHS, changed or not; needs no git.")
    ] = False,
    base: Base = None,
    head: Head = None,
    staged: Staged = False,
    format_: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help=f"How to report: {', '.join(FORMATS)}. Default: text.",
            autocompletion=_complete_formats,
        ),
    ] = None,
    output: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write the report to FILE instead of standard output.")
    ] = None,
    report: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FORMAT=FILE",
            help="One more report, such as sarif=out.sarif; - as FILE is standard output. Repeatable.",
        ),
    ] = None,
    kubernetes_version: KubernetesVersions = None,
    fail_on: Annotated[
        str | None,
        typer.Option(
            metavar="LEVEL",
            help="The lowest level that blocks: error, warning or note. Default: the config's, else error.",
            autocompletion=_complete_levels,
        ),
    ] = None,
    fail_on_existing: Annotated[
        bool, typer.Option("--fail-on-existing", help="Findings that the base has too block as well.")
    ] = False,
    trust: Annotated[
        str | None,
        typer.Option(
            metavar="SIDE",
            help="Read config, policies and waivers from base or head. Default: base in a CI run for a pull request "
            "or merge group, else head.",
            autocompletion=_complete_trust,
        ),
    ] = None,
    stages: Annotated[
        str | None,
        typer.Option(
            metavar="STAGES",
            help=f"Run only these, separated by commas: {','.join(Stage)}. The others are reported as skipped.",
            autocompletion=_complete_stages,
        ),
    ] = None,
    dry_run: Annotated[
        str | None,
        typer.Option(
            metavar="MODE",
            help="Ask for the change: cluster (the target's API server), sandbox (one that is started for the run, no "
            "credentials), snapshot (an export of the cluster), or off. Default: the target's, else off.",
            autocompletion=_complete_dry_run,
        ),
    ] = None,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
    snapshot: Snapshot = None,
    assets: Assets = None,
    timeout: Timeout = None,
    no_waivers: Annotated[bool, typer.Option("--no-waivers", help="Judge as if there were no waivers.")] = False,
    select: Annotated[
        list[str] | None,
        typer.Option(metavar="RULE", help="Report only this rule. Repeatable.", autocompletion=complete_rule),
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option(metavar="RULE", help="Do not report this rule. Repeatable.", autocompletion=complete_rule),
    ] = None,
    config: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Read the config from FILE instead of the trusted side's .gategit.yaml."),
    ] = None,
    target: TargetName = None,
    jobs: Annotated[
        str | None, typer.Option(metavar="N", help="Worker processes. Default: as many as there are processors.")
    ] = None,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Neither read nor write the cache.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress, and no text where the change passes.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show existing findings, fingerprints and unchecked things in full.")
    ] = False,
    color: Annotated[
        str,
        typer.Option(
            metavar="WHEN",
            help="Colour the text: auto, always or never. NO_COLOR and FORCE_COLOR are obeyed.",
            autocompletion=_complete_color,
        ),
    ] = "auto",
) -> None:
    """Check a change, or whole folders, and say whether it may be merged.

    Without options, in a git repository: what the working tree changes against the merge base with the default
    branch. New findings block; findings that the base has too are shown and do not.
    """
    environment = dict(os.environ)
    colored = wants_color(one_of("--color", color, _COLORS), environment)
    if quiet and verbose:
        raise UsageError("--quiet and --verbose exclude each other")
    places = destinations(format_, output, report or (), FORMATS)
    given = tuple(paths or ())
    mode = compared(given, all_=all_, staged=staged, base=base, head=head)
    config_file = None if config is None else _config(config)
    request = Request(
        directory=Path.cwd(),
        mode=mode,
        paths=() if mode is Mode.STDIN else given,
        base=revision("--base", base),
        head=revision("--head", head),
        kubernetes_versions=kubernetes_versions(kubernetes_version or ()),
        fail_on=None if fail_on is None else Level(one_of("--fail-on", fail_on, [level.value for level in Level])),
        fail_on_existing=fail_on_existing,
        trust=None if trust is None else Trust(one_of("--trust", trust, [side.value for side in Trust])),
        stages=None if stages is None else _stages(stages),
        dry_run=None if dry_run is None else one_of("--dry-run", dry_run, DRY_RUN_MODES),
        kubeconfig=kubeconfig,
        context=context,
        assets=folder_of("--assets", assets),
        timeout=seconds_of("--timeout", timeout),
        snapshot=file_of("--snapshot", snapshot),
        use_waivers=not no_waivers,
        select=check_rule_ids("--select", select or (), config_file),
        ignore=check_rule_ids("--ignore", ignore or (), config_file),
        config=config_file,
        target=target,
        jobs=None if jobs is None else _jobs(jobs),
        use_cache=not no_cache,
        line_hashes=any(place.format == "sarif" for place in places),
        effect=any(place.format in EFFECT_FORMATS for place in places),
        stdin=_read_stdin() if mode is Mode.STDIN else b"",
        environment=environment,
    )
    from gategit import gate  # noqa: PLC0415  after the options are known to be right

    with Progress(enabled=not quiet) as progress:
        result = gate.run(request, progress)
    for place in places:
        if quiet and place.format == "text" and place.path == "-" and result.verdict is Verdict.PASS:
            continue
        write(place, render(result, place.format, color=colored and place.path == "-", verbose=verbose))
    raise typer.Exit(result.exit_code)


def _stages(text: str) -> frozenset[Stage]:
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words:
        raise UsageError("--stages names no stage", f"use some of: {', '.join(Stage)}")
    return frozenset(Stage(one_of("--stages", word, [stage.value for stage in Stage])) for word in words)


def _config(path: str) -> Path:
    if not Path(path).is_file():
        what = "is a folder" if Path(path).is_dir() else "does not exist"
        raise UsageError(f"--config {path}: the file {what}", "gategit init writes a config that fits a repository")
    return Path(path)


def _jobs(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,3}", text):
        raise UsageError(f"--jobs cannot be {text}", "use a number from 1 to 9999")
    return int(text)


def _read_stdin() -> bytes:
    content = bytearray()
    # In pieces: an interrupt is noticed between them, and no more than the limit is ever held.
    while chunk := sys.stdin.buffer.read(65536):
        content += chunk
        if len(content) > MAX_STDIN:
            raise UndecidedError(f"standard input is larger than {MAX_STDIN // 2**20} MiB, so it was not looked at")
    return bytes(content)
