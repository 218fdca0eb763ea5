"""Definitions of the kinds that a sandbox is asked about and that neither Git nor a snapshot defines.

They come from the config's folders, and where these have none, from what gategit carries. No others are given to a
sandbox: each one costs time.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from gategit.checks.schema import ecosystem, facts
from gategit.checks.schema.crd import is_crd, read_crd
from gategit.checks.schema.ecosystem import CarriedKind, Choice
from gategit.checks.schema.spec import folder_objects, layout_place
from gategit.manifests.classify import NEVER_APPLIED
from gategit.sandbox.objects import DEFINITION, group_kind, name_of

if TYPE_CHECKING:
    from gategit.cluster.discovery import Discovery
    from gategit.cluster.snapshot import Snapshot
    from gategit.config import Target
    from gategit.sandbox.fill import Filled
    from gategit.trusted import Trusted

GroupKind = tuple[str, str]
"""A group and a kind."""

_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Supplied:
    """Definitions that a sandbox is given.

    Attributes:
        definitions: by group and kind.
        carried: those of them that gategit carries, with the release that they are of.
        notes: what a reader has to know of those that the sandbox does not take.
    """

    definitions: Mapping[GroupKind, dict[str, Any]] = field(default_factory=dict)
    carried: Mapping[GroupKind, Choice] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def said(self) -> tuple[str, ...]:
        """What a reader has to know of them; sentences without a full stop."""
        if not self.carried:
            return self.notes
        origins = sorted({choice.origin for choice in self.carried.values()}, key=str.casefold)
        shown = ", ".join(origins[:_SHOWN]) + (f" and {len(origins) - _SHOWN} more" if len(origins) > _SHOWN else "")
        count = len({choice.kind.source for choice in self.carried.values()})
        projects = "1 project" if count == 1 else f"{count} projects"
        return (f"kinds of {projects} are served from the schemas that gategit carries: {shown}", *self.notes)

    def in_sandbox(self, filled: Filled, discovery: Discovery) -> tuple[Supplied, Filled]:
        """What a sandbox that was filled with them serves of them, and what else came of filling it.

        Args:
            filled: what came of filling it with these definitions and everything else.
            discovery: what it serves.
        """
        names = {name_of(one): key for key, one in self.definitions.items()}
        refused = {names[name]: one.message for one in filled.refused if (name := _defined_name(one.object)) in names}
        there = {key: one for key, one in self.definitions.items() if discovery.versions(*key)}
        notes = tuple(
            f"the sandbox does not serve {kind} of {group}, so nothing is asked of it"
            + (f": {refused[group, kind]}" if (group, kind) in refused else "")
            for group, kind in self.definitions
            if (group, kind) not in there
        )
        rest = replace(
            filled,
            refused=tuple(one for one in filled.refused if _defined_name(one.object) not in names),
            made=filled.made - (len(self.definitions) - len(refused)),
        )
        carried = {key: one for key, one in self.carried.items() if key in there}
        return Supplied(there, carried, notes), rest


def defined_by(objects: Iterable[Mapping[str, Any]]) -> frozenset[GroupKind]:
    """The groups and kinds that the definitions among some objects define."""
    found = (read_crd(one) for one in objects if is_crd(one))
    return frozenset((one.group, one.kind) for one in found if one is not None)


def supply(
    wanted: Iterable[tuple[str, str]],
    defined: Container[GroupKind],
    trusted: Trusted,
    target: Target | None,
    snapshot: Snapshot | None,
) -> Supplied:
    """Find the definitions that are missing.

    What an export says that the cluster does not serve is left missing: there, nobody can make such an object.

    Args:
        wanted: API versions and kinds of the objects, the most important first.
        defined: the groups and kinds that Git or a snapshot defines.
        trusted: the config and its folders.
        target: whose releases of the projects count, None for files of no target.
        snapshot: an export of the cluster, None where there is none.
    """
    versions = _missing(wanted, defined, snapshot)
    if not versions:
        return Supplied()
    definitions, with_schema = _in_folders(trusted, versions)
    pins = dict(trusted.config.releases_of(target))
    carried: dict[GroupKind, Choice] = {}
    for (group, kind), names in versions.items():
        # A schema that somebody has put into a folder judges before those that are carried, and defines no kind.
        if (group, kind) in definitions or (group, kind.lower()) in with_schema:
            continue
        choice = _chosen(ecosystem.carried(group, kind), names, pins)
        if choice is not None:
            carried[group, kind] = choice
            # What another release serves, the pinned one does not.
            only = [name for name in names if not choice.pinned or choice.release.serves(name) is not None]
            definitions[group, kind] = choice.kind.definition(choice.release, only)
    return Supplied(definitions, carried)


def _missing(
    wanted: Iterable[tuple[str, str]], defined: Container[GroupKind], snapshot: Snapshot | None
) -> dict[GroupKind, list[str]]:
    """The kinds without a definition that the cluster may have, each with the API versions of its objects."""
    versions: dict[GroupKind, list[str]] = {}
    for api_version, kind in dict.fromkeys(wanted):
        group, _, version = api_version.rpartition("/")
        known = (group, kind) in defined or group in NEVER_APPLIED or facts.own_group(group)
        if not known and (snapshot is None or snapshot.discovery.find(api_version, kind) is not None):
            versions.setdefault((group, kind), []).append(version)
    return versions


def _in_folders(
    trusted: Trusted, wanted: Container[GroupKind]
) -> tuple[dict[GroupKind, dict[str, Any]], set[GroupKind]]:
    """What the config's folders hold: definitions of wanted kinds; and, in lower case, the kinds with a mere schema."""
    definitions: dict[GroupKind, dict[str, Any]] = {}
    with_schema: set[GroupKind] = set()
    for path, content in trusted.folder_schemas():
        place = layout_place(path)
        if place is not None:
            with_schema.add(place[:2])
            continue
        for document in folder_objects(path, content):
            found = read_crd(document) if is_crd(document) and name_of(document) else None
            if found is not None and (found.group, found.kind) in wanted:
                definitions.setdefault((found.group, found.kind), document)
    return definitions, with_schema


def _chosen(kind: CarriedKind | None, versions: Sequence[str], pins: Mapping[str, str]) -> Choice | None:
    """The release that serves most of some API versions of a kind, the newest of several."""
    if kind is None or kind.namespaced is None:
        return None
    found = (ecosystem.choose(kind, version, pins.get(kind.source)) for version in versions)
    choices = [one for one in found if isinstance(one, Choice)]
    return max(choices, key=lambda one: sum(map(bool, map(one.release.serves, versions))), default=None)


def _defined_name(one: Mapping[str, Any]) -> str | None:
    """The name of an object that is a definition; None for any other object."""
    return name_of(one) if group_kind(one) == DEFINITION else None
