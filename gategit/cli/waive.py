"""``gategit waive``: write the waiver for one finding."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gategit.cli.lazy import StringCommand
from gategit.cli.output import write_stdout
from gategit.cli.progress import Progress
from gategit.config import CONFIG_FILE, Config, load_config
from gategit.errors import UndecidedError, UsageError
from gategit.init_repository import find_root
from gategit.model import AppliedWaiver, Finding, Level, Location, ObjectRef, Region, Stage, State
from gategit.nearest import nearest
from gategit.process import run
from gategit.report.escaping import visible
from gategit.request import Mode, Request, Trust
from gategit.waivers import LONGEST, RULES, load_waivers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gategit.waiver_edit import Promise

app = typer.Typer(rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False)

WAIVERS_FILE = "gate/waivers.yaml"
"""The waivers file that is made where the config names none."""

_SHORTEST = 4
_LISTED = 10
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")

_EPILOG = """\b
Examples:
  gategit check --verbose                              shows each finding's fingerprint
  gategit waive 3f2a91c07d --reason "vendor publishes no digests" --until 2027-01-31
  gategit waive 3f2a91c07d --all --reason "..." --until 2027-01-31 --owner team-shop
  gategit waive 3f2a91c07d --inline --reason "..." --until 2027-01-31
  gategit waive 3f2a91c07d --from report.json --reason "..." --until 2027-01-31

\b
Exit codes: 0 written, 2 wrong usage or configuration, 3 something could not be read or written.
"""


@dataclass(frozen=True, slots=True)
class _Found:
    """The findings to choose from, and which of their rules no waiver excepts."""

    findings: tuple[Finding, ...]
    not_waivable: frozenset[str]


@app.command(cls=StringCommand, epilog=_EPILOG, short_help="Write a waiver for one finding.")
def waive(  # noqa: PLR0913  the command's options, one parameter each
    fingerprint: Annotated[
        str,
        typer.Argument(
            metavar="FINGERPRINT", help="The finding's fingerprint, or its beginning where that names one finding."
        ),
    ],
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="PATHS", help="Files and folders to look at. Default: everything.", show_default=False),
    ] = None,
    *,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why the exception is needed.")] = "",
    until: Annotated[
        str, typer.Option(metavar="DATE", help="The last day on which it holds, such as 2027-01-31; within 366 days.")
    ] = "",
    owner: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Who answers for it. Default: the file's owners in CODEOWNERS, else git's user.email.",
        ),
    ] = None,
    inline: Annotated[
        bool, typer.Option("--inline", help="Write a comment at the field instead of an entry of the waivers file.")
    ] = False,
    all_: Annotated[
        bool, typer.Option("--all", help="Look for it in every manifest below PATHS, as gategit check --all does.")
    ] = False,
    base: Annotated[
        str | None,
        typer.Option(metavar="REF", help="What the change is based on, as for gategit check."),
    ] = None,
    head: Annotated[
        str | None,
        typer.Option(metavar="REF", help="The changed side, as for gategit check. Default: the working tree."),
    ] = None,
    from_: Annotated[
        str | None,
        typer.Option("--from", metavar="FILE", help="Look for it in a JSON report instead of running the gate."),
    ] = None,
    config: Annotated[
        str | None, typer.Option(metavar="FILE", help="Read the config from FILE instead of .gategit.yaml.")
    ] = None,
) -> None:
    """Write a waiver for one finding into the waivers file, or with --inline into a comment at its field.

    The finding is looked for as gategit check would find it here. The waiver names the rule, the object, the file and
    the target, so it excepts as little else as it can; comments and layout of the file stay as they are. Where the
    config names no waivers file, gate/waivers.yaml is made and named there. In pull requests a waiver counts once it
    is merged.
    """
    wanted = _fingerprint(fingerprint)
    today = datetime.now(UTC).date()
    why, last = _reason(reason), _until(until, today)
    given = _exclusive(all_=all_, base=base, head=head, from_=from_, inline=inline, paths=tuple(paths or ()))
    root = find_root(Path.cwd())
    config_file = root / CONFIG_FILE if config is None else Path(config)
    settings = _config(config_file, required=config is not None)
    if from_ is None:
        found = _from_run(
            Request(
                directory=Path.cwd(),
                mode=Mode.ALL if all_ else Mode.CHANGE,
                paths=given,
                base=base,
                head=head,
                trust=Trust.HEAD,
                config=None if config is None else config_file,
                environment=dict(os.environ),
            )
        )
    else:
        found = _from_report(Path(from_))
    finding = _choose(wanted, found.findings)
    _refuse(finding, found.not_waivable | settings.policies.not_waivable)
    from gategit.waiver_edit import Promise  # noqa: PLC0415  after the options are known to be right

    promise = Promise(_owner(owner, root, finding.location.file), why, last)
    said = (
        _write_comment(root, finding, promise)
        if inline
        else _write_entry(root, config_file, settings, finding, promise)
    )
    write_stdout(said)


def _fingerprint(text: str) -> str:
    wanted = text.strip().lower()
    if not re.fullmatch(rf"[0-9a-f]{{{_SHORTEST},}}", wanted):
        raise UsageError(
            f"{visible(text[:60])} is no fingerprint: it has at least {_SHORTEST} hexadecimal digits",
            "gategit check --verbose shows each finding's",
        )
    return wanted


def _reason(text: str) -> str:
    reason = text.strip()
    if not reason:
        raise UsageError("--reason is missing", 'say why the exception is needed: --reason "..."')
    if not reason.isprintable():
        raise UsageError("--reason holds characters that nobody would see", "write it on one line, in plain text")
    return reason


def _until(text: str, today: date) -> date:
    if not text:
        raise UsageError("--until is missing", f"name the last day on which it holds, up to {today + LONGEST}")
    try:
        day = date.fromisoformat(text) if _DAY.match(text) else None
    except ValueError:
        day = None
    if day is None:
        raise UsageError(f"--until cannot be {visible(text[:60])}", "write a date such as 2027-01-31")
    if day < today:
        raise UsageError(f"--until cannot be {day}: that day has passed", f"choose a day up to {today + LONGEST}")
    if day > today + LONGEST:
        raise UsageError(
            f"--until cannot be {day}: that is more than {LONGEST.days} days ahead",
            f"choose a day up to {today + LONGEST}; renewing a waiver is a decision as well",
        )
    return day


def _exclusive(  # noqa: PLR0913  the options that exclude each other
    *, all_: bool, base: str | None, head: str | None, from_: str | None, inline: bool, paths: tuple[str, ...]
) -> tuple[str, ...]:
    """The paths, once the options are known to fit together."""
    given = {"--base": base is not None, "--head": head is not None, "PATHS": bool(paths), "--all": all_}
    for option, others in (
        ("--from", ("--all", "--base", "--head", "PATHS") if from_ is not None else ()),
        ("--all", ("--base", "--head") if all_ else ()),
        ("--inline", ("--head",) if inline else ()),
    ):
        for other in others:
            if given[other]:
                raise UsageError(f"{option} and {other} exclude each other", f"leave out {option} or {other}")
    if from_ is not None and inline:
        raise UsageError(
            "--from and --inline exclude each other: lines may have moved since the report", "leave out --from"
        )
    for option, revision in (("--base", base), ("--head", head)):
        if revision is not None and (not revision or revision.startswith("-")):
            raise UsageError(f"{option} needs a revision, not {revision!r}", f"such as {option} origin/main")
    return paths


def _config(path: Path, *, required: bool) -> Config:
    content = _read(path)
    if content is None:
        if required:
            raise UsageError(f"--config {path}: the file does not exist")
        return Config()
    return load_config(content, str(path) if required else CONFIG_FILE)


def _read(path: Path) -> bytes | None:
    """A file's content, None where there is none."""
    if path.is_symlink():
        raise UsageError(f"{path} is a symbolic link, and is not written through", "put the file itself there")
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from None


