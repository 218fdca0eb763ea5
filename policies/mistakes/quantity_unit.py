"""Built-in policy: quantity-unit."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Field, Manifest, Violation, Violations, policy, quantity

_BYTES = ("memory", "ephemeral-storage", "storage")
_LEAST = 2**20


@policy(level="error", kinds=(*WORKLOADS, "PersistentVolumeClaim"))
def quantity_unit(manifest: Manifest, *, most_cpu: int = 128) -> Violations:
    """Amounts of processor time, memory and storage have the unit that is meant.

    What it asks:
        An amount of `memory`, `ephemeral-storage` or `storage` does not end in `m`, which means thousandths of a byte,
        and is not below one mebibyte, except zero. An amount of `cpu` is a number of processors, or of thousandths
        with `m`: no suffix of bytes, and not more than 128, or what the parameter `most_cpu` says.

    Why:
        `memory: 512m` is half a byte, and `cpu: 500` is five hundred processors. The cluster takes both: a container
        with such a limit is never started or killed at once, and one with such a request waits for a node for ever.

    How to fix:
        Write `512Mi` for memory and `500m` for processor time.

    Parameters:
        most_cpu: how many processors one container may ask for.

    Fails:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          template:
            spec:
              containers:
                - name: web
                  resources:
                    requests:
                      cpu: 500  # <-
                      memory: "128"  # <-
                    limits:
                      memory: 512m  # <-

    Fails (storage):
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: db, namespace: shop}
        spec:
          resources:
            requests:
              storage: 10m  # <-

    Passes:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          template:
            spec:
              containers:
                - name: web
                  resources:
                    requests:
                      cpu: 500m
                      memory: 128Mi
                    limits:
                      memory: 512Mi

    References:
        https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#meaning-of-memory
    """
    workload = manifest.workload
    if workload is None:
        yield from _amounts(manifest.field("spec"), str(manifest), most_cpu)
        return
    for container in workload.containers:
        if "resources" in container.value:
            yield from _amounts(container, container, most_cpu)
    if workload.pod.has("resources"):
        yield from _amounts(workload.pod, "the pod", most_cpu)
    for claim in manifest.items("spec", "volumeClaimTemplates"):
        yield from _amounts(claim.field("spec"), f"volume claim {claim.text('metadata', 'name')}", most_cpu)


def _amounts(holder: Field, who: object, most_cpu: int) -> Violations:
    for group in ("requests", "limits"):
        amounts = holder.get("resources", group)
        for name, value in amounts.items() if isinstance(amounts, dict) else ():
            problem = ""
            if name == "cpu":
                problem = _cpu(value, most_cpu)
            elif name in _BYTES:
                problem = _bytes(value)
            if problem:
                place = holder.field("resources", group, name)
                yield Violation(place, f"{who} has {group} of {name} {value}: {problem}")


def _bytes(value: object) -> str:
    if isinstance(value, str) and value.endswith(("Mi", "Gi", "M", "G")):
        return ""  # the common case is quick; that it may be 0.1Mi is no matter
    amount = quantity(value)
    if amount is None or amount <= 0 or amount >= _LEAST:
        return ""
    if isinstance(value, str) and value.endswith("m"):
        return "m is thousandths of a byte, Mi is mebibytes"
    is_bare = not isinstance(value, str) or value[-1:].isdigit()
    return "that is less than one mebibyte; the unit is missing" if is_bare else "that is less than one mebibyte"


def _cpu(value: object, most: int) -> str:
    if isinstance(value, str) and value.endswith("m"):
        return ""
    amount = quantity(value)
    if amount is None:
        return ""
    if isinstance(value, str) and value.endswith(("i", "M", "G", "T", "P", "E")):
        return "that is a unit of bytes; processor time has m, thousandths of a processor"
    return "that is a number of processors; m makes it thousandths" if amount > most else ""
