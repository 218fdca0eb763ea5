"""Trees that git keeps: commits, the index, and the working tree as git sees it. All of git is behind this module.

git is driven through GitPython, which is imported only when a repository is opened. Every command gets the same
environment and options: no prompts, no locks, no network, no hooks, no replaced objects, no external diff or text
conversion. Objects are read through one long-lived ``git cat-file --batch``, which also resolves revisions: they
reach git on its standard input, where none of them can be taken for an option.
"""

from __future__ import annotations

import hashlib
import os
import stat
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, cast

from gategit.disk import READ_LIMIT, Disk, UnreadableError, decode_path, show_path, too_large
from gategit.errors import UndecidedError, UsageError
from gategit.model import Unchecked
from gategit.tree import EntryKind, TreeEntry

if TYPE_CHECKING:
    import git

_OPTIONS = (
    "core.fsmonitor=false",
    f"core.hooksPath={os.devnull}",
    "core.quotePath=false",
    "core.untrackedCache=false",
    "diff.external=",
    "protocol.allow=never",
)

_ENVIRONMENT: Mapping[str, str] = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_LITERAL_PATHSPECS": "1",
}

_TIMEOUT = 120.0
_HASH_LIMIT = 16 * 2**20
_BATCH = 64
_AHEAD_LIMIT = 64 * 2**20
_AHEAD_FILE = 2**20

_KINDS = {b"100644": EntryKind.FILE, b"100755": EntryKind.FILE, b"100664": EntryKind.FILE}
_KINDS |= {b"120000": EntryKind.SYMLINK, b"160000": EntryKind.SUBMODULE}


