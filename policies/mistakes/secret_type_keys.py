"""Built-in policy: secret-type-keys."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy

_KEYS = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}
_TOKEN = "kubernetes.io/service-account-token"  # noqa: S105  a type of Secrets, no secret
_ACCOUNT = "kubernetes.io/service-account.name"


@policy(level="error", kinds=("Secret",))
def secret_type_keys(secret: Manifest) -> Violations:
    """A Secret holds the keys that its type asks for.

    What it asks:
        A Secret of type `kubernetes.io/tls` has `tls.crt` and `tls.key`; one of `kubernetes.io/dockerconfigjson` has
        `.dockerconfigjson`; one of `kubernetes.io/ssh-auth` has `ssh-privatekey`; one of `kubernetes.io/basic-auth` has
        `username` or `password`; and `kubernetes.io/service-account-token` names its account in an annotation.

    Why:
        The API server refuses a Secret without them, and the agent's sync stops there. The schema lets it pass.

    How to fix:
        Add the key that is missing, or set `type: Opaque`, which asks for nothing.

    Fails:
        apiVersion: v1
        kind: Secret
        metadata: {name: web-tls, namespace: shop}
        type: kubernetes.io/tls  # <-
        stringData:
          tls.crt: ENC[AES256_GCM,data:p673w==,type:str]

    Passes:
        apiVersion: v1
        kind: Secret
        metadata: {name: web-tls, namespace: shop}
        type: kubernetes.io/tls
        stringData:
          tls.crt: ENC[AES256_GCM,data:p673w==,type:str]
          tls.key: ENC[AES256_GCM,data:k2m8q==,type:str]

    References:
        https://kubernetes.io/docs/concepts/configuration/secret/#secret-types
    """
    kind = secret.get("type")
    if not isinstance(kind, str) or not kind.startswith("kubernetes.io/"):
        return
    keys = {key for part in ("data", "stringData") for key, _ in secret.entries(part)}
    missing = [key for key in _KEYS.get(kind, ()) if key not in keys]
    if kind == "kubernetes.io/basic-auth" and not keys & {"username", "password"}:
        missing = ["username"]
    if missing:
        yield Violation(secret.field("type"), f"{secret} of type {kind} has no key {' and no '.join(missing)}")
    if kind == _TOKEN and not secret.text("metadata", "annotations", _ACCOUNT):
        yield Violation(secret.field("type"), f"{secret} of type {kind} has no annotation {_ACCOUNT}")
