"""The SARIF 2.1.0 report (OASIS Standard), within the limits and wishes of GitHub code scanning.

It holds no time, no machine and no absolute path: the same report gives the same bytes. ``sarif_om`` is a model
without a writer; the writer is here.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any
from urllib.parse import quote

import attr
import sarif_om

from gategit import __version__
from gategit.model import Finding, Level, Location, Region, Report, Rule, Stage, StageStatus, State, format_path
from gategit.report.escaping import fence_for, shorten, visible, well_formed
from gategit.report.json_report import dump
from gategit.report.summary import by_importance, grouped_unchecked, verdict_line

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
MAX_RESULTS = 25_000
"""GitHub refuses a run with more, and shows the first 5,000."""
MAX_COMPRESSED = 9_500_000
"""GitHub refuses files above 10 MB after gzip."""

_MAX_MESSAGE = 2000
_MAX_DESCRIPTION = 1024
_MAX_RELATED = 100
_MAX_NOTIFICATIONS = 200
_MAX_NAMES = 20
_MAX_SNIPPET_LINES = 20
_MAX_READABLE = 1000  # results in a file that people may want to read; more are written without white space
_ROOT = "%SRCROOT%"
_WHOLE_FILE = Region(1, 1, 1, 1)

_PRECISION = {
    Stage.SYNTAX: "very-high",
    Stage.SCHEMA: "very-high",
    Stage.REFERENCES: "high",
    Stage.POLICY: "high",
    Stage.DRY_RUN: "very-high",
}
_SEVERITY = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "recommendation"}
_BASELINE = {State.NEW: "new", State.EXISTING: "unchanged", State.WAIVED: None}

_NOTIFICATIONS = (
    ("stage-undecided", "StageUndecided", "A stage could not look at everything, so the verdict is undecided."),
    ("stage-skipped", "StageSkipped", "A stage did not run."),
    ("not-checked", "NotChecked", "Something was not looked at."),
    ("results-dropped", "ResultsDropped", "Results were left out because GitHub takes no more."),
)
_NOTIFICATION_HELP = "Read the message. gategit says and counts whatever it did not look at; it never passes over it."


def render(report: Report, *, color: bool, verbose: bool, width: int) -> str:  # noqa: ARG001  one signature for all
    """Write the report as SARIF. Beyond GitHub's limits the least important results are left out, and that is said."""
    limit = MAX_RESULTS
    while True:
        # Readers that look at the first bytes find there what the file is.
        log = {"$schema": SCHEMA, "version": "2.1.0", **_plain(_log(report, limit))}
        text = dump(log, compact=len(report.findings) > _MAX_READABLE)
        if len(text) <= MAX_COMPRESSED or len(zlib.compress(text.encode(), 6)) <= MAX_COMPRESSED or limit < 2:
            return text
        limit = min(limit, len(report.findings)) // 2


def _log(report: Report, limit: int) -> Any:
    kept = by_importance(report)[:limit]
    identities = {id(finding) for finding in kept}
    findings = [finding for finding in report.findings if id(finding) in identities]
    rules = _rules(report, findings)
    indices = {rule.id: index for index, rule in enumerate(rules)}
    run = sarif_om.Run(
        tool=sarif_om.Tool(
            driver=sarif_om.ToolComponent(
                name="gategit",
                semantic_version=__version__,
                short_description=_text("The pre-merge policy and manifest validation gate for GitOps branches."),
                rules=[_rule(rule) for rule in rules],
                notifications=[
                    sarif_om.ReportingDescriptor(
                        id=name,
                        name=title,
                        short_description=_text(sentence),
                        full_description=_text(sentence),
                        help=_text(_NOTIFICATION_HELP),
                    )
                    for name, title, sentence in _NOTIFICATIONS
                ],
            )
        ),
        automation_details=sarif_om.RunAutomationDetails(id="gategit/"),
        column_kind="unicodeCodePoints",
        original_uri_base_ids={
            _ROOT: sarif_om.ArtifactLocation(description=sarif_om.Message(text="The root of the repository."))
        },
        invocations=[_invocation(report, len(report.findings) - len(findings))],
        results=[_result(report, finding, indices[finding.rule]) for finding in findings],
    )
    return sarif_om.SarifLog(schema_uri=SCHEMA, version="2.1.0", runs=[run])


def _rules(report: Report, findings: Sequence[Finding]) -> list[Rule]:
    """The rules of the findings by id; one that the report lacks is made up rather than losing its findings."""
    named: dict[str, Rule] = {}
    for finding in findings:
        if finding.rule not in named:
            named[finding.rule] = report.rules.get(finding.rule) or Rule(
                finding.rule, finding.level, finding.stage, f"The rule {finding.rule}.", "No more is known of it.", ""
            )
    return [named[name] for name in sorted(named)]


