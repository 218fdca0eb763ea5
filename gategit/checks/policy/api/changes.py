"""What a change does: to one object, and as a whole."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

    from gategit.checks.policy.api.objects import Manifest


class Change:
    """The same object on both sides of the change. At least one of them is there.

    Attributes:
        old: the object before the change, None where the change adds it.
        new: the object after the change, None where the change removes it.
        targets: the names of the clusters that it is for.
        index: its place among the changes of the run.
    """

    __slots__ = ("index", "new", "old", "targets")

    def __init__(
        self, old: Manifest | None, new: Manifest | None, targets: tuple[str, ...] = (), index: int = 0
    ) -> None:
        self.old = old
        self.new = new
        self.targets = targets
        self.index = index

    @property
    def kind(self) -> Literal["added", "modified", "removed"]:
        """What the change does to the object."""
        if self.old is None:
            return "added"
        return "removed" if self.new is None else "modified"

    @property
    def manifest(self) -> Manifest:
        """The object as the change leaves it, or as it was where the change removes it.

        Raises:
            ValueError: there is neither, which no change is.
        """
        manifest = self.new if self.new is not None else self.old
        if manifest is None:
            raise ValueError("a change has an old or a new object")
        return manifest


class Changes:
    """Everything that the pull request does to objects: iterate over it for the single changes.

    A policy that looks at it is called once. It says which of the changes a violation is about:
    ``Violation(change.manifest, "...", of=change)``.
    """

    __slots__ = ("_changes",)

    def __init__(self, changes: tuple[Change, ...]) -> None:
        self._changes = changes

    def __iter__(self) -> Iterator[Change]:
        return iter(self._changes)

    def __len__(self) -> int:
        return len(self._changes)
