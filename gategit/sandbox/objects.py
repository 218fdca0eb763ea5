"""What becomes of an object before a sandbox is filled with it: what to leave out, and when its turn comes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

Object = dict[str, Any]

_ADMISSION: Final = "admissionregistration.k8s.io"
NAMESPACE: Final = ("", "Namespace")
DEFINITION: Final = ("apiextensions.k8s.io", "CustomResourceDefinition")
SERVICE: Final = ("", "Service")
SERVICE_ACCOUNT: Final = ("", "ServiceAccount")
QUOTA: Final = ("", "ResourceQuota")
POD: Final = ("", "Pod")
POD_SECURITY: Final = "pod-security.kubernetes.io/"

_UNANSWERED = "left out: nobody answers here"
_PASSING = "left out: of the moment"
_NOTHING_RUNS = "left out: nothing runs here"
_LEFT_OUT: Final[Mapping[tuple[str, str], str]] = {
    (_ADMISSION, "ValidatingWebhookConfiguration"): _UNANSWERED,
    (_ADMISSION, "MutatingWebhookConfiguration"): _UNANSWERED,
    ("apiregistration.k8s.io", "APIService"): _UNANSWERED,
    ("", "Event"): _PASSING,
    ("events.k8s.io", "Event"): _PASSING,
    ("coordination.k8s.io", "Lease"): _PASSING,
    ("", "Node"): _NOTHING_RUNS,
    ("storage.k8s.io", "CSINode"): _NOTHING_RUNS,
    ("storage.k8s.io", "VolumeAttachment"): _NOTHING_RUNS,
    ("", "Binding"): _NOTHING_RUNS,
}
# What the server keeps of an object besides what somebody declared.
_KEPT_BY_SERVER: Final = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
)
# Classes and accounts are there before what is filled in or admitted by their presence.
_EARLY: Final = frozenset(
    {
        SERVICE_ACCOUNT,
        ("networking.k8s.io", "IngressClass"),
        ("node.k8s.io", "RuntimeClass"),
        ("scheduling.k8s.io", "PriorityClass"),
        ("storage.k8s.io", "StorageClass"),
        ("storage.k8s.io", "VolumeAttributesClass"),
    }
)
_RIGHTS: Final = "rbac.authorization.k8s.io"
_LIMITS: Final = frozenset({QUOTA, ("", "LimitRange")})

GROUND, CLASSES, RIGHTS, FIXED, REST, LIMITS, MUTATING, VALIDATING = range(8)
"""The turns in which objects are made."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """Objects that a sandbox can be filled with.

    Attributes:
        objects: cleaned, one for each identity.
        statuses: of exported quotas, by identity.
        notes: what was left out or altered.
    """

    objects: tuple[Object, ...]
    statuses: Mapping[tuple[str, str, str, str], Object]
    notes: tuple[str, ...]


def mapping(value: Any) -> Mapping[str, Any]:
    """A mapping, whatever is there instead."""
    return value if isinstance(value, dict) else {}


def text(value: Any) -> str:
    """A text, "" for anything else."""
    return value if isinstance(value, str) else ""


def group_kind(one: Mapping[str, Any]) -> tuple[str, str]:
    """An object's group ("" for the core one) and kind."""
    group, slash, _ = text(one.get("apiVersion")).rpartition("/")
    return group if slash else "", text(one.get("kind"))


def namespace_of(one: Mapping[str, Any]) -> str:
    """An object's namespace, "" where it names none."""
    return text(mapping(one.get("metadata")).get("namespace"))


def name_of(one: Mapping[str, Any]) -> str:
    """An object's name, "" where it has none."""
    return text(mapping(one.get("metadata")).get("name"))


def identity(one: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """What makes two objects the same one, whichever version they are written in."""
    return *group_kind(one), namespace_of(one), name_of(one)


def turn(one: Mapping[str, Any]) -> int:
    """When an object's turn comes.

    Limits and policies come after what they might refuse: in the cluster, too, that is there already.
    """
    kind = group_kind(one)
    if kind in {NAMESPACE, DEFINITION}:
        return GROUND
    if kind in _EARLY:
        return CLASSES
    if kind[0] == _RIGHTS:
        return RIGHTS
    if kind in _LIMITS:
        return LIMITS
    if kind[0] == _ADMISSION:
        return MUTATING if kind[1].startswith("Mutating") else VALIDATING
    return FIXED if kind == SERVICE and _wants_addresses(one) else REST


def _wants_addresses(one: Mapping[str, Any]) -> bool:
    """Whether a Service names an address or a port of the nodes, before another one is given it by chance."""
    spec = mapping(one.get("spec"))
    ports = spec.get("ports")
    return bool(spec.get("clusterIP")) or any(
        bool(mapping(port).get("nodePort")) for port in (ports if isinstance(ports, list) else ())
    )


def prepare(objects: Iterable[Mapping[str, Any]]) -> Prepared:
    """Clean objects for a sandbox: without what a server keeps of them and what makes no sense without controllers.

    Of the same object twice, the later one counts; a quota's status is kept from whichever has one.
    """
    cleaned: dict[tuple[str, str, str, str], Object] = {}
    statuses: dict[tuple[str, str, str, str], Object] = {}
    counts: dict[tuple[str, str], int] = {}

    def note(kind: str, what: str) -> None:
        counts[kind, what] = counts.get((kind, what), 0) + 1

    for one in objects:
        kind, key = group_kind(one), identity(one)
        if kind in _LEFT_OUT:
            note(kind[1], _LEFT_OUT[kind])
        elif not name_of(one):
            note(kind[1] or "object", "left out: without a name, every making gives another one")
        elif key != ("", "Service", "default", "kubernetes"):  # the server's own
            if kind == QUOTA and mapping(mapping(one.get("status")).get("used")):
                statuses[key] = deepcopy(dict(mapping(one["status"])))
            cleaned.pop(key, None)
            cleaned[key] = _cleaned(one, kind, note)
    notes = tuple(f"{counted(count, kind)} {what}" for (kind, what), count in sorted(counts.items()))
    return Prepared(tuple(cleaned.values()), statuses, notes)


def counted(count: int, kind: str) -> str:
    """How many objects of a kind: ``1 Pod``, ``2 StorageClasses``, ``3 policies``."""
    if count == 1:
        return f"1 {kind}"
    if kind.endswith("y"):
        return f"{count:,} {kind[:-1]}ies"
    return f"{count:,} {kind}{'es' if kind.endswith('s') else 's'}"


def _cleaned(one: Mapping[str, Any], kind: tuple[str, str], note: Callable[[str, str], None]) -> Object:
    copy = deepcopy(dict(one))
    copy.pop("status", None)
    metadata = copy["metadata"]
    for key in _KEPT_BY_SERVER:
        metadata.pop(key, None)
    spec = copy.get("spec")
    if not isinstance(spec, dict):
        return copy
    if kind == NAMESPACE:
        spec.pop("finalizers", None)
    elif kind == POD and spec.pop("nodeName", None) is not None:
        note("Pod", "not bound to a node: there are none here")
    elif kind == DEFINITION and mapping(spec.get("conversion")).get("strategy") == "Webhook":
        spec["conversion"] = {"strategy": "None"}
        note("CustomResourceDefinition", "without a conversion webhook: nobody answers here")
    return copy
