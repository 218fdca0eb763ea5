"""Manifests that no agent deploys, in a repository that agents deploy from."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from gategit.model import Level, Location
from gategit.render.values import RenderProblem
from gategit.render.wiring_rules import ORPHAN_FILE

_OFF_STAGE: Final = frozenset(
    {
        *("docs", "doc", "documentation", "examples", "example", "samples", "demo", "hack", "scripts", "tools"),
        *("test", "tests", "testdata", "fixtures", "e2e", "ci", "crds", "crd", "schemas", "bootstrap", "archive"),
        *("templates", "charts", "policies", "node_modules", "vendor"),
    }
)
"""Folders whose manifests are meant for people, tools and tests, or are put in place before any agent runs."""

_MAX_NAMED: Final = 3
_FEWEST: Final = 0.5
"""Which share of a repository's manifests agents must deploy for the rest to be worth a word."""


def find_orphans(
    inputs: Collection[str], manifests: Sequence[str], *, agents: Collection[str], complete: bool = True
) -> tuple[RenderProblem, ...]:
    """Find the files of manifests that no unit of an agent is made of; one note for each folder.

    Nothing is said of a repository that agents do not deploy most of, since somebody else does then.

    Args:
        inputs: the files that units of agents are made of.
        manifests: the files that declare objects, without those that are left out by the config.
        agents: the files that declare the agents' own objects, which somebody has to apply first.
        complete: whether all that the agents build is known. Where it is not, only files are named whose folder is
            deployed but for them.
    """
    if not inputs or not agents:
        return ()
    looked_at = [path for path in manifests if not _is_off_stage(path)]
    orphans = [path for path in looked_at if path not in inputs and path not in agents]
    if not complete:
        deployed = {path.rpartition("/")[0] for path in inputs}
        orphans = [path for path in orphans if path.rpartition("/")[0] in deployed]
    if not orphans or len(looked_at) - len(orphans) < _FEWEST * len(looked_at):
        return ()
    return tuple(_notes(orphans))


def _is_off_stage(path: str) -> bool:
    folders = path.split("/")[:-1]
    return any(name.lower() in _OFF_STAGE or name.startswith((".", "_")) for name in folders)


def _notes(orphans: Sequence[str]) -> Iterator[RenderProblem]:
    by_folder: dict[str, list[str]] = {}
    for path in sorted(orphans):
        by_folder.setdefault(path.rpartition("/")[0], []).append(path)
    for folder, paths in by_folder.items():
        names = [path.rpartition("/")[2] for path in paths]
        shown = ", ".join(names[:_MAX_NAMED])
        more = f" and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else ""
        end = "is deployed by no agent" if len(names) == 1 else "are deployed by no agent"
        yield RenderProblem(
            ORPHAN_FILE.id,
            f"{shown}{more} in {folder or 'the root of the repository'} {end}",
            Location(paths[0]),
            "List it in a kustomization, or let an agent's object name its folder.",
            level=Level.NOTE,
            fatal=False,
        )
