"""What a live object becomes without the fields that its manifest no longer has.

Server-side apply takes out what the same manager applied before, and nothing else. Where the live object was written in
another way, the removal is worked out here, and the server is asked with an update, so that its validation and its
admission judge the object as it would be.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gategit.change import ObjectChange
from gategit.checks.dry_run.differences import is_custom
from gategit.checks.dry_run.managers import Owner, Way, taken_over
from gategit.checks.dry_run.owned import APPLY, Fields, combined, entries, has_key, item_key, list_keys

_METADATA = ("annotations", "finalizers", "labels", "ownerReferences")
_KEPT_APART = frozenset({"apiVersion", "kind", "metadata", "status"})
_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """An object put together from the live one and its manifest.

    Attributes:
        content: the object; it shares parts with what it was made of, so it must not be changed.
        removed: whether something that the live object has was taken out.
    """

    content: dict[str, Any]
    removed: bool


def without_removed(
    change: ObjectChange, start: Mapping[str, Any], live: Mapping[str, Any], who: Owner
) -> Rebuilt | None:
    """The object without what its manifest no longer has; None where there is nothing that the server would leave in.

    Args:
        change: with the manifest before and after.
        start: the object to take it out of: what server-side apply would make of it, or the live one.
        live: the live object, from which tools start that apply on their own side.
        who: applies it.
    """
    new, old = change.manifest.data, change.old
    before = who.before if who.before is not None else old.data if old is not None else None
    three_way = who.way is Way.THREE_WAY
    if before is None and not three_way:
        return None
    if before is not None and _declares_the_same(before, new) and not (three_way and is_custom(new)):
        return None
    listed = entries(start)
    others = [entry for entry in listed if not taken_over(who.name, entry)]
    kept = others
    if who.way is Way.UPDATE:
        kept = [entry for entry in others if entry.operation == APPLY or entry.subresource]
    if who.way is Way.APPLY and not any(entry.operation != APPLY and entry not in others for entry in listed):
        return None
    shape = combined(e.fields for e in (*listed, *entries(live)) if e.subresource != "status")
    if three_way:
        # Helm puts labels and annotations of its own into both manifests, kubectl its note: no such block goes whole.
        now = _with_metadata(new, "annotations", *(() if who.before is not None else ("labels",)))
        return rebuild(live, now, before or {}, shape=shape, three_way=True)
    return rebuild(
        start,
        new,
        before or {},
        shape=shape,
        kept=[entry.fields for entry in kept],
        others=[entry.fields for entry in others],
    )


def _declares_the_same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two manifests say the same: then nothing goes. That is so of most, and found out in no time."""
    first, second = _mapping(one.get("metadata")), _mapping(other.get("metadata"))
    return all(one.get(name) == other.get(name) for name in (one.keys() | other.keys()) - _KEPT_APART) and all(
        (first.get(name) or None) == (second.get(name) or None) for name in _METADATA
    )


def _with_metadata(manifest: Mapping[str, Any], *blocks: str) -> Mapping[str, Any]:
    own = {name: value for name, value in _mapping(manifest.get("metadata")).items() if value is not None}
    return {**manifest, "metadata": {**{name: {} for name in blocks}, **own}}


def rebuild(  # noqa: PLR0913  what an object is put together from, by name
    live: Mapping[str, Any],
    new: Mapping[str, Any],
    before: Mapping[str, Any],
    *,
    shape: Fields,
    kept: Sequence[Fields] = (),
    others: Sequence[Fields] = (),
    three_way: bool = False,
) -> Rebuilt:
    """Put the manifest over the live object, and take out what the manifest had before and no longer has.

    Args:
        live: the object to start from: the live one, or what server-side apply would make of it.
        new: the manifest.
        before: the manifest as it was applied last.
        shape: all owned fields, which tell how the server merges lists.
        kept: the fields that stay, whatever the manifest had.
        others: the fields that stay as far as the manifest never had them. Where a block goes, what nobody of these has
            (the server's defaults) goes with it.
        three_way: do it as tools do that apply on their side: where a kind names the members of a union, those that the
            manifest leaves out go, and lists of custom resources are replaced as a whole.
    """
    merge = _Merge(three_way=three_way, custom=is_custom(new))
    root = _Place(new, before, shape, tuple(kept), (*kept, *others), ())
    content = dict(live)
    metadata = dict(_mapping(live.get("metadata")))
    # The server writes it; an update that brings it along would claim it.
    metadata.pop("managedFields", None)
    for name in _METADATA:
        merge.field(metadata, name, root.field("metadata").field(name))
    content["metadata"] = metadata
    for name in sorted((new.keys() | before.keys()) - _KEPT_APART):
        merge.field(content, name, root.field(name))
    return Rebuilt(content, merge.removed)


@dataclass(frozen=True, slots=True)
class _Place:
    """The same place in the manifest, in the manifest before, and in the trees of owned fields.

    What is not there is None.
    """

    new: Any
    before: Any
    shape: Any
    kept: tuple[Fields, ...]
    others: tuple[Fields, ...]
    path: tuple[str, ...]

    def field(self, name: str) -> _Place:
        return self._below(f"f:{name}", name, _mapping(self.new).get(name), _mapping(self.before).get(name))

    def item(self, step: str, key: Mapping[str, Any]) -> _Place:
        return self._below(step, "[]", _item(self.new, key), _item(self.before, key))

    def _below(self, step: str, name: str, new: Any, before: Any) -> _Place:
        shape = _mapping(self.shape).get(step)
        return _Place(new, before, shape, _under(self.kept, step), _under(self.others, step), (*self.path, name))