def _rule(rule: Rule) -> Any:
    tags = ["gitops", "kubernetes", rule.stage.value]
    properties: dict[str, Any] = {
        "precision": _PRECISION[rule.stage],
        "problem.severity": _SEVERITY[rule.level],
        "tags": tags,
    }
    if rule.security_severity is not None:
        tags.append("security")
        properties["security-severity"] = f"{rule.security_severity:.1f}"
    summary = visible(rule.summary) or rule.id
    return sarif_om.ReportingDescriptor(
        id=rule.id,
        name="".join(word.capitalize() for word in re.split(r"[^0-9A-Za-z]+", rule.id)),
        short_description=_text(_sentence(shorten(summary, _MAX_DESCRIPTION))),
        full_description=_text(_sentence(shorten(_lines(rule.rationale) or summary, _MAX_DESCRIPTION))),
        default_configuration=sarif_om.ReportingConfiguration(level=rule.level.value),
        help=sarif_om.MultiformatMessageString(
            text=_sentence(_lines(rule.help) or summary), markdown=_help_markdown(rule)
        ),
        properties=properties,
    )


def _help_markdown(rule: Rule) -> str:
    """The rule's whole page: what it asks, why, how to fix it, an example of each kind, where to read on."""
    parts = [f"# {rule.id}", _lines(rule.summary), "## Why", _lines(rule.rationale)]
    if rule.help:
        parts += ["## How to fix", _lines(rule.help)]
    for title, example in (("This fails", rule.example_fail), ("This passes", rule.example_pass)):
        if example:
            fence = fence_for(example)
            parts += [f"## {title}", f"{fence}yaml\n{example.rstrip()}\n{fence}"]
    if rule.references:
        parts += ["## References", "\n".join(f"- <{url}>" for url in rule.references)]
    return "\n\n".join(part for part in parts if part)


def _result(report: Report, finding: Finding, rule_index: int) -> Any:
    place = finding.location
    fingerprints = {"gategit/v1": finding.fingerprint} if finding.fingerprint else {}
    hashes: Mapping[int, str] = report.line_hashes.get(place.file, {})
    line_hash = hashes.get((place.region or _WHOLE_FILE).line)
    if line_hash:
        fingerprints["primaryLocationLineHash"] = line_hash
    location = _location(place)
    if place.region:
        _add_source(location.physical_location, place.region, report.sources.get(place.file, {}))
    if finding.object:
        location.logical_locations = [_logical_location(finding)]
    properties = {"stage": finding.stage.value}
    if finding.target:
        properties["target"] = visible(finding.target)
    suppressions = None
    if finding.state is State.WAIVED:
        waiver = finding.waiver
        reason = f"Waived until {waiver.expires} by {waiver.owner}: {waiver.reason}" if waiver else "Waived"
        suppressions = [
            sarif_om.Suppression(
                kind="inSource" if waiver is not None and waiver.inline else "external",
                state="accepted",
                justification=_sentence(visible(shorten(reason, _MAX_MESSAGE))),
            )
        ]
    return sarif_om.Result(
        rule_id=finding.rule,
        rule_index=rule_index,
        level=finding.level.value,
        message=sarif_om.Message(text=_message(finding)),
        locations=[location],
        related_locations=[
            _location(related.location, number=number, message=_unlinked(visible(related.message)))
            for number, related in enumerate(finding.related[:_MAX_RELATED], 1)
        ]
        or None,
        partial_fingerprints=dict(sorted(fingerprints.items())) or None,
        baseline_state=_BASELINE[finding.state],
        suppressions=suppressions,
        properties=properties,
    )


def _message(finding: Finding) -> str:
    """What is wrong, how to mend it, and links to the related places (SARIF 2.1.0, section 3.11.6)."""
    message = _sentence(_unlinked(visible(shorten(finding.message, _MAX_MESSAGE))) or finding.rule)
    parts = [message]
    if finding.help:
        parts.append(_sentence(f"Help: {_unlinked(_lines(shorten(finding.help, _MAX_MESSAGE)))}"))
    for number, related in enumerate(finding.related[:_MAX_RELATED], 1):
        text = _unlinked(visible(shorten(related.message, 200))) or "related"
        escaped = re.sub(r"([\\\[\]])", r"\\\1", text)
        parts.append(f"See [{escaped}]({number}).")
    return " ".join(parts)


def _unlinked(text: str) -> str:
    """Keep text of the pull request from being read as an embedded link."""
    return text.replace("](", "] (")


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _lines(text: str) -> str:
    """Escape what would not be seen, but keep line breaks."""
    return "\n".join(visible(line) for line in text.strip().split("\n"))


def _logical_location(finding: Finding) -> Any:
    """The object, or its field, that the finding is about."""
    obj = finding.object
    assert obj is not None  # noqa: S101  the caller looked
    name = "/".join(visible(part) for part in (obj.api_version, obj.kind, obj.namespace, obj.name) if part)
    field = visible(shorten(format_path(finding.path), _MAX_MESSAGE))
    return sarif_om.LogicalLocation(
        fully_qualified_name=f"{name}#{field}" if field else name,
        name=visible(shorten(str(finding.path[-1]), 200)) if field else visible(str(obj)),
        kind="member" if field else "resource",
    )


