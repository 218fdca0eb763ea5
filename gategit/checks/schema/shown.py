"""One kind for people: by which schema its objects are judged, who serves it, and its fields."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from gategit.checks.schema import ecosystem, outline
from gategit.checks.schema.known import KnownKind, Where, known_kinds, stability, where_from
from gategit.checks.schema.outline_text import detail_lines, hang, tree_lines
from gategit.checks.schema.spec import KindSchema, NotServed, SchemaSet, Unusable
from gategit.errors import UsageError
from gategit.nearest import did_you_mean
from gategit.report.escaping import visible
from gategit.report.json_report import dump
from gategit.report.summary import plural

if TYPE_CHECKING:
    from gategit.checks.schema.ecosystem import CarriedKind, Choice

Schema = dict[str, Any]

_HEAD: Final = 11
_SCOPES: Final = {True: "in namespaces", False: "cluster-wide", None: "not known from this schema"}
_MOST_NAMES: Final = 20


@dataclass(frozen=True, slots=True)
class Shown:
    """A kind, or a part of it.

    Attributes:
        group: its group.
        kind: its name.
        version: the API version.
        namespaced: whether its objects live in namespaces; None where that is not known.
        found: what judges it.
        schema: as its source has it.
        tree: its fields.
        where: the sort of source that it comes from.
        versions: the API versions that are served, the most stable first, each with the releases that serve it.
        carried: the kind as gategit carries it, or None.
        field: the names that lead to the part, () for the whole.
    """

    group: str
    kind: str
    version: str
    namespaced: bool | None
    found: KindSchema
    schema: Schema
    tree: outline.Outline
    where: Where
    versions: Mapping[str, tuple[str, ...]]
    carried: CarriedKind | None
    field: tuple[str, ...] = field(default=())

    @property
    def api_version(self) -> str:
        """As manifests write it."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def narrowed(self, path: str) -> Shown:
        """The same of one field.

        Raises:
            UsageError: there is no such field.
        """
        try:
            names = outline.split_path(path)
        except ValueError:
            raise UsageError(
                f"--field cannot be {visible(path)}", "write names with dots between them, such as spec.source.helm"
            ) from None
        try:
            part = outline.find(self.tree, names)
        except outline.NoFieldError as error:
            place = ".".join(error.parent) or f"{self.api_version} {self.kind}"
            shown = ", ".join(error.known[:_MOST_NAMES]) + (", ..." if len(error.known) > _MOST_NAMES else "")
            raise UsageError(
                f"{visible(place)} has no field {visible(error.name)}{did_you_mean(error.name, error.known)}",
                f"fields there: {visible(shown)}" if error.known else "the schema names no fields there",
            ) from None
        return replace(self, tree=part, schema=outline.schema_at(self.schema, names), field=names)


def show(schemas: SchemaSet, group: str, kind: str, version: str | None, release: str | None) -> Shown:
    """Find what judges a kind.

    Args:
        schemas: what objects are validated with.
        group: the kind's group.
        kind: its name; one that only a schema file has is in lower case.
        version: the API version, with or without the group; None: the most stable one that is served.
        release: a release of the kind's project, instead of what judges here; None for that.

    Raises:
        UsageError: there is no such version or release, or the schema cannot be used.
    """
    carried = ecosystem.carried(group, kind)
    if release is not None:
        return _of_release(schemas, group, kind, version, release, carried)
    rows = [row for row in known_kinds(schemas) if (row.name.group, row.name.kind) == (group, kind)]
    served = _served(rows, carried)
    wanted = _version(group, kind, version, list(served))
    api_version = f"{group}/{wanted}" if group else wanted
    found = schemas.find(api_version, kind)
    if not isinstance(found, KindSchema):
        raise _no_schema(f"{api_version} {kind}", found, list(served))
    where = where_from(schemas, group, kind, found)
    raw = _raw(schemas, group, kind, wanted, found, where)
    since = _since(found.choice)
    scope = found.namespaced if found.custom else next((row.namespaced for row in rows), None)
    return Shown(group, kind, wanted, scope, found, raw, outline.outline(raw, since), where, served, carried)


def _of_release(  # noqa: PLR0913, PLR0917  the arguments of show, and what is carried
    schemas: SchemaSet, group: str, kind: str, version: str | None, release: str, carried: CarriedKind | None
) -> Shown:
    if carried is None:
        raise UsageError(f"gategit carries no release of {kind}", "leave --release out")
    meant = next((one for one in carried.releases if ecosystem.is_meant(release, one.name)), None)
    if meant is None:
        known = ", ".join(one.name for one in carried.releases)
        raise UsageError(f"gategit carries no {carried.title} {visible(release)} with {kind}", f"use one of: {known}")
    wanted = _version(group, kind, version, sorted(meant.served, key=stability))
    choice = ecosystem.choose(carried, wanted, meant.name)
    if isinstance(choice, ecosystem.NoChoice):
        raise _no_schema(f"{group}/{wanted} {kind}", NotServed(choice.defined, choice.served, choice.origin), [])
    found = schemas.read_release(choice)
    if isinstance(found, Unusable):
        raise _no_schema(f"{group}/{wanted} {kind}", found, [])
    raw = carried.schema(choice.version)
    tree = outline.outline(raw, _since(choice))
    return Shown(group, kind, wanted, found.namespaced, found, raw, tree, Where.CARRIED, _releases(carried), carried)


