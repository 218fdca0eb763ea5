"""What is wrong with a broken text, in plain words."""

from __future__ import annotations

from gategit.manifests.decode import Problem
from gategit.manifests.nodes import Fault
from gategit.manifests.text import Lines


def explain(fault: Fault, lines: Lines, start: int, end: int) -> Problem:
    """Say what a YAML fault means to the person who wrote the text between two indices."""
    del start, end
    rule = "yaml-limit" if fault.limit else "yaml-syntax"
    return Problem(rule, fault.problem, "", lines.rest_of_line(fault.index), fault.problem)


def explain_json(reason: str, position: int, lines: Lines) -> Problem:
    """Say what is wrong with a JSON text."""
    return Problem("yaml-syntax", f"not valid JSON: {reason}", "", lines.rest_of_line(position), reason)
