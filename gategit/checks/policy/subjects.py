"""What goes to the policies and what comes back: objects and what stands around them, violations and crashes."""

from __future__ import annotations

import marshal
from dataclasses import dataclass, field
from typing import Literal

from gategit.manifests.manifest import Manifest
from gategit.model import FieldPath

Side = Literal["old", "new"]


@dataclass(frozen=True, slots=True)
class Subject:
    """An object to judge: as it stands (``old`` is None), or as a change (``is_change``).

    Attributes:
        old: the object before the change.
        new: the object after the change; None where the change removes it.
        targets: the names of the clusters that it is for; findings name the first.
        added: the change adds it. Without ``old`` and this, policies that compare old and new do not run.
    """

    old: Manifest | None
    new: Manifest | None
    targets: tuple[str, ...] = ()
    added: bool = False

    @property
    def is_change(self) -> bool:
        """Whether there is something to compare."""
        return self.added or self.old is not None

    @property
    def manifest(self) -> Manifest:
        """The new object, or the old one where there is no new one.

        Raises:
            ValueError: there is neither.
        """
        manifest = self.old if self.new is None else self.new
        if manifest is None:
            raise ValueError("a subject needs an old or a new object")
        return manifest


EPOCH = "1970-01-01T00:00:00+00:00"
"""Stands for the time of a run that has none."""


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """What is known of the pull request; see ``api.PullRequest``. ``now`` is an ISO time with its offset."""

    is_known: bool = False
    number: int | None = None
    author: str = ""
    labels: tuple[str, ...] = ()
    base_branch: str = ""
    is_fork: bool = False
    changed_files: tuple[str, ...] = ()
    now: str = EPOCH


@dataclass(frozen=True, slots=True)
class Scene:
    """What stands around the objects of a run.

    Attributes:
        target: the name of the cluster that they are judged for.
        kubernetes_version: the version that it runs, "" for the newest.
        request: the pull request.
        inventory: other objects of the tree, of the kinds that the policies name.
    """

    target: str = ""
    kubernetes_version: str = ""
    request: RequestFacts = field(default_factory=RequestFacts)
    inventory: tuple[Manifest, ...] = ()

    def frame(self) -> bytes:
        """What a worker is told of it, the inventory aside."""
        request = self.request
        told = {
            "target": (self.target, self.kubernetes_version),
            "request": {name: getattr(request, name) for name in request.__slots__},
        }
        return marshal.dumps(("scene", told), 2)

    def inventory_frame(self) -> bytes:
        """What a worker is told of the inventory."""
        return marshal.dumps([(one.group_kind, one.data, one.source.file) for one in self.inventory], 2)


@dataclass(frozen=True, slots=True)
class Hit:
    """A policy's violation: which policy, of which of the subjects, on which side and field."""

    policy: str
    subject: int
    side: Side
    path: FieldPath
    message: str


@dataclass(frozen=True, slots=True)
class Crash:
    """A policy that did not do its work.

    Attributes:
        policy: its id; "" where no worker could be had at all.
        message: what happened, one sentence.
        traceback: the last calls, one per line, "" where there are none.
        subject: the first object concerned, None where it is not known which one.
        count: how many objects are concerned, at least.
    """

    policy: str
    message: str
    traceback: str = ""
    subject: int | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class Refusal:
    """A parameter that a policy cannot use: whose, which one, and what it must be."""

    policy: str
    name: str
    problem: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the policies said."""

    hits: tuple[Hit, ...] = ()
    crashes: tuple[Crash, ...] = ()
    refusals: tuple[Refusal, ...] = ()
