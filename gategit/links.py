"""Symbolic links in a tree: followed once and only inside of it; every other link is a finding. And submodules.

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

SYMLINK_UNSEEN = Rule(
    id="symlink-unseen",
    level=Level.ERROR,
    stage=Stage.SYNTAX,
    summary="A symbolic link that stands for a manifest must lead to a file that the gate looks at.",
    rationale="An agent applies what a link inside of the repository leads to. Where that is a file that the config "
    "leaves out, or one without a manifest's suffix, objects would reach the cluster that nobody has judged.",
    help="Put the file itself in the link's place, or let the link lead to a .yaml, .yml or .json file that the config "
    "does not exclude. Where neither is applied, exclude the link too.",
    waivable=False,
    undecided=True,
)

SUBMODULE_CHANGED = Rule(
    id="submodule-changed",
    level=Level.ERROR,
    stage=Stage.SYNTAX,
    summary="What a submodule brings along is in another repository, where the gate cannot look.",
    rationale="Argo CD checks submodules out and applies what is in them. A change that adds a submodule, or moves it "
    "to another commit, so changes objects that are not in this repository: the gate cannot say what they are.",
    help="Gate the other repository as well, and leave the submodule's path out with `exclude` in `.gategit.yaml`, "
    "which is counted; or put the files themselves into this repository.",
    waivable=False,
    undecided=True,
)

RULES: tuple[Rule, ...] = (SYMLINK_OUTSIDE, SYMLINK_BROKEN, SYMLINK_UNSEEN, SUBMODULE_CHANGED)


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
            message = f"{show_path(path)} is a symbolic link to {show_path(link.target)}, {link.reason}"
            findings.append(_finding(link.rule, path, message, link.target))
        elif link.path is None:
            unchecked.append(Unchecked(show_path(path), link.reason))
    return findings, unchecked


def check_unseen(
    tree: Tree, selects: Callable[[str], bool], is_manifest: Callable[[str], bool], seen: Callable[[str], bool]
) -> list[Finding]:
    """Say which links stand for manifests that the gate does not look at.

    Args:
        tree: the tree.
        selects: which links are asked about.
        is_manifest: whether a name is one that agents apply.
        seen: whether the gate looks at a file.
    """
    findings: list[Finding] = []
    for path, entry in tree.entries().items():
        if entry.kind is not EntryKind.SYMLINK or not selects(path):
            continue
        link = resolve(tree, path)
        if link.path is None:
            continue
        if link.path in tree.entries():
            hidden = link.path if is_manifest(path) and not seen(link.path) else None
        else:
            inside = f"{link.path}/" if link.path else ""
            hidden = next(
                (one for one in tree.entries() if one.startswith(inside) and _hides(tree, one, is_manifest, seen)), None
            )
        if hidden is not None:
            message = f"{show_path(path)} is a symbolic link to {show_path(hidden)}, which the gate does not look at"
            findings.append(_finding(SYMLINK_UNSEEN, path, message, hidden))
    return findings


def _hides(tree: Tree, path: str, is_manifest: Callable[[str], bool], seen: Callable[[str], bool]) -> bool:
    """Whether a file of a folder that a link leads to is one that agents apply and the gate does not see."""
    return tree.entries()[path].kind is EntryKind.FILE and is_manifest(path) and not seen(path)


def check_submodules(tree: Tree, selects: Callable[[str], bool]) -> list[Finding]:
    """Say which submodules, of those that ``selects`` lets in, cannot be looked into."""
    return [
        _finding(
            SUBMODULE_CHANGED,
            path,
            f"this change sets the submodule {show_path(path)} to a commit of another repository, which is not here",
            "commit",
        )
        for path, entry in tree.entries().items()
        if entry.kind is EntryKind.SUBMODULE and selects(path)
    ]


def _finding(rule: Rule, path: str, message: str, subject: str) -> Finding:
    return Finding(rule.id, rule.stage, rule.level, message, Location(path), rule.help, subject=subject)
