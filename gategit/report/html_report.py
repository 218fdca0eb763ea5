"""The HTML report: one page that needs nothing else, and may load nothing else."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from itertools import groupby

from gategit.model import (
    DryRun,
    DryRunResult,
    Effect,
    Finding,
    Level,
    Report,
    StageStatus,
    State,
    Unchecked,
    format_path,
)
from gategit.report.dry_run_view import by_server, diff_lines, place, result_counts, server_name
from gategit.report.effect_fields import field_lines
from gategit.report.effect_text import effect_total
from gategit.report.effect_view import change_counts, counts_text, object_place, shared_changes
from gategit.report.escaping import safe_lines, shorten, visible, xml
from gategit.report.excerpt import excerpt, marked_parts
from gategit.report.summary import by_importance, change_line, grouped_unchecked, level_counts, plural, verdict_detail

MAX_FINDINGS = 5_000
"""A page with more is slower than a browser bears; the others are counted on it."""

MAX_OUTCOMES = 1_000
"""The same for the objects of a dry run."""

MAX_CHANGES = 1_000
"""The same for the objects that the change touches."""

_MAX_TEXT = 4000
_MAX_DIFF = 1000  # lines of one object's differences
_MAX_NAMES = 1000
_WIDTH = 120

_STYLE = """
:root { color-scheme: light dark; --back: #fff; --card: #f6f8fa; --text: #1f2328; --dim: #59636e; --line: #d1d9e0;
  --error: #b3261e; --warning: #8a5a00; --note: #0b5cad; --pass: #1a7f37; --blocked: #b3261e; --undecided: #7b3fb5; }
@media (prefers-color-scheme: dark) {
  :root { --back: #0d1117; --card: #161b22; --text: #e6edf3; --dim: #9198a1; --line: #30363d; --error: #ff8b80;
    --warning: #e3b341; --note: #79b8ff; --pass: #56d364; --blocked: #ff8b80; --undecided: #d2a8ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 1.5rem; background: var(--back); color: var(--text);
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
code, pre { font-family: ui-monospace, monospace; font-size: .875em; }
pre { margin: .5rem 0; padding: .5rem .75rem; overflow-x: auto; border: 1px solid var(--line); border-radius: 6px;
  background: var(--back); line-height: 1.4; overflow-wrap: normal; }
article { margin: .75rem 0; padding: .75rem 1rem; border-left: 4px solid var(--line); border-radius: 6px;
  background: var(--card); }
article.error { border-color: var(--error); } article.warning { border-color: var(--warning); }
article.note { border-color: var(--note); } article.waived, article.existing { border-left-style: dashed; }
article p { margin: .25rem 0; }
.error > p > b, .error mark { color: var(--error); } .warning > p > b, .warning mark { color: var(--warning); }
.note > p > b, .note mark { color: var(--note); } mark { background: none; font-weight: bold;
  text-decoration: underline wavy; text-underline-offset: .25em; }
.pass { color: var(--pass); } .blocked { color: var(--blocked); } .undecided { color: var(--undecided); }
.dim { color: var(--dim); }
fieldset { display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin: 1rem 0; border: 1px solid var(--line);
  border-radius: 6px; } [hidden] { display: none; }
table { border-collapse: collapse; } th, td:nth-child(2) { white-space: nowrap; }
td, th { padding: .2rem .8rem .2rem 0; text-align: left; vertical-align: top; }
"""

_SCRIPT = """
const boxes = [...document.querySelectorAll("fieldset input")];
function filter() {
  const off = new Set(boxes.filter((box) => !box.checked).map((box) => box.value));
  for (const section of document.querySelectorAll("section")) {
    let shown = 0;
    for (const article of section.querySelectorAll("article")) {
      article.hidden = [...article.classList].some((name) => off.has(name));
      shown += article.hidden ? 0 : 1;
    }
    section.hidden = shown === 0;
  }
}
for (const box of boxes) box.addEventListener("change", filter);
document.querySelector("fieldset").hidden = false;
filter();
"""


def render(report: Report, *, color: bool, verbose: bool, width: int) -> str:  # noqa: ARG001  one signature for all
    """Write the report as one HTML page. Its own style and script are named by hash; any other is forbidden."""
    shown = by_importance(report)[:MAX_FINDINGS]
    identities = {id(finding) for finding in shown}
    findings = [finding for finding in report.findings if id(finding) in identities]
    policy = f"default-src 'none'; style-src {_hash(_STYLE)}; script-src {_hash(_SCRIPT)}; base-uri 'none'"
    verdict = report.verdict.value
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}; form-action \'none\'">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="referrer" content="no-referrer">',
        f"<title>gategit: {verdict}</title>",
        f"<style>{_STYLE}</style>",
        "</head>",
        "<body>",
        "<header>",
        f'<h1>gategit: <span class="{verdict}">{verdict}</span></h1>',
        f"<p>{xml(verdict_detail(report))}</p>",
        f'<p class="dim">{xml(change_line(report))}</p>',
        "</header>",
        *_stages(report),
        *_filters(findings),
    ]
    for file, group in groupby(findings, key=lambda finding: finding.location.file):
        of_file = list(group)
        counts = level_counts(of_file)
        lines.append(f'<section>\n<h2><code>{xml(file)}</code> <span class="dim">{counts}</span></h2>')
        for finding in of_file:
            lines += _article(report, finding)
        lines.append("</section>")
    rest = len(report.findings) - len(findings)
    if rest:
        lines.append(f"<p>{plural(rest, 'finding')} more not shown, the least important ones.</p>")
    lines += [*_effect(report.effect), *_dry_run(report), *_not_looked_at("Not checked", report.unchecked)]
    lines += [f"<script>{_SCRIPT}</script>", "</body>", "</html>"]
    return "\n".join(lines) + "\n"


def _hash(content: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


def _stages(report: Report) -> list[str]:
    words = {StageStatus.ERROR: "could not look"}
    classes = {
        StageStatus.PASSED: "pass",
        StageStatus.FAILED: "blocked",
        StageStatus.SKIPPED: "dim",
        StageStatus.ERROR: "undecided",
    }
    rows = []
    for result in report.stages:
        word = words.get(result.status, result.status.value)
        reason = xml(shorten(result.reason or "", _MAX_TEXT))
        head = f'<tr><th scope="row">{result.stage.value}</th>'
        rows.append(f'{head}<td class="{classes[result.status]}">{word}</td><td>{reason}</td></tr>')
    return ["<table>", *rows, "</table>"]


def _filters(findings: list[Finding]) -> list[str]:
    """Boxes that the script brings to life; without it everything is shown."""
    boxes = []
    for names in ([level.value for level in Level], [state.value for state in State]):
        for name in names:
            number = sum(name in {finding.level.value, finding.state.value} for finding in findings)
            boxes.append(f'<label><input type="checkbox" value="{name}" checked> {name} ({number:,})</label>')
    return ["<fieldset hidden><legend>Show</legend>", *boxes, "</fieldset>"]


def _article(report: Report, finding: Finding) -> list[str]:
    region = finding.location.region
    place = f"line {region.line}, column {region.column}" if region else "the place in the file is not known"
    state = "" if finding.state is State.NEW else f"{finding.state.value} "
    message = xml(shorten(finding.message, _MAX_TEXT))
    lines = [
        f'<article class="{finding.level.value} {finding.state.value}">',
        f"<p><b>{state}{finding.level.value}</b> <code>{xml(finding.rule)}</code> {message}</p>",
    ]
    about = [place]
    if finding.object:
        about.append(str(finding.object))
    if finding.path:
        about.append(f"field {shorten(format_path(finding.path), 500)}")
    if finding.target:
        about.append(f"target {finding.target}")
    lines.append(f'<p class="dim">{xml(", ".join(about))}</p>')
    lines += _source(report, finding)
    for related in finding.related:
        where = related.location.file
        if related.location.region:
            where += f":{related.location.region.line}:{related.location.region.column}"
        lines.append(f"<p>See <code>{xml(where)}</code>: {xml(shorten(related.message, _MAX_TEXT))}</p>")
    if finding.waiver:
        waiver = finding.waiver
        sentence = f"Waived until {waiver.expires} by {waiver.owner}: {waiver.reason}"
        lines.append(f"<p>{xml(shorten(sentence, _MAX_TEXT))}</p>")
    if finding.help:
        text = "<br>".join(xml(line) for line in safe_lines(shorten(finding.help, _MAX_TEXT)))
        lines.append(f"<p>Help: {text}</p>")
    return [*lines, "</article>"]


def _source(report: Report, finding: Finding) -> list[str]:
    region = finding.location.region
    if region is None:
        return []
    shown = excerpt(report.sources.get(finding.location.file, {}), region, _WIDTH)
    gutter = max((len(str(line.number)) for line in shown if line.number is not None), default=0)
    lines = []
    for line in shown:
        number = "" if line.number is None else str(line.number)
        before, marked, after = marked_parts(line)
        # Fonts draw wide characters as they like, so the text itself is marked, not the line below it.
        text = f"{xml(before)}<mark>{xml(marked) or '^'}</mark>{xml(after)}" if line.marker else xml(line.text)
        lines.append(f'<span class="dim">{number.rjust(gutter)} |</span> {text}')
    return ["<pre>" + "\n".join(lines) + "</pre>"] if lines else []


def _effect(effect: Effect | None) -> list[str]:
    """What the change does to each object, the riskiest first; what is grave stands open."""
    if effect is None:
        return []
    lines = ["<h2>What this change does</h2>", f"<p>{effect_total(effect)}</p>"]
    changes = shared_changes(effect)
    for shared in changes[:MAX_CHANGES]:
        one = shared.first
        whose = f" for <code>{xml(shared.title)}</code>" if shared.title else ""
        place = f"<code>{xml(object_place(shared))}</code>"
        head = f"<b>{one.change}</b> <code>{xml(shared.name)}</code>{whose} at {place}"
        why = [f"<li><b>{risk.kind}</b>: {xml(shorten(risk.reason, _MAX_TEXT))}</li>" for risk in shared.risks]
        risks = f"<ul>{''.join(why)}</ul>" if why else ""
        body = "\n".join(xml(line) for line in field_lines(shared, _MAX_DIFF))
        opened = " open" if one.is_grave else ""
        folded = f"<details{opened}><summary>{head}</summary>{risks}<pre>{body}</pre></details>"
        lines.append(folded if body else f"<p>{head}</p>{risks}")
    if len(changes) > MAX_CHANGES:
        rest = change_counts(changes[MAX_CHANGES:])
        lines.append(f"<p>More not shown, the least risky ones: {counts_text(rest)}.</p>")
    return [*lines, *_not_looked_at("Not known", effect.unknown)]


def _dry_run(report: Report) -> list[str]:
    """Who answered, and each object that does not stay as it is, the riskiest first."""
    lines: list[str] = []
    room = MAX_OUTCOMES
    for server, outcomes in by_server(report.dry_run or DryRun()):
        lines.append(f"<h2>{xml(server_name(server))}</h2>")
        lines.append(f"<p>{result_counts(outcomes)}</p>")
        lines += [f'<p class="dim">{xml(shorten(note, _MAX_TEXT))}</p>' for note in server.notes]
        told = [outcome for outcome in outcomes if outcome.result is not DryRunResult.UNCHANGED]
        for outcome in told[:room]:
            head = f"<b>{outcome.result}</b> <code>{xml(str(outcome.object))}</code> <code>{xml(place(outcome))}</code>"
            if outcome.reason:
                head += f": {xml(shorten(outcome.reason, _MAX_TEXT))}"
            body = "\n".join(xml(line) for line in diff_lines(outcome.differences, _MAX_DIFF))
            folded = f"<details><summary>{head}</summary><pre>{body}</pre></details>"
            lines.append(folded if body else f"<p>{head}</p>")
        if len(told) > room:
            lines.append(f"<p>{plural(len(told) - room, 'object')} more not shown, the least important ones.</p>")
        room = max(room - len(told), 0)
    return lines


def _not_looked_at(title: str, unchecked: Sequence[Unchecked]) -> list[str]:
    if not unchecked:
        return []
    lines = [f"<h2>{title}: {len(unchecked):,}</h2>", "<ul>"]
    for reason, names in grouped_unchecked(unchecked).items():
        few = " ".join(f"<code>{xml(name)}</code>" for name in names[:_MAX_NAMES])
        more = f" and {len(names) - _MAX_NAMES:,} more" if len(names) > _MAX_NAMES else ""
        lines.append(f"<li>{len(names):,}: {xml(visible(reason))}: {few}{more}</li>")
    return [*lines, "</ul>"]
