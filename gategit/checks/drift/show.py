"""Drift as text for people, and as JSON for scripts. Values are shown as the cluster's and Git's lines of a diff."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from gategit.checks.drift.values import Drift, FieldChange, FieldDrift, ObjectChange, ObjectDrift, TargetDrift
from gategit.model import DryRunDifference
from gategit.report.dry_run_view import diff_lines
from gategit.report.escaping import line_start, shorten, visible, well_formed
from gategit.report.json_report import dump
from gategit.report.parts import object_data, place_data, place_text, text_data, unchecked_data, unchecked_lines
from gategit.report.summary import plural

VERSION = 1
"""Of the JSON. Raised when a key changes its meaning or goes away; new keys do not raise it."""

_MAX_LINES = 200
_MAX_TEXT = 2000
_BOLD = "1"
_LINE_CODES = {"+": "32", "-": "31"}
_CODES = {ObjectChange.CHANGED: "1;33", ObjectChange.MISSING: "1;31", ObjectChange.UNDECLARED: "1;36"}
_CHANGES = {FieldChange.CHANGED: "modified", FieldChange.LACKING: "removed", FieldChange.UNDECLARED: "added"}


def to_text(drift: Drift, *, color: bool) -> str:
    """What differs, object by object and field by field, with the line of its declaration.

    A line with ``-`` is what Git declares, one with ``+`` what the cluster has.
    """

    def paint(text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if color and text else text

    lines: list[str] = []
    for target in drift.targets:
        for item in target.objects:
            lines += [*_object_lines(item, paint), ""]
        if any(item.fields for item in target.objects):
            lines += ["- is what Git declares, + what the cluster has", ""]
        lines += [f"note: {visible(note)}" for note in target.notes]
        lines += unchecked_lines(target.unchecked)
        lines.append(f"{paint(_name(target, drift.commit), _BOLD)}: {_summary(target)}")
        lines.append("")
    return "\n".join(lines[:-1]) + "\n"


def _name(target: TargetDrift, commit: str) -> str:
    name = f"target {target.target}" if target.target is not None else target.server
    version = f" (Kubernetes {target.version})" if target.version else ""
    return visible(f"{name}{version} against {commit[:12]}")


def _summary(target: TargetDrift) -> str:
    counts = Counter(item.change for item in target.objects)
    found = ", ".join(f"{counts[change]:,} {change}" for change in ObjectChange if counts[change]) or "no drift"
    missed = f"; {len(target.unchecked):,} not looked at" if target.unchecked else ""
    return f"{found} ({plural(target.compared, 'object')} compared{missed})"


def _object_lines(item: ObjectDrift, paint: Any) -> Iterator[str]:
    head = f"{paint(item.change.value, _CODES[item.change])} {paint(visible(str(item.object)), _BOLD)}"
    place = f"  {place_text(item.location)}" if item.location is not None else ""
    yield f"{head}{place}{_by(item.managers)}"
    if item.reason:
        yield f"    {line_start(visible(shorten(item.reason, _MAX_TEXT)))}"
    for field in item.fields:
        line = str(field.location.region.line if field.location.region is not None else "")
        if item.location is None or field.location.file != item.location.file:
            line = place_text(field.location)
        yield f"  {line:>5}{_by(field.managers) or '  (the cluster lacks it)'}"
        for text in diff_lines([_difference(field)], _MAX_LINES):
            code = _LINE_CODES.get(text[:1])
            yield f"        {text if code is None else paint(text, code)}"


def _difference(field: FieldDrift) -> DryRunDifference:
    return DryRunDifference(field.path, _CHANGES[field.change], field.git, field.live)


def _by(managers: Iterable[str]) -> str:
    names = ", ".join(visible(name) for name in managers)
    return f"  written by {names}" if names else ""


def to_json(drift: Drift) -> str:
    """The same, complete, as one JSON object. ``schemas/drift.schema.json`` describes it."""
    return dump(
        {
            "version": VERSION,
            "exit_code": drift.exit_code,
            "commit": drift.commit,
            "targets": [_target_data(target) for target in drift.targets],
        }
    )


def _target_data(target: TargetDrift) -> dict[str, Any]:
    return {
        "target": text_data(target.target),
        "server": well_formed(target.server),
        "version": well_formed(target.version),
        "compared": target.compared,
        "objects": [_object_data(item) for item in target.objects],
        "notes": [well_formed(note) for note in target.notes],
        "unchecked": unchecked_data(target.unchecked),
    }


def _object_data(item: ObjectDrift) -> dict[str, Any]:
    return {
        "change": item.change.value,
        "object": object_data(item.object),
        **place_data(item.location),
        "managers": [well_formed(name) for name in item.managers],
        "reason": well_formed(item.reason),
        "fields": [
            {
                "change": field.change.value,
                "path": well_formed(field.path),
                "git": _plain(field.git),
                "live": _plain(field.live),
                **place_data(field.location),
                "managers": [well_formed(name) for name in field.managers],
            }
            for field in item.fields
        ],
    }


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return well_formed(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {well_formed(key): _plain(part) for key, part in value.items()}
    return value
