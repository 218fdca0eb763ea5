"""Which kinds have a schema, and which of several sources it comes from: what ``SchemaSet.find`` would say of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from gategit.checks.schema import ecosystem, facts
from gategit.checks.schema.kind_names import KindName, matches, own_name, plural_of
from gategit.manifests.manifest import group_kind

_ANSWERS = frozenset({"APIGroup", "APIVersions"})
"""What servers answer and nobody declares."""

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gategit.checks.schema.spec import KindSchema, SchemaSet


class Where(StrEnum):
    """What sort of source a schema comes from, the most binding first."""

    REPOSITORY = "repository"  # a CustomResourceDefinition in the tree
    SNAPSHOT = "snapshot"  # an export of the cluster
    FOLDER = "folder"  # the config's schema folders
    CARRIED = "carried"  # what gategit brings with it
    KUBERNETES = "kubernetes"  # Kubernetes' own


@dataclass(frozen=True, slots=True)
class KnownKind:
    """A kind that has a schema.

    Attributes:
        name: what it is called.
        versions: the API versions that have this schema's origin, the most stable first.
        namespaced: whether its objects live in namespaces; None where that is not known.
        where: the sort of source.
        origin: the source in words, such as ``Argo CD 3.6.1``.
        source: the short name of the project whose kind gategit carries, else "".
    """

    name: KindName
    versions: tuple[str, ...]
    namespaced: bool | None
    where: Where
    origin: str
    source: str = ""


def where_from(schemas: SchemaSet, group: str, kind: str, found: KindSchema) -> Where:
    """What sort of source a schema that was found comes from."""
    if found.choice is not None:
        return Where.CARRIED
    if not found.custom and found.origin == f"Kubernetes {schemas.version}":
        return Where.KUBERNETES
    return _where_of_origin(schemas, group, kind, found.origin)


def _where_of_origin(schemas: SchemaSet, group: str, kind: str, origin: str) -> Where:
    snapshot = schemas.spec.snapshot
    if snapshot is not None and origin == f"the snapshot {snapshot.name}":
        return Where.SNAPSHOT
    return Where.REPOSITORY if (group, kind) in schemas.binding_kinds else Where.FOLDER


def known_kinds(schemas: SchemaSet) -> list[KnownKind]:
    """Every kind that has a schema, by source, group and kind. Where several sources have a kind, the first counts."""
    rows: dict[tuple[str, str, str], KnownKind] = {}
    taken: set[tuple[str, str, str]] = set()
    closed: set[tuple[str, str]] = set()
    for row, is_definition in _in_order(schemas):
        # Schema files have kinds in lower case.
        group, kind = row.name.group, row.name.kind.lower()
        fresh = tuple(version for version in row.versions if (group, kind, version) not in taken)
        if not fresh or (group, kind) in closed:
            continue
        if is_definition:
            # A definition says all that there is of its kind: versions that it lacks are not served.
            closed.add((group, kind))
        taken.update((group, kind, version) for version in fresh)
        key = (group, row.name.kind, row.origin)
        rows[key] = replace(row, versions=(*(rows[key].versions if key in rows else ()), *fresh))
    order = list(Where)
    found = (replace(row, versions=tuple(sorted(row.versions, key=stability))) for row in rows.values())
    return sorted(found, key=lambda row: (order.index(row.where), row.name.group, row.name.kind))


def _in_order(schemas: SchemaSet) -> Iterator[tuple[KnownKind, bool]]:
    """What each source has, the most binding source first; True for CustomResourceDefinitions."""
    defined = list(_defined(schemas))
    binding = schemas.binding_kinds
    yield from ((row, True) for row in defined if (row.name.group, row.name.kind) in binding)
    yield from ((row, False) for row in _published(schemas))
    yield from ((row, True) for row in defined)
    yield from ((row, False) for row in _files(schemas))
    yield from ((row, False) for row in _carried(dict(schemas.spec.releases)))
    yield from ((row, False) for row in _own(schemas))


def stability(version: str) -> tuple[int, list[int], str]:
    """Sorts API versions the most stable first and, among equals, the newest."""
    grade = 3 if version[:1] != "v" else 2 if "alpha" in version else 1 if "beta" in version else 0
    numbers = "".join(letter if letter.isdigit() else " " for letter in version).split()
    return grade, [-int(number[:9]) for number in numbers], version


def _defined(schemas: SchemaSet) -> Iterator[KnownKind]:
    for (group, kind), crd in sorted(schemas.custom_kinds.items()):
        origin = schemas.crd_origins[group, kind]
        versions = tuple(one.name for one in crd.versions if one.served)
        name = KindName(group, kind, crd.plural or plural_of(kind), crd.others)
        yield KnownKind(name, versions, crd.namespaced, _where_of_origin(schemas, group, kind, origin), origin)


def _published(schemas: SchemaSet) -> Iterator[KnownKind]:
    snapshot = schemas.served
    if snapshot is None:
        return
    for one in snapshot.discovery.resources:
        if snapshot.component(one.api_version, one.kind) is not None:
            short = own_name(one.group, one.kind).others
            name = KindName(one.group, one.kind, one.plural, short)
            yield KnownKind(name, (one.version,), one.namespaced, Where.SNAPSHOT, f"the snapshot {snapshot.name}")


def _files(schemas: SchemaSet) -> Iterator[KnownKind]:
    # Such files have kinds in lower case; of carried kinds it is known how they are written.
    written = {(one.group, one.kind.lower()): one.kind for one in ecosystem.index().kinds}
    for (group, kind, version), (path, _) in sorted(schemas.schema_files.items()):
        name = KindName(group, written.get((group, kind), kind), plural_of(kind))
        yield KnownKind(name, (version,), None, Where.FOLDER, path)


def _carried(pins: Mapping[str, str]) -> Iterator[KnownKind]:
    index = ecosystem.index()
    for one in index.kinds:
        if facts.own_group(one.group):
            continue
        project = index.sources[one.source]
        pin = pins.get(one.source)
        release = None if pin is None else project.release(pin)
        for version, releases in one.versions.items():
            judge = release if release in releases else releases[0] if pin is None and releases else None
            if judge is not None:
                name = KindName(one.group, one.kind, one.plural or plural_of(one.kind))
                scope = None if one.scope is None else one.scope == "Namespaced"
                yield KnownKind(name, (version,), scope, Where.CARRIED, f"{project.title} {judge}", one.source)


def _own(schemas: SchemaSet) -> Iterator[KnownKind]:
    from gategit.checks.policy.api import CLUSTER_SCOPED_KINDS  # noqa: PLC0415  nothing else of policies is needed

    snapshot, origin = schemas.served, f"Kubernetes {schemas.version}"
    for api_version, kind in facts.kinds(schemas.version):
        if kind.endswith("List") or kind in _ANSWERS:
            continue
        if snapshot is None or snapshot.discovery.find(api_version, kind) is not None:
            group, _, version = api_version.rpartition("/")
            namespaced = group_kind(api_version, kind) not in CLUSTER_SCOPED_KINDS
            yield KnownKind(own_name(group, kind), (version,), namespaced, Where.KUBERNETES, origin)


def chosen(kinds: Sequence[KnownKind], wanted: str) -> list[KnownKind]:
    """The kinds that a word means: by kind or plural, else by singular or short name.

    The short names of the carried kinds are read only where nothing else has the name.
    """
    plain = [one for one in kinds if matches(replace(one.name, others=()), wanted)]
    if plain:
        return plain
    return [one for one in map(with_short_names, kinds) if matches(one.name, wanted)]


def with_short_names(one: KnownKind) -> KnownKind:
    """The same with the short names, which for a carried kind stand in its own file; a schema file has none."""
    if one.name.others or one.where not in (Where.CARRIED, Where.FOLDER):
        return one
    carried = ecosystem.carried(one.name.group, one.name.kind)
    if carried is None:
        return one
    singular = carried.names.get("singular")
    short = [str(name) for name in carried.names.get("shortNames", ())]
    others = (*([singular] if isinstance(singular, str) else []), *short)
    return replace(one, name=replace(one.name, others=others))
