"""The rules' own examples do what they say."""

from __future__ import annotations

import re
from typing import Any

import pytest

from gategit.checks.references.rules import RULES
from gategit.model import Rule

BESIDE = {
    "web/deployment.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: web}\n",
    "web/service.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: web}\n",
    "overlays/prod/kustomization.yaml": "resources: [../../base]\n",
    "base/kustomization.yaml": "resources: []\n",
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_each_example_breaks_its_rule_and_its_mended_form_does_not(judge: Any, rule: Rule) -> None:
    """The failing example has one finding, of this rule; the passing one has none."""
    told = re.match(r"# (\S+\.yaml)\n", rule.example_fail)
    name = "web/kustomization.yaml" if "kustomize.config" in rule.example_fail else "web/objects.yaml"
    name = told[1] if told else name
    assert [finding.rule for finding in judge({**BESIDE, name: rule.example_fail}).findings] == [rule.id]
    assert judge({**BESIDE, name: rule.example_pass}).lines == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_each_rule_explains_itself(rule: Rule) -> None:
    """A summary that fits a line, a reason, a way to mend it, and where to read on."""
    assert len(rule.summary) <= 120
    assert rule.rationale
    assert rule.help
    assert rule.references