class Repository:
    """An open git repository.

    Args:
        directory: a folder in it, or a bare repository.

    Raises:
        UndecidedError: git is not installed, or refuses to read the repository.
        UsageError: the folder is in no repository.
    """

    def __init__(self, directory: Path) -> None:
        try:
            import git  # noqa: PLC0415  costs 70 ms, and runs without a repository need none of it
        except ImportError as error:
            raise UndecidedError(
                f"git cannot be used: {str(error).strip().splitlines()[0]}", "install git 2.30 or newer and run again"
            ) from None
        self._errors = git.exc
        place = find_repository(directory)
        try:
            self._repo: git.Repo = git.Repo(place, expand_vars=False)
        except (git.exc.InvalidGitRepositoryError, git.exc.NoSuchPathError):
            raise not_a_repository(directory) from None
        self.bare = self._repo.bare
        self.root = None if self.bare else Path(os.path.realpath(str(self._repo.working_tree_dir)))
        self.place = self.root or Path(os.path.realpath(self._repo.git_dir))
        # Not GitPython's own answer, which believes GIT_COMMON_DIR even where that names another repository.
        git_dir = Path(self._repo.git_dir)
        linked = git_dir / "commondir"
        self._common = git_dir / linked.read_text("utf-8").strip() if linked.is_file() else git_dir
        self._repo.git.set_persistent_git_options(c=list(_OPTIONS))
        self._repo.git.update_environment(**_ENVIRONMENT, **self._overrides())
        self._objects = _ObjectReader(self)
        self._running: list[git.Git.AutoInterrupt] = []
        self._owner = os.getpid()
        self.known: dict[bytes, TreeEntry] = {}

    def _overrides(self) -> dict[str, str]:
        """Where the caller's environment (a git hook's) says which repository to use, say that it is this one."""
        found: dict[str, str] = {}
        for name, value in (
            ("GIT_DIR", str(self._repo.git_dir)),
            ("GIT_COMMON_DIR", str(self._common)),
            ("GIT_WORK_TREE", str(self.root or "")),
        ):
            if os.environ.get(name) and value:
                found[name] = os.path.realpath(value)
        if "GIT_DIR" in found and self.root:
            found["GIT_WORK_TREE"] = str(self.root)
        return found

    def run(self, *arguments: str) -> bytes:
        """Run a git command and return its standard output.

        Raises:
            UndecidedError: git failed.
        """
        status, output, error = self.try_run(*arguments)
        if status:
            raise self.failure(arguments[0], error)
        return output

    def try_run(self, *arguments: str) -> tuple[int, bytes, str]:
        """Run a git command and return its exit code, standard output and error text."""
        command = self._repo.git
        call = getattr(command, arguments[0].replace("-", "_"))
        try:
            answer = call(
                *arguments[1:],
                with_extended_output=True,
                with_exceptions=False,
                stdout_as_string=False,
                strip_newline_in_stdout=False,
                kill_after_timeout=_TIMEOUT,
            )
        except self._errors.GitCommandNotFound:
            raise UndecidedError("git is not installed or not in PATH", "install git 2.30 or newer") from None
        return cast("tuple[int, bytes, str]", answer)

    def start(self, *arguments: str, stdin: bool = False) -> git.Git.AutoInterrupt:
        """Start a git command and return the process."""
        from subprocess import PIPE  # noqa: PLC0415  loaded by GitPython anyway

        call = getattr(self._repo.git, arguments[0].replace("-", "_"))
        try:
            process = call(*arguments[1:], as_process=True, istream=PIPE if stdin else None)
        except self._errors.GitCommandNotFound:
            raise UndecidedError("git is not installed or not in PATH", "install git 2.30 or newer") from None
        self._running.append(process)
        return cast("git.Git.AutoInterrupt", process)

    def finish(self, process: git.Git.AutoInterrupt, command: str) -> bytes:
        """Wait for a command that was started and return its standard output.

        Raises:
            UndecidedError: git failed or did not end in time.
        """
        from subprocess import TimeoutExpired  # noqa: PLC0415  the same

        try:
            output, error = process.communicate(timeout=_TIMEOUT)
        except TimeoutExpired:
            self.stop(process)
            raise UndecidedError(f"git {command} did not end within {_TIMEOUT:g} seconds") from None
        self._running.remove(process)
        if process.returncode:
            raise self.failure(command, error.decode("utf-8", "replace"))
        return cast("bytes", output)

    def stop(self, process: git.Git.AutoInterrupt) -> bytes:
        """End a command that was started, whether or not it is done, and return its error output."""
        if process in self._running:
            self._running.remove(process)
        process.kill()
        _, error = process.communicate()
        return cast("bytes", error)

    def failure(self, command: str, error_text: str) -> UndecidedError:
        """The error for a git command that failed, from what it wrote."""
        if "dubious ownership" in error_text or "safe.directory" in error_text:
            return UndecidedError(
                f"git refuses to read {self.place}: the folder belongs to another user",
                f"before gategit, run: git config --global --add safe.directory {self.place}",
            )
        if "promisor" in error_text or "not allowed" in error_text or "lazy fetch" in error_text:
            return UndecidedError(
                "this is a partial clone and git objects that the check needs are not in it",
                "clone without --filter, or fetch them first: git fetch --refetch --filter=blob:limit=1g",
            )
        lines = [line for line in error_text.strip().splitlines() if line.strip()]
        return UndecidedError(f"git {command} failed: {lines[-1].strip() if lines else 'it gave no reason'}")

    @property
    def is_shallow(self) -> bool:
        """Whether the clone has only a part of the history."""
        return (self._common / "shallow").exists()

    @property
    def remotes(self) -> tuple[str, ...]:
        """The URLs of the repository's remotes, each once, in the order of the configuration."""
        found: dict[str, None] = {}
        with self._repo.config_reader("repository") as config:
            for section in config.sections():
                if section.startswith("remote ") and config.has_option(section, "url"):
                    found[str(config.get(section, "url"))] = None
        return tuple(found)

    def commit(self, revision: str) -> str | None:
        """The commit that a revision names, or None where this clone has none."""
        found = self._objects.commit(revision)
        return found[0] if found else None

    def parents(self, commit: str) -> tuple[str, ...]:
        """The parents of a commit that are in this clone (a shallow clone leaves out some)."""
        found = self._objects.commit(commit)
        return tuple(p for p in (found[1] if found else ()) if self._objects.commit(p))

    def merge_base(self, one: str, other: str) -> str | None:
        """The best common ancestor of two commits, or None where there is none in this clone."""
        if one == other:
            return one
        status, output, error = self.try_run("merge-base", one, other)
        if status > 1 or error:
            raise self.failure("merge-base", error)
        return output.decode().strip() or None

    def read_blob(self, blob_id: str, path: str) -> bytes:
        """The content of a blob; ``path`` is for the error.

        Raises:
            UnreadableError: it is larger than ``READ_LIMIT``, or not in this clone.
        """
        return self._objects.read(blob_id, path)

    def read_blobs(self, entries: Iterable[TreeEntry]) -> Iterator[tuple[TreeEntry, bytes]]:
        """Read many blobs with few round trips; those that cannot be read are left out."""
        return self._objects.read_many(entries)

    def close(self) -> None:
        """End the processes that this repository keeps."""
        self._objects.close()
        # A forked worker inherits its parent's processes: they are the parent's to end, and waiting for them hangs.
        if self._owner == os.getpid():
            for process in tuple(self._running):
                self.stop(process)
            self._repo.close()


