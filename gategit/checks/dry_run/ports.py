"""Ports that a client-side apply takes for one: the patch that it sends knows them by their number alone.

So of the ports 53 of TCP and of UDP one goes along with the other, or takes its place. What comes of it depends on the
order of both lists; kubectl and Helm share the fault. It is not worked out here, it is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from gategit.checks.dry_run.paths import pod_spec, value_at
from gategit.checks.dry_run.values import Problem
from gategit.model import FieldPath

_API_WARNING: Final = "api-warning"
_MESSAGE = (
    "a client-side apply, as the live object's manager does it, takes ports of the same number for one: "
    "it may lose one of these, whatever the manifest says"
)
_HELP = "let the agent apply server-side, or look at the live object after the change"


def mistaken_ports(new: Mapping[str, Any], before: Mapping[str, Any]) -> tuple[Problem, ...]:
    """A warning for each list of ports that the change touches and in which a number repeats.

    Args:
        new: the manifest.
        before: the manifest as it was applied last.
    """
    return tuple(
        Problem(_API_WARNING, _MESSAGE, path, _HELP)
        for path, key in _lists(new)
        if (_repeats(value_at(new, path), key) or _repeats(value_at(before, path), key))
        and value_at(new, path) != value_at(before, path)
    )


def _lists(manifest: Mapping[str, Any]) -> Iterator[tuple[FieldPath, str]]:
    """Where a manifest has ports, and by what their patch knows them."""
    if manifest.get("kind") == "Service":
        yield ("spec", "ports"), "port"
    pod = pod_spec(manifest)
    for name in ("initContainers", "containers") if pod is not None else ():
        containers = value_at(manifest, (*(pod or ()), name))
        for index in range(len(containers) if isinstance(containers, list) else 0):
            yield (*(pod or ()), name, index, "ports"), "containerPort"


def _repeats(ports: Any, key: str) -> bool:
    numbers = [str(port.get(key)) for port in (ports if isinstance(ports, list) else ()) if isinstance(port, dict)]
    return len(set(numbers)) < len(numbers)
