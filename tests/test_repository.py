"""Opening the two sides of a change, in real git repositories."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gategit.disk import UnreadableError
from gategit.errors import GategitError, UndecidedError, UsageError
from gategit.repository import TreeDiff, Trees, changed, open_trees
from gategit.request import Mode, Request, Trust
from gategit.tree import EntryKind

if TYPE_CHECKING:
    from tests.conftest import RepositoryBuilder

ZERO = "0" * 40


@pytest.fixture
def opened(request: pytest.FixtureRequest) -> Any:
    """Opens trees and closes them when the test ends."""

    def open_and_close(wanted: Request) -> Trees:
        trees = open_trees(wanted)
        request.addfinalizer(trees.close)
        return trees

    return open_and_close


def names(trees: Trees) -> tuple[list[str], list[str]]:
    """The paths of base and head."""
    return (list(trees.base.entries()) if trees.base else [], list(trees.head.entries()))


def refused(wanted: Request, error: type[GategitError]) -> tuple[str, str]:
    """The message and the hint of the error that opening ends in."""
    with pytest.raises(error) as caught:
        open_trees(wanted).close()
    return caught.value.message, caught.value.hint


def two_branches(repository: RepositoryBuilder) -> tuple[str, str, str]:
    """``main`` moved on after ``topic`` left it: the fork point, main's and topic's tip."""
    start = repository.commit("start", {"a.yaml": "a: 1\n", "b.yaml": "b: 1\n"})
    repository.branch("topic")
    topic = repository.commit("topic", {"a.yaml": "a: 2\n"})
    repository.switch("main")
    main = repository.commit("main", {"b.yaml": "b: 2\n"})
    return start, main, topic


class TestChange:
    """Base and head by revision."""

    def test_base_is_the_merge_base(self, git_repository: RepositoryBuilder, opened: Any) -> None:
        """What the base branch gained since the fork is no part of the change."""
        start, _, topic = two_branches(git_repository)
        trees = opened(Request(git_repository.folder, base="main", head="topic"))
        assert (trees.base_commit, trees.head_name) == (start, topic)
        assert changed(trees.base, trees.head) == TreeDiff((), ("a.yaml",), (), (), {})
        assert trees.head.read("a.yaml") == b"a: 2\n"
        assert trees.base.read("a.yaml") == b"a: 1\n"
        assert trees.root == git_repository.folder
        assert (trees.trust, trees.trusted) == (Trust.HEAD, trees.base)

    @pytest.mark.parametrize("revision", ["topic", "refs/heads/topic", "v1", "main^2", "@{-1}"])
    def test_any_spelling_of_a_revision(self, git_repository: RepositoryBuilder, opened: Any, revision: str) -> None:
        """Branches, full names, annotated tags and git's own notations name a commit."""
        _, _, topic = two_branches(git_repository)
        git_repository.git("tag", "--annotate", "--message", "v1", "v1", "topic")
        git_repository.git("merge", "--quiet", "--no-edit", "--strategy=ours", "topic")
        trees = opened(Request(git_repository.folder, base="main~1", head=revision))
        assert trees.head_name == topic

    def test_no_options_compare_the_working_tree_with_the_default_branch(
        self, git_repository: RepositoryBuilder, opened: Any
    ) -> None:
        """The base is the merge base of main and HEAD; commits of the branch and edits both count."""
        start, _, _ = two_branches(git_repository)
        git_repository.switch("topic")
        git_repository.write("new.yaml", "n: 1\n")
        trees = opened(Request(git_repository.folder))
        assert (trees.base_commit, trees.head_name) == (start, "worktree")
        assert changed(trees.base, trees.head) == TreeDiff(("new.yaml",), ("a.yaml",), (), (), {})

    def test_the_remote_default_branch_comes_first(
        self, git_repository: RepositoryBuilder, tmp_path: Path, opened: Any
    ) -> None:
        """origin/HEAD names the default branch, whatever it is called."""
        git_repository.commit("start", {"a.yaml": "a: 1\n"})
        git_repository.git("branch", "--move", "main", "trunk")
        clone = git_repository.clone(tmp_path / "clone")
        clone.branch("topic")
        clone.commit("topic", {"a.yaml": "a: 2\n"})
        trees = opened(Request(clone.folder))
        assert trees.base_commit == git_repository.head()
        assert trees.remotes == (f"file://{git_repository.folder}",)

    def test_from_a_subfolder(self, git_repository: RepositoryBuilder, opened: Any) -> None:
        """Paths in trees start at the root; the request's paths at the folder it was made in."""
        git_repository.commit("start", {"apps/web/a.yaml": "a: 1\n", "apps/db/b.yaml": "b: 1\n"})
        trees = opened(Request(git_repository.path("apps/web"), paths=("a.yaml", "../db")))
        assert trees.paths == ("apps/db", "apps/web/a.yaml")
        assert names(trees)[1] == ["apps/db/b.yaml", "apps/web/a.yaml"]
        assert [p for p in ("apps/db/b.yaml", "apps/dbx", "apps/web/a.yaml", "x") if trees.selects(p)] == [
            "apps/db/b.yaml",
            "apps/web/a.yaml",
        ]

    def test_the_root_as_path_is_everything(self, git_repository: RepositoryBuilder, opened: Any) -> None:
        """A dot narrows nothing."""
        git_repository.commit("start", {"a.yaml": "a: 1\n"})
        trees = opened(Request(git_repository.folder, paths=(".", "a.yaml")))
        assert trees.paths == ()
        assert trees.selects("anything")

    def test_a_deleted_file_can_be_named(self, git_repository: RepositoryBuilder, opened: Any) -> None:
        """A path that only the base has is a path of the change."""
        git_repository.commit("start", {"a.yaml": "a: 1\n", "b.yaml": "b: 1\n"})
        git_repository.remove("a.yaml")
        trees = opened(Request(git_repository.folder, paths=("a.yaml",)))
        assert changed(trees.base, trees.head).removed == ("a.yaml",)

    def test_linked_worktree(self, git_repository: RepositoryBuilder, tmp_path: Path, opened: Any) -> None:
        """A linked working tree is a working tree like the first."""
        git_repository.commit("start", {"a.yaml": "a: 1\n"})
        git_repository.git("worktree", "add", "--quiet", "-b", "side", str(tmp_path / "side"))
        (tmp_path / "side" / "a.yaml").write_text("a: 2\n")
        trees = opened(Request(tmp_path / "side"))
        assert trees.root == tmp_path / "side"
        assert changed(trees.base, trees.head).modified == ("a.yaml",)

    def test_sha256_repository(self, tmp_path: Path, git_repository: RepositoryBuilder, opened: Any) -> None:
        """Object ids of 64 digits are as good as those of 40."""
        git_repository.git("init", "--quiet", "--object-format=sha256", "--initial-branch=main", str(tmp_path / "long"))
        repository = type(git_repository)(tmp_path / "long", init=False)
        repository.commit("start", {"a.yaml": "a: 1\n", "b.yaml": "b: 1\n"})
        repository.write("a.yaml", "a: 2\n")
        trees = opened(Request(repository.folder))
        assert changed(trees.base, trees.head).modified == ("a.yaml",)
        assert (trees.base.read("a.yaml"), trees.head.read("a.yaml")) == (b"a: 1\n", b"a: 2\n")
        repository.stage()
        assert repository.git("ls-files", "-s", "a.yaml").split()[1] == trees.head.entries()["a.yaml"].blob_id

    def test_bare_repository(self, git_repository: RepositoryBuilder, tmp_path: Path, opened: Any) -> None:
        """Two revisions of a bare repository compare; paths start at the root."""
        start, _, topic = two_branches(git_repository)
        bare = git_repository.clone(tmp_path / "bare.git", "--bare")
        trees = opened(Request(bare.folder, base="main", head="topic", paths=("a.yaml",)))
        assert (trees.base_commit, trees.head_name, trees.root, trees.paths) == (start, topic, None, ("a.yaml",))

    def test_config_of_the_repository_runs_nothing(
        self, git_repository: RepositoryBuilder, opened: Any, tmp_path: Path
    ) -> None:
        """A file system monitor, hooks, external diffs and text conversions are not run."""
        git_repository.commit("start", {"a.yaml": "a: 1\n", ".gitattributes": "*.yaml diff=evil\n"})
        trap = tmp_path / "trap"
        trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
        trap.chmod(0o755)
        for key in ("core.fsmonitor", "diff.external", "diff.evil.textconv", "diff.evil.command", "core.pager"):
            git_repository.git("config", key, str(trap))
        git_repository.write("a.yaml", "a: 2\n")
        trees = opened(Request(git_repository.folder))
        assert changed(trees.base, trees.head).modified == ("a.yaml",)
        assert not (tmp_path / "sprung").exists()

    def test_replaced_objects_are_not_believed(self, git_repository: RepositoryBuilder, opened: Any) -> None:
        """A blob id names one content, whatever refs/replace says."""
        git_repository.commit("start", {"a.yaml": "a: 1\n", "evil.yaml": "evil: 1\n"})
        git_repository.git("replace", git_repository.head("HEAD:a.yaml"), git_repository.head("HEAD:evil.yaml"))
        trees = opened(Request(git_repository.folder, base="main", head="main"))
        assert trees.head.read("a.yaml") == b"a: 1\n"


