"""Symbolic links: where they lead, without following them on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gategit.links import (
    RULES,
    SUBMODULE_CHANGED,
    SYMLINK_BROKEN,
    SYMLINK_OUTSIDE,
    SYMLINK_UNSEEN,
    check_links,
    check_submodules,
    check_unseen,
    resolve,
)
from gategit.model import Finding, Location, Stage, Unchecked
from gategit.repository import open_trees
from gategit.request import Mode, Request

if TYPE_CHECKING:
    from tests.conftest import RepositoryBuilder

LINKS = {
    "apps/good.yaml": "../base/a.yaml",
    "apps/folder": "../base",
    "apps/root": "..",
    "apps/around": "./x/../../base//a.yaml",
    "apps/absolute": "/etc/passwd",
    "apps/outside": "../../etc/passwd",
    "apps/back": "../../repository/base/a.yaml",
    "apps/dangling": "nope.yaml",
    "apps/twice": "good.yaml",
    "apps/through": "folder/a.yaml",
    "apps/self": "self",
    "apps/sub": "../vendor/sub/x.yaml",
    "apps/odd": "no\npe",
}


@pytest.fixture
def linked(git_repository: RepositoryBuilder) -> RepositoryBuilder:
    """A commit with every kind of link, and a submodule."""
    start = git_repository.commit("start", {"base/a.yaml": "a: 1\n"})
    for name, target in LINKS.items():
        git_repository.symlink(name, target)
    git_repository.stage()
    git_repository.git("update-index", "--add", "--cacheinfo", f"160000,{start},vendor/sub")
    git_repository.git("commit", "--quiet", "--message", "links")
    return git_repository


OUTSIDE = "which is outside of the repository"
ONCE = "which is or leads through a link; links are followed once"
EXPECTED = {
    "apps/absolute": ("symlink-outside", "/etc/passwd", "an absolute path, which is outside of the repository"),
    "apps/back": ("symlink-outside", "../../repository/base/a.yaml", OUTSIDE),
    "apps/dangling": ("symlink-broken", "nope.yaml", "which does not exist"),
    "apps/odd": ("symlink-broken", "no\\x0ape", "which does not exist"),
    "apps/outside": ("symlink-outside", "../../etc/passwd", OUTSIDE),
    "apps/self": ("symlink-broken", "self", ONCE),
    "apps/through": ("symlink-broken", "folder/a.yaml", ONCE),
    "apps/twice": ("symlink-broken", "good.yaml", ONCE),
}


def test_findings(linked: RepositoryBuilder) -> None:
    """Every link that leads elsewhere or nowhere is a finding; into a submodule it cannot be looked."""
    trees = open_trees(Request(linked.folder, base="main", head="main"))
    findings, unchecked = check_links(trees.head, lambda _: True)
    trees.close()
    assert {finding.location.file: (finding.rule, finding.message) for finding in findings} == {
        path: (rule, f"{path} is a symbolic link to {target}, {reason}")
        for path, (rule, target, reason) in EXPECTED.items()
    }
    assert findings[0] == Finding(
        "symlink-outside",
        Stage.SYNTAX,
        SYMLINK_OUTSIDE.level,
        "apps/absolute is a symbolic link to /etc/passwd, an absolute path, which is outside of the repository",
        Location("apps/absolute"),
        SYMLINK_OUTSIDE.help,
        subject="/etc/passwd",
    )
    assert unchecked == [Unchecked("apps/sub", "it leads into a submodule, whose files are in another repository")]


def test_every_side_says_the_same(linked: RepositoryBuilder) -> None:
    """The working tree and a folder without git judge links as the commit does."""
    linked.path("vendor/sub").mkdir(parents=True)
    for request in (Request(linked.folder), Request(linked.folder, mode=Mode.STAGED)):
        trees = open_trees(request)
        findings, _ = check_links(trees.head, lambda _: True)
        trees.close()
        assert {finding.location.file: finding.rule for finding in findings} == {
            path: rule for path, (rule, _, _) in EXPECTED.items()
        }
    trees = open_trees(Request(linked.folder, mode=Mode.ALL))
    findings, _ = check_links(trees.head, lambda path: path != "apps/sub")
    assert {finding.location.file for finding in findings} == set(EXPECTED)


def test_good_links(linked: RepositoryBuilder) -> None:
    """A link to a file or a folder of the tree leads there."""
    trees = open_trees(Request(linked.folder, base="main", head="main"))
    found = {path: resolve(trees.head, path).path for path in LINKS if path not in EXPECTED}
    assert found == {
        "apps/good.yaml": "base/a.yaml",
        "apps/folder": "base",
        "apps/root": "",
        "apps/around": "base/a.yaml",
        "apps/sub": None,
    }
    for path in ("base/a.yaml", "nope"):
        with pytest.raises(KeyError):
            resolve(trees.head, path)
    trees.close()


def test_only_what_is_asked_for(linked: RepositoryBuilder) -> None:
    """Links outside of the run's paths are left alone."""
    trees = open_trees(Request(linked.folder, base="main", head="main"))
    assert check_links(trees.head, lambda path: path.startswith("base/")) == ([], [])
    trees.close()


