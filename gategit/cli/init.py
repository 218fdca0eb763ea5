"""``gategit init``: show the files that would put the gate in front of this repository, then write them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gategit.cli.errors import say
from gategit.cli.lazy import StringCommand
from gategit.cli.output import write_stdout
from gategit.errors import UndecidedError, UsageError
from gategit.init_repository import PRE_COMMIT_FILE, Proposal, Survey, find_root, propose, survey

if TYPE_CHECKING:
    from collections.abc import Sequence

app = typer.Typer(rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False)

_EPILOG = """\b
Examples:
  gategit init --dry-run    look at the proposal
  gategit init              look at it, then say yes or no
  gategit init --yes        write it
"""


@app.command(
    cls=StringCommand, epilog=_EPILOG, short_help="Propose a config, a workflow and a hook for this repository."
)
def init(
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Write the files without asking.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the files and write nothing.")] = False,
) -> None:
    """Look at this repository and propose a config, a GitHub workflow and a pre-commit hook that fit it.

    The files are shown first. Files that exist already are never changed.
    """
    if yes and dry_run:
        raise UsageError("--yes and --dry-run exclude each other")
    found = survey(find_root(Path.cwd()))
    proposals = propose(found)
    write_stdout(proposal_text(found, proposals))
    new = [proposal for proposal in proposals if not proposal.exists]
    if dry_run or not new:
        return
    if not yes and not _confirmed(len(new)):
        write_stdout("Nothing was written.\n")
        return
    for proposal in new:
        _write(found.root, proposal)
    write_stdout(f"Wrote {', '.join(proposal.path for proposal in new)}. Next: gategit check --all\n")


def proposal_text(found: Survey, proposals: Sequence[Proposal]) -> str:
    """What was seen, and every proposed file."""
    lines = [
        f"Looked at {found.root}: {found.files} files, default branch {found.default_branch}.",
        f"Found {', '.join(found.tools)}." if found.tools else "Found no manifests yet.",
        "",
    ]
    for proposal in proposals:
        lines.append(f"--- {proposal.path}{' (exists already: left as it is)' if proposal.exists else ''}")
        if not proposal.exists:
            lines += proposal.content.splitlines()
        elif proposal.path == PRE_COMMIT_FILE:
            lines.append("To run the gate before each commit, add this to its list of repos:")
            lines += proposal.content.splitlines()[1:]
        lines.append("")
    return "\n".join(lines) + "\n"


def _confirmed(count: int) -> bool:
    say(f"Write {'this file' if count == 1 else f'these {count} files'}? [y/N]")
    answer = sys.stdin.readline()
    if not answer:
        raise UsageError("nobody answered, so nothing was written", "answer y, or run gategit init --yes")
    return answer.strip().casefold() in ("y", "yes")


def _write(root: Path, proposal: Proposal) -> None:
    path = root / proposal.path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # "x" refuses what came into being since the look.
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(proposal.content)
    except OSError as error:
        raise UndecidedError(f"{proposal.path} cannot be written: {error.strerror or error}") from None
