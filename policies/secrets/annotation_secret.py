"""Built-in policy: annotation-secret."""

from __future__ import annotations

from functools import lru_cache

from gategit.checks.policy.api import (
    Manifest,
    Violation,
    Violations,
    credential_in_text,
    is_filled_in_later,
    named_credential,
    policy,
    token_in,
)

_TEMPLATE = ("spec", "template", "metadata")
_TEMPLATES = {"batch/CronJob": ("spec", "jobTemplate", *_TEMPLATE), "Pod": ("template",)}
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


@policy(level="error", kinds=("*",), security_severity=9.1, sensitive=True)
def annotation_secret(manifest: Manifest) -> Violations:
    """No label or annotation holds a credential.

    What it asks:
        No value of an object's or a pod template's labels and annotations is a credential: one under a name such as
        `password` or `example.com/api-token`, or in JSON that is the value. A Secret has no annotation
        `kubectl.kubernetes.io/last-applied-configuration`, which holds all of its values. What shows by its shape alone
        is left to `known-token`.

    Why:
        What is in git stays in git, and everyone who can read the repository has the credential. Labels and annotations
        are shown everywhere: in lists, in metrics and in logs, also to those who may not read Secrets.

    How to fix:
        First revoke the credential: it is known now. Then keep the new one in a Secret and write the Secret's name into
        the annotation. Take the annotation of `kubectl apply` out of what was exported from a cluster.

    Fails:
        apiVersion: v1
        kind: Service
        metadata:
          name: web
          namespace: shop
          annotations:
            monitoring.example.com/password: correct-horse-battery  # <-

    Fails (exported from a cluster):
        apiVersion: v1
        kind: Secret
        metadata:
          name: web
          namespace: shop
          annotations:
            kubectl.kubernetes.io/last-applied-configuration: |  # <-
              {"apiVersion": "v1", "kind": "Secret", "data": {"a": "Yg=="}, "metadata": {"name": "web"}}

    Passes:
        apiVersion: v1
        kind: Service
        metadata:
          name: web
          namespace: shop
          annotations:
            monitoring.example.com/password-secret: web-monitoring
            checksum/token: 0d4a1c1c5a2f6f1b3ef8a3f8d8e5f6c2a7b9c0d1e2f30415263748596a7b8c9d

    References:
        https://kubernetes.io/docs/concepts/security/secrets-good-practices/
    """
    for path in (("metadata",), _TEMPLATES.get(manifest.group_kind, _TEMPLATE)):
        for kind in ("labels", "annotations"):
            entries = manifest.get(*path, kind)
            if not isinstance(entries, dict):
                continue
            for key, value in entries.items():
                if not isinstance(value, str) or not isinstance(key, str) or not _is_worth_a_look(key, value):
                    continue
                what = _credential(manifest, key, value)
                if what:
                    message = f"{kind[:-1]} {key} of {manifest} holds {what} in plain text"
                    yield Violation(manifest.field(*path, kind, key), message)


def _is_worth_a_look(key: str, value: str) -> bool:
    return _says_something(key) or "{" in value or "\n" in value


@lru_cache(4096)
def _says_something(key: str) -> bool:
    """Whether a key has to do with credentials. The same few come all the time."""
    small = key.lower()
    return any(word in small for word in ("pass", "pwd", "secret", "token", "key", "credential", "auth", "salt"))


def _credential(manifest: Manifest, key: str, value: str) -> str:
    if key == _LAST_APPLIED and manifest.group_kind == "Secret":
        has_values = '"data"' in value or '"stringData"' in value
        return "the Secret's values" if has_values and not is_filled_in_later(value) else ""
    prefix, _, name = key.rpartition("/")
    if "checksum" in prefix or prefix.endswith("hash"):
        return ""
    if named_credential(name, value, is_setting=True) and not _is_name_of_an_object(value):
        return "" if token_in(value) else "a credential"
    within = credential_in_text(value) if "{" in value or "\n" in value else ""
    return f"a credential under {within}" if within and not token_in(value) else ""


def _is_name_of_an_object(value: str) -> bool:
    """Whether it may be the name of a Secret, with its namespace: what most such annotations hold."""
    namespace, _, name = value.rpartition("/")
    return bool(namespace) and all(part.replace("-", "").isalnum() for part in (namespace, name))
