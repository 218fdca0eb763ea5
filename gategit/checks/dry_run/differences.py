"""What differs between the live object and what the server would make of it, without what nobody declared.

The server writes much into an object by itself, and the same amount can be written in several ways. A reviewer wants
to see what the change does, so neither is shown.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import Any

from gategit.change import ABSENT, FieldDifference, field_differences
from gategit.checks.dry_run.amounts import same_amount
from gategit.checks.dry_run.values import Outcome
from gategit.manifests.secrecy import holds_secrets
from gategit.model import DryRunResult, FieldPath

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

_SERVERS_NOTES = frozenset({LAST_APPLIED, "deprecated.daemonset.template.generation"})
"""Annotations that nobody declares: the server counts a DaemonSet's templates in one."""

SCHEMA = "openAPIV3Schema"
"""Below it stand fields of other kinds: an empty one may be called ``labels``, and says that there is such a field."""

SERVER_METADATA = frozenset(
    {
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "generation",
        "managedFields",
        "resourceVersion",
        "selfLink",
        "uid",
    }
)
"""What the server alone writes into metadata."""

_CONTROLLERS_NOTES = frozenset(
    {
        "control-plane.alpha.kubernetes.io/leader",
        "deployment.kubernetes.io/revision",
        "pv.kubernetes.io/bind-completed",
        "pv.kubernetes.io/bound-by-controller",
        "volume.beta.kubernetes.io/storage-provisioner",
        "volume.kubernetes.io/selected-node",
        "volume.kubernetes.io/storage-provisioner",
    }
)
"""Annotations that controllers write. A change that has its own value for one writes it on both sides."""

_BUILT_IN_GROUPS = frozenset(
    {
        *("", "apps", "autoscaling", "batch", "extensions", "policy"),
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "apiregistration.k8s.io",
        "authentication.k8s.io",
        "authorization.k8s.io",
        "certificates.k8s.io",
        "coordination.k8s.io",
        "discovery.k8s.io",
        "events.k8s.io",
        "flowcontrol.apiserver.k8s.io",
        "internal.apiserver.k8s.io",
        "networking.k8s.io",
        "node.k8s.io",
        "rbac.authorization.k8s.io",
        "resource.k8s.io",
        "scheduling.k8s.io",
        "storage.k8s.io",
        "storagemigration.k8s.io",
    }
)

# Go leaves these out where they are empty, or means the same by an empty one and by none. An empty ``emptyDir`` or
# ``podSelector`` is another thing: it says what is wanted.
_EMPTY_IS_NONE = frozenset(
    {
        *("affinity", "annotations", "binaryData", "data", "hard", "labels", "limits", "matchLabels", "metadata"),
        *("nodeSelector", "overhead", "requests", "resources", "securityContext", "stringData"),
    }
)

# Lists that the server merges by the keys of their items, so that their order says nothing. Not ``initContainers``,
# which run in their order, nor a policy's ``variables``, which may name those before them.
_KEYED_LISTS = frozenset(
    {
        *("claims", "containers", "env", "ephemeralContainers", "hostAliases", "imagePullSecrets", "matchConditions"),
        *("ownerReferences", "ports", "resourceClaims", "schedulingGates", "secrets", "topologySpreadConstraints"),
        *("volumeDevices", "volumeMounts", "volumes", "webhooks"),
    }
)


