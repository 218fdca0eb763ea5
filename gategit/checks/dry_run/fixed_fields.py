"""Fields that cannot change once an object is there, as the API server's own validation has it.

An API server compares with the live object, which has every default filled in. Here only two manifests are compared:
a field that one of them leaves out may have the same value by default, so it counts only where no default exists.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gategit.change import ABSENT, FieldDifference
from gategit.checks.dry_run.amounts import quantity
from gategit.checks.dry_run.differences import differences
from gategit.checks.dry_run.immutable import advice
from gategit.checks.dry_run.paths import ABSENT as NOTHING
from gategit.checks.dry_run.paths import value_at
from gategit.checks.dry_run.rules import DRY_RUN_REJECTED, IMMUTABLE_FIELD
from gategit.checks.dry_run.sent import Sent
from gategit.checks.dry_run.values import Problem
from gategit.model import FieldPath

Object = Mapping[str, Any]

_IMMUTABLE: Final = "field is immutable"


@dataclass(frozen=True, slots=True)
class _Fixed:
    """A part of a kind that cannot change.

    Attributes:
        path: where it begins.
        words: what the server says.
        whole: whether nothing in it has a default, so that what is added or removed is a change as well.
        apart: names directly below ``path`` that may change all the same.
    """

    path: FieldPath
    words: str = _IMMUTABLE
    whole: bool = False
    apart: frozenset[str] = frozenset()


def _paths(*paths: str, words: str = _IMMUTABLE) -> tuple[_Fixed, ...]:
    return tuple(_Fixed(tuple(path.split(".")), words) for path in paths)


_SELECTOR: Final = (_Fixed(("spec", "selector"), whole=True),)
_ROLE: Final = (_Fixed(("roleRef",), "cannot change roleRef"),)
_DATA: Final = tuple(
    _Fixed((name,), "field is immutable when `immutable` is set", whole=True)
    for name in ("data", "binaryData", "stringData", "immutable")
)

_STATEFUL_SET: Final = frozenset(
    {
        "minReadySeconds",
        "ordinals",
        "persistentVolumeClaimRetentionPolicy",
        "replicas",
        "revisionHistoryLimit",
        "template",
        "updateStrategy",
    }
)
_STATEFUL_SET_WORDS: Final = (
    f"updates to statefulset spec for fields other than {', '.join(sorted(_STATEFUL_SET))} are forbidden"
)
_POD: Final = frozenset({"activeDeadlineSeconds", "terminationGracePeriodSeconds", "tolerations"})
_POD_WORDS: Final = (
    "pod updates may not change fields other than the images of containers, activeDeadlineSeconds, "
    "terminationGracePeriodSeconds and added tolerations"
)
_SOURCES: Final = ("cephfs", "csi", "fc", "flexVolume", "glusterfs", "hostPath", "iscsi", "local", "nfs", "rbd")

_FIXED: Final[Mapping[tuple[str, str], tuple[_Fixed, ...]]] = {
    ("", "PersistentVolume"): _paths(
        *(f"spec.{name}" for name in _SOURCES), words="spec.persistentvolumesource is immutable after creation"
    ),
    ("", "PersistentVolumeClaim"): (
        _Fixed(
            ("spec",),
            "spec is immutable after creation except resources.requests and volumeAttributesClassName",
            apart=frozenset({"resources", "volumeAttributesClassName"}),
        ),
    ),
    ("", "Pod"): (_Fixed(("spec",), _POD_WORDS, apart=_POD),),
    ("", "ResourceQuota"): _paths("spec.scopes"),
    ("", "Secret"): _paths("type"),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _paths("spec.scope", "spec.names.kind", "spec.names.plural"),
    ("apps", "DaemonSet"): _SELECTOR,
    ("apps", "Deployment"): _SELECTOR,
    ("apps", "ReplicaSet"): _SELECTOR,
    ("apps", "StatefulSet"): (_Fixed(("spec",), _STATEFUL_SET_WORDS, apart=_STATEFUL_SET),),
    ("batch", "Job"): _paths(
        "spec.completionMode",
        "spec.selector",
        "spec.template",
        "spec.podFailurePolicy",
        "spec.backoffLimitPerIndex",
        "spec.managedBy",
        "spec.successPolicy",
    ),
    ("networking.k8s.io", "IngressClass"): _paths("spec.controller"),
    ("node.k8s.io", "RuntimeClass"): _paths("handler"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): _ROLE,
    ("rbac.authorization.k8s.io", "RoleBinding"): _ROLE,
    ("scheduling.k8s.io", "PriorityClass"): _paths(
        "value", "preemptionPolicy", words="may not be changed in an update"
    ),
    ("storage.k8s.io", "StorageClass"): (
        _Fixed(("parameters",), "updates to parameters are forbidden", whole=True),
        *_paths("provisioner", "reclaimPolicy", "volumeBindingMode"),
    ),
    ("storage.k8s.io", "VolumeAttributesClass"): (
        _Fixed(("parameters",), "updates to parameters are forbidden", whole=True),
        *_paths("driverName"),
    ),
}


def given(data: Any, path: FieldPath) -> Any:
    """What stands at a path; None where nothing does, which the server takes for the same."""
    found = value_at(data, path)
    return None if found is NOTHING else found


def fixed_field_problems(old: Object, new: Object, definition: Object | None) -> list[Problem]:
    """What the server would say of fields that change and cannot.

    Args:
        old: the object as it is there, or as the base declares it.
        new: as the head declares it.
        definition: the CustomResourceDefinition of its kind, None for a kind that has none.
    """
    sent = Sent(new)
    group, kind = str(new.get("apiVersion", "")).rpartition("/")[0], sent.kind
    changed = differences(old, new)
    fixed = _FIXED.get((group, kind), ())
    if kind in ("ConfigMap", "Secret") and group == "" and old.get("immutable") is True:
        fixed = (*fixed, *_DATA)
    found: list[Problem] = []
    for one in fixed:
        place = next((each.path for each in changed if _breaks(one, each, old, kind)), None)
        if place is not None:
            found.append(_problem(sent, place, one.words))
    if (group, kind) == ("", "Service"):
        found += _service(old, new, sent)
    elif (group, kind) == ("", "PersistentVolumeClaim"):
        found += _shrunk(old, new, sent)
    if definition is not None:
        found += _by_definition(old, new, definition, sent)
    return found


def _problem(sent: Sent, path: FieldPath, words: str) -> Problem:
    return sent.problem(IMMUTABLE_FIELD.id, words, path, advice=advice(sent, path))


def _breaks(fixed: _Fixed, change: FieldDifference, old: Object, kind: str) -> bool:
    """Whether a difference is one of a part that cannot change."""
    depth = len(fixed.path)
    if change.path[:depth] != fixed.path or (len(change.path) > depth and change.path[depth] in fixed.apart):
        return False
    if kind == "Pod" and change.path[1:2] in (("containers",), ("initContainers",)) and change.path[3:] == ("image",):
        return False
    if kind == "Job" and fixed.path == ("spec", "template") and given(old, ("spec", "suspend")) is True:
        return False  # of a Job that waits, where its Pods run may still be said
    if change.old is ABSENT or change.new is ABSENT:
        return fixed.whole or isinstance(change.path[-1], int)
    return True


def _service(old: Object, new: Object, sent: Sent) -> Iterator[Problem]:
    """An address that a Service has, it keeps, unless it becomes or was one without address."""
    if "ExternalName" in (given(old, ("spec", "type")), given(new, ("spec", "type"))):
        return
    for path in (("spec", "clusterIP"), ("spec", "clusterIPs", 0)):
        before, after = _text(old, path), _text(new, path)
        # Who names no address was given one, and who names none any more keeps it.
        has_one = bool(before) or (after == "None" and not _headless(old))
        if after and has_one and before != after:
            yield _problem(sent, path, "may not change once set")
            return


def _text(one: Object, path: FieldPath) -> str:
    found = given(one, path)
    return found if isinstance(found, str) else ""


def _headless(one: Object) -> bool:
    return "None" in (given(one, ("spec", "clusterIP")), given(one, ("spec", "clusterIPs", 0)))


def _shrunk(old: Object, new: Object, sent: Sent) -> Iterator[Problem]:
    """A claim can grow, where its class allows that; it never shrinks."""
    path = ("spec", "resources", "requests", "storage")
    before, after = quantity(given(old, path)), quantity(given(new, path))
    if before is not None and after is not None and after < before:
        yield sent.problem(DRY_RUN_REJECTED.id, "field can not be less than it is in the cluster", path)


def _by_definition(old: Object, new: Object, definition: Object, sent: Sent) -> Iterator[Problem]:
    """Where a definition says by a rule of its own that a field stays as it is."""
    version = str(new.get("apiVersion", "")).rpartition("/")[2]
    versions = given(definition, ("spec", "versions"))
    for one in versions if isinstance(versions, list) else ():
        if isinstance(one, dict) and one.get("name") == version:
            yield from _transitions(given(one, ("schema", "openAPIV3Schema")), old, new, (), sent)


def _transitions(schema: Any, old: Any, new: Any, path: FieldPath, sent: Sent) -> Iterator[Problem]:
    if not isinstance(schema, dict) or old is None or new is None:
        return
    rules = schema.get("x-kubernetes-validations")
    for rule in rules if isinstance(rules, list) else ():
        text = rule.get("rule") if isinstance(rule, dict) else None
        if isinstance(text, str) and "".join(text.split()) in _KEPT and differences({"a": old}, {"a": new}):
            message = rule.get("message")
            yield _problem(sent, path, message if isinstance(message, str) and message else f"failed rule: {text}")
    properties = schema.get("properties")
    for name, child in properties.items() if isinstance(properties, dict) else ():
        yield from _transitions(child, given(old, (name,)), given(new, (name,)), (*path, name), sent)


_KEPT: Final = frozenset({"self==oldSelf", "oldSelf==self"})
