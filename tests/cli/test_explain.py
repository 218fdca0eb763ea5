"""``gategit explain`` has a page for every rule, and the nearest rule for a wrong name."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from gategit.cli.explain import rule_page
from gategit.cli.main import app
from gategit.model import Level, Rule, Stage
from gategit.rules import all_rules


def test_page() -> None:
    """A page has everything that a rule has, each under its heading."""
    rule = Rule(
        id="a-rule",
        level=Level.WARNING,
        stage=Stage.SYNTAX,
        summary="A thing is so.",
        rationale="Because it matters.",
        help="Make it so.",
        security_severity=7.5,
        waivable=False,
        undecided=True,
        example_fail="a: 1\n",
        example_pass="a: 2\n",  # noqa: S106  an example that passes, not a password
        references=("https://example.com/a",),
    )
    assert (
        rule_page(rule)
        == """\
# a-rule

A thing is so.

level warning; stage syntax; security severity 7.5 of 10; no waiver hides it; a finding leaves the verdict undecided

## Why

Because it matters.

## How to fix

Make it so.

## Breaks the rule

```yaml
a: 1
```

## Keeps it

```yaml
a: 2
```

## References

- https://example.com/a
"""
    )


def test_every_rule() -> None:
    """Every rule has a page with its summary and help."""
    for rule in all_rules():
        result = CliRunner().invoke(app, ["explain", rule.id])
        assert result.exit_code == 0, rule.id
        assert result.stdout.startswith(f"# {rule.id}\n\n{rule.summary}\n")
        assert "\n## How to fix\n" in result.stdout


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("duplicate-ky", "explain: there is no rule duplicate-ky; did you mean duplicate-key?"),
        ("zzzzzz", "explain: there is no rule zzzzzz"),
    ],
)
def test_unknown_rule(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, message: str) -> None:
    """A wrong name is answered with the nearest right one, and exit code 2."""
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["explain", name])
    assert result.exit_code == 2
    assert result.stderr == (
        f"gategit: {message}\n  help: the report names each finding's rule; gategit explain RULE says what it asks\n"
    )
