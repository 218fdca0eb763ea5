"""Built-in policy: plaintext-secret."""

from __future__ import annotations

import binascii
import re
from functools import lru_cache

from gategit.checks.policy.api import WORKLOADS, Field, Manifest, Violation, Violations, policy

_LONGEST = 65536  # how much of a value is looked at

_SHAPES = (
    ("a private key", re.compile(r"-----BEGIN (?:RSA |EC |DSA |OPENSSH |PGP )?PRIVATE KEY(?: BLOCK)?-----")),
    ("an AWS access key", re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b")),
    ("a GitHub token", re.compile(r"\b(?:gh[oprsu]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{40})")),
    ("a GitLab token", re.compile(r"\bglpat-[A-Za-z0-9_-]{20}")),
    ("a Slack token", re.compile(r"\bxox[abeoprs]-[A-Za-z0-9-]{20}")),
    ("a Google API key", re.compile(r"\bAIza[A-Za-z0-9_-]{35}")),
    ("a Stripe key", re.compile(r"\b[rs]k_live_[A-Za-z0-9]{20}")),
    ("a SendGrid key", re.compile(r"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}")),
    ("an npm token", re.compile(r"\bnpm_[A-Za-z0-9]{36}")),
    ("a Vault token", re.compile(r"\bhvs\.[A-Za-z0-9_-]{24}")),
    ("an age key", re.compile(r"\bAGE-SECRET-KEY-1[A-Z0-9]{50}")),
    ("a JSON web token", re.compile(r"\beyJ[A-Za-z0-9_-]{10,500}\.eyJ[A-Za-z0-9_-]{10,4000}\.[A-Za-z0-9_-]{16}")),
)
_ANY_SHAPE = re.compile("|".join(f"(?:{shape.pattern})" for _, shape in _SHAPES))
_SHORTEST_SHAPE = 20
_URL_PASSWORD = re.compile(r"\b[a-z][a-z0-9+.-]{1,30}://[^\s:/@]{0,100}:([^\s/@]{3,200})@[^\s/]")

_NAME_SAYS_CREDENTIAL = re.compile(
    r"(?:password|passwd|passphrase|token|apikey|privatekey|"
    r"(?:^|_)(?:pwd|pass|api_key|access_key|secret_key|secret_key_base|private_key|signing_key|encryption_key|"
    r"master_key|auth_key|client_secret|jwt_secret|session_secret|webhook_secret|app_secret|credentials?))"
    r"(?:_?\d{1,3})?$"
)
_NAME_MAY_SAY_CREDENTIAL = re.compile(r"(?:^|_)secret(?:_?\d{1,3})?$")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NOT_A_LETTER_OR_DIGIT = re.compile(r"[^a-z0-9]+")

_PLACEHOLDER = re.compile(
    r"""
      .{0,2} | true | false | null | none | nil | yes | no          # a switch, or nothing to speak of
    | .*\$\{.* | .*\$\(.* | .*\{\{.* | \$[A-Za-z_][A-Za-z0-9_]* | <.*> | \[.*\] | %.*%   # something fills it in
    | (?:.*[^a-z])?(?:change|replace|fill|insert)[-_ ]?(?:me|this|it|in|here)(?:[^a-z].*)?
    | (?:.*[^a-z])?(?:your|my|some|the)[-_ ].*(?:here|goes|password|token|key|secret)
    | (?:.*[^a-z])?(?:todo|tbd|fixme|redacted|placeholder|dummy|example|sample|fake|notused|unused)(?:[^a-z].*)?
    | [x*.#_-]+ | \.\.\.
    | (?:vault|ref\+[a-z]+|op|secretref|awssm|gcpsm|azurekv|bao|file|akv|ssm|env):.*         # says where it is
    | arn:aws:.* | projects/.*/secrets/.* | avp\.kubernetes\.io.*
    | \$2[abxy]\$.* | \$argon2.* | \$[156]\$.* | \{SSHA?\d*\}.* | \$apr1\$.*               # a hash
    | /[A-Za-z0-9._/-]+ | \./.*                                                            # a path
    """,
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_ENCRYPTED = ("ENC[", "$ANSIBLE_VAULT", "-----BEGIN AGE ENCRYPTED FILE", "-----BEGIN PGP MESSAGE")


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
        credential (private keys, cloud and source-forge tokens, JSON web tokens, passwords in URLs). Base64 is plain
        text. Values encrypted by SOPS, SealedSecrets, ExternalSecrets, references (`valueFrom`), hashes and
        placeholders (`${PASSWORD}`, `<password>`, `changeme`) pass.

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
    if field.path[0] != "data" or text.startswith(_ENCRYPTED) or "${" in text or "{{" in text or text.startswith("<"):
        return text
    try:
        return binascii.a2b_base64("".join(text.split()), strict_mode=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""


def _credential(name: str, value: str, *, is_secret: bool) -> str:
    """What kind of credential the value is, "" where it is none. The value itself is never part of a message."""
    value = value[:_LONGEST].strip()
    if value.startswith(_ENCRYPTED):
        return ""
    shape = _shape(value)
    if shape:
        return shape
    if name == ".dockerconfigjson":
        return "a registry password" if '"auth"' in value or '"password"' in value else ""
    says, may_say = _what_the_name_says(name)
    is_credential = says or (may_say and (is_secret or _looks_random(value)))
    return "a credential" if is_credential and not _PLACEHOLDER.fullmatch(value[:500]) else ""


@lru_cache(4096)
def _what_the_name_says(name: str) -> tuple[bool, bool]:
    """Whether a name says that its value is a credential, and whether it may. The same few names come all the time."""
    words = _NOT_A_LETTER_OR_DIGIT.sub("_", _CAMEL.sub("_", name[:200]).lower()).strip("_")
    return _NAME_SAYS_CREDENTIAL.search(words) is not None, _NAME_MAY_SAY_CREDENTIAL.search(words) is not None


def _shape(value: str) -> str:
    """Which known kind of credential stands in the value, "" where none does. Documentation's own examples pass."""
    if len(value) >= _SHORTEST_SHAPE and _ANY_SHAPE.search(value):
        for what, shape in _SHAPES:
            match = shape.search(value)
            if match is not None and "EXAMPLE" not in match.group():
                return what
    match = _URL_PASSWORD.search(value) if "@" in value else None
    return "a URL with a password" if match is not None and not _PLACEHOLDER.fullmatch(match.group(1)) else ""


def _looks_random(value: str) -> bool:
    """Whether a value is a long run of mixed characters, not words: another Secret's name is words."""
    if len(value) < 16 or " " in value:
        return False
    kinds = (any(c.isdigit() for c in value), any(c.islower() for c in value), any(c.isupper() for c in value))
    return sum(kinds) == len(kinds) and len(set(value)) >= len(value) // 3
