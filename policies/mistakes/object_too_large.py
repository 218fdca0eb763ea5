"""Built-in policy: object-too-large."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy

_MOST_ANNOTATIONS = 256 * 2**10


@policy(level="error", kinds=("ConfigMap", "Secret"))
def object_too_large(manifest: Manifest, *, most: int = 1_048_576) -> Violations:
    """A ConfigMap or a Secret is not larger than the API server takes.

    What it asks:
        Keys and values of `data` and `binaryData` (for a Secret of `data` and `stringData`) have at most 1 MiB
        together, after base64 is decoded, and the annotations at most 256 KiB.

    Why:
        The API server refuses what is larger, and the agent's sync stops there. Dashboards and rule files grow over
        the limit by and by, one pull request at a time.

    How to fix:
        Split it, or load the content from an image, a volume or an object store.

    Parameters:
        most: how many bytes of data pass. `kubectl apply` without `--server-side` takes no more than 262144.

    Fails:
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: dashboards  # <-
        data:
          one.json: '{"title": "Orders for each hour and shop"}'
        --- # parameters
        most: 40

    Passes:
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: dashboards
        data:
          one.json: "{}"

    References:
        https://kubernetes.io/docs/concepts/configuration/configmap/#motivation
    """
    size = 0
    for part in ("data", "binaryData", "stringData"):
        value = manifest.get(part)
        if isinstance(value, dict):
            encoded = part == "binaryData" or (part == "data" and manifest.kind == "Secret")
            size += sum(_size(key, one, encoded=encoded) for key, one in value.items())
    if size > most:
        yield Violation(manifest, f"{manifest} holds {size:,} bytes; it may hold {most:,}")
    annotations = sum(_size(key, value) for key, value in manifest.annotations.items())
    if annotations > _MOST_ANNOTATIONS:
        problem = (
            f"the annotations of {manifest} have {annotations:,} bytes; the API server takes {_MOST_ANNOTATIONS:,}"
        )
        yield Violation(manifest.field("metadata", "annotations"), problem)


def _size(key: object, value: object, *, encoded: bool = False) -> int:
    """How many bytes a key and its value take; text is counted exactly only where it may matter."""
    if not isinstance(key, str) or not isinstance(value, str):
        return 0
    if encoded:
        return len(key) + len(value) * 3 // 4
    return len(key) + (len(value) if len(value) < 4096 or value.isascii() else len(value.encode("utf-8", "replace")))
