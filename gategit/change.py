"""Base and head to object changes: which cluster objects a change adds, modifies and removes, field by field."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import Enum, StrEnum
from functools import partial
from typing import Any, Final

from gategit.manifests.manifest import Manifest, ObjectKey
from gategit.model import FieldPath
from gategit.repository import TreeDiff


class ChangeKind(StrEnum):
    """What happens to an object."""

    ADDED = "added"
    MODIFIED = "modified"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """The same object on both sides of a change. At least one side is there."""

    old: Manifest | None
    new: Manifest | None

    @property
    def kind(self) -> ChangeKind:
        """Added, modified or removed."""
        if self.old is None:
            return ChangeKind.ADDED
        return ChangeKind.REMOVED if self.new is None else ChangeKind.MODIFIED

    @property
    def manifest(self) -> Manifest:
        """The new side, or the old one where the object is removed: what findings about the change name."""
        found = self.new or self.old
        if found is None:
            raise ValueError("an object change needs an old or a new side")
        return found


def read_object_changes(
    diff: TreeDiff,
    read_old: Callable[[str], Iterable[Manifest]],
    read_new: Callable[[str], Iterable[Manifest]],
) -> tuple[ObjectChange, ...]:
    """The object changes of a file-level difference. Only files that differ are read.

    Args:
        diff: what differs between the trees.
        read_old: the manifests that a file of the base declares; none for a file that is not a manifest.
        read_new: the same for the head.
    """
    old = [manifest for path in (*diff.modified, *diff.removed) for manifest in read_old(path)]
    new = [manifest for path in (*diff.modified, *diff.added) for manifest in read_new(path)]
    return pair(old, new, diff.renames)


def pair(
    old: Iterable[Manifest], new: Iterable[Manifest], renames: Mapping[str, str] | None = None
) -> tuple[ObjectChange, ...]:
    """Pair the objects of two sides by group, kind, namespace and name; what is equal on both sides is left out.

    Where a side declares a key more than once (several clusters or overlays), declarations are paired within the same
    file first, then along renamed files, then with equal content, then with the nearest folder, and in file order.

    Args:
        old: the base's manifests.
        new: the head's.
        renames: new paths by old ones.

    Returns:
        The changes in the order of the files: of the new side, or the old one for removed objects.
    """
    renamed = renames or {}
    groups: dict[ObjectKey, tuple[list[Manifest], list[Manifest]]] = {}
    for manifest in old:
        groups.setdefault(manifest.key, ([], []))[0].append(manifest)
    for manifest in new:
        groups.setdefault(manifest.key, ([], []))[1].append(manifest)
    changes: list[ObjectChange] = []
    for olds, news in groups.values():
        for before, after in _pair_group(olds, news, renamed):
            if before is None or after is None or not same(before.data, after.data):
                changes.append(ObjectChange(before, after))
    return in_order(changes)


def in_order(changes: Iterable[ObjectChange]) -> tuple[ObjectChange, ...]:
    """Changes in the order of the files: of the new side, or the old one for removed objects."""
    return tuple(sorted(changes, key=_order))


def _order(change: ObjectChange) -> tuple[str, str, int, str, str]:
    source = change.manifest.source
    return source.file, repr(source.unit or ""), source.document, json.dumps(source.pointer), change.kind


def _pair_group(
    olds: list[Manifest], news: list[Manifest], renames: Mapping[str, str]
) -> list[tuple[Manifest | None, Manifest | None]]:
    """Pair the declarations of one object, step by step, each step taking what the one before left."""
    if len(olds) <= 1 and len(news) <= 1:
        return [(olds[0] if olds else None, news[0] if news else None)]
    content = {id(manifest): canonical(manifest.data) for manifest in (*olds, *news)}

    def in_file(manifest: Manifest) -> Hashable:
        return manifest.source.file

    def in_renamed_file(manifest: Manifest) -> Hashable:
        return renames.get(manifest.source.file)

    def in_folder(depth: int, manifest: Manifest) -> Hashable:
        names = manifest.source.file.split("/")[:-1]
        return tuple(names[:depth]) if len(names) >= depth else None

    def equal(key: _KeyOf, manifest: Manifest) -> Hashable:
        found = key(manifest)
        return None if found is None else (found, content[id(manifest)])

    deepest = max(manifest.source.file.count("/") for manifest in (*olds, *news))
    near: list[_KeyOf] = [partial(in_folder, depth) for depth in range(deepest, -1, -1)]
    steps: list[tuple[_KeyOf, _KeyOf]] = [
        (partial(equal, in_file), partial(equal, in_file)),
        (in_file, in_file),
        (partial(equal, in_renamed_file), partial(equal, in_file)),
        (in_renamed_file, in_file),
        *((partial(equal, key), partial(equal, key)) for key in near),
        *((key, key) for key in near),
    ]
    pairs: list[tuple[Manifest | None, Manifest | None]] = []
    old_left, new_left = sorted(olds, key=_place), sorted(news, key=_place)
    for old_key, new_key in steps:
        matched, old_left, new_left = _match(old_left, new_left, old_key, new_key)
        pairs.extend(matched)
    return [*pairs, *((manifest, None) for manifest in old_left), *((None, manifest) for manifest in new_left)]


_KeyOf = Callable[[Manifest], Hashable]


def _match(
    olds: list[Manifest], news: list[Manifest], old_key: _KeyOf, new_key: _KeyOf
) -> tuple[list[tuple[Manifest, Manifest]], list[Manifest], list[Manifest]]:
    """Pair what has the same key, first with first; and what is left of each side. A key of None pairs with nothing."""
    waiting: dict[Hashable, deque[Manifest]] = {}
    for manifest in olds:
        waiting.setdefault(old_key(manifest), deque()).append(manifest)
    waiting.pop(None, None)
    pairs: list[tuple[Manifest, Manifest]] = []
    new_left: list[Manifest] = []
    for manifest in news:
        candidates = waiting.get(new_key(manifest))
        if candidates:
            pairs.append((candidates.popleft(), manifest))
        else:
            new_left.append(manifest)
    taken = {id(before) for before, _ in pairs}
    return pairs, [manifest for manifest in olds if id(manifest) not in taken], new_left


def _place(manifest: Manifest) -> tuple[str, int, str]:
    return manifest.source.file, manifest.source.document, json.dumps(manifest.source.pointer)


def canonical(data: Any) -> str:
    """A text that is equal for equal plain data, whatever the order of its keys."""
    return json.dumps(data, sort_keys=True, default=repr)


def same(one: Any, other: Any) -> bool:
    """Whether two pieces of plain data are the same to the cluster: ``1``, ``1.0``, ``True`` and ``"1"`` all differ."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float):
        return repr(one) == repr(other)
    return bool(one == other)


