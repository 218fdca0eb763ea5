"""From a request to the two trees that are compared, and what differs between them."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from gategit.ci_event import Event, EventKind, is_deletion, read_event
from gategit.config import CONFIG_FILE
from gategit.disk import FolderTree, StdinTree, show_path
from gategit.errors import UndecidedError, UsageError
from gategit.model import Unchecked
from gategit.request import Mode, Request, Trust
from gategit.tree import EntryKind, Tree, TreeEntry

if TYPE_CHECKING:
    from gategit.git_trees import Repository

_DEFAULT_BRANCHES = (
    "refs/remotes/origin/HEAD",
    "refs/remotes/origin/main",
    "refs/remotes/origin/master",
    "refs/heads/main",
    "refs/heads/master",
)


class SourceTree(Tree, Protocol):
    """A tree that also says what it could not look into, and reads ahead."""

    def prefetch(self, paths: Iterable[str]) -> None:
        """Read what will be asked for together, where that is faster. Says nothing of what cannot be read."""

    def unchecked(self) -> tuple[Unchecked, ...]:
        """What is there and was not looked at: submodules, pipes, folders that must not be read."""


@dataclass(frozen=True, slots=True)
class Trees:
    """What a run compares.

    Attributes:
        base: the tree before the change; None where there is none (``--all``, standard input, a first commit).
        head: the tree after it.
        base_commit: the commit of ``base``, or None.
        head_name: a commit id, ``worktree``, ``index``, ``folder`` or ``stdin``.
        root: the folder on disk that paths are relative to; None for a bare repository and standard input.
        paths: the request's paths, relative to the root; empty: everything.
        remotes: URLs by which this repository is known, for sources that point at it.
        event: the CI event, or None.
        trusted: the tree to read config, policies and waivers from when trust is ``base``; None where there is none.
        trust: the request's trust, or the default: base where a CI event guards a merge, else head.
        close: ends the processes that the trees keep. Reading afterwards starts them again.
    """

    base: SourceTree | None
    head: SourceTree
    base_commit: str | None
    head_name: str
    root: Path | None
    paths: tuple[str, ...]
    remotes: tuple[str, ...]
    event: Event | None
    trusted: SourceTree | None
    trust: Trust
    close: Callable[[], None] = field(default=lambda: None, repr=False, compare=False)

    def selects(self, path: str) -> bool:
        """Whether a path of the tree lies in what the request's paths name."""
        return not self.paths or any(
            not chosen or path == chosen or path.startswith(f"{chosen}/") for chosen in self.paths
        )

    def unchecked(self) -> tuple[Unchecked, ...]:
        """What the head holds that no check can look into, within the request's paths."""
        return tuple(item for item in self.head.unchecked() if self.selects(item.what.rstrip("/")))


def open_trees(request: Request) -> Trees:
    """Open what a request compares.

    Raises:
        UsageError: a revision or path does not exist, or the request cannot be met here.
        UndecidedError: the repository lacks what is needed (a shallow clone), or cannot be read.
    """
    if request.mode is Mode.STDIN:
        if request.trust is Trust.BASE:
            raise UsageError("--trust base needs a base, and standard input has none", "use --trust head")
        return Trees(
            None,
            StdinTree(request.stdin),
            None,
            "stdin",
            None,
            (),
            (),
            None,
            None,
            request.trust or Trust.HEAD,
        )
    if not request.directory.is_dir():
        raise UsageError(f"{show_path(str(request.directory))} is not a folder")
    event = read_event(request.environment)
    if request.mode is Mode.ALL:
        return _open_folder(request, event)
    return _open_git(request, event)


def _default_trust(request: Request, event: Event | None) -> Trust:
    if request.trust:
        return request.trust
    return Trust.BASE if event and event.guards_merge else Trust.HEAD


