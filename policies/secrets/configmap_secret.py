"""Built-in policy: configmap-secret."""

from __future__ import annotations

from gategit.checks.policy.api import (
    Manifest,
    Violation,
    Violations,
    credential_in_text,
    named_credential,
    policy,
    token_in,
)


@policy(level="error", kinds=("ConfigMap",), security_severity=9.1, sensitive=True)
def configmap_secret(manifest: Manifest) -> Violations:
    """No ConfigMap holds a credential.

    What it asks:
        No value of a ConfigMap's `data` is a credential: one under a name such as `password`, `API_KEY` or `authToken`,
        be it the key itself or a name in the config file that is the value (`key = value` lines, JSON, YAML, INI, XML,
        scripts). In such a file plain words, expressions, paths and comments are not taken for credentials.
        Placeholders, variables, hashes and encrypted values pass. What shows by its shape alone is left to
        `known-token`.

    Why:
        What is in git stays in git, and everyone who can read the repository has the credential. A ConfigMap is not
        even kept as a Secret is: everyone who may look at the namespace reads it, and it is printed in logs and
        dashboards.

    How to fix:
        First revoke the credential: it is known now. Put the new one into a Secret that the repository does not hold in
        plain text, and let the program read it from an environment variable or a file; most config formats can refer to
        one.

    Fails:
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: web, namespace: shop}
        data:
          DB_PASSWORD: correct-horse-battery  # <-
          app.ini: |  # <-
            [database]
            user = shop
            password = correct-horse-battery

    Passes:
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: web, namespace: shop}
        data:
          DB_PASSWORD_FILE: /run/secrets/db
          app.ini: |
            [database]
            user = shop
            password = ${DB_PASSWORD}
            # password = as the wiki says
            token_lifetime = 3600

    References:
        https://kubernetes.io/docs/concepts/security/secrets-good-practices/
    """
    data = manifest.get("data")
    for name, value in data.items() if isinstance(data, dict) else ():
        if not isinstance(value, str) or not isinstance(name, str):
            continue
        what = "a credential" if "\n" not in value.strip() and named_credential(name, value) else ""
        if not what:
            within = credential_in_text(value)
            what = f"a credential under {within}" if within else ""
        if what and not token_in(value):
            yield Violation(manifest.field("data", name), f"key {name} of {manifest} holds {what} in plain text")