class Absent(Enum):
    """The value of a field that is not there, which is not the same as ``null``."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """One field that differs.

    ``path`` is the field's in the new object, or in the old one where ``new`` is ``ABSENT``. ``reordered`` says that
    ``old`` and ``new`` are whole lists whose items, known by their keys, stand in another order.
    """

    path: FieldPath
    old: Any
    new: Any
    reordered: bool = False


def field_differences(old: Any, new: Any) -> list[FieldDifference]:
    """Every field that differs between two objects, in the order of the new one, removed fields after their siblings.

    Items of lists are compared with the item that has the same key (``name``, ``containerPort`` and ``protocol``,
    ``mountPath``, …) where every item of both lists has one of its own, otherwise along the longest runs of equal
    items. Equal objects, and only they, have no difference.
    """
    found: list[FieldDifference] = []
    _compare(old, new, (), (), found)
    return found


def _compare(old: Any, new: Any, old_path: FieldPath, path: FieldPath, found: list[FieldDifference]) -> None:
    if isinstance(old, dict) and isinstance(new, dict):
        for key, value in new.items():
            if key in old:
                _compare(old[key], value, (*old_path, key), (*path, key), found)
            else:
                found.append(FieldDifference((*path, key), ABSENT, value))
        found.extend(FieldDifference((*old_path, key), value, ABSENT) for key, value in old.items() if key not in new)
    elif isinstance(old, list) and isinstance(new, list):
        _compare_lists(old, new, old_path, path, found)
    elif not same(old, new):
        found.append(FieldDifference(path, old, new))


def _compare_lists(
    old: list[Any], new: list[Any], old_path: FieldPath, path: FieldPath, found: list[FieldDifference]
) -> None:
    pairs, reordered = _align(old, new)
    if reordered:
        found.append(FieldDifference(path, old, new, reordered=True))
    for i, j in pairs:
        if i is None and j is not None:
            found.append(FieldDifference((*path, j), ABSENT, new[j]))
        elif i is not None and j is None:
            found.append(FieldDifference((*old_path, i), old[i], ABSENT))
        elif i is not None and j is not None:
            _compare(old[i], new[j], (*old_path, i), (*path, j), found)


_Pairs = list[tuple[int | None, int | None]]

MERGE_KEYS: tuple[tuple[str, ...], ...] = (
    # What the API server merges lists by (x-kubernetes-list-map-keys), the most telling first. A further name may be
    # absent in an item, as protocol often is; the first must be there.
    ("name",),
    ("containerPort", "protocol"),
    ("port", "protocol"),
    ("mountPath",),
    ("devicePath",),
    ("ip",),
    ("type",),
    ("topologyKey", "whenUnsatisfiable"),
    ("key", "operator", "effect"),
    ("host",),
    ("path",),
    ("kind", "name"),
    ("id",),
    ("uid",),
)

_ALIGN_LIMIT = 500
"""Lists longer than this without keys are compared index by index: the longest-run search is quadratic at worst."""


def _align(old: list[Any], new: list[Any]) -> tuple[_Pairs, bool]:
    """Which item of one list became which of the other, and whether common items changed their order."""
    if old and new and all(isinstance(item, dict) for item in (*old, *new)):
        for names in MERGE_KEYS:
            old_keys, new_keys = _keys(old, names), _keys(new, names)
            if old_keys is not None and new_keys is not None:
                return _align_keys(old_keys, new_keys)
    return _align_runs(old, new), False


def _keys(items: Sequence[dict[str, Any]], names: tuple[str, ...]) -> list[str] | None:
    """The key of every item, or None where one has none or two have the same."""
    keys: list[str] = []
    for item in items:
        values = [item.get(name) for name in names]
        if values[0] is None or any(isinstance(value, (dict, list)) for value in values):
            return None
        keys.append(canonical(values))
    return keys if len(set(keys)) == len(keys) else None


def _align_keys(old: list[str], new: list[str]) -> tuple[_Pairs, bool]:
    place = {key: index for index, key in enumerate(old)}
    known = set(new)
    common = [place[key] for key in new if key in place]
    pairs: _Pairs = [(place.get(key), index) for index, key in enumerate(new)]
    pairs.extend((index, None) for index, key in enumerate(old) if key not in known)
    return pairs, common != sorted(common)


def _align_runs(old: list[Any], new: list[Any]) -> _Pairs:
    if max(len(old), len(new)) > _ALIGN_LIMIT:
        both = min(len(old), len(new))
        rest: _Pairs = [(None, j) for j in range(both, len(new))]
        return [*((i, i) for i in range(both)), *rest, *((i, None) for i in range(both, len(old)))]
    matcher = SequenceMatcher(
        None, [canonical(item) for item in old], [canonical(item) for item in new], autojunk=False
    )
    pairs: _Pairs = []
    for _, i, i_end, j, j_end in matcher.get_opcodes():
        both = min(i_end - i, j_end - j)
        pairs.extend((i + step, j + step) for step in range(both))
        pairs.extend((None, step) for step in range(j + both, j_end))
        pairs.extend((step, None) for step in range(i + both, i_end))
    return pairs