def _location(location: Location, number: int | None = None, message: str = "") -> Any:
    region = location.region or _WHOLE_FILE
    return sarif_om.Location(
        id=-1 if number is None else number,
        message=sarif_om.Message(text=_sentence(shorten(message, _MAX_MESSAGE))) if message else None,
        physical_location=sarif_om.PhysicalLocation(
            artifact_location=sarif_om.ArtifactLocation(uri=file_uri(location.file), uri_base_id=_ROOT),
            region=sarif_om.Region(
                start_line=region.line,
                start_column=region.column,
                end_line=region.end_line,
                end_column=region.end_column,
            ),
        ),
    )


def _add_source(physical_location: Any, region: Region, lines: Mapping[int, str]) -> None:
    """Add the region's text and the lines around it, where they are known and short enough to be of use."""
    numbers = range(region.line, region.end_line + 1)
    if len(numbers) > _MAX_SNIPPET_LINES or not all(number in lines for number in numbers):
        return
    texts = [lines[number].rstrip("\r\n") for number in numbers]
    first = region.line - 1 if region.line - 1 in lines else region.line
    last = region.end_line + 1 if region.end_line + 1 in lines else region.end_line
    around = [lines[number].rstrip("\r\n") for number in range(first, last + 1)]
    if sum(map(len, around)) > _MAX_MESSAGE:
        return
    texts[-1] = texts[-1][: region.end_column - 1]
    texts[0] = texts[0][region.column - 1 :]
    snippet = "\n".join(texts)
    if snippet:
        physical_location.region.snippet = sarif_om.ArtifactContent(text=well_formed(snippet))
    physical_location.context_region = sarif_om.Region(
        start_line=first,
        start_column=1,
        end_line=last,
        end_column=len(around[-1]) + 1,
        snippet=sarif_om.ArtifactContent(text=well_formed("\n".join(around))),
    )


def file_uri(file: str) -> str:
    """A path as a relative URI reference (RFC 3986): every byte but unreserved ones and ``/`` percent-encoded."""
    try:
        raw = file.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a lone surrogate that stands for no byte
        raw = visible(file).encode()
    return quote(raw, safe="/")


def _invocation(report: Report, dropped: int) -> Any:
    notifications = []
    for result in report.stages:
        if result.status is StageStatus.ERROR:
            reason = result.reason or "it could not look at everything"
            notifications.append(("stage-undecided", "error", f"The stage {result.stage.value} is undecided: {reason}"))
        elif result.status is StageStatus.SKIPPED:
            reason = result.reason or "no reason given"
            notifications.append(("stage-skipped", "note", f"The stage {result.stage.value} was skipped: {reason}"))
    groups = grouped_unchecked(report.unchecked)
    for reason, names in list(groups.items())[:_MAX_NOTIFICATIONS]:
        few = ", ".join(names[:_MAX_NAMES])
        more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
        notifications.append(("not-checked", "warning", f"{len(names)} not checked: {reason}: {few}{more}"))
    if len(groups) > _MAX_NOTIFICATIONS:
        rest = len(groups) - _MAX_NOTIFICATIONS
        notifications.append(("not-checked", "warning", f"Not checked for {rest} more reasons"))
    if dropped:
        sentence = f"{dropped} of {len(report.findings)} results were left out, the least important first"
        notifications.append(("results-dropped", "warning", sentence))
    indices = {name: index for index, (name, _, _) in enumerate(_NOTIFICATIONS)}
    return sarif_om.Invocation(
        execution_successful=not any(result.status is StageStatus.ERROR for result in report.stages),
        exit_code=report.exit_code,
        exit_code_description=_sentence(verdict_line(report)),
        tool_execution_notifications=[
            sarif_om.Notification(
                descriptor=sarif_om.ReportingDescriptorReference(id=name, index=indices[name]),
                level=level,
                message=sarif_om.Message(text=_sentence(_unlinked(visible(shorten(text, _MAX_MESSAGE))))),
            )
            for name, level, text in notifications
        ]
        or None,
    )


def _text(text: str) -> Any:
    return sarif_om.MultiformatMessageString(text=text)


@cache
def _fields(model: type) -> tuple[tuple[str, str, Any], ...]:
    """A model class's attributes: their names in Python and in SARIF, and their default in the standard."""
    names = []
    for field in attr.fields(model):
        default: Any = field.default
        made = default.factory() if hasattr(default, "factory") else default
        written = field.metadata["schema_property_name"]
        # The model is older than the final standard in this one name; a test compares all of them with the schema.
        names.append((field.name, "status" if (model, written) == (sarif_om.Suppression, "state") else written, made))
    return tuple(names)


def _plain(value: Any) -> Any:
    """Turn the model into plain data. What is None or the standard's default is left out; a level is always said."""
    if isinstance(value, str | int | float):
        return value
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    plain: dict[str, Any] = {}
    model: type = type(value)
    for name, written, default in _fields(model):
        item = getattr(value, name)
        if item is None or (item == default and name != "level"):
            continue
        plain[written] = _plain(item)
    return plain
