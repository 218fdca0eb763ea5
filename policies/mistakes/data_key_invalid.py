"""Built-in policy: data-key-invalid."""

from __future__ import annotations

import re

from gategit.checks.policy.api import Manifest, Violation, Violations, is_filled_in_later, policy

_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")


@policy(level="error", kinds=("ConfigMap", "Secret"))
def data_key_invalid(manifest: Manifest) -> Violations:
    """The keys of a ConfigMap or a Secret are such that the API server takes them.

    What it asks:
        Each key of `data`, `binaryData` and `stringData` has at most 253 letters, digits, `-`, `_` and `.`, and is
        neither `.` nor `..` nor begins with `..`. No key is in both `data` and `binaryData` of a ConfigMap.

    Why:
        A key becomes the name of a file, so the API server refuses blanks, slashes and the like, and the agent's sync
        stops there. The schema lets them pass.

    How to fix:
        Write the path with other characters, `conf.d_web.conf` for `conf.d/web.conf`, and give the file its
        real path with `items` of the volume.

    Fails:
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: web, namespace: shop}
        data:
          conf.d/web.conf: server {}  # <-

    Fails (twice):
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: web, namespace: shop}
        data:
          logo: text
        binaryData:
          logo: iVBORw0KGgo=  # <-

    Passes:
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: web, namespace: shop}
        data:
          conf.d_web.conf: server {}

    References:
        https://kubernetes.io/docs/concepts/configuration/configmap/#configmap-object
    """
    for part in ("data", "binaryData", "stringData"):
        data = manifest.get(part)
        if not isinstance(data, dict):
            continue
        for key in data:
            if not isinstance(key, str):
                continue
            if not _KEY.fullmatch(key) or key == "." or key.startswith(".."):
                if not is_filled_in_later(key):
                    yield Violation(
                        manifest.field(part, key), f"{manifest} has the key {key[:80]}, which no file can have"
                    )
            elif part == "binaryData" and manifest.has("data", key):
                yield Violation(manifest.field(part, key), f"{manifest} has the key {key} in data and in binaryData")
