"""The rules of the policy stage: one for each policy, made from its docstring, and one for a policy that crashed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from gategit.checks.policy.documentation import parse
from gategit.checks.policy.load import PolicyInfo, PolicySet, builtin_policies
from gategit.model import Level, Rule, Stage

POLICY_CRASHED = Rule(
    id="policy-crashed",
    level=Level.ERROR,
    stage=Stage.POLICY,
    summary="Every policy must come to an end on every object.",
    rationale="A policy that crashed, took too long, used too much memory or answered nonsense has not judged the "
    "object. A gate that could not look does not open, so the verdict is undecided; what the other policies said "
    "stands, and so does what this one said of other objects.",
    help="Mend the policy: the message and the last calls say where it broke. `gategit policy test FILE` runs its "
    "examples; add the object that broke it as one. Until it is mended, `policies.levels` in `.gategit.yaml` can "
    "switch the policy off.",
    waivable=False,
    undecided=True,
)

RULES = (POLICY_CRASHED,)


def policy_rule(policy: PolicyInfo) -> Rule:
    """The rule that a policy's findings stand under; its words are those of the docstring."""
    page = parse(policy.doc)
    parameters = f"\n\nParameters:\n\n{parameter_list(policy, page.parameters)}" if policy.parameters else ""
    return Rule(
        id=policy.id,
        level=policy.level,
        stage=Stage.POLICY,
        summary=page.summary,
        rationale=f"{page.asks}\n\n{page.why}{parameters}",
        help=page.fix,
        security_severity=policy.security_severity,
        example_fail=page.fails[0].text if page.fails else "",
        example_pass=page.passes[0].text if page.passes else "",
        references=page.references,
        sensitive=policy.sensitive,
    )


def parameter_list(policy: PolicyInfo, described: Mapping[str, str]) -> str:
    """A Markdown list of what the config can set of a policy, with types and defaults.

    Args:
        policy: the policy.
        described: what each parameter is for (``Documentation.parameters``).
    """
    names = {"bool": "true or false", "int": "a whole number", "float": "a number", "str": "a text"}
    lines: list[str] = []
    for parameter in policy.parameters:
        default = json.dumps(parameter.default, ensure_ascii=False)
        kind = names.get(parameter.type, "a list of texts")
        lines.append(f"- `{parameter.name}` ({kind}, default `{default}`): {described.get(parameter.name, '')}")
    return "\n".join(lines)


def policy_rules(policies: PolicySet | Iterable[PolicyInfo]) -> tuple[Rule, ...]:
    """The rules of policies, in their order."""
    each = policies.policies if isinstance(policies, PolicySet) else policies
    return tuple(policy_rule(policy) for policy in each)


def built_in_rules() -> tuple[Rule, ...]:
    """The rules of the policies that gategit ships.

    Raises:
        UndecidedError: the installation is incomplete.
    """
    return policy_rules(builtin_policies())
