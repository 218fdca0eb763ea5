"""What a sandbox is given before the rest is asked for: the Namespaces and definitions that the change brings.

They are the only objects that are really written, and only to a server that is ours: it accepted them as a dry run
before, and what needs them could not be asked for without.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Final

from gategit.checks.dry_run.line import APPLY_PATCH, Line
from gategit.checks.dry_run.managers import OURS
from gategit.checks.dry_run.plan import group_kind
from gategit.checks.dry_run.values import Outcome
from gategit.cluster.discovery import Discovery, discover
from gategit.cluster.together import together

NAMESPACE: Final = ("", "Namespace")
DEFINITION: Final = ("apiextensions.k8s.io", "CustomResourceDefinition")
_WITHIN = 20.0
_LOOK_AGAIN = 0.05
_SETTLES = 0.5


async def prepare(line: Line, discovery: Discovery, outcomes: Iterable[Outcome]) -> Discovery:
    """Write what was accepted of Namespaces and definitions, and wait until the server serves the new kinds.

    Args:
        line: to the sandbox.
        discovery: what it has served so far.
        outcomes: what came of asking for them.

    Returns:
        What it serves now. What it does not take after all is missing from that.

    Raises:
        ClusterError: it does not answer any more.
    """
    accepted = [one for one in outcomes if one.after is not None and one.change.new is not None]
    written = await together(_write(line, discovery, outcome) for outcome in accepted)
    kinds = {kind for found in written for kind in found}
    if not kinds:
        return discovery
    if any(one.live is not None and group_kind(one.change.manifest) == DEFINITION for one in accepted):
        # Nothing shows when the server has seen by itself that a definition it serves is another one now.
        await asyncio.sleep(_SETTLES)
    loop = asyncio.get_running_loop()
    ends = loop.time() + _WITHIN
    discovery = await discover(line.client)
    while loop.time() < ends and any(discovery.find(*kind) is None for kind in kinds):
        await asyncio.sleep(_LOOK_AGAIN)
        discovery = await discover(line.client)
    return discovery


async def _write(line: Line, discovery: Discovery, outcome: Outcome) -> set[tuple[str, str]]:
    """Write one object; the API versions and kinds that come with it."""
    manifest, after = outcome.change.manifest, outcome.after
    resource = discovery.find(manifest.api_version, manifest.kind)
    if resource is None or after is None:
        return set()
    path = resource.path(None, manifest.name)
    query = {"fieldManager": outcome.manager or OURS}
    after = _without_conversion(after)
    if outcome.live is None:
        query["force"] = "true"
        body = _without_conversion(manifest.data)
        answer = await line.send("PATCH", path, query=query, body=body, content_type=APPLY_PATCH)
    else:
        metadata = {name: value for name, value in after["metadata"].items() if name != "managedFields"}
        answer = await line.send("PUT", path, query=query, body={**after, "metadata": metadata})
    if not answer.ok:
        return set()
    if group_kind(manifest) == DEFINITION:
        await _wait_until_established(line, path)
        return _served(after)
    # A controller would make it, and without it the server admits no Pod.
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
    await line.send("POST", f"{path}/serviceaccounts", body=account, retry=False)
    return set()


def _without_conversion(definition: dict[str, Any]) -> dict[str, Any]:
    """A definition whose versions are converted by nobody.

    A webhook would be asked by the sandbox, and so by this machine, at whatever address the change names.
    """
    spec = definition.get("spec")
    if not isinstance(spec, dict) or "conversion" not in spec:
        return definition
    return {**definition, "spec": {**spec, "conversion": {"strategy": "None"}}}


async def _wait_until_established(line: Line, path: str) -> None:
    loop = asyncio.get_running_loop()
    ends = loop.time() + _WITHIN
    while loop.time() < ends:
        answer = await line.send("GET", path)
        if answer.ok and _is_established(answer.data):
            return
        await asyncio.sleep(_LOOK_AGAIN)


def _is_established(definition: Any) -> bool:
    status = definition.get("status") if isinstance(definition, dict) else None
    conditions = status.get("conditions") if isinstance(status, dict) else None
    return any(
        isinstance(one, dict) and one.get("type") == "Established" and one.get("status") == "True"
        for one in (conditions if isinstance(conditions, list) else ())
    )


def _served(definition: Mapping[str, Any]) -> set[tuple[str, str]]:
    """The API versions and kinds that an accepted definition serves."""
    spec = definition["spec"]
    served = [version["name"] for version in spec["versions"] if version["served"]]
    return {(f"{spec['group']}/{version}", spec["names"]["kind"]) for version in served}
