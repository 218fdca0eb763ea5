"""What a rehearsal is made of."""

from __future__ import annotations

from dataclasses import dataclass, field

from gategit.model import Location, ObjectRef, Unchecked


@dataclass(frozen=True, slots=True)
class Needer:
    """Who needs what is missing.

    Attributes:
        object: the object that names it.
        path: the field, as ``format_path`` writes it; "" where the whole object needs it.
        location: where that stands.
    """

    object: ObjectRef
    path: str
    location: Location


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that the repository needs and nothing in it brings.

    Attributes:
        kind: such as ``StorageClass``; for a kind that nothing defines, ``CustomResourceDefinition``.
        namespace: where it should be, None where it is cluster-wide.
        name: its name; for a kind that nothing defines, the kind with its API version.
        needed_by: who needs it, in the order of the files.
    """

    kind: str
    namespace: str | None
    name: str
    needed_by: tuple[Needer, ...]

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class RefusedObject:
    """An object that the empty API server did not take, with its message."""

    object: ObjectRef
    location: Location
    message: str


@dataclass(frozen=True, slots=True)
class TargetRehearsal:
    """What came of one target.

    Attributes:
        target: its name, None where the repository has none.
        version: the Kubernetes version of the API server.
        applied: how many objects the server took.
        missing: what is missing.
        refused: what the server did not take, for another reason than what is missing.
        notes: what was left out or altered by intention, and what a rehearsal cannot know.
        unchecked: what could not be looked at.
    """

    target: str | None
    version: str = ""
    applied: int = 0
    missing: tuple[Missing, ...] = ()
    refused: tuple[RefusedObject, ...] = ()
    notes: tuple[str, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What came of all targets."""

    targets: tuple[TargetRehearsal, ...] = field(default=())

    @property
    def exit_code(self) -> int:
        """1 where something is missing or refused, else 3 where something could not be looked at, else 0."""
        if any(target.missing or target.refused for target in self.targets):
            return 1
        return 3 if any(target.unchecked for target in self.targets) else 0