def _from_run(request: Request) -> _Found:
    from gategit import gate  # noqa: PLC0415  after the options are known to be right

    with Progress(enabled=True) as progress:
        report = gate.run(request, progress)
    return _Found(report.findings, frozenset(rule.id for rule in report.rules.values() if not rule.waivable))


def _from_report(path: Path) -> _Found:
    import json  # noqa: PLC0415  only --from reads JSON

    from gategit import rules  # noqa: PLC0415  the same

    content = _read(path)
    if content is None:
        raise UsageError(f"--from {path}: the file does not exist")
    try:
        findings = tuple(_finding(data) for data in json.loads(content)["findings"])
    except (ValueError, TypeError, KeyError, RecursionError):
        hint = "gategit check --format json --output report.json writes one"
        raise UsageError(f"--from {path}: this is no JSON report of gategit", hint) from None
    fixed = {rule.id for rule in rules.check_rules().values() if not rule.waivable}
    return _Found(findings, frozenset(fixed))


def _finding(data: dict[str, Any]) -> Finding:
    """A finding of a JSON report, as far as a waiver needs it."""
    obj, waiver = data["object"], data["waiver"]
    place = [data[key] for key in ("line", "column", "end_line", "end_column")]
    texts = (data["rule"], data["file"], data["message"], data["fingerprint"])
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("a finding's rule, file, message and fingerprint are strings")
    return Finding(
        rule=data["rule"],
        stage=Stage(data["stage"]),
        level=Level(data["level"]),
        message=data["message"],
        location=Location(data["file"], None if place[0] is None else Region(*(int(number) for number in place))),
        object=obj and ObjectRef(obj["apiVersion"], obj["kind"], obj["namespace"], obj["name"]),
        target=data["target"],
        fingerprint=data["fingerprint"],
        state=State(data["state"]),
        waiver=waiver and AppliedWaiver(waiver["owner"], waiver["reason"], waiver["expires"]),
    )


