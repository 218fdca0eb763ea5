"""Fields that cannot change: how servers say so, and the safe way for each kind."""

from __future__ import annotations

import re
from typing import Final

from gategit.checks.dry_run.messages import changed_fields
from gategit.checks.dry_run.paths import leaves, value_at
from gategit.checks.dry_run.sent import Sent
from gategit.model import FieldPath

_SAYS = re.compile(
    r"\bimmutable\b"
    r"|\b(?:may|must|can|should|shall) ?not (?:be )?(?:chang|updat|modif|unset|alter|edit|mutat)"
    r"|\bcan't (?:be )?(?:chang|updat|modif)"
    r"|\bupdates? to .{1,400} (?:is|are) forbidden"
    r"|\bupdates may not\b"
    r"|\bforbidden to be changed\b",
    re.IGNORECASE | re.DOTALL,
)

_WORKLOAD = (
    "restore the value, or give the workload a new name; where the name must stay, `kubectl delete --cascade=orphan` "
    "takes the live one away and leaves its Pods running, which are to be deleted by hand once the new ones are ready"
)
_ANEW = "restore the value, or make a new object with another name, refer to that one, and remove the old one after it"
_BINDING = "restore roleRef, or make a new binding with another name and remove this one in the same change"
_GENERATED = (
    "give it a new name and refer to that one: Kustomize's configMapGenerator and secretGenerator append a hash to the "
    "name for this"
)

_HELP: Final = {
    "Deployment": _WORKLOAD,
    "DaemonSet": _WORKLOAD,
    "ReplicaSet": _WORKLOAD,
    "StatefulSet": (
        "restore the value; to change it, `kubectl delete statefulset --cascade=orphan` takes the live one away and "
        "keeps its Pods and volume claims, and the agent makes it anew; claims that exist keep what they have"
    ),
    "Job": (
        "give the Job a new name for each new template, or let the agent replace it: a Job that was made stays as it is"
    ),
    "RoleBinding": _BINDING,
    "ClusterRoleBinding": _BINDING,
    "ConfigMap": _GENERATED,
    "Secret": _GENERATED,
    "Service": (
        "leave the address out of the manifest, then the Service keeps the one it has; another one needs a new "
        "Service, and whoever uses the old address is cut off"
    ),
    "PersistentVolumeClaim": (
        "restore the value; a bound claim may only ask for more storage, if its class allows that; anything else needs "
        "a new claim and a copy of the data"
    ),
    "PersistentVolume": _ANEW,
    "StorageClass": _ANEW,
    "PriorityClass": _ANEW,
    "RuntimeClass": _ANEW,
    "IngressClass": _ANEW,
    "CSIDriver": _ANEW,
    "Pod": (
        "let a Deployment or a Job own the Pod, or give it a new name: of a running Pod only the images and little "
        "more can change"
    ),
    "CustomResourceDefinition": (
        "restore the value; to change it the definition has to be deleted, and with it every object of its kind"
    ),
}
_SET_BY_SERVER: Final = frozenset({"uid", "creationTimestamp", "deletionTimestamp", "generation"})


def says_immutable(words: str) -> bool:
    """Whether the reason that a server gives is that a field cannot change."""
    return _SAYS.search(words) is not None


def advice(sent: Sent, path: FieldPath) -> str:
    """How to get what the change wants, or back to what the cluster has."""
    if path[:1] == ("metadata",) and path[-1] in _SET_BY_SERVER:
        return f"remove metadata.{path[-1]}: the server sets it"
    return _HELP.get(sent.kind, "")


def changed_field(words: str, path: FieldPath, sent: Sent) -> FieldPath:
    """The field that changed, below the one that a message names, where it says more by a comparison."""
    for changed in changed_fields(words):
        name = changed.name.casefold()

        def fits(place: FieldPath, value: object, name: str = name, new: object = changed.value) -> bool:
            last = place[-1] if place else ""
            named = isinstance(last, int) if not name else str(last).casefold() == name
            return named and type(value) is type(new) and value == new

        start = path if isinstance(value_at(sent.manifest, path), (dict, list)) else path[:-1]
        found = leaves(value_at(sent.manifest, start), fits)
        if len(found) == 1:
            return (*start, *found[0])
    return path
