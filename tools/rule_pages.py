"""Write the pages below docs/rules/ from the rules themselves: one page for each rule, and an index by stage.

What a page says is what ``gategit explain`` and the SARIF help say. Pages of rules that are gone are removed. With
``--check`` nothing is written; the exit code is 1 where a page is not what it should be.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from gategit.checks.policy.builtin import PACKS
from gategit.checks.policy.load import PolicyInfo, builtin_policies
from gategit.model import Rule, Stage
from gategit.rules import all_rules

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "rules"
GENERATED = "<!-- Written by `make docs` from the rule itself; change the rule, not this page. -->"


def page(rule: Rule, policy: PolicyInfo | None) -> str:
    """A rule's page."""
    facts = [f"level: **{rule.level}**", f"stage: **{rule.stage}**"]
    if policy is not None:
        facts.append(f"packs: {', '.join(f'`{pack}`' for pack in policy.packs)}")
    if rule.security_severity is not None:
        facts.append(f"security severity: **{rule.security_severity}**")
    if not rule.waivable:
        facts.append("cannot be waived")
    if rule.undecided:
        facts.append("means that something could not be looked at, so the verdict is undecided")
    parts = [f"# {rule.id}", GENERATED, rule.summary, " · ".join(facts), "## Why", rule.rationale.strip()]
    parts += ["## How to fix it", rule.help.strip()]
    if rule.example_fail:
        parts += ["## What breaks it", f"```yaml\n{rule.example_fail.rstrip()}\n```"]
    if rule.example_pass:
        parts += ["## What passes", f"```yaml\n{rule.example_pass.rstrip()}\n```"]
    if rule.references:
        parts += ["## References", "\n".join(f"- <{url}>" for url in rule.references)]
    return "\n\n".join(parts) + "\n"


def index(rules: tuple[Rule, ...], policies: Mapping[str, PolicyInfo]) -> str:
    """The index: a table for each stage, and for each family of policies."""
    parts = [
        "# Rules",
        GENERATED,
        f"gategit has {len(rules)} rules, {len(policies)} of them policies. `gategit explain RULE` shows one.",
    ]
    for stage in Stage:
        own = [rule for rule in rules if rule.stage is stage and rule.id not in policies]
        if own:
            parts += [f"## {stage}", _table(own)]
    parts += ["## Packs", "\n".join(f"- `{pack}`: {what}" for pack, what in PACKS.items())]
    for family in dict.fromkeys(policy.source.family for policy in policies.values()):
        own = [rule for rule in rules if rule.id in policies and policies[rule.id].source.family == family]
        parts += [f"## Policies: {family.replace('-', ' ')}", _policy_table(own, policies)]
    return "\n\n".join(parts) + "\n"


def _table(rules: Sequence[Rule]) -> str:
    rows = [f"| [{rule.id}]({rule.id}.md) | {rule.level} | {rule.summary} |" for rule in rules]
    return "\n".join(["| rule | level | what it asks |", "|---|---|---|", *rows])


def _policy_table(rules: Sequence[Rule], policies: Mapping[str, PolicyInfo]) -> str:
    rows = [
        f"| [{rule.id}]({rule.id}.md) | {rule.level} | {', '.join(policies[rule.id].packs)} | {rule.summary} |"
        for rule in rules
    ]
    return "\n".join(["| rule | level | packs | what it asks |", "|---|---|---|---|", *rows])


def pages() -> dict[str, str]:
    """Every page by its file name."""
    rules = all_rules()
    policies = {policy.id: policy for policy in builtin_policies()}
    return {"README.md": index(rules, policies)} | {
        f"{rule.id}.md": page(rule, policies.get(rule.id)) for rule in rules
    }


def main(arguments: list[str]) -> int:
    """Write the pages, or check them."""
    wanted = pages()
    there = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    if arguments == ["--check"]:
        differing = sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))
        for name in differing:
            print(f"docs/rules/{name} is not what `make docs` writes", file=sys.stderr)
        return 1 if differing else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in wanted.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    for name in there.keys() - wanted.keys():
        (FOLDER / name).unlink()
    print(f"wrote {len(wanted)} pages to docs/rules")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
