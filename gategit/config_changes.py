"""What differs between two configs, key by key, and whether it makes the gate let more through.

Both sides are compared as the data that the files hold, with the defaults that matter filled in: a reordered or
re-indented file differs in nothing. What cannot be weighed by its key and values alone is neither looser nor tighter.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from gategit.disk import show_path
from gategit.model import FieldPath, Level, format_path

OwnLevel = Callable[[str], Level | None]
"""The level that a rule has where the config says nothing of it; None where it does not run then."""

_LONGEST_VALUE = 80
_ABSENT = object()
_LEVELS = ("off", "note", "warning", "error")
_DRY_RUN_OFF = "off"
_UNITS = {"B": 1, "KiB": 2**10, "MiB": 2**20}


class Effect(StrEnum):
    """What a difference does to the gate: the verb of the sentence that says so."""

    LOOSENS = "loosens"
    TIGHTENS = "tightens"
    ALTERS = "alters"

    @property
    def opposite(self) -> Effect:
        """What undoing the difference does."""
        return {Effect.LOOSENS: Effect.TIGHTENS, Effect.TIGHTENS: Effect.LOOSENS}.get(self, self)


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that two configs say differently.

    Attributes:
        path: the key.
        place: the nearest place in the new config: the key itself, the item that was added, or what is left above.
        text: what differs, as in ``fail_on: error -> warning`` or ``exclude: added "apps/**"``.
        effect: what it does to the gate.
    """

    path: FieldPath
    place: FieldPath
    text: str
    effect: Effect


def config_differences(old: Mapping[str, Any], new: Mapping[str, Any], own_level: OwnLevel) -> list[Difference]:
    """Compare the data of two configs.

    Args:
        old: what ``settings.read_settings`` gave for the config in force; {} where there is none.
        new: the same for the one after the change.
        own_level: the level of a rule that the config does not mention.
    """
    one, two = _with_defaults(old), _with_defaults(new)
    return list(_Comparison(one, two, new, own_level).walk(one, two, ()))


def shown(value: object) -> str:
    """A value in one short line that is safe to print: words as they are, everything else as JSON."""
    if value is _ABSENT:
        return "not set"
    is_word = isinstance(value, str) and value.replace("-", "").replace(".", "").replace("_", "").isalnum()
    text = str(value) if is_word else json.dumps(value, ensure_ascii=False)
    text = show_path(text)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def _with_defaults(data: Mapping[str, Any]) -> dict[str, Any]:
    """The config with those defaults that a key takes away when it is written down."""
    policies = data.get("policies", {})
    return {
        **data,
        "include": data.get("include", ["**"]),
        "policies": {**policies, "packs": policies.get("packs", ["recommended"])},
    }


