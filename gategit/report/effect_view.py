"""What every format shows of the effect of a change: for whom, the riskiest first, what many share once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from gategit.model import Effect, EffectObject, Location, Risk
from gategit.report.escaping import visible

HIDDEN: Final = "(secret, not shown)"
"""Stands in the place of a value that must not be shown."""

KINDS: Final = ("added", "modified", "removed")
"""What a change does to an object, in the order in which it is counted."""

FILES: Final = "files"
"""Where objects go that belong to no target, and that nothing builds."""

_FEW: Final = 5


@dataclass(frozen=True, slots=True)
class Shared:
    """A change to an object that is the same in several places: the overlays of one base, for instance."""

    places: tuple[EffectObject, ...]

    @property
    def first(self) -> EffectObject:
        """The one that is shown for all."""
        return self.places[0]

    @property
    def risks(self) -> tuple[Risk, ...]:
        """Why to look at it first."""
        return self.first.risks

    @property
    def destinations(self) -> tuple[str, ...]:
        """Where it goes: targets, and units and files that belong to none."""
        return tuple(dict.fromkeys(destination(one) for one in self.places))

    @property
    def namespaces(self) -> tuple[str, ...]:
        """The namespaces, "" for none."""
        return tuple(dict.fromkeys(one.object.namespace or "" for one in self.places))

    @property
    def name(self) -> str:
        """The object's kind, namespace and name, safe to print; without a namespace where it has several."""
        one = self.first.object
        return visible(str(one) if len(self.namespaces) == 1 else f"{one.kind} {one.name}")

    @property
    def title(self) -> str:
        """For whom it is, safe to print, with the namespaces where it goes into several; "" for files of nobody."""
        many = self.namespaces if len(self.namespaces) > 1 else ()
        names = [] if self.destinations == (FILES,) else [listed(self.destinations)]
        names += [f"namespaces {listed([name or '(none)' for name in many])}"] if many else []
        return ", ".join(names)

    def by_place(self) -> Iterator[tuple[str, str, EffectObject]]:
        """Each object with where it goes and its namespace, "" for none."""
        for one in self.places:
            yield destination(one), one.object.namespace or "", one

    def locations(self) -> tuple[Location, ...]:
        """Where it stands: after the change, or before it where it is removed; each place once."""
        found = (one.new or one.old for one in self.places)
        return tuple(dict.fromkeys(one for one in found if one is not None))

    def field_locations(self, index: int) -> tuple[Location, ...]:
        """The lines that set a field, each once."""
        fields = (one.fields[index] for one in self.places)
        found = (field.new or field.old for field in fields)
        return tuple(dict.fromkeys(one for one in found if one is not None))


@dataclass(frozen=True, slots=True)
class Section:
    """What goes to the same targets and into the same namespaces, the riskiest objects first."""

    destinations: tuple[str, ...]
    namespaces: tuple[str, ...]
    changes: tuple[Shared, ...]

    @property
    def title(self) -> str:
        """For whom it is, safe to print."""
        return listed(self.destinations)

    @property
    def namespace(self) -> str:
        """Where in the cluster it is, safe to print."""
        if self.namespaces == ("",):
            return "no namespace"
        names = [name or "(none)" for name in self.namespaces]
        return f"{'namespace' if len(names) == 1 else 'namespaces'} {listed(names)}"

    def counts(self) -> Counter[str]:
        """How many objects are added, modified and removed, counted in each place."""
        return change_counts(self.changes)


def destination(one: EffectObject) -> str:
    """Where an object goes: its target, else what builds it, else files as they are."""
    return one.target or one.unit or FILES


def listed(names: Sequence[str]) -> str:
    """Names as people list them, the first few of many, safe to print."""
    safe = [visible(name) for name in names]
    if len(safe) > _FEW:
        return f"{', '.join(safe[:_FEW])} and {len(safe) - _FEW:,} more"
    return " and ".join(filter(None, (", ".join(safe[:-1]), safe[-1]))) if safe else ""


def shared_changes(effect: Effect) -> list[Shared]:
    """The changes, each once with its places, the riskiest first."""
    groups: dict[str, list[EffectObject]] = {}
    for number, one in enumerate(effect.objects):
        groups.setdefault(one.same or str(number), []).append(one)
    return sorted((Shared(tuple(own)) for own in groups.values()), key=_order)


def _order(shared: Shared) -> tuple[object, ...]:
    first = shared.first
    found = first.object
    kinds = [risk.kind.rank for risk in shared.risks]
    # Targets come before units of none, and those before files.
    where = (first.target is None, first.unit is None, first.target or first.unit or "")
    gone = -KINDS.index(first.change) if first.change in KINDS else 0
    return (first.rank, kinds, *where, gone, found.kind, found.namespace or "", found.name, first.unit or "")


def sections(changes: Iterable[Shared]) -> list[Section]:
    """Changes by where they go; where the riskiest ones go comes first."""
    groups: dict[tuple[str, ...], dict[tuple[str, ...], list[Shared]]] = {}
    for shared in changes:
        groups.setdefault(shared.destinations, {}).setdefault(shared.namespaces, []).append(shared)
    return [
        Section(destinations, namespaces, tuple(own))
        for destinations, inside in groups.items()
        for namespaces, own in inside.items()
    ]


def change_counts(changes: Iterable[Shared]) -> Counter[str]:
    """How many objects are added, modified and removed, counted in each place."""
    return Counter(one.change for shared in changes for one in shared.places)


def unknown_text(effect: Effect) -> str:
    """Write ``; 2 not known``; "" where all is known."""
    return f"; {len(effect.unknown):,} not known" if effect.unknown else ""


def counts_text(counts: Counter[str]) -> str:
    """Write ``2 added, 1 removed``; ``no objects`` where there is nothing to count."""
    return ", ".join(f"{counts[kind]:,} {kind}" for kind in KINDS if counts[kind]) or "no objects"


def place(location: Location) -> str:
    """``file:line``, or the file alone where the line is not sure; safe to print."""
    name = visible(location.file)
    return f"{name}:{location.region.line}" if location.region is not None else name


def object_place(shared: Shared) -> str:
    """Where an object stands, or stood where it is removed; with its old file where that is another."""
    one = shared.first
    where = places(shared.locations())
    if one.new is None:
        return f"{where}, in the base" if where else ""
    return f"{where} from {place(one.old)}" if one.old is not None and one.old.file != one.new.file else where


def places(locations: Sequence[Location]) -> str:
    """Places as people list them, the first few of many."""
    few = ", ".join(place(one) for one in locations[:3])
    return f"{few} and {len(locations) - 3:,} more" if len(locations) > 3 else few