def _open_folder(request: Request, event: Event | None) -> Trees:
    """Every file below the paths, from disk. git is touched only to find the trusted base of a guarded merge."""
    directory = Path(os.path.realpath(request.directory))
    top = next((folder for folder in (directory, *directory.parents) if os.path.lexists(folder / ".git")), None)
    places = [_place(directory, path) for path in request.paths]
    for given, place in zip(request.paths, places, strict=True):
        if not os.path.lexists(place):
            raise UsageError(f"{show_path(given)} does not exist", "name files or folders that exist")
    root = top or directory
    if not all(place.is_relative_to(root) for place in places):
        if top:
            outside = next(given for given, p in zip(request.paths, places, strict=True) if not p.is_relative_to(root))
            raise _outside(outside, root)
        root = Path(os.path.commonpath([p if p.is_dir() else p.parent for p in places]))
    paths = _minimal(place.relative_to(root).as_posix() for place in places)
    # In a repository the whole of it is listed, because what the paths name may refer to files beside them.
    # The config may name policies, waivers and schemas anywhere in the folder: then all of it is listed as well.
    head = FolderTree(root, () if top or (root / CONFIG_FILE).is_file() else paths)
    trust = _default_trust(request, event)
    trusted: SourceTree | None = None
    base_commit: str | None = None
    close: Callable[[], None] = _nothing
    if trust is Trust.BASE:
        if not top:
            raise UsageError(
                "--trust base needs a base, and this folder is in no git repository",
                "use --trust head, or run in the repository",
            )
        repository = _repository(directory)
        close = repository.close
        revisions = _Revisions(repository, request, event)
        base_commit = revisions.base(revisions.head())
        trusted = _commit_tree(repository, base_commit) if base_commit else None
        _require_trusted(trust, trusted)
    remotes = _with_event_remote(_read_remotes(top) if top else (), request.environment)
    return Trees(None, head, None, "folder", root, paths, remotes, event, trusted, trust, close)


def _require_trusted(trust: Trust, base: Tree | None) -> None:
    """A base that is not there must not mean that the head is trusted instead."""
    if trust is Trust.BASE and base is None:
        raise UsageError("--trust base needs a base, and this change starts from nothing", "use --trust head")


def _nothing() -> None:
    """End no process: there is none."""


def _repository(directory: Path) -> Repository:
    from gategit.git_trees import Repository  # noqa: PLC0415  brings git in, which a folder does without

    return Repository(directory)


def _commit_tree(repository: Repository, commit: str) -> SourceTree:
    from gategit.git_trees import CommitTree  # noqa: PLC0415  the same

    return CommitTree(repository, commit)


def _open_git(request: Request, event: Event | None) -> Trees:
    """Two trees of a git repository."""
    from gategit.git_trees import CommitTree, IndexTree, WorktreeTree  # noqa: PLC0415  the same

    repository = _repository(request.directory)
    try:
        revisions = _Revisions(repository, request, event)
        head: SourceTree
        if request.mode is Mode.STAGED:
            revisions.refuse_named()
            base_commit = repository.commit("HEAD")
            head = IndexTree(repository)
        else:
            head_commit = revisions.head()
            base_commit = revisions.base(head_commit)
            head = CommitTree(repository, head_commit) if head_commit else WorktreeTree(repository, repository.place)
        base = CommitTree(repository, base_commit) if base_commit else None
        trust = _default_trust(request, event)
        _require_trusted(trust, base)
        return Trees(
            base,
            head,
            base_commit,
            head.name,
            repository.root,
            _paths_in(repository, request, base, head),
            _with_event_remote(repository.remotes, request.environment),
            event,
            base,
            trust,
            repository.close,
        )
    except BaseException:
        repository.close()
        raise


