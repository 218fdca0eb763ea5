"""Examples of a policy in a file of their own: more than a docstring should hold.

The tests of ``team_label.py`` stand in ``test_team_label.md`` beside it, in Markdown: below each heading ``Fails`` or
``Passes``, with a title in parentheses where there are several, one fenced block of YAML in the form of the
docstring's examples. Markdown, so that no manifest tool, and no agent, takes the broken objects for real ones.
"""

from __future__ import annotations

import re
from pathlib import Path

from gategit.checks.policy.documentation import Example, parse_example

_HEADING = re.compile(r"#{1,6}\s+(Fails|Passes)(?:\s+\((.+)\)|:\s*(.+))?:?\s*\Z")
_OPEN = re.compile(r"(`{3,})(?:ya?ml)?\s*\Z")


class ExampleFileError(Exception):
    """A test file that cannot be read; ``line`` is 1-based."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


def examples_file(policy_file: Path) -> Path:
    """The file with a policy's tests, which need not be there."""
    return policy_file.with_name(f"test_{policy_file.stem}.md")


def parse_examples(text: str) -> tuple[Example, ...]:
    """Read the examples of a test file.

    Raises:
        ExampleFileError: a heading without a block, a block without a heading, or a block that does not end.
    """
    examples: list[Example] = []
    heading: tuple[bool, str, int] | None = None
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        found = _HEADING.match(line)
        if found is not None:
            _refuse_empty(heading)
            heading = found.group(1) == "Passes", (found.group(2) or found.group(3) or "").strip(), number
            continue
        fence = _OPEN.match(line)
        if fence is None:
            continue
        start = number
        while number < len(lines) and lines[number].rstrip() != fence.group(1):
            number += 1
        if number == len(lines):
            raise ExampleFileError("the block that starts here does not end", start)
        if heading is None:
            raise ExampleFileError("this block stands below no heading Fails or Passes", start)
        passes, title, _ = heading
        examples.append(parse_example("\n".join(lines[start:number]), title, passes=passes, line=start + 1))
        heading = None
        number += 1
    _refuse_empty(heading)
    if not examples:
        raise ExampleFileError("this file holds no example: a heading ## Fails or ## Passes, then a block of YAML", 1)
    return tuple(examples)


def _refuse_empty(heading: tuple[bool, str, int] | None) -> None:
    if heading is not None:
        raise ExampleFileError("below this heading stands no block of YAML (```yaml … ```)", heading[2])
