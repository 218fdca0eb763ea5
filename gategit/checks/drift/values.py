"""What drift is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from gategit.model import FieldPath, Json, Location, ObjectRef, Unchecked


class FieldChange(StrEnum):
    """How a field differs.

    ``CHANGED``: Git and the cluster have different values. ``LACKING``: Git declares it, the cluster does not have it.
    ``UNDECLARED``: the cluster has it, and whoever applies the manifest, or a person, put it there; Git does not
    declare it.
    """

    CHANGED = "changed"
    LACKING = "lacking"
    UNDECLARED = "undeclared"


class ObjectChange(StrEnum):
    """How an object differs: it is ``CHANGED``, the cluster lacks it, or Git does not declare it."""

    CHANGED = "changed"
    MISSING = "missing"
    UNDECLARED = "undeclared"


@dataclass(frozen=True, slots=True)
class FieldFound:
    """A field that differs, as it was found.

    Attributes:
        change: how.
        path: the field in the live object, or in the declared one where the live one lacks it.
        declared: where the manifest declares it, or the nearest thing around it.
        git: the declared value, ABSENT where there is none.
        live: the live value, ABSENT where there is none.
        managers: who wrote the live value.
    """

    change: FieldChange
    path: FieldPath
    declared: FieldPath
    git: Any
    live: Any
    managers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldDrift:
    """A field that differs, ready to be shown: values of Secrets are hashes.

    Attributes:
        change: how.
        path: the field, as ``format_path`` writes it.
        git: the declared value, None where there is none.
        live: the live value, None where there is none.
        location: where the manifest declares it, or the nearest thing around it.
        managers: who wrote the live value.
    """

    change: FieldChange
    path: str
    git: Json
    live: Json
    location: Location
    managers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ObjectDrift:
    """An object that differs.

    Attributes:
        change: how.
        object: which one.
        location: where Git declares it; None where Git does not.
        fields: what differs in it.
        managers: who wrote it, where Git does not declare it.
        reason: what else there is to know; a sentence without a full stop.
    """

    change: ObjectChange
    object: ObjectRef
    location: Location | None = None
    fields: tuple[FieldDrift, ...] = ()
    managers: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TargetDrift:
    """What came of one target.

    Attributes:
        target: its name, None where the repository has none.
        server: what messages call the cluster.
        version: the Kubernetes version that answered.
        compared: how many objects were compared.
        objects: what differs: declared objects in the order of their files, then those that Git does not declare.
        notes: what was left out by intention.
        unchecked: what could not be looked at.
    """

    target: str | None
    server: str
    version: str = ""
    compared: int = 0
    objects: tuple[ObjectDrift, ...] = ()
    notes: tuple[str, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()


@dataclass(frozen=True, slots=True)
class Drift:
    """What came of all targets, and the commit that they were compared with."""

    commit: str
    targets: tuple[TargetDrift, ...] = field(default=())

    @property
    def exit_code(self) -> int:
        """1 where something differs, else 3 where something could not be looked at, else 0."""
        if any(target.objects for target in self.targets):
            return 1
        return 3 if any(target.unchecked for target in self.targets) else 0