class _Revisions:
    """Which commits a request means."""

    def __init__(self, repository: Repository, request: Request, event: Event | None) -> None:
        self._repository = repository
        self._request = request
        # Whoever names the base means it, whatever CI says; then the head is theirs to name, too.
        self._event = None if request.base else event

    def refuse_named(self) -> None:
        """Refuse named revisions and bare repositories where the index is the head."""
        if self._request.base or self._request.head:
            raise UsageError("--staged compares HEAD with the index", "leave out --base and --head")
        root = self._repository.root
        if root is None:
            raise UsageError(
                f"{self._repository.place} is a bare repository and has no index", "pass --base and --head"
            )
        # git takes an index that is not there for an empty one: everything would count as deleted, and pass.
        index = os.environ.get("GIT_INDEX_FILE")
        if index and not (root / index).exists():
            raise UndecidedError(
                f"GIT_INDEX_FILE names {show_path(index)}, which does not exist",
                "unset GIT_INDEX_FILE, or name an index of this repository",
            )

    def head(self) -> str | None:
        """The head's commit; None for the working tree."""
        request, event = self._request, self._event
        if request.head:
            return self._resolve(request.head, "--head")
        if event is None or request.mode is Mode.ALL:
            if self._repository.root is None:
                raise UsageError(
                    f"{self._repository.place} is a bare repository and has no working tree",
                    "pass --head with a revision",
                )
            return None
        if is_deletion(event):
            raise UsageError(f"the push deletes the branch {event.base_ref}: there is nothing to check")
        for commit in (event.tested_sha, event.head_sha):
            if commit and self._repository.commit(commit):
                return commit
        number = f" of pull request {event.number}" if event.number else ""
        raise UndecidedError(
            f"the head{number}, commit {event.head_sha}, is not in this clone",
            f"fetch it first: git fetch origin {event.head_sha}, or let actions/checkout use it as ref",
        )

    def base(self, head: str | None) -> str | None:
        """The commit to compare with; None where the change starts from nothing."""
        request, event = self._request, self._event
        tip = head or self._repository.commit("HEAD")
        if tip is None:
            raise UsageError(
                "this repository has no commit yet, so there is no base", "use --staged or --all until there is one"
            )
        if request.base:
            return self._merge_base(self._resolve(request.base, "--base"), tip, request.base)
        if event is None:
            return self._default(tip)
        return self._event_base(event, tip)

    def _event_base(self, event: Event, tip: str) -> str | None:
        if event.kind is EventKind.PUSH:
            if event.base_sha is None:
                if event.base_ref == event.default_branch:
                    return None
                return self._default(tip)
            if not self._repository.commit(event.base_sha):
                raise self._missing(event.base_sha, f"the push to {event.base_ref} started")
            # Not the merge base: what a forced push drops is part of what it does to the cluster.
            return event.base_sha
        if event.tested_sha == tip:
            parents = self._repository.parents(tip)
            # GitHub's test merge: its first parent is the base branch as it was merged, which may be newer than the
            # event says. With it, a clone of depth 2 is enough.
            if len(parents) == 2 and parents[1] == event.head_sha:
                return parents[0]
        if not self._repository.commit(event.base_sha or ""):
            raise self._missing(event.base_sha or "", f"the change to {event.base_ref} starts")
        return self._merge_base(event.base_sha or "", tip, event.base_ref)

    def _default(self, tip: str) -> str:
        for name in _DEFAULT_BRANCHES:
            found = self._repository.commit(name)
            if found:
                return self._merge_base(found, tip, name.removeprefix("refs/remotes/").removeprefix("refs/heads/"))
        raise UsageError(
            "no default branch found: there is no origin/HEAD, origin/main, origin/master, main or master",
            "name the branch that the change goes to: --base REF",
        )

    def _resolve(self, revision: str, option: str) -> str:
        if revision.startswith("-"):
            raise UsageError(
                f"{option} {show_path(revision)} is not a revision: it starts with a dash",
                "give a branch, a tag or a commit id",
            )
        found = self._repository.commit(revision)
        if found:
            return found
        message = f"{option} {show_path(revision)} names no commit in this repository"
        if self._repository.is_shallow:
            raise UndecidedError(f"{message}, which is a shallow clone", _deepen_hint())
        raise UsageError(message, "give a branch, a tag or a commit id that git rev-parse knows; fetch it first")

    def _merge_base(self, one: str, tip: str, name: str) -> str:
        found = self._repository.merge_base(one, tip)
        if found:
            return found
        if self._repository.is_shallow:
            raise UndecidedError(
                f"the merge base with {show_path(name)} is not in this shallow clone: its history is cut off too early",
                _deepen_hint(),
            )
        raise UsageError(
            f"{show_path(name)} and the head have no common ancestor: their histories are unrelated",
            "name the branch that the change really goes to: --base REF",
        )

    def _missing(self, commit: str, where: str) -> UndecidedError:
        if self._repository.is_shallow:
            return UndecidedError(f"commit {commit}, where {where}, is not in this shallow clone", _deepen_hint())
        return UndecidedError(
            f"commit {commit}, where {where}, is not in this clone", f"fetch it first: git fetch origin {commit}"
        )


def _deepen_hint() -> str:
    return "set fetch-depth: 0 for actions/checkout, or run: git fetch --deepen=1000 (or git fetch --unshallow)"