def test_endless_target(git_repository: RepositoryBuilder) -> None:
    """A blob that only says that it is a link may hold anything."""
    git_repository.commit("start", {"a.yaml": "a: 1\n"})
    for name, content in (("long", b"x/" * 50_000), ("empty", b""), ("zero", b"a\0b")):
        blob = git_repository.git("hash-object", "-w", "--stdin", stdin=content)
        git_repository.git("update-index", "--add", "--cacheinfo", f"120000,{blob},{name}")
    trees = open_trees(Request(git_repository.folder, mode=Mode.STAGED))
    findings, _ = check_links(trees.head, lambda _: True)
    trees.close()
    assert [(f.location.file, f.rule, f.message) for f in findings] == [
        ("empty", "symlink-broken", "empty is a symbolic link to , which is not a path"),
        ("long", "symlink-broken", f"long is a symbolic link to {'x/' * 50}, which is not a path"),
        ("zero", "symlink-broken", "zero is a symbolic link to a\\x00b, which is not a path"),
    ]


def test_a_link_to_what_nobody_looks_at(git_repository: RepositoryBuilder) -> None:
    """A link with a manifest's name is applied, whatever the file is called that it leads to, or wherever it is."""
    git_repository.symlink("apps/hidden.yaml", "../docs/a.txt")
    git_repository.symlink("apps/left-out.yaml", "../excluded/b.yaml")
    git_repository.symlink("apps/folder", "../excluded")
    git_repository.symlink("apps/seen.yaml", "../base/c.yaml")
    git_repository.symlink("apps/notes.txt", "../docs/a.txt")
    git_repository.symlink("apps/base", "../base")
    files = {"docs/a.txt": "a: 1\n", "excluded/b.yaml": "b: 1\n", "base/c.yaml": "c: 1\n", "base/d.txt": ""}
    git_repository.commit("links", files)
    trees = open_trees(Request(directory=git_repository.folder, mode=Mode.ALL))
    found = check_unseen(
        trees.head, lambda _: True, lambda path: path.endswith(".yaml"), lambda path: path.startswith("base/")
    )
    ending = "which the gate does not look at"
    assert [(one.rule, one.location, one.message) for one in found] == [
        ("symlink-unseen", Location(path), f"{path} is a symbolic link to {target}, {ending}")
        for path, target in (
            ("apps/folder", "excluded/b.yaml"),
            ("apps/hidden.yaml", "docs/a.txt"),
            ("apps/left-out.yaml", "excluded/b.yaml"),
        )
    ]


def test_a_submodule_that_the_change_sets(linked: RepositoryBuilder) -> None:
    """Its files are in another repository; only the submodules that are asked about are said."""
    trees = open_trees(Request(directory=linked.folder, base="HEAD", head="HEAD"))
    try:
        [found] = check_submodules(trees.head, lambda _: True)
        assert (found.rule, found.location) == ("submodule-changed", Location("vendor/sub"))
        assert check_submodules(trees.head, lambda _: False) == []
    finally:
        trees.close()


def test_rules_explain_themselves() -> None:
    """Every rule says why and how to fix."""
    assert RULES == (SYMLINK_OUTSIDE, SYMLINK_BROKEN, SYMLINK_UNSEEN, SUBMODULE_CHANGED)
    for rule in RULES:
        assert len(rule.summary) <= 120
        assert rule.rationale
        assert rule.help