class _Comparison:
    """Two configs side by side."""

    def __init__(self, old: Any, new: Any, written: Mapping[str, Any], own_level: OwnLevel) -> None:
        self._old = old
        self._new = new
        self._written = written
        self._own_level = own_level

    def walk(self, old: Any, new: Any, path: FieldPath) -> Iterator[Difference]:
        """Everything below a key that differs."""
        if old is not _ABSENT and new is not _ABSENT and _same(old, new):
            return
        is_whole = len(path) == 2 and path[0] == "targets"  # a target that comes or goes is one thing, not four
        sides = [side for side in (old, new) if side is not _ABSENT]
        if all(isinstance(side, dict) for side in sides) and not (is_whole and len(sides) == 1):
            before, after = (side if isinstance(side, dict) else {} for side in (old, new))
            for key in dict.fromkeys((*before, *after)):
                yield from self.walk(before.get(key, _ABSENT), after.get(key, _ABSENT), (*path, key))
        elif all(isinstance(side, list) for side in sides):
            yield from self._lists(old if old is not _ABSENT else [], new if new is not _ABSENT else [], path)
        else:
            text = f"{_name(path)}: {_summary(old)} -> {_summary(new)}"
            yield self._difference(path, path, text, self._effect(path, old, new))

    def _lists(self, old: list[Any], new: list[Any], path: FieldPath) -> Iterator[Difference]:
        if len(old) == len(new) and all(isinstance(item, dict) for item in (*old, *new)):
            for index, (before, after) in enumerate(zip(old, new, strict=True)):
                yield from self.walk(before, after, (*path, index))
            return
        left = list(old)
        changed = False
        for index, item in enumerate(new):
            match = next((other for other in left if _same(other, item)), _ABSENT)
            if match is not _ABSENT:
                left.remove(match)
                continue
            changed = True
            effect = self._item_effect(path, item, old)
            yield self._difference(path, (*path, index), f"{_name(path)}: added {shown(item)}", effect)
        for item in left:
            # A schema that comes may ask little; one that goes asks nothing any more.
            is_schema = path == ("schemas", "folders")
            effect = Effect.LOOSENS if is_schema else self._item_effect(path, item, new).opposite
            yield self._difference(path, path, f"{_name(path)}: removed {shown(item)}", effect)
        if not left and not changed:
            yield self._difference(path, path, f"{_name(path)}: another order", Effect.ALTERS)

    def _difference(self, path: FieldPath, place: FieldPath, text: str, effect: Effect) -> Difference:
        return Difference(path, _nearest(self._written, place), text, effect)

    def _item_effect(self, path: FieldPath, item: Any, others: list[Any]) -> Effect:
        """What adding an item to a list does."""
        match path:
            case ("exclude",):
                return Effect.LOOSENS
            case ("include",):
                return Effect.ALTERS if "**" in others else Effect.TIGHTENS
            case ("policies", "packs" | "folders" | "not_waivable") | ("targets", _, "paths"):
                return Effect.TIGHTENS
            case ("policies", "overrides"):
                return self._override_effect(item)
        return Effect.ALTERS

    def _override_effect(self, override: Mapping[str, Any]) -> Effect:
        """An override loosens the gate where it gives any rule less weight than it has elsewhere."""
        levels = override.get("levels", {})
        weights = [_rank(word) - _rank(self._level_elsewhere(rule)) for rule, word in levels.items()]
        if any(weight < 0 for weight in weights):
            return Effect.LOOSENS
        return Effect.TIGHTENS if any(weights) and not override.get("parameters") else Effect.ALTERS

    def _level_elsewhere(self, rule: str) -> str:
        levels = self._new["policies"].get("levels", {})
        return str(levels[rule]) if rule in levels else _word(self._own_level(rule))

    def _effect(self, path: FieldPath, old: Any, new: Any) -> Effect:  # noqa: PLR0911  one return for each kind of key
        match path:
            case ("policies", "levels", str(rule)):
                return _weigh(self._level(old, rule), self._level(new, rule))
            case ("policies", "overrides", int(), "levels", str(rule)):
                elsewhere = self._level_elsewhere(rule)
                return _weigh(_or(old, elsewhere), _or(new, elsewhere))
            case ("schemas", "missing"):
                return _weigh(_or(old, "warning"), _or(new, "warning"))
            case ("fail_on",):
                # The other way round: a higher threshold lets more through.
                return _weigh(_or(new, "error"), _or(old, "error"))
            case ("fail_on_existing",) | ("render", "enabled"):
                # What is not rendered is only counted: overlays and charts could hold anything.
                unless_said = path[0] == "render"
                return _switched(
                    was_on=unless_said if old is _ABSENT else old is True,
                    is_on=unless_said if new is _ABSENT else new is True,
                )
            case ("limits", _):
                return _larger(old, new)
            case ("targets", _):
                return Effect.LOOSENS if new is _ABSENT else Effect.ALTERS
            case ("targets", _, "upgrade_to") | ("waivers",):
                return _presence(path, old, new)
            case ("targets", _, "dry_run"):
                was_on, is_on = _or(old, _DRY_RUN_OFF) != _DRY_RUN_OFF, _or(new, _DRY_RUN_OFF) != _DRY_RUN_OFF
                return _switched(was_on=was_on, is_on=is_on)
        return Effect.ALTERS

    def _level(self, value: Any, rule: str) -> str:
        return _word(self._own_level(rule)) if value is _ABSENT else str(value)


def _same(one: Any, other: Any) -> bool:
    """Equal as data: true is not 1."""
    return bool(one == other) and json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _or(value: Any, default: str) -> str:
    return default if value is _ABSENT else str(value)


def _word(level: Level | None) -> str:
    return "off" if level is None else level.value


def _rank(word: str) -> int:
    return _LEVELS.index(word)


def _weigh(old: str, new: str) -> Effect:
    """Compare two levels: less weight lets more through."""
    if _rank(new) == _rank(old):
        return Effect.ALTERS
    return Effect.LOOSENS if _rank(new) < _rank(old) else Effect.TIGHTENS


def _switched(*, was_on: bool, is_on: bool) -> Effect:
    return {(True, False): Effect.LOOSENS, (False, True): Effect.TIGHTENS}.get((was_on, is_on), Effect.ALTERS)


def _larger(old: Any, new: Any) -> Effect:
    """Compare two sizes or counts: a larger limit lets more through, an absent one is not known."""
    one, two = _amount(old), _amount(new)
    if one is None or two is None or one == two:
        return Effect.ALTERS
    return Effect.LOOSENS if two > one else Effect.TIGHTENS


def _amount(value: Any) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    number = value.rstrip("BKMi") if isinstance(value, str) else ""
    return int(number) * _UNITS[value[len(number) :]] if number.isdecimal() and value[len(number) :] in _UNITS else None


def _presence(path: FieldPath, old: Any, new: Any) -> Effect:
    """A waivers file lets more through, a version to come less; one that replaces another is neither."""
    if old is not _ABSENT and new is not _ABSENT:
        return Effect.ALTERS
    added = Effect.LOOSENS if path == ("waivers",) else Effect.TIGHTENS
    return added if old is _ABSENT else added.opposite


def _name(path: FieldPath) -> str:
    """A key as people write it, safe to print."""
    return show_path(format_path(path))


def _summary(value: object) -> str:
    """A value, or for a mapping (a whole target) that it is there."""
    return "set" if isinstance(value, dict) else shown(value)


def _nearest(data: Any, path: FieldPath) -> FieldPath:
    """The longest part of a path that there is in the data."""
    for depth, step in enumerate(path):
        is_item = isinstance(data, list) and isinstance(step, int) and 0 <= step < len(data)
        if not is_item and not (isinstance(data, dict) and step in data):
            return path[:depth]
        data = data[step]
    return path