def _place(directory: Path, path: str) -> Path:
    """The absolute place of a path, with links resolved in its folders but not in its last name."""
    if not path or "\0" in path:
        raise UsageError(f"{show_path(path) or 'an empty text'} is not a path")
    joined = os.path.normpath(directory / path)
    parent, name = os.path.split(joined)
    return Path(os.path.realpath(parent), name)


def _outside(given: str, root: Path) -> UsageError:
    return UsageError(f"{show_path(given)} is outside of the repository {root}", "name paths inside of it")


def _minimal(paths: Iterable[str]) -> tuple[str, ...]:
    """Paths in order, without those that lie in another; () where the root itself is among them."""
    chosen: list[str] = []
    for path in sorted(set(paths)):
        if path == ".":
            return ()
        if not any(path.startswith(f"{other}/") for other in chosen):
            chosen.append(path)
    return tuple(chosen)


def _paths_in(repository: Repository, request: Request, base: Tree | None, head: Tree) -> tuple[str, ...]:
    """The request's paths from the repository's root; each must be in one of the trees or, as a folder, on disk."""
    found: list[str] = []
    for given in request.paths:
        if repository.root is None:
            path = os.path.normpath(given)
            if path.startswith("/") or path.split("/")[0] == "..":
                raise _outside(given, repository.place)
        else:
            place = _place(Path(os.path.realpath(request.directory)), given)
            if not place.is_relative_to(repository.root):
                raise _outside(given, repository.root)
            path = place.relative_to(repository.root).as_posix()
        if path != "." and not any(tree is not None and _holds(tree, path) for tree in (head, base)):
            raise UsageError(
                f"{show_path(given)} is neither in the base nor in the head of the change",
                "name files or folders of the repository that git does not ignore",
            )
        found.append(path)
    return _minimal(found)


def _holds(tree: Tree, path: str) -> bool:
    entries = tree.entries()
    return path in entries or any(other.startswith(f"{path}/") for other in entries)


_SECTION = re.compile(r"\[remote\s")
_URL = re.compile(r"url\s*=\s*(.+?)\s*\Z")


def _read_remotes(top: Path) -> tuple[str, ...]:
    """The URLs of the remotes in ``.git/config``, read without git: that would cost more than all of ``--all``."""
    folder = top / ".git"
    try:
        if folder.is_file():
            folder = top / folder.read_text("utf-8", "replace").strip().removeprefix("gitdir: ")
        common = folder / "commondir"
        if common.is_file():
            folder = folder / common.read_text("utf-8", "replace").strip()
        lines = (folder / "config").read_text("utf-8", "replace").splitlines()
    except OSError:
        return ()
    found: dict[str, None] = {}
    in_remote = False
    for line in lines:
        text = line.strip()
        if text.startswith("["):
            in_remote = bool(_SECTION.match(text))
        elif in_remote and (match := _URL.match(text)):
            found[match[1].strip('"')] = None
    return tuple(found)


def _with_event_remote(remotes: tuple[str, ...], environment: Mapping[str, str]) -> tuple[str, ...]:
    """Add the repository that CI says it runs for: a checkout may have another remote, or none."""
    server, name = environment.get("GITHUB_SERVER_URL", ""), environment.get("GITHUB_REPOSITORY", "")
    url = f"{server}/{name}"
    return (*remotes, url) if server and name and url not in remotes else remotes


@dataclass(frozen=True, slots=True)
class TreeDiff:
    """What differs between two trees, as paths in order.

    A renamed file stands in ``removed`` by its old path, in ``added`` by its new one, and in ``renames``.
    ``mode_changed`` are files of equal content that became executable or stopped being it.
    """

    added: tuple[str, ...]
    modified: tuple[str, ...]
    removed: tuple[str, ...]
    mode_changed: tuple[str, ...]
    renames: Mapping[str, str]

    @property
    def files(self) -> int:
        """How many files the change touches; a renamed one counts once."""
        return len(self.added) + len(self.modified) + len(self.removed) + len(self.mode_changed) - len(self.renames)


