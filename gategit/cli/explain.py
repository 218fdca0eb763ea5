"""``gategit explain RULE``: what a rule asks, why, and how to fix what breaks it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gategit.cli.lazy import StringCommand
from gategit.cli.output import write_stdout
from gategit.cli.rule_ids import check_rule_ids, complete_rule

if TYPE_CHECKING:
    from gategit.model import Rule

app = typer.Typer(rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False)


@app.command(
    cls=StringCommand,
    short_help="Explain a rule: what it asks, why, and how to fix.",
    epilog="Example: gategit explain dangling-reference",
)
def explain(
    rule: Annotated[
        str,
        typer.Argument(metavar="RULE", help="The id that a finding shows.", autocompletion=complete_rule),
    ],
) -> None:
    """Explain a rule: what it asks, why, how to fix what breaks it, with examples where it has some."""
    from gategit.rules import by_id  # noqa: PLC0415  only once the arguments are right

    try:
        found = by_id(rule)
    except KeyError:
        check_rule_ids("explain", [rule], None)
        from gategit.cli.policy import explain_policy  # noqa: PLC0415  only the repository's own policies need it

        explain_policy(rule)
    else:
        write_stdout(rule_page(found))


def rule_page(rule: Rule) -> str:
    """A rule's page in plain Markdown."""
    facts = [f"level {rule.level}", f"stage {rule.stage}"]
    if rule.security_severity is not None:
        facts.append(f"security severity {rule.security_severity:g} of 10")
    if not rule.waivable:
        facts.append("no waiver hides it")
    if rule.undecided:
        facts.append("a finding leaves the verdict undecided")
    parts = [f"# {rule.id}", rule.summary, "; ".join(facts), "## Why", rule.rationale, "## How to fix", rule.help]
    for title, example in (("Breaks the rule", rule.example_fail), ("Keeps it", rule.example_pass)):
        if example:
            parts += [f"## {title}", f"```yaml\n{example.strip(chr(10))}\n```"]
    if rule.references:
        parts += ["## References", "\n".join(f"- {url}" for url in rule.references)]
    return "\n\n".join(part.strip("\n") for part in parts if part.strip()) + "\n"
