"""What of a Secret may be shown: only what is known to be no secret."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from gategit.model import FieldPath

Hide = Callable[[FieldPath, Any], Any]
"""Gives what is shown in place of the value of a field."""

SEALED: Final = "ENC["
"""What begins a value that SOPS encrypted."""

_DECLARED = re.compile(r"""\bkind["']?\s*:\s*["']?Secret(List)?\b""")
_SHOWN = frozenset({"apiVersion", "kind", "type", "immutable", "metadata"})
# Tools keep copies of the whole object in an annotation: kubectl, kapp, Rancher, Argo CD's plugins, Banzai's operators.
_COPY = re.compile(r"(^|[/.-])(last-applied(-configuration)?|original|applied)\Z", re.IGNORECASE)


def holds_secrets(kind: str) -> bool:
    """Whether the values of a kind's objects are secret."""
    return kind.casefold() in {"secret", "secretlist"}


def is_encrypted(data: dict[str, Any]) -> bool:
    """Whether SOPS encrypted an object: only the agent can read it, and a server would not take what stands there."""
    return isinstance(data.get("sops"), dict)


def declares_secret(text: str) -> bool:
    """Whether a text that cannot be read looks as if it declared a Secret."""
    return _DECLARED.search(text) is not None


def is_secret(kind: str, path: FieldPath) -> bool:
    """Whether what stands at a path of an object is, or holds, what must not be shown."""
    return holds_secrets(kind) and not (path and path[0] in _SHOWN)


def mask(kind: str, path: FieldPath, value: Any, hide: Hide) -> tuple[Any, bool]:
    """Take out what must not be shown of a value.

    Args:
        kind: the object's kind.
        path: where the value stands in the object.
        value: plain data.
        hide: what to put in the place of each secret value in it.

    Returns:
        What may be shown, and whether nothing is left of the value.
    """
    if not holds_secrets(kind) or (path and path[0] in _SHOWN and path[0] != "metadata"):
        return value, False
    copied = any(isinstance(step, str) and _COPY.search(step) for step in path)
    if copied or (not path and not isinstance(value, dict)):
        return hide(path, value), True
    # A misspelt ``dta`` holds the same passwords as ``data``.
    if path and path[0] != "metadata":
        return _mask_leaves(path, value, hide), not isinstance(value, (dict, list))
    if isinstance(value, dict):
        return {key: mask(kind, (*path, key), part, hide)[0] for key, part in value.items()}, False
    return value, False


def _mask_leaves(path: FieldPath, value: Any, hide: Hide) -> Any:
    if isinstance(value, dict):
        return {key: _mask_leaves((*path, key), part, hide) for key, part in value.items()}
    if isinstance(value, list):
        return [_mask_leaves((*path, index), part, hide) for index, part in enumerate(value)]
    return hide(path, value)
