"""What the tests of the renderer share: the real programs, and trees of real commits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pytest

from gategit.git_trees import CommitTree, Repository
from tests.conftest import RepositoryBuilder

MakeTree = Callable[[Mapping[str, str | bytes]], CommitTree]
"""Commit files and open the commit; a text that starts with ``->`` is a symbolic link."""


@pytest.fixture
def make_tree(git_repository: RepositoryBuilder) -> Iterator[MakeTree]:
    """Make trees of real commits, each with nothing but its own files."""
    repository: Repository | None = None

    def make(files: Mapping[str, str | bytes]) -> CommitTree:
        nonlocal repository
        git_repository.git("rm", "-r", "--quiet", "--force", "--ignore-unmatch", ".")
        for path, content in files.items():
            if isinstance(content, str) and content.startswith("->"):
                git_repository.symlink(path, content.removeprefix("->"))
            else:
                git_repository.write(path, content)
        commit = git_repository.commit()
        repository = repository or Repository(git_repository.folder)
        return CommitTree(repository, commit)

    yield make
    if repository is not None:
        repository.close()