class TestChangeRefused:
    """Requests that cannot be met say why and what to do."""

    def test_not_a_repository(self, tmp_path: Path) -> None:
        """Without git there is no change; --all needs none."""
        assert refused(Request(tmp_path), UsageError) == (
            f"{tmp_path} is not in a git repository, so there is no change to read",
            "use --all to check every manifest in the folder",
        )

    def test_no_folder(self, tmp_path: Path) -> None:
        """The folder itself is missing."""
        assert refused(Request(tmp_path / "gone"), UsageError) == (f"{tmp_path}/gone is not a folder", "")

    def test_no_commit(self, git_repository: RepositoryBuilder) -> None:
        """A repository before its first commit."""
        assert refused(Request(git_repository.folder), UsageError) == (
            "this repository has no commit yet, so there is no base",
            "use --staged or --all until there is one",
        )

    def test_no_default_branch(self, git_repository: RepositoryBuilder) -> None:
        """No branch has a usual name."""
        git_repository.commit("start", {"a.yaml": "a: 1\n"})
        git_repository.git("branch", "--move", "main", "trunk")
        assert refused(Request(git_repository.folder), UsageError) == (
            "no default branch found: there is no origin/HEAD, origin/main, origin/master, main or master",
            "name the branch that the change goes to: --base REF",
        )

    @pytest.mark.parametrize("option", ["base", "head"])
    def test_unknown_revision(self, git_repository: RepositoryBuilder, option: str) -> None:
        """A revision that names no commit, also one that names a blob or carries a newline."""
        git_repository.commit("start", {"a.yaml": "a: 1\n"})
        for revision, shown in (("nope", "nope"), ("HEAD:a.yaml", "HEAD:a.yaml"), ("main\nmain", "main\\x0amain")):
            wanted = (
                Request(git_repository.folder, base=revision)
                if option == "base"
                else Request(git_repository.folder, base="main", head=revision)
            )
            assert refused(wanted, UsageError) == (
                f"--{option} {shown} names no commit in this repository",
                "give a branch, a tag or a commit id that git rev-parse knows; fetch it first",
            )

    def test_a_revision_is_never_an_option(self, git_repository: RepositoryBuilder) -> None:
        """Git is not asked about text that it could take for an option."""
        git_repository.commit("start", {"a.yaml": "a: 1\n"})
        assert refused(Request(git_repository.folder, base="--output=/tmp/x"), UsageError) == (
            "--base --output=/tmp/x is not a revision: it starts with a dash",
            "give a branch, a tag or a commit id",
        )

    def test_unrelated_histories(self, git_repository: RepositoryBuilder) -> None:
        """Two roots have no merge base."""
        git_repository.commit("start", {"a.yaml": "a: 1\n"})
        git_repository.git("switch", "--quiet", "--orphan", "other")
        git_repository.commit("other", {"b.yaml": "b: 1\n"})
        assert refused(Request(git_repository.folder, base="main"), UsageError) == (
            "main and the head have no common ancestor: their histories are unrelated",
            "name the branch that the change really goes to: --base REF",
        )

    def test_shallow_clone(self, git_repository: RepositoryBuilder, tmp_path: Path) -> None:
        """A clone without the merge base is undecided and says how to get it."""
        two_branches(git_repository)
        clone = git_repository.clone(tmp_path / "clone", "--depth=1", "--no-single-branch")
        assert refused(Request(clone.folder, base="origin/main", head="origin/topic"), UndecidedError) == (
            "the merge base with origin/main is not in this shallow clone: its history is cut off too early",
            "set fetch-depth: 0 for actions/checkout, or run: git fetch --deepen=1000 (or git fetch --unshallow)",
        )

    def test_commit_that_a_shallow_clone_leaves_out(self, git_repository: RepositoryBuilder, tmp_path: Path) -> None:
        """A commit id that is right but not fetched."""
        start, _, _ = two_branches(git_repository)
        clone = git_repository.clone(tmp_path / "clone", "--depth=1")
        assert refused(Request(clone.folder, base=start), UndecidedError) == (
            f"--base {start} names no commit in this repository, which is a shallow clone",
            "set fetch-depth: 0 for actions/checkout, or run: git fetch --deepen=1000 (or git fetch --unshallow)",
        )

    def test_bare_repository_needs_a_head(self, git_repository: RepositoryBuilder, tmp_path: Path) -> None:
        """There is no working tree to fall back to."""
        git_repository.commit("start", {"a.yaml": "a: 1\n"})
        bare = git_repository.clone(tmp_path / "bare.git", "--bare")
        assert refused(Request(bare.folder, base="main"), UsageError) == (
            f"{bare.folder} is a bare repository and has no working tree",
            "pass --head with a revision",
        )
        assert refused(Request(bare.folder, mode=Mode.STAGED), UsageError) == (
            f"{bare.folder} is a bare repository and has no index",
            "pass --base and --head",
        )

    def test_bare_repository_in_a_working_tree(self, git_repository: RepositoryBuilder) -> None:
        """A pull request may bring a folder that git would take for a repository, with a config of its own."""
        git_repository.commit("start", {"a.yaml": "a: 1\n"})
        git_repository.write("trap/HEAD", "ref: refs/heads/main\n")
        git_repository.write("trap/config", "[core]\n\tbare = true\n")
        git_repository.write("trap/objects/x", "")
        git_repository.write("trap/refs/x", "")
        assert refused(Request(git_repository.path("trap")), UsageError) == (
            (
                f"{git_repository.folder}/trap looks like a bare git repository inside the working tree "
                f"{git_repository.folder}, and is not trusted"
            ),
            f"run gategit in {git_repository.folder} and name the paths to look at",
        )

    def test_paths(self, git_repository: RepositoryBuilder, tmp_path: Path) -> None:
        """Paths that are missing, outside, ignored or no paths at all."""
        git_repository.commit("start", {"a.yaml": "a: 1\n", ".gitignore": "skip\n"})
        git_repository.write("skip", "x")
        folder = git_repository.folder
        missing = "name files or folders of the repository that git does not ignore"
        for path, message, hint in (
            ("nope.yaml", "nope.yaml is neither in the base nor in the head of the change", missing),
            ("skip", "skip is neither in the base nor in the head of the change", missing),
            ("../x", f"../x is outside of the repository {folder}", "name paths inside of it"),
            (str(tmp_path), f"{tmp_path} is outside of the repository {folder}", "name paths inside of it"),
            ("", "an empty text is not a path", ""),
            ("a\0b", "a\\x00b is not a path", ""),
        ):
            assert refused(Request(folder, paths=(path,)), UsageError) == (message, hint)

    def test_a_path_through_a_link_out_of_the_repository(
        self, git_repository: RepositoryBuilder, tmp_path: Path
    ) -> None:
        """A folder link in the pull request does not make what lies behind it a part of the repository."""
        (tmp_path / "secret").mkdir()
        (tmp_path / "secret" / "key").write_text("k")
        git_repository.symlink("link", str(tmp_path / "secret"))
        git_repository.commit("start", {"a.yaml": "a: 1\n"})
        message, _ = refused(Request(git_repository.folder, paths=("link/key",)), UsageError)
        assert message == f"link/key is outside of the repository {git_repository.folder}"

    def test_repository_of_another_user(
        self, git_repository: RepositoryBuilder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Git's refusal is handed on with the command that mends it."""
        git_repository.commit("start", {"a.yaml": "a: 1\n"})
        monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
        assert refused(Request(git_repository.folder), UndecidedError) == (
            f"git refuses to read {git_repository.folder}: the folder belongs to another user",
            f"before gategit, run: git config --global --add safe.directory {git_repository.folder}",
        )

    def test_trust_base_without_a_base(self, git_repository: RepositoryBuilder, tmp_path: Path) -> None:
        """A base that is not there never means that the head is trusted instead."""
        git_repository.write("a.yaml", "a: 1\n")
        hint = "use --trust head"
        assert refused(Request(git_repository.folder, mode=Mode.STAGED, trust=Trust.BASE), UsageError) == (
            "--trust base needs a base, and this change starts from nothing",
            hint,
        )
        assert refused(Request(tmp_path, mode=Mode.STDIN, trust=Trust.BASE), UsageError) == (
            "--trust base needs a base, and standard input has none",
            hint,
        )
        assert refused(Request(tmp_path, mode=Mode.ALL, trust=Trust.BASE), UsageError) == (
            "--trust base needs a base, and this folder is in no git repository",
            "use --trust head, or run in the repository",
        )


class TestWorktree:
    """The working tree as head."""

    def test_what_differs(self, git_repository: RepositoryBuilder, opened: Any) -> None:
        """Staged, unstaged, deleted, untracked and ignored files each count as they should."""
        git_repository.commit(
            "start",
            {
                "same.yaml": "s: 1\n",
                "edited.yaml": "e: 1\n",
                "deleted.yaml": "d: 1\n",
                "staged.yaml": "t: 1\n",
                "kept.yaml": "k: 1\n",
                ".gitignore": "ignored.yaml\n",
            },
        )
        git_repository.write("staged.yaml", "t: 2\n")
        git_repository.stage("staged.yaml")
        git_repository.write("edited.yaml", "e: 2\n")
        git_repository.remove("deleted.yaml")
        git_repository.write("ignored.yaml", "i: 1\n")
        git_repository.write("folder/new.yaml", "n: 1\n")
        git_repository.write("intended.yaml", "i: 1\n")
        git_repository.git("add", "--intent-to-add", "intended.yaml")
        git_repository.git("rm", "--quiet", "--cached", "kept.yaml")
        trees = opened(Request(git_repository.folder))
        assert changed(trees.base, trees.head) == TreeDiff(
            ("folder/new.yaml", "intended.yaml"), ("edited.yaml", "staged.yaml"), ("deleted.yaml",), (), {}
        )
        assert trees.head.read("intended.yaml") == b"i: 1\n"
        assert trees.head.read("same.yaml") == b"s: 1\n"

    def test_touched_is_not_changed(self, git_repository: RepositoryBuilder, opened: Any) -> None:
        """A file with a new date and the same bytes has the same blob id."""
        git_repository.commit("start", {"a.yaml": "a: 1\n"})
        os.utime(git_repository.path("a.yaml"), (1, 1))
        trees = opened(Request(git_repository.folder))
        assert changed(trees.base, trees.head).files == 0

    def test_line_ends_are_read_as_committed(self, git_repository: RepositoryBuilder, opened: Any) -> None:
        """With core.autocrlf, an untouched file is read as git keeps it, so that equal ids mean equal bytes."""
        git_repository.git("config", "core.autocrlf", "true")
        git_repository.commit("start", {"a.yaml": "a: 1\r\nb: 2\r\n"})
        trees = opened(Request(git_repository.folder))
        assert changed(trees.base, trees.head).files == 0
        assert trees.head.read("a.yaml") == b"a: 1\nb: 2\n"

    def test_told_not_to_look(self, git_repository: RepositoryBuilder, opened: Any) -> None:
        """--assume-unchanged hides nothing from the gate; a sparse checkout's absent files are not deletions."""
        git_repository.commit("start", {"a.yaml": "a: 1\n", "b.yaml": "b: 1\n"})
        git_repository.git("update-index", "--assume-unchanged", "a.yaml")
        git_repository.git("update-index", "--skip-worktree", "b.yaml")
        git_repository.write("a.yaml", "a: 2\n")
        git_repository.remove("b.yaml")
        trees = opened(Request(git_repository.folder))
        assert changed(trees.base, trees.head) == TreeDiff((), ("a.yaml",), (), (), {})
        assert trees.head.read("b.yaml") == b"b: 1\n"

    def test_merge_conflict(self, git_repository: RepositoryBuilder, opened: Any) -> None:
        """A file with an unresolved merge is read from disk, markers and all."""
        git_repository.commit("start", {"a.yaml": "a: 1\n"})
        git_repository.branch("topic")
        git_repository.commit("topic", {"a.yaml": "a: 2\n"})
        git_repository.switch("main")
        git_repository.commit("main", {"a.yaml": "a: 3\n"})
        git_repository.switch("topic")
        with pytest.raises(AssertionError, match="merge"):
            git_repository.git("merge", "--quiet", "main")
        trees = opened(Request(git_repository.folder))
        assert b"<<<<<<<" in trees.head.read("a.yaml")

    def test_a_folder_replaced_by_a_link(self, git_repository: RepositoryBuilder, tmp_path: Path, opened: Any) -> None:
        """Files are not read through a link that took their folder's place."""
        git_repository.commit("start", {"apps/a.yaml": "a: 1\n"})
        outside = tmp_path / "outside"
        outside.mkdir()
        (outside / "a.yaml").write_text("stolen: 1\n")
        git_repository.remove("apps/a.yaml")
        git_repository.path("apps").rmdir()
        git_repository.symlink("apps", str(outside))
        trees = opened(Request(git_repository.folder))
        assert names(trees)[1] == ["apps"]
        assert trees.head.entries()["apps"].kind is EntryKind.SYMLINK
        assert trees.head.read("apps") == str(outside).encode()

    def test_a_file_replaced_by_a_pipe(self, git_repository: RepositoryBuilder, opened: Any) -> None:
        """A pipe is neither opened nor passed over in silence."""
        git_repository.commit("start", {"a.yaml": "a: 1\n", "b.yaml": "b: 1\n"})
        git_repository.remove("a.yaml")
        os.mkfifo(git_repository.path("a.yaml"))
        trees = opened(Request(git_repository.folder))
        assert names(trees)[1] == ["b.yaml"]
        assert [(item.what, item.reason) for item in trees.unchecked()] == [
            ("a.yaml", "it is a pipe, a socket or a device, not a file")
        ]

    def test_git_repository_inside(self, git_repository: RepositoryBuilder, opened: Any) -> None:
        """An untracked repository in the working tree is said to be left out."""
        git_repository.commit("start", {"a.yaml": "a: 1\n"})
        inner = type(git_repository)(git_repository.path("vendored"))
        inner.commit("inner", {"x.yaml": "x: 1\n"})
        trees = opened(Request(git_repository.folder))
        assert names(trees)[1] == ["a.yaml"]
        assert [(item.what, item.reason) for item in trees.unchecked()] == [
            ("vendored/", "it is a git repository of its own, not a part of this one")
        ]

    def test_unreadable_file(self, git_repository: RepositoryBuilder, opened: Any) -> None:
        """A file that vanished after it was listed is an error of that file alone."""
        git_repository.commit("start", {"a.yaml": "a: 1\n"})
        git_repository.write("new.yaml", "n: 1\n")
        trees = opened(Request(git_repository.folder))
        assert "new.yaml" in trees.head.entries()
        git_repository.remove("new.yaml")
        with pytest.raises(UnreadableError) as caught:
            trees.head.read("new.yaml")
        assert str(caught.value) == "new.yaml cannot be read: no such file or directory"
        assert trees.head.read("a.yaml") == b"a: 1\n"
        with pytest.raises(KeyError):
            trees.head.read("never.yaml")


class TestStaged:
    """HEAD against the index."""

    def test_only_what_is_staged(self, git_repository: RepositoryBuilder, opened: Any) -> None:
        """Edits that are not staged are no part of the next commit."""
        start = git_repository.commit("start", {"a.yaml": "a: 1\n", "b.yaml": "b: 1\n"})
        git_repository.write("a.yaml", "a: 2\n")
        git_repository.stage("a.yaml")
        git_repository.write("a.yaml", "a: 3\n")
        git_repository.write("b.yaml", "b: 2\n")
        trees = opened(Request(git_repository.folder, mode=Mode.STAGED))
        assert (trees.base_commit, trees.head_name) == (start, "index")
        assert changed(trees.base, trees.head).modified == ("a.yaml",)
        assert trees.head.read("a.yaml") == b"a: 2\n"

    def test_before_the_first_commit(self, git_repository: RepositoryBuilder, opened: Any) -> None:
        """With no HEAD, everything staged is added."""
        git_repository.write("a.yaml", "a: 1\n")
        git_repository.stage()
        trees = opened(Request(git_repository.folder, mode=Mode.STAGED))
        assert (trees.base, trees.base_commit) == (None, None)
        assert changed(trees.base, trees.head).added == ("a.yaml",)

    def test_the_index_that_a_hook_names(
        self, git_repository: RepositoryBuilder, opened: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """``git commit -a`` runs the hook with an index of its own in GIT_INDEX_FILE."""
        git_repository.commit("start", {"a.yaml": "a: 1\n"})
        git_repository.write("a.yaml", "a: 2\n")
        git_repository.stage()
        git_repository.path(".git/index").rename(git_repository.path(".git/next"))
        git_repository.git("read-tree", "HEAD")
        assert changed_paths(opened(Request(git_repository.folder, mode=Mode.STAGED))) == ()
        monkeypatch.setenv("GIT_INDEX_FILE", ".git/next")
        assert changed_paths(opened(Request(git_repository.folder, mode=Mode.STAGED))) == ("a.yaml",)

    def test_in_a_hook_of_git_itself(self, git_repository: RepositoryBuilder, tmp_path: Path) -> None:
        """Run by git as a hook, in a linked working tree, with all that git puts into the environment."""
        git_repository.commit("start", {"a.yaml": "a: 1\n"})
        git_repository.git("worktree", "add", "--quiet", "-b", "side", str(tmp_path / "side"))
        side = type(git_repository)(tmp_path / "side", init=False)
        code = (
            "from pathlib import Path; from gategit.repository import changed, open_trees;"
            "from gategit.request import Mode, Request;"
            "trees = open_trees(Request(Path.cwd(), mode=Mode.STAGED));"
            "print(trees.root, changed(trees.base, trees.head).modified, trees.head.read('a.yaml'))"
        )
        script = f'#!/bin/sh\nPYTHONPATH={Path.cwd()} exec {sys.executable} -c "{code}" > {tmp_path}/said\n'
        git_repository.write(".git/hooks/pre-commit", script).chmod(0o755)
        side.write("a.yaml", "a: 2\n")
        side.git("commit", "--quiet", "--all", "--message", "x")
        assert (tmp_path / "said").read_text() == f"{side.folder} ('a.yaml',) b'a: 2\\n'\n"

    def test_unresolved_merge(self, git_repository: RepositoryBuilder) -> None:
        """An index with a conflict is no next commit."""
        git_repository.commit("start", {"a.yaml": "a: 1\n"})
        blob = git_repository.head("HEAD:a.yaml")
        git_repository.git(
            "update-index", "--index-info", stdin=f"100644 {blob} 1\tc.yaml\0".encode().replace(b"\0", b"\n")
        )
        trees = open_trees(Request(git_repository.folder, mode=Mode.STAGED))
        with pytest.raises(UndecidedError) as caught:
            trees.head.entries()
        trees.close()
        assert (caught.value.message, caught.value.hint) == (
            "c.yaml has a merge conflict that is not resolved in the index",
            "resolve it, then git add it",
        )

    def test_missing_index_that_was_named(
        self, git_repository: RepositoryBuilder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An index that is not there would look as if everything were deleted."""
        git_repository.commit("start", {"a.yaml": "a: 1\n"})
        monkeypatch.setenv("GIT_INDEX_FILE", "gone")
        assert refused(Request(git_repository.folder, mode=Mode.STAGED), UndecidedError) == (
            "GIT_INDEX_FILE names gone, which does not exist",
            "unset GIT_INDEX_FILE, or name an index of this repository",
        )

    def test_no_revisions(self, git_repository: RepositoryBuilder) -> None:
        """--staged names both sides itself."""
        git_repository.commit("start")
        assert refused(Request(git_repository.folder, mode=Mode.STAGED, base="main"), UsageError) == (
            "--staged compares HEAD with the index",
            "leave out --base and --head",
        )


def changed_paths(trees: Trees) -> tuple[str, ...]:
    """What is modified."""
    return changed(trees.base, trees.head).modified


class TestAll:
    """Every file, without git."""

    def test_a_plain_folder(self, tmp_path: Path, opened: Any) -> None:
        """Files below the folder, sorted; links are entries, not followed; .git is left out."""
        (tmp_path / "b").mkdir()
        (tmp_path / "b" / "x.yaml").write_text("x: 1\n")
        (tmp_path / "a.yaml").write_text("a: 1\n")
        (tmp_path / "a.yaml").chmod(0o755)
        (tmp_path / "link").symlink_to("b")
        trees = opened(Request(tmp_path, mode=Mode.ALL))
        assert names(trees) == ([], ["a.yaml", "b/x.yaml", "link"])
        entries = trees.head.entries()
        assert [(e.kind, e.executable, e.size, e.blob_id) for e in entries.values()] == [
            (EntryKind.FILE, True, 5, ""),
            (EntryKind.FILE, False, 5, ""),
            (EntryKind.SYMLINK, False, 1, ""),
        ]
        assert (trees.head.read("b/x.yaml"), trees.head.read("link")) == (b"x: 1\n", b"b")
        assert (trees.head_name, trees.root, trees.base, trees.trust) == ("folder", tmp_path, None, Trust.HEAD)

    def test_in_a_repository(self, git_repository: RepositoryBuilder, opened: Any) -> None:
        """Paths start at the repository's root and all of it is listed, since files may name files beside them."""
        git_repository.git("remote", "add", "origin", "https://example.com/org/repo.git")
        git_repository.write("apps/web/a.yaml", "a: 1\n")
        git_repository.write("base/b.yaml", "b: 1\n")
        trees = opened(Request(git_repository.path("apps"), mode=Mode.ALL, paths=("web",)))
        assert names(trees)[1] == ["apps/web/a.yaml", "base/b.yaml"]
        assert (trees.paths, trees.root) == (("apps/web",), git_repository.folder)
        assert trees.remotes == ("https://example.com/org/repo.git",)

    def test_without_git_only_the_paths_are_listed(self, tmp_path: Path, opened: Any) -> None:
        """A file on its own does not make the gate walk the folder that it lies in."""
        (tmp_path / "other").mkdir()
        (tmp_path / "other" / "x.yaml").write_text("x: 1\n")
        (tmp_path / "a.yaml").write_text("a: 1\n")
        trees = opened(Request(tmp_path, mode=Mode.ALL, paths=("a.yaml",)))
        assert names(trees)[1] == ["a.yaml"]

    def test_paths_elsewhere(self, tmp_path: Path, opened: Any) -> None:
        """Outside of any repository, files anywhere can be named; their common folder is the root."""
        for name in ("one/a.yaml", "two/b.yaml"):
            (tmp_path / name).parent.mkdir()
            (tmp_path / name).write_text("a: 1\n")
        (tmp_path / "here").mkdir()
        trees = opened(Request(tmp_path / "here", mode=Mode.ALL, paths=("../one/a.yaml", str(tmp_path / "two"))))
        assert (names(trees)[1], trees.root) == (["one/a.yaml", "two/b.yaml"], tmp_path)

    def test_missing_and_outside(self, git_repository: RepositoryBuilder, tmp_path: Path) -> None:
        """Both are named."""
        assert refused(Request(tmp_path, mode=Mode.ALL, paths=("nope",)), UsageError) == (
            "nope does not exist",
            "name files or folders that exist",
        )
        (tmp_path / "x.yaml").write_text("")
        message, _ = refused(Request(git_repository.folder, mode=Mode.ALL, paths=("../x.yaml",)), UsageError)
        assert message == f"../x.yaml is outside of the repository {git_repository.folder}"

    def test_special_files_are_counted(self, tmp_path: Path, opened: Any) -> None:
        """Pipes and folders that must not be read are said."""
        os.mkfifo(tmp_path / "pipe")
        (tmp_path / "a.yaml").write_text("a: 1\n")
        trees = opened(Request(tmp_path, mode=Mode.ALL))
        assert names(trees)[1] == ["a.yaml"]
        assert [(item.what, item.reason) for item in trees.unchecked()] == [
            ("pipe", "it is a pipe, a socket or a device, not a file")
        ]

    def test_git_is_not_imported(self, tmp_path: Path) -> None:
        """The cheap path stays cheap: no GitPython for a folder."""
        (tmp_path / "a.yaml").write_text("a: 1\n")
        code = (
            "import sys; from pathlib import Path; from gategit.repository import open_trees;"
            "from gategit.request import Mode, Request;"
            f"trees = open_trees(Request(Path({str(tmp_path)!r}), mode=Mode.ALL));"
            "print(list(trees.head.entries()), 'git' in sys.modules)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, cwd=Path.cwd())
        assert done.stdout.decode().strip() == "['a.yaml'] False"

    def test_the_base_stays_trusted_in_a_pull_request(
        self, git_repository: RepositoryBuilder, opened: Any, tmp_path: Path
    ) -> None:
        """--all in a pull request's run still takes config and policies from the base."""
        start, _, topic = two_branches(git_repository)
        environment = pull_request(tmp_path, base=start, head=topic)
        trees = opened(Request(git_repository.folder, mode=Mode.ALL, environment=environment))
        assert (trees.base, trees.trust, trees.trusted.name) == (None, Trust.BASE, start)


class TestStdin:
    """Standard input."""

    def test_one_file(self, tmp_path: Path, opened: Any) -> None:
        """The content has a name that findings can stand in."""
        trees = opened(Request(tmp_path, mode=Mode.STDIN, stdin=b"a: 1\n"))
        assert names(trees) == ([], ["stdin.yaml"])
        assert trees.head.read("stdin.yaml") == b"a: 1\n"
        assert (trees.head_name, trees.root, trees.selects("stdin.yaml")) == ("stdin", None, True)
        with pytest.raises(KeyError):
            trees.head.read("other")


def event_file(folder: Path, name: str, payload: Any, **more: str) -> dict[str, str]:
    """An environment as GitHub Actions makes it."""
    path = folder / "event.json"
    path.write_text(json.dumps(payload))
    return {"GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(path), **more}


def pull_request(folder: Path, *, base: str, head: str, tested: str = "", name: str = "pull_request") -> dict[str, str]:
    """The environment of a pull request's run."""
    payload = {
        "pull_request": {
            "number": 7,
            "base": {"sha": base, "ref": "main", "repo": {"full_name": "o/r"}},
            "head": {"sha": head, "repo": {"full_name": "o/r"}},
        }
    }
    return event_file(folder, name, payload, **({"GITHUB_SHA": tested} if tested else {}))


class TestEvents:
    """Base and head from the CI event."""

    def test_pull_request(self, git_repository: RepositoryBuilder, opened: Any, tmp_path: Path) -> None:
        """The head is GitHub's test merge; the base is what it was merged into, even if the event says older."""
        start, main, topic = two_branches(git_repository)
        git_repository.git("switch", "--quiet", "--detach")
        tested = git_repository.merge("topic")
        environment = pull_request(tmp_path, base=start, head=topic, tested=tested)
        trees = opened(Request(git_repository.folder, environment=environment))
        assert (trees.base_commit, trees.head_name, trees.trust) == (main, tested, Trust.BASE)
        assert changed(trees.base, trees.head).modified == ("a.yaml",)

    def test_pull_request_of_depth_two(self, git_repository: RepositoryBuilder, opened: Any, tmp_path: Path) -> None:
        """With fetch-depth: 2 the test merge and both of its parents are there, which is all that is needed."""
        start, main, topic = two_branches(git_repository)
        git_repository.branch("test-merge")
        tested = git_repository.merge("topic")
        clone = git_repository.clone(tmp_path / "clone", "--depth=2", "--branch=test-merge")
        environment = pull_request(tmp_path, base=start, head=topic, tested=tested)
        trees = opened(Request(clone.folder, environment=environment))
        assert (trees.base_commit, trees.head_name) == (main, tested)

    def test_pull_request_of_depth_one(self, git_repository: RepositoryBuilder, tmp_path: Path) -> None:
        """The default checkout has no base; the answer says what to set."""
        start, _, topic = two_branches(git_repository)
        git_repository.branch("test-merge")
        tested = git_repository.merge("topic")
        clone = git_repository.clone(tmp_path / "clone", "--depth=1", "--branch=test-merge")
        environment = pull_request(tmp_path, base=start, head=topic, tested=tested)
        assert refused(Request(clone.folder, environment=environment), UndecidedError) == (
            f"commit {start}, where the change to main starts, is not in this shallow clone",
            "set fetch-depth: 0 for actions/checkout, or run: git fetch --deepen=1000 (or git fetch --unshallow)",
        )

    def test_pull_request_without_the_test_merge(
        self, git_repository: RepositoryBuilder, opened: Any, tmp_path: Path
    ) -> None:
        """Checked out at its own head, the pull request starts at the merge base."""
        start, main, topic = two_branches(git_repository)
        environment = pull_request(tmp_path, base=main, head=topic, tested="f" * 40)
        trees = opened(Request(git_repository.folder, environment=environment))
        assert (trees.base_commit, trees.head_name) == (start, topic)

    def test_pull_request_target(self, git_repository: RepositoryBuilder, opened: Any, tmp_path: Path) -> None:
        """GITHUB_SHA is the base branch there, and is not taken for the head."""
        start, main, topic = two_branches(git_repository)
        environment = pull_request(tmp_path, base=main, head=topic, tested=main, name="pull_request_target")
        trees = opened(Request(git_repository.folder, environment=environment))
        assert (trees.base_commit, trees.head_name, trees.trust) == (start, topic, Trust.BASE)

    def test_a_merge_of_the_pull_request_is_no_test_merge(
        self, git_repository: RepositoryBuilder, opened: Any, tmp_path: Path
    ) -> None:
        """A pull request cannot name its own base by ending in a merge commit."""
        start, main, _ = two_branches(git_repository)
        git_repository.git("switch", "--quiet", "--orphan", "evil")
        git_repository.commit("evil base", {".gategit.yaml": "version: 1\n"})
        git_repository.git("merge", "--quiet", "--no-edit", "--allow-unrelated-histories", "topic")
        head = git_repository.head()
        environment = pull_request(tmp_path, base=main, head=head, tested=head)
        trees = opened(Request(git_repository.folder, environment=environment))
        assert trees.base_commit == start

    def test_head_that_was_not_fetched(self, git_repository: RepositoryBuilder, tmp_path: Path) -> None:
        """pull_request_target checks out the base; the head has to be fetched."""
        _, main, _ = two_branches(git_repository)
        gone = "a" * 40
        environment = pull_request(tmp_path, base=main, head=gone, name="pull_request_target")
        assert refused(Request(git_repository.folder, environment=environment), UndecidedError) == (
            f"the head of pull request 7, commit {gone}, is not in this clone",
            f"fetch it first: git fetch origin {gone}, or let actions/checkout use it as ref",
        )

    def test_merge_group(self, git_repository: RepositoryBuilder, opened: Any, tmp_path: Path) -> None:
        """A merge queue names both sides."""
        start, main, _ = two_branches(git_repository)
        payload = {"merge_group": {"base_sha": start, "head_sha": main, "base_ref": "refs/heads/main"}}
        trees = opened(Request(git_repository.folder, environment=event_file(tmp_path, "merge_group", payload)))
        assert (trees.base_commit, trees.head_name, trees.trust) == (start, main, Trust.BASE)

    def test_push(self, git_repository: RepositoryBuilder, opened: Any, tmp_path: Path) -> None:
        """From the commit before the push; config comes from what was pushed."""
        start, main, _ = two_branches(git_repository)
        payload = push(start, main)
        trees = opened(Request(git_repository.folder, environment=event_file(tmp_path, "push", payload)))
        assert (trees.base_commit, trees.head_name, trees.trust) == (start, main, Trust.HEAD)

    def test_forced_push(self, git_repository: RepositoryBuilder, opened: Any, tmp_path: Path) -> None:
        """What a forced push drops is part of the change: the base is the old tip, not the merge base."""
        _, main, topic = two_branches(git_repository)
        payload = push(main, topic)
        trees = opened(Request(git_repository.folder, environment=event_file(tmp_path, "push", payload)))
        assert trees.base_commit == main
        assert changed(trees.base, trees.head).modified == ("a.yaml", "b.yaml")

    def test_forced_push_whose_old_tip_is_gone(self, git_repository: RepositoryBuilder, tmp_path: Path) -> None:
        """The dropped commit has to be fetched by its id."""
        _, main, _ = two_branches(git_repository)
        gone = "b" * 40
        environment = event_file(tmp_path, "push", push(gone, main))
        assert refused(Request(git_repository.folder, environment=environment), UndecidedError) == (
            f"commit {gone}, where the push to main started, is not in this clone",
            f"fetch it first: git fetch origin {gone}",
        )

    def test_push_of_a_new_branch(self, git_repository: RepositoryBuilder, opened: Any, tmp_path: Path) -> None:
        """A new branch is compared with the default one; a new default branch with nothing."""
        start, main, topic = two_branches(git_repository)
        environment = event_file(tmp_path, "push", push(ZERO, topic, ref="refs/heads/topic"))
        assert opened(Request(git_repository.folder, environment=environment)).base_commit == start
        environment = event_file(tmp_path, "push", push(ZERO, main))
        trees = opened(Request(git_repository.folder, environment=environment))
        assert (trees.base, trees.head_name) == (None, main)

    def test_push_that_deletes(self, git_repository: RepositoryBuilder, tmp_path: Path) -> None:
        """Nothing is left to check."""
        _, _, topic = two_branches(git_repository)
        environment = event_file(tmp_path, "push", push(topic, ZERO, ref="refs/heads/topic"))
        assert refused(Request(git_repository.folder, environment=environment), UsageError) == (
            "the push deletes the branch topic: there is nothing to check",
            "",
        )

    def test_a_named_base_wins(self, git_repository: RepositoryBuilder, opened: Any, tmp_path: Path) -> None:
        """Options say what is compared; the event still decides what is trusted."""
        start, main, topic = two_branches(git_repository)
        environment = pull_request(tmp_path, base=main, head=main)
        environment |= {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "o/r"}
        trees = opened(Request(git_repository.folder, base="main", head="topic", environment=environment))
        assert (trees.base_commit, trees.head_name, trees.trust) == (start, topic, Trust.BASE)
        assert trees.remotes == ("https://github.com/o/r",)

    def test_malformed_event(self, git_repository: RepositoryBuilder, tmp_path: Path) -> None:
        """An event that cannot be read is no reason to compare something else."""
        git_repository.commit("start", {"a.yaml": "a: 1\n"})
        environment = {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": str(tmp_path / "none")}
        message, _ = refused(Request(git_repository.folder, environment=environment), UndecidedError)
        assert message == (
            f"the event file {tmp_path}/none (GITHUB_EVENT_PATH) cannot be read: no such file or directory"
        )


def push(before: str, after: str, ref: str = "refs/heads/main") -> dict[str, Any]:
    """A push event."""
    return {"before": before, "after": after, "ref": ref, "repository": {"default_branch": "main"}}


class TestTrees:
    """What trees hold, whatever the side."""

    def test_modes_links_and_submodules(self, git_repository: RepositoryBuilder, opened: Any) -> None:
        """An executable file, a link and a submodule are what they are; a submodule cannot be looked into."""
        start = git_repository.commit("start", {"run.yaml": "r: 1\n", "a.yaml": "a: 1\n"})
        git_repository.branch("topic")
        git_repository.path("run.yaml").chmod(0o755)
        git_repository.symlink("link.yaml", "a.yaml")
        git_repository.stage()
        git_repository.git("update-index", "--add", "--cacheinfo", f"160000,{start},vendor/sub")
        git_repository.git("commit", "--quiet", "--message", "topic")
        trees = opened(Request(git_repository.folder, base="main", head="topic"))
        entries = trees.head.entries()
        assert {path: (e.kind, e.executable, e.size) for path, e in entries.items()} == {
            "a.yaml": (EntryKind.FILE, False, 5),
            "link.yaml": (EntryKind.SYMLINK, False, 6),
            "run.yaml": (EntryKind.FILE, True, 5),
            "vendor/sub": (EntryKind.SUBMODULE, False, -1),
        }
        assert trees.head.read("link.yaml") == b"a.yaml"
        with pytest.raises(KeyError):
            trees.head.read("vendor/sub")
        assert [(item.what, item.reason) for item in trees.unchecked()] == [
            ("vendor/sub", "it is a submodule: its files are in another repository")
        ]
        assert changed(trees.base, trees.head) == TreeDiff(("link.yaml", "vendor/sub"), (), (), ("run.yaml",), {})

    @pytest.mark.parametrize(
        "name",
        [
            b"with space.yaml",
            b"quo\"te's.yaml",
            b"new\nline.yaml",
            b"tab\tand\\backslash.yaml",
            "größe/日本語.yaml".encode(),
            b"not-\xff\xfe-utf8.yaml",
            b"-dash.yaml",
            b":(glob)magic*.yaml",
            b"a\x01b.yaml",
        ],
    )
    def test_names_that_git_would_quote(self, git_repository: RepositoryBuilder, opened: Any, name: bytes) -> None:
        """Any name that a file system takes is listed and read, on every kind of side."""
        git_repository.commit("start", {"a.yaml": "a: 1\n"})
        git_repository.branch("topic")
        key = name.decode("utf-8", "surrogateescape")
        git_repository.write(key, b"odd: 1\n")

        def check(wanted: Request) -> None:
            trees = opened(wanted)
            assert key in trees.head.entries()
            assert trees.head.read(key) == b"odd: 1\n"
            if trees.base:
                assert changed(trees.base, trees.head).added == (key,)

        check(Request(git_repository.folder, mode=Mode.ALL))
        check(Request(git_repository.folder, base="main"))
        git_repository.stage()
        check(Request(git_repository.folder, mode=Mode.STAGED))
        git_repository.commit("odd")
        check(Request(git_repository.folder, base="main", head="topic"))
        if not name.startswith(b":"):
            check(Request(git_repository.folder, base="main", head="topic", paths=(f"./{key}",)))

    @pytest.mark.parametrize(
        "content",
        [b"", b"\r\n", b"a: 1\r\nb: 2\r\n", b"\xef\xbb\xbfa: 1\n", "a: ä\n".encode("utf-16"), bytes(range(256)) * 300],
        ids=["empty", "line-end", "crlf", "bom", "utf-16", "binary"],
    )
    def test_content_is_handed_on_as_it_is(
        self, git_repository: RepositoryBuilder, opened: Any, content: bytes
    ) -> None:
        """No byte is added, dropped or translated."""
        git_repository.commit("start", {"x": content, "y": b"after"})
        git_repository.write("z", content)
        trees = opened(Request(git_repository.folder))
        assert (trees.base.read("x"), trees.base.read("y")) == (content, b"after")
        assert (trees.head.read("x"), trees.head.read("z")) == (content, content)

    def test_files_beyond_the_hard_limit(
        self, git_repository: RepositoryBuilder, opened: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """No side ever reads more than the hard limit; the size is known without reading, and the others go on."""
        for module in ("gategit.disk", "gategit.git_trees"):
            monkeypatch.setattr(f"{module}.READ_LIMIT", 1000)
        git_repository.commit("start", {"big.yaml": b"#" * 1001, "fits.yaml": b"#" * 1000})
        git_repository.write("new.yaml", b"#" * 1001)
        staged = opened(Request(git_repository.folder, mode=Mode.STAGED)).head
        whole = opened(Request(git_repository.folder, mode=Mode.ALL)).head
        trees = opened(Request(git_repository.folder))
        for tree, path in (
            (trees.base, "big.yaml"),
            (trees.head, "big.yaml"),
            (staged, "big.yaml"),
            (whole, "new.yaml"),
        ):
            with pytest.raises(UnreadableError) as caught:
                tree.read(path)
            assert str(caught.value) == (
                f"{path} cannot be read: it has 1,001 bytes, more than the 1,000 that gategit ever reads"
            )
            assert tree.read("fits.yaml") == b"#" * 1000
        assert trees.base.entries()["big.yaml"].size == 1001

    def test_partial_clone(self, git_repository: RepositoryBuilder, opened: Any, tmp_path: Path) -> None:
        """Blobs that a partial clone left out are not fetched: each is an error of its own."""
        git_repository.commit("start", {"a.yaml": "a: 1\n"})
        git_repository.git("config", "uploadpack.allowFilter", "true")
        clone = git_repository.clone(tmp_path / "clone", "--filter=blob:none", "--no-checkout")
        trees = opened(Request(clone.folder, base="origin/main", head="origin/main"))
        assert trees.head.entries()["a.yaml"].size == -1
        with pytest.raises(UndecidedError) as caught:
            trees.head.read("a.yaml")
        assert caught.value.message in {
            "a.yaml cannot be read: its content is not in this clone",
            "this is a partial clone and git objects that the check needs are not in it",
        }

    def test_reading_after_close(self, git_repository: RepositoryBuilder) -> None:
        """Closing ends processes, not the trees."""
        git_repository.commit("start", {"a.yaml": "a: 1\n"})
        trees = open_trees(Request(git_repository.folder, base="main", head="main"))
        assert trees.head.read("a.yaml") == b"a: 1\n"
        trees.close()
        assert trees.head.read("a.yaml") == b"a: 1\n"
        trees.close()


class TestRenames:
    """Which removed file became which added one."""

    def test_equal_content(self, git_repository: RepositoryBuilder, opened: Any) -> None:
        """A moved file is a rename; of two candidates the one with the same name in the nearest folder wins."""
        git_repository.commit("start", {"apps/web/a.yaml": "a: 1\n"})
        git_repository.git("rm", "--quiet", "apps/web/a.yaml")
        git_repository.write("other/a.yaml", "a: 1\n")
        git_repository.write("apps/db/a.yaml", "a: 1\n")
        git_repository.write("apps/web/z.yaml", "a: 1\n")
        trees = opened(Request(git_repository.folder))
        diff = changed(trees.base, trees.head)
        assert diff.renames == {"apps/web/a.yaml": "apps/db/a.yaml"}
        assert diff.files == 3

    def test_similar_content(self, git_repository: RepositoryBuilder, opened: Any) -> None:
        """Half of the lines is enough, and less is not."""
        lines = [f"line{n}: {n}\n" for n in range(10)]
        git_repository.commit("start", {"a/x.yaml": "".join(lines), "a/y.yaml": "".join(lines[:4])})
        git_repository.git("rm", "--quiet", "a/x.yaml", "a/y.yaml")
        git_repository.write("b/x.yaml", "".join(lines[:6]) + "new: 1\n" * 4)
        git_repository.write("b/y.yaml", lines[0] + "new: 1\n" * 3)
        trees = opened(Request(git_repository.folder))
        assert changed(trees.base, trees.head).renames == {"a/x.yaml": "b/x.yaml"}

    def test_the_answer_is_the_same_for_every_side(self, git_repository: RepositoryBuilder, opened: Any) -> None:
        """Working tree, index and commit name the same renames."""
        git_repository.commit("start", {"a/x.yaml": "x: 1\ny: 2\nz: 3\n", "a/k.yaml": "k: 1\n"})
        git_repository.branch("topic")
        git_repository.git("rm", "--quiet", "a/x.yaml")
        git_repository.write("a/renamed.yaml", "x: 1\ny: 2\nz: 4\n")
        expected = {"a/x.yaml": "a/renamed.yaml"}
        trees = opened(Request(git_repository.folder))
        assert changed(trees.base, trees.head).renames == expected
        git_repository.stage()
        trees = opened(Request(git_repository.folder, mode=Mode.STAGED))
        assert changed(trees.base, trees.head).renames == expected
        git_repository.commit("topic")
        trees = opened(Request(git_repository.folder, base="main", head="topic"))
        assert changed(trees.base, trees.head).renames == expected

    def test_empty_files_are_not_renames(self, git_repository: RepositoryBuilder, opened: Any) -> None:
        """Two empty files have nothing in common but that."""
        git_repository.commit("start", {"a/x.yaml": "", "k.yaml": "k: 1\n"})
        git_repository.git("rm", "--quiet", "a/x.yaml")
        git_repository.write("b/x.yaml", "")
        trees = opened(Request(git_repository.folder))
        assert changed(trees.base, trees.head).renames == {}


def test_nothing_is_written(git_repository: RepositoryBuilder, opened: Any) -> None:
    """Reading a change leaves the repository as it was, byte for byte."""
    git_repository.commit("start", {"a.yaml": "a: 1\n"})
    os.utime(git_repository.path("a.yaml"), (1, 1))
    git_repository.write("b.yaml", "b: 1\n")

    def snapshot() -> dict[str, bytes]:
        return {
            str(path): path.read_bytes()
            for path in sorted(git_repository.folder.rglob("*"))
            if stat.S_ISREG(path.lstat().st_mode)
        }

    before = snapshot()
    for mode in (Mode.CHANGE, Mode.STAGED, Mode.ALL):
        trees = opened(Request(git_repository.folder, mode=mode))
        trees.head.entries()
        changed(trees.base, trees.head)
    assert snapshot() == before
