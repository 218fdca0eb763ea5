"""What a change does: to one object, and as a whole."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

    from gategit.checks.policy.api.objects import Container, Manifest


class Change:
    """The same object on both sides of the change. At least one of them is there.

    Attributes:
        old: the object before the change, None where the change adds it.
        new: the object after the change, None where the change removes it.
        targets: the names of the clusters that it is for.
        index: its place among the changes of the run.
    """

    __slots__ = ("_containers", "index", "new", "old", "targets")

    def __init__(
        self, old: Manifest | None, new: Manifest | None, targets: tuple[str, ...] = (), index: int = 0
    ) -> None:
        self.old = old
        self.new = new
        self.targets = targets
        self.index = index
        self._containers: tuple[tuple[Container, Container], ...] | None = None

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

    @property
    def deleted(self) -> Manifest | None:
        """The object that the agent deletes because the change removes it from the repository.

        None where the change does not remove it, where it tells the agent to keep it (``Manifest.is_kept``), and for
        hooks, which come and go by themselves.
        """
        old = self.old
        return None if old is None or self.new is not None or old.is_kept or old.is_hook else old

    @property
    def containers(self) -> tuple[tuple[Container, Container], ...]:
        """The containers that a workload has before and after the change, paired by name.

        Empty where the change leaves the pods as they are, and for anything but a modified workload.
        """
        if self._containers is None:
            before = None if self.old is None else self.old.workload
            after = None if self.new is None else self.new.workload
            if before is None or after is None or before.pod.value == after.pod.value:
                self._containers = ()
            else:
                old = {one.name: one for one in before.containers if one.name}
                self._containers = tuple((old[one.name], one) for one in after.containers if one.name in old)
        return self._containers


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
