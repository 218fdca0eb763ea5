"""Built-in policy: secret-encoded-twice."""

from __future__ import annotations

import binascii

from gategit.checks.policy.api import Manifest, Violation, Violations, policy

_SHORTEST = 12  # below that, ordinary words are base64 by chance


@policy(level="note", kinds=("Secret",), sensitive=True)
def secret_encoded_twice(secret: Manifest) -> Violations:
    """A Secret's data is encoded in base64 once, not twice.

    What it asks:
        A value of `data`, decoded, is not again base64 of readable text; and a value of `stringData` is not base64 of
        readable text.

    Why:
        The program gets base64 where it expects a password, and says that the password is wrong. It comes from a
        value that was encoded by hand and then by `kubectl` or a template again.

    How to fix:
        Decode the value once, or move it from `stringData` to `data`.

    Fails:
        apiVersion: v1
        kind: Secret
        metadata: {name: web, namespace: shop}
        data:
          greeting: YUdWc2JHOGdkMjl5YkdRZ1pYaGhiWEJzWlE9PQ==  # <-
        stringData:
          farewell: Z29vZGJ5ZSB3b3JsZCBleGFtcGxl  # <-

    Passes:
        apiVersion: v1
        kind: Secret
        metadata: {name: web, namespace: shop}
        data:
          greeting: aGVsbG8gd29ybGQgZXhhbXBsZQ==

    References:
        https://kubernetes.io/docs/concepts/configuration/secret/#restriction-names-data
    """
    for key, field in secret.entries("data"):
        once = _decoded("".join(field.text()[:8192].split()))
        if once and _is_text(once) and _is_text(_decoded(once.decode().strip())):
            yield Violation(field, f"the key {key} of {secret} is encoded in base64 twice")
    for key, field in secret.entries("stringData"):
        if _is_text(_decoded(field.text()[:8192].strip())):
            yield Violation(field, f"the key {key} of {secret} is base64 in stringData, which is encoded once more")


def _decoded(text: str) -> bytes:
    """What a base64 text holds; nothing where it is none, or too short to be sure."""
    if len(text) < _SHORTEST or len(text) % 4:
        return b""
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except (binascii.Error, ValueError):
        return b""


def _is_text(content: bytes) -> bool:
    return bool(content) and all(31 < byte < 127 or byte in b"\t\r\n" for byte in content)
