"""Built-in policy: sealed-secret-plain."""

from __future__ import annotations

import re

from gategit.checks.policy.api import Manifest, Violation, Violations, is_filled_in_later, policy

_SHORTEST = 300  # RSA of 2048 bits is 256 bytes, which are 342 characters with what stands around them
_BASE64 = "[A-Za-z0-9+/]+={0,2}"


@policy(level="error", kinds=("bitnami.com/SealedSecret",), security_severity=9.1, sensitive=True)
def sealed_secret_plain(manifest: Manifest) -> Violations:
    """Every value of a SealedSecret is sealed.

    What it asks:
        Each value of `spec.encryptedData` is what `kubeseal` writes: base64 of at least 300 characters, because each
        one holds a key that is encrypted by RSA. Values that something fills in later pass.

    Why:
        A value that was typed in by hand is in plain text in the repository, and the controller cannot unseal the whole
        SealedSecret because of it: the Secret is never made.

    How to fix:
        First revoke the value where it is a credential: it is known now. Then seal it: `kubeseal --raw` prints one
        value, `kubeseal --merge-into FILE` puts it into a file.

    Fails:
        apiVersion: bitnami.com/v1alpha1
        kind: SealedSecret
        metadata: {name: db, namespace: shop}
        spec:
          encryptedData:
            password: correct-horse-battery  # <-

    Passes:
        apiVersion: bitnami.com/v1alpha1
        kind: SealedSecret
        metadata: {name: db, namespace: shop}
        spec:
          encryptedData:
            password: |
              AgBy3i4OJSWKPiTySYZZA9rO43cGDEq1AgBy3i4OJSWKPiTySYZZA9rO43cGDEq1AgBy3i4OJSWKPiTySYZZA9rO43cGDEq1
              AgBy3i4OJSWKPiTySYZZA9rO43cGDEq1AgBy3i4OJSWKPiTySYZZA9rO43cGDEq1AgBy3i4OJSWKPiTySYZZA9rO43cGDEq1
              AgBy3i4OJSWKPiTySYZZA9rO43cGDEq1AgBy3i4OJSWKPiTySYZZA9rO43cGDEq1AgBy3i4OJSWKPiTySYZZA9rO43cGDEq1
              AgBy3i4OJSWKPiTySYZZA9rO43cGDEq1AgBy3i4OJSWKPiTySYZZA9rO43cGDEq1

    References:
        https://github.com/bitnami-labs/sealed-secrets
    """
    for key, field in manifest.entries("spec", "encryptedData"):
        value = "".join(field.text().split())
        if value and not is_filled_in_later(value) and (len(value) < _SHORTEST or not re.fullmatch(_BASE64, value)):
            yield Violation(field, f"key {key} of {manifest} is not sealed")
