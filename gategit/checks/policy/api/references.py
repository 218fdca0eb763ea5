"""What a pod needs to be there before it can start: ConfigMaps and Secrets, wherever its specification names them."""

from __future__ import annotations

from gategit.checks.policy.api.fields import is_filled_in_later

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

    from gategit.checks.policy.api.fields import Field
    from gategit.checks.policy.api.objects import Workload

_PLACES = {
    "ConfigMap": ("configMapKeyRef", "configMapRef", "configMap", "name"),
    "Secret": ("secretKeyRef", "secretRef", "secret", "secretName"),
}


def needed_names(workload: Workload, kind: Literal["ConfigMap", "Secret"]) -> Iterator[Field]:
    """The fields that name a ConfigMap or a Secret without which the pod does not start.

    Those are environment variables and volumes, unless they are ``optional``. A name that a variable fills in later
    is left out.
    """
    key_ref, whole_ref, volume_key, volume_name = _PLACES[kind]
    for container in workload.containers:
        if container.has("env"):
            for variable in container.env:
                yield from _needed(variable.field("valueFrom", key_ref))
        if container.has("envFrom"):
            for source in container.items("envFrom"):
                yield from _needed(source.field(whole_ref))
    for volume in workload.pod.items("volumes"):
        yield from _needed(volume.field(volume_key), volume_name)
        for source in volume.items("projected", "sources"):
            yield from _needed(source.field(volume_key))


def _needed(reference: Field, key: str = "name") -> Iterator[Field]:
    name = reference.get(key)
    if isinstance(name, str) and name and not reference.is_true("optional") and not is_filled_in_later(name):
        yield reference.field(key)
