"""What a change does to each object: of files as they declare it, of what agents render as it is applied."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Literal

from gategit.change import ObjectChange, in_order, pair
from gategit.manifests.manifest import Manifest, Role
from gategit.model import Location

if TYPE_CHECKING:
    from gategit.config import Config
    from gategit.manifests.manifest import ObjectKey, Source, UnitKey
    from gategit.model import FieldPath
    from gategit.repository import TreeDiff
    from gategit.side import Side

_MOST_PLACES: Final = 20
"""How many fields are looked for where a field is said to have changed: one nearly always is enough."""


def object_changes(head: Side, base: Side | None, diff: TreeDiff, config: Config) -> tuple[ObjectChange, ...]:
    """The object-level change between two sides, as far as both are rendered.

    What a unit renders is compared with what the same unit rendered before. What is left over is compared with what
    else the other side has for the same target: an object that moves from one application to another is no removal,
    and neither is one whose file a kustomization takes up. What agents let go is removed, whatever still builds it. Of
    a unit that cannot be rendered nobody knows what comes of it, so it changes nothing here; its finding blocks.

    Args:
        head: the side after the change.
        base: the side before it, None where there is none.
        diff: what differs between the trees.
        config: the trusted config, which says which targets a file belongs to.
    """
    unknown = head.rendition.unknown | (base.rendition.unknown if base is not None else frozenset())
    new = list(_declared(head, (*diff.added, *diff.modified), unknown))
    old = list(_declared(base, (*diff.removed, *diff.modified), unknown)) if base is not None else []
    changes = pair(old, new, diff.renames)
    rendered = list(_rendered(head, base))
    if not rendered:
        return changes
    return in_order(_Joining(head, base, config).join([*changes, *rendered]))


def place_of_removed(  # noqa: PLR0913  what is removed, and from where
    source: Source, path: FieldPath, on: Literal["key", "value"], *, base: Side, head: Side, touched: Collection[str]
) -> Location:
    """Where something stood that the change removes.

    What a unit rendered may go without a change of its own file: then it is the place that asked for the unit, or the
    kustomization that named the file. In a file that is still there it is no line of the head's.

    Args:
        source: the removed object.
        path: its field.
        on: whether the field's key or its value is meant.
        base: the side before the change.
        head: the side after it.
        touched: the files that the change touches.
    """
    place = base.locate(source, path, on)
    if source.unit is not None and place.file not in touched:
        asked = base.rendition.asked_at.get(source.unit, ())
        place = next((one for one in asked if one.file in touched), place)
    return Location(place.file, None, place.region) if place.file in head.tree.entries() else place


def place_of_changed(  # noqa: PLR0913  what is changed, and where
    new: Manifest,
    old: Manifest | None,
    path: FieldPath,
    on: Literal["key", "value"],
    *,
    head: Side,
    touched: Collection[str],
) -> Location:
    """Where a field stands of an object that the change modifies.

    What is said of a whole field may have been changed deep inside of it by a patch or a value elsewhere: then that is
    the place, and not the line of the field that the change leaves alone.

    Args:
        new: the object after the change.
        old: the object before it; None where that is not known.
        path: its field.
        on: whether the field's key or its value is meant.
        head: the side after the change.
        touched: the files that the change touches.
    """
    place = head.locate(new.source, path, on)
    if old is None or new.source.unit is None or not path or place.file in touched:
        return place
    changed = islice(_changed_below(_at(old.data, path), _at(new.data, path), path), _MOST_PLACES)
    places = (head.locate(new.source, one, "value") for one in changed)
    return next((one for one in places if one.file in touched), place)


def _at(data: Any, path: FieldPath) -> Any:
    for step in path:
        if isinstance(step, int):
            data = data[step] if isinstance(data, list) and 0 <= step < len(data) else None
        else:
            data = data.get(step) if isinstance(data, dict) else None
    return data


def _changed_below(old: Any, new: Any, path: FieldPath) -> Iterator[FieldPath]:
    """The innermost fields that are otherwise than before, or new."""
    if isinstance(new, dict) and isinstance(old, dict):
        for key, value in new.items():
            yield from _changed_below(old.get(key), value, (*path, key))
    elif isinstance(new, list) and isinstance(old, list):
        for index, value in enumerate(new):
            yield from _changed_below(old[index] if index < len(old) else None, value, (*path, index))
    elif new != old:
        yield path


def _declared(side: Side, paths: Sequence[str], unknown: frozenset[str]) -> Iterator[Manifest]:
    readable = set(side.readable) - side.rendition.covered - unknown
    for path in sorted(path for path in paths if path in readable and side.in_scope(path)):
        file = side.file(path)
        if file.role is Role.MANIFEST:
            yield from file.manifests


def _rendered(head: Side, base: Side | None) -> Iterator[ObjectChange]:
    """What changes in each unit."""
    new, old = _by_unit(head), _by_unit(base) if base is not None else {}
    for unit in sorted({*new, *old}, key=_name):
        if unit not in head.rendition.failed:
            yield from pair(old.get(unit, ()), new.get(unit, ()))


def _by_unit(side: Side) -> dict[UnitKey, list[Manifest]]:
    found: dict[UnitKey, list[Manifest]] = {}
    for manifest in side.rendition.manifests():
        if manifest.source.unit is not None:
            found.setdefault(manifest.source.unit, []).append(manifest)
    return found


def _name(unit: UnitKey) -> tuple[str, str]:
    return unit.name, unit.target or ""


class _Joining:
    """Joins what one unit or file gives up with what another one brings, where both go to the same cluster."""

    def __init__(self, head: Side, base: Side | None, config: Config) -> None:
        self._head = head.rendition.units
        self._base = base.rendition.units if base is not None else frozenset()
        self._config = config

    def join(self, changes: Sequence[ObjectChange]) -> Iterator[ObjectChange]:
        """The changes, with each removal and addition of one object as a modification, or as nothing."""
        gone: dict[ObjectKey, list[Manifest]] = {}
        for change in changes:
            if change.old is not None and change.new is None:
                gone.setdefault(change.old.key, []).append(change.old)
        moved: set[int] = set()
        for change in changes:
            new = change.new
            if new is None:
                continue
            before = None
            if change.old is None:
                before = next((one for one in gone.get(new.key, ()) if self._is_same_place(one, new)), None)
            if before is None:
                yield change
            else:
                moved.add(id(before))
                yield from pair([before], [new])
        yield from (one for one in changes if one.new is None and id(one.old) not in moved)

    def _is_same_place(self, old: Manifest, new: Manifest) -> bool:
        targets = self._targets(old)
        if targets.isdisjoint(self._targets(new)):
            return False
        # Where nobody says which cluster it is, two units that are both still there may be meant for two.
        one, other = old.source.unit, new.source.unit
        return None not in targets or one is None or other is None or one not in self._head or other not in self._base

    def _targets(self, manifest: Manifest) -> frozenset[str | None]:
        found: frozenset[str | None] = frozenset(target.name for target in self._config.targets_at(manifest.source))
        return found or frozenset([None])
