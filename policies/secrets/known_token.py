"""Built-in policy: known-token."""

from __future__ import annotations

from gategit.checks.policy.api import (
    WORKLOADS,
    Field,
    Manifest,
    Violation,
    Violations,
    long_strings,
    policy,
    strings_below,
    token_in,
)

_SHORTEST = 14  # the shortest URL with a password


@policy(level="error", kinds=("*",), security_severity=9.1, sensitive=True)
def known_token(manifest: Manifest) -> Violations:
    """No object holds what is a credential by its shape alone.

    What it asks:
        No string of any object, wherever it stands, holds a private key, a token with the known shape of a cloud, a
        source forge, a registry, a chat or a payment service, a JSON web token, or a URL with a password. Tokens with
        `EXAMPLE` in them and made-up ones (`user:password@`) pass, and so does the id of an AWS access key under the
        name of one (`accessKeyID`). Values of Secrets and of environment variables are left to `plaintext-secret`,
        which looks for more there.

    Why:
        What is in git stays in git, and everyone who can read the repository has the credential. These shapes are what
        scanners of public repositories look for, and what they find is tried within minutes.

    How to fix:
        First revoke the credential: it is known now. Then keep the new one in a Secret that is not in the repository in
        plain text (an ExternalSecret, a SealedSecret, SOPS), and refer to it.

    Fails:
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: web, namespace: shop}
        data:
          database: postgres://shop:correct-horse@db/shop  # <-

    Fails (any field of any object):
        apiVersion: source.toolkit.fluxcd.io/v1
        kind: GitRepository
        metadata: {name: web, namespace: shop}
        spec:
          interval: 5m
          url: https://bot:correct-horse@git.example.com/shop/web  # <-

    Passes:
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: web, namespace: shop}
        data:
          database: postgres://shop:${DB_PASSWORD}@db/shop
          example: postgres://user:password@localhost/db
          image: registry.example.com/web@sha256:0d4a1c1c5a2f6f1b3ef8a3f8d8e5f6c2a7b9c0d1e2f30415263748596a7b8c9d

    References:
        https://kubernetes.io/docs/concepts/security/secrets-good-practices/
    """
    strings = long_strings(manifest.value, _SHORTEST)
    if not any(map(token_in, strings)):
        return
    kind = manifest.group_kind
    for name, field in strings_below(manifest):
        what = token_in(field.value)
        if what and not _is_judged_elsewhere(kind, field) and not _is_id(name, what):
            yield Violation(field, f"{manifest} holds {what} in plain text")


def _is_id(name: str, what: str) -> bool:
    """Whether it is the half of an AWS access key that is no secret, where that is asked for (``accessKeyID``)."""
    return what == "an AWS access key" and name.lower().endswith("id")


def _is_judged_elsewhere(kind: str, field: Field) -> bool:
    """Whether plaintext-secret looks at the field."""
    path = field.path
    if kind == "Secret":
        return path[0] in ("data", "stringData")
    return kind in WORKLOADS and len(path) > 3 and path[-3] == "env" and path[-1] == "value"
