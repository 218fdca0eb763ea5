"""What a change does to the gate itself: said, and in force only after the merge."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from gategit.errors import ConfigError
from gategit.model import Finding, Level, Location, Region, Rule, Stage

GATE_CHANGED = Rule(
    id="gate-changed",
    level=Level.WARNING,
    stage=Stage.POLICY,
    summary="A change to the gate's own config, policies, waivers or schemas deserves a reviewer's eye.",
    rationale="The gate judges a pull request by the rules of the branch it goes to. A change to those rules is "
    "therefore not in force yet, and after the merge it is in force for everybody: it is the one change that the gate "
    "cannot judge by itself.",
    help="Let an owner of the gate read this file's change. Nothing needs mending where the change is meant. Protect "
    "these files with CODEOWNERS.",
    waivable=False,
)

RULES = (GATE_CHANGED,)


@dataclass(frozen=True, slots=True)
class GateFile:
    """A file that steers the gate: what it is to it, and how to tell whether its content can be used."""

    what: str
    validate: Callable[[bytes], object] | None = None


def judge_gate_changes(
    changed: Iterable[str],
    removed: Iterable[str],
    role: Callable[[str], GateFile | None],
    read: Callable[[str], bytes],
) -> list[Finding]:
    """Say which of the gate's own files a change touches; an unusable new config is an error.

    Args:
        changed: files that the change adds or modifies.
        removed: files that it removes.
        role: what a path is to the gate, or None.
        read: the head's content of a path.
    """
    findings: list[Finding] = []
    for path in changed:
        file = role(path)
        if file is not None:
            findings.append(_finding(path, f"this change edits {file.what}; it takes effect after the merge"))
            findings.extend(_unusable(path, file, read))
    for path in removed:
        file = role(path)
        if file is not None:
            findings.append(_finding(path, f"this change removes {file.what}; it takes effect after the merge"))
    return findings


def _unusable(path: str, file: GateFile, read: Callable[[str], bytes]) -> Iterable[Finding]:
    if file.validate is None:
        return
    try:
        file.validate(read(path))
    except ConfigError as error:
        region = Region(error.line, error.column or 1, error.line, (error.column or 1) + 1) if error.line else None
        yield _finding(
            path,
            f"after the merge the gate would stop every run: {error.message}",
            level=Level.ERROR,
            region=region,
            hint=error.hint,
        )


def _finding(
    path: str, message: str, *, level: Level = GATE_CHANGED.level, region: Region | None = None, hint: str = ""
) -> Finding:
    return Finding(
        rule=GATE_CHANGED.id,
        stage=GATE_CHANGED.stage,
        level=level,
        message=message,
        help=hint or GATE_CHANGED.help,
        location=Location(path, region),
        subject=message,
    )
