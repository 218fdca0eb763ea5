"""What a pod needs to be there before it can start: ConfigMaps and Secrets, wherever its specification names them."""

from __future__ import annotations

from gategit.checks.policy.api.fields import is_filled_in_later

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

    from gategit.checks.policy.api.fields import Field, Path
    from gategit.checks.policy.api.objects import Container, Workload

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
        for steps, reference in _of_environment(container, key_ref, whole_ref):
            yield from _needed(container, steps, reference, "name")
    volumes = workload.pod.get("volumes")
    for index, volume in enumerate(volumes if isinstance(volumes, list) else ()):
        if not isinstance(volume, dict):
            continue
        if volume_key in volume:
            yield from _needed(workload.pod, ("volumes", index, volume_key), volume[volume_key], volume_name)
        elif "projected" in volume:
            for source in workload.pod.items("volumes", index, "projected", "sources"):
                yield from _needed(source, (volume_key,), source.get(volume_key), "name")


def _of_environment(container: Container, key_ref: str, whole_ref: str) -> Iterator[tuple[Path, object]]:
    """What a container's environment refers to: steps from the container, and the reference itself."""
    variables, sources = container.get("env"), container.get("envFrom")
    for index, variable in enumerate(variables if isinstance(variables, list) else ()):
        origin = variable.get("valueFrom") if isinstance(variable, dict) else None
        if isinstance(origin, dict) and key_ref in origin:
            yield ("env", index, "valueFrom", key_ref), origin[key_ref]
    for index, source in enumerate(sources if isinstance(sources, list) else ()):
        if isinstance(source, dict) and whole_ref in source:
            yield ("envFrom", index, whole_ref), source[whole_ref]


def _needed(holder: Field, steps: Path, reference: object, key: str) -> Iterator[Field]:
    name = reference.get(key) if isinstance(reference, dict) and reference.get("optional") is not True else None
    if isinstance(name, str) and name and not is_filled_in_later(name):
        yield holder.field(*steps, key)