def _choose(wanted: str, findings: Sequence[Finding]) -> Finding:
    """The one finding whose fingerprint begins so."""
    matching = [finding for finding in findings if finding.fingerprint.startswith(wanted)]
    exact = [finding for finding in matching if finding.fingerprint == wanted]
    if len(exact or matching) == 1:
        return (exact or matching)[0]
    if matching:
        listed = "\n".join(_shown(finding) for finding in matching[:_LISTED])
        raise UsageError(f"{len(matching)} findings have a fingerprint that begins with {wanted}", listed)
    near = nearest(wanted, [finding.fingerprint[: len(wanted)] for finding in findings])
    likely = [finding for finding in findings if near is not None and finding.fingerprint.startswith(near)]
    hint = "gategit check --verbose shows each finding's; give the same --all, --base and PATHS here as there"
    if likely:
        hint = f"the nearest: {_shown(likely[0])}"
    raise UsageError(f"no finding here has a fingerprint that begins with {wanted}", hint)


def _shown(finding: Finding) -> str:
    region = finding.location.region
    place = finding.location.file if region is None else f"{finding.location.file}:{region.line}"
    return visible(f"{finding.fingerprint}  {finding.rule}  {place}")


def _refuse(finding: Finding, not_waivable: frozenset[str]) -> None:
    if finding.waiver is not None:
        waiver = finding.waiver
        raise UsageError(
            visible(f"this finding is waived already, until {waiver.expires} by {waiver.owner}"),
            "to renew it, change its date where it stands",
        )
    if finding.rule in not_waivable or finding.rule in {rule.id for rule in RULES}:
        raise UsageError(f"no waiver can except {finding.rule}", f"gategit explain {finding.rule} says how to mend it")


def _owner(given: str | None, root: Path, file: str) -> str:
    """Who answers for the waiver: whoever is named, else the file's code owners, else whoever git says is here."""
    if given is not None:
        if not given.strip() or not given.isprintable():
            raise UsageError("--owner names nobody", "name a person or a team: --owner team-shop")
        return given.strip()
    from gategit.code_owners import PLACES, read_code_owners  # noqa: PLC0415  only where nobody is named

    place = next((root / name for name in PLACES if (root / name).is_file()), None)
    if place is not None:
        owners = read_code_owners(place.read_text("utf-8", "replace")).of(file)
        if owners and all(owner.isprintable() for owner in owners):
            return ", ".join(owners)
    try:
        answer = run(["git", "config", "user.email"], cwd=root)
        email = answer.stdout.decode("utf-8", "replace").strip()
    except UndecidedError:
        email = ""
    if not email or not email.isprintable():
        raise UsageError("nobody is named who answers for the waiver", "name a person or a team: --owner team-shop")
    return email


def _write_entry(root: Path, config_file: Path, settings: Config, finding: Finding, promise: Promise) -> str:
    from gategit.waiver_edit import add_entry, add_waivers_key, entry_for  # noqa: PLC0415  after the checks

    name = settings.waivers or WAIVERS_FILE
    content = _read(root / name)
    entry = entry_for(finding, promise)
    old = [one for one in (load_waivers(content, name) if content is not None else ()) if one.matches(finding)]
    if any(one.holds(datetime.now(UTC).date()) for one in old):
        raise UsageError(f"{name} holds a waiver for this finding already", "to renew it, change its date there")
    edited = add_entry(content, name, entry)
    if settings.waivers is None:
        before = _read(config_file)
        changed = add_waivers_key(before, settings.file or CONFIG_FILE, name)
        _write(root / name, edited.content)
        _write(config_file, changed)
        # What --config names is the user's own path, which may be outside of the repository.
        said = f"{settings.file or CONFIG_FILE}: waivers: {name} {'written' if before is None else 'added'}\n"
    else:
        _write(root / name, edited.content)
        said = ""
    lines = [f"{name}:{edited.line}: {_summary(finding, promise)}"]
    lines += [
        f"{name}:{one.location.region.line}: this waiver for it expired on {one.expires}; delete it"
        for one in old
        if one.location.region is not None
    ]
    return said + "".join(f"{visible(line)}\n" for line in lines)


def _write_comment(root: Path, finding: Finding, promise: Promise) -> str:
    from gategit.waiver_edit import add_comment  # noqa: PLC0415  after the checks

    file = finding.location.file
    content = _read(root / file)
    if content is None:
        raise UsageError(f"{visible(file)} is not there any more, so no comment can be written", "leave out --inline")
    edited = add_comment(content, finding, promise)
    _write(root / file, edited.content)
    return visible(f"{file}:{edited.line}: {_summary(finding, promise)}") + "\n"


def _summary(finding: Finding, promise: Promise) -> str:
    about = f" of {finding.object}" if finding.object is not None else ""
    return f"{finding.rule}{about} is waived until {promise.expires} by {promise.owner}"


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise UndecidedError(f"{path} cannot be written: {error.strerror or error}") from None
