"""The JSON report: a contract that scripts rely on. ``schemas/report.schema.json`` describes it."""

from __future__ import annotations

import json
from typing import Any

from gategit.model import DryRun, Finding, Json, ObjectRef, Report, format_path
from gategit.report.escaping import LOG_COMMAND, well_formed
from gategit.report.summary import count

VERSION = 1
"""Raised when a key changes its meaning or goes away; new keys do not raise it."""


def render(report: Report, *, color: bool, verbose: bool, width: int) -> str:  # noqa: ARG001  one signature for all
    """Write the report as one JSON object. It is always complete: no option shortens it."""
    return dump(as_data(report))


def dump(data: Any, *, compact: bool = False) -> str:
    """Write plain data as JSON in ASCII, which no terminal, locale or editor can misread; indented unless compact."""
    # Neither DEL, the one control character that JSON's ASCII form leaves as it is, nor "##" can stand outside strings.
    text = json.dumps(data, indent=None if compact else 2, separators=(",", ":") if compact else None)
    return LOG_COMMAND.sub(r"\\u0023#", text.replace("\x7f", "\\u007f")) + "\n"


def as_data(report: Report) -> dict[str, Any]:
    """The report as plain data, keys in the contract's order."""
    change, stats, counts = report.change, report.stats, count(report)
    return {
        "version": VERSION,
        "verdict": report.verdict.value,
        "exit_code": report.exit_code,
        "change": {
            "base": change.base,
            "head": change.head,
            "trust": change.trust,
            "files": change.files,
            "objects": {"added": change.added, "modified": change.modified, "removed": change.removed},
        },
        "stages": [
            {
                "name": result.stage.value,
                "status": result.status.value,
                "reason": None if result.reason is None else well_formed(result.reason),
            }
            for result in report.stages
        ],
        "summary": {
            "error": counts.error,
            "warning": counts.warning,
            "note": counts.note,
            "waived": counts.waived,
            "existing": counts.existing,
            "unchecked": counts.unchecked,
        },
        "findings": [_finding(finding) for finding in report.findings],
        "stats": {
            "documents": stats.documents,
            "objects": stats.objects,
            "seconds": round(stats.seconds, 3),
            "cache": {"hits": stats.cache_hits, "misses": stats.cache_misses},
        },
        "schemas": [
            {
                "api_version": well_formed(use.api_version),
                "kind": well_formed(use.kind),
                "origin": well_formed(use.origin),
                "objects": use.objects,
            }
            for use in report.schemas
        ],
        "dry_run": report.dry_run and _dry_run(report.dry_run),
        "unchecked": [
            {"what": well_formed(item.what), "reason": well_formed(item.reason)} for item in report.unchecked
        ],
    }


def _dry_run(dry_run: DryRun) -> dict[str, Any]:
    return {
        "servers": [
            {
                "target": None if server.target is None else well_formed(server.target),
                "mode": server.mode,
                "version": well_formed(server.version),
                "notes": [well_formed(note) for note in server.notes],
            }
            for server in dry_run.servers
        ],
        "objects": [
            {
                "target": None if outcome.target is None else well_formed(outcome.target),
                "object": _object(outcome.object),
                "result": outcome.result.value,
                "reason": well_formed(outcome.reason),
                "manager": well_formed(outcome.manager),
                "file": well_formed(outcome.location.file),
                "line": outcome.location.region and outcome.location.region.line,
                "differences": [
                    {
                        "path": well_formed(difference.path),
                        "change": difference.change,
                        "old": plain(difference.old),
                        "new": plain(difference.new),
                    }
                    for difference in outcome.differences
                ],
            }
            for outcome in dry_run.outcomes
        ],
    }


def plain(value: Json) -> Json:
    """Plain data whose texts can be written as UTF-8."""
    if isinstance(value, str):
        return well_formed(value)
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {well_formed(key): plain(part) for key, part in value.items()}
    return value


def _object(obj: ObjectRef) -> dict[str, Any]:
    return {
        "apiVersion": well_formed(obj.api_version),
        "kind": well_formed(obj.kind),
        "namespace": None if obj.namespace is None else well_formed(obj.namespace),
        "name": well_formed(obj.name),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    region, obj, waiver = finding.location.region, finding.object, finding.waiver
    return {
        "rule": finding.rule,
        "stage": finding.stage.value,
        "level": finding.level.value,
        "state": finding.state.value,
        "message": well_formed(finding.message),
        "help": well_formed(finding.help),
        "file": well_formed(finding.location.file),
        "line": region and region.line,
        "column": region and region.column,
        "end_line": region and region.end_line,
        "end_column": region and region.end_column,
        "object": obj and _object(obj),
        "path": well_formed(format_path(finding.path)),
        "target": None if finding.target is None else well_formed(finding.target),
        "fingerprint": finding.fingerprint,
        "waiver": waiver
        and {
            "owner": well_formed(waiver.owner),
            "reason": well_formed(waiver.reason),
            "expires": waiver.expires,
        },
        "base_line": finding.location.was and finding.location.was.line,
        "units": [
            {"name": well_formed(name), "target": None if target is None else well_formed(target)}
            for name, target in finding.units
        ],
    }
