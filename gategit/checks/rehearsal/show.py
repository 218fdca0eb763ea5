"""A rehearsal as text for people, and as JSON for scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from gategit.checks.rehearsal.values import Missing, RefusedObject, Rehearsal, TargetRehearsal
from gategit.report.escaping import line_start, shorten, visible, well_formed
from gategit.report.json_report import dump
from gategit.report.parts import object_data, place_data, place_text, text_data, unchecked_data, unchecked_lines
from gategit.report.summary import plural

VERSION = 1
"""Of the JSON. Raised when a key changes its meaning or goes away; new keys do not raise it."""

_MAX_NEEDERS = 5
_MAX_TEXT = 2000
_BOLD = "1"
_MISSING = "1;31"
_REFUSED = "1;33"

_Paint = Callable[[str, str], str]


def to_text(rehearsal: Rehearsal, *, color: bool) -> str:
    """What is missing and who needs it, and what the API server refused, each with file and line."""

    def paint(text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if color and text else text

    lines: list[str] = []
    for target in rehearsal.targets:
        for missing in target.missing:
            lines += [*_missing_lines(missing, paint), ""]
        for refused in target.refused:
            lines += [*_refused_lines(refused, paint), ""]
        lines += [f"note: {visible(shorten(note, _MAX_TEXT))}" for note in target.notes]
        lines += unchecked_lines(target.unchecked)
        lines += [f"{paint(visible(_name(target)), _BOLD)}: {_summary(target)}", ""]
    return "\n".join(lines[:-1]) + "\n"


def _name(target: TargetRehearsal) -> str:
    name = f"target {target.target}" if target.target is not None else "rehearsal"
    return f"{name} (Kubernetes {target.version})" if target.version else name


def _summary(target: TargetRehearsal) -> str:
    found = [f"{plural(target.applied, 'object')} applied"]
    if target.missing:
        found.append(f"{len(target.missing):,} missing")
    if target.refused:
        found.append(f"{len(target.refused):,} refused")
    if target.unchecked:
        found.append(f"{len(target.unchecked):,} not looked at")
    if len(found) == 1:
        found.append("nothing missing")
    return ", ".join(found)


def _missing_lines(missing: Missing, paint: _Paint) -> Iterator[str]:
    yield f"{paint('missing', _MISSING)} {paint(visible(str(missing)), _BOLD)}"
    for needer in missing.needed_by[:_MAX_NEEDERS]:
        field = f" at {needer.path}" if needer.path else ""
        yield f"    {place_text(needer.location)}  needed by {visible(f'{needer.object}{field}')}"
    if len(missing.needed_by) > _MAX_NEEDERS:
        yield f"    and by {len(missing.needed_by) - _MAX_NEEDERS:,} more"


def _refused_lines(refused: RefusedObject, paint: _Paint) -> Iterator[str]:
    yield f"{paint('refused', _REFUSED)} {paint(visible(str(refused.object)), _BOLD)}  {place_text(refused.location)}"
    yield f"    {line_start(visible(shorten(refused.message, _MAX_TEXT)))}"


def to_json(rehearsal: Rehearsal) -> str:
    """The same, complete, as one JSON object. ``schemas/rehearsal.schema.json`` describes it."""
    return dump(
        {
            "version": VERSION,
            "exit_code": rehearsal.exit_code,
            "targets": [_target_data(target) for target in rehearsal.targets],
        }
    )


def _target_data(target: TargetRehearsal) -> dict[str, Any]:
    return {
        "target": text_data(target.target),
        "version": well_formed(target.version),
        "applied": target.applied,
        "missing": [
            {
                "kind": well_formed(missing.kind),
                "namespace": text_data(missing.namespace),
                "name": well_formed(missing.name),
                "needed_by": [
                    {
                        "object": object_data(needer.object),
                        "path": well_formed(needer.path),
                        **place_data(needer.location),
                    }
                    for needer in missing.needed_by
                ],
            }
            for missing in target.missing
        ],
        "refused": [
            {
                "object": object_data(refused.object),
                "message": well_formed(refused.message),
                **place_data(refused.location),
            }
            for refused in target.refused
        ],
        "notes": [well_formed(note) for note in target.notes],
        "unchecked": unchecked_data(target.unchecked),
    }