def _no_schema(what: str, found: NotServed | Unusable | None, served: list[str]) -> UsageError:
    if isinstance(found, Unusable):
        return UsageError(
            f"{what} cannot be shown: {found.reason}", "add a schema that can be used: gategit schema add"
        )
    listed = list(found.served) if found is not None else served
    by = found.origin if found is not None else "what judges here"
    return UsageError(f"{what} is not served by {by}", f"use one of: {', '.join(listed)}" if listed else "")


def _version(group: str, kind: str, wanted: str | None, served: list[str]) -> str:
    if wanted is None:
        if not served:
            raise UsageError(f"no version of {kind} is served", "name one with --api-version")
        return served[0]
    name = wanted.removeprefix(f"{group}/") if group else wanted
    if "/" in name:
        raise UsageError(f"--api-version {visible(wanted)}: {kind} is of the group {group or '(core)'}")
    return name


def _releases(carried: CarriedKind) -> dict[str, tuple[str, ...]]:
    names = sorted({name for release in carried.releases for name in release.served}, key=stability)
    return {name: tuple(one.name for one in carried.releases if one.serves(name)) for name in names}


def _served(rows: Sequence[KnownKind], carried: CarriedKind | None) -> dict[str, tuple[str, ...]]:
    """The versions that are served here, the most stable first; of carried kinds with the releases that serve each."""
    releases = _releases(carried) if carried is not None else {}
    found: dict[str, tuple[str, ...]] = {}
    for row in rows:
        found |= {name: releases.get(name, ()) if row.where is Where.CARRIED else () for name in row.versions}
    return dict(sorted(found.items(), key=lambda item: stability(item[0])))


def _since(choice: Choice | None) -> dict[outline.Place, str]:
    """From which release on fields are there: known of the newest release's schema alone."""
    if choice is None or choice.release.name != choice.kind.releases[0].name:
        return {}
    return dict(choice.kind.since.get(choice.version.name, ()))


def _raw(schemas: SchemaSet, group: str, kind: str, version: str, found: KindSchema, where: Where) -> Schema:  # noqa: PLR0913, PLR0917  what names a schema
    """The schema as its source has it; of Kubernetes and what a cluster publishes, in the common form."""
    if found.choice is not None:
        return found.choice.kind.schema(found.choice.version)
    crd = schemas.custom_kinds.get((group, kind))
    if crd is not None and found.origin == schemas.crd_origins[group, kind]:
        written = next((one.schema for one in crd.versions if one.name == version), None)
        return written if written is not None else found.schema
    file = schemas.schema_files.get((group, kind.lower(), version))
    if where is Where.FOLDER and file is not None:
        data: Schema = json.loads(file[1])
        return data
    return found.schema


def json_text(shown: Shown) -> str:
    """The schema itself."""
    return dump(shown.schema)


def lines(shown: Shown, others: Mapping[str, SchemaSet], width: int, depth: int | None) -> Iterator[str]:
    """Everything as text.

    Args:
        shown: the kind, or a part of it.
        others: what the config's other targets are validated with.
        width: of the terminal.
        depth: how many levels of fields; None for all.
    """
    place = f"  {visible('.'.join(shown.field))}" if shown.field else ""
    yield f"{visible(shown.kind)}  {visible(shown.api_version)}{place}"
    rows = [("judged by", _judge(shown))] if shown.field else _rows(shown, others)
    for name, text in rows:
        yield from hang(name.ljust(_HEAD), text, width)
    if shown.field:
        yield from detail_lines(shown.tree, width)
    if shown.tree.fields:
        yield ""
        yield from tree_lines(shown.tree, width, depth)
    elif not shown.field:
        yield ""
        yield "The schema names no fields: any are taken."


def _rows(shown: Shown, others: Mapping[str, SchemaSet]) -> Iterator[tuple[str, str]]:
    found, carried = shown.found, shown.carried
    yield "judged by", _judge(shown)
    for name, schemas in others.items():
        other = schemas.find(shown.api_version, shown.kind)
        origin = other.origin if isinstance(other, KindSchema | NotServed) else ""
        if origin != found.origin:
            yield "", f"for target {visible(name)}: {visible(origin) or 'nothing'}"
    yield "scope", _SCOPES[shown.namespaced]
    if carried is not None:
        names = [carried.names.get("plural"), *carried.names.get("shortNames", ())]
        yield "called", ", ".join(str(name) for name in names if name)
    for index, (version, releases) in enumerate(shown.versions.items()):
        served = f"  {carried.title} {', '.join(releases)}" if releases and carried is not None else ""
        yield "" if index else "versions", f"{visible(version)}{served}"
    if found.deprecated is not None:
        yield "deprecated", visible(found.deprecated) or "yes"
    if found.rules:
        yield "rules", f"{plural(found.rules, 'CEL rule')}, which only an API server evaluates"
    if found.skipped:
        yield "left out", "; ".join(visible(part) for part in found.skipped)
    if carried is not None and found.choice is None:
        newest = carried.of(carried.releases[0])
        yield "carried", f"{newest} too; --release {carried.releases[0].name} shows that"


def _judge(shown: Shown) -> str:
    """The source in words; of a carried schema also where it was read."""
    origin = visible(shown.found.origin)
    choice = shown.found.choice
    if choice is None:
        return origin
    source = ecosystem.index().sources[choice.kind.source]
    read = next((one for one in source.releases if one.name == choice.release.name), None)
    return f"{origin} ({read.origin} {read.version}, {read.licence})" if read is not None else origin
