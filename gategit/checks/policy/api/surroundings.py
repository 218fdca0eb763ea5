"""What stands around an object: the cluster that it is for, and the pull request that brings it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime


class Target:
    """A cluster that part of the repository deploys to.

    Attributes:
        name: as the config calls it; "" where the config has no target for the file.
        kubernetes_version: such as ``1.34``; "" where it is not known, which stands for the newest.
    """

    __slots__ = ("kubernetes_version", "name")

    def __init__(self, name: str = "", kubernetes_version: str = "") -> None:
        self.name = name
        self.kubernetes_version = kubernetes_version

    def __repr__(self) -> str:
        return f"Target({self.name!r}, {self.kubernetes_version!r})"

    def at_least(self, version: str) -> bool:
        """Whether the cluster runs this Kubernetes version, such as ``1.29``, or a newer one."""
        return not self.kubernetes_version or _numbers(self.kubernetes_version) >= _numbers(version)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


NO_TARGET = Target()
"""Stands for the target of a file that belongs to none."""


class PullRequest:
    """The pull request, as far as the CI event tells of it. On a developer's machine only ``changed_files`` is known.

    Attributes:
        is_known: whether there is an event that names one.
        number: its number, None where it is not known.
        author: the account that opened it, "" where it is not known.
        labels: the names of its labels.
        base_branch: the branch that it goes to, "" where it is not known.
        is_fork: whether it comes from another repository.
        changed_files: the paths that it adds, modifies and removes.
    """

    __slots__ = ("_now", "author", "base_branch", "changed_files", "is_fork", "is_known", "labels", "number")

    def __init__(  # noqa: PLR0913  one parameter per thing that is known
        self,
        *,
        is_known: bool = False,
        number: int | None = None,
        author: str = "",
        labels: tuple[str, ...] = (),
        base_branch: str = "",
        is_fork: bool = False,
        changed_files: tuple[str, ...] = (),
        now: str = "1970-01-01T00:00:00+00:00",
    ) -> None:
        self.is_known = is_known
        self.number = number
        self.author = author
        self.labels = labels
        self.base_branch = base_branch
        self.is_fork = is_fork
        self.changed_files = changed_files
        self._now = now

    @property
    def is_by_bot(self) -> bool:
        """Whether the author is an app: GitHub puts ``[bot]`` behind the names of those."""
        return self.author.endswith("[bot]")

    @property
    def now(self) -> datetime:
        """The moment of the run, with its time zone (UTC)."""
        from datetime import datetime  # noqa: PLC0415  few policies ask, and the import counts in every run

        return datetime.fromisoformat(self._now)
