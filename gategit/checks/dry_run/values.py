"""What the parts of the dry run hand each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from gategit.change import ObjectChange
from gategit.model import DryRunResult, FieldPath, Level

if TYPE_CHECKING:
    from gategit.checks.schema.ecosystem import Choice


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that a server says against an object; it becomes a finding.

    Attributes:
        rule: the rule's id.
        message: one sentence, in the server's own words where they are clear.
        path: the field, with the manifest's own list indices; () is the whole object.
        help: how to mend it, "" for the rule's own help.
        level: None for the rule's own level.
    """

    rule: str
    message: str
    path: FieldPath = ()
    help: str = ""
    level: Level | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of asking for one object change.

    Attributes:
        change: the change.
        result: what came of it.
        problems: what the server says against it, warnings included.
        reason: why it is deferred or unknown, or what else there is to know; a sentence without a full stop.
        manager: the field manager under whose name the server was asked.
        live: the object as the server has it, None where it has none.
        after: the object as it would be, None where it is not accepted or removed.
    """

    change: ObjectChange
    result: DryRunResult
    problems: tuple[Problem, ...] = ()
    reason: str = ""
    manager: str = ""
    live: dict[str, Any] | None = None
    after: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class DeclaredKind:
    """A kind that a CustomResourceDefinition of the head's tree defines."""

    group: str
    kind: str
    plural: str
    namespaced: bool
    versions: frozenset[str]


CLASS_GROUPS: Final[Mapping[str, str]] = {
    "GatewayClass": "gateway.networking.k8s.io",
    "IngressClass": "networking.k8s.io",
    "PriorityClass": "scheduling.k8s.io",
    "RuntimeClass": "node.k8s.io",
    "StorageClass": "storage.k8s.io",
}
"""The kinds of classes that objects name, and their groups."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What the change may count on, and how it is asked for.

    Attributes:
        namespaces: that the head's tree declares, or lets its agent create.
        kinds: that the head's tree defines, by group and kind.
        altered_kinds: the groups and kinds whose definition the change itself adds or modifies.
        service_accounts: namespace and name of those that the head's tree declares.
        classes: kind and name of the classes (StorageClass, PriorityClass, …) that the head's tree declares.
        namespace: of objects that name none.
        field_manager: the name to apply under; None: the live object's owner, else ``gategit``.
        scratch_namespaces: where objects of a namespace that does not exist yet may be tried.
        writable: the server is ours (a sandbox): CRDs and Namespaces of the change are created in it for real, once
            they were accepted, so that nothing that needs them has to be deferred.
        complete: the server serves all that the target does. A sandbox that no snapshot fills knows the kinds of
            Kubernetes and of the repository only: that it lacks another one says nothing about the target.
        supplied_kinds: that a sandbox serves though neither the repository nor a snapshot defines them. That the
            server has their group says nothing about the group's other kinds.
        carried: those of them whose definition is one that gategit carries, with the release that judges.
    """

    namespaces: frozenset[str] = frozenset()
    kinds: Mapping[tuple[str, str], DeclaredKind] = field(default_factory=dict)
    altered_kinds: frozenset[tuple[str, str]] = frozenset()
    service_accounts: frozenset[tuple[str, str]] = frozenset()
    classes: frozenset[tuple[str, str]] = frozenset()
    namespace: str = "default"
    field_manager: str | None = None
    scratch_namespaces: tuple[str, ...] = ("default",)
    writable: bool = False
    complete: bool = True
    supplied_kinds: frozenset[tuple[str, str]] = frozenset()
    carried: Mapping[tuple[str, str], Choice] = field(default_factory=dict)