def find_repository(directory: Path) -> Path:
    """The folder that holds the ``.git`` of the repository that ``directory`` is in, or a bare repository.

    A bare repository that lies inside a working tree is refused: a pull request can contain one, with a
    configuration of its own that git would obey.

    Raises:
        UsageError: there is none.
    """
    start = Path(os.path.realpath(directory))
    bare: Path | None = None
    for folder in (start, *start.parents):
        if os.path.lexists(folder / ".git"):
            if bare:
                raise UsageError(
                    f"{bare} looks like a bare git repository inside the working tree {folder}, and is not trusted",
                    f"run gategit in {folder} and name the paths to look at",
                )
            return folder
        if not bare and (folder / "HEAD").is_file() and (folder / "objects").is_dir() and (folder / "refs").is_dir():
            bare = folder
    if bare:
        return bare
    raise not_a_repository(directory)


def not_a_repository(directory: Path) -> UsageError:
    """The error for a folder in no repository."""
    return UsageError(
        f"{directory} is not in a git repository, so there is no change to read",
        "use --all to check every manifest in the folder",
    )


class _ObjectReader:
    """One ``git cat-file --batch`` process, started when first needed and again after it ended."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._process: git.Git.AutoInterrupt | None = None
        self._owner = 0
        self._lock = threading.Lock()

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        # A forked worker must not share the pipe with its parent: their answers would mix.
        if self._process is None or self._owner != os.getpid():
            self._process = self._repository.start("cat-file", "--batch", stdin=True)
            self._owner = os.getpid()
        return cast("IO[bytes]", self._process.stdin), cast("IO[bytes]", self._process.stdout)

    def close(self) -> None:
        process, self._process = self._process, None
        if process is None or self._owner != os.getpid():
            return
        self._repository.stop(process)

    def commit(self, revision: str) -> tuple[str, tuple[str, ...]] | None:
        """The id and the parents of the commit that a revision names."""
        if not revision or "\n" in revision or "\0" in revision:
            return None
        with self._lock:
            self._ask([f"{revision}^{{commit}}".encode("utf-8", "surrogateescape")])
            answer = self._answer()
        if answer is None:
            return None
        commit_id, _, content = answer
        header = (content or b"").split(b"\n\n", 1)[0].split(b"\n")
        return commit_id, tuple(line[7:].decode() for line in header if line.startswith(b"parent "))

    def read(self, blob_id: str, path: str) -> bytes:
        """One blob."""
        with self._lock:
            self._ask([blob_id.encode()])
            return self._content(path)

    def read_many(self, entries: Iterable[TreeEntry]) -> Iterator[tuple[TreeEntry, bytes]]:
        """Many blobs, asked for in batches that fit into the pipe's buffer, so that neither side waits for ever."""
        waiting = list(entries)
        for start in range(0, len(waiting), _BATCH):
            batch = waiting[start : start + _BATCH]
            with self._lock:
                self._ask([entry.blob_id.encode() for entry in batch])
                answers = [self._answer(_AHEAD_FILE) for _ in batch]
            for entry, answer in zip(batch, answers, strict=True):
                if answer is not None and answer[2] is not None:
                    yield entry, answer[2]

    def _ask(self, names: list[bytes]) -> None:
        stdin, _ = self._pipes()
        try:
            stdin.write(b"".join(name + b"\n" for name in names))
            stdin.flush()
        except BrokenPipeError:
            raise self._ended() from None

    def _content(self, path: str) -> bytes:
        answer = self._answer()
        if answer is None:
            raise UnreadableError(
                path,
                "its content is not in this clone",
                "clone without --filter, or fetch the missing objects first",
            )
        _, size, content = answer
        if content is None:
            raise too_large(path, size)
        return content

    def _answer(self, limit: int | None = None) -> tuple[str, int, bytes | None] | None:
        """Read one answer: id, size and content; None for a missing object; content None where it is too large."""
        _, stdout = self._pipes()
        line = stdout.readline()
        if not line:
            raise self._ended()
        words = line.split()
        if len(words) != 3 or not words[2].isdigit():
            return None
        size = int(words[2])
        content: bytes | None = None
        if size <= (READ_LIMIT if limit is None else limit):
            content = stdout.read(size)
        else:
            left = size
            while left:
                left -= len(stdout.read(min(left, 2**20))) or left
        if stdout.read(1) != b"\n":
            raise self._ended()
        return words[0].decode(), size, content

    def _ended(self) -> UndecidedError:
        process, self._process = self._process, None
        text = self._repository.stop(process) if process is not None else b""
        return self._repository.failure("cat-file", text.decode("utf-8", "replace"))


