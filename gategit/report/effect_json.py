"""The effect of a change as JSON: a contract that scripts rely on. ``schemas/diff.schema.json`` describes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gategit.report.effect_fields import is_whole
from gategit.report.effect_view import HIDDEN, shared_changes
from gategit.report.escaping import well_formed
from gategit.report.json_report import plain
from gategit.report.parts import object_data, place_data, text_data, unchecked_data

if TYPE_CHECKING:
    from gategit.model import Effect, EffectField, EffectObject, Json, Location


def effect_data(effect: Effect) -> dict[str, Any]:
    """What a change does to objects as plain data: each in each place, the riskiest first."""
    return {
        "objects": [_object(one) for shared in shared_changes(effect) for one in shared.places],
        "unknown": unchecked_data(effect.unknown),
    }


def _object(one: EffectObject) -> dict[str, Any]:
    return {
        "change": one.change,
        "target": text_data(one.target),
        "unit": text_data(one.unit),
        "object": object_data(one.object),
        "old": None if one.old is None else place_data(one.old),
        "new": None if one.new is None else place_data(one.new),
        "risks": [
            {"kind": risk.kind.value, "reason": well_formed(risk.reason), "path": well_formed(risk.path)}
            for risk in one.risks
        ],
        "fields": [_field(field) for field in one.fields if not is_whole(field)],
    }


def _field(field: EffectField) -> dict[str, Any]:
    one = field.difference
    found: dict[str, Any] = {"path": well_formed(one.path), "change": one.change}
    if one.change != "added":
        found["old"] = _side(one.old, field.old)
    if one.change != "removed":
        found["new"] = _side(one.new, field.new)
    return found


def _side(value: Json, location: Location | None) -> dict[str, Any]:
    if value == HIDDEN:
        return {"value": None, **place_data(location), "hidden": True}
    return {"value": plain(value), **place_data(location)}
