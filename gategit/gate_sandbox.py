"""A sandbox for people and their tests: filled with what the manifests declare, kept until it is not wanted."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gategit.declared_tree import DeclaredTree
from gategit.errors import UsageError
from gategit.manifests.secrecy import is_encrypted

if TYPE_CHECKING:
    from pathlib import Path

    from gategit.cluster.access import Access
    from gategit.cluster.snapshot import Snapshot
    from gategit.request import Request
    from gategit.sandbox.fill import Filled, Refused
    from gategit.supplied_definitions import Supplied


@dataclass(frozen=True, slots=True)
class FilledSandbox:
    """A sandbox that runs.

    Attributes:
        kubeconfig: how to reach it.
        version: the Kubernetes version that it says.
        notes: how it differs from the cluster that the manifests describe.
        refused: what it did not take.
    """

    kubeconfig: Path
    version: str
    notes: tuple[str, ...] = ()
    refused: tuple[Refused, ...] = ()


@contextmanager
def filled_sandbox(request: Request, say: Callable[[str], None]) -> Iterator[FilledSandbox]:
    """Run a sandbox with what the request's tree and snapshot hold, until the block ends.

    Args:
        request: the folder, the paths, the target, the snapshot, and how the programs are found.
        say: told in a few words what is being done.

    Raises:
        UsageError: the request cannot be met.
        ConfigError: the config or the snapshot cannot be used.
        UndecidedError: the sandbox does not come up.
    """
    from gategit.sandbox.assets import find_assets  # noqa: PLC0415  only a sandbox needs programs
    from gategit.sandbox.server import start  # noqa: PLC0415  the same

    snapshot = _snapshot(request)
    with DeclaredTree(request, say) as tree:
        targets = tree.targets()
        if len(targets) > 1:
            names = ", ".join(target.name for target in targets if target is not None)
            raise UsageError(f"the config has several targets: {names}", "name one with --target")
        placed = tree.objects(targets[0])
        objects = [one.data for one in placed]
        supplied = tree.supplied(targets[0], placed, snapshot)
        sealed = sum(1 for one in objects if is_encrypted(one))
        exported = snapshot.objects if snapshot is not None else ()
        present = [*exported, *supplied.definitions.values(), *objects]
        version = tree.version(targets[0]) or (snapshot.version if snapshot is not None else None)
        unread = [f"{one.what} was not looked at: {one.reason}" for one in tree.unread(targets[0])]
        assets = find_assets(version, request.assets, request.environment, tree.root)
    with start(assets, say=say) as sandbox:
        open_ones = [one for one in present if not is_encrypted(one)]
        filled, supplied = asyncio.run(_fill(sandbox.access, open_ones, supplied, say))
        notes = [*assets.notes, *supplied.said, *filled.notes, *unread]
        if sealed:
            notes.append(f"{sealed:,} encrypted with SOPS left out: only the agent can read them")
        yield FilledSandbox(sandbox.kubeconfig, sandbox.version, tuple(notes), filled.refused)


def _snapshot(request: Request) -> Snapshot | None:
    if request.snapshot is None:
        return None
    from gategit.cluster.snapshot import snapshot_of_option  # noqa: PLC0415  few runs have one

    return snapshot_of_option(request.snapshot)


async def _fill(
    access: Access, objects: Sequence[dict[str, Any]], supplied: Supplied, say: Callable[[str], None]
) -> tuple[Filled, Supplied]:
    """Fill the sandbox; what came of it, and what it serves of the supplied definitions."""
    from gategit.checks.dry_run.releases import Releases  # noqa: PLC0415  only a sandbox needs it
    from gategit.cluster.client import Client  # noqa: PLC0415  aiohttp costs what only a sandbox needs
    from gategit.cluster.discovery import discover  # noqa: PLC0415  the same
    from gategit.sandbox.fill import fill  # noqa: PLC0415  the same

    async with Client(access) as client:
        filled = await fill(client, objects, say)
        supplied, filled = supplied.in_sandbox(filled, await discover(client))
    releases = Releases(supplied.carried)
    refused = tuple(
        one if one.unserved else replace(one, message=releases.judged(one.object, one.message)[0])
        for one in filled.refused
    )
    return replace(filled, refused=refused), supplied


def run_command(command: Sequence[str], kubeconfig: Path) -> int:
    """Run a person's own command, in the person's own environment, with KUBECONFIG set; its exit code.

    Ctrl-C is for the command: what it answers is waited for.

    Raises:
        UsageError: there is no such command, or it cannot be run.
    """
    # A handler, which unlike SIG_IGN is not passed on; and before the start, so that no moment is without it.
    before = signal.signal(signal.SIGINT, _leave_it_to_the_command)
    try:
        code = subprocess.Popen(list(command), env={**os.environ, "KUBECONFIG": str(kubeconfig)}).wait()
    except OSError as error:
        raise UsageError(f"{command[0]} cannot be run: {error.strerror or error}") from None
    finally:
        signal.signal(signal.SIGINT, before)
    # As shells write the end by a signal.
    return 128 - code if code < 0 else code


def _leave_it_to_the_command(*_: object) -> None:
    """Do nothing: the terminal sends the signal to the command as well."""


def wait_for_end() -> None:
    """Wait for Ctrl-C."""
    with suppress(KeyboardInterrupt):
        threading.Event().wait()
