"""Nothing is forgotten: every rule has its page, and generated pages are what the rules say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from gategit.rules import all_rules

ROOT = Path(__file__).resolve().parent.parent


def test_rule_pages_are_up_to_date() -> None:
    """`make docs` would change nothing."""
    command = [sys.executable, str(ROOT / "tools" / "rule_pages.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_every_rule_is_explained() -> None:
    """A rule says what it asks in one sentence, why, and how to fix it."""
    for rule in all_rules():
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.id), rule.id
        assert 0 < len(rule.summary) <= 120, rule.id
        assert "\n" not in rule.summary, rule.id
        assert rule.rationale.strip(), rule.id
        assert rule.help.strip(), rule.id


def test_the_contract_s_rules_exist() -> None:
    """Scripts rely on these ids."""
    contract = {
        *("yaml-syntax", "duplicate-key", "surprising-scalar", "missing-api-version", "unknown-field", "missing-field"),
        *("wrong-type", "invalid-value", "schema-missing", "removed-api", "deprecated-api", "duplicate-object"),
        *("dangling-reference", "gate-changed", "policy-crashed"),
    }
    assert contract - {rule.id for rule in all_rules()} == set()


def test_every_make_target_is_listed() -> None:
    """`make help` names the targets that a person calls."""
    done = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607
    for target in ("demo", "test", "lint", "bench", "docs", "clean"):
        assert re.search(rf"^  {target} +\S", done.stdout, re.MULTILINE), target


def test_links_between_pages_lead_somewhere() -> None:
    """Every relative link in README.md and docs names a file that is there."""
    broken = []
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "examples" / "README.md"]:
        text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)
        inside = [link for link in links if "://" not in link]
        broken += [f"{page.relative_to(ROOT)}: {link}" for link in inside if not (page.parent / link).exists()]
    assert broken == []
