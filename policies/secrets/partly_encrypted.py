"""Built-in policy: partly-encrypted."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy

_PUNCTUATION = str.maketrans("", "", "^$()")


@policy(level="error", kinds=("Secret",), security_severity=9.1, sensitive=True)
def partly_encrypted(manifest: Manifest) -> Violations:
    """A Secret that SOPS has encrypted holds no value in plain text.

    What it asks:
        In a Secret with the block `sops`, each value of `data` and `stringData` is encrypted (`ENC[…]`) or empty, as
        far as `encrypted_regex`, `unencrypted_regex` and their like of the block do not leave the key out. Of patterns
        only plain lists of names, such as `^(data|stringData)$`, are understood; with others nothing is judged.

    Why:
        A value that was edited or added without `sops` stays as it was typed. The file still looks encrypted, and the
        decryption fails in the cluster too, because the checksum over the file is no longer right.

    How to fix:
        First revoke the value where it is a credential: it is known now. Then edit the file with `sops edit FILE`,
        which encrypts what is new, and computes the checksum again.

    Fails:
        apiVersion: v1
        kind: Secret
        metadata: {name: db, namespace: shop}
        stringData:
          username: ENC[AES256_GCM,data:p673w==,iv:YY=,aad:UQ=,tag:A=,type:str]
          password: hunter2  # <-
        sops:
          version: 3.9.0
          encrypted_regex: ^(data|stringData)$

    Passes:
        apiVersion: v1
        kind: Secret
        metadata: {name: db, namespace: shop}
        stringData:
          username: ENC[AES256_GCM,data:p673w==,iv:YY=,aad:UQ=,tag:A=,type:str]
          password: ENC[AES256_GCM,data:z573w==,iv:YY=,aad:UQ=,tag:A=,type:str]
          empty: ""
        sops:
          version: 3.9.0
          encrypted_regex: ^(data|stringData)$

    References:
        https://getsops.io/docs/
        https://fluxcd.io/flux/guides/mozilla-sops/
    """
    if not isinstance(manifest.get("sops"), dict):
        return
    for group in ("data", "stringData"):
        for key, field in manifest.entries(group):
            value = field.text()
            if value and not value.startswith("ENC[") and _is_to_be_encrypted(manifest, group, key):
                yield Violation(field, f"key {key} of {manifest} is not encrypted, though the others are")


def _is_to_be_encrypted(manifest: Manifest, group: str, key: str) -> bool:
    """Whether the block ``sops`` says so: a path is encrypted where the rule matches any of its keys."""
    wanted, left_out = manifest.text("sops", "encrypted_regex"), manifest.text("sops", "unencrypted_regex")
    suffix, not_suffix = manifest.text("sops", "encrypted_suffix"), manifest.text("sops", "unencrypted_suffix")
    if wanted or left_out:
        names = _alternatives(wanted or left_out)
        return bool(names) and (group in names or key in names) is bool(wanted)
    if suffix:
        return group.endswith(suffix) or key.endswith(suffix)
    ending = not_suffix or "_unencrypted"
    return not (group.endswith(ending) or key.endswith(ending))


def _alternatives(pattern: str) -> list[str]:
    """The names that a pattern such as ``^(data|stringData)$`` stands for; none where it is less plain.

    The pattern comes from the manifest: whoever wrote it could make running it take for ever.
    """
    names = pattern.translate(_PUNCTUATION).split("|")
    return names if all(name.replace("-", "").replace("_", "").isalnum() for name in names) else []
