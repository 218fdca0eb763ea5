"""What every format shows of a dry run: who answered, how many objects came to what, and each field that changes."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from difflib import unified_diff

from gategit.model import DryRun, DryRunDifference, DryRunOutcome, DryRunResult, DryRunServer, Json
from gategit.report.escaping import line_start, shorten, visible

BY_RISK: tuple[DryRunResult, ...] = (
    DryRunResult.REJECTED,
    DryRunResult.REMOVED,
    DryRunResult.CONFLICT,
    DryRunResult.CONFIGURED,
    DryRunResult.CREATED,
    DryRunResult.UNKNOWN,
    DryRunResult.DEFERRED,
    DryRunResult.UNCHANGED,
)
"""The results in the order in which a reviewer should read them."""

UNANSWERED = frozenset({DryRunResult.UNKNOWN, DryRunResult.DEFERRED})
"""Results that say no more than why there is none."""

_MODES = {"cluster": "in the cluster", "sandbox": "in a sandbox", "snapshot": "against a snapshot"}
_WIDTH = 300  # characters of a line
_LONG = 120  # characters of a text that is shown from where it differs
_BEFORE = 30  # characters before that
_TEXT_LINES = 2_000  # longer texts are not compared line by line, which takes quadratic time at worst
_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./@$-]*(:[A-Za-z0-9_./@$-]+)*\Z", re.ASCII)
_NO_PLAIN_TEXT = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def by_server(dry_run: DryRun) -> Iterator[tuple[DryRunServer, list[DryRunOutcome]]]:
    """Each server that was asked with the outcomes of its target: the riskiest first, then in the files' order."""
    for server in dry_run.servers:
        of_target = [outcome for outcome in dry_run.outcomes if outcome.target == server.target]
        yield server, sorted(of_target, key=lambda outcome: BY_RISK.index(outcome.result))


def server_name(server: DryRunServer) -> str:
    """Who was asked, as in ``dry run of prod in the cluster, Kubernetes v1.36.3``."""
    target = f" of {server.target}" if server.target is not None else ""
    version = f"Kubernetes {server.version}" if server.version else "which did not answer"
    return f"dry run{target} {_MODES.get(server.mode, server.mode)}, {version}"


def result_counts(outcomes: Iterable[DryRunOutcome]) -> str:
    """Write ``2 rejected, 3 configured``; ``no objects`` where there is nothing to count."""
    counts = Counter(outcome.result for outcome in outcomes)
    return ", ".join(f"{counts[result]:,} {result}" for result in BY_RISK if counts[result]) or "no objects"


def by_reason(outcomes: Iterable[DryRunOutcome]) -> dict[tuple[DryRunResult, str], list[str]]:
    """The names of the objects of which nothing is known by what is said of them, in the given order.

    What is deferred stands among what was not checked, in every report.
    """
    groups: dict[tuple[DryRunResult, str], list[str]] = {}
    for outcome in outcomes:
        if outcome.result is DryRunResult.UNKNOWN:
            groups.setdefault((outcome.result, outcome.reason or "no reason given"), []).append(str(outcome.object))
    return groups


def place(outcome: DryRunOutcome) -> str:
    """``file:line``, or the file alone."""
    region = outcome.location.region
    return outcome.location.file if region is None else f"{outcome.location.file}:{region.line}"


def diff_lines(differences: Iterable[DryRunDifference], limit: int) -> list[str]:
    """The fields that change as lines of a diff, each beginning with ``- ``, ``+ `` or two spaces.

    The lines are safe to print. What is more than ``limit`` lines is counted.
    """
    lines = [line for difference in differences for line in _lines_of(difference)]
    if len(lines) > limit:
        lines = [*lines[:limit], f"  … {len(lines) - limit:,} more lines"]
    return lines


def _lines_of(difference: DryRunDifference) -> list[str]:
    path, old, new = difference.path or "(the whole object)", difference.old, difference.new
    if difference.change == "added":
        return _block("+", path, new)
    if difference.change == "removed":
        return _block("-", path, old)
    if difference.change == "reordered":
        return [*_block("-", f"{path} (order)", old), *_block("+", f"{path} (order)", new)]
    if isinstance(old, str) and isinstance(new, str) and "\n" in old + new:
        return [_line(" ", f"{path}:"), *_text_diff(old, new)]
    if isinstance(old, str) and isinstance(new, str):
        old, new = _from_the_difference(old, new)
    return [*_block("-", path, old), *_block("+", path, new)]


def _line(sign: str, text: str) -> str:
    safe = visible(shorten(text, _WIDTH))
    content = safe.lstrip(" ")
    return f"{sign} {safe[: len(safe) - len(content)]}{line_start(content)}".rstrip(" ")


def _from_the_difference(old: str, new: str) -> tuple[str, str]:
    """Two long texts without most of what both begin with: cut at their ends they could look alike."""
    if max(len(old), len(new)) <= _LONG:
        return old, new
    pairs = enumerate(zip(old, new, strict=False))
    same = next((at for at, (one, other) in pairs if one != other), min(len(old), len(new))) - _BEFORE
    return (f"…{old[same:]}", f"…{new[same:]}") if same > 0 else (old, new)


def _text_diff(old: str, new: str) -> list[str]:
    if old.endswith("\n") and new.endswith("\n"):
        old, new = old[:-1], new[:-1]
    one, two = old.split("\n"), new.split("\n")
    if max(len(one), len(two)) > _TEXT_LINES:
        return [_line(" ", f"  (a text of {len(one):,} lines became one of {len(two):,} lines)")]
    found = list(unified_diff(one, two, n=1, lineterm=""))[2:]
    return [_line(" ", f"  {line}") if line.startswith("@@") else _line(line[0], f"  {line[1:]}") for line in found]


def _block(sign: str, name: str, value: Json) -> list[str]:
    """A field and its value in the manner of YAML, a field to a line."""
    return [_line(sign, text) for text in _yaml(f"{name}:", value, "")]


def _yaml(head: str, value: Json, indent: str) -> Iterator[str]:
    inner = f"{indent}  "
    if isinstance(value, dict) and value:
        yield f"{indent}{head}"
        for key, part in value.items():
            yield from _yaml(f"{_scalar(key)}:", part, inner)
    elif isinstance(value, list) and value:
        yield f"{indent}{head}"
        for part in value:
            yield from _item(part, inner)
    elif isinstance(value, str) and "\n" in value.strip("\n"):
        yield f"{indent}{head} |"
        yield from (f"{inner}{line}" for line in value.rstrip("\n").split("\n"))
    else:
        yield f"{indent}{head} {_scalar(value)}"


def _item(value: Json, indent: str) -> Iterator[str]:
    """An item of a list: its first field stands on the line of the dash."""
    if not isinstance(value, (dict, list)) or not value:
        yield from _yaml("-", value, indent)
        return
    inner = f"{indent}  "
    lines = (
        (line for key, part in value.items() for line in _yaml(f"{_scalar(key)}:", part, inner))
        if isinstance(value, dict)
        else (line for part in value for line in _item(part, inner))
    )
    for number, line in enumerate(lines):
        yield f"{indent}- {line[len(inner) :]}" if number == 0 else line


def _scalar(value: Json) -> str:
    if isinstance(value, str):
        hashed = value.startswith("(secret, ") and value.endswith(")")
        if hashed or (_PLAIN.match(value) and value.casefold() not in _NO_PLAIN_TEXT):
            return value
    return json.dumps(value, ensure_ascii=False)