def differences(live: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> tuple[FieldDifference, ...]:
    """The fields that a change touches.

    What is not there on both sides is left out: metadata that the server alone writes, the status, notes of
    controllers, other spellings of the same amount, null for a field that is not there, and the order of lists whose
    items the server knows by their keys, unless it makes new Pods.

    Args:
        live: the object as it is, or None for a new one: then every field of ``after`` is added, apart from its name.
        after: the object as it would be; None where it is removed, which has no fields.
    """
    if after is None:
        return ()
    new = without_noise(after)
    if live is None:
        return tuple(FieldDifference(path, ABSENT, value) for path, value in _declared(new))
    old = without_noise(live)
    _forget_controllers_notes(old, new)
    kind = str(new.get("kind") or "")
    custom = is_custom(new)
    return tuple(
        difference for difference in field_differences(old, new) if not _says_nothing(kind, difference, custom=custom)
    )


def differences_of(outcome: Outcome) -> tuple[FieldDifference, ...]:
    """The fields that an object change touches, as its dry run shows them.

    Of a new object that is what its manifest declares, without the server's defaults.
    """
    if outcome.result is DryRunResult.CREATED:
        declared = outcome.change.new
        return differences(None, declared.data if declared is not None else outcome.after)
    if outcome.result is DryRunResult.UNCHANGED or outcome.live is None or outcome.after is None:
        return ()
    return differences(outcome.live, outcome.after)


def is_custom(content: Mapping[str, Any]) -> bool:
    """Whether an object is of a kind that Kubernetes itself does not have."""
    return str(content.get("apiVersion") or "").rpartition("/")[0] not in _BUILT_IN_GROUPS


def without_noise(content: Mapping[str, Any]) -> dict[str, Any]:
    """An object without what the server alone writes, and without fields that say nothing."""
    kept: dict[str, Any] = {key: value for key, value in content.items() if key != "status"}
    metadata = content.get("metadata")
    if isinstance(metadata, dict):
        kept["metadata"] = {key: value for key, value in metadata.items() if key not in SERVER_METADATA}
        annotations = metadata.get("annotations")
        if isinstance(annotations, dict):
            kept["metadata"]["annotations"] = {k: v for k, v in annotations.items() if k not in _SERVERS_NOTES}
    found = _without_nothing(kept, custom=is_custom(content))
    if isinstance(found.get("metadata"), dict):
        found["metadata"] = _without_nothing(found["metadata"], custom=False)
    return found


def _without_nothing(value: dict[str, Any], *, custom: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, part in value.items():
        if says_nothing(key, part, custom=custom):
            continue
        if isinstance(part, dict):
            inner = _without_nothing(part, custom=custom or key == SCHEMA)
            if not says_nothing(key, inner, custom=custom):
                found[key] = inner
        elif isinstance(part, list):
            found[key] = [_without_nothing(item, custom=custom) if isinstance(item, dict) else item for item in part]
        else:
            found[key] = part
    return found


def is_controllers_note(name: str) -> bool:
    """Whether an annotation is one that controllers write."""
    return name in _CONTROLLERS_NOTES or name in _SERVERS_NOTES


def says_nothing(name: str, value: Any, *, custom: bool) -> bool:
    """Whether a field with this value is the same to the API server as one that is not there."""
    if value is None:
        return True
    if custom:
        return False
    return value == [] or (value == {} and name in _EMPTY_IS_NONE)


def _declared(content: Mapping[str, Any]) -> Iterator[tuple[FieldPath, Any]]:
    """What a new object brings with it, apart from what its name says already."""
    for key, value in content.items():
        if key == "metadata" and isinstance(value, dict):
            yield from (((key, name), part) for name, part in value.items() if name not in {"name", "namespace"})
        elif key not in {"apiVersion", "kind"}:
            yield (key,), value


def _forget_controllers_notes(old: dict[str, Any], new: dict[str, Any]) -> None:
    """Take out the notes that one side alone has, and the order of the finalizers. Both are our own copies."""
    sides = [side["metadata"] for side in (old, new) if isinstance(side.get("metadata"), dict)]
    notes = [side["annotations"] for side in sides if isinstance(side.get("annotations"), dict)]
    for name in _CONTROLLERS_NOTES:
        having = [side for side in notes if name in side]
        if len(having) == 1:
            del having[0][name]
    for side in sides:
        if side.get("annotations") == {}:
            del side["annotations"]
        finalizers = side.get("finalizers")
        if isinstance(finalizers, list):
            side["finalizers"] = sorted(finalizers, key=str)


def _says_nothing(kind: str, difference: FieldDifference, *, custom: bool) -> bool:
    if difference.reordered:
        # Whatever changes in a template makes new Pods of all.
        return not custom and "template" not in difference.path and order_says_nothing(difference.path, difference.new)
    if difference.old is ABSENT or difference.new is ABSENT:
        return False
    return same_value(kind, difference.path, difference.old, difference.new, custom=custom)


def order_says_nothing(path: FieldPath, items: list[Any]) -> bool:
    """Whether the order of a built-in kind's list has no meaning."""
    if not path or path[-1] not in _KEYED_LISTS:
        return False
    # $(NAME) stands for the value of an entry before it.
    return path[-1] != "env" or not any(isinstance(item, dict) and "$(" in str(item.get("value")) for item in items)


def same_value(kind: str, path: FieldPath, one: Any, other: Any, *, custom: bool) -> bool:
    """Whether two different values of a field mean the same to the API server."""
    if same_amount(kind, path, one, other, custom=custom):
        return True
    if holds_secrets(kind) and path[:1] == ("data",) and isinstance(one, str) and isinstance(other, str):
        return secret_bytes(one) == secret_bytes(other)
    return False


def secret_bytes(value: str) -> bytes:
    """The bytes of a value below ``data`` of a Secret; the text itself where it is not base64."""
    try:
        return b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError):
        return value.encode(errors="surrogatepass")