def changed(base: Tree | None, head: Tree) -> TreeDiff:
    """What differs between two trees. With no base, everything is added."""
    old: Mapping[str, TreeEntry] = base.entries() if base else {}
    new = head.entries()
    added = tuple(path for path in new if path not in old)
    removed = tuple(path for path in old if path not in new)
    modified: list[str] = []
    mode_changed: list[str] = []
    for path, entry in new.items():
        before = old.get(path)
        if before is None or before is entry:
            continue
        if before.kind is not entry.kind or before.blob_id != entry.blob_id or not entry.blob_id:
            modified.append(path)
        elif before.executable != entry.executable:
            mode_changed.append(path)
    renames = find_renames(base, head, removed, added) if base else {}
    return TreeDiff(added, tuple(modified), removed, tuple(mode_changed), renames)


_RENAME_COMPARISONS = 2_000
_RENAME_SIZE = 2**20
_RENAME_SIMILARITY = 0.5


def find_renames(base: Tree, head: Tree, removed: tuple[str, ...], added: tuple[str, ...]) -> dict[str, str]:
    """Which removed file became which added one.

    Equal content first; then files of the same name or in the same folder of which at least half of the lines are
    the same, the most similar first. It is done here and not by git so that the working tree, which git cannot
    compare without writing to the index, gives the same answer as the commit that is made of it. The number of
    comparisons is bounded; what is beyond it counts as removed and added.
    """
    old, new = base.entries(), head.entries()
    renames: dict[str, str] = {}
    by_content: dict[str, list[str]] = {}
    for path in added:
        if new[path].kind is EntryKind.FILE and new[path].blob_id and new[path].size != 0:
            by_content.setdefault(new[path].blob_id, []).append(path)
    for path in removed:
        candidates = by_content.get(old[path].blob_id, [])
        if candidates and old[path].kind is EntryKind.FILE:
            best = max(candidates, key=partial(_closeness, path))
            candidates.remove(best)
            renames[path] = best
    taken = set(renames.values())
    left_old = [p for p in removed if p not in renames and _comparable(old[p])]
    left_new = [p for p in added if p not in taken and _comparable(new[p])]
    for path, other in _similar(base, head, left_old, left_new):
        if path not in renames and other not in taken:
            renames[path] = other
            taken.add(other)
    return dict(sorted(renames.items()))


def _comparable(entry: TreeEntry) -> bool:
    return entry.kind is EntryKind.FILE and entry.size <= _RENAME_SIZE


def _closeness(path: str, other: str) -> tuple[bool, int]:
    """How near two paths are: the same file name, then how many folders they share."""
    one, two = path.split("/"), other.split("/")
    shared = takewhile(lambda names: names[0] == names[1], zip(one[:-1], two[:-1], strict=False))
    return one[-1] == two[-1], sum(1 for _ in shared)


def _similar(base: Tree, head: Tree, removed: list[str], added: list[str]) -> list[tuple[str, str]]:
    """Pairs of similar files, the most similar first."""
    by_name: dict[str, list[str]] = {}
    by_folder: dict[str, list[str]] = {}
    for path in added:
        folder, _, name = path.rpartition("/")
        by_name.setdefault(name, []).append(path)
        by_folder.setdefault(folder, []).append(path)
    pairs: list[tuple[str, str]] = []
    for path in removed:
        folder, _, name = path.rpartition("/")
        near = sorted({*by_name.get(name, ()), *by_folder.get(folder, ())})
        pairs += [(path, other) for other in sorted(near, key=partial(_closeness, path), reverse=True)]
        if len(pairs) > _RENAME_COMPARISONS:
            break
    lines: dict[tuple[bool, str], Counter[bytes]] = {}

    def count(tree: Tree, path: str) -> Counter[bytes]:
        key = (tree is base, path)
        if key not in lines:
            try:
                lines[key] = Counter(line.strip() for line in tree.read(path).splitlines() if line.strip())
            except (KeyError, UndecidedError):
                lines[key] = Counter()
        return lines[key]

    scored: list[tuple[float, str, str]] = []
    for path, other in pairs[:_RENAME_COMPARISONS]:
        one, two = count(base, path), count(head, other)
        total = max(one.total(), two.total())
        similarity = (one & two).total() / total if total else 0.0
        if similarity >= _RENAME_SIMILARITY:
            scored.append((-similarity, path, other))
    return [(path, other) for _, path, other in sorted(scored)]
