"""Symbolic links in a tree: followed once and only inside of it; every other link is a finding.

A link is data of the pull request. An agent that follows one out of the repository applies, or shows in an error, a
file of its own machine (CVE-2022-24904 in Argo CD); so gategit never opens what a link names, but
works out from the listed paths where it leads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gategit.disk import UnreadableError, decode_path, show_path
from gategit.model import Finding, Level, Location, Rule, Stage, Unchecked
from gategit.tree import EntryKind, Tree, TreeEntry

_TARGET_LIMIT = 4096

SYMLINK_OUTSIDE = Rule(
    id="symlink-outside",
    level=Level.ERROR,
    stage=Stage.SYNTAX,
    summary="A symbolic link must not lead out of the repository.",
    rationale="The agent that applies the repository may follow the link and read a file of its own machine: another "
    "tenant's manifests, a token, a key. Where it refuses, as Argo CD does, the whole application stops syncing.",
    help="Copy the file into the repository, or link to it by a relative path that stays inside.",
    security_severity=7.5,
    references=("https://nvd.nist.gov/vuln/detail/CVE-2022-24904",),
)

SYMLINK_BROKEN = Rule(
    id="symlink-broken",
    level=Level.ERROR,
    stage=Stage.SYNTAX,
    summary="A symbolic link must lead directly to a file or folder of the repository.",
    rationale="A link that leads nowhere makes whatever reads it fail, or leaves its file out in silence. A link to "
    "another link is one step away from both, and is not followed.",
    help="Correct the link's target, let it name the file itself, or delete the link.",
)

RULES: tuple[Rule, ...] = (SYMLINK_OUTSIDE, SYMLINK_BROKEN)


@dataclass(frozen=True, slots=True)
class Link:
    """Where a symbolic link leads.

    Attributes:
        target: its text.
        path: the path of the file or folder that it leads to; None where it leads to none.
        rule: the rule that it breaks, or None.
        reason: what is wrong with it, to be read after its target; or why it cannot be looked into.
    """

    target: str
    path: str | None
    rule: Rule | None = None
    reason: str = ""


def resolve(tree: Tree, path: str) -> Link:
    """Work out where the symbolic link at ``path`` leads, from the tree's paths alone.

    Raises:
        KeyError: there is no symbolic link.
    """
    entries = tree.entries()
    if entries[path].kind is not EntryKind.SYMLINK:
        raise KeyError(path)
    try:
        target = decode_path(tree.read(path)[: _TARGET_LIMIT + 1])
    except UnreadableError as error:
        return Link("", None, SYMLINK_BROKEN, f"which cannot be read: {error.reason}")
    if not target or len(target) > _TARGET_LIMIT or "\0" in target:
        return Link(target[:100], None, SYMLINK_BROKEN, "which is not a path")
    if target.startswith("/"):
        return Link(target, None, SYMLINK_OUTSIDE, "an absolute path, which is outside of the repository")
    return _walk(entries, path, target)


def _walk(entries: Mapping[str, TreeEntry], path: str, target: str) -> Link:
    """Follow a relative target name by name."""
    names = path.split("/")[:-1]
    for name in target.split("/"):
        if name == ".." and not names:
            return Link(target, None, SYMLINK_OUTSIDE, "which is outside of the repository")
        if name == "..":
            names.pop()
        elif name not in {"", "."}:
            names.append(name)
            passed = entries.get("/".join(names))
            # A step through another link changes what a later ".." means.
            if passed is not None and passed.kind is EntryKind.SYMLINK:
                return Link(target, None, SYMLINK_BROKEN, "which is or leads through a link; links are followed once")
            if passed is not None and passed.kind is EntryKind.SUBMODULE:
                return Link(target, None, None, "it leads into a submodule, whose files are in another repository")
    found = "/".join(names)
    if not found or found in entries or any(other.startswith(f"{found}/") for other in entries):
        return Link(target, found)
    return Link(target, None, SYMLINK_BROKEN, "which does not exist")


def check_links(tree: Tree, selects: Callable[[str], bool]) -> tuple[list[Finding], list[Unchecked]]:
    """Judge every symbolic link of a tree that ``selects`` lets in."""
    findings: list[Finding] = []
    unchecked: list[Unchecked] = []
    for path, entry in tree.entries().items():
        if entry.kind is not EntryKind.SYMLINK or not selects(path):
            continue
        link = resolve(tree, path)
        if link.rule is not None:
            findings.append(
                Finding(
                    link.rule.id,
                    link.rule.stage,
                    link.rule.level,
                    f"{show_path(path)} is a symbolic link to {show_path(link.target)}, {link.reason}",
                    Location(path),
                    link.rule.help,
                    subject=link.target,
                )
            )
        elif link.path is None:
            unchecked.append(Unchecked(show_path(path), link.reason))
    return findings, unchecked