class _GitTree:
    """What the trees of a repository share: entries that are listed once, blobs that are read ahead."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._listed: Mapping[str, TreeEntry] | None = None
        self._ahead: dict[str, bytes] = {}

    def entries(self) -> Mapping[str, TreeEntry]:
        """Every path with its entry, in the order of the paths' bytes.

        Raises:
            UndecidedError: git cannot list them, or a merge conflict is not resolved in the index.
        """
        if self._listed is None:
            self._listed = MappingProxyType(self._list())
        return self._listed

    def _list(self) -> dict[str, TreeEntry]:
        raise NotImplementedError

    def read(self, path: str) -> bytes:
        """The content of a file; of a symbolic link, the text of its target.

        Raises:
            KeyError: no such path in this tree, or a submodule.
            UnreadableError: it cannot be read.
        """
        entry = self.entries()[path]
        if entry.kind is EntryKind.SUBMODULE:
            raise KeyError(path)
        ahead = self._ahead.pop(path, None)
        if ahead is not None:
            return ahead
        if entry.size > READ_LIMIT:
            raise too_large(path, entry.size)
        return self._repository.read_blob(entry.blob_id, path)

    def prefetch(self, paths: Iterable[str]) -> None:
        """Read what will be asked for in one go, which takes a tenth of the time; up to ``_AHEAD_LIMIT`` bytes."""
        entries = self.entries()
        wanted = [entries[path] for path in paths if path not in self._ahead and self._is_in_git(entries[path])]
        left = _AHEAD_LIMIT - sum(map(len, self._ahead.values()))
        for entry, content in self._repository.read_blobs(wanted):
            left -= len(content)
            if left < 0:
                return
            self._ahead[entry.path] = content

    def _is_in_git(self, entry: TreeEntry) -> bool:
        return entry.kind is EntryKind.FILE and entry.size <= _AHEAD_FILE

    def unchecked(self) -> tuple[Unchecked, ...]:
        """What cannot be looked into: submodules."""
        return tuple(
            Unchecked(show_path(entry.path), "it is a submodule: its files are in another repository")
            for entry in self.entries().values()
            if entry.kind is EntryKind.SUBMODULE
        )


class CommitTree(_GitTree):
    """The files of a commit.

    Args:
        repository: where it is.
        commit: its id.
    """

    def __init__(self, repository: Repository, commit: str) -> None:
        super().__init__(repository)
        self.name = commit

    def _list(self) -> dict[str, TreeEntry]:
        arguments = ("-r", "-z", "--full-tree", self.name)
        status, output, _ = self._repository.try_run("ls-tree", "-l", *arguments)
        if status:
            # In a partial clone git knows the names but not the sizes of the blobs that it left out.
            output = self._repository.run("ls-tree", *arguments)
        return parse_ls_tree(output, self._repository.known)


class IndexTree(_GitTree):
    """What the next commit would hold."""

    name = "index"

    def _list(self) -> dict[str, TreeEntry]:
        staged = parse_ls_files(self._repository.run("ls-files", "-s", "-v", "-z"))
        if staged.conflicts:
            raise UndecidedError(
                f"{show_path(staged.conflicts[0])} has a merge conflict that is not resolved in the index",
                "resolve it, then git add it",
            )
        return dict(staged.entries)


class WorktreeTree(_GitTree):
    """The working tree: tracked files as they are on disk, and untracked files that git does not ignore.

    A file that git knows to be unchanged since it was staged is read from git's objects: its blob id is known without
    hashing it. Only changed and untracked files are read and hashed, without git's clean filters, so that equal
    ids mean equal bytes.
    """

    name = "worktree"

    def __init__(self, repository: Repository, root: Path) -> None:
        super().__init__(repository)
        self._disk = Disk(root)
        # Both look at every file on disk, which takes a while: they do so while the base is listed.
        self._started: tuple[tuple[git.Git.AutoInterrupt, str], ...] = (
            (
                repository.start("diff-files", "--name-only", "-z", "--no-ext-diff", "--ignore-submodules=all"),
                "diff-files",
            ),
            (repository.start("ls-files", "-o", "--exclude-standard", "-z"), "ls-files"),
        )
        self._from_disk: set[str] = set()
        self._skipped: list[Unchecked] = []

    def read(self, path: str) -> bytes:
        """The content of a file; of a symbolic link, the text of its target.

        Raises:
            KeyError: no such path in this tree, or a submodule.
            UnreadableError: it cannot be read.
        """
        entry = self.entries()[path]
        if path not in self._from_disk:
            return super().read(path)
        return self._disk.read_link(path) if entry.kind is EntryKind.SYMLINK else self._disk.read(path)

    def _is_in_git(self, entry: TreeEntry) -> bool:
        return super()._is_in_git(entry) and entry.path not in self._from_disk

    def unchecked(self) -> tuple[Unchecked, ...]:
        """What cannot be looked into: submodules, pipes, files that must not be read."""
        return (*super().unchecked(), *self._skipped)

    def _list(self) -> dict[str, TreeEntry]:
        staged = parse_ls_files(self._repository.run("ls-files", "-s", "-v", "-z"))
        found = dict(staged.entries)
        hashed = "sha256" if any(len(entry.blob_id) == 64 for entry in found.values()) else "sha1"
        touched, untracked = (
            {decode_path(name) for name in self._repository.finish(process, command).split(b"\0") if name}
            for process, command in self._started
        )
        self._started = ()
        touched.update(staged.conflicts, staged.assumed)
        for path in sorted((touched - staged.absent) | untracked):
            found.pop(path, None)
            entry = self._look(path, hashed)
            if entry is not None:
                found[path] = entry
                self._from_disk.add(path)
        return dict(sorted(found.items()))

    def _look(self, path: str, algorithm: str) -> TreeEntry | None:
        """The entry of a path that git says is changed or new; None where it is gone or not a file."""
        if path.endswith("/"):
            self._skipped.append(
                Unchecked(show_path(path), "it is a git repository of its own, not a part of this one")
            )
            return None
        try:
            facts = self._disk.lstat(path)
        except UnreadableError:
            return None
        if stat.S_ISLNK(facts.st_mode):
            target = self._disk.read_link(path)
            return TreeEntry(path, blob_id(target, algorithm), EntryKind.SYMLINK, size=len(target))
        if not stat.S_ISREG(facts.st_mode):
            if not stat.S_ISDIR(facts.st_mode):
                self._skipped.append(Unchecked(show_path(path), "it is a pipe, a socket or a device, not a file"))
            return None
        executable = bool(facts.st_mode & 0o100)
        identity = ""
        if facts.st_size <= _HASH_LIMIT:
            try:
                identity = blob_id(self._disk.read(path), algorithm)
            except UnreadableError as error:
                self._skipped.append(Unchecked(show_path(path), error.reason))
                return None
        return TreeEntry(path, identity, EntryKind.FILE, executable, facts.st_size)


@dataclass(frozen=True, slots=True)
class Staged:
    """The index as ``git ls-files -s -v -z`` writes it.

    ``conflicts`` are paths with unresolved merges, ``assumed`` paths whose changes git was told not to look for, and
    ``absent`` paths that a sparse checkout leaves out of the working tree on purpose.
    """

    entries: Mapping[str, TreeEntry]
    conflicts: tuple[str, ...]
    assumed: frozenset[str]
    absent: frozenset[str]


def parse_ls_files(output: bytes) -> Staged:
    """Read what ``git ls-files -s -v -z`` writes: ``tag mode id stage TAB path NUL``."""
    entries: dict[str, TreeEntry] = {}
    conflicts: dict[str, None] = {}
    assumed: set[str] = set()
    absent: set[str] = set()
    for record in output.split(b"\0"):
        if not record:
            continue
        facts, _, name = record.partition(b"\t")
        tag, mode, object_id, stage = facts.split(b" ")
        path = decode_path(name)
        if stage != b"0":
            conflicts[path] = None
            continue
        if tag in {b"S", b"s"}:
            absent.add(path)
        elif tag.islower():
            assumed.add(path)
        kind = _KINDS.get(mode, EntryKind.FILE)
        entries[path] = TreeEntry(path, object_id.decode(), kind, mode == b"100755")
    return Staged(entries, tuple(conflicts), frozenset(assumed), frozenset(absent))


def parse_ls_tree(output: bytes, known: dict[bytes, TreeEntry] | None = None) -> dict[str, TreeEntry]:
    """Read what ``git ls-tree -r -z`` writes, with ``-l`` or without: ``mode type id [size] TAB path NUL``.

    ``known`` remembers entries by their record: two commits of one repository share most of them.
    """
    remembered = {} if known is None else known
    entries: dict[str, TreeEntry] = {}
    for record in output.split(b"\0"):
        if not record:
            continue
        entry = remembered.get(record)
        if entry is None:
            facts, _, name = record.partition(b"\t")
            words = facts.split()
            size = int(words[3]) if len(words) > 3 and words[3].isdigit() else -1
            kind = _KINDS.get(words[0], EntryKind.FILE)
            entry = TreeEntry(decode_path(name), words[2].decode(), kind, words[0] == b"100755", size)
            remembered[record] = entry
        entries[entry.path] = entry
    return entries


def blob_id(content: bytes, algorithm: str = "sha1") -> str:
    """The id that git gives to a content."""
    digest = hashlib.new(algorithm, usedforsecurity=False)
    digest.update(b"blob %d\0" % len(content))
    digest.update(content)
    return digest.hexdigest()
