"""What git writes, and reading many blobs."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gategit import git_trees
from gategit.disk import UnreadableError, decode_path
from gategit.errors import UndecidedError, UsageError
from gategit.git_trees import (
    CommitTree,
    Repository,
    blob_id,
    find_repository,
    parse_ls_files,
    parse_ls_tree,
)
from gategit.repository import _read_remotes
from gategit.tree import EntryKind, TreeEntry

if TYPE_CHECKING:
    from tests.conftest import RepositoryBuilder

ID = "0123456789" * 4


def test_parse_ls_tree() -> None:
    """Modes, sizes and names; a submodule has no size."""
    output = (
        f"100644 blob {ID}      12\ta.yaml\0"
        f"100755 blob {ID}       0\trun me.sh\0"
        f"120000 blob {ID}       3\tli\tnk\0"
        f"160000 commit {ID}       -\tsub\0"
    ).encode()
    assert parse_ls_tree(output) == {
        "a.yaml": TreeEntry("a.yaml", ID, EntryKind.FILE, executable=False, size=12),
        "run me.sh": TreeEntry("run me.sh", ID, EntryKind.FILE, executable=True, size=0),
        "li\tnk": TreeEntry("li\tnk", ID, EntryKind.SYMLINK, executable=False, size=3),
        "sub": TreeEntry("sub", ID, EntryKind.SUBMODULE, executable=False, size=-1),
    }
    assert parse_ls_tree(f"100644 blob {ID}\ta.yaml\0".encode())["a.yaml"].size == -1
    assert parse_ls_tree(b"") == {}


def test_entries_are_shared_between_commits() -> None:
    """An unchanged record is parsed once."""
    known: dict[bytes, TreeEntry] = {}
    record = f"100644 blob {ID}      12\ta.yaml\0".encode()
    first = parse_ls_tree(record, known)["a.yaml"]
    assert parse_ls_tree(record, known)["a.yaml"] is first


def test_parse_ls_files() -> None:
    """Stages above zero are conflicts; lower case is assumed unchanged; S is absent on purpose."""
    output = (
        f"H 100644 {ID} 0\ta\0h 100755 {ID} 0\tb\0S 100644 {ID} 0\tc\0s 120000 {ID} 0\td\0"
        f"M 100644 {ID} 1\te\0M 100644 {ID} 2\te\0H 160000 {ID} 0\tf\n\0"
    ).encode()
    staged = parse_ls_files(output)
    assert {path: (entry.kind, entry.executable) for path, entry in staged.entries.items()} == {
        "a": (EntryKind.FILE, False),
        "b": (EntryKind.FILE, True),
        "c": (EntryKind.FILE, False),
        "d": (EntryKind.SYMLINK, False),
        "f\n": (EntryKind.SUBMODULE, False),
    }
    assert (staged.conflicts, staged.assumed, staged.absent) == (("e",), frozenset("b"), frozenset("cd"))


NAMES = st.binary(min_size=1, max_size=12).filter(
    lambda name: not {0, 0x2F} & set(name) and name.lower() not in {b".", b"..", b".git"}
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.sets(NAMES, min_size=1, max_size=8), content=st.binary(max_size=60))
def test_any_name_and_content(git_repository: RepositoryBuilder, names: set[bytes], content: bytes) -> None:
    """Whatever bytes a name and a content are made of, git hands them over and they are read as they are."""
    git_repository.git("read-tree", "--empty")
    blob = git_repository.git("hash-object", "-w", "--stdin", stdin=content)
    records = b"".join(f"100644 {blob}\t".encode() + name + b"\0" for name in sorted(names))
    git_repository.git("update-index", "-z", "--index-info", stdin=records)
    commit = git_repository.git("commit-tree", "-m", "x", git_repository.git("write-tree"))
    repository = Repository(git_repository.folder)
    try:
        for tree in (CommitTree(repository, commit), git_trees.IndexTree(repository)):
            paths = [decode_path(name) for name in sorted(names)]
            assert list(tree.entries()) == paths
            tree.prefetch(paths[::2])
            assert [tree.read(path) for path in paths] == [content] * len(paths)
            assert {entry.blob_id for entry in tree.entries().values()} == {blob}
        assert blob_id(content) == blob
    finally:
        repository.close()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(revision=st.text(st.characters(codec="utf-8"), max_size=12) | st.text("@{}^~:/.-HEAD\n\0 0", max_size=8))
def test_any_revision(git_repository: RepositoryBuilder, revision: str) -> None:
    """No text for a revision confuses git or the answers that follow."""
    if not git_repository.path("a").exists():
        git_repository.commit("start", {"a": "content"})
    head = git_repository.head()
    repository = Repository(git_repository.folder)
    try:
        assert repository.commit(revision) in {None, head}
        assert repository.commit("HEAD") == head
        assert CommitTree(repository, head).read("a") == b"content"
    finally:
        repository.close()


class TestReading:
    """The long-lived process that reads objects."""

    def test_prefetch(self, git_repository: RepositoryBuilder, monkeypatch: pytest.MonkeyPatch) -> None:
        """What was read ahead is the same; too large, missing and beyond the budget are left for read."""
        monkeypatch.setattr(git_trees, "_AHEAD_FILE", 100)
        monkeypatch.setattr(git_trees, "_AHEAD_LIMIT", 250)
        files = {f"f{n:03}": bytes([n]) * 90 for n in range(150)}
        git_repository.commit("start", {**files, "large": b"#" * 200})
        repository = Repository(git_repository.folder)
        tree = CommitTree(repository, git_repository.head())
        tree.prefetch(tree.entries())
        asked: list[str] = []
        read_blob = repository.read_blob

        def counted(blob: str, path: str) -> bytes:
            asked.append(path)
            return read_blob(blob, path)

        monkeypatch.setattr(repository, "read_blob", counted)
        assert {path: tree.read(path) for path in files} == files
        assert tree.read("large") == b"#" * 200
        assert asked == [*list(files)[2:], "large"]
        repository.close()

    def test_missing_object(self, git_repository: RepositoryBuilder) -> None:
        """A blob that is not in the object store is an error of its file; the next read is right."""
        git_repository.commit("start", {"a": "one", "b": "two"})
        blob = git_repository.head("HEAD:a")
        git_repository.path(f".git/objects/{blob[:2]}/{blob[2:]}").unlink()
        repository = Repository(git_repository.folder)
        tree = CommitTree(repository, git_repository.head())
        tree.prefetch(["a", "b"])
        with pytest.raises(UnreadableError) as caught:
            tree.read("a")
        assert (caught.value.message, caught.value.hint) == (
            "a cannot be read: its content is not in this clone",
            "clone without --filter, or fetch the missing objects first",
        )
        assert tree.read("b") == b"two"
        repository.close()

    def test_damaged_object(self, git_repository: RepositoryBuilder) -> None:
        """Git gives up on a damaged object; the file is reported and the next one is read by a new process."""
        git_repository.commit("start", {"a": "one", "b": "two"})
        blob = git_repository.head("HEAD:a")
        path = git_repository.path(f".git/objects/{blob[:2]}/{blob[2:]}")
        path.chmod(0o644)
        path.write_bytes(b"damaged")
        repository = Repository(git_repository.folder)
        tree = CommitTree(repository, git_repository.head())
        with pytest.raises(UndecidedError):
            tree.read("a")
        assert tree.read("b") == b"two"
        repository.close()

    def test_a_forked_process_reads_for_itself(self, git_repository: RepositoryBuilder) -> None:
        """Parent and child do not share a pipe, so neither gets the other's answers."""
        files = {f"f{n}": f"content {n}" for n in range(50)}
        git_repository.commit("start", files)
        repository = Repository(git_repository.folder)
        tree = CommitTree(repository, git_repository.head())
        assert tree.read("f0") == b"content 0"
        child = os.fork()
        if child == 0:
            signal.alarm(20)
            right = all(tree.read(name) == content.encode() for name, content in files.items())
            repository.close()
            os._exit(0 if right else 1)
        assert all(tree.read(name) == content.encode() for name, content in files.items())
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert tree.read("f1") == b"content 1"
        repository.close()


