"""Options of the commands that look at a change, said once, and what they mean together."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Annotated

import typer

from gategit.config import KUBERNETES_VERSION
from gategit.errors import UsageError
from gategit.nearest import did_you_mean
from gategit.request import Mode

Base = Annotated[
    str | None,
    typer.Option(
        "--base",
        metavar="REF",
        help="What the change is based on: the merge base of REF and the head. Default: in CI the event's base, "
        "else the default branch.",
    ),
]
Head = Annotated[
    str | None,
    typer.Option(
        "--head", metavar="REF", help="The changed side. Default: in CI the event's head, else the working tree."
    ),
]
Staged = Annotated[bool, typer.Option("--staged", help="Compare what is staged for the next commit with HEAD.")]
KubernetesVersions = Annotated[
    list[str] | None,
    typer.Option(
        "--kubernetes-version",
        metavar="VERSION",
        help="Validate for this Kubernetes version, such as 1.34. Given twice, for both (before an upgrade). "
        "Default: the config's or the target's, else the newest known.",
    ),
]
TargetName = Annotated[
    str | None, typer.Option("--target", metavar="NAME", help="Look at this target of the config only.")
]


def one_of(option: str, word: str, words: Sequence[str]) -> str:
    """One of the words that an option may have.

    Raises:
        UsageError: it is another; names the nearest.
    """
    if word not in words:
        raise UsageError(f"{option} cannot be {word}{did_you_mean(word, words)}", f"use one of: {', '.join(words)}")
    return word


def revision(option: str, text: str | None) -> str | None:
    """A revision that git cannot take for an option.

    Raises:
        UsageError: it is empty, or begins as options do.
    """
    if text is not None and (not text.strip() or text.startswith("-")):
        raise UsageError(f"{option} needs a revision, not {text!r}", f"such as {option} origin/main")
    return text


def kubernetes_versions(texts: Sequence[str]) -> tuple[str, ...]:
    """Kubernetes versions, each once.

    Raises:
        UsageError: one is no version of two numbers.
    """
    for text in texts:
        if not re.fullmatch(KUBERNETES_VERSION, text):
            plain = re.match(rf"v?({KUBERNETES_VERSION})(\.[0-9]+)?\Z", text)
            hint = f"write {plain.group(1)}" if plain else "write major and minor, such as 1.34"
            raise UsageError(f"--kubernetes-version cannot be {text}", hint)
    return tuple(dict.fromkeys(texts))


def compared(paths: tuple[str, ...], *, all_: bool, staged: bool, base: str | None, head: str | None) -> Mode:
    """What is compared with what, from the options that say so together.

    Raises:
        UsageError: they exclude each other, or a path is not there.
    """
    asked = {"--all": all_, "--staged": staged, "--base": base is not None, "--head": head is not None}
    given = [option for option, is_given in asked.items() if is_given]
    if "-" in paths:
        if len(paths) > 1 or given:
            other = given[0] if given else next((path for path in paths if path != "-"), "-")
            raise UsageError(f"- (standard input) and {other} exclude each other", "check standard input alone")
        return Mode.STDIN
    for option in ("--all", "--staged"):
        if option in given and len(given) > 1:
            other = next(name for name in given if name != option)
            raise UsageError(f"{option} and {other} exclude each other", f"leave out {option} or {other}")
    if "" in paths:
        raise UsageError("a path is empty", "name a file or a folder; . is this folder")
    if all_:
        for path in paths:
            if not os.path.lexists(path):
                raise UsageError(f"there is no file or folder {path}")
        return Mode.ALL
    return Mode.STAGED if staged else Mode.CHANGE
