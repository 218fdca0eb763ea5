"""Built-in policy: label-key-invalid."""

from __future__ import annotations

import re
from functools import lru_cache

from gategit.checks.policy.api import Manifest, Violation, Violations, is_filled_in_later, policy

_KEY = re.compile(
    r"(?:(?=[^/]{1,253}/)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*/)?"
    r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
)
_PLACES = (("metadata",), ("spec", "template", "metadata"), ("spec", "jobTemplate", "spec", "template", "metadata"))


@policy(level="error", kinds=("*",))
def label_key_invalid(manifest: Manifest) -> Violations:
    """The keys of labels and annotations are such that the API server takes them.

    What it asks:
        A key is a name of at most 63 letters, digits, `-`, `_` and `.`, which begins and ends with a letter or digit,
        and may have a domain and one slash before it. Labels and annotations of an object and of its pod template are
        looked at.

    Why:
        The API server refuses the object, and the agent's sync stops there. The schema lets every key pass.

    How to fix:
        Write `example.com/team` for `example.com/shop/team`, and dashes for blanks.

    Fails:
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: web
          labels:
            my team: shop  # <-
          annotations:
            example.com/shop/team: web  # <-

    Passes:
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: web
          labels:
            my-team: shop
          annotations:
            example.com/team: web

    References:
        https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
    """
    value = manifest.value
    for place in _PLACES if "spec" in value else _PLACES[:1]:
        metadata = manifest.get(*place)
        if not isinstance(metadata, dict):
            continue
        for what in ("labels", "annotations"):
            keys = metadata.get(what)
            for key in keys if isinstance(keys, dict) else ():
                if not isinstance(key, str):
                    continue
                # The API server looks at an annotation's key in small letters.
                if not _is_key(key if what == "labels" else key.lower()) and not is_filled_in_later(key):
                    problem = f"{manifest} has the key {key[:80]} in its {what}, which is none"
                    yield Violation(manifest.field(*place, what, key), problem)


@lru_cache(4096)
def _is_key(key: str) -> bool:
    """The same few keys come all the time."""
    return _KEY.fullmatch(key) is not None
