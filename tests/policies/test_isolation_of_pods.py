"""Network policies and disruption budgets that are asked for: which count, and for which direction."""

from __future__ import annotations

from typing import Any

import pytest

from tests.policies.conftest import Judge, thing


def network_policy(**spec: Any) -> dict[str, Any]:
    """A NetworkPolicy for every pod, with this specification besides."""
    return thing("NetworkPolicy", "networking.k8s.io/v1", spec={"podSelector": {}, **spec})


RULES = [{"ports": [{"port": 80}]}]


@pytest.mark.parametrize(
    ("spec", "ignored"),
    [
        ({"ingress": RULES, "egress": RULES}, []),
        ({"policyTypes": ["Ingress", "Egress"], "ingress": RULES, "egress": RULES}, []),
        ({"policyTypes": ["Ingress"], "ingress": RULES, "egress": RULES}, ["egress"]),
        ({"policyTypes": ["Egress"], "ingress": RULES, "egress": RULES}, ["ingress"]),
        ({"policyTypes": ["Egress"], "ingress": []}, []),
        ({"policyTypes": [], "ingress": RULES, "egress": RULES}, []),
        ({"policyTypes": "Ingress", "egress": RULES}, []),
        ({"policyTypes": [{}], "egress": "x"}, ["egress"]),
    ],
)
def test_rules_count_in_the_directions_of_their_policy(judge: Judge, spec: dict[str, Any], ignored: list[str]) -> None:
    """Where the types say nothing, the directions follow from the rules."""
    assert [field for field, _ in judge("network-policy-types", network_policy(**spec))] == [
        f"spec.{direction}" for direction in ignored
    ]


@pytest.mark.parametrize(
    ("policies", "missing_in", "missing_out"),
    [
        ([], True, True),
        ([{}], False, True),
        ([{"egress": RULES}], False, False),
        ([{"policyTypes": ["Ingress"]}], False, True),
        ([{"policyTypes": ["Egress"]}], True, False),
        ([{"policyTypes": ["Egress"]}, {"policyTypes": ["Ingress"]}], False, False),
        ([{"podSelector": {"matchLabels": {"app": "other"}}}], True, True),
        ([{"policyTypes": 7, "egress": None}], False, True),
    ],
)
def test_a_policy_isolates_in_its_directions(
    judge: Judge, policies: list[dict[str, Any]], *, missing_in: bool, missing_out: bool
) -> None:
    """What goes out is asked for only where that is wanted."""
    inventory = [network_policy(**spec) for spec in policies]
    comes_in = ["no NetworkPolicy for what comes in chooses the pods of Pod x"] * missing_in
    goes_out = ["no NetworkPolicy for what goes out chooses the pods of Pod x"] * missing_out

    found = judge("network-policy-missing", thing("Pod", spec={}), inventory=inventory)
    assert [message for _, message in found] == comes_in
    found = judge("network-policy-missing", thing("Pod", spec={}), inventory=inventory, egress=True)
    assert [message for _, message in found] == comes_in + goes_out


@pytest.mark.parametrize(
    ("replicas", "least", "message"),
    [
        (None, 2, None),
        (1, 2, None),
        (2, 2, "Deployment x has 2 replicas, and no PodDisruptionBudget keeps any of them"),
        (2, 3, None),
        (None, 1, "Deployment x has 1 replica, and no PodDisruptionBudget keeps any of them"),
        (0, 0, None),
        ("${REPLICAS}", 1, None),
    ],
)
def test_a_budget_is_asked_for_from_some_replicas_on(
    judge: Judge, replicas: Any, least: int, message: str | None
) -> None:
    """Two, unless the parameter says otherwise."""
    found = judge("pod-disruption-budget", thing("Deployment", "apps/v1", spec={"replicas": replicas}), least=least)

    assert found == ([] if message is None else [("spec.replicas", message)])