class TestOpening:
    """Finding a repository and talking to git."""

    def test_no_git(self, git_repository: RepositoryBuilder, tmp_path: Path) -> None:
        """Without git the answer is one sentence, not a traceback."""
        code = (
            "from pathlib import Path; from gategit.git_trees import Repository\n"
            f"try: Repository(Path({str(git_repository.folder)!r}))\n"
            "except Exception as error: print(type(error).__name__, error, '|', error.hint)"
        )
        environment = {"PATH": str(tmp_path / "empty"), "PYTHONPATH": str(Path.cwd())}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True)
        kind, _, rest = done.stdout.decode().strip().partition(" ")
        assert kind == "UndecidedError"
        assert rest.endswith("| install git 2.30 or newer and run again")

    def test_find_repository(self, git_repository: RepositoryBuilder, tmp_path: Path) -> None:
        """The nearest folder above that holds .git."""
        git_repository.write("a/b/c.yaml", "")
        assert find_repository(git_repository.path("a/b")) == git_repository.folder
        with pytest.raises(UsageError):
            find_repository(tmp_path)

    def test_environment_of_another_repository(
        self, git_repository: RepositoryBuilder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A hook's GIT_DIR does not lead to another repository than the one asked for."""
        here = git_repository.commit("here", {"a": "here"})
        other = type(git_repository)(tmp_path / "other")
        other.commit("other", {"a": "other"})
        for name, value in (
            ("GIT_DIR", str(other.path(".git"))),
            ("GIT_WORK_TREE", str(other.folder)),
            ("GIT_COMMON_DIR", str(other.path(".git"))),
        ):
            monkeypatch.setenv(name, value)
        repository = Repository(git_repository.folder)
        assert repository.root == git_repository.folder
        assert repository.commit("HEAD") == here
        assert git_trees.WorktreeTree(repository, git_repository.folder).read("a") == b"here"
        repository.close()

    def test_slow_git(self, git_repository: RepositoryBuilder, monkeypatch: pytest.MonkeyPatch) -> None:
        """A git that does not end is ended."""
        git_repository.commit("start")
        repository = Repository(git_repository.folder)
        monkeypatch.setattr(git_trees, "_TIMEOUT", 0.2)
        process = repository.start("cat-file", "--batch", stdin=True)
        # An open standard input keeps cat-file waiting; communicate would close it.
        hold = os.dup(process.stdin.fileno())
        with pytest.raises(UndecidedError) as caught:
            repository.finish(process, "cat-file")
        os.close(hold)
        assert caught.value.message == "git cat-file did not end within 0.2 seconds"
        repository.close()

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("fatal: bad object x\n", "git ls-tree failed: fatal: bad object x"),
            ("", "git ls-tree failed: it gave no reason"),
            (
                "fatal: transport 'file' not allowed\n",
                "this is a partial clone and git objects that the check needs are not in it",
            ),
        ],
    )
    def test_failures(self, git_repository: RepositoryBuilder, text: str, message: str) -> None:
        """Git's own last line is the reason."""
        repository = Repository(git_repository.folder)
        assert repository.failure("ls-tree", text).message == message
        repository.close()

    def test_remotes(self, git_repository: RepositoryBuilder, tmp_path: Path) -> None:
        """Each URL once; the cheap reader of the configuration says the same, in a linked working tree too."""
        for name, url in (("origin", "git@example.com:o/r.git"), ("fork", "https://x/y"), ("again", "https://x/y")):
            git_repository.git("remote", "add", name, url)
        git_repository.commit("start")
        git_repository.git("worktree", "add", "--quiet", str(tmp_path / "side"))
        repository = Repository(git_repository.folder)
        expected = ("git@example.com:o/r.git", "https://x/y")
        assert repository.remotes == expected
        assert _read_remotes(git_repository.folder) == expected
        assert _read_remotes(tmp_path / "side") == expected
        assert _read_remotes(tmp_path) == ()
        repository.close()


@pytest.mark.parametrize(("algorithm", "length"), [("sha1", 40), ("sha256", 64)])
def test_blob_id(algorithm: str, length: int) -> None:
    """Git's own recipe: the type, the size, a zero byte and the content."""
    expected: Any = hashlib.new(algorithm, b"blob 3\0abc").hexdigest()
    assert blob_id(b"abc", algorithm) == expected
    assert len(expected) == length
