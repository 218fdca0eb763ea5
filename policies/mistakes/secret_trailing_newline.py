"""Built-in policy: secret-trailing-newline."""

from __future__ import annotations

import binascii

from gategit.checks.policy.api import Manifest, Violation, Violations, policy

_NEWLINES = ("Cg==", "K", "o=")  # how base64 of a text that ends in a line break ends
_LONGEST = 2048


@policy(level="note", kinds=("Secret",), sensitive=True)
def secret_trailing_newline(secret: Manifest) -> Violations:
    """A Secret's values of one line end without a line break.

    What it asks:
        A value of `data` or `stringData` that is one line of text does not end in a line break. Keys with a dot, which
        are most often files, and values of several lines pass.

    Why:
        `echo password | base64` encodes the line break too. The program then sends a password with a line break behind
        it, or a header that the library refuses, and the value looks right wherever it is printed.

    How to fix:
        Encode with `printf %s` or `echo -n`; in YAML write the text on the line of its key, or with `|-`.

    Fails:
        apiVersion: v1
        kind: Secret
        metadata: {name: web, namespace: shop}
        data:
          greeting: aGVsbG8gd29ybGQK  # <-

    Passes:
        apiVersion: v1
        kind: Secret
        metadata: {name: web, namespace: shop}
        data:
          greeting: aGVsbG8gd29ybGQ=
          motd.txt: aGVsbG8gd29ybGQK

    References:
        https://kubernetes.io/docs/tasks/configmap-secret/managing-secret-using-config-file/
    """
    for part in ("data", "stringData"):
        for key, field in secret.entries(part):
            value = field.text()
            if not value or len(value) > _LONGEST or "." in key:
                continue
            text = _plain(value.rstrip()) if part == "data" else value
            if text.endswith("\n") and "\n" not in text[:-1] and text.strip().isprintable() and text.strip():
                yield Violation(field, f"the key {key} of {secret} ends in a line break")


def _plain(value: str) -> str:
    if not value.endswith(_NEWLINES):
        return ""
    try:
        return binascii.a2b_base64(value, strict_mode=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return ""
