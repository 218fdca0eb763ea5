"""JSON Patches (RFC 6902) that a project applies to its definitions before it releases them."""

from __future__ import annotations

import copy
from typing import Any

from tools.schemas.errors import SchemasError


def patched(data: Any, patch: Any, name: str) -> Any:
    """A copy of ``data`` with a patch applied, which may add, remove and replace.

    Args:
        data: what is patched.
        patch: the patch's operations.
        name: what to call the patch.

    Raises:
        SchemasError: the patch does not fit, or holds an operation that is not known here.
    """
    found = copy.deepcopy(data)
    if not isinstance(patch, list):
        raise SchemasError(f"{name} is not a JSON Patch")
    for operation in patch:
        steps = [step.replace("~1", "/").replace("~0", "~") for step in operation["path"].split("/")[1:]]
        try:
            _apply(found, steps, operation)
        except (LookupError, TypeError, ValueError):
            raise SchemasError(f"{name} does not fit: {operation['op']} {operation['path']}") from None
    return found


def _apply(data: Any, steps: list[str], operation: dict[str, Any]) -> None:
    for step in steps[:-1]:
        data = data[int(step)] if isinstance(data, list) else data[step]
    last: Any = steps[-1]
    adds = operation["op"] == "add"
    if isinstance(data, list):
        last = len(data) if last == "-" and adds else int(last)
        if adds:
            data.insert(last, operation["value"])
            return
    elif not adds and last not in data:
        raise KeyError(last)
    if operation["op"] in ("add", "replace"):
        data[last] = operation["value"]
    elif operation["op"] == "remove":
        del data[last]
    else:
        raise ValueError
