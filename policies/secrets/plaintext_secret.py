"""Built-in policy: plaintext-secret."""

from __future__ import annotations

import binascii

from gategit.checks.policy.api import (
    WORKLOADS,
    Field,
    Manifest,
    Violation,
    Violations,
    credential_in_text,
    is_filled_in_later,
    named_credential,
    policy,
    token_in,
)

_LONGEST = 65536  # how much of a value is looked at


@policy(
    level="error",
    kinds=("Secret", *WORKLOADS),
    security_severity=9.1,
    sensitive=True,
)
def plaintext_secret(manifest: Manifest) -> Violations:
    """No credential stands in the repository in plain text.

    What it asks:
        No value of a Secret's `data` or `stringData`, and no environment variable's `value`, is a credential in plain
        text: one under a name such as `password`, `API_KEY` or `authToken`, or one with the shape of a known
        credential (private keys, cloud and source-forge tokens, JSON web tokens, passwords in URLs), nor a config
        file with a credential in one of its lines. Base64 is plain text. Values encrypted by SOPS, SealedSecrets,
        ExternalSecrets, references (`valueFrom`), hashes and placeholders (`${PASSWORD}`, `<password>`, `changeme`)
        pass.

    Why:
        What is in git stays in git: in each clone, in each fork, in the history after it is removed. Everyone who can
        read the repository has the credential, and so does everyone who will.

    How to fix:
        First revoke the credential: it is known now. Then keep the new one elsewhere: as an ExternalSecret, as a
        SealedSecret, encrypted by SOPS, or in a Secret that the repository only refers to with `valueFrom`.

    Fails:
        apiVersion: v1
        kind: Secret
        metadata: {name: db, namespace: shop}
        stringData:
          username: shop
          password: correct-horse-battery  # <-
        data:
          api-key: aHVudGVyMi1odW50ZXIy  # <-

    Fails (an environment variable):
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2
                  env:
                    - name: DB_PASSWORD
                      value: correct-horse-battery  # <-
                    - name: DATABASE_URL
                      value: postgres://shop:correct-horse@db/shop  # <-
                    - name: TOKEN_FILE
                      value: /run/secrets/token

    Passes:
        apiVersion: v1
        kind: Secret
        metadata: {name: db, namespace: shop}
        stringData:
          username: shop
          password: ENC[AES256_GCM,data:p673w==,iv:YY=,aad:UQ=,tag:A=,type:str]
        sops:
          version: 3.9.0

    Passes (a reference):
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2
                  env:
                    - name: DB_PASSWORD
                      valueFrom: {secretKeyRef: {name: db, key: password}}
                    - name: API_TOKEN
                      value: ${API_TOKEN}

    References:
        https://kubernetes.io/docs/concepts/security/secrets-good-practices/
        https://fluxcd.io/flux/security/secrets-management/
        https://argo-cd.readthedocs.io/en/stable/operator-manual/secret-management/
    """
    if manifest.group_kind == "Secret":
        yield from _secret(manifest)
        return
    workload = manifest.workload
    for container in workload.containers if workload is not None else ():
        for variable in container.env:
            name, value = variable.text("name"), variable.text("value")
            if not value:
                continue
            what = _credential(name, value, is_secret=False)
            if what:
                message = f"environment variable {name} of {container} holds {what} in plain text"
                yield Violation(variable.field("value"), message)


def _secret(manifest: Manifest) -> Violations:
    for name, field in (*manifest.entries("data"), *manifest.entries("stringData")):
        value = _plain(field)
        what = _credential(name, value, is_secret=True) if value else ""
        if what:
            yield Violation(field, f"key {name} of Secret {manifest.name} holds {what} in plain text")


def _plain(field: Field) -> str:
    """A Secret's value as its reader gets it; "" where it is none."""
    text = field.text()[: 2 * _LONGEST]
    if field.path[0] != "data" or is_filled_in_later(text) or text.startswith(("ENC[", "<")):
        return text
    try:
        return binascii.a2b_base64("".join(text.split()), strict_mode=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""


def _credential(name: str, value: str, *, is_secret: bool) -> str:
    """What kind of credential the value is, "" where it is none. The value itself is never part of a message."""
    value = value[:_LONGEST].strip()
    token = token_in(value)
    if token:
        return token
    if name == ".dockerconfigjson":
        return "a registry password" if '"auth"' in value or '"password"' in value else ""
    if named_credential(name, value, certain=is_secret):
        return "a credential"
    if "\n" in value or "{" in value:
        within = credential_in_text(value)
        return f"a credential under {within}" if within else ""
    return ""