class _Merge:
    """One way through an object."""

    def __init__(self, *, three_way: bool, custom: bool) -> None:
        self.three_way = three_way
        self.custom = custom
        self.removed = False

    def field(self, result: dict[str, Any], name: str, place: _Place) -> None:
        """Settle one field of ``result``, which is a copy of the live object's."""
        if place.new is not None:
            result[name] = place.new if result.get(name) is None else self.value(result[name], place)
        elif place.before is not None and name in result:
            self.drop(result, name, place)

    def value(self, live: Any, place: _Place) -> Any:
        """What stands where both the live object and the manifest have something."""
        if isinstance(live, dict) and isinstance(place.new, dict):
            # A leaf is owned as a whole, as a selector is: the manifest's value takes its place.
            return place.new if place.shape == {} else self.mapping(live, place.new, place)
        if isinstance(live, list) and isinstance(place.new, list):
            return self.sequence(live, place.new, place)
        return place.new

    def mapping(self, live: dict[str, Any], new: dict[str, Any], place: _Place) -> dict[str, Any]:
        result = dict(live)
        for name in [*new, *(name for name in _mapping(place.before) if name not in new)]:
            self.field(result, name, place.field(name))
        if self.three_way and not self.custom and _keeps_declared_alone(place.path):
            left = [name for name in result if new.get(name) is None]
            for name in left:
                del result[name]
            # What the server fills in by itself comes back: only another member of the union is a removal.
            if left and (new.get("type") != live.get("type") or new.keys() - live.keys()):
                self.removed = True
        return result

    def sequence(self, live: list[Any], new: list[Any], place: _Place) -> list[Any]:
        shape = _mapping(place.shape)
        values = any(step.startswith("v:") for step in shape)
        if not values and not list_keys(shape):
            return new
        if self.three_way and self.custom:
            self.removed = self.removed or any(item not in new for item in live)
            return new
        return self.members(live, new, place) if values else self.keyed(live, new, place)

    def members(self, live: list[Any], new: list[Any], place: _Place) -> list[Any]:
        """A list that the server treats as a set."""
        held = {step for tree in place.kept for step in tree}
        before = place.before if isinstance(place.before, list) else []
        gone = [value for value in before if value in live and value not in new and _step_to(value) not in held]
        self.removed = self.removed or bool(gone)
        return [*(value for value in live if value not in gone), *(value for value in new if value not in live)]

    def keyed(self, live: list[Any], new: list[Any], place: _Place) -> list[Any]:
        """A list whose items the server knows by their keys."""
        result: list[Any] = []
        placed: list[Any] = []
        for item in live:
            inner = place.item(*_keys_of(item, _mapping(place.shape)))
            if inner.new is not None:
                placed.append(inner.new)
                result.append(self.value(item, inner))
            elif inner.before is not None:
                holder = {"item": item}
                self.drop(holder, "item", inner)
                result.extend(holder.values())
            elif place.new is not None or inner.others:
                result.append(item)
        return [*result, *(item for item in new if not any(item is known for known in placed))]

    def drop(self, holder: dict[str, Any], name: str, place: _Place) -> None:
        """Take out a field that the manifest had, apart from what of it is somebody else's."""
        live = holder[name]
        if any(not tree for tree in place.kept):
            return
        rest: Any = None
        if place.others and isinstance(live, dict):
            rest = dict(live)
            for key in live:
                inner = place.field(key)
                if inner.before is not None:
                    self.drop(rest, key, inner)
                elif not inner.others:
                    del rest[key]
        elif place.others and isinstance(live, list) and list_keys(_mapping(place.shape)):
            rest = self.keyed(live, [], place)
        elif place.kept and isinstance(live, list):
            rest = self.members(live, [], place)
        if rest:
            self.removed = self.removed or rest != live
            holder[name] = rest
        else:
            self.removed = True
            del holder[name]


def _under(trees: tuple[Fields, ...], step: str) -> tuple[Fields, ...]:
    return tuple(tree[step] for tree in trees if isinstance(tree.get(step), dict))


def _keeps_declared_alone(path: tuple[str, ...]) -> bool:
    """Whether kubectl's patch has the server keep nothing but what the manifest has: the types' retainKeys."""
    return path == ("spec", "strategy") or path[-2:] == ("volumes", "[]")


def _keys_of(item: Any, shape: Fields) -> tuple[str, Mapping[str, Any]]:
    """The step to an item of a list, and its keys; of an item that nobody owns, what its keys would be."""
    for step in shape:
        if step.startswith("k:"):
            key = item_key(step)
            if has_key(item, key):
                return step, key
    return "", {name: item[name] for name in list_keys(shape) if isinstance(item, dict) and name in item}


def _item(items: Any, key: Mapping[str, Any]) -> Any:
    return next((item for item in items if has_key(item, key)), None) if key and isinstance(items, list) else None


def _step_to(value: Any) -> str:
    return f"v:{json.dumps(value, separators=(',', ':'))}"


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else _NOTHING
